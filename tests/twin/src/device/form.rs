//! Values as RouterOS rewrites them when it takes them in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use shared::routeros::{
    schema::Kind,
    value::{format_duration, parse_bool, parse_duration},
};

use super::trap::Trap;
use crate::schema::offered;

/// Arguments whose offered words are all there are; a value may be a comma list of them, each negated or not.
const CLOSED: [&str; 12] = [
    "action",
    "frame-types",
    "protocol-mode",
    "connection-state",
    "connection-nat-state",
    "dst-address-type",
    "src-address-type",
    "reject-with",
    "edge",
    "point-to-point",
    "tls-version",
    "multicast-router",
];

/// The form of one argument of one menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Boolean,
    /// Present with an empty value, or absent.
    Switch,
    Time,
    Number(u64, u64),
    Closed,
    /// An address with its prefix, host bits kept.
    HostPrefix,
    /// A network, host bits cleared, its length always written.
    Network,
    /// A comma list of networks.
    Networks,
    /// What a firewall rule or an address list matches: an address, network or range, negated or not.
    Matcher,
    Mac,
}

/// The value as the device stores it, or nothing where the value says "not set".
///
/// # Errors
/// The trap that RouterOS answers for a value that the argument does not take.
pub fn normalise(menu: &str, name: &str, kind: Kind, value: &str) -> Result<Option<String>, Trap> {
    let form = form_of(menu, name, kind);
    match (form, value) {
        (Form::Switch, "no" | "false") => Ok(None),
        (Form::Switch, _) => Ok(Some(String::new())),
        (_, "") => Ok(None),
        _ => rewrite(form, menu, name, value).map(Some),
    }
}

fn rewrite(form: Form, menu: &str, name: &str, value: &str) -> Result<String, Trap> {
    let invalid = || Trap::InvalidValue(name.to_owned());
    match form {
        Form::Text | Form::Switch => Ok(value.to_owned()),
        Form::Boolean => parse_bool(value).map(|value| value.to_string()).ok_or_else(|| Trap::NoMatch(name.to_owned())),
        Form::Time if matches!(value, "none" | "never" | "auto" | "none-dynamic" | "none-static") => {
            Ok(value.to_owned())
        }
        Form::Time => parse_duration(value).map(format_duration).map_err(|_| invalid()),
        Form::Number(from, to) => {
            let number: u64 = value.parse().map_err(|_| invalid())?;
            let range = Trap::OutOfRange { name: name.to_owned(), from, to };
            if (from..=to).contains(&number) { Ok(number.to_string()) } else { Err(range) }
        }
        Form::Closed => closed(menu, name, value),
        Form::HostPrefix => host_prefix(value).ok_or_else(invalid),
        Form::Network => network(value).ok_or_else(invalid),
        Form::Networks => {
            let parts: Option<Vec<String>> = value.split(',').map(|part| network(part.trim())).collect();
            parts.map(|parts| parts.join(",")).ok_or_else(invalid)
        }
        Form::Matcher => matcher(menu, value).ok_or_else(invalid),
        Form::Mac => mac(value).ok_or_else(|| Trap::Failure(format!("invalid value of {name}, mac address required"))),
    }
}

fn form_of(menu: &str, name: &str, kind: Kind) -> Form {
    let firewall = menu.starts_with("/ip/firewall/") || menu.starts_with("/ipv6/firewall/");
    match (menu, name) {
        (_, "disabled" | "dhcp") => Form::Boolean,
        ("/routing/table", "fib") | ("/ip/route", "blackhole") => Form::Switch,
        (_, "vlan-id" | "pvid") => Form::Number(1, 4094),
        ("/ip/service", "max-sessions") => Form::Number(1, 1000),
        ("/ip/service", "port") | (_, "listen-port") => Form::Number(0, 65535),
        ("/ip/route", "distance") => Form::Number(1, 255),
        ("/ip/address" | "/ipv6/address", "address") => Form::HostPrefix,
        ("/ip/route", "dst-address") | ("/routing/rule", "src-address" | "dst-address") => Form::Network,
        ("/user" | "/ip/service", "address") | ("/interface/wireguard/peers", "allowed-address") => Form::Networks,
        ("/ip/firewall/address-list" | "/ipv6/firewall/address-list", "address") => Form::Matcher,
        (_, "src-address" | "dst-address") if firewall => Form::Matcher,
        (_, "mac-address" | "admin-mac") => Form::Mac,
        _ if CLOSED.contains(&name) && !offered(menu, name).is_empty() => Form::Closed,
        _ => match kind {
            Kind::Boolean => Form::Boolean,
            Kind::Time => Form::Time,
            Kind::Text | Kind::Unknown => Form::Text,
        },
    }
}

fn closed(menu: &str, name: &str, value: &str) -> Result<String, Trap> {
    let words = offered(menu, name);
    let negatable = words.contains(&"!");
    let known = |part: &str| {
        let bare = if negatable { part.strip_prefix('!').unwrap_or(part) } else { part };
        words.contains(&bare)
    };
    if value.split(',').all(known) { Ok(value.to_owned()) } else { Err(Trap::NoMatch(name.to_owned())) }
}

