//! Stage 7: what it comes to: the predicted difference, the number of writes, the risk and its reasons.

use std::collections::BTreeMap;

use shared::{
    change_set::{Attribute, Item, Resource, Verb},
    routeros::model::Row,
};

use super::{
    Finding, MenuDiff, RowDiff,
    context::Context,
    edit::Step,
    finding::{FOREIGN_ROW, MANY_OPERATIONS, NOTHING_CHANGES, Severity, StageName},
    menu::is_interfaces,
    rehearsal::{Rehearsal, concerned},
    rows::{is_dynamic, text},
};
use crate::view::Risk;

/// Writes that one hold of Safe Mode may carry: past 100 entries of history RouterOS keeps everything.
const HOLD: usize = 60;

/// What is reckoned for a write, and for reading, arming, signing in anew and reading back. Routers of the field answer
/// a write in 3 to 35 ms.
const WRITE_MS: u32 = 35;
const AROUND_MS: u32 = 3_000;

/// What the stage finds.
pub(super) fn stage(items: &[Item], rehearsal: &Rehearsal, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rows_only = items.iter().all(|item| matches!(item.resource, Resource::Row(_)));
    let stuck = rehearsal.findings.iter().any(|finding| finding.code.severity == Severity::Failed);
    if rehearsal.steps.is_empty() && rows_only && !stuck {
        let message = "The router is already as this change set wants it.";
        findings.push(Finding::new(&NOTHING_CHANGES, message, "Applying it would write nothing."));
    }
    let mut told = Vec::new();
    for step in rehearsal.steps.iter().filter(|step| is_foreign(step, context)) {
        let Some(row) = step.before.as_ref() else { continue };
        if told.contains(&(&step.menu, row.id())) {
            continue;
        }
        told.push((&step.menu, row.id()));
        let what = match step.verb {
            Verb::Remove => "is removed",
            Verb::Move => "is moved",
            Verb::Add | Verb::Set => "is altered",
        };
        let message = format!("{} of `{}` was not made by Bulkhead and {what}.", concerned(step), step.menu);
        let hint = "Its old values are kept in the journal; `revert` brings them back.";
        findings.push(Finding::new(&FOREIGN_ROW, message, hint).of(&step.item).at("key"));
    }
    if rehearsal.steps.len() > HOLD {
        let message = format!("{} writes are more than the {HOLD} of one hold of Safe Mode.", rehearsal.steps.len());
        findings.push(Finding::new(&MANY_OPERATIONS, message, "It is applied in chunks, each of them safe by itself."));
    }
    findings
}

/// How many writes.
pub(super) fn operations(rehearsal: &Rehearsal) -> u32 {
    u32::try_from(rehearsal.steps.len()).unwrap_or(u32::MAX)
}

/// Milliseconds from the first write to the last look.
pub(super) fn estimate(rehearsal: &Rehearsal) -> u32 {
    AROUND_MS.saturating_add(operations(rehearsal).saturating_mul(WRITE_MS))
}

/// Marked as ours.
pub(super) fn is_ours(row: &Row) -> bool {
    text(row, "comment").starts_with("bulkhead:")
}

fn is_foreign(step: &Step, context: &Context<'_>) -> bool {
    let foreign = step.before.as_ref().is_some_and(|row| !is_ours(row) && !is_dynamic(row));
    foreign && !context.is_single(&step.menu)
}

/// How much it could cost, and why.
pub(super) fn risk(rehearsal: &Rehearsal, findings: &[&Finding], context: &Context<'_>) -> (Risk, Vec<String>) {
    let mut reasons: Vec<String> = findings
        .iter()
        .filter(|finding| finding.code.stage == StageName::Security && finding.code.severity == Severity::Failed)
        .map(|finding| finding.code.meaning.to_owned())
        .collect();
    reasons.extend(rehearsal.steps.iter().filter_map(|step| way_in(step).map(str::to_owned)));
    reasons.sort_unstable();
    reasons.dedup();
    if !reasons.is_empty() {
        return (Risk::High, reasons);
    }
    if rehearsal.steps.iter().any(|step| is_foreign(step, context)) {
        return (Risk::Normal, vec!["Rows that Bulkhead did not make are altered or removed.".to_owned()]);
    }
    if rehearsal.steps.iter().any(|step| context.is_single(&step.menu)) {
        return (Risk::Normal, vec!["Settings of the whole router are altered.".to_owned()]);
    }
    (Risk::Low, Vec::new())
}

