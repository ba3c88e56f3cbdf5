//! The rows themselves: what all VIFs share, and what each has.

use super::{EGRESS_FALLBACK, GATE_IN, GATE_OUT, ROUTE, ROUTE_FALLBACK};
use crate::flow::object::Menu;

/// Menu, last part of the mark, rank, and what is sent, with names in braces for what differs from VIF to VIF.
pub(super) type Line = (Menu, &'static str, u8, &'static str);

/// What all VIFs share, above their own rows: lists, the closed IPv6 side, the jumps into our chains.
pub(super) const ABOVE: &[Line] = &[
    (Menu::InterfaceList, "list", 0, "name=bulkhead-vif include= exclude="),
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
pub(super) const BELOW: &[Line] = &[
    (Menu::Mangle, "mangle-prerouting", 2, "chain=prerouting in-interface-list=bulkhead-vif action=accept"),
    (Menu::Mangle, "mangle-forward-in", 2, "chain=forward in-interface-list=bulkhead-vif action=accept"),
    (Menu::Mangle, "mangle-forward-out", 2, "chain=forward out-interface-list=bulkhead-vif action=accept"),
    (Menu::Filter, "closed", 1, "chain=bulkhead action=drop"),
    (Menu::Filter, "input-closed", 1, "chain=bulkhead-input action=drop"),
];

/// Which VIFs have a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Each.
    Always,
    /// Those that fall back to another's egress.
    Fallback,
}
use When::{Always, Fallback};

/// One VIF.
pub(super) const COMPARTMENT: &[(When, Line)] = &[
    (Always, (Menu::InterfaceList, "egress-list", 0, "name={egress-list} include= exclude=")),
    (Always, (Menu::RoutingTable, "table", 0, "name={table} fib=yes")),
    // Packets to the service never follow the default route while its interface is down.
    (Always, (Menu::IpRoute, "blackhole-main", 3, "dst-address={subnet} blackhole=yes distance=254")),
    (Always, (Menu::IpRoute, "blackhole", 3, "routing-table={table} dst-address=0.0.0.0/0 blackhole=yes distance=254")),
    (Always, (Menu::RoutingRule, "rule", 4, "src-address={service}/32 action=lookup-only-in-table table={table}")),
    // Above whatever others' rules make of an answer on its way back.
    (Always, (Menu::RoutingRule, "rule-in", 4, "dst-address={service}/32 action=lookup-only-in-table table=main")),
    (Always, (Menu::Vlan, "vlan", 5, "name={vlan} interface=bulkhead vlan-id={vlan-id}")),
    (Always, (Menu::Veth, "veth", 5, "name={veth} address={service}/30 gateway={gateway}")),
    (Always, (Menu::InterfaceListMember, "vlan-member", 6, "list=bulkhead-vif interface={vlan}")),
    // A veth that lost its bridge port would be a routed interface of its own: it is in the list too.
    (Always, (Menu::InterfaceListMember, "veth-member", 6, "list=bulkhead-vif interface={veth}")),
    (Always, (Menu::Raw, "raw-spoofed", 7, "chain=prerouting in-interface={vlan} src-address=!{service} action=drop")),
    (Always, (Menu::Raw, "raw-stray", 7, "chain=prerouting in-interface=!{vlan} src-address={service} action=drop")),
    // First in postrouting, before source NAT: both must count 0 for ever.
    (
        Always,
        (
            Menu::Mangle,
            "tripwire-out",
            7,
            "chain=postrouting src-address={service} out-interface-list=!{egress-list} action=passthrough",
        ),
    ),
    (
        Always,
        (
            Menu::Mangle,
            "tripwire-in",
            7,
            "chain=postrouting dst-address={service} out-interface=!{vlan} action=passthrough",
        ),
    ),
    // An answer that somebody's mark leads elsewhere: marks are asked before any routing rule.
    (Always, (Menu::Filter, "stray", 7, "chain=forward dst-address={service} out-interface=!{vlan} action=drop")),
    // Shut as they are made: the keeper opens them while the way out is known to be good. They stand above whatever lets
    // something pass.
    (Always, (Menu::Filter, GATE_OUT, 7, "chain=bulkhead in-interface={vlan} action=drop")),
    (Always, (Menu::Filter, GATE_IN, 7, "chain=bulkhead out-interface={vlan} action=drop")),
    (
        Always,
        (
            Menu::Filter,
            "private",
            7,
            "chain=bulkhead in-interface={vlan} dst-address-list=bulkhead-private action=drop",
        ),
    ),
    (
        Always,
        (
            Menu::BridgeVlan,
            "bridge-vlan",
            8,
            "bridge=bulkhead vlan-ids={vlan-id} tagged=bulkhead,bh-agent untagged={veth}",
        ),
    ),
    (
        Always,
        (
            Menu::BridgePort,
            "bridge-port",
            8,
            "bridge=bulkhead interface={veth} pvid={vlan-id} frame-types=admit-only-untagged-and-priority-tagged \
         ingress-filtering=yes horizon=1",
        ),
    ),
    (Always, (Menu::IpAddress, "address", 9, "address={gateway}/30 interface={vlan}")),
    (Always, (Menu::InterfaceListMember, "egress-member", 10, "list={egress-list} interface={egress}")),
    (Always, (Menu::IpRoute, ROUTE, 10, "routing-table={table} dst-address=0.0.0.0/0 gateway={egress} distance=1")),
    (Fallback, (Menu::InterfaceListMember, EGRESS_FALLBACK, 10, "list={egress-list} interface={fallback}")),
    (
        Fallback,
        (
            Menu::IpRoute,
            ROUTE_FALLBACK,
            10,
            "routing-table={table} dst-address=0.0.0.0/0 gateway={fallback} distance=2",
        ),
    ),
    (
        Always,
        (
            Menu::Mangle,
            "mss",
            10,
            "chain=forward src-address={service} out-interface-list={egress-list} protocol=tcp tcp-flags=syn \
         action=change-mss new-mss=clamp-to-pmtu passthrough=yes",
        ),
    ),
    (
        Always,
        (
            Menu::Nat,
            "masquerade",
            10,
            "chain=srcnat src-address={service} out-interface-list={egress-list} action=masquerade",
        ),
    ),
    (
        Always,
        (
            Menu::Filter,
            "accept-out",
            11,
            "chain=bulkhead in-interface={vlan} out-interface-list={egress-list} src-address-list=bh-open action=accept",
        ),
    ),
    (
        Always,
        (
            Menu::Filter,
            "accept-in",
            11,
            "chain=bulkhead out-interface={vlan} in-interface-list={egress-list} connection-state=established,related \
         action=accept",
        ),
    ),
];
