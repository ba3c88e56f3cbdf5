//! Stage 3: is there what the items name, and does nothing that stays name what goes?

use shared::{
    change_set::{Item, Resource, Verb},
    routeros::model::Model,
    routeros::value::RowId,
    vif::VifSpec,
};

use super::{
    Finding,
    context::Context,
    edit::Step,
    finding::{
        Code, STILL_REFERENCED, UNKNOWN_ADDRESS_LIST, UNKNOWN_CHAIN, UNKNOWN_INTERFACE, UNKNOWN_INTERFACE_LIST,
        UNKNOWN_REFERENCE, UNKNOWN_ROUTING_TABLE, UNKNOWN_VIF,
    },
    menu::{Target, known, referring},
    order::{bare, points_at},
    rehearsal::Rehearsal,
    rows::{is_dynamic, is_named, resolves, rows, shown, text},
};

/// What the stage finds, beside what order and rehearsal have found.
pub(super) fn stage(items: &[Item], rehearsal: &Rehearsal, context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rehearsal.steps.iter().flat_map(|step| names(step, &rehearsal.after)).collect();
    findings.extend(items.iter().filter_map(|item| vif(item, rehearsal, context)));
    findings.extend(rehearsal.steps.iter().filter_map(|step| left_behind(step, &rehearsal.after)));
    findings
}

/// What a written row names and the router will not have.
fn names(step: &Step, after: &Model) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(row) = step.after.as_ref().filter(|_| step.verb != Verb::Move) else { return findings };
    for (attribute, target) in known(&step.menu).refers {
        let value = text(row, attribute);
        let unchanged = step.before.as_ref().is_some_and(|before| text(before, attribute) == value);
        if value.is_empty() || unchanged {
            continue;
        }
        for part in value.split(',').filter(|part| !resolves(after, &step.menu, attribute, *target, part)) {
            if *target == Target::Chain && matches!(part, "input" | "forward" | "output" | "prerouting" | "postrouting")
            {
                continue;
            }
            let (code, what): (&'static Code, &str) = match target {
                Target::Interface | Target::Gateway => (&UNKNOWN_INTERFACE, "interface"),
                Target::List | Target::InterfaceOrList => (&UNKNOWN_INTERFACE_LIST, "interface list"),
                Target::Table => (&UNKNOWN_ROUTING_TABLE, "routing table"),
                Target::Chain => (&UNKNOWN_CHAIN, "chain"),
                Target::AddressList => (&UNKNOWN_ADDRESS_LIST, "address list"),
                Target::Named(menu) => (&UNKNOWN_REFERENCE, menu.trim_start_matches('/')),
            };
            let message = format!("The router has no {what} `{}`.", bare(part));
            let hint =
                format!("Choose one that is there, or make it in this change set. It has: {}.", some(after, *target));
            findings.push(Finding::new(code, message, hint).of(&step.item).at(attribute));
        }
    }
    findings
}

/// The first names of what could have been meant.
fn some(router: &Model, target: Target) -> String {
    let names: Vec<&str> = match target {
        Target::Interface | Target::Gateway => super::rows::interfaces(router).into_iter().collect(),
        Target::List | Target::InterfaceOrList => named(router, "/interface/list", "name"),
        Target::Table => named(router, "/routing/table", "name"),
        Target::AddressList => named(router, "/ip/firewall/address-list", "list"),
        Target::Named(menu) => named(router, menu, "name"),
        Target::Chain => Vec::new(),
    };
    let shown: Vec<&str> = names.iter().copied().take(8).collect();
    match (shown.is_empty(), names.len() > 8) {
        (true, _) => "none yet".to_owned(),
        (false, more) => format!("{}{}", shown.join(", "), if more { ", …" } else { "" }),
    }
}

fn named<'a>(router: &'a Model, menu: &str, name: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = rows(router, menu).iter().map(|row| text(row, name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Rows that stay and name what a step takes away.
fn left_behind(step: &Step, after: &Model) -> Option<Finding> {
    let gone = step.before.as_ref().filter(|_| step.verb == Verb::Remove)?;
    let name = match step.menu.as_str() {
        "/ip/firewall/address-list" | "/ipv6/firewall/address-list" => return None,
        _ => text(gone, "name"),
    };
    if name.is_empty() || name.parse::<RowId>().is_ok() || is_named(after, &step.menu, name) {
        return None;
    }
    let mut left = Vec::new();
    for (path, menu) in referring() {
        for (attribute, _) in menu.refers.iter().filter(|(_, target)| points_at(*target, path, &step.menu)) {
            let naming = rows(after, path)
                .iter()
                .filter(|row| !is_dynamic(row))
                .filter(|row| text(row, attribute).split(',').any(|part| bare(part) == name));
            left.extend(naming.map(|row| format!("{path} {}", shown(row))));
        }
    }
    let first = left.first()?;
    let more = if left.len() > 1 { format!(" and {} more", left.len() - 1) } else { String::new() };
    let message = format!("`{name}` is still named by {first}{more}.");
    let hint = "Remove or alter those too; they would be left invalid.";
    Some(Finding::new(&STILL_REFERENCED, message, hint).of(&step.item).at("key"))
}

/// VIFs by their ids, and their ways out.
fn vif(item: &Item, rehearsal: &Rehearsal, context: &Context<'_>) -> Option<Finding> {
    match &item.resource {
        Resource::VifRemove(id) | Resource::VifUpdate(VifSpec { id, .. })
            if !context.vifs.iter().any(|vif| vif.id == id.as_str()) =>
        {
            let message = format!("The router has no VIF `{id}`.");
            Some(Finding::new(&UNKNOWN_VIF, message, "Look at the list of VIFs.").of(&item.id).at("key"))
        }
        Resource::VifCreate(spec) | Resource::VifUpdate(spec) => {
            let egress = spec.egress.interface().as_str();
            if resolves(&rehearsal.after, "/ip/route", "interface", Target::Interface, egress) {
                return None;
            }
            let message = format!("The router has no interface `{egress}`.");
            let hint = format!("Choose one that is there: {}.", some(&rehearsal.after, Target::Interface));
            Some(Finding::new(&UNKNOWN_INTERFACE, message, hint).of(&item.id).at("egress.interface"))
        }
        Resource::VifRemove(_) | Resource::Row(_) => None,
    }
}
