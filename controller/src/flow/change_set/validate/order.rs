//! The order in which items are carried out: what an item waits for comes first, and what makes or alters something
//! before what removes something; beyond that as they were given.

use std::collections::{BTreeMap, BTreeSet};

use shared::change_set::{Item, Resource, RowChange, RowOperation};

use super::{
    Finding,
    finding::{CYCLE, UNKNOWN_ITEM},
    menu::{Target, known, names_of},
};

/// The indices of the items in their order, and what stands in its way. Items of a cycle come last.
pub(super) fn order(items: &[Item]) -> (Vec<usize>, Vec<Finding>) {
    let mut findings = Vec::new();
    let index: BTreeMap<&str, usize> = items.iter().enumerate().map(|(at, item)| (item.id.as_str(), at)).collect();
    let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); items.len()];
    for (at, item) in items.iter().enumerate() {
        for wanted in &item.depends_on {
            match index.get(wanted.as_str()) {
                Some(&other) => {
                    waits[at].insert(other);
                }
                None => findings.push(
                    Finding::new(
                        &UNKNOWN_ITEM,
                        format!("This comes after `{wanted}`, and no item has that id."),
                        "Name the id of another item, or leave it out.",
                    )
                    .of(&item.id)
                    .at("depends_on"),
                ),
            }
        }
    }
    for (at, waited) in implied(items) {
        waits[at].insert(waited);
    }
    let mut sorted = Vec::with_capacity(items.len());
    let mut open: BTreeSet<(bool, usize)> = (0..items.len()).map(|at| (removes(&items[at]), at)).collect();
    while let Some(&next) = open.iter().find(|(_, at)| waits[*at].iter().all(|other| sorted.contains(other))) {
        open.remove(&next);
        sorted.push(next.1);
    }
    let rest: Vec<usize> = open.iter().map(|(_, at)| *at).collect();
    if !rest.is_empty() {
        let ring = ring(&rest, &waits);
        let names: Vec<&str> = ring.iter().map(|at| items[*at].id.as_str()).collect();
        let finding = Finding::new(
            &CYCLE,
            format!("These items wait for each other: {}.", names.join(", ")),
            "Take one of the dependencies away.",
        );
        findings.push(finding.of(&items[ring[0]].id).at("depends_on"));
        sorted.extend(rest);
    }
    (sorted, findings)
}

/// Of items that all wait, those that wait for each other.
fn ring(rest: &[usize], waits: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut seen = Vec::new();
    let mut at = rest[0];
    while !seen.contains(&at) {
        seen.push(at);
        match waits[at].iter().find(|other| rest.contains(other)) {
            Some(&next) => at = next,
            None => return rest.to_vec(),
        }
    }
    let begin = seen.iter().position(|other| *other == at).unwrap_or(0);
    seen.split_off(begin)
}

/// Pairs of an item and the one that it has to wait for by what it is about: who names something comes after who makes
/// it, and who removes something after who stops naming it.
fn implied(items: &[Item]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (at, row) in rows(items) {
        for (other, maker) in rows(items) {
            if other == at {
                continue;
            }
            let makes = maker.operation == RowOperation::Create && row.operation != RowOperation::Delete;
            if makes && name_of(maker).is_some_and(|name| names(row, &maker.menu, name, &row.attributes)) {
                pairs.push((at, other));
            }
            let goes = maker.operation == RowOperation::Delete && row.operation == RowOperation::Delete;
            if goes && name_of(maker).is_some_and(|name| names(row, &maker.menu, name, &row.key)) {
                pairs.push((other, at));
            }
        }
    }
    pairs
}

fn rows(items: &[Item]) -> impl Iterator<Item = (usize, &RowChange)> {
    items.iter().enumerate().filter_map(|(at, item)| match &item.resource {
        Resource::Row(row) => Some((at, row)),
        Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
    })
}

fn removes(item: &Item) -> bool {
    match &item.resource {
        Resource::Row(row) => row.operation == RowOperation::Delete,
        Resource::VifRemove(_) => true,
        Resource::VifCreate(_) | Resource::VifUpdate(_) => false,
    }
}

