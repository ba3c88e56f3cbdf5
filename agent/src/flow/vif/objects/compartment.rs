//! What each VIF has.
//!
//! One with its kill switch off has the same rows but for what closes it while its way out is gone: packets then follow
//! the router's own routes. It reaches no private network and no other VIF either, and IPv6 stays closed.

use super::{EGRESS, EGRESS_FALLBACK, GATE_IN, GATE_OUT, ROUTE, ROUTE_FALLBACK};
use crate::flow::object::Menu;

/// Which VIFs have a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Each.
    Always,
    /// Those with a kill switch.
    Protected,
    /// Those without.
    Off,
    /// Those that fall back to another's egress.
    Fallback,
    /// Those with a resolver.
    Resolver,
    /// Those with a resolver and a kill switch.
    ResolverProtected,
    /// Those with a resolver and none.
    ResolverOff,
    /// Those with published ports.
    Published,
    /// Any, once for each published port; a part of the mark tells them apart.
    Port,
    /// The same, of those with a kill switch.
    PortProtected,
}
use When::{
    Always, Fallback, Off, Port, PortProtected, Protected, Published, Resolver, ResolverOff, ResolverProtected,
};

/// Who has it, menu, last part of the mark, rank, and what is sent, with names in braces for what differs. A property
/// without a value is one that the row must not have.
pub(super) type Line = (When, Menu, &'static str, u8, &'static str);

