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

use super::Vif;
use crate::flow::object::{Menu, Object};

/// The interface list of every interface behind which a service lives.
pub const VIF_LIST: &str = "bulkhead-vif";
/// The address list of services whose egress is known to be good. Its entries live 30 s unless refreshed, so an
/// agent that dies closes every gate, and a router that boots starts closed.
pub const OPEN_LIST: &str = "bh-open";

/// Menu, last part of the mark, rank, and what is sent, with names in braces for what differs from VIF to VIF.
type Line = (Menu, &'static str, u8, &'static str);

/// What all VIFs share, above their own rows: lists, the closed IPv6 side, the jumps into our chains.
const ABOVE: &[Line] = &[
    (Menu::InterfaceList, "list", 0, "name=bulkhead-vif"),
    // Networks that no service may reach: not the LAN, not the carrier's, not another VIF.
    (Menu::AddressList, "private-10", 0, "list=bulkhead-private address=10.0.0.0/8"),
    (Menu::AddressList, "private-100", 0, "list=bulkhead-private address=100.64.0.0/10"),
    (Menu::AddressList, "private-169", 0, "list=bulkhead-private address=169.254.0.0/16"),
    (Menu::AddressList, "private-172", 0, "list=bulkhead-private address=172.16.0.0/12"),
    (Menu::AddressList, "private-192", 0, "list=bulkhead-private address=192.168.0.0/16"),
    (Menu::Ipv6Raw, "raw-in", 2, "chain=prerouting in-interface-list=bulkhead-vif action=drop"),
    (Menu::Ipv6Filter, "forward-in", 2, "chain=forward in-interface-list=bulkhead-vif action=drop"),
    (Menu::Ipv6Filter, "forward-out", 2, "chain=forward out-interface-list=bulkhead-vif action=drop"),
    (Menu::Ipv6Filter, "output-out", 2, "chain=output out-interface-list=bulkhead-vif action=drop"),
    (
        Menu::Filter,
        "jump-input",
        2,
        "chain=input in-interface-list=bulkhead-vif action=jump jump-target=bulkhead-input",
    ),
    (
        Menu::Filter,
        "jump-forward-in",
        2,
        "chain=forward in-interface-list=bulkhead-vif action=jump jump-target=bulkhead",
    ),
    (
        Menu::Filter,
        "jump-forward-out",
        2,
        "chain=forward out-interface-list=bulkhead-vif action=jump jump-target=bulkhead",
    ),
    (Menu::Filter, "input-established", 11, "chain=bulkhead-input connection-state=established,related action=accept"),
    (
        Menu::Filter,
        "input-ping",
        11,
        "chain=bulkhead-input protocol=icmp icmp-options=8:0 limit=5,5:packet action=accept",
    ),
];

/// What all VIFs share, below their own rows: our packets meet no foreign mangle rule (a fasttrack or a routing mark
/// there would carry them past the filter), and both chains end in a drop.
const BELOW: &[Line] = &[
    (Menu::Mangle, "mangle-prerouting", 2, "chain=prerouting in-interface-list=bulkhead-vif action=accept"),
    (Menu::Mangle, "mangle-forward-in", 2, "chain=forward in-interface-list=bulkhead-vif action=accept"),
    (Menu::Mangle, "mangle-forward-out", 2, "chain=forward out-interface-list=bulkhead-vif action=accept"),
    (Menu::Filter, "closed", 1, "chain=bulkhead action=drop"),
    (Menu::Filter, "input-closed", 1, "chain=bulkhead-input action=drop"),
];

