//! One message of every kind, with every variant of every enum in one of them: what they are sealed to is frozen.

use crate::drifts;
use ed25519_dalek::SigningKey;
use shared::{
    change_set::{
        Attribute, Confirm, Evidence, Item, Keep, MenuWords, Operation, Outcome, Phase, Plan, Position, Refusal,
        Report, Resource, Ring, RowChange, RowOperation, Verb,
    },
    drift::Policy,
    ids::{ChangeSetId, RouterId, SenderId, VifId},
    net::{InterfaceName, VlanId},
    notice::{Notice, Severity},
    router::{ApiState, Device, Interface, Rate, RouterState, TrafficSample},
    vif::{
        Egress, Gate, Gateway, History, Isolation, KillSwitch, KillSwitchMode, KillSwitchState, Point, Protocol,
        PublishedPort, Span, Traffic, VifName, VifReport, VifSpec, VifStatus,
    },
    wire::{Body, ChangeOrder, Event, MenuRead, MenuRows, Message, Reading, Reply, Request},
};

/// When all samples were issued.
pub(crate) const AT: i64 = 1_790_000_000_000;

/// Who signs all samples.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Every sample with its name, which is also its golden file's.
pub(crate) fn all() -> Vec<(&'static str, Message)> {
    let controller = |body| message("controller", 0, Some(AT + 10_000), None, body);
    let reply = |reply| message("agent-r1", u64::MAX, Some(AT + 60_000), Some(7), Body::Reply(reply));
    let event = |event| message("agent-r1", u64::MAX, None, None, Body::Event(event));
    vec![
        ("request-plan", controller(Body::Request(Request::Plan(order())))),
        ("request-apply", controller(Body::Request(Request::Apply(order(), Some([0xab; 32]))))),
        ("request-apply-unplanned", controller(Body::Request(Request::Apply(order_kept_by(Keep::Agent), None)))),
        ("request-plan-kept-by-a-person", controller(Body::Request(Request::Plan(order_kept_by(Keep::Person))))),
        ("request-show", controller(Body::Request(Request::Show(change_set())))),
        ("request-keep", controller(Body::Request(Request::Keep(change_set(), true)))),
        ("request-roll", controller(Body::Request(Request::Roll(change_set())))),
        ("request-extend", controller(Body::Request(Request::Extend(change_set(), 600)))),
        ("request-read", controller(Body::Request(Request::Read(vec![menu_read()])))),
        ("request-watch", controller(Body::Request(Request::Watch(300)))),
        ("request-refresh", controller(Body::Request(Request::Refresh))),
        ("request-apply-reconciled", controller(Body::Request(Request::Apply(order_reconciled(), None)))),
        ("request-reconcile", controller(Body::Request(Request::Reconcile(drifts::sample_id())))),
        ("request-accept", controller(Body::Request(Request::Accept(drifts::sample_id())))),
        ("request-plan-vif-update", controller(Body::Request(Request::Plan(order_of_vifs())))),
        ("request-engage", controller(Body::Request(Request::Engage(vif_id("tor-1"))))),
        ("request-release", controller(Body::Request(Request::Release(vif_id("tor-1"))))),
        ("request-verify", controller(Body::Request(Request::Verify(vif_id("tor-1"))))),
        ("request-history", controller(Body::Request(Request::History(vif_id("tor-1"), Span::Quarter)))),
        ("reply-history", reply(Reply::History(history()))),
        ("event-drift", event(Event::Drift(drifts::sample(AT)))),
        ("reply-plan", reply(Reply::Plan(plan()))),
        ("reply-report", reply(Reply::Report(report(Phase::Applying, None)))),
        ("reply-done", reply(Reply::Done)),
        ("reply-refused", reply(Reply::Refused(refusal()))),
        ("reply-reading", reply(Reply::Reading(reading()))),
        ("reply-unsupported", reply(Reply::Unsupported("request/service/install".to_owned()))),
        ("event-change-set-verifying", event(Event::ChangeSet(report(Phase::Verifying, None)))),
        ("event-change-set-rolling-back", event(Event::ChangeSet(report(Phase::RollingBack, None)))),
        ("event-change-set-confirmed", event(Event::ChangeSet(report(Phase::Ended, Some(Outcome::Confirmed))))),
        ("event-change-set-reverted", event(Event::ChangeSet(report(Phase::Ended, Some(Outcome::Reverted))))),
        (
            "event-change-set-partly-reverted",
            event(Event::ChangeSet(report(Phase::Ended, Some(Outcome::PartlyReverted)))),
        ),
        ("event-change-set-unknown", event(Event::ChangeSet(report(Phase::Ended, Some(Outcome::Unknown))))),
        ("event-notice-info", event(Event::Notice(notice(Severity::Info)))),
        ("event-notice-warning", event(Event::Notice(notice(Severity::Warning)))),
        ("event-notice-critical", event(Event::Notice(notice(Severity::Critical)))),
        ("traffic", message("agent-r1", 1, Some(AT + 10_000), None, Body::Traffic(traffic()))),
        ("state", message("agent-r1", 1, None, None, Body::State(state()))),
        ("state-unreachable", message("agent-r1", 1, None, None, Body::State(unreachable()))),
        ("unknown", controller(Body::Unknown("request/service/install".to_owned()))),
    ]
}

