use super::*;
use crate::{
    io::http::{
        gate::Caller,
        page::{Look, words},
    },
    view::{
        ApiView, EgressView, GatewayView, InterfaceRate, IsolationView, KillSwitchModeView, KillSwitchView, Presence,
        TotalsView, VifRate, iso,
    },
};
use axum::http::HeaderMap;
use shared::vif::{Gate, KillSwitchState, VifStatus};

pub(in crate::io::http::page) fn router() -> RouterView {
    RouterView {
        id: "r1".into(),
        name: "Attic".into(),
        state: Presence::Online,
        routeros_version: Some("7.24".into()),
        board: Some("RB5009UG+S+".into()),
        architecture: Some("arm64".into()),
        identity: Some("MikroTik".into()),
        agent_version: Some("0.1.0".into()),
        last_seen: Some(iso(0)),
        api: ApiView { connected: true, error: None },
        uptime_s: Some(90_000),
        cpu_percent: Some(3),
        memory_free: Some(800_000_000),
        memory_total: Some(1_000_000_000),
    }
}

pub(in crate::io::http::page) fn vif(state: KillSwitchState, gate: Gate) -> VifView {
    VifView {
        id: "v1".into(),
        service_id: None,
        name: "tor".into(),
        created_at: iso(0),
        vlan_id: 100,
        bridge: "bulkhead".into(),
        interface: "bh-v100".into(),
        gateway_ip: "172.16.64.1".into(),
        service_ip: "172.16.64.2".into(),
        egress: EgressView { interface: "wg-vpn".into() },
        status: VifStatus::Inactive,
        kill_switch: KillSwitchView {
            mode: KillSwitchModeView::Block,
            fallback: None,
            state,
            active: gate == Gate::Closed,
            gate,
            since: iso(0),
            reason: "wg-vpn went down".into(),
            held: false,
            way: None,
            reaction_ms: None,
        },
        gateway: GatewayView::default(),
        resolver: None,
        ports: Vec::new(),
        traffic: TotalsView {
            rx_bytes: 5_000_000,
            tx_bytes: 900,
            rx_packets: 1,
            tx_packets: 1,
            rx_drops: 0,
            tx_drops: 0,
            rx_errors: 0,
            tx_errors: 0,
        },
        quota: None,
        isolation: IsolationView { verified_at: Some(iso(0)), ok: true, ..IsolationView::default() },
    }
}

fn sample() -> TrafficView {
    TrafficView {
        router: "r1".into(),
        at: iso(0),
        over_ms: 1000,
        interfaces: vec![InterfaceRate { name: "</script>".into(), rx_bps: 8_000_000, tx_bps: 2_000 }],
        vifs: vec![VifRate { id: "v1".into(), rx_bps: 10, tx_bps: 20 }],
    }
}

fn shown(router: RouterView, running: bool, vif: VifView) -> String {
    let interface = InterfaceView { name: "wg-vpn".into(), kind: "wg".into(), running, disabled: false };
    let caller = Caller::nobody();
    let frame = Frame::of(Some(&caller), Look::of(&HeaderMap::new()), "/routers/r1");
    page(frame, router, &[interface], vec![vif], Vec::new(), vec![sample()]).render().unwrap()
}

#[test]
fn an_open_way_out_is_told_in_words() {
    let page = shown(router(), true, vif(KillSwitchState::Armed, Gate::Open));
    let words = "tor: kill switch armed, gate open, leaves by wg-vpn (running), internet way open";
    assert!(page.contains(&format!("aria-label=\"{words}\"")));
    assert!(page.contains("Kill switch: Armed") && page.contains("<dt>Gate</dt><dd>Open</dd>"));
    assert!(page.contains("5.0 MB") && page.contains("172.16.64.2"));
}

#[test]
fn a_closed_gate_says_since_when_and_why() {
    let page = shown(router(), false, vif(KillSwitchState::Engaged, Gate::Closed));
    assert!(page.contains("Kill switch: Engaged") && page.contains("<dt>Gate</dt><dd>Closed</dd>"));
    assert!(page.contains("wg-vpn went down") && page.contains("leaves by wg-vpn (down), internet cut off"));
    assert!(page.contains("1970-01-01 00:00:00 UTC"));
}

#[test]
fn the_last_rates_stand_in_a_table_and_the_samples_cannot_leave_their_element() {
    let page = shown(router(), true, vif(KillSwitchState::Armed, Gate::Open));
    assert!(page.contains("VIF tor") && page.contains("8.0 Mbit/s"));
    assert!(!page.contains("\"</script>\"") && page.contains("\\u003c/script>"));
}

#[test]
fn a_router_that_cannot_be_believed_says_so() {
    let mut offline = router();
    offline.state = Presence::Offline;
    assert!(words::trouble(&offline).is_some_and(|message| message.title == "The agent is offline."));
    let mut cut = router();
    cut.api = ApiView { connected: false, error: Some("No answer from 172.17.0.1:8729.".into()) };
    let page = shown(cut, true, vif(KillSwitchState::Engaged, Gate::Closed));
    assert!(page.contains("The agent cannot reach the router.") && page.contains("No answer from 172.17.0.1:8729."));
}
