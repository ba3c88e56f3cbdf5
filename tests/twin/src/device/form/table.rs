//! Which form the value of an argument has: by menu and name where the manual says it, else by the schema.

use shared::routeros::schema::Kind;

use super::{Form, word};

/// The form of an argument of a menu.
pub(super) fn form_of(menu: &str, name: &str, kind: Kind) -> Form {
    let firewall = menu.starts_with("/ip/firewall/") || menu.starts_with("/ipv6/firewall/");
    if let Some(form) = special(menu, name).or_else(|| firewall.then(|| matching(name)).flatten()) {
        return form;
    }
    if word::is_closed(menu, name) {
        return Form::Closed;
    }
    match kind {
        Kind::Boolean => Form::Boolean,
        Kind::Time(bounds) => Form::Time(bounds),
        Kind::Text(bounds) => Form::Text(bounds),
        Kind::Hexadecimal(bounds) => Form::Hexadecimal(bounds),
        Kind::Address => Form::Addresses,
        Kind::Prefix => Form::Networks,
        Kind::AddressRange => Form::Ranges,
        Kind::Mac => Form::Mac,
        Kind::Words | Kind::Unknown => numeric(menu, name).unwrap_or(Form::ANYTHING),
    }
}

/// Arguments whose form the schema does not tell, or tells too loosely.
fn special(menu: &str, name: &str) -> Option<Form> {
    Some(match (menu, name) {
        (_, "disabled" | "dhcp")
        | (
            "/container",
            "start-on-boot"
            | "logging"
            | "ignore-remote-image-change"
            | "check-certificate"
            | "privileged"
            | "stop-on-unhealthy",
        ) => Form::Boolean,
        ("/routing/table", "fib") | ("/ip/route" | "/ipv6/route", "blackhole") => Form::Switch,
        ("/ip/address" | "/ipv6/address" | "/ip/dhcp-server/network", "address") => Form::HostPrefix,
        ("/ip/route" | "/ipv6/route", "dst-address") | ("/routing/rule", "src-address" | "dst-address") => {
            Form::Network
        }
        ("/user" | "/ip/service", "address") | ("/interface/wireguard/peers", "allowed-address") => Form::Networks,
        ("/ip/firewall/address-list" | "/ipv6/firewall/address-list", "address") => Form::Matcher,
        ("/user/group", "policy") => Form::Policies,
        ("/interface/bridge/vlan", "vlan-ids") => Form::Numbers(1, 4094),
        ("/system/scheduler", "start-date") => Form::Date,
        ("/system/scheduler", "start-time") => Form::Clock,
        ("/queue/simple", "max-limit" | "limit-at" | "burst-limit" | "burst-threshold") => Form::Rates,
        ("/queue/simple", "burst-time") => Form::Times,
        ("/queue/simple", "priority") => Form::NumberPair(1, 8),
        ("/queue/tree", "max-limit" | "limit-at" | "burst-limit" | "burst-threshold")
        | ("/queue/simple", "total-max-limit" | "total-limit-at" | "total-burst-limit" | "total-burst-threshold") => {
            Form::Rate
        }
        ("/interface/bridge", "priority") => Form::HexadecimalNumber(0, 0xFFFF),
        ("/interface/bridge/port", "priority") => Form::HexadecimalNumber(0, 0xF0),
        _ => return None,
    })
}

/// Matchers that all firewall tables share.
fn matching(name: &str) -> Option<Form> {
    Some(match name {
        "src-address" | "dst-address" => Form::Matcher,
        "src-port" | "dst-port" | "port" | "to-ports" | "packet-size" | "tcp-mss" => Form::Matched(0, 65_535),
        "dscp" => Form::Matched(0, 63),
        "src-mac-address" => Form::NegatableMac,
        "random" => Form::Number(1, 99),
        _ => return None,
    })
}

/// Numbers by their names, in one menu or in all, between these bounds (the manual's tables of properties).
const NUMBERS: [(&str, &str, u64, u64); 29] = [
    ("", "vlan-id", 1, 4094),
    ("", "pvid", 1, 4094),
    ("", "listen-port", 0, 65_535),
    ("", "endpoint-port", 0, 65_535),
    ("", "client-listen-port", 0, 65_535),
    ("", "default-route-distance", 1, 255),
    ("/ip/service", "max-sessions", 1, 1000),
    ("/ip/service", "port", 1, 65_535),
    ("/ip/route", "distance", 1, 255),
    ("/ipv6/route", "distance", 1, 255),
    ("/ip/route", "scope", 0, 255),
    ("/ip/route", "target-scope", 0, 255),
    ("/ipv6/route", "scope", 0, 255),
    ("/ipv6/route", "target-scope", 0, 255),
    ("/interface", "mtu", 68, 65_535),
    ("/interface/ethernet", "mtu", 68, 65_535),
    ("/interface/vlan", "mtu", 68, 65_535),
    ("/interface/wireguard", "mtu", 0, 65_536),
    ("/interface/bridge", "transmit-hold-count", 1, 10),
    ("/interface/bridge", "max-hops", 6, 40),
    ("/interface/bridge", "region-revision", 0, 65_535),
    ("/routing/rule", "min-prefix", 0, 4_294_967_295),
    ("/ip/dns", "cache-size", 64, 4_294_967_295),
    ("/ip/dns", "max-udp-packet-size", 50, 65_507),
    ("/ip/dns/static", "mx-preference", 0, 65_535),
    ("/ip/dns/static", "srv-port", 0, 65_535),
    ("/ip/dns/static", "srv-priority", 0, 65_535),
    ("/ip/dns/static", "srv-weight", 0, 65_535),
    ("/queue/tree", "priority", 1, 8),
];

/// Numbers in whose place a word may stand, such as `auto` or `none`.
const NUMBERS_OR_WORDS: [(&str, &str, u64, u64); 4] = [
    ("/interface/bridge", "mtu", 68, 65_535),
    ("/interface/bridge/port", "path-cost", 1, 200_000_000),
    ("/interface/bridge/port", "internal-path-cost", 1, 200_000_000),
    ("/interface/bridge/port", "horizon", 0, 429_496_729),
];

fn numeric(menu: &str, name: &str) -> Option<Form> {
    let here = |(at, argument, ..): &&(&str, &str, u64, u64)| *argument == name && (at.is_empty() || *at == menu);
    let number = NUMBERS.iter().find(here).map(|&(.., least, most)| Form::Number(least, most));
    number.or_else(|| NUMBERS_OR_WORDS.iter().find(here).map(|&(.., least, most)| Form::NumberOrWord(least, most)))
}