fn message(sender: &str, epoch: u64, expires_at: Option<i64>, in_reply_to: Option<u64>, body: Body) -> Message {
    Message {
        sender: SenderId::new(sender).expect("an id"),
        router: RouterId::new("r1").expect("an id"),
        epoch,
        sequence: 1_790_000_000_000_000,
        issued_at: AT,
        expires_at,
        in_reply_to,
        body,
    }
}

fn change_set() -> ChangeSetId {
    ChangeSetId::new("cs-1").expect("an id")
}

fn vif_id(id: &str) -> VifId {
    VifId::new(id).expect("an id")
}

fn interface(name: &str) -> InterfaceName {
    InterfaceName::new(name).expect("a name")
}

fn spec(id: &str, name: &str) -> VifSpec {
    VifSpec {
        id: vif_id(id),
        name: VifName::new(name).expect("a name"),
        egress: Egress::Interface(interface("wg-vpn")),
        kill_switch: KillSwitchMode::Block,
        resolver: None,
        ports: Vec::new(),
    }
}

/// With all that may be asked for.
fn spec_of_all(kill_switch: KillSwitchMode) -> VifSpec {
    let port = |protocol| PublishedPort { protocol, port: 8443, to_port: 443, from: interface("LAN") };
    VifSpec {
        kill_switch,
        resolver: Some([10, 64, 0, 1].into()),
        ports: vec![port(Protocol::Tcp), port(Protocol::Udp)],
        ..spec("tor-1", "tor")
    }
}

/// Both modes beside the usual one.
fn order_of_vifs() -> ChangeOrder {
    let modes = [KillSwitchMode::Fallback(vif_id("dns-1")), KillSwitchMode::Off];
    let items = (1..).zip(modes).map(|(n, mode)| Item {
        id: n.to_string(),
        name: String::new(),
        depends_on: Vec::new(),
        resource: Resource::VifUpdate(spec_of_all(mode)),
    });
    ChangeOrder { items: items.collect(), menus: Vec::new(), ..order_kept_by(Keep::Agent) }
}

fn history() -> History {
    let point = |n: i64| Point {
        at: AT - n * 60_000,
        over_ms: 60_000,
        rx_bytes: 1_500_000,
        tx_bytes: 20_000,
        rx_packets: 1_000,
        tx_packets: 300,
        drops: 2,
    };
    History { vif: vif_id("tor-1"), span: Span::Day, step_s: 60, until: AT, points: vec![point(3), point(1)] }
}

