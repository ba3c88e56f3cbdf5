//! What rules of others are about: a rule that takes packets to one address alone is met by no other packet.

use shared::routeros::model::{Model, Row};
use std::{collections::BTreeSet, net::Ipv4Addr};

/// Addresses that are tried at most.
const ADDRESSES: usize = 8;
/// Protocols with ports that are tried at most.
const KINDS: usize = 6;
/// Menus whose rows can lead a packet elsewhere than ours want it.
const LEADING: [&str; 4] = ["/ip/firewall/mangle", "/ip/firewall/nat", "/ip/firewall/raw", "/routing/rule"];

/// Addresses and kinds of packets that some rule asks for.
#[derive(Debug, Default)]
pub(super) struct Aims {
    pub(super) addresses: Vec<Ipv4Addr>,
    pub(super) kinds: Vec<(String, Option<u16>)>,
}

impl Aims {
    pub(super) fn of(model: &Model) -> Self {
        let (mut addresses, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        let foreign = |row: &&Row| !row.get("comment").starts_with("bulkhead:") && !row.is("disabled");
        let lists = model.rows("/ip/firewall/address-list");
        for row in LEADING.iter().flat_map(|menu| model.rows(menu)).filter(foreign) {
            for name in ["src-address", "dst-address"] {
                addresses.extend(first(row.get(name)));
            }
            for name in ["src-address-list", "dst-address-list"] {
                let list = row.get(name).trim_start_matches('!');
                let entry = lists.iter().find(|entry| !list.is_empty() && entry.get("list") == list);
                addresses.extend(entry.and_then(|entry| first(entry.get("address"))));
            }
            kinds.extend(kind(row));
        }
        // A router's table may have a default for each half of the world.
        let routes = model.rows("/ip/route").iter().filter(foreign).filter(|row| !row.is("dynamic"));
        addresses.extend(routes.filter_map(|row| first(row.get("dst-address"))));
        Self {
            addresses: addresses.into_iter().take(ADDRESSES).collect(),
            kinds: kinds.into_iter().take(KINDS).collect(),
        }
    }
}

/// An address that such a matcher takes: of a network its first host.
fn first(text: &str) -> Option<Ipv4Addr> {
    let start = text.trim_start_matches('!').split(['-', ',']).next()?;
    let (address, length) = start.split_once('/').unwrap_or((start, "32"));
    let address: Ipv4Addr = address.parse().ok()?;
    let next = if length == "32" { address } else { Ipv4Addr::from(u32::from(address).wrapping_add(1)) };
    (!next.is_unspecified() && !next.is_loopback()).then_some(next)
}

fn kind(row: &Row) -> Option<(String, Option<u16>)> {
    let protocol = row.get("protocol");
    if protocol.is_empty() || protocol.starts_with('!') {
        return None;
    }
    let port = ["dst-port", "port", "src-port"].into_iter().map(|name| row.get(name)).find(|ports| !ports.is_empty());
    let port = port.and_then(|ports| ports.trim_start_matches('!').split([',', '-']).next()?.parse().ok());
    let has_ports = matches!(protocol, "tcp" | "udp" | "sctp" | "dccp" | "udp-lite");
    Some((protocol.to_owned(), if has_ports { port.or(Some(443)) } else { None }))
}
