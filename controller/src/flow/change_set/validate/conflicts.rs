//! Stage 2: what is there already, compared by meaning and not by text.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    change_set::Verb,
    routeros::model::{Model, Row},
};

use super::{
    Finding,
    context::Context,
    edit::Step,
    finding::{
        DUPLICATE_ROW, ENTRY_TAKEN, ITEMS_CONTRADICT, NAME_TAKEN, PORT_TAKEN, ROUTE_COMPETES, SUBNET_OVERLAP,
        VLAN_TAKEN,
    },
    menu::{INTERFACES, is_firewall, is_interfaces, known},
    net::Net,
    rehearsal::Rehearsal,
    rows::{enabled, is, is_dynamic, rows, shown, text},
    shadow,
};

/// What the stage finds, beside what the rehearsal has found to be there already.
pub(super) fn stage(rehearsal: &Rehearsal, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = contradictions(rehearsal);
    for step in &rehearsal.steps {
        let Some(row) = step.after.as_ref() else { continue };
        let mut found = Vec::new();
        if step.verb != Verb::Move {
            found.extend(taken(step, row, &rehearsal.after));
            found.extend(duplicate(step, row, &rehearsal.after, context));
            found.extend(numbers(step, row, &rehearsal.after));
        }
        if is_firewall(&step.menu) {
            found.extend(shadow::found(&step.menu, row, &rehearsal.after, context));
        }
        findings.extend(found.into_iter().map(|finding| finding.of(&step.item)));
    }
    findings
}

/// Two items that write the same row.
fn contradictions(rehearsal: &Rehearsal) -> Vec<Finding> {
    let mut writers: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for step in &rehearsal.steps {
        if let Some(row) = step.before.as_ref().or(step.after.as_ref()) {
            writers.entry((&step.menu, row.id())).or_default().insert(&step.item);
        }
    }
    let doubled = writers.into_iter().filter(|(_, items)| items.len() > 1);
    doubled
        .filter_map(|((menu, _), items)| {
            let names: Vec<&str> = items.iter().copied().collect();
            let message = format!("The items {} are about the same row of `{menu}`.", names.join(", "));
            Some(Finding::new(&ITEMS_CONTRADICT, message, "Put them together.").of(names.last()?).at("key"))
        })
        .collect()
}

/// Names, and whatever else RouterOS takes once only.
fn taken(step: &Step, row: &Row, after: &Model) -> Vec<Finding> {
    let unchanged = |name: &str| step.before.as_ref().is_some_and(|before| text(before, name) == text(row, name));
    let name = text(row, "name");
    let menus: Vec<&str> = if is_interfaces(&step.menu) {
        std::iter::once("/interface").chain(INTERFACES).collect()
    } else {
        vec![step.menu.as_str()]
    };
    let unique = known(&step.menu).unique;
    let named = is_interfaces(&step.menu) || unique.contains(&"name");
    let mut findings = Vec::new();
    if named && !name.is_empty() && !unchanged("name") {
        let others = menus.iter().flat_map(|menu| rows(after, menu));
        if others.into_iter().any(|other| other.id() != row.id() && text(other, "name") == name) {
            let message = format!("`{name}` is in use already.");
            findings.push(Finding::new(&NAME_TAKEN, message, "Choose another name.").at("name"));
        }
    }
    let entry: Vec<&str> = unique.iter().copied().filter(|attribute| *attribute != "name").collect();
    if !entry.is_empty() && !entry.iter().all(|attribute| unchanged(attribute)) {
        let same = |other: &&Row| {
            other.id() != row.id()
                && !is_dynamic(other)
                && entry.iter().all(|name| text(other, name) == text(row, name))
        };
        if let Some(other) = rows(after, &step.menu).iter().find(same) {
            let message = format!("`{}` has {} with the same {}.", step.menu, shown(other), entry.join(" and "));
            let hint = "Alter that row instead of making another.";
            findings.push(Finding::new(&ENTRY_TAKEN, message, hint).at(entry[entry.len() - 1]));
        }
    }
    findings
}

/// A row that does the same.
fn duplicate(step: &Step, row: &Row, after: &Model, context: &Context<'_>) -> Option<Finding> {
    if step.verb != Verb::Add || !(is_firewall(&step.menu) || LISTED.contains(&step.menu.as_str())) {
        return None;
    }
    let meant = meaning(&step.menu, row, context);
    let other = rows(after, &step.menu)
        .iter()
        .find(|other| other.id() != row.id() && !is_dynamic(other) && meaning(&step.menu, other, context) == meant)?;
    let message = format!("{} means the same.", shown(other));
    Some(Finding::new(&DUPLICATE_ROW, message, "Leave this one out, or alter that one.").at("key"))
}

