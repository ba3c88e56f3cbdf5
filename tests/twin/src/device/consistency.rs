//! What must hold between the values of a row, and between rows, beyond unique names.

use std::collections::{BTreeMap, BTreeSet};

use shared::routeros::value::RowId;

use super::{Device, form, spec::Spec, trap::Trap};

type Values = BTreeMap<String, String>;

impl Device {
    /// A VLAN of a bridge has one static row, and a port is in it tagged or untagged (both texts seen).
    pub(super) fn check_vlan(&self, attributes: &Values, id: Option<RowId>) -> Result<(), Trap> {
        let text = |name: &str| attributes.get(name).map_or("", String::as_str);
        let members = |name: &str| -> BTreeSet<String> {
            text(name).split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        if !members("tagged").is_disjoint(&members("untagged")) {
            return Err(Trap::failure("interface cannot be in tagged and untagged at the same time"));
        }
        let mut others = self
            .store("/interface/bridge/vlan")
            .rows
            .iter()
            .filter(|row| !row.is_dynamic() && Some(row.id) != id && row.text("bridge") == text("bridge"));
        if others.any(|row| form::overlap(row.text("vlan-ids"), text("vlan-ids"))) {
            return Err(Trap::failure("vlan already added"));
        }
        Ok(())
    }

    /// A list cannot include or exclude itself, over others neither (the text is a guess).
    pub(super) fn check_list(&self, attributes: &Values) -> Result<(), Trap> {
        let parts = |text: &str| text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let named = |values: &Values| {
            ["include", "exclude"].iter().flat_map(|name| parts(values.get(*name).map_or("", String::as_str))).collect()
        };
        let Some(own) = attributes.get("name") else { return Ok(()) };
        let mut waiting: Vec<String> = named(attributes);
        let mut seen = BTreeSet::new();
        while let Some(list) = waiting.pop() {
            if list == *own {
                return Err(Trap::failure("interface list loop"));
            }
            if let Some(row) = self.store("/interface/list").named(&list).filter(|_| seen.insert(list.clone())) {
                waiting.extend(named(&row.attributes));
            }
        }
        Ok(())
    }
}

/// What a firewall rule cannot say (the texts are from memory of devices, not from the manual).
pub(super) fn check_rule(spec: &Spec, attributes: &Values) -> Result<(), Trap> {
    if !spec.path.contains("/firewall/") || !spec.needs.contains(&"chain") {
        return Ok(());
    }
    let has = |name: &str| attributes.contains_key(name);
    let chain = attributes.get("chain").map_or("", String::as_str);
    let protocol = attributes.get("protocol").map_or("", String::as_str);
    if (has("dst-port") || has("src-port") || has("port"))
        && !matches!(protocol, "tcp" | "udp" | "udp-lite" | "dccp" | "sctp" | "6" | "17")
    {
        return Err(Trap::failure("ports can be specified if proto is tcp,udp,udp-lite,dccp,sctp"));
    }
    if matches!(chain, "output" | "postrouting") && (has("in-interface") || has("in-interface-list")) {
        return Err(Trap::failure("incoming interface matching not possible in output and postrouting chains"));
    }
    if matches!(chain, "input" | "prerouting") && (has("out-interface") || has("out-interface-list")) {
        return Err(Trap::failure("outgoing interface matching not possible in input and prerouting chains"));
    }
    Ok(())
}
