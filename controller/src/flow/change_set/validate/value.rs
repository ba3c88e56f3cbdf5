//! Values of attributes: whether one is of its kind, and the one form in which it is compared.
//!
//! | kind | taken | compared as |
//! | --- | --- | --- |
//! | boolean | `yes` `no` `true` `false` | `true` `false` |
//! | duration | `90`, `1m30s`, `00:01:30` | `1m30s` |
//! | number | `100`, `0x64` | `100` |
//! | network | `10.1.2.3/8`, `10.0.0.0/255.0.0.0` | `10.0.0.0/8` |
//! | matched address | `!10.0.0.1/32` | `!10.0.0.1` |
//! | ports | `443,80` | `80,443` |
//! | words of a fixed set | `related,established` | `established,related` |

use shared::routeros::{
    schema::{Bounds, Kind},
    value::{bool_word, format_duration, parse_bool, parse_duration},
};

use super::net::{self, Net};

/// Why a value is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is of another kind; this is what is wanted.
    Kind(String),
    /// It lies outside of these bounds.
    Range(String),
    /// It is none of these words.
    Word(Vec<&'static str>),
}

/// An attribute whose value is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    /// Its menu.
    pub(super) menu: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// What the schema knows of its values.
    pub(super) kind: Kind,
    /// The words that the console offers for it.
    pub(super) offered: &'a [&'static str],
}

/// The value as it is compared.
///
/// # Errors
/// [`Wrong`]
pub(super) fn canonical(of: Attribute<'_>, text: &str) -> Result<String, Wrong> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if let Some((least, most)) = bounds(of.menu, of.name) {
        return number_or_word(of, text, least, most);
    }
    if let Some(parsed) = by_form(of, text) {
        return parsed;
    }
    by_kind(of, text)
}

fn by_form(of: Attribute<'_>, text: &str) -> Option<Result<String, Wrong>> {
    let family = if of.menu.starts_with("/ipv6/") { "an IPv6" } else { "an IPv4" };
    let wanted = |what: &str| Wrong::Kind(what.to_owned());
    Some(match (of.menu, of.name) {
        (menu, "src-address" | "dst-address") if super::menu::is_firewall(menu) => {
            net::matcher(text).ok_or_else(|| Wrong::Kind(format!("{family} address, network or range, negated or not")))
        }
        (menu, "address") if menu.ends_with("/firewall/address-list") => net::matcher(text)
            .or_else(|| is_host_name(text).then(|| text.to_owned()))
            .ok_or_else(|| wanted("an address, a network, a range or a DNS name")),
        (_, "src-port" | "dst-port" | "port" | "to-ports") if super::menu::is_firewall(of.menu) => ports(text),
        ("/interface/bridge/vlan", "vlan-ids") => numbers(text, 1, 4094),
        ("/ip/address" | "/ipv6/address" | "/ip/dhcp-server/network", "address") => {
            Net::parse(text).map(Net::with_host).ok_or_else(|| wanted("an address with its prefix length"))
        }
        ("/ip/route" | "/ipv6/route", "dst-address") | ("/routing/rule", "src-address" | "dst-address") => {
            Net::parse(text).map(Net::network).ok_or_else(|| wanted("a network"))
        }
        ("/user" | "/ip/service", "address") | ("/interface/wireguard/peers", "allowed-address") => {
            each(text, |part| Net::parse(part).map(Net::network)).ok_or_else(|| wanted("networks"))
        }
        ("/ip/pool", "ranges") => each(text, net::range).ok_or_else(|| wanted("ranges of addresses")),
        (_, "disabled" | "vlan-filtering" | "blackhole" | "fib" | "hw" | "ingress-filtering") => boolean(text),
        _ => return None,
    })
}

fn by_kind(of: Attribute<'_>, text: &str) -> Result<String, Wrong> {
    let wanted = |what: &str| Wrong::Kind(what.to_owned());
    if is_closed(of.menu, of.name) && !of.offered.is_empty() {
        return words(of.offered, text);
    }
    if of.offered.contains(&text) {
        return Ok(text.to_owned());
    }
    match of.kind {
        Kind::Boolean => boolean(text),
        Kind::Time(_) if is_nothing(text) => Ok(text.to_owned()),
        Kind::Time(bounds) => duration(text, bounds),
        Kind::Text(bounds) => length(text, bounds),
        Kind::Hexadecimal(bounds) if text.bytes().all(|b| b.is_ascii_hexdigit()) => length(text, bounds),
        Kind::Hexadecimal(_) => Err(wanted("hexadecimal digits")),
        Kind::Mac => net::mac(text).ok_or_else(|| wanted("a MAC address such as 02:00:00:00:00:01")),
        Kind::Prefix => each(text, |part| Net::parse(part).map(Net::network)).ok_or_else(|| wanted("networks")),
        Kind::AddressRange => each(text, net::range).ok_or_else(|| wanted("addresses, ranges or networks")),
        // The schema calls some names addresses too, so only what looks like an address has to be one.
        Kind::Address if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'/' | b',')) => {
            each(text, net::range).ok_or_else(|| wanted("an address"))
        }
        Kind::Address | Kind::Words | Kind::Unknown => Ok(text.to_owned()),
    }
}

/// Words that stand where a duration or a number is wanted.
fn is_nothing(text: &str) -> bool {
    matches!(text, "none" | "never" | "auto" | "forever" | "lease-time" | "unlimited" | "none-dynamic" | "none-static")
}

