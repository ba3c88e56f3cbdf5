//! Routing tables and rules.
//!
//! RouterOS looks a packet up in `local`, then by its routing mark, then by the rules in their order, then in `main`.
//! `lookup-only-in-table` becomes a look-up and, right behind it, an unreachable of the same packets. Every route that
//! could be used is put in with its distance as the metric; which RouterOS keeps in its own tables meanwhile no source says.

use super::rows::{Row, Rows};
use anyhow::bail;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Lines for `ip -batch` behind `route` or `rule`, by family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Routes {
    /// `-4` or `-6`, and what is added.
    pub(crate) routes: BTreeSet<(&'static str, String)>,
    pub(crate) rules: BTreeSet<(&'static str, String)>,
}

/// Numbers of the tables by name; a table keeps its number for the whole run.
#[derive(Debug, Default)]
pub(crate) struct Tables(BTreeMap<String, u32>);

/// Where the numbers of tables begin.
const FIRST: u32 = 1000;
/// The preference of the rules on marks, and of the rules of `/routing/rule`.
const MARKS: u32 = 500;
const USERS: u32 = 1000;

impl Tables {
    /// A table's number, which is its packets' mark too.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if matches!(name, "main" | "") {
            return 254;
        }
        let next = FIRST + u32::try_from(self.0.len()).unwrap_or(0);
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

/// What the rows ask for.
///
/// # Errors
/// A route or rule that is not carried out.
pub(crate) fn wanted(rows: &Rows, tables: &mut Tables) -> anyhow::Result<Routes> {
    let mut routes = Routes::default();
    let names: Vec<&str> = rows.working("/routing/table").map(|row| row.text("name")).collect();
    for name in names.iter().filter(|name| **name != "main") {
        let number = tables.number(name);
        for family in ["-4", "-6"] {
            routes.rules.insert((family, format!("fwmark {number} lookup {number} pref {}", MARKS + number - FIRST)));
        }
    }
    for (menu, family) in [("/ip/route", "-4"), ("/ipv6/route", "-6")] {
        for row in rows.working(menu).filter(|row| !row.is("connect")) {
            let table = row.text("routing-table");
            if table.is_empty() || names.contains(&table) {
                routes.routes.extend(route(rows, row, tables.number(table)).map(|line| (family, line)));
            }
        }
    }
    for (at, row) in rows.menu("/routing/rule").iter().enumerate().filter(|(_, row)| row.works()) {
        let preference = USERS + 2 * u32::try_from(at)?;
        for line in rule(row, tables, preference)? {
            routes.rules.extend(families(row).iter().map(|family| (*family, line.clone())));
        }
    }
    Ok(routes)
}

/// The families that a rule of `/routing/rule` concerns: both where it names no address.
fn families(row: &Row) -> &'static [&'static str] {
    match [row.text("src-address"), row.text("dst-address")] {
        ["", ""] => &["-4", "-6"],
        addresses if addresses.iter().any(|address| address.contains(':')) => &["-6"],
        _ => &["-4"],
    }
}

/// A route, unless its way out is not there or does not run.
fn route(rows: &Rows, row: &Row, table: u32) -> Option<String> {
    let destination = match row.text("dst-address") {
        "" | "0.0.0.0/0" | "::/0" => "default",
        other => other,
    };
    let distance = if row.text("distance").is_empty() { "1" } else { row.text("distance") };
    let end = format!("table {table} metric {distance}");
    if row.0.contains_key("blackhole") && row.text("blackhole") != "false" {
        return Some(format!("blackhole {destination} {end}"));
    }
    let gateway = row.text("gateway");
    let runs = |name: &str| rows.menu("/interface").iter().any(|link| link.text("name") == name && link.is("running"));
    if runs(gateway) {
        return Some(format!("{destination} dev {gateway} {end}"));
    }
    let reached = row.text("immediate-gw").split_once('%').or_else(|| gateway.split_once('%'));
    let (address, interface) = reached.filter(|(_, interface)| runs(interface))?;
    Some(format!("{destination} via {address} dev {interface} onlink {end}"))
}

fn rule(row: &Row, tables: &mut Tables, preference: u32) -> anyhow::Result<Vec<String>> {
    let mut selector = String::new();
    for (name, word) in [("src-address", "from"), ("dst-address", "to"), ("interface", "iif")] {
        if !row.text(name).is_empty() {
            let _ = write!(selector, "{word} {} ", row.text(name));
        }
    }
    if !row.text("routing-mark").is_empty() {
        let _ = write!(selector, "fwmark {} ", tables.number(row.text("routing-mark")));
    }
    let suppressed = match row.text("min-prefix") {
        "" => String::new(),
        length => format!(" suppress_prefixlength {length}"),
    };
    let table = tables.number(row.text("table"));
    let lookup = format!("{selector}lookup {table}{suppressed} pref {preference}");
    let stop = |what: &str| format!("{selector}{what} pref {}", preference + 1);
    Ok(match row.text("action") {
        "lookup" | "" => vec![lookup],
        "lookup-only-in-table" => vec![lookup, stop("unreachable")],
        "drop" => vec![stop("blackhole")],
        "unreachable" => vec![stop("unreachable")],
        other => bail!("/routing/rule {}: the kernel backend does not carry out the action `{other}`", row.text(".id")),
    })
}

/// The lines that lead from one state to the other: what is added first, then what goes.
pub(crate) fn lines(from: &Routes, to: &Routes, family: &str) -> Vec<String> {
    let of = |all: &BTreeSet<(&'static str, String)>, other: &BTreeSet<(&'static str, String)>| {
        all.difference(other).filter(|(of, _)| *of == family).map(|(_, line)| line.clone()).collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    lines.extend(of(&to.rules, &from.rules).iter().map(|line| format!("rule add {line}")));
    lines.extend(of(&to.routes, &from.routes).iter().map(|line| format!("route replace {line}")));
    lines.extend(of(&from.routes, &to.routes).iter().map(|line| format!("route del {line}")));
    lines.extend(of(&from.rules, &to.rules).iter().map(|line| format!("rule del {line}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_addresses_concerns_both_families() {
        let of = |name: &str, value: &str| families(&Row([(name.to_owned(), value.to_owned())].into())).to_vec();
        assert_eq!(of("interface", "bh-v100"), ["-4", "-6"]);
        assert_eq!(of("src-address", "172.16.64.2/32"), ["-4"]);
        assert_eq!(of("dst-address", "2001:db8::/64"), ["-6"]);
    }
}
