//! Which interface a frame reaches that comes in by a port.
//!
//! IP sees bridges and VLAN interfaces, never their ports. On a bridge that filters VLANs, an untagged frame belongs to
//! its port's `pvid` and reaches the router only where the bridge itself is a member of that VLAN: tagged, by the VLAN
//! interface of that id; untagged, by the bridge (*Bridge VLAN Table*).

use crate::device::{Device, row::Row};

/// Where a frame ends up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::device) enum Arrival {
    /// At this interface.
    At(String),
    /// Nowhere, for this reason.
    Nowhere(String),
}

impl Device {
    /// The interface that an untagged frame reaches by an interface or a port. Whether either runs is not asked.
    pub(in crate::device) fn arrives_at(&self, name: &str) -> Arrival {
        let ports = &self.store("/interface/bridge/port").rows;
        let Some(port) = ports.iter().find(|row| row.text("interface") == name && !row.is_disabled()) else {
            return Arrival::At(name.to_owned());
        };
        let bridge = port.text("bridge");
        let Some(row) = self.interface(bridge) else {
            return Arrival::Nowhere(format!("`{name}` is a port of a bridge that is gone"));
        };
        if row.get("vlan-filtering") != Some("true") {
            return Arrival::At(bridge.to_owned());
        }
        if port.get("frame-types") == Some("admit-only-vlan-tagged") {
            return Arrival::Nowhere(format!("the port `{name}` admits tagged frames only"));
        }
        let vlan = port.text("pvid");
        if self.is_tagged(bridge, vlan) {
            return self.vlan_interface(bridge, vlan).map_or_else(
                || Arrival::Nowhere(format!("no interface takes VLAN {vlan} of `{bridge}`")),
                |name| Arrival::At(name.to_owned()),
            );
        }
        let own = row.get("pvid") == Some(vlan) && row.get("frame-types") != Some("admit-only-vlan-tagged");
        if own || self.is_untagged(bridge, vlan) {
            return Arrival::At(bridge.to_owned());
        }
        Arrival::Nowhere(format!("the bridge `{bridge}` itself is no member of VLAN {vlan}"))
    }

    fn is_tagged(&self, bridge: &str, vlan: &str) -> bool {
        self.vlan_rows(bridge, vlan).any(|row| row.text("tagged").split(',').any(|name| name == bridge))
    }

    fn is_untagged(&self, bridge: &str, vlan: &str) -> bool {
        self.vlan_rows(bridge, vlan).any(|row| row.text("untagged").split(',').any(|name| name == bridge))
    }

    fn vlan_rows(&self, bridge: &str, vlan: &str) -> impl Iterator<Item = &Row> {
        let rows = self.store("/interface/bridge/vlan").rows.iter();
        rows.filter(move |row| {
            row.text("bridge") == bridge && !row.is_disabled() && has_vlan(row.text("vlan-ids"), vlan)
        })
    }

    fn vlan_interface(&self, bridge: &str, vlan: &str) -> Option<&str> {
        let mut rows = self.store("/interface").rows.iter().filter(|row| row.kind == "vlan" && !row.is_disabled());
        rows.find(|row| row.text("interface") == bridge && row.text("vlan-id") == vlan).map(Row::name)
    }
}

/// Whether a list of VLAN ids and ranges (`10,20-30`) holds one.
fn has_vlan(list: &str, id: &str) -> bool {
    let Ok(id) = id.parse::<u16>() else { return false };
    list.split(',').any(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        matches!((from.parse::<u16>(), to.parse::<u16>()), (Ok(from), Ok(to)) if (from..=to).contains(&id))
    })
}