/// Why a write could touch the way in to the router.
fn way_in(step: &Step) -> Option<&'static str> {
    let row = step.after.as_ref().or(step.before.as_ref())?;
    let alters = step.verb != Verb::Add;
    match step.menu.as_str() {
        "/ip/firewall/filter" | "/ipv6/firewall/filter" if matches!(text(row, "chain"), "input" | "output") => (alters
            || text(row, "action") != "accept")
            .then_some("Rules of the chains input and output decide who reaches the router."),
        "/ip/firewall/raw" | "/ipv6/firewall/raw" => Some("Raw rules come before every other rule."),
        "/ip/address" | "/ipv6/address" if alters => Some("An address of the router changes or goes."),
        "/ip/route" | "/ipv6/route" if alters => Some("A route changes or goes."),
        "/routing/rule" | "/routing/table" => Some("Routing rules also decide about the router's answers."),
        "/ip/service" => Some("The router's services are altered."),
        "/user" | "/user/group" if alters => Some("Users or their rights are altered."),
        "/interface/bridge/port" | "/interface/bridge/vlan" => Some("Ports and VLANs of a bridge are altered."),
        menu if is_interfaces(menu) && alters => Some("An interface is altered or goes."),
        _ => None,
    }
}

/// The predicted difference, by menus in the order of their first write.
pub(super) fn diff(rehearsal: &Rehearsal) -> Vec<MenuDiff> {
    let mut menus: Vec<MenuDiff> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for step in &rehearsal.steps {
        let Some(row) = step.after.as_ref().or(step.before.as_ref()) else { continue };
        let at = menus.iter().position(|menu| menu.menu == step.menu).unwrap_or_else(|| {
            menus.push(MenuDiff { menu: step.menu.clone(), rows: Vec::new() });
            menus.len() - 1
        });
        let rows = &mut menus[at].rows;
        let place = places.get(&(step.menu.clone(), row.id().to_owned())).copied();
        // Moved after it was altered, or altered again: one row, one line.
        if let Some(line) = place.and_then(|place| rows.get_mut(place)) {
            line.moved |= step.verb == Verb::Move;
            line.after = step.after.as_ref().map(values).unwrap_or_default();
            if step.verb == Verb::Remove {
                line.verb = Verb::Remove;
            }
            continue;
        }
        places.insert((step.menu.clone(), row.id().to_owned()), rows.len());
        rows.push(RowDiff {
            item: step.item.clone(),
            row: concerned(step),
            verb: step.verb,
            moved: step.verb == Verb::Move,
            before: step.before.as_ref().map(values).unwrap_or_default(),
            after: step.after.as_ref().map(values).unwrap_or_default(),
        });
    }
    for line in
        menus.iter_mut().flat_map(|menu| &mut menu.rows).filter(|line| matches!(line.verb, Verb::Set | Verb::Move))
    {
        let (before, after) = (line.before.clone(), line.after.clone());
        line.before.retain(|pair| !after.contains(pair));
        line.after.retain(|pair| !before.contains(pair));
    }
    menus
}

/// What a row says to a person: without what the router counts and flags.
fn values(row: &Row) -> Vec<Attribute> {
    const HIDDEN: [&str; 11] = [
        ".id",
        ".nextid",
        "bytes",
        "packets",
        "dynamic",
        "invalid",
        "running",
        "inactive",
        "actual-interface",
        "password",
        "private-key",
    ];
    let shown = row.properties().filter(|(name, _)| !HIDDEN.contains(name));
    shown.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
