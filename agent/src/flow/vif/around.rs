//! What stands around VIFs on a router: settings and menus that they have nothing in, and that decide whether they hold
//! and whether they work. Read before a change of VIFs, and by nobody else.

use crate::flow::object::{Marked, Menu, Row, Snapshot};
use shared::net::Subnet;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

pub(crate) const BRIDGE_SETTINGS: &str = "/interface/bridge/settings";
pub(crate) const PEERS: &str = "/interface/wireguard/peers";
pub(crate) const TRACKING: &str = "/ip/firewall/connection/tracking";
pub(crate) const POOL: &str = "/ip/pool";
pub(crate) const SERVICE: &str = "/ip/service";
pub(crate) const IP_SETTINGS: &str = "/ip/settings";
pub(crate) const ROUTING_SETTINGS: &str = "/routing/settings";
pub(crate) const MAC_SERVER: &str = "/tool/mac-server";
pub(crate) const MAC_WINBOX: &str = "/tool/mac-server/mac-winbox";
pub(crate) const ROMON: &str = "/tool/romon";

/// The menus and what is read there. Where nothing is named the property is younger than the menu, and all is read.
pub const MENUS: [(&str, &str); 10] = [
    (BRIDGE_SETTINGS, "use-ip-firewall,use-ip-firewall-for-vlan"),
    (PEERS, "interface,allowed-address,disabled"),
    (TRACKING, "enabled"),
    (POOL, "name,ranges"),
    (SERVICE, "name,port,disabled"),
    (IP_SETTINGS, "rp-filter"),
    (ROUTING_SETTINGS, ""),
    (MAC_SERVER, "allowed-interface-list"),
    (MAC_WINBOX, "allowed-interface-list"),
    (ROMON, "enabled"),
];

/// What was read of [`MENUS`]. A menu that a router does not have is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    menus: BTreeMap<String, Vec<Row>>,
}

impl Around {
    /// These menus.
    pub fn new(menus: impl IntoIterator<Item = (String, Vec<Row>)>) -> Self {
        Self { menus: menus.into_iter().collect() }
    }

    pub(crate) fn rows(&self, menu: &str) -> &[Row] {
        self.menus.get(menu).map_or(&[], Vec::as_slice)
    }

    /// A value of a menu of one set of values; empty where it is not known.
    pub(crate) fn setting(&self, menu: &str, name: &str) -> &str {
        self.rows(menu).first().map_or("", |row| row.get(name))
    }

    /// Whether an address of a subnet is in a pool.
    pub(crate) fn pools_overlap(&self, subnet: Subnet) -> bool {
        let (first, last) = ends(subnet);
        let ranges = self.rows(POOL).iter().flat_map(|row| row.get("ranges").split(','));
        ranges.filter_map(range).any(|(from, to)| from <= last && first <= to)
    }
}

/// `10.0.0.1-10.0.0.9`, `10.0.0.1` or `10.0.0.0/24`.
fn range(text: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    if let Some((from, to)) = text.split_once('-') {
        return Some((from.trim().parse().ok()?, to.trim().parse().ok()?));
    }
    text.trim().parse().ok().map(ends)
}

/// The first and the last address.
fn ends(subnet: Subnet) -> (Ipv4Addr, Ipv4Addr) {
    let size = 1_u32.checked_shl(32 - u32::from(subnet.prefix())).unwrap_or(0);
    (subnet.network(), subnet.nth(size.wrapping_sub(1)))
}

/// The interfaces by which anybody's default route leaves.
pub(crate) fn ways_out(router: &Snapshot) -> BTreeSet<String> {
    let defaults = router
        .rows(Menu::IpRoute)
        .iter()
        .filter(|row| matches!(row.get("dst-address"), "" | "0.0.0.0/0") && !row.is_isolation() && !row.is("disabled"));
    defaults.flat_map(|row| row.get("gateway").split(',')).filter_map(|gateway| by(gateway, router)).collect()
}

/// The interface that a gateway is behind.
fn by(gateway: &str, router: &Snapshot) -> Option<String> {
    if let Some((_, interface)) = gateway.split_once('%') {
        return Some(interface.to_owned());
    }
    let Ok(address) = gateway.parse::<Ipv4Addr>() else {
        return (!gateway.is_empty()).then(|| gateway.to_owned());
    };
    let addresses = router.rows(Menu::IpAddress).iter();
    let of = |row: &&Row| row.get("address").parse::<Subnet>().is_ok_and(|subnet| subnet.contains(address));
    addresses.filter(of).map(|row| row.get("interface").to_owned()).next()
}

/// The interfaces of a list, with those of the lists that it includes.
pub(crate) fn members(list: &str, router: &Snapshot) -> BTreeSet<String> {
    let mut lists = vec![list.to_owned()];
    let mut at = 0;
    while let Some(name) = lists.get(at) {
        let row = router.rows(Menu::InterfaceList).iter().find(|row| row.get("name") == name);
        let included: Vec<String> = row.map(|row| words(row.get("include"))).unwrap_or_default();
        for more in included {
            if !lists.contains(&more) {
                lists.push(more);
            }
        }
        at += 1;
    }
    let rows = router.rows(Menu::InterfaceListMember).iter().filter(|row| !row.is("disabled"));
    rows.filter(|row| lists.iter().any(|list| list == row.get("list")))
        .map(|row| row.get("interface").to_owned())
        .collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
