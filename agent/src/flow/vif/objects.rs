//! The objects of all VIFs on the router, as data.
//!
//! The form is reasoned in RouterOS' packet flow: jumps and drops stand above every foreign rule, because a fasttrack
//! or an `accept established` above ours would carry packets past them; a mark or a rule alone leaks when its table
//! has no route, so each VIF has a blackhole in its own table, a rule that looks nowhere else, and a forward accept
//! that names the way out. IPv6 is another firewall: VIFs have none, and it is dropped.
//!
//! The order of a table here is the order of the rows inside each ordered menu, top to bottom. The order in which
//! objects are made is another one, their rank: what stops traffic, or is needed by others, has a low one and comes
//! first; what opens something comes last. Removal runs from the highest rank down.

mod table;

use super::Vif;
use crate::flow::object::{Object, Switch};
use table::{ABOVE, BELOW, COMPARTMENT, Line, When};

/// The interface list of every interface behind which a service lives.
pub const VIF_LIST: &str = "bulkhead-vif";
/// The address list of services whose egress is known to be good. Its entries live 30 s unless refreshed, so an
/// agent that dies closes every gate, and a router that boots starts closed.
pub const OPEN_LIST: &str = "bh-open";

/// The part of a VIF's mark that names the drop of what its service sends.
pub const GATE_OUT: &str = "gate-out";
/// The part that names the drop of what is sent to it.
pub const GATE_IN: &str = "gate-in";
/// The part that names the route by its own egress.
pub const ROUTE: &str = "route";
/// The part that names the route by the egress of the VIF that it falls back to.
pub const ROUTE_FALLBACK: &str = "route-fallback";
/// The part that names the other egress in the list of its ways out.
const EGRESS_FALLBACK: &str = "egress-member-fallback";

/// The mark of one object of a VIF.
pub fn mark(vif: &Vif, part: &str) -> String {
    format!("bulkhead:vif/{}/{part}", vif.spec.id)
}

/// The rank of parts that this version does not know: they belong to a later one, go first and never come.
const UNKNOWN: u8 = u8::MAX;

/// Every object of these VIFs; nothing at all without a VIF.
pub fn objects(vifs: &[Vif]) -> Vec<Object> {
    if vifs.is_empty() {
        return Vec::new();
    }
    let shared = |line: &Line| object("bulkhead:base", line, &[]);
    let above = ABOVE.iter().map(shared);
    let below = BELOW.iter().map(shared);
    above.chain(vifs.iter().flat_map(|vif| compartment(vif, vifs))).chain(below).collect()
}

/// When an object is made, by its mark: lower first.
pub fn rank(mark: &str) -> u8 {
    let part = mark.rsplit('/').next().unwrap_or(mark);
    lines().find(|line| line.1 == part).map_or(UNKNOWN, |line| line.2)
}

fn lines() -> impl Iterator<Item = &'static Line> {
    ABOVE.iter().chain(COMPARTMENT.iter().map(|(_, line)| line)).chain(BELOW)
}

/// The egress of the VIF that another falls back to.
pub fn fallback<'a>(vif: &Vif, vifs: &'a [Vif]) -> Option<&'a Vif> {
    let other = vif.spec.kill_switch.fallback()?;
    vifs.iter().find(|vif| vif.spec.id == *other)
}

fn compartment(vif: &Vif, vifs: &[Vif]) -> Vec<Object> {
    let fallback = fallback(vif, vifs).map(|other| other.spec.egress.interface().to_string());
    let names = [
        ("{egress}", vif.spec.egress.interface().to_string()),
        ("{egress-list}", vif.egress_list()),
        ("{fallback}", fallback.clone().unwrap_or_default()),
        ("{gateway}", vif.gateway_ip().to_string()),
        ("{service}", vif.service_ip().to_string()),
        ("{subnet}", vif.subnet.to_string()),
        ("{table}", vif.table()),
        ("{veth}", vif.veth()),
        ("{vlan}", vif.interface()),
        ("{vlan-id}", vif.vlan_id.to_string()),
    ];
    let owner = format!("bulkhead:vif/{}", vif.spec.id);
    let has = |when: When| match when {
        When::Always => true,
        When::Fallback => fallback.is_some(),
    };
    let lines = COMPARTMENT.iter().filter(|(when, _)| has(*when));
    lines
        .map(|(_, line)| Object { switch: switch(line.1, fallback.is_some()), ..object(&owner, line, &names) })
        .collect()
}

