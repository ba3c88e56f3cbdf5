//! Rows of others among what is ours: in a VIF's table, in its lists, on its VLAN. They are not ours to remove.

use super::{Fault, Remedy, named};
use crate::flow::{
    object::{Marked, Menu, Row, Snapshot},
    vif::{BRIDGE, Vif, objects::OPEN_LIST},
};
use shared::net::Subnet;

/// Every one of them.
pub(super) fn among(vifs: &[Vif], router: &Snapshot) -> Vec<Fault> {
    let looks: [(Menu, Look); 6] = [
        (Menu::InterfaceListMember, member),
        (Menu::AddressList, lease),
        (Menu::IpRoute, route),
        (Menu::BridgeVlan, vlan_table),
        (Menu::BridgePort, port),
        (Menu::Vlan, interface),
    ];
    let mut faults = Vec::new();
    for (menu, look) in looks {
        for (at, row) in router.rows(menu).iter().enumerate().filter(|(_, row)| !row.is("disabled")) {
            faults.extend(vifs.iter().filter_map(|vif| {
                let what = look(vif, row)?;
                let name = named::row(menu.path(), at, row.get("comment"));
                Some(Fault { vif: Some(vif.spec.id.clone()), text: format!("{name} {what}"), remedy: Remedy::Shut })
            }));
        }
    }
    faults
}

/// What is wrong with a row, if it is somebody else's and concerns this VIF.
type Look = fn(&Vif, &Row) -> Option<String>;

fn member(vif: &Vif, row: &Row) -> Option<String> {
    let list = vif.egress_list();
    let is = row.get("list") == list && !row.is_vif_object() && !row.is("dynamic");
    is.then(|| format!("puts `{}` among the ways out of {}", row.get("interface"), vif.spec.name))
}

/// A lease is dynamic and ours: one that lives for ever holds the gate open without the agent.
fn lease(vif: &Vif, row: &Row) -> Option<String> {
    let holds = || match row.get("address").split_once('-') {
        Some((first, last)) => match (first.parse::<std::net::Ipv4Addr>(), last.parse::<std::net::Ipv4Addr>()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&vif.service_ip()),
            _ => false,
        },
        None => row.get("address").parse().is_ok_and(|net: Subnet| net.contains(vif.service_ip())),
    };
    let ours = || row.is("dynamic") && row.is_vif_object();
    let is = row.get("list") == OPEN_LIST && !ours() && holds();
    is.then(|| format!("holds the gate of {} open without the agent", vif.spec.name))
}

fn route(vif: &Vif, row: &Row) -> Option<String> {
    if row.is_vif_object() {
        return None;
    }
    if [vif.table(), vif.replies_table()].iter().any(|table| row.get("routing-table") == table) {
        return Some(format!("is a route in a table of {}", vif.spec.name));
    }
    // What is connected to the VIF's own interface is RouterOS' own row.
    let other = !row.is("dynamic") && row.get("dst-address").parse().is_ok_and(|net: Subnet| narrow(vif, net));
    other.then(|| format!("leads packets for {} elsewhere", vif.spec.name))
}

fn narrow(vif: &Vif, net: Subnet) -> bool {
    net.prefix() >= vif.subnet.prefix() && net.overlaps(vif.subnet)
}

fn vlan_table(vif: &Vif, row: &Row) -> Option<String> {
    let is = row.get("bridge") == BRIDGE && !row.is_isolation() && !row.is("dynamic") && covers(row, vif);
    is.then(|| {
        let ports = [row.get("tagged"), row.get("untagged")].join(" ");
        format!("lets frames of the VLAN of {} in and out by {}", vif.spec.name, ports.trim())
    })
}

fn covers(row: &Row, vif: &Vif) -> bool {
    row.get("vlan-ids").split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let vlan = vif.vlan_id.get();
        matches!((first.trim().parse::<u16>(), last.trim().parse::<u16>()), (Ok(first), Ok(last)) if (first..=last).contains(&vlan))
    })
}

/// A port that does not look at what comes in takes frames of every VLAN.
fn port(vif: &Vif, row: &Row) -> Option<String> {
    let open = matches!(row.get("ingress-filtering"), "no" | "false");
    let is = row.get("bridge") == BRIDGE && !row.is_isolation() && (open || row.get("pvid") == vif.vlan_id.to_string());
    is.then(|| format!("lets `{}` into the VLAN of {}", row.get("interface"), vif.spec.name))
}

fn interface(vif: &Vif, row: &Row) -> Option<String> {
    let is = row.get("interface") == BRIDGE
        && !row.is_isolation()
        && row.get("vlan-id") == vif.vlan_id.to_string()
        && row.get("name") != vif.interface();
    is.then(|| format!("is another interface in the VLAN of {}", vif.spec.name))
}
