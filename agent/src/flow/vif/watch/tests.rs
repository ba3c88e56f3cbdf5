use super::*;
use kill_switch::HOLD;
use shared::{
    net::VlanId,
    vif::{Egress as Out, Isolation, KillSwitchState, VifName, VifSpec},
};

const MS: Duration = Duration::from_millis(10);

fn id(name: &str) -> VifId {
    VifId::new(name).expect("an id")
}

fn vif(name: &str, egress: &str, vlan: u16, kill_switch: KillSwitchMode) -> Vif {
    let spec = VifSpec {
        id: id(name),
        name: VifName::new(name).expect("a name"),
        egress: Out::Interface(InterfaceName::new(egress).expect("a name")),
        kill_switch,
        resolver: None,
        ports: Vec::new(),
    };
    let subnet = format!("172.16.64.{}/30", (vlan - 100) * 4).parse().expect("a subnet");
    Vif { spec, vlan_id: VlanId::new(vlan).expect("a VLAN"), subnet, created_at: 0 }
}

fn watch(vifs: &[Vif]) -> Watch {
    let mut watch = Watch::new(true);
    watch.keep(vifs, &BTreeMap::new(), 0);
    watch
}

fn up(watch: &mut Watch, name: &str, came_back: Option<Duration>) {
    let tunnel = watch.tunnel(name).expect("a tunnel");
    tunnel.link(Link::Up);
    tunnel.probed(came_back, 0);
}

fn ways(watch: &Watch) -> Vec<Option<Way>> {
    watch.wishes().iter().map(|wish| wish.way).collect()
}

fn codes(moved: &[Moved]) -> Vec<(&str, &str)> {
    moved.iter().map(|moved| (moved.name.as_str(), moved.told.code)).collect()
}

#[test]
fn one_tunnel_closes_every_vif_on_it_and_no_other() {
    let vifs = [
        vif("a", "wg1", 100, KillSwitchMode::Block),
        vif("b", "wg1", 101, KillSwitchMode::Block),
        vif("c", "wg2", 102, KillSwitchMode::Block),
    ];
    let mut watch = watch(&vifs);
    up(&mut watch, "wg1", Some(MS));
    up(&mut watch, "wg2", Some(MS));
    watch.look(MS, 1);
    assert_eq!(ways(&watch), [Some(Way::Own); 3]);
    watch.links(&[Row::new([("name", "wg1"), ("running", "false")]), Row::new([("name", "wg2"), ("running", "true")])]);
    let moved = watch.look(MS, 2);
    assert_eq!(codes(&moved), [("a", "kill_switch_engaged"), ("b", "kill_switch_engaged")]);
    assert!(moved.iter().all(|moved| moved.closed));
    assert_eq!(ways(&watch), [Some(Way::Closed), Some(Way::Closed), Some(Way::Own)]);
    assert_eq!(watch.look(MS, 3), [], "what was told is not told again");
}

#[test]
fn leases_of_an_earlier_run_are_left_until_the_first_probe_has_ended_and_closed_when_it_is_lost() {
    let mut watch = watch(&[vif("a", "wg1", 100, KillSwitchMode::Block)]);
    watch.links(&[Row::new([("name", "wg1"), ("running", "true")])]);
    assert_eq!(watch.look(MS, 1), []);
    assert!(!watch.is_known());
    assert_eq!(ways(&watch), [None]);
    watch.decide();
    assert_eq!(ways(&watch), [Some(Way::Closed)], "nobody waits for ever");
    up(&mut watch, "wg1", None);
    assert_eq!(codes(&watch.look(MS, 2)), [("a", "kill_switch_engaged")], "the first probe has no grace");
    assert_eq!(ways(&watch), [Some(Way::Closed)]);
}

#[test]
fn a_fallback_takes_the_other_way_while_it_is_good_and_goes_home_after_the_hold() {
    let mut watch =
        watch(&[vif("a", "wg1", 100, KillSwitchMode::Fallback(id("b"))), vif("b", "wg2", 101, KillSwitchMode::Block)]);
    assert!(watch.has_two_ways());
    up(&mut watch, "wg1", Some(MS));
    up(&mut watch, "wg2", Some(MS));
    watch.look(MS, 1);
    watch.tunnel("wg1").expect("a tunnel").link(Link::Down);
    let moved = watch.look(MS, 2);
    assert_eq!(codes(&moved), [("a", "kill_switch_fallback")]);
    assert!(moved[0].closed, "it is closed while the way is turned");
    assert_eq!(ways(&watch), [Some(Way::Other), Some(Way::Own)]);

    watch.tunnel("wg2").expect("a tunnel").link(Link::Down);
    assert_eq!(codes(&watch.look(MS, 3)), [("a", "kill_switch_engaged"), ("b", "kill_switch_engaged")]);
    assert_eq!(ways(&watch), [Some(Way::Closed); 2]);

    up(&mut watch, "wg2", Some(MS));
    watch.look(MS, 4);
    assert_eq!(ways(&watch), [Some(Way::Closed); 2], "the other has its own hold");
    watch.look(MS + HOLD, 5);
    assert_eq!(ways(&watch), [Some(Way::Other), Some(Way::Own)]);

    up(&mut watch, "wg1", Some(MS));
    watch.look(MS + HOLD, 6);
    assert_eq!(ways(&watch), [Some(Way::Other), Some(Way::Own)], "it stays there while its own recovers");
    assert_eq!(watch.hold_ends(), Some(MS + HOLD + HOLD));
    watch.look(MS + HOLD + HOLD, 7);
    assert_eq!(ways(&watch), [Some(Way::Own); 2]);
}

