//! Bridge ports and the VLAN table: what is inactive, what the bridge adds for its pvids, who is a member now.

use std::collections::BTreeSet;

use crate::device::{Device, form::overlap, references::is_dead, row::Row, trace::interface::is_member};

impl Device {
    pub(super) fn derive_bridges(&mut self) {
        let running: BTreeSet<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("running"))
            .map(|row| row.name().to_owned())
            .collect();
        let lists: BTreeSet<String> =
            self.store("/interface/list").rows.iter().map(|row| row.name().to_owned()).collect();
        self.flag_rows("/interface/bridge/port", "inactive", |row| {
            let name = row.text("interface");
            row.is_disabled() || is_dead(row.text("bridge")) || !(running.contains(name) || lists.contains(name))
        });
        self.derive_pvid_rows();
        let ports: Vec<(String, String, String)> = self
            .store("/interface/bridge/port")
            .rows
            .iter()
            .filter(|row| !row.is("inactive"))
            .map(|row| (row.text("bridge").to_owned(), row.text("interface").to_owned(), row.text("pvid").to_owned()))
            .collect();
        let Some(store) = self.stores.get_mut("/interface/bridge/vlan") else { return };
        for row in &mut store.rows {
            let bridge = row.text("bridge").to_owned();
            let here = |name: &str| name == bridge || ports.iter().any(|(on, port, _)| *on == bridge && port == name);
            let members = |row: &Row, list: &str| -> Vec<String> {
                row.text(list).split(',').filter(|name| here(name) && !row.is_disabled()).map(str::to_owned).collect()
            };
            let (tagged, mut untagged) = (members(row, "tagged"), members(row, "untagged"));
            for (on, port, pvid) in &ports {
                if *on == bridge
                    && overlap(row.text("vlan-ids"), pvid)
                    && !untagged.contains(port)
                    && !tagged.contains(port)
                {
                    untagged.push(port.clone());
                }
            }
            row.derived.insert("current-tagged", tagged.join(","));
            row.derived.insert("current-untagged", untagged.join(","));
        }
    }

    /// A port that names an interface list has a row of the router's own for each member.
    pub(super) fn derive_list_ports(&mut self) {
        let ports = &self.store("/interface/bridge/port").rows;
        let written: BTreeSet<&str> =
            ports.iter().filter(|row| !row.is_dynamic()).map(|row| row.text("interface")).collect();
        let mut wanted = Vec::new();
        for port in ports.iter().filter(|row| !row.is_dynamic() && !row.is_disabled()) {
            let (bridge, list) = (port.text("bridge"), port.text("interface"));
            if self.store("/interface/list").named(list).is_none() || self.interface(list).is_some() {
                continue;
            }
            let members = self
                .store("/interface")
                .rows
                .iter()
                .map(Row::name)
                .filter(|name| *name != bridge && !written.contains(name) && is_member(self, list, Some(name)));
            for name in members {
                let taken = ["bridge", "pvid", "frame-types", "ingress-filtering", "horizon"];
                let mut values: Vec<(&str, String)> =
                    taken.into_iter().map(|value| (value, port.text(value).to_owned())).collect();
                values.push(("interface", name.to_owned()));
                wanted.push((format!("list {name}"), values));
            }
        }
        self.keep_dynamic("/interface/bridge/port", "list ", &wanted);
    }

    /// A bridge that filters VLANs has a row for each pvid that nobody wrote down.
    fn derive_pvid_rows(&mut self) {
        let filtering: Vec<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.kind == "bridge" && row.get("vlan-filtering") == Some("true") && !row.is_disabled())
            .map(|row| row.name().to_owned())
            .collect();
        let mut wanted = Vec::new();
        for bridge in filtering {
            let own = self
                .interface(&bridge)
                .filter(|row| row.get("frame-types") != Some("admit-only-vlan-tagged"))
                .map(|row| row.text("pvid").to_owned());
            let ports = &self.store("/interface/bridge/port").rows;
            let ports = ports.iter().filter(|row| {
                row.text("bridge") == bridge
                    && !row.is("inactive")
                    && row.get("frame-types") != Some("admit-only-vlan-tagged")
            });
            let pvids: BTreeSet<String> = ports.map(|row| row.text("pvid").to_owned()).chain(own).collect();
            let table = &self.store("/interface/bridge/vlan").rows;
            for pvid in pvids {
                let written = table.iter().any(|row| {
                    !row.is_dynamic()
                        && !row.is_disabled()
                        && row.text("bridge") == bridge
                        && overlap(row.text("vlan-ids"), &pvid)
                });
                if !written {
                    wanted.push((
                        format!("pvid {bridge} {pvid}"),
                        vec![("bridge", bridge.clone()), ("vlan-ids", pvid), ("comment", "added by pvid".to_owned())],
                    ));
                }
            }
        }
        self.keep_dynamic("/interface/bridge/vlan", "pvid ", &wanted);
    }
}
