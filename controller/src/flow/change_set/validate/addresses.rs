//! Stage 6: addresses that cannot be meant.
//!
//! Sources: RFC 6890 and its registry (special-purpose addresses), RFC 919 (broadcast), RFC 3021 (a /31 has neither).

use std::net::IpAddr;

use shared::{
    change_set::{Item, Resource, RowChange, RowOperation, Verb},
    routeros::model::{Model, Row},
};

use super::{
    Finding,
    edit::Step,
    finding::{
        ADDRESS_DUPLICATE, ADDRESS_UNUSABLE, BOGON, BROADCAST_ADDRESS, DHCP_GATEWAY_OUTSIDE, GATEWAY_OUTSIDE,
        GATEWAY_OWN, HOST_BITS, MAC_MULTICAST, NETWORK_ADDRESS, POOL_OUTSIDE, PREFIX_MISSING, WRONG_FAMILY,
    },
    menu::{is_firewall, is_interfaces},
    net::{Net, Range},
    rehearsal::Rehearsal,
    rows::{enabled, is, rows, text},
};

/// Addresses that no host has.
const UNUSABLE: [&str; 7] = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "ff00::/8"];

/// Addresses for books, and for hosts that found no others.
const BOGONS: [&str; 7] = [
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "198.18.0.0/15",
    "169.254.0.0/16",
    "2001:db8::/32",
    "fec0::/10",
];

/// What the stage finds.
pub(super) fn stage(items: &[Item], rehearsal: &Rehearsal) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in items {
        let Resource::Row(row) = &item.resource else { continue };
        if row.operation != RowOperation::Delete {
            findings.extend(as_written(row).into_iter().map(|finding| finding.of(&item.id)));
        }
    }
    for step in rehearsal.steps.iter().filter(|step| step.verb != Verb::Move) {
        let Some(row) = step.after.as_ref().filter(|row| !is(row, "disabled")) else { continue };
        let found = in_place(step, row, &rehearsal.after);
        findings.extend(found.into_iter().map(|finding| finding.of(&step.item)));
    }
    findings
}

/// What a value says by itself.
fn as_written(row: &RowChange) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in &row.attributes {
        for part in value.split(',').map(|part| part.trim().trim_start_matches('!')).filter(|part| !part.is_empty()) {
            let found = family(&row.menu, name, part).or_else(|| bits(&row.menu, name, part));
            let found = found.or_else(|| host(&row.menu, name, part)).or_else(|| multicast(&row.menu, name, part));
            findings.extend(found.map(|finding| finding.at(name)));
        }
    }
    findings
}

/// Whether an argument holds addresses of its menu's family only.
fn has_family(menu: &str, name: &str) -> bool {
    match name {
        "src-address" | "dst-address" | "to-addresses" | "pref-src" => is_firewall(menu) || menu.ends_with("/route"),
        "address" => {
            menu.ends_with("/firewall/address-list")
                || matches!(menu, "/ip/address" | "/ipv6/address" | "/ip/dhcp-server/network" | "/ip/dhcp-server/lease")
        }
        "gateway" => menu == "/ip/dhcp-server/network",
        "ranges" => menu == "/ip/pool",
        _ => false,
    }
}

fn family(menu: &str, name: &str, part: &str) -> Option<Finding> {
    let range = Range::parse(part).filter(|_| has_family(menu, name))?;
    let (wanted, have) = (menu.starts_with("/ip/"), range.v4);
    if wanted == have {
        return None;
    }
    let word = |v4: bool| if v4 { "IPv4" } else { "IPv6" };
    let message = format!("`{part}` is {}, and `{menu}` is about {}.", word(have), word(wanted));
    let other = if wanted { "/ipv6/" } else { "/ip/" };
    Some(Finding::new(&WRONG_FAMILY, message, format!("Use the menu under `{other}`, or another address.")))
}