fn order() -> ChangeOrder {
    let row = |operation, position| {
        Resource::Row(RowChange {
            menu: "/ip/firewall/filter".to_owned(),
            operation,
            key: attributes(&[("comment", "bulkhead:row/house/no-guests")]),
            attributes: attributes(&[("chain", "forward"), ("action", "drop")]),
            unset: vec!["src-address".to_owned()],
            position,
            drift: Policy::Report,
        })
    };
    let resources = [
        Resource::VifCreate(spec("tor-1", "tor")),
        Resource::VifRemove(vif_id("dns-1")),
        row(RowOperation::Create, Some(Position::First)),
        row(RowOperation::Create, Some(Position::Last)),
        row(RowOperation::Update, Some(Position::Before(attributes(&[("chain", "input")])))),
        row(RowOperation::Update, Some(Position::After(attributes(&[("comment", "größer")])))),
        row(RowOperation::Delete, None),
    ];
    let items = (1..).zip(resources).map(|(n, resource)| Item {
        id: n.to_string(),
        name: "no guests".to_owned(),
        depends_on: if n == 1 { Vec::new() } else { vec!["1".to_owned()] },
        resource,
    });
    let confirm = Confirm { deadline_s: 120, keep: Keep::Controller };
    ChangeOrder { id: change_set(), items: items.collect(), menus: vec![menu_words()], confirm }
}

/// The same change for the other two who may keep it.
fn order_kept_by(keep: Keep) -> ChangeOrder {
    ChangeOrder { items: Vec::new(), menus: Vec::new(), confirm: Confirm { deadline_s: 3600, keep }, id: change_set() }
}