/// One VIF.
const COMPARTMENT: &[Line] = &[
    (Menu::InterfaceList, "egress-list", 0, "name={egress-list}"),
    (Menu::RoutingTable, "table", 0, "name={table} fib=yes"),
    // Packets to the service never follow the default route while its interface is down.
    (Menu::IpRoute, "blackhole-main", 3, "dst-address={subnet} blackhole=yes distance=254"),
    (Menu::IpRoute, "blackhole", 3, "routing-table={table} dst-address=0.0.0.0/0 blackhole=yes distance=254"),
    (Menu::RoutingRule, "rule", 4, "src-address={service}/32 action=lookup-only-in-table table={table}"),
    (Menu::Vlan, "vlan", 5, "name={vlan} interface=bulkhead vlan-id={vlan-id}"),
    (Menu::Veth, "veth", 5, "name={veth} address={service}/30 gateway={gateway}"),
    (Menu::InterfaceListMember, "vlan-member", 6, "list=bulkhead-vif interface={vlan}"),
    // A veth that lost its bridge port would be a routed interface of its own: it is in the list too.
    (Menu::InterfaceListMember, "veth-member", 6, "list=bulkhead-vif interface={veth}"),
    (Menu::Raw, "raw-spoofed", 7, "chain=prerouting in-interface={vlan} src-address=!{service} action=drop"),
    (Menu::Raw, "raw-stray", 7, "chain=prerouting in-interface=!{vlan} src-address={service} action=drop"),
    // First in postrouting, before source NAT: both must count 0 for ever.
    (
        Menu::Mangle,
        "tripwire-out",
        7,
        "chain=postrouting src-address={service} out-interface-list=!{egress-list} action=passthrough",
    ),
    (
        Menu::Mangle,
        "tripwire-in",
        7,
        "chain=postrouting dst-address={service} out-interface=!{vlan} action=passthrough",
    ),
    // An answer that a foreign rule has marked for another table leaves by neither list, so no jump sees it.
    (Menu::Filter, "stray", 7, "chain=forward dst-address={service} out-interface=!{vlan} action=drop"),
    (Menu::Filter, "private", 7, "chain=bulkhead in-interface={vlan} dst-address-list=bulkhead-private action=drop"),
    (Menu::BridgeVlan, "bridge-vlan", 8, "bridge=bulkhead vlan-ids={vlan-id} tagged=bulkhead,bh-agent untagged={veth}"),
    (
        Menu::BridgePort,
        "bridge-port",
        8,
        "bridge=bulkhead interface={veth} pvid={vlan-id} frame-types=admit-only-untagged-and-priority-tagged \
         ingress-filtering=yes horizon=1",
    ),
    (Menu::IpAddress, "address", 9, "address={gateway}/30 interface={vlan}"),
    (Menu::InterfaceListMember, "egress-member", 10, "list={egress-list} interface={egress}"),
    (Menu::IpRoute, "route", 10, "routing-table={table} dst-address=0.0.0.0/0 gateway={egress} distance=1"),
    (
        Menu::Mangle,
        "mss",
        10,
        "chain=forward src-address={service} out-interface-list={egress-list} protocol=tcp tcp-flags=syn \
         action=change-mss new-mss=clamp-to-pmtu passthrough=yes",
    ),
    (
        Menu::Nat,
        "masquerade",
        10,
        "chain=srcnat src-address={service} out-interface-list={egress-list} action=masquerade",
    ),
    (
        Menu::Filter,
        "accept-out",
        11,
        "chain=bulkhead in-interface={vlan} out-interface-list={egress-list} src-address-list=bh-open action=accept",
    ),
    (
        Menu::Filter,
        "accept-in",
        11,
        "chain=bulkhead out-interface={vlan} in-interface-list={egress-list} connection-state=established,related \
         action=accept",
    ),
];

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
    above.chain(vifs.iter().flat_map(compartment)).chain(below).collect()
}

/// When an object is made, by its mark: lower first.
pub fn rank(mark: &str) -> u8 {
    let part = mark.rsplit('/').next().unwrap_or(mark);
    [ABOVE, COMPARTMENT, BELOW].concat().iter().find(|line| line.1 == part).map_or(UNKNOWN, |line| line.2)
}

fn compartment(vif: &Vif) -> Vec<Object> {
    let names = [
        ("{egress}", vif.spec.egress.interface().to_string()),
        ("{egress-list}", vif.egress_list()),
        ("{gateway}", vif.gateway_ip().to_string()),
        ("{service}", vif.service_ip().to_string()),
        ("{subnet}", vif.subnet.to_string()),
        ("{table}", vif.table()),
        ("{veth}", vif.veth()),
        ("{vlan}", vif.interface()),
        ("{vlan-id}", vif.vlan_id.to_string()),
    ];
    let owner = format!("bulkhead:vif/{}", vif.spec.id);
    COMPARTMENT.iter().map(|line| object(&owner, line, &names)).collect()
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
    Object { menu: *menu, mark: format!("{owner}/{part}"), attributes }
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
                assert!(!value.contains(['{', '}']) && !value.is_empty(), "{}: {name}={value}", object.mark);
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
        let parts: BTreeSet<_> = [ABOVE, COMPARTMENT, BELOW].concat().iter().map(|line| line.1).collect();
        assert_eq!(parts.len(), ABOVE.len() + COMPARTMENT.len() + BELOW.len());
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
