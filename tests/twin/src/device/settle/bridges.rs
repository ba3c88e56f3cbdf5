//! Bridge ports and the VLAN table: what is inactive, what the bridge adds for its pvids, who is a member now.

use std::collections::BTreeSet;

use crate::device::{Device, form::overlap, row::Row};

impl Device {
    pub(super) fn derive_bridges(&mut self) {
        let running: BTreeSet<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("running"))
            .map(|row| row.name().to_owned())
            .collect();
        self.flag_rows("/interface/bridge/port", "inactive", |row| {
            row.is_disabled() || !running.contains(row.text("interface"))
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
