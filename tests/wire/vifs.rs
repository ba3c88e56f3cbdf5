//! Any VIF, as it is asked for, reported and counted.

use crate::round_trip::{interface, vif_id, vif_name, words};
use proptest::{collection::vec, option, prelude::*, sample::select};
use shared::{
    net::VlanId,
    vif::{
        Egress, Gate, Gateway, History, Isolation, KillSwitch, KillSwitchMode, KillSwitchState, Point, Protocol,
        PublishedPort, Span, Traffic, VifReport, VifSpec, VifStatus,
    },
};

prop_compose! {
    pub(crate) fn spec()(
        (id, name, egress) in (vif_id(), vif_name(), interface()),
        kill_switch in mode(),
        resolver in option::of(any::<[u8; 4]>()),
        ports in vec(port(), 0..3),
    ) -> VifSpec {
        let resolver = resolver.map(Into::into);
        VifSpec { id, name, egress: Egress::Interface(egress), kill_switch, resolver, ports }
    }
}

fn mode() -> impl Strategy<Value = KillSwitchMode> {
    prop_oneof![Just(KillSwitchMode::Block), vif_id().prop_map(KillSwitchMode::Fallback), Just(KillSwitchMode::Off),]
}

prop_compose! {
    fn port()(
        protocol in select(vec![Protocol::Tcp, Protocol::Udp]),
        (port, to_port) in any::<(u16, u16)>(),
        from in interface(),
    ) -> PublishedPort {
        PublishedPort { protocol, port, to_port, from }
    }
}

prop_compose! {
    fn gateway()(
        (latency_us, handshake_s) in any::<(Option<u32>, Option<u32>)>(),
        lost in any::<u32>(),
        checked_at in option::of(any::<i64>()),
    ) -> Gateway {
        Gateway { latency_us, lost, handshake_s, checked_at }
    }
}

prop_compose! {
    fn point()(
        (at, over_ms) in any::<(i64, u32)>(),
        (rx_bytes, tx_bytes, rx_packets, tx_packets, drops) in any::<(u64, u64, u64, u64, u64)>(),
    ) -> Point {
        Point { at, over_ms, rx_bytes, tx_bytes, rx_packets, tx_packets, drops }
    }
}

prop_compose! {
    pub(crate) fn history()(
        vif in vif_id(),
        span in select(Span::ALL.to_vec()),
        (step_s, until) in any::<(u32, i64)>(),
        points in vec(point(), 0..4),
    ) -> History {
        History { vif, span, step_s, until, points }
    }
}

prop_compose! {
    fn kill_switch()(
        state in select(vec![
            KillSwitchState::Armed, KillSwitchState::Suspect, KillSwitchState::Engaged, KillSwitchState::Recovering,
            KillSwitchState::Off,
        ]),
        gate in select(vec![Gate::Open, Gate::Closed]),
        (active, since) in (any::<bool>(), any::<i64>()),
        reason in words(),
        mode in mode(),
        (held, reaction_ms) in any::<(bool, Option<u32>)>(),
        way in option::of(interface()),
    ) -> KillSwitch {
        KillSwitch { mode, state, active, gate, since, reason, held, way, reaction_ms }
    }
}

prop_compose! {
    fn counters()(
        (rx_bytes, tx_bytes, rx_packets, tx_packets) in any::<(u64, u64, u64, u64)>(),
        (rx_drops, tx_drops, rx_errors, tx_errors) in any::<(u64, u64, u64, u64)>(),
    ) -> Traffic {
        Traffic { rx_bytes, tx_bytes, rx_packets, tx_packets, rx_drops, tx_drops, rx_errors, tx_errors }
    }
}

prop_compose! {
    fn isolation()(
        (verified_at, ok) in any::<(i64, bool)>(),
        findings in vec(words(), 0..3),
        (took_ms, traced, tripped) in any::<(u32, u32, u64)>(),
    ) -> Isolation {
        Isolation { verified_at, ok, findings, took_ms, traced, tripped }
    }
}

prop_compose! {
    pub(crate) fn vif()(
        (spec, created_at) in (spec(), any::<i64>()),
        vlan_id in (1..=4094_u16).prop_map(|id| VlanId::new(id).expect("a VLAN")),
        (bridge, interface) in (interface(), interface()),
        (gateway_ip, service_ip) in any::<([u8; 4], [u8; 4])>(),
        status in select(vec![VifStatus::Active, VifStatus::Inactive, VifStatus::Failed]),
        (kill_switch, gateway) in (kill_switch(), gateway()),
        traffic in counters(),
        isolation in option::of(isolation()),
    ) -> VifReport {
        let (gateway_ip, service_ip) = (gateway_ip.into(), service_ip.into());
        VifReport {
            spec, created_at, vlan_id, bridge, interface, gateway_ip, service_ip, status, kill_switch, gateway, traffic,
            isolation,
        }
    }
}