/// One VIF.
pub(super) const COMPARTMENT: &[Line] = &[
    (Always, Menu::InterfaceList, "egress-list", 0, "name={egress-list} include= exclude="),
    (Always, Menu::RoutingTable, "table", 0, "name={table} fib=yes"),
    // Without a route: its name marks the answers of published ports, and nothing is found in it.
    (Published, Menu::RoutingTable, "replies-table", 0, "name={replies} fib=yes"),
    // Packets to the service never follow the default route while its interface is down.
    (Always, Menu::IpRoute, "blackhole-main", 3, "dst-address={subnet} blackhole=yes distance=254"),
    (
        Protected,
        Menu::IpRoute,
        "blackhole",
        3,
        "routing-table={table} dst-address=0.0.0.0/0 blackhole=yes distance=254",
    ),
    // Above whatever others' rules make of an answer on its way back.
    (Always, Menu::RoutingRule, "rule-in", 4, "dst-address={service}/32 action=lookup-only-in-table table=main"),
    // Answers of a published port, known by their mark, find the network that the question came from. Without the default
    // route: a network that is gone is not looked for on the Internet. And only to private networks: a route of the
    // router's to some host there, as to a tunnel's far end, is none of the service's.
    (
        Published,
        Menu::RoutingRule,
        "replies-10",
        11,
        "src-address={service}/32 dst-address=10.0.0.0/8 routing-mark={replies} action=lookup table=main min-prefix=0",
    ),
    (
        Published,
        Menu::RoutingRule,
        "replies-172",
        11,
        "src-address={service}/32 dst-address=172.16.0.0/12 routing-mark={replies} action=lookup table=main min-prefix=0",
    ),
    (
        Published,
        Menu::RoutingRule,
        "replies-192",
        11,
        "src-address={service}/32 dst-address=192.168.0.0/16 routing-mark={replies} action=lookup table=main min-prefix=0",
    ),
    (Protected, Menu::RoutingRule, "rule", 4, "src-address={service}/32 action=lookup-only-in-table table={table}"),
    (Off, Menu::RoutingRule, "rule", 4, "src-address={service}/32 action=lookup table={table}"),
    // What comes from its interface with another address, or over IPv6, has no way, even where no firewall rule is left;
    // and nobody is told so, which would be the router's own packet to whoever was pretended.
    (Protected, Menu::RoutingRule, "rule-interface", 6, "interface={vlan} action=drop"),
    (Always, Menu::Vlan, "vlan", 5, "name={vlan} interface=bulkhead vlan-id={vlan-id}"),
    (Always, Menu::Veth, "veth", 5, "name={veth} address={service}/30 gateway={gateway}"),
    (Always, Menu::InterfaceListMember, "vlan-member", 6, "list=bulkhead-vif interface={vlan}"),
    // A veth that lost its bridge port would be a routed interface of its own: it is in the list too.
    (Always, Menu::InterfaceListMember, "veth-member", 6, "list=bulkhead-vif interface={veth}"),
    (Always, Menu::Raw, "raw-spoofed", 7, "chain=prerouting in-interface={vlan} src-address=!{service} action=drop"),
    (Always, Menu::Raw, "raw-stray", 7, "chain=prerouting in-interface=!{vlan} src-address={service} action=drop"),
    // Only what a published port answers looks for a network of the router's.
    (
        Port,
        Menu::Mangle,
        "publish-route",
        11,
        "chain=prerouting in-interface={vlan} protocol={protocol} src-port={to-port} \
         connection-state=established,related connection-nat-state=dstnat action=mark-routing \
         new-routing-mark={replies} passthrough=no",
    ),
    // Answers of published ports leave by another way on purpose, before anything counts them.
    (
        PortProtected,
        Menu::Mangle,
        "publish-reply",
        11,
        "chain=postrouting src-address={service} out-interface-list={from} protocol={protocol} \
         src-port={to-port} connection-state=established,related connection-nat-state=dstnat action=accept",
    ),
    // First in postrouting, before source NAT: all must count 0 for ever. Those of IPv6, where a service has no address,
    // look at interfaces; what comes from it meets the one of `forward`, as `postrouting` knows no way in.
    (
        Protected,
        Menu::Mangle,
        "tripwire-out",
        7,
        "chain=postrouting src-address={service} out-interface-list=!{egress-list} action=passthrough",
    ),
    (
        Protected,
        Menu::Mangle,
        "tripwire-in",
        7,
        "chain=postrouting dst-address={service} out-interface=!{vlan} action=passthrough",
    ),
    (Protected, Menu::Ipv6Mangle, "tripwire-6-out", 7, "chain=forward in-interface={vlan} action=passthrough"),
    (Protected, Menu::Ipv6Mangle, "tripwire-6-in", 7, "chain=postrouting out-interface={vlan} action=passthrough"),
    // An answer that somebody's notrack lets through untracked is for the router itself, which would tell its sender by
    // the router's own routes that nobody is there, quoting it.
    (
        Protected,
        Menu::Filter,
        "input-untracked",
        7,
        "chain=input in-interface-list={egress-list} connection-state=untracked action=drop",
    ),
    // Shut as they are made: the keeper opens them while the way out is known to be good, or there is no kill switch and
    // no person holds it. They stand above whatever lets something pass.
    (Always, Menu::Filter, GATE_OUT, 7, "chain=bulkhead in-interface={vlan} action=drop"),
    (Always, Menu::Filter, GATE_IN, 7, "chain=bulkhead out-interface={vlan} action=drop"),
    (
        Port,
        Menu::Filter,
        "publish-out",
        11,
        "chain=bulkhead in-interface={vlan} out-interface-list={from} protocol={protocol} src-port={to-port} \
         connection-state=established,related connection-nat-state=dstnat action=accept",
    ),
    // The resolver is often in a private network behind the tunnel.
    (
        ResolverProtected,
        Menu::Filter,
        "resolver-udp",
        11,
        "chain=bulkhead in-interface={vlan} dst-address={resolver} protocol=udp dst-port=53 \
         out-interface-list={egress-list} src-address-list=bh-open action=accept",
    ),
    (
        ResolverProtected,
        Menu::Filter,
        "resolver-tcp",
        11,
        "chain=bulkhead in-interface={vlan} dst-address={resolver} protocol=tcp dst-port=53 \
         out-interface-list={egress-list} src-address-list=bh-open action=accept",
    ),
    (
        ResolverOff,
        Menu::Filter,
        "resolver-udp",
        11,
        "chain=bulkhead in-interface={vlan} dst-address={resolver} protocol=udp dst-port=53 \
         out-interface-list=!bulkhead-vif src-address-list= action=accept",
    ),
    (
        ResolverOff,
        Menu::Filter,
        "resolver-tcp",
        11,
        "chain=bulkhead in-interface={vlan} dst-address={resolver} protocol=tcp dst-port=53 \
         out-interface-list=!bulkhead-vif src-address-list= action=accept",
    ),
    // An answer that somebody's mark leads elsewhere: marks are asked before any routing rule, and no jump sees it.
    (Always, Menu::Filter, "stray", 7, "chain=forward dst-address={service} out-interface=!{vlan} action=drop"),
    (
        Always,
        Menu::Filter,
        "private",
        7,
        "chain=bulkhead in-interface={vlan} dst-address-list=bulkhead-private action=drop",
    ),
    (
        Always,
        Menu::BridgeVlan,
        "bridge-vlan",
        8,
        "bridge=bulkhead vlan-ids={vlan-id} tagged=bulkhead,bh-agent untagged={veth}",
    ),
    (
        Always,
        Menu::BridgePort,
        "bridge-port",
        8,
        "bridge=bulkhead interface={veth} pvid={vlan-id} frame-types=admit-only-untagged-and-priority-tagged \
         ingress-filtering=yes horizon=1",
    ),
    (Always, Menu::IpAddress, "address", 9, "address={gateway}/30 interface={vlan}"),
    (Always, Menu::InterfaceListMember, EGRESS, 10, "list={egress-list} interface={egress}"),
    (Fallback, Menu::InterfaceListMember, EGRESS_FALLBACK, 10, "list={egress-list} interface={fallback}"),
    (Always, Menu::IpRoute, ROUTE, 10, "routing-table={table} dst-address=0.0.0.0/0 gateway={egress} distance=1"),
    (
        Fallback,
        Menu::IpRoute,
        ROUTE_FALLBACK,
        10,
        "routing-table={table} dst-address=0.0.0.0/0 gateway={fallback} distance=2",
    ),
    (
        Always,
        Menu::Mangle,
        "mss",
        10,
        "chain=forward src-address={service} out-interface-list={egress-list} protocol=tcp tcp-flags=syn \
         action=change-mss new-mss=clamp-to-pmtu passthrough=yes",
    ),
    // Questions of names go to the resolver wherever the service sends them, the router included: first in `dstnat`.
    (
        Resolver,
        Menu::Nat,
        "dns-udp",
        7,
        "chain=dstnat in-interface={vlan} protocol=udp dst-port=53 action=dst-nat to-addresses={resolver}",
    ),
    (
        Resolver,
        Menu::Nat,
        "dns-tcp",
        7,
        "chain=dstnat in-interface={vlan} protocol=tcp dst-port=53 action=dst-nat to-addresses={resolver}",
    ),
    (
        Port,
        Menu::Nat,
        "publish",
        11,
        "chain=dstnat in-interface-list={from} dst-address-type=local protocol={protocol} dst-port={port} \
         action=dst-nat to-addresses={service} to-ports={to-port}",
    ),
    (
        Protected,
        Menu::Nat,
        "masquerade",
        10,
        "chain=srcnat src-address={service} out-interface-list={egress-list} action=masquerade",
    ),
    (
        Off,
        Menu::Nat,
        "masquerade",
        10,
        "chain=srcnat src-address={service} out-interface-list=!bulkhead-vif action=masquerade",
    ),
    (
        Port,
        Menu::Filter,
        "publish-in",
        11,
        "chain=bulkhead out-interface={vlan} in-interface-list={from} protocol={protocol} dst-port={to-port} \
         connection-nat-state=dstnat action=accept",
    ),
    (
        Protected,
        Menu::Filter,
        "accept-out",
        11,
        "chain=bulkhead in-interface={vlan} out-interface-list={egress-list} src-address-list=bh-open \
         action=accept",
    ),
    (
        Off,
        Menu::Filter,
        "accept-out",
        11,
        "chain=bulkhead in-interface={vlan} out-interface-list=!bulkhead-vif src-address-list= action=accept",
    ),
    (
        Protected,
        Menu::Filter,
        "accept-in",
        11,
        "chain=bulkhead out-interface={vlan} in-interface-list={egress-list} \
         connection-state=established,related action=accept",
    ),
    (
        Off,
        Menu::Filter,
        "accept-in",
        11,
        "chain=bulkhead out-interface={vlan} in-interface-list=!bulkhead-vif \
         connection-state=established,related action=accept",
    ),
];
