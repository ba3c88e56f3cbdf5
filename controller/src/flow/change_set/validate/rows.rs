//! A router's rows as the stages ask for them.

use std::collections::BTreeSet;

use shared::{
    change_set::Attribute,
    routeros::model::{Model, Row},
};

use super::{
    context::Context,
    menu::{INTERFACES, Target, is_word},
    order::bare,
};

/// A row's value; empty where it has none.
pub(super) fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name)
}

/// Whether a flag of a row is set.
pub(super) fn is(row: &Row, flag: &str) -> bool {
    matches!(text(row, flag), "true" | "yes")
}

/// Whether RouterOS made the row.
pub(super) fn is_dynamic(row: &Row) -> bool {
    is(row, "dynamic") || is(row, "builtin")
}

/// A menu's rows.
pub(super) fn rows<'a>(router: &'a Model, menu: &str) -> &'a [Row] {
    router.rows(menu)
}

/// A menu's rows that are in force.
pub(super) fn enabled<'a>(router: &'a Model, menu: &str) -> impl Iterator<Item = &'a Row> {
    rows(router, menu).iter().filter(|row| !is(row, "disabled"))
}

/// Whether all properties of a key are a row's.
pub(super) fn fits(row: &Row, menu: &str, key: &[Attribute], context: &Context<'_>) -> bool {
    key.iter().all(|(name, value)| {
        let have = text(row, name);
        // A mark is the first word of a comment; the user's own stands behind it.
        let mark = name == "comment" && value.starts_with("bulkhead:") && have.starts_with(&format!("{value} "));
        mark || have == value || context.canonical(menu, name, have) == context.canonical(menu, name, value)
    })
}

/// What tells rows apart that have neither mark nor name.
const SHOWN: [&str; 10] =
    ["chain", "action", "src-address", "dst-address", "address", "interface", "list", "gateway", "dst-port", "host"];

/// A row in words: its mark or name, else its values.
pub(super) fn shown(row: &Row) -> String {
    for name in ["comment", "name"] {
        if !text(row, name).is_empty() {
            return format!("`{}`", text(row, name));
        }
    }
    let values = SHOWN.iter().filter(|name| !text(row, name).is_empty());
    let values: Vec<String> = values.map(|name| format!("{name}={}", text(row, name))).collect();
    if values.is_empty() { format!("the row {}", row.id()) } else { format!("`{}`", values.join(" ")) }
}

/// All interfaces' names.
pub(super) fn interfaces(router: &Model) -> BTreeSet<&str> {
    let menus = std::iter::once("/interface").chain(INTERFACES);
    menus.flat_map(|menu| rows(router, menu)).map(|row| text(row, "name")).filter(|name| !name.is_empty()).collect()
}

/// Whether there is a row of a name.
pub(super) fn is_named(router: &Model, menu: &str, name: &str) -> bool {
    rows(router, menu).iter().any(|row| text(row, "name") == name)
}

/// Whether what a part of a value names is there.
pub(super) fn resolves(router: &Model, menu: &str, attribute: &str, target: Target, part: &str) -> bool {
    let name = bare(part);
    if name.is_empty() || is_word(menu, attribute, name) {
        return true;
    }
    let list = || is_named(router, "/interface/list", name) || matches!(name, "all" | "none" | "dynamic" | "static");
    match target {
        Target::Interface => interfaces(router).contains(name),
        Target::List => list(),
        Target::InterfaceOrList => interfaces(router).contains(name) || list(),
        Target::Table => name == "main" || is_named(router, "/routing/table", name),
        Target::Gateway => {
            name.parse::<std::net::IpAddr>().is_ok()
                || interfaces(router).contains(name)
                || name == "main"
                || is_named(router, "/routing/table", name)
        }
        Target::Chain => rows(router, menu).iter().any(|row| text(row, "chain") == name),
        Target::AddressList => {
            let lists =
                if menu.starts_with("/ipv6/") { "/ipv6/firewall/address-list" } else { "/ip/firewall/address-list" };
            rows(router, lists).iter().any(|row| text(row, "list") == name)
        }
        Target::Named("/interface/bridge" | "/interface/veth" | "/interface/wireguard") => {
            interfaces(router).contains(name)
        }
        Target::Named(named) => is_named(router, named, name),
    }
}
