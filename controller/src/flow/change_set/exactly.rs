//! `ensure = "exactly"`: what is asked for is all that there is to be of an owner's rows, in the order of the items.

use super::asked::mark;
use serde::{Deserialize, Serialize};
use shared::{
    change_set::{Item, MenuWords, Position, Resource, RowChange, RowOperation},
    routeros::model::Model,
};
use std::collections::{BTreeMap, BTreeSet};

/// Whose rows, and where they may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exactly {
    /// The owner in the rows' marks.
    pub owner: String,
    /// Menus in which it had rows before, or that the request names, beside those of the items.
    pub menus: BTreeSet<String>,
}

/// What the ids of items begin with that nobody wrote down; no id of a request has a slash.
pub(super) const GONE: &str = "gone/";

impl Exactly {
    /// Gives each row that is made in an ordered menu, and of which nobody said where it stands, its place behind the one
    /// before it.
    pub fn arrange(items: &mut [Item], menus: &[MenuWords]) {
        let mut last: BTreeMap<String, RowChange> = BTreeMap::new();
        for item in items {
            let Resource::Row(row) = &mut item.resource else { continue };
            let ordered = menus.iter().any(|words| words.path == row.menu && words.ordered);
            if row.operation != RowOperation::Create || !ordered {
                continue;
            }
            if let (None, Some(before)) = (&row.position, last.get(&row.menu)) {
                row.position = Some(Position::After(before.key.clone()));
            }
            last.insert(row.menu.clone(), row.clone());
        }
    }

    /// The items without what earlier looks at the router added to them.
    pub fn asked(items: &mut Vec<Item>) {
        items.retain(|item| !item.id.starts_with(GONE));
    }

    /// What removes the owner's rows that no item asks for.
    pub fn gone(&self, items: &[Item], router: &Model) -> Vec<Item> {
        let wanted: BTreeSet<(&str, &str)> = items
            .iter()
            .filter_map(|item| match &item.resource {
                Resource::Row(row) => Some(row),
                Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
            })
            .flat_map(|row| row.key.iter().map(|(_, value)| (row.menu.as_str(), first_word(value))))
            .collect();
        let ours = mark(&self.owner, "");
        let menus = items.iter().filter_map(menu).chain(self.menus.iter().map(String::as_str));
        let menus: BTreeSet<&str> = menus.collect();
        let mut gone = Vec::new();
        for menu in menus {
            let marks = router.rows(menu).iter().filter(|row| row.get("dynamic") != "true");
            let marks: BTreeSet<&str> = marks.map(|row| first_word(row.get("comment"))).collect();
            let left = marks.into_iter().filter(|mark| mark.starts_with(&ours) && !wanted.contains(&(menu, *mark)));
            gone.extend(left.map(|mark| removal(menu, mark, mark.strip_prefix(&ours).unwrap_or(mark))));
        }
        gone
    }
}

fn menu(item: &Item) -> Option<&str> {
    match &item.resource {
        Resource::Row(row) => Some(&row.menu),
        Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn removal(menu: &str, mark: &str, name: &str) -> Item {
    let row = RowChange {
        menu: menu.to_owned(),
        operation: RowOperation::Delete,
        key: vec![("comment".to_owned(), mark.to_owned())],
        attributes: Vec::new(),
        unset: Vec::new(),
        position: None,
        drift: shared::drift::Policy::Report,
    };
    Item {
        id: format!("{GONE}{name}{menu}"),
        name: format!("{name} is not asked for any more"),
        depends_on: Vec::new(),
        resource: Resource::Row(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::change_set::asked;
    use shared::routeros::model::Row;

    const FILTER: &str = "/ip/firewall/filter";

    fn items(text: &str) -> Vec<Item> {
        asked::items(&serde_json::from_str::<Vec<_>>(text).expect("items"), "house").expect("items")
    }

    fn exactly(menus: &[&str]) -> Exactly {
        Exactly { owner: "house".to_owned(), menus: menus.iter().map(|menu| (*menu).to_owned()).collect() }
    }

    fn commented(comments: &[&str]) -> Vec<Row> {
        comments.iter().map(|comment| Row::new([("comment", *comment)])).collect()
    }

    #[test]
    fn what_carries_the_owners_mark_and_is_not_asked_for_goes_and_nothing_else() {
        let router = Model::new([
            (
                FILTER,
                commented(&[
                    "bulkhead:row/house/a mine",
                    "bulkhead:row/house/old note",
                    "bulkhead:row/houses/x",
                    "bulkhead:vif/house/drop",
                    "house",
                    "",
                ]),
            ),
            ("/ip/pool", commented(&["bulkhead:row/house/a"])),
            ("/ip/route", commented(&["bulkhead:row/house/r"])),
        ]);
        let wanted = items(
            r#"[{"id": "a", "resource": "/ip/firewall/filter", "operation": "create"},
                {"id": "k", "resource": "/ip/dns", "operation": "update", "attributes": {"servers": "9.9.9.9"}}]"#,
        );
        let told = |exactly: &Exactly, wanted: &[Item]| -> Vec<String> {
            let line = |item: &Item| match &item.resource {
                Resource::Row(row) => format!("{} {} {}", item.id, row.menu, row.key[0].1),
                Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => String::new(),
            };
            exactly.gone(wanted, &router).iter().map(line).collect()
        };
        assert_eq!(
            told(&exactly(&[]), &wanted),
            ["gone/old/ip/firewall/filter /ip/firewall/filter bulkhead:row/house/old"]
        );
        // A row that is asked for in another menu is not asked for in this one.
        assert_eq!(
            told(&exactly(&["/ip/pool"]), &wanted),
            [
                "gone/old/ip/firewall/filter /ip/firewall/filter bulkhead:row/house/old",
                "gone/a/ip/pool /ip/pool bulkhead:row/house/a"
            ]
        );
        assert_eq!(told(&exactly(&["/ip/route"]), &[]), ["gone/r/ip/route /ip/route bulkhead:row/house/r"]);
    }

    #[test]
    fn rows_that_are_made_stand_in_the_order_of_their_items() {
        let mut wanted = items(
            r#"[{"id": "a", "resource": "/ip/firewall/filter", "operation": "create", "position": "first"},
                {"id": "l", "resource": "/ip/pool", "operation": "create"},
                {"id": "b", "resource": "/ip/firewall/filter", "operation": "create"},
                {"id": "u", "resource": "/ip/firewall/filter", "operation": "update", "key": {"comment": "x"}},
                {"id": "c", "resource": "/ip/firewall/filter", "operation": "create"},
                {"id": "m", "resource": "/ip/pool", "operation": "create"}]"#,
        );
        let words = |path: &str, ordered| MenuWords {
            path: path.to_owned(),
            writable: Vec::new(),
            ordered,
            single: false,
            unset: false,
        };
        Exactly::arrange(&mut wanted, &[words(FILTER, true), words("/ip/pool", false)]);
        let after = |name: &str| Some(Position::After(vec![("comment".to_owned(), mark("house", name))]));
        let places: Vec<Option<Position>> = wanted
            .iter()
            .map(|item| match &item.resource {
                Resource::Row(row) => row.position.clone(),
                Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
            })
            .collect();
        assert_eq!(places, [Some(Position::First), None, after("a"), None, after("b"), None]);
    }
}
