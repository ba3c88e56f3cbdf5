//! Which interfaces run, and which are slaves of a bridge.

use std::collections::{BTreeMap, BTreeSet};

use crate::device::{Device, containers, references::is_dead, row::Row, system::date_time};

/// The `type` that `/interface` shows for a kind.
fn shown_type(kind: &str) -> &str {
    match kind {
        "" => "ether",
        kind => kind,
    }
}

impl Device {
    pub(super) fn derive_interfaces(&mut self) {
        let used: BTreeSet<String> = self
            .store("/container")
            .rows
            .iter()
            .filter(|row| containers::runs(row))
            .flat_map(|row| row.text("interface").split(','))
            .map(str::to_owned)
            .collect();
        let slaves: BTreeSet<String> = self
            .store("/interface/bridge/port")
            .rows
            .iter()
            .filter(|row| !row.is_disabled() && !is_dead(row.text("bridge")))
            .map(|row| row.text("interface").to_owned())
            .collect();
        // A parent may stand after its VLANs, and VLANs may be stacked: settle until nothing changes.
        let mut running: BTreeSet<String> = BTreeSet::new();
        loop {
            let rows = &self.store("/interface").rows;
            let found: BTreeSet<String> =
                rows.iter().filter(|row| self.runs(row, &used, &running)).map(|row| row.name().to_owned()).collect();
            if found == running {
                break;
            }
            running = found;
        }
        let parents: BTreeMap<String, String> = self
            .store("/interface")
            .rows
            .iter()
            .map(|row| (row.name().to_owned(), row.text("mac-address").to_owned()))
            .collect();
        self.tell_links(&running);
        for row in &mut self.store_mut("/interface").rows {
            let is_running = running.contains(row.name());
            row.flag("running", is_running);
            if row.kind != "loopback" && slaves.contains(row.name()) {
                row.flag("slave", true);
            } else {
                row.derived.remove("slave");
            }
            row.derived.insert("type", shown_type(row.kind).to_owned());
            if row.kind == "vlan" {
                let parent = parents.get(row.text("interface"));
                row.derived.insert("mac-address", parent.cloned().unwrap_or_default());
                if is_dead(row.text("interface")) {
                    row.flag("invalid", true);
                } else {
                    row.derived.remove("invalid");
                }
            }
            let mtu = row.get("mtu").filter(|mtu| *mtu != "auto").unwrap_or("1500").to_owned();
            row.derived.insert("actual-mtu", mtu);
        }
    }

    /// An ethernet port whose link has come or gone says so in the log and counts it (CLI reference, `/interface`; the
    /// lines as in logs that people show).
    fn tell_links(&mut self, running: &BTreeSet<String>) {
        let now = date_time(self.epoch + self.now);
        let mut lines = Vec::new();
        for row in self.store_mut("/interface").rows.iter_mut().filter(|row| row.kind == "ether") {
            let up = running.contains(row.name());
            let was = row.derived.get("running").map(|was| was == "true");
            row.derived.entry("link-downs").or_insert_with(|| "0".to_owned());
            if was == Some(up) {
                continue;
            }
            if up {
                row.derived.insert("last-link-up-time", now.clone());
            }
            if was == Some(true) {
                let downs: u64 = row.derived.get("link-downs").and_then(|downs| downs.parse().ok()).unwrap_or(0);
                row.derived.insert("link-downs", (downs + 1).to_string());
                row.derived.insert("last-link-down-time", now.clone());
            }
            if was.is_some() {
                let state = if up { "up (speed 1G, full duplex)" } else { "down" };
                lines.push(format!("{} link {state}", row.name()));
            }
        }
        for line in lines {
            self.log("interface,info", &line);
        }
    }

    fn runs(&self, row: &Row, used: &BTreeSet<String>, running: &BTreeSet<String>) -> bool {
        if row.is_disabled() || self.world.down.contains(row.name()) {
            return false;
        }
        match row.kind {
            "veth" => used.contains(row.name()),
            "vlan" => running.contains(row.text("interface")),
            "ether" => row
                .get("default-name")
                .is_none_or(|name| !matches!(name, "ether6" | "ether7" | "ether8" | "sfp-sfpplus1")),
            _ => true,
        }
    }
}
