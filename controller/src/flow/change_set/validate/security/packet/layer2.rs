//! Which interface a frame reaches that comes in by an interface or by a port of a bridge.
//!
//! On a bridge that filters VLANs an untagged frame belongs to its port's `pvid`, and reaches the router where the bridge
//! itself is a member of that VLAN: tagged, by the VLAN interface; untagged, by the bridge (*Bridge VLAN Table*).

use crate::flow::change_set::validate::{
    menu::INTERFACES,
    model::{Model, Row},
    rows::{enabled, is, rows, text},
    value::number,
};

/// Where a frame ends up.
pub(super) enum Arrival {
    /// At this interface.
    At(String),
    /// Nowhere, for this reason.
    Nowhere(String),
}

/// Whether an interface is there and runs. What `/interface` does not say is taken from the menu of its kind.
pub(super) fn runs(router: &Model, name: &str) -> bool {
    let mut found = false;
    for menu in std::iter::once("/interface").chain(INTERFACES) {
        for row in rows(router, menu).iter().filter(|row| text(row, "name") == name) {
            if is(row, "disabled") || text(row, "running") == "false" {
                return false;
            }
            found = true;
        }
    }
    // A VLAN interface runs where what it stands on does.
    let vlan = rows(router, "/interface/vlan").iter().find(|row| text(row, "name") == name);
    found && vlan.is_none_or(|vlan| text(vlan, "interface") != name && runs(router, text(vlan, "interface")))
}

/// Where an untagged frame ends up.
pub(super) fn arrival(router: &Model, name: &str) -> Arrival {
    let nowhere = |why: &str| Arrival::Nowhere(format!("`{name}` {why}"));
    if !runs(router, name) {
        return nowhere("is disabled, down or gone");
    }
    let Some(port) = enabled(router, "/interface/bridge/port").find(|port| text(port, "interface") == name) else {
        return Arrival::At(name.to_owned());
    };
    let bridge = text(port, "bridge");
    if !runs(router, bridge) {
        return nowhere(&format!("is a port of `{bridge}`, which is disabled, down or gone"));
    }
    let Some(row) = rows(router, "/interface/bridge").iter().find(|row| text(row, "name") == bridge) else {
        return Arrival::At(bridge.to_owned());
    };
    if !is(row, "vlan-filtering") {
        return Arrival::At(bridge.to_owned());
    }
    if text(port, "frame-types") == "admit-only-vlan-tagged" {
        return nowhere("admits tagged frames only");
    }
    let pvid = if text(port, "pvid").is_empty() { "1" } else { text(port, "pvid") };
    let member = |attribute: &str| {
        let vlans = enabled(router, "/interface/bridge/vlan").filter(|vlan| text(vlan, "bridge") == bridge);
        vlans
            .into_iter()
            .any(|vlan| holds(text(vlan, "vlan-ids"), pvid) && text(vlan, attribute).split(',').any(|n| n == bridge))
    };
    if member("tagged") {
        let takes = |vlan: &&Row| text(vlan, "interface") == bridge && text(vlan, "vlan-id") == pvid;
        return match enabled(router, "/interface/vlan").find(takes) {
            Some(vlan) if runs(router, text(vlan, "name")) => Arrival::At(text(vlan, "name").to_owned()),
            Some(vlan) => nowhere(&format!("leads to `{}`, which does not run", text(vlan, "name"))),
            None => nowhere(&format!("carries VLAN {pvid}, and no interface of `{bridge}` takes it")),
        };
    }
    let own = if text(row, "pvid").is_empty() { "1" } else { text(row, "pvid") };
    if member("untagged") || (own == pvid && text(row, "frame-types") != "admit-only-vlan-tagged") {
        return Arrival::At(bridge.to_owned());
    }
    nowhere(&format!("carries VLAN {pvid}, of which `{bridge}` itself is no member"))
}

/// Whether a list of VLAN ids and ranges holds one.
fn holds(list: &str, id: &str) -> bool {
    let Some(id) = number(id) else { return false };
    list.split(',').any(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        matches!((number(from), number(to)), (Some(from), Some(to)) if (from..=to).contains(&id))
    })
}