/// A change of a row that the agent puts back when somebody else alters it.
fn order_reconciled() -> ChangeOrder {
    let mut order = order();
    order.items.drain(..2);
    for item in &mut order.items {
        if let Resource::Row(change) = &mut item.resource {
            change.drift = Policy::Reconcile;
        }
    }
    order
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<Attribute> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn menu_words() -> MenuWords {
    MenuWords {
        path: "/ip/firewall/filter".to_owned(),
        writable: vec!["action".to_owned(), "chain".to_owned()],
        ordered: true,
        single: false,
        unset: true,
    }
}

fn menu_read() -> MenuRead {
    MenuRead { path: "/ip/route".to_owned(), properties: vec!["dst-address".to_owned()], from: 2000 }
}

fn reading() -> Reading {
    let rows = vec![attributes(&[(".id", "*1"), ("dst-address", "0.0.0.0/0")]), Vec::new()];
    let piece = |next| MenuRows { path: "/ip/route".to_owned(), rows: rows.clone(), next, hash: [0x11; 32] };
    Reading { menus: vec![piece(Some(4000)), piece(None)], at: AT }
}

fn plan() -> Plan {
    let operation = |verb, menu: &str, written: &[(&str, &str)]| Operation {
        verb,
        menu: menu.to_owned(),
        attributes: attributes(written),
        before: attributes(&[("distance", "1")]),
        item: "1".to_owned(),
    };
    Plan {
        read_hash: [0x5a; 32],
        operations: vec![
            operation(Verb::Add, "/interface/vlan", &[("name", "bh-v100"), ("vlan-id", "100")]),
            operation(Verb::Set, "/ip/route", &[("comment", "bulkhead:vif/tor-1/route – größer")]),
            operation(Verb::Remove, "/ip/firewall/raw", &[]),
            operation(Verb::Move, "/ip/firewall/mangle", &[("destination", "*1")]),
        ],
        warnings: vec![refusal()],
        rings: vec![Ring::Journal, Ring::SafeMode, Ring::Script],
    }
}

fn refusal() -> Refusal {
    Refusal::new("name_taken", "the name `tor` is taken", "Choose another.")
}

fn report(phase: Phase, outcome: Option<Outcome>) -> Report {
    let failed = outcome.is_some_and(|outcome| outcome != Outcome::Confirmed);
    Report {
        id: change_set(),
        phase,
        revision: 3,
        done: 5,
        total: 12,
        current: "add /ip/route".to_owned(),
        outcome,
        error: failed.then(refusal),
        differs: if outcome == Some(Outcome::PartlyReverted) { vec!["/ip/route".to_owned()] } else { Vec::new() },
        evidence: vec![Evidence::SignIn, Evidence::Link, Evidence::Controller, Evidence::Person],
        deadline: (phase == Phase::Verifying).then_some(AT + 120_000),
        undone_by: (outcome == Some(Outcome::Reverted)).then_some(Ring::Script),
        at: AT,
    }
}

fn notice(severity: Severity) -> Notice {
    let about = severity != Severity::Info;
    Notice {
        id: 42,
        at: AT,
        severity,
        code: "kill_switch_engaged".to_owned(),
        message: "The way out of tor is closed.".to_owned(),
        vif: about.then(|| vif_id("tor-1")),
        change_set: about.then(change_set),
    }
}

fn traffic() -> TrafficSample {
    TrafficSample {
        at: AT,
        over_ms: 1000,
        interfaces: vec![(interface("ether1"), Rate { rx_bps: 1_000_000_000, tx_bps: 0 })],
        vifs: vec![(vif_id("tor-1"), Rate { rx_bps: 127, tx_bps: 128 })],
    }
}

fn vif(id: &str, name: &str, vlan: u16, status: VifStatus, state: KillSwitchState, gate: Gate) -> VifReport {
    VifReport {
        spec: spec(id, name),
        created_at: AT - 60_000,
        vlan_id: VlanId::new(vlan).expect("a VLAN"),
        bridge: interface("bulkhead"),
        interface: interface(&format!("bh-v{vlan}")),
        gateway_ip: [172, 16, 64, 1].into(),
        service_ip: [172, 16, 64, 2].into(),
        status,
        kill_switch: KillSwitch {
            mode: KillSwitchMode::Block,
            state,
            active: gate == Gate::Closed,
            gate,
            since: AT - 30_000,
            reason: "the tunnel is down".to_owned(),
            held: state == KillSwitchState::Engaged,
            way: (gate == Gate::Open).then(|| interface("wg-vpn")),
            reaction_ms: (state == KillSwitchState::Engaged).then_some(41),
        },
        gateway: if status == VifStatus::Active {
            Gateway { latency_us: Some(12_300), lost: 0, handshake_s: Some(57), checked_at: Some(AT - 5_000) }
        } else {
            Gateway { lost: 2, ..Gateway::default() }
        },
        traffic: Traffic {
            rx_bytes: 1,
            tx_bytes: 2,
            rx_packets: 3,
            tx_packets: 4,
            rx_drops: 5,
            tx_drops: u64::MAX,
            rx_errors: 7,
            tx_errors: 8,
        },
        isolation: (status != VifStatus::Failed).then(|| Isolation {
            verified_at: AT,
            ok: status == VifStatus::Active,
            findings: vec!["a rule is missing".to_owned()],
            took_ms: 38,
            traced: 270,
            tripped: 1,
        }),
    }
}

fn state() -> RouterState {
    use {Gate as G, KillSwitchState as K, VifStatus as V};
    RouterState {
        agent_version: "0.1.0".to_owned(),
        api: ApiState::Connected,
        device: Some(Device {
            identity: "home".to_owned(),
            routeros_version: "7.24".to_owned(),
            board: "RB5009UG+S+".to_owned(),
            architecture: "arm64".to_owned(),
            uptime_s: 86_400,
            cpu_percent: 7,
            memory_free: 900_000_000,
            memory_total: 1_073_741_824,
        }),
        interfaces: vec![
            Interface { name: interface("ether1"), kind: "ether".to_owned(), running: true, disabled: false },
            Interface { name: interface("wg-vpn"), kind: "wg".to_owned(), running: false, disabled: true },
        ],
        vifs: vec![
            vif("a-1", "a", 100, V::Active, K::Armed, G::Open),
            vif("b-1", "b", 101, V::Inactive, K::Suspect, G::Open),
            vif("c-1", "c", 102, V::Failed, K::Engaged, G::Closed),
            vif("d-1", "d", 103, V::Active, K::Recovering, G::Closed),
            vif("e-1", "e", 4094, V::Active, K::Off, G::Open),
        ],
        refused: vec![("forged".to_owned(), 1), ("stale".to_owned(), 300)],
        at: AT,
    }
}

fn unreachable() -> RouterState {
    let api = ApiState::Unreachable("192.168.88.1:8729 did not answer".to_owned());
    RouterState { api, device: None, interfaces: Vec::new(), vifs: Vec::new(), ..state() }
}