fn boolean(text: &str) -> Result<String, Wrong> {
    parse_bool(text).map(|value| value.to_string()).ok_or_else(|| Wrong::Word(vec!["yes", "no"]))
}

fn duration(text: &str, bounds: Bounds) -> Result<String, Wrong> {
    let wrong = |_| Wrong::Kind("a duration such as 30s, 1h or 00:05:00".to_owned());
    let duration = parse_duration(text).map_err(wrong)?;
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if bounds.hold(millis) {
        return Ok(format_duration(duration));
    }
    let shown = |millis: u64| format_duration(std::time::Duration::from_millis(millis));
    Err(Wrong::Range(match bounds.most {
        u64::MAX => format!("at least {}", shown(bounds.least)),
        most => format!("{} to {}", shown(bounds.least), shown(most)),
    }))
}

fn length(text: &str, bounds: Bounds) -> Result<String, Wrong> {
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if bounds.hold(length) {
        return Ok(text.to_owned());
    }
    Err(Wrong::Range(match bounds.most {
        u64::MAX => format!("at least {} bytes", bounds.least),
        most => format!("{} to {most} bytes", bounds.least),
    }))
}

/// A number in decimal, or in hexadecimal after `0x`.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

fn bounded(text: &str, least: u64, most: u64) -> Result<u64, Wrong> {
    let number = number(text).ok_or_else(|| Wrong::Kind(format!("a number, {least} to {most}")))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(Wrong::Range(format!("{least} to {most}"))) }
}

fn number_or_word(of: Attribute<'_>, text: &str, least: u64, most: u64) -> Result<String, Wrong> {
    if is_nothing(text) || of.offered.contains(&text) {
        return Ok(text.to_owned());
    }
    bounded(text, least, most).map(|number| number.to_string())
}

/// A comma list of numbers and ranges, sorted.
fn numbers(text: &str, least: u64, most: u64) -> Result<String, Wrong> {
    let mut parts = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (bounded(from, least, most)?, bounded(to, least, most)?);
        if from > to {
            return Err(Wrong::Kind(format!("ranges that begin with the smaller number, unlike {part}")));
        }
        parts.push((from, to));
    }
    parts.sort_unstable();
    let shown = |(from, to): (u64, u64)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    Ok(parts.into_iter().map(shown).collect::<Vec<_>>().join(","))
}

fn ports(text: &str) -> Result<String, Wrong> {
    match text.strip_prefix('!') {
        Some(rest) => numbers(rest, 0, 65_535).map(|ports| format!("!{ports}")),
        None => numbers(text, 0, 65_535),
    }
}

/// One or several words of a fixed set, each negated or not, sorted.
fn words(offered: &[&'static str], text: &str) -> Result<String, Wrong> {
    let mut parts = Vec::new();
    for part in text.split(',') {
        let bare = part.strip_prefix('!').unwrap_or(part);
        let spelled = match parse_bool(bare) {
            Some(value) if offered.contains(&"yes") => bool_word(value),
            _ => bare,
        };
        if !offered.contains(&spelled) || spelled == "!" {
            return Err(Wrong::Word(offered.iter().copied().filter(|word| *word != "!").collect()));
        }
        parts.push(if bare.len() < part.len() { format!("!{spelled}") } else { spelled.to_owned() });
    }
    parts.sort_unstable();
    Ok(parts.join(","))
}

fn each(text: &str, one: impl Fn(&str) -> Option<String>) -> Option<String> {
    text.split(',').map(|part| one(part.trim())).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

fn is_host_name(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    letters && text.contains('.') && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Whether the words that the console offers are all there are. Elsewhere they stand beside names and numbers.
fn is_closed(menu: &str, name: &str) -> bool {
    const CLOSED: [&str; 24] = [
        "action",
        "add-default-route",
        "arp",
        "auth-method",
        "check-gateway",
        "connection-nat-state",
        "connection-state",
        "dst-address-type",
        "edge",
        "frame-types",
        "igmp-version",
        "key-size",
        "lacp-mode",
        "loop-protect",
        "multicast-router",
        "packet-type",
        "pfs",
        "point-to-point",
        "protocol-mode",
        "reject-with",
        "rp-filter",
        "src-address-type",
        "tcp-flags",
        "tls-version",
    ];
    // `action=mangle` of routing rules came with 7.22, after the words were gathered.
    CLOSED.contains(&name) && (menu, name) != ("/routing/rule", "action")
}

/// Numbers whose bounds the manual gives.
fn bounds(menu: &str, name: &str) -> Option<(u64, u64)> {
    Some(match (menu, name) {
        ("/interface/vlan", "vlan-id") | ("/interface/bridge" | "/interface/bridge/port", "pvid") => (1, 4094),
        (_, "listen-port" | "endpoint-port") => (0, 65_535),
        ("/ip/service", "port") => (1, 65_535),
        ("/ip/service", "max-sessions") => (1, 1000),
        ("/ip/route" | "/ipv6/route", "distance") | (_, "default-route-distance") => (1, 255),
        ("/ip/route" | "/ipv6/route", "scope" | "target-scope") => (0, 255),
        ("/interface/wireguard", "mtu") => (0, 65_536),
        (menu, "mtu") if super::menu::is_interfaces(menu) => (68, 65_535),
        ("/interface/bridge/port", "path-cost" | "internal-path-cost") => (1, 200_000_000),
        ("/interface/bridge/port", "horizon") => (0, 429_496_729),
        ("/queue/tree", "priority") => (1, 8),
        (menu, "random") if super::menu::is_firewall(menu) => (1, 99),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
