//! The router's interfaces: which carry packets, and by which one a frame at a bridge's port comes in.
//!
//! Whether a link is there was observed (`running`); the rest follows from the configuration, which may be a planned one.

use std::collections::BTreeMap;

use crate::routeros::model::{Model, Row};

/// What is known of one interface.
#[derive(Debug, Clone, Copy, Default)]
struct Known<'m> {
    kind: &'m str,
    disabled: bool,
    /// As observed; an interface that is only planned is taken to run.
    stopped: bool,
    dynamic: bool,
    /// The interface that a VLAN is on.
    parent: Option<&'m str>,
    /// The bridge that it is a port of.
    bridge: Option<&'m str>,
}

/// All interfaces by name.
#[derive(Debug)]
pub(super) struct Interfaces<'m> {
    model: &'m Model,
    known: BTreeMap<&'m str, Known<'m>>,
}

/// Where a frame goes that came in by a port.
pub(super) enum Entry<'m> {
    /// To this interface of the router.
    By(&'m str),
    /// Nowhere, for this reason.
    Stopped(&'static str),
}

impl<'m> Interfaces<'m> {
    pub(super) fn of(model: &'m Model) -> Self {
        let mut known: BTreeMap<&str, Known> = BTreeMap::new();
        for row in model.rows("/interface") {
            let entry = known.entry(row.get("name")).or_default();
            entry.kind = row.get("type");
            entry.disabled = row.is("disabled");
            entry.stopped = row.find("running").is_some_and(|running| running == "false");
            entry.dynamic = row.is("dynamic");
        }
        // What a menu of its own says is the configuration, also where `/interface` was read before the plan.
        for (menu, kind) in
            [("/interface/bridge", "bridge"), ("/interface/vlan", "vlan"), ("/interface/wireguard", "wg")]
        {
            for row in model.rows(menu) {
                let entry = known.entry(row.get("name")).or_default();
                entry.kind = kind;
                entry.disabled = row.is("disabled");
                if kind == "vlan" {
                    entry.parent = Some(row.get("interface"));
                }
            }
        }
        for row in model.rows("/interface/bridge/port").iter().filter(|row| !row.is("disabled")) {
            if let Some(entry) = known.get_mut(row.get("interface")) {
                entry.bridge = Some(row.get("bridge"));
            }
        }
        Self { model, known }
    }

    /// The name as the model has it, where there is such an interface.
    pub(super) fn named(&self, name: &str) -> Option<&'m str> {
        self.known.get_key_value(name).map(|(name, _)| *name)
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// Whether it is a port of a bridge: rules and addresses on it mean nothing.
    pub(super) fn is_slave(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|known| known.bridge.is_some())
    }

    /// Whether somebody switched it off, or what it is on.
    pub(super) fn is_disabled(&self, name: &str) -> bool {
        self.known.get(name).is_none_or(|known| known.disabled)
    }

    /// Whether packets can leave and come in by it.
    pub(super) fn is_up(&self, name: &str) -> bool {
        // VLANs on VLANs are a few deep; a circle is not up.
        let mut name = name;
        for _ in 0..8 {
            let Some(known) = self.known.get(name) else { return false };
            match known.parent {
                _ if known.disabled => return false,
                Some(parent) => name = parent,
                None => return !known.stopped,
            }
        }
        false
    }

    pub(super) fn is_wireguard(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|known| known.kind == "wg")
    }

    pub(super) fn is_dynamic(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|known| known.dynamic)
    }

    /// Whether a rule's word for an interface means this one: its name, or `all-ethernet` and its like.
    pub(super) fn is_meant(&self, word: &str, name: &str) -> bool {
        let kind = self.known.get(name).map_or("", |known| known.kind);
        match word {
            "all-ethernet" => kind == "ether",
            "all-vlan" => kind == "vlan",
            "all-wireless" => matches!(kind, "wlan" | "wifi" | "wifiwave2" | "cap"),
            "all-ppp" => kind.starts_with("ppp") || kind.starts_with("l2tp") || kind.starts_with("sstp"),
            _ => word == name,
        }
    }

    /// By which interface of the router a frame comes in that a host sent untagged to a port.
    ///
    /// Source: *Bridge VLAN Table*: with VLAN filtering a frame belongs to the port's `pvid`, and reaches the router
    /// where the bridge itself is a member: tagged by the VLAN interface, untagged by the bridge.
    pub(super) fn entry(&self, port: &str) -> Option<Entry<'m>> {
        let row = self
            .model
            .rows("/interface/bridge/port")
            .iter()
            .find(|row| row.get("interface") == port && !row.is("disabled") && self.exists(row.get("bridge")))?;
        let bridge_name = row.get("bridge");
        let Some(bridge) = self.model.rows("/interface/bridge").iter().find(|row| row.get("name") == bridge_name)
        else {
            return Some(Entry::By(bridge_name));
        };
        Some(if !bridge.is("vlan-filtering") {
            Entry::By(bridge_name)
        } else if row.get("frame-types") == "admit-only-vlan-tagged" {
            Entry::Stopped("the port admits tagged frames only")
        } else {
            self.entry_of_vlan(bridge, vlan_id(row.get("pvid")))
        })
    }

    fn entry_of_vlan(&self, bridge: &'m Row, vlan: u16) -> Entry<'m> {
        let name = bridge.get("name");
        let member = |side: &str| {
            self.model.rows("/interface/bridge/vlan").iter().any(|row| {
                row.get("bridge") == name
                    && !row.is("disabled")
                    && !row.is("dynamic")
                    && covers(row.get("vlan-ids"), vlan)
                    && row.get(side).split(',').any(|member| member == name)
            })
        };
        if member("tagged") {
            let on_it = |row: &&Row| row.get("interface") == name && vlan_id(row.get("vlan-id")) == vlan;
            return match self.model.rows("/interface/vlan").iter().find(|row| on_it(row) && !row.is("disabled")) {
                Some(row) => Entry::By(row.get("name")),
                None => Entry::Stopped("the bridge has no interface in the port's VLAN"),
            };
        }
        let untagged = vlan_id(bridge.get("pvid")) == vlan && bridge.get("frame-types") != "admit-only-vlan-tagged";
        if untagged || member("untagged") {
            Entry::By(name)
        } else {
            Entry::Stopped("the bridge is no member of the port's VLAN")
        }
    }
}

/// RouterOS' default for ports, bridges and VLAN interfaces is 1.
fn vlan_id(text: &str) -> u16 {
    text.parse().unwrap_or(1)
}

/// Whether `10,20-29` has it.
fn covers(ids: &str, vlan: u16) -> bool {
    ids.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        matches!((first.parse::<u16>(), last.parse::<u16>()), (Ok(first), Ok(last)) if (first..=last).contains(&vlan))
    })
}
