//! Addresses, prefixes, ranges and MAC addresses, as RouterOS writes them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and a prefix length (`10.0.0.1/8`, `10.0.0.1/255.0.0.0`); without one, the longest.
pub fn parse_prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(longest), |length| length.parse().ok().or_else(|| length_of_mask(length)))?;
    (length <= longest).then_some((address, length))
}

/// `255.255.255.0` as 24.
pub(super) fn length_of_mask(text: &str) -> Option<u8> {
    let bits = text.parse::<Ipv4Addr>().ok()?.to_bits();
    (bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| u8::try_from(bits.leading_ones()).ok()).flatten()
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

/// An address with its prefix, host bits kept.
pub(super) fn host_prefix(value: &str) -> Option<String> {
    parse_prefix(value).map(|(address, length)| format!("{address}/{length}"))
}

/// A network: host bits cleared, its length always written.
pub(super) fn network(value: &str) -> Option<String> {
    parse_prefix(value).map(|(address, length)| format!("{}/{length}", network_of(address, length)))
}

/// What a firewall rule or an address list matches. IPv4 single addresses lose their `/32`, IPv6 ones gain `/128`.
pub(super) fn matcher(menu: &str, value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('!') {
        return matcher(menu, rest).map(|rest| format!("!{rest}"));
    }
    if value.contains('-')
        && let Some(range) = range(value)
    {
        return Some(range);
    }
    let Some((address, length)) = parse_prefix(value) else {
        // An address list may hold a DNS name.
        let name = menu.ends_with("/address-list") && value.contains('.') && !value.contains(['/', ' ']);
        return (name && value.chars().any(|c| c.is_ascii_alphabetic())).then(|| value.to_owned());
    };
    if address.is_ipv4() != menu.starts_with("/ip/") {
        return None;
    }
    let base = network_of(address, length);
    Some(if length == 32 && address.is_ipv4() { base.to_string() } else { format!("{base}/{length}") })
}

/// `10.0.0.1-10.0.0.9`, an address alone or a network; the ends of a range in their order and of one family.
pub(super) fn range(value: &str) -> Option<String> {
    let Some((from, to)) = value.split_once('-') else {
        return parse_prefix(value)
            .map(|(address, _)| if value.contains('/') { value.to_owned() } else { address.to_string() });
    };
    let (from, to) = (from.parse::<IpAddr>().ok()?, to.parse::<IpAddr>().ok()?);
    (from.is_ipv4() == to.is_ipv4() && from <= to).then(|| format!("{from}-{to}"))
}

/// An address where one is wanted. Arguments that the schema calls addresses take names and prefixes too in places, so
/// only what looks like an address has to be one.
pub(super) fn loose(value: &str) -> Option<String> {
    if let Ok(address) = value.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let numeric = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '/'));
    if numeric { host_prefix(value) } else { Some(value.to_owned()) }
}

/// `02:AA:BB:CC:DD:EE` of six pairs of digits with `:`, `-` or `.` between them (schema); nothing for what is none.
pub fn mac(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split([':', '-', '.']).collect();
    let good =
        parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit()));
    good.then(|| parts.join(":").to_ascii_uppercase())
}