/// Whose the `disabled` of a row is. With one way out alone its route is always in force.
fn switch(part: &str, has_fallback: bool) -> Switch {
    match part {
        GATE_OUT | GATE_IN => Switch::Keeper { disabled: false },
        ROUTE if has_fallback => Switch::Keeper { disabled: false },
        ROUTE_FALLBACK => Switch::Keeper { disabled: true },
        _ => Switch::On,
    }
}

/// A line with its names filled in. Filling follows splitting, so that a name with a space stays one value.
fn object(owner: &str, (menu, part, _, template): &Line, names: &[(&str, String)]) -> Object {
    let attributes = template
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| {
            (name, names.iter().fold(value.to_owned(), |value, (placeholder, text)| value.replace(placeholder, text)))
        })
        .collect();
    Object { menu: *menu, mark: format!("{owner}/{part}"), attributes, switch: Switch::On }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::{
        ids::VifId,
        net::{InterfaceName, VlanId},
        vif::{Egress, KillSwitchMode, VifName, VifSpec},
    };
    use std::collections::BTreeSet;

    fn vif() -> Vif {
        Vif {
            spec: VifSpec {
                id: VifId::new("tor-1").expect("an id"),
                name: VifName::new("tor").expect("a name"),
                egress: Egress::Interface(InterfaceName::new("PPPoE out").expect("a name")),
                kill_switch: KillSwitchMode::Block,
                resolver: None,
                ports: Vec::new(),
            },
            vlan_id: VlanId::new(100).expect("a VLAN id"),
            subnet: "172.16.64.0/30".parse().expect("a subnet"),
            created_at: 0,
        }
    }

    #[test]
    fn every_name_is_filled_in_and_a_name_with_a_space_stays_whole() {
        let all = objects(&[vif()]);
        for object in &all {
            for (name, value) in &object.attributes {
                let is_none = matches!(*name, "include" | "exclude");
                assert!(
                    !value.contains(['{', '}']) && (is_none || !value.is_empty()),
                    "{}: {name}={value}",
                    object.mark
                );
            }
        }
        let route = all.iter().find(|object| object.mark == "bulkhead:vif/tor-1/route").expect("the route");
        assert!(route.attributes.contains(&("gateway", "PPPoE out".to_owned())));
    }

    #[test]
    fn marks_are_unique_in_their_menu_and_parts_in_all_tables() {
        let all = objects(&[vif()]);
        let marks: BTreeSet<_> = all.iter().map(|object| (object.menu, &object.mark)).collect();
        assert_eq!(marks.len(), all.len());
        let parts: BTreeSet<_> = lines().map(|line| line.1).collect();
        assert_eq!(parts.len(), lines().count());
    }

    #[test]
    fn each_attribute_that_is_sent_is_also_read_back() {
        for object in objects(&[vif()]) {
            let read: Vec<&str> = object.menu.properties().split(',').collect();
            for (name, _) in &object.attributes {
                assert!(read.contains(name), "{}: {name} is written and never compared", object.menu.path());
            }
        }
    }

    #[test]
    fn whoever_is_closed_by_a_rule_is_closed_before_anything_opens() {
        let rank_of = |part: &str| rank(&format!("bulkhead:vif/x/{part}"));
        for closing in ["closed", "jump-forward-in", "forward-in", "blackhole", "rule", "vlan-member", "raw-stray"] {
            for opening in ["address", "egress-member", "route", "masquerade", "accept-out", "accept-in"] {
                assert!(rank_of(closing) < rank_of(opening), "{closing} before {opening}");
            }
        }
        assert_eq!(rank("bulkhead:vif/x/from-the-future"), UNKNOWN);
    }
}
