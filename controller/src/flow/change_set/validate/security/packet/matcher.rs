//! Whether a rule matches a packet.

use std::net::IpAddr;

use shared::routeros::trace::{ConnectionState, NatState};

use super::{Walk, is_listed, route::is_local};
use crate::flow::change_set::validate::{
    model::{Model, Row},
    net::Range,
    rows::{enabled, rows, text},
    shadow::matchers,
    value::number,
};

/// Whether it does.
pub(super) enum Match {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody can say, because of this matcher.
    Unknown(String),
}

/// Judges all matchers of a rule.
pub(super) fn matches(walk: &Walk<'_>, rule: &Row) -> Match {
    let mut unknown = None;
    for (name, value) in matchers(rule) {
        let (negated, value) = value.strip_prefix('!').map_or((false, value), |value| (true, value));
        match one(walk, name, value) {
            Some(true) if !negated => {}
            Some(false) if negated => {}
            Some(_) => return Match::No,
            None => unknown = Some(name.to_owned()),
        }
    }
    unknown.map_or(Match::Yes, Match::Unknown)
}

fn one(walk: &Walk<'_>, name: &str, value: &str) -> Option<bool> {
    let (router, packet) = (walk.router, &walk.packet);
    let within = |address: IpAddr| Range::parse(value).map(|range| range.covers(&Range::one(address)));
    let port = |port: Option<u16>| port.is_some_and(|port| spans(value, u64::from(port)));
    let marked = |mark: &Option<String>| mark.as_deref().unwrap_or("no-mark") == value;
    Some(match name {
        "src-address" => within(packet.src)?,
        "dst-address" => within(packet.dst)?,
        "src-address-list" => is_listed(router, value, packet.src),
        "dst-address-list" => is_listed(router, value, packet.dst),
        "src-address-type" => has_type(router, packet.src, value)?,
        "dst-address-type" => has_type(router, packet.dst, value)?,
        "protocol" => protocol(value) == protocol(&packet.protocol),
        "src-port" => port(packet.src_port),
        "dst-port" => port(packet.dst_port),
        "port" => port(packet.src_port) || port(packet.dst_port),
        "in-interface" => is_interface(router, walk.arrived.as_deref(), value),
        "out-interface" => is_interface(router, walk.leaving.as_deref(), value),
        "in-interface-list" => walk.arrived.as_deref().is_some_and(|name| is_member(router, value, name, 0)),
        "out-interface-list" => walk.leaving.as_deref().is_some_and(|name| is_member(router, value, name, 0)),
        "connection-state" => value.split(',').any(|word| word == state(packet.connection_state)),
        "connection-nat-state" => value.split(',').any(|word| {
            packet.connection_nat_state.contains(if word == "srcnat" { &NatState::Srcnat } else { &NatState::Dstnat })
        }),
        "connection-mark" => marked(&packet.connection_mark),
        "packet-mark" => marked(&packet.packet_mark),
        "routing-mark" => marked(&packet.routing_mark),
        "src-mac-address" => packet.src_mac.as_ref()?.eq_ignore_ascii_case(value),
        // No packet that is followed here was or will be in a tunnel of IPsec.
        "ipsec-policy" => value.ends_with(",none"),
        "fragment" => matches!(value, "no" | "false"),
        "tcp-flags" => {
            packet.connection_state == ConnectionState::New
                && value.split(',').all(|flag| flag == "syn" || flag.starts_with('!'))
        }
        _ => return None,
    })
}

fn state(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Established => "established",
        ConnectionState::Invalid => "invalid",
        ConnectionState::New => "new",
        ConnectionState::Related => "related",
        ConnectionState::Untracked => "untracked",
    }
}

fn protocol(text: &str) -> &str {
    match text {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        other => other,
    }
}

fn spans(list: &str, wanted: u64) -> bool {
    list.split(',').any(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        matches!((number(from), number(to)), (Some(from), Some(to)) if (from..=to).contains(&wanted))
    })
}

fn has_type(router: &Model, address: IpAddr, value: &str) -> Option<bool> {
    let local = is_local(router, address);
    let multicast = address.is_multicast();
    let one = |word: &str| match word {
        "local" => Some(local),
        "unicast" => Some(!local && !multicast),
        "multicast" => Some(multicast),
        _ => None,
    };
    value.split(',').map(one).try_fold(false, |any, this| this.map(|this| any || this))
}

fn is_interface(router: &Model, have: Option<&str>, wanted: &str) -> bool {
    let kind = |name: &str| {
        let row = rows(router, "/interface").iter().find(|row| text(row, "name") == name);
        row.map_or("", |row| text(row, "type"))
    };
    have.is_some_and(|have| match wanted {
        "all-ethernet" => kind(have) == "ether",
        "all-vlan" => kind(have) == "vlan",
        "all-wireless" => matches!(kind(have), "wlan" | "wifi"),
        "all-ppp" => kind(have).contains("ppp"),
        name => have == name,
    })
}

/// Whether an interface is in a list, by itself or by a list that is included; excluded ones are not.
fn is_member(router: &Model, list: &str, interface: &str, depth: u8) -> bool {
    match list {
        "all" => return true,
        "none" => return false,
        _ => {}
    }
    let named = rows(router, "/interface/list").iter().find(|row| text(row, "name") == list);
    let others =
        |attribute: &str| named.map_or("", |row| text(row, attribute)).split(',').filter(|name| !name.is_empty());
    let deeper =
        |attribute: &str| depth < 8 && others(attribute).any(|other| is_member(router, other, interface, depth + 1));
    let mut members = enabled(router, "/interface/list/member");
    let own = members.any(|row| text(row, "list") == list && text(row, "interface") == interface);
    own || (deeper("include") && !deeper("exclude"))
}
