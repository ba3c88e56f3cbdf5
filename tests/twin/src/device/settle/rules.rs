//! Firewall rules: which are invalid, and the dummy row that shows what fasttrack counted.

use std::collections::BTreeSet;

use shared::routeros::value::RowId;

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

/// The action that lets connections past the rules.
pub(super) const FASTTRACK: &str = "fasttrack-connection";

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
            self.flag_rows(menu, "invalid", |row| is_invalid(row, |name| slaves.contains(name)));
        }
        self.flag_rows(ROUTING, "inactive", Row::is_disabled);
        self.flag_rows(ROUTING, "invalid", is_routing_invalid);
    }

    /// One rule alone.
    pub(super) fn judge_rule(&mut self, menu: &str, id: RowId) {
        let Some(row) = self.store(menu).row(id) else { return };
        let slave = |name: &str| self.interface(name).is_some_and(|row| row.is("slave"));
        let invalid = if menu == ROUTING { is_routing_invalid(row) } else { is_invalid(row, slave) };
        let Some(row) = self.store_mut(menu).live_mut(id) else { return };
        row.flag("invalid", invalid);
        if menu == ROUTING {
            row.flag("inactive", row.is_disabled());
        }
    }

    /// One dummy row a chain, at the top of its table, while any filter or mangle rule fasttracks.
    pub(super) fn derive_dummies(&mut self) {
        for (family, chains) in [("/ip", &V4[..]), ("/ipv6", &V6[..])] {
            let tracks = |row: &Row| row.text("action") == FASTTRACK && !row.is_disabled();
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
                let dummy = |row: &Row| matches!(&row.origin, Origin::Dynamic(key) if key.starts_with("dummy "));
                let store = self.store_mut(&menu);
                if !store.rows.is_sorted_by_key(|row| !dummy(row)) {
                    store.rows.sort_by_key(|row| !dummy(row));
                    store.swept();
                }
            }
        }
    }
}

/// A rule on a slave's name never matches, nor does one that names something that is gone.
fn is_invalid(row: &Row, slave: impl Fn(&str) -> bool) -> bool {
    let slave = ["in-interface", "out-interface"].iter().any(|name| slave(row.text(name).trim_start_matches('!')));
    let dead = super::names_dead(
        row,
        &["in-interface", "out-interface", "in-interface-list", "out-interface-list", "new-routing-mark"],
    );
    (slave || dead) && !row.is_dynamic()
}

fn is_routing_invalid(row: &Row) -> bool {
    super::names_dead(row, &["table", "routing-mark", "interface"])
}

const ROUTING: &str = "/routing/rule";

type Chains = [(&'static str, &'static [&'static str]); 3];

const V4: Chains =
    [("filter", &["forward"]), ("mangle", &["prerouting", "forward", "postrouting"]), ("raw", &["prerouting"])];
const V6: Chains = V4;
