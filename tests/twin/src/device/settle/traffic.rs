//! Lets the counters run.
//!
//! A first approximation of what rules count: what an interface takes in or puts out is credited to the first filter
//! rule that matches on that interface and on nothing that ordinary traffic of a service would miss. The packet
//! evaluation of the twin will replace it.

use std::time::Duration;

use shared::routeros::value::RowId;

use crate::device::{Device, meter::Rate, row::Row};

impl Device {
    pub(super) fn run_meters(&mut self, to: Duration) {
        let from = self.now;
        if to <= from {
            return;
        }
        self.now = to;
        let mut credits: Vec<(RowId, u128)> = Vec::new();
        let moving: Vec<(String, bool)> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.meters.iter().any(|meter| meter.rate != Rate::Still))
            .map(|row| (row.name().to_owned(), row.is("running")))
            .collect();
        for (name, running) in moving.iter().filter(|(_, running)| *running) {
            debug_assert!(running);
            let rules = [self.counting_rule("in-interface", name), self.counting_rule("out-interface", name)];
            let Some(row) = self
                .stores
                .get_mut("/interface")
                .and_then(|store| store.rows.iter_mut().find(|row| row.name() == name))
            else {
                continue;
            };
            for (meter, rule) in row.meters.iter_mut().zip(rules) {
                let amount = meter.run(from, to);
                credits.extend(rule.map(|rule| (rule, amount)));
            }
        }
        for (menu, store) in &mut self.stores {
            if !menu.contains("/firewall/") || menu.ends_with("/address-list") || menu.contains("/connection") {
                continue;
            }
            for row in &mut store.rows {
                row.meters[0].run(from, to);
                if menu == "/ip/firewall/filter" {
                    let credit: u128 = credits.iter().filter(|(id, _)| *id == row.id).map(|(_, amount)| amount).sum();
                    row.meters[0].add(credit);
                }
            }
        }
    }

    /// The rule that counts what comes in from, or goes out to, an interface.
    fn counting_rule(&self, side: &str, interface: &str) -> Option<RowId> {
        let other = if side == "in-interface" { "out-interface" } else { "in-interface" };
        let matches = |row: &&Row| {
            let special = ["connection-nat-state", "dst-address-list", "protocol", other]
                .iter()
                .any(|name| row.get(name).is_some());
            let leased = row.get("src-address-list").is_none_or(|list| {
                self.store("/ip/firewall/address-list")
                    .rows
                    .iter()
                    .any(|entry| entry.text("list") == list && !entry.is_disabled())
            });
            row.get(side) == Some(interface) && !row.is_disabled() && !special && leased
        };
        let rules = &self.store("/ip/firewall/filter").rows;
        rules
            .iter()
            .filter(|row| row.text("chain") != "input" && row.text("chain") != "output")
            .find(matches)
            .map(|row| row.id)
    }
}