/// Host bits where a network is wanted.
fn bits(menu: &str, name: &str, part: &str) -> Option<Finding> {
    let network = match name {
        "src-address" | "dst-address" => is_firewall(menu) || menu.ends_with("/route") || menu == "/routing/rule",
        "address" => menu.ends_with("/firewall/address-list") || matches!(menu, "/user" | "/ip/service"),
        "allowed-address" => true,
        _ => false,
    };
    let net = Net::parse(part).filter(|_| network && part.contains('/'))?;
    if net.address == net.first() {
        return None;
    }
    let message = format!("`{part}` names a host and a network at once; RouterOS makes {} of it.", net.network());
    Some(Finding::new(&HOST_BITS, message, format!("Write {} or {}.", net.network(), net.address)))
}

/// Addresses of hosts.
fn host(menu: &str, name: &str, part: &str) -> Option<Finding> {
    let hosts = match name {
        "address" => matches!(menu, "/ip/address" | "/ipv6/address" | "/interface/veth" | "/ip/dhcp-server/lease"),
        "gateway" => menu.ends_with("/route") || menu == "/interface/veth" || menu == "/ip/dhcp-server/network",
        "endpoint-address" | "to-addresses" | "pref-src" => true,
        _ => false,
    };
    let net = Net::parse(part.split(['%', '@']).next().unwrap_or(part)).filter(|_| hosts)?;
    let within = |nets: &[&str]| nets.iter().filter_map(|text| Net::parse(text)).any(|of| of.contains(net.address));
    if within(&UNUSABLE) {
        let message = format!("No host can have the address {}.", net.address);
        return Some(Finding::new(&ADDRESS_UNUSABLE, message, "Take an address of one of your networks."));
    }
    if within(&BOGONS) {
        let message = format!("{} is kept for documentation, tests or link-local use.", net.address);
        return Some(Finding::new(&BOGON, message, "Put the real address in its place."));
    }
    if !matches!(menu, "/ip/address" | "/ipv6/address") {
        return None;
    }
    if !part.contains('/') {
        let message = format!("`{part}` has no prefix length: it would be alone in its network.");
        return Some(Finding::new(
            &PREFIX_MISSING,
            message,
            format!("Write {part}/24, or {part}/32 if it is meant so."),
        ));
    }
    let small = if net.address.is_ipv4() { 31 } else { 127 };
    if net.length < small && net.address == net.first() {
        let message = format!("{} is the address of the network itself.", net.address);
        return Some(Finding::new(&NETWORK_ADDRESS, message, "Take one between the first and the last address."));
    }
    if net.length < small && net.address.is_ipv4() && net.address == net.last() {
        let message = format!("{} is the network's broadcast address.", net.address);
        return Some(Finding::new(&BROADCAST_ADDRESS, message, "Take one between the first and the last address."));
    }
    None
}

fn multicast(menu: &str, name: &str, part: &str) -> Option<Finding> {
    if !is_interfaces(menu) || !matches!(name, "mac-address" | "admin-mac") {
        return None;
    }
    let first = u8::from_str_radix(part.get(..2)?, 16).ok()?;
    (first & 1 == 1).then(|| {
        let message = format!("`{part}` is a multicast address.");
        Finding::new(&MAC_MULTICAST, message, "The second digit must be even: 02:… is free for own use.")
    })
}

