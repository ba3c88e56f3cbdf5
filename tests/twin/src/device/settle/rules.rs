//! Firewall rules: which are invalid, and the dummy row that shows what fasttrack counted.

use std::collections::BTreeSet;

use crate::device::{
    Device,
    row::{Origin, Row},
};

/// Comment of the rows that the router puts first once a rule fasttracks connections.
const DUMMY: &str = "special dummy rule to show fasttrack counters";

const TABLES: [&str; 8] = [
    "/ip/firewall/filter",
    "/ip/firewall/nat",
    "/ip/firewall/mangle",
    "/ip/firewall/raw",
    "/ipv6/firewall/filter",
    "/ipv6/firewall/nat",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/raw",
];

impl Device {
    pub(super) fn derive_rules(&mut self) {
        self.derive_dummies();
        let slaves: BTreeSet<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("slave"))
            .map(|row| row.name().to_owned())
            .collect();
        for menu in TABLES {
            self.flag_rows(menu, "invalid", |row| {
                let slave = ["in-interface", "out-interface"]
                    .iter()
                    .any(|name| slaves.contains(row.text(name).trim_start_matches('!')));
                let dead = super::names_dead(
                    row,
                    &["in-interface", "out-interface", "in-interface-list", "out-interface-list", "new-routing-mark"],
                );
                (slave || dead) && !row.is_dynamic()
            });
        }
    }

    /// One dummy row a chain, at the top of its table, while any filter or mangle rule fasttracks.
    fn derive_dummies(&mut self) {
        for (family, chains) in [("/ip", &V4[..]), ("/ipv6", &V6[..])] {
            let tracks = |row: &Row| row.text("action") == "fasttrack-connection" && !row.is_disabled();
            let fast = ["filter", "mangle"]
                .iter()
                .any(|table| self.store(&format!("{family}/firewall/{table}")).rows.iter().any(tracks));
            for (table, chains) in chains {
                let menu = format!("{family}/firewall/{table}");
                let wanted: Vec<_> = chains
                    .iter()
                    .filter(|_| fast)
                    .map(|chain| {
                        (
                            format!("dummy {chain}"),
                            vec![
                                ("chain", (*chain).to_owned()),
                                ("action", "passthrough".to_owned()),
                                ("comment", DUMMY.to_owned()),
                            ],
                        )
                    })
                    .collect();
                self.keep_dynamic(&menu, "dummy ", &wanted);
                // The dummies stand first whatever was put before them.
                self.store_mut(&menu)
                    .rows
                    .sort_by_key(|row| !matches!(&row.origin, Origin::Dynamic(key) if key.starts_with("dummy ")));
            }
        }
    }
}

type Chains = [(&'static str, &'static [&'static str]); 3];

const V4: Chains =
    [("filter", &["forward"]), ("mangle", &["prerouting", "forward", "postrouting"]), ("raw", &["prerouting"])];
const V6: Chains = V4;