/// Menus beside the firewall's in which RouterOS itself takes a row twice.
const LISTED: [&str; 4] = ["/ip/route", "/ipv6/route", "/routing/rule", "/interface/bridge/vlan"];

/// What a row means: what can be written of it, without what says nothing.
fn meaning(menu: &str, row: &Row, context: &Context<'_>) -> BTreeMap<String, String> {
    let arguments = context.schema.command(&format!("{menu}/add"));
    let default = |name: &str| known(menu).defaults.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let written = row.properties().filter(|(name, _)| {
        arguments.is_some_and(|arguments| arguments.contains_key(*name))
            && !matches!(*name, "comment" | "log" | "log-prefix")
    });
    written
        .map(|(name, value)| (name.to_owned(), context.canonical(menu, name, value)))
        .filter(|(name, value)| {
            !value.is_empty()
                && default(name) != Some(value)
                && (name.as_str(), value.as_str()) != ("disabled", "false")
        })
        .collect()
}

/// Subnets, VLAN ids, ports and distances.
fn numbers(step: &Step, row: &Row, after: &Model) -> Option<Finding> {
    if is(row, "disabled") {
        return None;
    }
    let others = |menu: &'static str| enabled(after, menu).filter(|other| other.id() != row.id());
    let same = |other: &Row, name: &str| !text(row, name).is_empty() && text(other, name) == text(row, name);
    match step.menu.as_str() {
        "/ip/address" | "/ipv6/address" => overlap(step, row, after),
        "/interface/vlan" => {
            let other = others("/interface/vlan").find(|o| same(o, "interface") && same(o, "vlan-id"))?;
            let message = format!("VLAN {} of `{}` is {}.", text(row, "vlan-id"), text(row, "interface"), shown(other));
            Some(Finding::new(&VLAN_TAKEN, message, "Choose another id, or another interface.").at("vlan-id"))
        }
        "/ip/service" => {
            let other = others("/ip/service").find(|o| !is_dynamic(o) && same(o, "port"))?;
            let message = format!("`{}` listens on port {}.", text(other, "name"), text(row, "port"));
            Some(Finding::new(&PORT_TAKEN, message, "Choose another port.").at("port"))
        }
        "/interface/wireguard" => {
            let other = others("/interface/wireguard").find(|o| same(o, "listen-port"))?;
            let message = format!("`{}` listens on port {}.", text(other, "name"), text(row, "listen-port"));
            Some(Finding::new(&PORT_TAKEN, message, "Choose another listen-port.").at("listen-port"))
        }
        "/ip/route" | "/ipv6/route" => {
            let menu: &'static str = if step.menu == "/ip/route" { "/ip/route" } else { "/ipv6/route" };
            let table = |row: &Row| {
                if text(row, "routing-table").is_empty() {
                    "main".to_owned()
                } else {
                    text(row, "routing-table").to_owned()
                }
            };
            let other = others(menu).find(|o| {
                same(o, "dst-address")
                    && same(o, "distance")
                    && table(o) == table(row)
                    && text(o, "gateway") != text(row, "gateway")
            })?;
            let message = format!("{} leads to {} with the same distance.", shown(other), text(row, "dst-address"));
            let hint = "Give them different distances, unless packets are to be spread over both.";
            Some(Finding::new(&ROUTE_COMPETES, message, hint).at("distance"))
        }
        _ => None,
    }
}

/// Overlapping networks on different interfaces: the router would answer one of them by the wrong way.
fn overlap(step: &Step, row: &Row, after: &Model) -> Option<Finding> {
    let net = Net::parse(text(row, "address"))?;
    let moved = step.before.as_ref().is_none_or(|before| {
        text(before, "address") != text(row, "address") || text(before, "interface") != text(row, "interface")
    });
    if !moved {
        return None;
    }
    let other = enabled(after, &step.menu).find(|other| {
        other.id() != row.id()
            && text(other, "interface") != text(row, "interface")
            && Net::parse(text(other, "address"))
                .is_some_and(|theirs| theirs.address != net.address && theirs.overlaps(net))
    })?;
    let message =
        format!("{} overlaps {} on `{}`.", text(row, "address"), text(other, "address"), text(other, "interface"));
    Some(Finding::new(&SUBNET_OVERLAP, message, "Choose a subnet that nothing else uses.").at("address"))
}
