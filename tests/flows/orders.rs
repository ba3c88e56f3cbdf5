//! Orders that change rows of any menu.

#![allow(clippy::expect_used, reason = "a test that cannot go on says where")]

use bulkhead_twin::{Options, schema};
use shared::{
    change_set::{Attribute, Confirm, Item, Keep, MenuWords, Position, Resource, RowChange, RowOperation},
    drift::Policy,
    ids::ChangeSetId,
    wire::ChangeOrder,
};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU32, Ordering},
};

/// A change of these items that the agent keeps by itself, with what the newest version's schema says of their menus.
///
/// # Panics
/// On a menu that the version does not have.
pub fn order(items: Vec<Item>) -> ChangeOrder {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let menus: BTreeSet<&str> = items.iter().filter_map(menu).collect();
    let menus = menus.into_iter().map(words).collect();
    let id = format!("rows-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let confirm = Confirm { deadline_s: 120, keep: Keep::Agent };
    ChangeOrder { id: ChangeSetId::new(id).expect("an id"), items, menus, confirm }
}

/// The same order, which somebody else has to keep.
#[must_use]
pub fn kept_by(keep: Keep, mut order: ChangeOrder) -> ChangeOrder {
    order.confirm.keep = keep;
    order
}

fn menu(item: &Item) -> Option<&str> {
    match &item.resource {
        Resource::Row(change) => Some(&change.menu),
        Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
    }
}

fn words(menu: &str) -> MenuWords {
    let schema = schema::shipped(&Options::default().routeros_version).expect("a schema");
    schema.words(menu).expect("a menu of that version")
}

/// An item that makes a row; its mark is `bulkhead:row/t/<id>`.
pub fn create(id: &str, menu: &str, attributes: &[(&str, &str)], position: Option<Position>) -> Item {
    let key = vec![("comment".to_owned(), format!("bulkhead:row/t/{id}"))];
    item(id, menu, RowOperation::Create, key, attributes, position)
}

/// An item that alters a row.
pub fn update(
    id: &str,
    menu: &str,
    key: Vec<Attribute>,
    attributes: &[(&str, &str)],
    position: Option<Position>,
) -> Item {
    item(id, menu, RowOperation::Update, key, attributes, position)
}

/// An item that removes a row.
pub fn delete(id: &str, menu: &str, key: Vec<Attribute>) -> Item {
    item(id, menu, RowOperation::Delete, key, &[], None)
}

/// The same item, which also takes a property's value away.
#[must_use]
pub fn unset(mut item: Item, name: &str) -> Item {
    if let Resource::Row(change) = &mut item.resource {
        change.unset.push(name.to_owned());
    }
    item
}

fn item(
    id: &str,
    menu: &str,
    operation: RowOperation,
    key: Vec<Attribute>,
    attributes: &[(&str, &str)],
    position: Option<Position>,
) -> Item {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let change = RowChange {
        menu: menu.to_owned(),
        operation,
        key,
        attributes,
        unset: Vec::new(),
        position,
        drift: Policy::Report,
    };
    Item { id: id.to_owned(), name: String::new(), depends_on: Vec::new(), resource: Resource::Row(change) }
}