#[test]
fn a_person_holds_one_vif_over_restarts_and_nobody_falls_back_to_it() {
    let vifs = [vif("a", "wg1", 100, KillSwitchMode::Fallback(id("b"))), vif("b", "wg2", 101, KillSwitchMode::Block)];
    let mut watch = watch(&vifs);
    up(&mut watch, "wg2", Some(MS));
    watch.links(&[Row::new([("name", "wg2"), ("running", "true")])]);
    watch.look(MS, 1);
    assert_eq!(ways(&watch), [Some(Way::Other), Some(Way::Own)]);
    let moved = watch.person(&id("b"), Event::Engage, MS, 2).expect("a VIF");
    assert_eq!(codes(&moved), [("a", "kill_switch_engaged"), ("b", "kill_switch_held")]);
    assert_eq!(ways(&watch), [Some(Way::Closed); 2]);
    watch.look(MS, 3);
    assert_eq!(ways(&watch), [Some(Way::Closed); 2], "good news do not open what a person closed");
    assert_eq!(watch.person(&id("zz"), Event::Engage, MS, 4), None);

    let mut again = Watch::new(true);
    again.keep(&vifs, &BTreeMap::from([(id("b"), 2)]), 9);
    up(&mut again, "wg2", Some(MS));
    again.look(MS, 9);
    let report = &again.reports(&Gates::default())[1].1;
    assert_eq!((report.state, report.held, report.since), (KillSwitchState::Engaged, true, 2));
    assert_eq!(report.reason, "a person engaged it");

    assert_eq!(codes(&again.person(&id("b"), Event::Release, MS, 10).expect("a VIF")), [("b", "kill_switch_released")]);
    assert_eq!(codes(&again.look(MS, 11)), [("b", "kill_switch_recovering")]);
}

#[test]
fn what_is_being_changed_is_closed_whatever_is_seen() {
    let mut watch = watch(&[vif("a", "wg1", 100, KillSwitchMode::Off)]);
    assert_eq!(ways(&watch), [Some(Way::Own)], "off is open");
    assert!(watch.change(&id("a"), true) && !watch.change(&id("zz"), true));
    watch.look(MS, 1);
    assert_eq!(ways(&watch), [Some(Way::Closed)]);
    watch.changed();
    assert_eq!(ways(&watch), [Some(Way::Own)]);
}

#[test]
fn what_is_switched_off_is_told_and_what_was_off_from_the_start_is_not() {
    let armed = vif("a", "wg1", 100, KillSwitchMode::Block);
    let off = vif("a", "wg1", 100, KillSwitchMode::Off);
    let mut watch = Watch::new(true);
    let none = BTreeMap::new();
    assert_eq!(watch.keep(&[armed], &none, 0), []);
    assert!(watch.has_unknown());
    assert_eq!(codes(&watch.keep(std::slice::from_ref(&off), &none, 1)), [("a", "kill_switch_off")]);
    assert_eq!(watch.keep(std::slice::from_ref(&off), &none, 2), []);
    assert_eq!(Watch::new(true).keep(&[off], &none, 0), []);
}

#[test]
fn a_tunnel_is_settled_when_nobody_on_it_waits() {
    let mut watch = watch(&[vif("a", "wg1", 100, KillSwitchMode::Block), vif("b", "wg1", 101, KillSwitchMode::Off)]);
    let settled = |watch: &Watch| watch.tunnels().map(|(_, _, settled)| settled).collect::<Vec<_>>();
    assert_eq!(settled(&watch), [false]);
    up(&mut watch, "wg1", Some(MS));
    watch.look(MS, 1);
    assert_eq!(settled(&watch), [true]);
    assert!(watch.differs(&BTreeSet::new()) && !watch.differs(&BTreeSet::from(["wg1".to_owned()])));
    watch.lost();
    watch.look(MS, 2);
    assert_eq!(settled(&watch), [false]);
}

#[test]
fn a_vif_is_named_once_when_it_is_whole_again_and_only_then() {
    let mut watch = watch(&[vif("a", "wg1", 100, KillSwitchMode::Block), vif("b", "wg1", 101, KillSwitchMode::Block)]);
    let mut verified = |broken: &[&str]| {
        let verdict = |name: &str| {
            let status = if broken.contains(&name) { VifStatus::Failed } else { VifStatus::Inactive };
            let isolation =
                Isolation { verified_at: 0, ok: true, findings: Vec::new(), took_ms: 0, traced: 0, tripped: 0 };
            (id(name), Verdict { isolation, status, shut: None })
        };
        let mended = watch.verified(&["a", "b", "gone"].map(verdict).into());
        mended.into_iter().map(|vif| vif.spec.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(verified(&[]), [""; 0], "whole from the first look on");
    assert_eq!(verified(&["a", "gone"]), [""; 0]);
    assert_eq!(verified(&["a", "b"]), [""; 0]);
    assert_eq!(verified(&["b"]), ["a"]);
    assert_eq!(verified(&[]), ["b"]);
    assert_eq!(verified(&[]), [""; 0]);
}
