//! Lists of words, and the kinds of addresses.

use std::net::IpAddr;

use super::super::{
    interface::Interfaces,
    route::{Decision, Routing},
};

/// Whether one of the words of a list is meant.
pub(super) fn any(list: &str, is_meant: impl Fn(&str) -> bool) -> bool {
    list.split(',').any(|word| is_meant(word.trim()))
}

/// `local`, `broadcast`, `multicast`, `blackhole`, `unreachable` or `unicast`, by the router's addresses and routes.
pub(super) fn address_type(routing: &Routing, interfaces: &Interfaces, address: IpAddr) -> &'static str {
    if routing.is_local(address) {
        return "local";
    }
    if routing.is_broadcast(address) {
        return "broadcast";
    }
    if address.is_multicast() {
        return "multicast";
    }
    match routing.decide_by_main(interfaces, address) {
        Decision::Routed { route, .. } if route.blackhole => "blackhole",
        // iptables asks the routes for the type of an IPv6 address, and says so where there is none.
        Decision::Nowhere if address.is_ipv6() => "unreachable",
        Decision::Local | Decision::Routed { .. } | Decision::Dropped(_) | Decision::Refused(_) | Decision::Nowhere => {
            "unicast"
        }
    }
}
