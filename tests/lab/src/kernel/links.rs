//! Interfaces, bridges and addresses.
//!
//! A kernel that filters VLANs has bridges, ports and VLAN interfaces as the rows have them ([`Filtering`]). Another one has
//! neither 802.1Q nor VLAN filtering: there a bridge with VLAN filtering becomes one plain bridge for each of its VLAN
//! interfaces, with that VLAN's untagged ports, if the VLAN table lets the VLAN through to the router itself. What is tagged
//! on a port is not carried out there.

use super::{rows::Rows, vlans::Filtering};
use crate::lane;
use anyhow::bail;
use std::collections::{BTreeMap, BTreeSet};

/// What an interface is to the kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Link {
    /// One end of a cable.
    Cable,
    /// A bridge.
    Bridge,
    /// One VLAN of another interface.
    Vlan { of: String, id: String },
    /// The lab makes and ends it.
    Tunnel,
}

/// How the interfaces should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// By name.
    pub(crate) all: BTreeMap<String, Link>,
    /// Port and bridge.
    pub(crate) ports: BTreeMap<String, String>,
    /// Those that are switched off.
    pub(crate) disabled: BTreeSet<String>,
    /// Interface, and address with its length; of both families.
    pub(crate) addresses: BTreeSet<(String, String)>,
    /// What bridges do with VLANs, by a kernel that can.
    pub(crate) filtering: Filtering,
}

/// What the rows ask for.
///
/// # Errors
/// An interface of a kind that is not carried out.
pub(crate) fn wanted(rows: &Rows) -> anyhow::Result<Links> {
    let (mut links, can) = (Links::default(), lane::abilities());
    for row in rows.menu("/interface") {
        let name = row.text("name").to_owned();
        let link = match row.text("type") {
            "ether" | "veth" => Link::Cable,
            "vlan" if can.vlans => {
                let Some(vlan) = rows.menu("/interface/vlan").iter().find(|row| row.text("name") == name) else {
                    continue;
                };
                Link::Vlan { of: vlan.text("interface").to_owned(), id: vlan.text("vlan-id").to_owned() }
            }
            "bridge" | "vlan" => Link::Bridge,
            "wg" => Link::Tunnel,
            "loopback" => continue,
            other => bail!("/interface {name}: the kernel backend does not carry out the type `{other}`"),
        };
        if row.is("disabled") || row.is("invalid") {
            links.disabled.insert(name.clone());
        }
        links.all.insert(name, link);
    }
    let filtering: BTreeSet<&str> = rows
        .menu("/interface/bridge")
        .iter()
        .filter(|row| row.is("vlan-filtering"))
        .map(|row| row.text("name"))
        .collect();
    for port in rows.working("/interface/bridge/port") {
        let (bridge, interface) = (port.text("bridge"), port.text("interface"));
        if filtering.contains(bridge) && !can.vlans {
            let vlan = vlan_of(rows, bridge, port.text("pvid"), interface);
            links.ports.extend(vlan.map(|vlan| (interface.to_owned(), vlan)));
        } else if !bridge.starts_with('*') && !interface.starts_with('*') {
            links.ports.insert(interface.to_owned(), bridge.to_owned());
        }
    }
    // The menus were read one after the other: what came meanwhile is carried out with the next rows.
    let Links { all, ports, .. } = &mut links;
    ports.retain(|port, bridge| all.contains_key(port) && all.contains_key(bridge));
    if can.vlans {
        links.filtering = Filtering::wanted(rows, &filtering, &links.ports)?;
    }
    for (menu, family) in [("/ip/address", ""), ("/ipv6/address", "nodad")] {
        let rows = rows.working(menu).filter(|row| !row.text("interface").starts_with('*'));
        let rows = rows.filter(|row| row.text("interface") != "lo");
        links.addresses.extend(rows.map(|row| (row.text("interface").to_owned(), word(row.text("address"), family))));
    }
    Ok(links)
}

fn word(address: &str, family: &str) -> String {
    format!("{address} {family}").trim().to_owned()
}

/// The VLAN interface to which a port's untagged frames come: where the VLAN table has the VLAN of that port, both for
/// the port and for the router.
fn vlan_of(rows: &Rows, bridge: &str, pvid: &str, port: &str) -> Option<String> {
    let named = |row: &super::rows::Row, which: &str, name: &str| row.text(which).split(',').any(|one| one == name);
    let of_vlan = |row: &&super::rows::Row| row.text("bridge") == bridge && row.text("vlan-ids") == pvid;
    let table: Vec<_> = rows.working("/interface/bridge/vlan").filter(of_vlan).collect();
    let untagged = table.iter().any(|row| named(row, "untagged", port) || named(row, "current-untagged", port));
    let through = table.iter().any(|row| named(row, "tagged", bridge));
    let vlan =
        rows.working("/interface/vlan").find(|row| row.text("interface") == bridge && row.text("vlan-id") == pvid);
    vlan.filter(|_| untagged && through).map(|row| row.text("name").to_owned())
}

