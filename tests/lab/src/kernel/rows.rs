//! The router's rows as the kernel needs them, read from the twin at one moment.

use bulkhead_twin::Twin;
use std::collections::BTreeMap;

/// The menus that are carried out.
pub(crate) const MENUS: [&str; 23] = [
    "/interface",
    "/interface/bridge",
    "/interface/bridge/port",
    "/interface/bridge/vlan",
    "/interface/vlan",
    "/interface/veth",
    "/interface/list",
    "/interface/list/member",
    "/ip/address",
    "/ipv6/address",
    "/ip/route",
    "/ipv6/route",
    "/routing/table",
    "/routing/rule",
    "/ip/firewall/address-list",
    "/ip/firewall/raw",
    "/ip/firewall/mangle",
    "/ip/firewall/nat",
    "/ip/firewall/filter",
    "/ipv6/firewall/address-list",
    "/ipv6/firewall/raw",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/filter",
];

/// A row: names and values as a print shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row(pub(crate) BTreeMap<String, String>);

impl Row {
    /// A value; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a flag is set.
    pub(crate) fn is(&self, flag: &str) -> bool {
        matches!(self.text(flag), "true" | "yes")
    }

    /// Whether the row does anything: neither switched off nor naming what is gone.
    pub(crate) fn works(&self) -> bool {
        !self.is("disabled") && !self.is("invalid")
    }
}

/// Rows by menu, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows(pub(crate) BTreeMap<&'static str, Vec<Row>>);

impl Rows {
    /// What the twin has now. Rows of different menus may be a moment apart, as they are on a router under change.
    pub(crate) fn of(twin: &Twin) -> Self {
        let read = |menu: &str| twin.rows(menu).into_iter().map(|row| Row(row.into_iter().collect())).collect();
        Self(MENUS.iter().map(|menu| (*menu, read(menu))).collect())
    }

    /// A menu's rows.
    pub(crate) fn menu(&self, menu: &str) -> &[Row] {
        self.0.get(menu).map_or(&[], Vec::as_slice)
    }

    /// Those that do something.
    pub(crate) fn working(&self, menu: &str) -> impl Iterator<Item = &Row> {
        self.menu(menu).iter().filter(|row| row.works())
    }

    /// The interfaces that are members of a list. `all` and `none` are built in.
    pub(crate) fn members(&self, list: &str) -> Vec<&str> {
        if list == "all" {
            return self.menu("/interface").iter().map(|row| row.text("name")).collect();
        }
        let members = self.working("/interface/list/member").filter(|row| row.text("list") == list);
        members.map(|row| row.text("interface")).filter(|name| !name.starts_with('*')).collect()
    }
}
