//! Whether a rule is for a packet. Source: *Common Firewall Matchers and Actions*; where it is silent, iptables.

pub(super) mod port;
mod word;

use std::net::IpAddr;

use super::{
    NatState, Packet,
    address::{Family, Range},
    interface::Interfaces,
    walk::World,
};

/// What a rule, or one matcher of it, says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    No,
    /// One packet does not tell: its content, a rate, the time of day.
    Unknown,
}

/// What a rule sees of a packet where it stands.
#[derive(Debug)]
pub(super) struct Seen<'m> {
    pub(super) packet: Packet,
    pub(super) in_interface: Option<&'m str>,
    pub(super) out_interface: Option<&'m str>,
    /// What rules before put into address lists.
    pub(super) listed: Vec<(&'m str, IpAddr)>,
}

/// Whether a value itself is wanted, and the value without the sign that says otherwise.
pub(super) fn plain(value: &str) -> (bool, &str) {
    match value.strip_prefix('!') {
        Some(rest) => (false, rest),
        None => (true, value),
    }
}

/// What one property says; nothing where it is no matcher.
pub(super) fn matcher(world: &World, seen: &Seen, name: &str, value: &str) -> Option<Says> {
    let packet = &seen.packet;
    let (wanted, plain) = plain(value);
    let is = |matches: bool| if matches == wanted { Says::Yes } else { Says::No };
    // Of a packet without it, neither the value nor its opposite can be said.
    let is_some = |matches: Option<bool>| matches.map_or(Says::No, is);
    let mark = |mark: &Option<String>| is(mark.as_deref().unwrap_or("no-mark") == plain);
    Some(match name {
        "src-address" => is(range(plain, packet.src)),
        "dst-address" => is(range(plain, packet.dst)),
        "src-address-list" => is_listed(world, seen, plain, packet.src).map_or(Says::Unknown, is),
        "dst-address-list" => is_listed(world, seen, plain, packet.dst).map_or(Says::Unknown, is),
        "src-address-type" => is(word::any(plain, |kind| is_of_type(world, kind, packet.src))),
        "dst-address-type" => is(word::any(plain, |kind| is_of_type(world, kind, packet.dst))),
        "protocol" => is(port::protocol(plain).is_some_and(|number| Some(number) == port::protocol(&packet.protocol))),
        "src-port" => is_some(packet.src_port.map(|port| port::listed(plain, port))),
        "dst-port" => is_some(packet.dst_port.map(|port| port::listed(plain, port))),
        "port" => is_some(either_port(packet, plain)),
        "in-interface" => interface(world, plain, seen.in_interface).map_or(Says::No, is),
        "out-interface" => interface(world, plain, seen.out_interface).map_or(Says::No, is),
        "in-interface-list" => interface_list(world, plain, seen.in_interface).map_or(Says::No, is),
        "out-interface-list" => interface_list(world, plain, seen.out_interface).map_or(Says::No, is),
        "connection-state" => is(word::any(plain, |word| word == packet.connection_state.as_str())),
        "connection-nat-state" => is(word::any(plain, |word| has_nat_state(packet, word))),
        "connection-mark" => mark(&packet.connection_mark),
        "packet-mark" => mark(&packet.packet_mark),
        "routing-mark" => is(packet.routing_mark.as_deref().unwrap_or("no-mark") == plain),
        "src-mac-address" => match &packet.src_mac {
            Some(mac) => is(mac.eq_ignore_ascii_case(plain)),
            None if seen.in_interface.is_none() => Says::No,
            None => Says::Unknown,
        },
        "tcp-flags" => port::tcp_flags(value, packet.connection_state),
        "icmp-options" => is(port::icmp_options(plain, world.family)),
        "fragment" => is(matches!(plain, "no" | "false")),
        "ipsec-policy" => is(plain.ends_with("none")),
        // A single packet is below every limit and no more than one connection.
        "limit" | "dst-limit" => is(true),
        "connection-limit" | "hotspot" | "psd" | "p2p" => is(false),
        "connection-bytes"
        | "connection-rate"
        | "connection-type"
        | "content"
        | "dscp"
        | "dst-prefix"
        | "headers"
        | "hop-limit"
        | "in-bridge-port"
        | "in-bridge-port-list"
        | "ingress-priority"
        | "ipv4-options"
        | "layer7-protocol"
        | "nth"
        | "out-bridge-port"
        | "out-bridge-port-list"
        | "packet-size"
        | "per-connection-classifier"
        | "priority"
        | "random"
        | "realm"
        | "src-prefix"
        | "tcp-mss"
        | "time"
        | "tls-host"
        | "tos"
        | "ttl" => Says::Unknown,
        _ => return None,
    })
}

fn range(text: &str, address: IpAddr) -> bool {
    Range::parse(text).is_some_and(|range| range.contains(address))
}

fn either_port(packet: &Packet, ports: &str) -> Option<bool> {
    let one = |port: Option<u16>| port.map(|port| port::listed(ports, port));
    match (one(packet.src_port), one(packet.dst_port)) {
        (None, None) => None,
        (src, dst) => Some(src == Some(true) || dst == Some(true)),
    }
}

fn is_listed(world: &World, seen: &Seen, list: &str, address: IpAddr) -> Option<bool> {
    if seen.listed.contains(&(list, address)) {
        return Some(true);
    }
    world.lists.has(world.model, world.family, list, address)
}

/// Nothing where the rule is invalid: the interface is not there, or a port of a bridge, which no rule ever sees.
fn interface(world: &World, meant: &str, interface: Option<&str>) -> Option<bool> {
    let valid = is_valid(&world.interfaces, meant);
    valid.then(|| interface.is_some_and(|name| world.interfaces.is_meant(meant, name)))
}

/// Whether a rule that names an interface is in force.
pub(super) fn is_valid(interfaces: &Interfaces, meant: &str) -> bool {
    meant.starts_with("all-") || (interfaces.exists(meant) && !interfaces.is_slave(meant))
}

/// Nothing where there is no such list, which makes the rule invalid.
fn interface_list(world: &World, name: &str, interface: Option<&str>) -> Option<bool> {
    let lists = &world.interface_lists;
    lists.exist(name).then(|| interface.is_some_and(|interface| lists.have(&world.interfaces, name, interface)))
}

fn is_of_type(world: &World, kind: &str, address: IpAddr) -> bool {
    word::address_type(&world.routing, &world.interfaces, address) == kind
}

fn has_nat_state(packet: &Packet, word: &str) -> bool {
    packet.connection_nat_state.iter().any(|state| match state {
        NatState::Srcnat => word == "srcnat",
        NatState::Dstnat => word == "dstnat",
    })
}

/// An echo request, which is what an ICMP packet is taken for.
pub(super) fn echo_request(family: Family) -> u8 {
    match family {
        Family::V4 => 8,
        Family::V6 => 128,
    }
}
