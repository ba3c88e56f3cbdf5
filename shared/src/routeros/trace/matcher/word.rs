//! Lists of words, and the kinds of addresses.

use std::net::IpAddr;

use super::super::{
    interface::Interfaces,
    route::{Asked, Decision, Routing},
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
    let asked = Asked { src: address, dst: address, in_interface: None, mark: None };
    match routing.decide(interfaces, &asked) {
        Decision::Routed { route, .. } if route.blackhole => "blackhole",
        Decision::Refused(_) => "unreachable",
        Decision::Local | Decision::Routed { .. } | Decision::Dropped(_) | Decision::Nowhere => "unicast",
    }
}