/// An address and a prefix length; without one, the longest.
pub fn parse_prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(longest), |length| length.parse().ok())?;
    (length <= longest).then_some((address, length))
}

/// The network that an address lies in.
pub fn network_of(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

/// Whether `network` (in any form that [`parse_prefix`] reads) holds an address.
pub fn holds(network: &str, address: IpAddr) -> bool {
    parse_prefix(network).is_some_and(|(base, length)| {
        base.is_ipv4() == address.is_ipv4() && network_of(base, length) == network_of(address, length)
    })
}

fn host_prefix(value: &str) -> Option<String> {
    parse_prefix(value).map(|(address, length)| format!("{address}/{length}"))
}

fn network(value: &str) -> Option<String> {
    parse_prefix(value).map(|(address, length)| format!("{}/{length}", network_of(address, length)))
}

/// IPv4 single addresses lose their `/32`, IPv6 ones gain `/128`, as either firewall prints them.
fn matcher(menu: &str, value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('!') {
        return matcher(menu, rest).map(|rest| format!("!{rest}"));
    }
    if let Some((from, to)) = value.split_once('-')
        && let (Ok(from), Ok(to)) = (from.parse::<IpAddr>(), to.parse::<IpAddr>())
    {
        return (from.is_ipv4() == to.is_ipv4() && from <= to).then(|| format!("{from}-{to}"));
    }
    let Some((address, length)) = parse_prefix(value) else {
        // An address list may hold a DNS name.
        let name = menu.ends_with("/address-list") && value.contains('.') && !value.contains('/');
        return (name && value.chars().any(|c| c.is_ascii_alphabetic())).then(|| value.to_owned());
    };
    if address.is_ipv4() != menu.starts_with("/ip/") {
        return None;
    }
    let base = network_of(address, length);
    Some(if length == 32 && address.is_ipv4() { base.to_string() } else { format!("{base}/{length}") })
}

fn mac(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split([':', '-']).collect();
    let good =
        parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit()));
    good.then(|| parts.join(":").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rewritten_as_routeros_prints_them() {
        let cases = [
            ("/interface/vlan", "disabled", "yes", "true"),
            ("/interface/vlan", "vlan-id", "0100", "100"),
            ("/ip/address", "address", "172.16.64.1/30", "172.16.64.1/30"),
            ("/ip/address", "address", "10.0.0.1", "10.0.0.1/32"),
            ("/ip/route", "dst-address", "10.1.2.3/8", "10.0.0.0/8"),
            ("/routing/rule", "src-address", "172.16.64.2", "172.16.64.2/32"),
            ("/ip/firewall/filter", "src-address", "!172.16.64.2/32", "!172.16.64.2"),
            ("/ip/firewall/filter", "dst-address", "1.1.1.1-1.1.1.9", "1.1.1.1-1.1.1.9"),
            ("/ipv6/firewall/address-list", "address", "::1", "::1/128"),
            ("/ip/firewall/address-list", "address", "example.com", "example.com"),
            ("/ip/firewall/filter", "connection-state", "established,related", "established,related"),
            ("/interface/wireguard/peers", "allowed-address", "0.0.0.0/0,10.0.0.2", "0.0.0.0/0,10.0.0.2/32"),
            ("/interface/bridge", "admin-mac", "02-aa-bb-cc-dd-ee", "02:AA:BB:CC:DD:EE"),
            ("/routing/table", "fib", "yes", ""),
        ];
        for (menu, name, value, expected) in cases {
            let found = normalise(menu, name, Kind::Unknown, value);
            assert_eq!(found, Ok(Some(expected.to_owned())), "{menu} {name}={value}");
        }
        assert_eq!(normalise("/x", "ttl", Kind::Time, "00:01:00"), Ok(Some("1m".to_owned())));
        assert_eq!(normalise("/x", "comment", Kind::Text, ""), Ok(None));
        assert_eq!(normalise("/ip/route", "blackhole", Kind::Unknown, "no"), Ok(None));
    }

    #[test]
    fn wrong_values_are_refused_in_routeros_words() {
        let cases = [
            ("/ip/firewall/filter", "action", "explode", "input does not match any value of action"),
            ("/interface/vlan", "vlan-id", "4095", "value of vlan-id is out of range (1 .. 4094)"),
            ("/interface/vlan", "vlan-id", "x", "invalid value for argument vlan-id"),
            ("/ip/address", "address", "10.0.0.300/8", "invalid value for argument address"),
            ("/ip/firewall/filter", "src-address", "2001:db8::1", "invalid value for argument src-address"),
            ("/interface/vlan", "disabled", "maybe", "input does not match any value of disabled"),
        ];
        for (menu, name, value, expected) in cases {
            let found = normalise(menu, name, Kind::Unknown, value).map_err(|trap| trap.to_string());
            assert_eq!(found, Err(expected.to_owned()), "{menu} {name}={value}");
        }
    }
}
