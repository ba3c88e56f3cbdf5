//! Addresses: what holds them, which list they are in, which type they have.

use std::net::{IpAddr, Ipv4Addr};

use super::matcher::Judgement;
use crate::device::{Device, form, row::Row};

/// Whether an address, a network or a range (`from-to`) holds an address.
pub(super) fn holds(text: &str, address: IpAddr) -> bool {
    match text.split_once('-') {
        Some((from, to)) => {
            let bounds = (from.parse::<IpAddr>(), to.parse::<IpAddr>());
            matches!(bounds, (Ok(from), Ok(to))
                if from.is_ipv4() == address.is_ipv4() && from <= address && address <= to)
        }
        None => form::holds(text, address),
    }
}

/// Whether an entry of an address list holds an address. Which addresses a DNS name stands for, the twin does not know.
pub(super) fn is_listed(device: &Device, list: &str, address: IpAddr) -> Judgement {
    let menu = if address.is_ipv4() { "/ip/firewall/address-list" } else { "/ipv6/firewall/address-list" };
    let entries = device.store(menu).rows.iter().filter(|row| row.text("list") == list && !row.is_disabled());
    let mut name = None;
    for entry in entries.map(|row| row.text("address")) {
        if holds(entry, address) {
            return Judgement::Yes;
        }
        if entry.split(['-', '/']).next().is_some_and(|part| part.parse::<IpAddr>().is_err()) {
            name = Some(entry);
        }
    }
    name.map_or(Judgement::No, |name| Judgement::Unknown(name.to_owned()))
}

/// Whether an address is of one of these types: `unicast`, `local`, `broadcast`, `multicast`, `blackhole`.
pub(super) fn is_of_type(device: &Device, types: &str, address: IpAddr) -> bool {
    let found = if is_local(device, address) {
        "local"
    } else if is_broadcast(device, address) {
        "broadcast"
    } else if address.is_multicast() {
        "multicast"
    } else {
        match super::route::fate(device, address) {
            super::route::Fate::Blackhole => "blackhole",
            super::route::Fate::Nowhere if address.is_ipv6() => "unreachable",
            super::route::Fate::Nowhere | super::route::Fate::Somewhere => "unicast",
        }
    };
    types.split(',').any(|wanted| wanted == found)
}

/// Whether an address is the router's own: also while its interface has no link, but not while it is disabled.
pub(super) fn is_local(device: &Device, address: IpAddr) -> bool {
    let own = |row: &&Row| {
        let own = form::parse_prefix(row.text("address")).is_some_and(|(own, _)| own == address);
        own && device.interface(row.text("interface")).is_some_and(|interface| !interface.is_disabled())
    };
    address.is_loopback() || addresses(device, address).any(|row| own(&row))
}

/// The broadcast address of a connected network, or of all of them.
pub(super) fn is_broadcast(device: &Device, address: IpAddr) -> bool {
    let IpAddr::V4(wanted) = address else { return false };
    let last = |row: &Row| {
        let (IpAddr::V4(own), length) = form::parse_prefix(row.text("address"))? else { return None };
        let hosts = u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
        (length < 31).then(|| Ipv4Addr::from_bits(own.to_bits() | hosts))
    };
    wanted.is_broadcast() || addresses(device, address).any(|row| last(row) == Some(wanted))
}

/// The first address of the router on an interface, in the family of another.
pub(super) fn on(device: &Device, interface: &str, like: IpAddr) -> Option<IpAddr> {
    let row = addresses(device, like).find(|row| row.text("interface") == interface)?;
    form::parse_prefix(row.text("address")).map(|(address, _)| address)
}

/// The valid rows of the addresses of a family.
pub(super) fn addresses(device: &Device, like: IpAddr) -> impl Iterator<Item = &Row> {
    let menu = if like.is_ipv4() { "/ip/address" } else { "/ipv6/address" };
    device.store(menu).rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"))
}

/// Whether a WireGuard interface takes packets from or for an address (`allowed-address` of its peers). Every other
/// interface takes all.
pub(super) fn wireguard_allows(device: &Device, interface: &str, address: IpAddr) -> bool {
    if device.interface(interface).is_none_or(|row| row.kind != "wg") {
        return true;
    }
    let peers = device.store("/interface/wireguard/peers").rows.iter();
    let mut here = peers.filter(|row| row.text("interface") == interface && !row.is_disabled());
    here.any(|row| row.text("allowed-address").split(',').any(|network| form::holds(network, address)))
}
