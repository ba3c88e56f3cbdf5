//! Resolvers and published ports: what of a wish can be granted on this router.

use crate::flow::{
    object::{Marked, Menu, Row, Snapshot},
    vif::{
        Vif,
        around::{members, ways_out},
    },
};
use shared::{
    change_set::Refusal,
    net::Subnet,
    vif::{PublishedPort, VifSpec},
};
use std::net::Ipv4Addr;

/// Lists that RouterOS fills itself, with the ways out among the rest.
const BUILT_IN: [&str; 3] = ["all", "dynamic", "static"];

/// Looks at a VIF among all that there will be.
///
/// # Errors
/// A [`Refusal`] with the code and what to do.
pub(super) fn granted(vif: &Vif, after: &[Vif], router: &Snapshot) -> Result<(), Refusal> {
    resolver(&vif.spec, after, router)?;
    for (at, port) in vif.spec.ports.iter().enumerate() {
        let same = |other: &PublishedPort| (other.protocol, other.port) == (port.protocol, port.port);
        let word = format!("{} port {}", port.protocol.as_str(), port.port);
        if port.port == 0 || port.to_port == 0 || vif.spec.ports.iter().skip(at + 1).any(same) {
            let message = format!("`{}` publishes {word} twice, or a port 0", vif.spec.name);
            return Err(Refusal::new("malformed", message, "Name each protocol and port once, from 1 to 65535."));
        }
        let other = after.iter().find(|other| other.spec.id != vif.spec.id && other.spec.ports.iter().any(same));
        if let Some(other) = other {
            let message = format!("the VIF `{}` publishes {word} already", other.spec.name);
            return Err(Refusal::new("port_taken", message, "Choose another port of the router."));
        }
        from(port, after, router)?;
    }
    Ok(())
}

/// Who answers questions of names: somebody else than the router, whose own questions go in the clear.
fn resolver(spec: &VifSpec, after: &[Vif], router: &Snapshot) -> Result<(), Refusal> {
    let Some(address) = spec.resolver else { return Ok(()) };
    let nobody = address.is_unspecified() || address.is_loopback() || address.is_multicast() || address.is_broadcast();
    if nobody || address.is_link_local() {
        let message = format!("{address} is no address of a resolver");
        return Err(Refusal::new("resolver_invalid", message, "Give the address of the tunnel's resolver."));
    }
    let has = |text: &str| text.split('/').next().and_then(|own| own.parse::<Ipv4Addr>().ok()) == Some(address);
    let is_router = router.rows(Menu::IpAddress).iter().any(|row| has(row.get("address")));
    if is_router || after.iter().any(|vif| vif.subnet.contains(address)) {
        let message = format!("{address} is an address of the router or of a VIF");
        let hint = "The router asks in the clear. Give the address of the tunnel's resolver.";
        return Err(Refusal::new("resolver_is_router", message, hint));
    }
    Ok(())
}

/// The list that a port is reached from: one of the router's, with no way out in it.
fn from(port: &PublishedPort, after: &[Vif], router: &Snapshot) -> Result<(), Refusal> {
    let list = port.from.as_str();
    let row = router.rows(Menu::InterfaceList).iter().find(|row| row.get("name") == list);
    if row.is_none_or(Row::is_isolation) {
        let message = format!("the router has no interface list `{list}`, or it is one of Bulkhead's own");
        return Err(Refusal::new(
            "unknown_list",
            message,
            "Choose one of the router's interface lists, such as `LAN`.",
        ));
    }
    let held = members(list, router);
    let ways = ways_out(router);
    let egress = after.iter().map(|vif| vif.spec.egress.interface().as_str());
    let way = egress.chain(ways.iter().map(String::as_str)).find(|way| held.contains(*way));
    if let Some(way) = way.or_else(|| BUILT_IN.contains(&list).then_some("every interface")) {
        let message = format!("`{list}` holds {way}, by which packets leave to the Internet");
        return Err(Refusal::new("published_to_way_out", message, "Choose a list of inner networks alone."));
    }
    Ok(())
}

/// Whether a text that RouterOS lists ports in (`80,8000-8080`) holds a port.
pub(super) fn holds(ports: &str, port: u16) -> bool {
    ports.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        matches!((first.trim().parse::<u16>(), last.trim().parse::<u16>()), (Ok(first), Ok(last)) if (first..=last).contains(&port))
    })
}

/// Whether somebody's default route leaves by an interface.
pub(super) fn leads_out(interface: &str, router: &Snapshot) -> bool {
    ways_out(router).contains(interface)
}

/// Whether the router has an address of its own on an interface.
pub(super) fn has_address(interface: &str, router: &Snapshot) -> bool {
    let mut rows = router.rows(Menu::IpAddress).iter().filter(|row| row.get("interface") == interface);
    rows.any(|row| row.get("address").parse::<Subnet>().is_ok())
}