/// What a row is called by others.
fn name_of(row: &RowChange) -> Option<&str> {
    let wanted = if row.menu.ends_with("/firewall/address-list") { "list" } else { "name" };
    let all = row.attributes.iter().chain(&row.key);
    all.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

/// Whether one of these attributes names the row of that menu and name.
fn names(row: &RowChange, menu: &str, name: &str, attributes: &[(String, String)]) -> bool {
    known(&row.menu).refers.iter().any(|(attribute, target)| {
        points_at(*target, &row.menu, menu)
            && attributes.iter().filter(|(given, _)| given == attribute).any(|(_, value)| mentions(value, name))
    })
}

/// Whether a value that names such things may name a row of a menu.
pub(super) fn points_at(target: Target, from: &str, menu: &str) -> bool {
    match target {
        Target::Interface => names_of(menu) == "/interface",
        Target::List => menu == "/interface/list",
        Target::InterfaceOrList => names_of(menu) == "/interface" || menu == "/interface/list",
        Target::Table => menu == "/routing/table",
        Target::Gateway => names_of(menu) == "/interface" || menu == "/routing/table",
        Target::Chain => false,
        Target::AddressList => {
            menu.ends_with("/firewall/address-list") && menu.starts_with("/ipv6/") == from.starts_with("/ipv6/")
        }
        Target::Named(named) => names_of(menu) == names_of(named),
    }
}

/// Whether a name stands in a comma list whose parts may be negated or follow a `%` or `@`.
pub(super) fn mentions(value: &str, name: &str) -> bool {
    value.split(',').any(|part| bare(part) == name)
}

/// The name in a part of a value: `!list`, `address%interface`.
pub(super) fn bare(part: &str) -> &str {
    let part = part.trim();
    let part = part.strip_prefix('!').unwrap_or(part);
    part.rsplit(['%', '@']).next().unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, menu: &str, operation: RowOperation, attributes: &[(&str, &str)], after: &[&str]) -> Item {
        let pairs: Vec<_> = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (key, attributes) =
            if operation == RowOperation::Delete { (pairs, Vec::new()) } else { (Vec::new(), pairs) };
        let resource = Resource::Row(RowChange {
            menu: menu.to_owned(),
            operation,
            key,
            attributes,
            unset: Vec::new(),
            position: None,
            drift: shared::drift::Policy::Report,
        });
        let depends_on = after.iter().map(|id| (*id).to_owned()).collect();
        Item { id: id.to_owned(), name: String::new(), depends_on, resource }
    }

    fn ids(items: &[Item]) -> Vec<&str> {
        order(items).0.into_iter().map(|at| items[at].id.as_str()).collect()
    }

    #[test]
    fn what_is_named_is_made_first_and_what_names_it_goes_first() {
        use RowOperation::{Create, Delete};
        let items = [
            item("gone-list", "/interface/list", Delete, &[("name", "OLD")], &[]),
            item("gone-member", "/interface/list/member", Delete, &[("list", "OLD"), ("interface", "x")], &[]),
            item("address", "/ip/address", Create, &[("interface", "v10")], &[]),
            item("vlan", "/interface/vlan", Create, &[("name", "v10"), ("interface", "br")], &[]),
            item("bridge", "/interface/bridge", Create, &[("name", "br")], &[]),
        ];
        assert_eq!(ids(&items), ["bridge", "vlan", "address", "gone-member", "gone-list"]);
    }

    #[test]
    fn what_an_item_says_counts_beside_what_it_means() {
        use RowOperation::Create;
        let items = [
            item("a", "/ip/pool", Create, &[("name", "a")], &["b"]),
            item("b", "/ip/pool", Create, &[("name", "b")], &[]),
        ];
        assert_eq!(ids(&items), ["b", "a"]);
        assert!(order(&items).1.is_empty());
    }

    #[test]
    fn a_cycle_names_its_items_and_no_others() {
        use RowOperation::Create;
        let items = [
            item("tail", "/ip/pool", Create, &[("name", "t")], &["a"]),
            item("a", "/ip/pool", Create, &[("name", "a")], &["b"]),
            item("b", "/ip/pool", Create, &[("name", "b"), ("next-pool", "a")], &[]),
        ];
        let (sorted, findings) = order(&items);
        assert_eq!(sorted.len(), 3);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("a, b") || findings[0].message.contains("b, a"));
        assert!(!findings[0].message.contains("tail"));
    }
}