/// The lines for `ip -batch` by which what is wanted no more goes.
pub(crate) fn leaving(from: &Links, to: &Links) -> Vec<String> {
    let stays = |name: &String| from.all.get(name) == to.all.get(name);
    let freed = from.ports.keys().filter(|port| !to.ports.contains_key(*port) && stays(port));
    let mut lines: Vec<String> = freed.map(|port| format!("link set {port} nomaster")).collect();
    let off = to.disabled.difference(&from.disabled).filter(|name| stays(name));
    lines.extend(off.map(|name| format!("link set {name} down")));
    for (interface, address) in from.addresses.difference(&to.addresses).filter(|(name, _)| stays(name)) {
        lines.push(format!("addr del {} dev {interface}", address.split(' ').next().unwrap_or_default()));
    }
    let gone = from.all.iter().filter(|(name, link)| **link != Link::Tunnel && to.all.get(*name) != Some(*link));
    let (vlans, others): (Vec<_>, Vec<_>) = gone.partition(|(_, link)| matches!(link, Link::Vlan { .. }));
    lines.extend(vlans.into_iter().chain(others).map(|(name, _)| format!("link del {name}")));
    lines
}

/// The lines by which what is wanted comes.
pub(crate) fn coming(from: &Links, to: &Links) -> Vec<String> {
    let mut lines = Vec::new();
    let fresh = |name: &String| from.all.get(name) != to.all.get(name);
    let mut vlans = Vec::new();
    for (name, link) in to.all.iter().filter(|(name, _)| fresh(name)) {
        match link {
            Link::Cable => lines.push(format!("link add {name} type veth peer name {name}-x")),
            Link::Bridge => {
                // No VLAN is anybody's before the rows say so.
                let none = if lane::abilities().vlans { " vlan_default_pvid 0" } else { "" };
                lines.push(format!(
                    "link add {name} address {} type bridge forward_delay 0 mcast_snooping 0{none}",
                    address(name)
                ));
            }
            Link::Vlan { of, id } => vlans.push(format!("link add link {of} name {name} type vlan id {id}")),
            Link::Tunnel => {}
        }
    }
    lines.extend(vlans);
    lines.extend(joining(from, to).iter().map(|port| format!("link set {port} master {}", to.ports[*port])));
    lines.extend(to.filtering.modes(&from.filtering, &fresh));
    // A VLAN comes up on an interface that is up.
    let (vlans, others): (Vec<_>, Vec<_>) = to.all.iter().partition(|(_, link)| matches!(link, Link::Vlan { .. }));
    for (name, _) in others.into_iter().chain(vlans).filter(|(name, _)| !to.disabled.contains(*name)) {
        if fresh(name) || from.disabled.contains(name) {
            lines.push(format!("link set {name} up"));
        }
    }
    for pair in to.addresses.iter().filter(|(name, _)| to.all.contains_key(name)) {
        if !from.addresses.contains(pair) || fresh(&pair.0) {
            lines.push(format!("addr replace {} dev {}", pair.1, pair.0));
        }
    }
    lines
}

/// Ports that become members of their bridge.
fn joining<'a>(from: &Links, to: &'a Links) -> BTreeSet<&'a String> {
    let fresh = |name: &String| from.all.get(name) != to.all.get(name);
    let anew =
        |(port, bridge): &(&String, &String)| from.ports.get(*port) != Some(*bridge) || fresh(port) || fresh(bridge);
    to.ports.iter().filter(anew).map(|(port, _)| port).collect()
}

/// The lines for `bridge -batch` by which VLANs leave ports that stay.
pub(crate) fn leaving_vlans(from: &Links, to: &Links) -> Vec<String> {
    let joins = joining(from, to);
    let stays = |name: &String| to.all.contains_key(name) && from.all.get(name) == to.all.get(name);
    let on = |name: &String| stays(name) && !joins.contains(name) && from.ports.get(name) == to.ports.get(name);
    from.filtering.leaving(&to.filtering, &on)
}

/// The lines by which they come.
pub(crate) fn coming_vlans(from: &Links, to: &Links) -> Vec<String> {
    let joins = joining(from, to);
    to.filtering.coming(&from.filtering, &|name| joins.contains(name) || from.all.get(name) != to.all.get(name))
}

/// A bridge's own address, made of its name: without one it has that of its first port, and another one before that.
fn address(name: &str) -> String {
    let sum = name.bytes().fold(0x811C_9DC5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [a, b, c, d] = sum.to_be_bytes();
    format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}
