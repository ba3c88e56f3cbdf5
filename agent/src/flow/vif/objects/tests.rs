//! The tables, filled in for VIFs of every kind.

use super::*;
use crate::flow::object::Menu;
use shared::{
    ids::VifId,
    net::{InterfaceName, VlanId},
    vif::{Egress, KillSwitchMode, Protocol, PublishedPort, VifName, VifSpec},
};
use std::collections::BTreeSet;

fn vif(n: u16, kill_switch: KillSwitchMode, with_all: bool) -> Vif {
    let port = |protocol, port| PublishedPort {
        protocol,
        port,
        to_port: 443,
        from: InterfaceName::new("my LAN").expect("a name"),
    };
    let ports = vec![port(Protocol::Tcp, 8443), port(Protocol::Udp, 8443), port(Protocol::Tcp, 8444)];
    Vif {
        spec: VifSpec {
            id: VifId::new(format!("tor-{n}")).expect("an id"),
            name: VifName::new(format!("tor{n}")).expect("a name"),
            egress: Egress::Interface(InterfaceName::new(format!("PPPoE {{vlan}} {n}")).expect("a name")),
            kill_switch,
            resolver: with_all.then(|| [10, 64, 0, 1].into()),
            ports: if with_all { ports } else { Vec::new() },
        },
        vlan_id: VlanId::new(100 + n).expect("a VLAN id"),
        subnet: "172.16.64.0/30".parse().expect("a subnet"),
        created_at: 0,
    }
}

/// One of each kind, and what one of them falls back to.
fn all() -> Vec<Vif> {
    let fallback = KillSwitchMode::Fallback(VifId::new("tor-1").expect("an id"));
    let modes = [KillSwitchMode::Block, KillSwitchMode::Off, fallback];
    let kinds = modes.into_iter().flat_map(|mode| [(mode.clone(), false), (mode, true)]);
    (1..).zip(kinds).map(|(n, (mode, with_all))| vif(n, mode, with_all)).collect()
}

#[test]
fn every_name_is_filled_in_and_a_name_with_a_space_stays_whole() {
    let all = objects(&all());
    for object in &all {
        for (name, value) in object.attributes() {
            let bare = value.replace("PPPoE {vlan}", "");
            assert!(!bare.contains(['{', '}']), "{}: {name}={value}", object.mark);
            let may_be_none = ["src-address-list", "include", "exclude"].contains(&name);
            assert!(!value.is_empty() || may_be_none, "{}: {name}", object.mark);
        }
    }
    let of = |mark: &str, name: &str| {
        let object = all.iter().find(|object| object.mark == mark).expect("an object");
        object.attributes().find(|(own, _)| *own == name).expect("an attribute").1
    };
    assert_eq!(of("bulkhead:vif/tor-1/route", "gateway"), "PPPoE {vlan} 1");
    assert_eq!(of("bulkhead:vif/tor-5/route-fallback", "gateway"), "PPPoE {vlan} 1");
    assert_eq!(of("bulkhead:vif/tor-2/publish.tcp-8443", "in-interface-list"), "my LAN");
}

#[test]
fn marks_are_unique_in_their_menu_and_every_part_has_one_rank_and_one_menu() {
    let all = objects(&all());
    let marks: BTreeSet<_> = all.iter().map(|object| (object.menu, &object.mark)).collect();
    assert_eq!(marks.len(), all.len());
    let parts: BTreeSet<_> = all.iter().map(|object| part(&object.mark)).collect();
    let known: BTreeSet<_> = parts_of_tables();
    assert_eq!(parts, known, "each line is some VIF's");
    let ranked: BTreeSet<_> = super::parts().collect();
    assert_eq!(ranked.len(), known.len());
}

fn parts_of_tables() -> BTreeSet<&'static str> {
    super::parts().map(|(part, _)| part).collect()
}

#[test]
fn each_attribute_that_is_sent_is_also_read_back() {
    for object in objects(&all()) {
        let list = object.attributes().find(|(name, _)| object.menu == Menu::AddressList && *name == "list");
        assert!(list.is_none_or(|(_, list)| ADDRESS_LISTS.contains(&&*list)), "{} is not read", object.mark);
        let read: Vec<&str> = object.menu.properties().split(',').collect();
        for (name, _) in object.attributes() {
            assert!(read.contains(&name), "{}: {name} is written and never compared", object.menu.path());
        }
    }
}

#[test]
fn whoever_is_closed_by_a_rule_is_closed_before_anything_opens() {
    let rank_of = |part: &str| rank(&format!("bulkhead:vif/x/{part}"));
    let closing = ["closed", "jump-forward-in", "forward-in", "blackhole", "rule", "vlan-member", "raw-stray"];
    for closing in closing.into_iter().chain([GATE_OUT, GATE_IN, "private", "dns-udp"]) {
        let opening = ["address", "egress-member", "route", "masquerade", "accept-out", "accept-in", "resolver-udp"];
        for opening in opening.into_iter().chain(["publish.tcp-1", "publish-in.tcp-1", "replies-10"]) {
            assert!(rank_of(closing) < rank_of(opening), "{closing} before {opening}");
        }
    }
    assert_eq!(rank("bulkhead:vif/x/from-the-future"), UNKNOWN);
}

#[test]
fn the_gate_stands_above_whatever_lets_packets_of_its_vif_pass() {
    for vif in all() {
        let everything = objects(&all());
        let own =
            everything.iter().filter(|object| object.menu == Menu::Filter && object.mark.starts_with(&mark(&vif, "")));
        let parts: Vec<&str> = own.map(|object| part(&object.mark)).collect();
        let opens = |part: &&str| ["accept", "publish", "resolver"].iter().any(|kind| part.starts_with(kind));
        let first = parts.iter().position(opens).expect("an accept");
        let gate: Vec<usize> = (0..parts.len()).filter(|&at| [GATE_OUT, GATE_IN].contains(&parts[at])).collect();
        assert_eq!(gate.len(), 2);
        assert!(gate.iter().all(|at| *at < first), "{parts:?}");
    }
}