/// What a value says where it stands.
fn in_place(step: &Step, row: &Row, after: &Model) -> Vec<Finding> {
    let unchanged = |name: &str| step.before.as_ref().is_some_and(|before| text(before, name) == text(row, name));
    match step.menu.as_str() {
        "/ip/address" | "/ipv6/address" if !unchanged("address") => duplicate(step, row, after).into_iter().collect(),
        "/ip/route" | "/ipv6/route" if !unchanged("gateway") => gateways(step, row, after),
        "/ip/pool" => {
            servers(after, "address-pool", text(row, "name")).filter_map(|server| pool(server, row, after)).collect()
        }
        "/ip/dhcp-server" => {
            let named = rows(after, "/ip/pool").iter().find(|pool| text(pool, "name") == text(row, "address-pool"));
            named.and_then(|named| pool(row, named, after)).into_iter().collect()
        }
        "/ip/dhcp-server/network" => handed_out(row).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn duplicate(step: &Step, row: &Row, after: &Model) -> Option<Finding> {
    let own = Net::parse(text(row, "address"))?;
    let other = enabled(after, &step.menu).find(|other| {
        other.id() != row.id() && Net::parse(text(other, "address")).is_some_and(|net| net.address == own.address)
    })?;
    let message = format!("{} is on `{}` already.", own.address, text(other, "interface"));
    Some(Finding::new(&ADDRESS_DUPLICATE, message, "Choose another address, or remove it there.").at("address"))
}

fn gateways(step: &Step, row: &Row, after: &Model) -> Vec<Finding> {
    let addresses = if step.menu == "/ip/route" { "/ip/address" } else { "/ipv6/address" };
    let nets: Vec<(Net, &Row)> = enabled(after, addresses)
        .filter_map(|address| Some((Net::parse(text(address, "address"))?, address)))
        .collect();
    let mut findings = Vec::new();
    for part in text(row, "gateway").split(',') {
        // With an interface or a table the person has said where it is.
        let Ok(gateway) = part.parse::<IpAddr>() else { continue };
        if nets.iter().any(|(net, _)| net.address == gateway) {
            let message = format!("{gateway} is an address of the router itself.");
            findings.push(Finding::new(&GATEWAY_OWN, message, "Name the next router.").at("gateway"));
            continue;
        }
        let on_link = nets.iter().any(|(net, address)| net.contains(gateway) || text(address, "network") == part);
        let link_local = Net::parse("fe80::/10").is_some_and(|net| net.contains(gateway));
        let recursive = enabled(after, &step.menu).any(|route| {
            let net = Net::parse(text(route, "dst-address")).filter(|net| net.length > 0 && route.id() != row.id());
            net.is_some_and(|net| net.contains(gateway))
        });
        if !(on_link || link_local || recursive) {
            let message = format!("{gateway} lies in none of the router's networks.");
            let hint = "Check the address; the route would stay inactive.";
            findings.push(Finding::new(&GATEWAY_OUTSIDE, message, hint).at("gateway"));
        }
    }
    findings
}

fn servers<'a>(router: &'a Model, name: &'a str, value: &'a str) -> impl Iterator<Item = &'a Row> {
    enabled(router, "/ip/dhcp-server").filter(move |server| text(server, name) == value)
}

fn pool(server: &Row, pool: &Row, after: &Model) -> Option<Finding> {
    let nets: Vec<Net> = enabled(after, "/ip/address")
        .filter(|address| text(address, "interface") == text(server, "interface"))
        .filter_map(|address| Net::parse(text(address, "address")))
        .collect();
    let outside = text(pool, "ranges")
        .split(',')
        .find(|range| Range::parse(range).is_some_and(|range| !nets.iter().any(|net| net.range().covers(&range))))?;
    let message = format!(
        "`{outside}` of the pool `{}` lies outside of the networks of `{}`.",
        text(pool, "name"),
        text(server, "interface")
    );
    Some(Finding::new(&POOL_OUTSIDE, message, "Clients with such addresses would reach nobody.").at("ranges"))
}

fn handed_out(row: &Row) -> Option<Finding> {
    let net = Net::parse(text(row, "address"))?;
    let outside = text(row, "gateway")
        .split(',')
        .find(|part| part.parse().is_ok_and(|gateway: IpAddr| !net.contains(gateway)))?;
    let message = format!("Clients of {} would be sent to {outside}, which they cannot reach.", net.network());
    Some(Finding::new(&DHCP_GATEWAY_OUTSIDE, message, "Give the router's address in that network.").at("gateway"))
}
