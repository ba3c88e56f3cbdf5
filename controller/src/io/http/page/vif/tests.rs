use super::*;
use crate::{
    io::http::{
        gate::Caller,
        page::{
            Look,
            router::tests::{router, vif},
        },
    },
    view::{InterfaceRate, KillSwitchModeView, PortView, VifRate, iso},
};
use axum::http::HeaderMap;
use shared::vif::{Gate, KillSwitchState, Protocol};

fn shown(vif: VifView, done: Option<words::Message>) -> String {
    let rate = |id: &str| VifRate { id: id.into(), rx_bps: 8_000_000, tx_bps: 2_000 };
    let sample = TrafficView {
        router: "r1".into(),
        at: iso(0),
        over_ms: 1000,
        interfaces: vec![InterfaceRate { name: "</script>".into(), rx_bps: 1, tx_bps: 1 }],
        vifs: vec![rate("other-1"), rate("v1")],
    };
    let event = EventView {
        id: 1,
        at: iso(0),
        router: "r1".into(),
        severity: shared::notice::Severity::Warning,
        code: "kill_switch_engaged".into(),
        message: "wg-vpn went down".into(),
        vif: Some("v1".into()),
        change_set: None,
    };
    let interface = InterfaceView { name: "wg-vpn".into(), kind: "wg".into(), running: true, disabled: false };
    let other = VifView { id: "dns-1".into(), name: "dns".into(), ..vif.clone() };
    let seen =
        Seen { interfaces: vec![interface], all: vec![other, vif.clone()], samples: vec![sample], events: vec![event] };
    let frame = Frame::of(Some(&Caller::nobody()), Look::of(&HeaderMap::new()), "/routers/r1/vifs/v1");
    page(frame, router(), vif, seen, done).render().unwrap()
}

fn armed() -> VifView {
    vif(KillSwitchState::Armed, Gate::Open)
}

#[test]
fn a_vif_that_is_good_says_how_it_knows() {
    let mut vif = armed();
    vif.gateway.latency_ms = Some(12.34);
    vif.gateway.handshake_s = Some(57);
    vif.kill_switch.reaction_ms = Some(41);
    (vif.isolation.traced, vif.isolation.tripped) = (Some(270), Some(0));
    vif.ports = vec![PortView { protocol: Protocol::Tcp, port: 8443, to_port: 443, from: "LAN".into() }];
    let page = shown(vif, None);
    for words in
        ["12.3 ms", "57 s ago", "41 ms the last time", "270 through", "nothing leaked", "Engage now", "tcp 8443"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("danger-text") && !page.contains("value=\"release\""));
    assert!(page.contains("kill_switch_engaged") && page.contains("<strong data-down>8.0 Mbit/s</strong>"));
}

#[test]
fn the_plot_of_a_vif_holds_no_other_one() {
    let page = shown(armed(), None);
    assert!(page.contains("\"id\":\"v1\"") && !page.contains("other-1") && !page.contains("</script>\""));
}

#[test]
fn a_kill_switch_that_is_off_is_red_wherever_it_stands() {
    let mut vif = vif(KillSwitchState::Off, Gate::Open);
    vif.kill_switch.mode = KillSwitchModeView::Off;
    let page = shown(vif, None);
    assert!(page.contains("class=\"guard bad\"") && page.contains("class=\"pill bad\""));
    assert!(page.contains("class=\"danger-text\">Off: not protected") && page.contains("in the clear"));
}

#[test]
fn a_gate_that_a_person_closed_offers_to_be_released() {
    let mut vif = vif(KillSwitchState::Engaged, Gate::Closed);
    vif.kill_switch.held = true;
    let page = shown(vif, None);
    assert!(page.contains("Engaged by hand") && page.contains("value=\"release\""));
    assert!(page.contains("until somebody releases it") && !page.contains("value=\"engage\""));
    assert!(page.contains("nothing: the gate is closed"));
}

#[test]
fn a_fallback_is_told_with_the_way_that_packets_take() {
    let mut vif = vif(KillSwitchState::Engaged, Gate::Open);
    vif.kill_switch.mode = KillSwitchModeView::Fallback;
    vif.kill_switch.fallback = Some("dns-1".into());
    vif.kill_switch.way = Some("wg-two".into());
    let page = shown(vif, None);
    assert!(page.contains("packets take the fallback by wg-two") && page.contains("/vifs/dns-1\">dns</a>"));
}

#[test]
fn what_leaked_and_what_was_found_cannot_be_overlooked() {
    let mut vif = armed();
    vif.isolation.ok = false;
    vif.isolation.tripped = Some(3);
    vif.isolation.findings = vec!["<b>a rule</b> stands above ours".into()];
    let page = shown(vif, None);
    assert!(page.contains("class=\"danger-text\">something leaked: 3 packets"));
    assert!(page.contains("a rule") && !page.contains("<b>a rule"));
}

#[test]
fn what_became_of_a_button_is_said() {
    for (word, said) in [("engage", "was engaged."), ("release", "was released."), ("verify", "was verified.")] {
        assert!(shown(armed(), done(word)).contains(said));
    }
    assert!(done("<script>").is_none());
}
