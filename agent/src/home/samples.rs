//! What the tests of the documents are made from.

use shared::{
    change_set::{Phase, Report},
    ids::{ChangeSetId, VifId},
    net::{InterfaceName, VlanId},
    router::{ApiState, Device, RouterState},
    vif::{
        Egress, Gate, Gateway, Isolation, KillSwitch, KillSwitchMode, KillSwitchState, Traffic, VifName, VifReport,
        VifSpec, VifStatus,
    },
};

const AT: i64 = 1_790_000_000_000;

fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).expect("a name")
}

pub(super) fn vif() -> VifReport {
    VifReport {
        spec: VifSpec {
            id: VifId::new("tor-1").expect("an id"),
            name: VifName::new("tor").expect("a name"),
            egress: Egress::Interface(interface("wg-vpn")),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: Vec::new(),
        },
        created_at: AT - 60_000,
        vlan_id: VlanId::new(100).expect("a VLAN"),
        bridge: interface("bulkhead"),
        interface: interface("bh-v100"),
        gateway_ip: [172, 16, 64, 1].into(),
        service_ip: [172, 16, 64, 2].into(),
        status: VifStatus::Active,
        kill_switch: KillSwitch {
            mode: KillSwitchMode::Block,
            state: KillSwitchState::Armed,
            active: false,
            gate: Gate::Open,
            since: AT - 30_000,
            reason: "the egress is good".to_owned(),
            held: false,
            way: Some(interface("wg-vpn")),
            reaction_ms: Some(12),
        },
        gateway: Gateway { latency_us: Some(9_100), lost: 0, handshake_s: Some(40), checked_at: Some(AT) },
        traffic: Traffic {
            rx_bytes: 10,
            tx_bytes: 20,
            rx_packets: 1,
            tx_packets: 2,
            rx_drops: 0,
            tx_drops: 3,
            ..Traffic::default()
        },
        isolation: Some(Isolation {
            verified_at: AT,
            ok: false,
            findings: vec!["a rule is missing".to_owned()],
            took_ms: 40,
            traced: 90,
            tripped: 0,
        }),
    }
}

pub(super) fn state() -> RouterState {
    RouterState {
        agent_version: "0.1.0".to_owned(),
        api: ApiState::Connected,
        device: Some(Device {
            identity: "home".to_owned(),
            routeros_version: "7.24".to_owned(),
            board: "RB5009UG+S+".to_owned(),
            architecture: "arm64".to_owned(),
            uptime_s: 3600,
            cpu_percent: 7,
            memory_free: 750,
            memory_total: 1000,
        }),
        interfaces: Vec::new(),
        vifs: vec![vif()],
        refused: vec![("forged".to_owned(), 2), ("stale".to_owned(), 1)],
        at: AT,
    }
}

pub(super) fn report() -> Report {
    Report {
        id: ChangeSetId::new("cs-1").expect("an id"),
        phase: Phase::Applying,
        revision: 2,
        done: 3,
        total: 12,
        current: "add /ip/route".to_owned(),
        outcome: None,
        error: None,
        differs: Vec::new(),
        evidence: Vec::new(),
        deadline: None,
        undone_by: None,
        at: AT,
    }
}
