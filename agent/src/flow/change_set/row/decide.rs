//! From what items ask of rows to rows at both ends, on a router as it was read.

use super::{
    Content, End, Reading, RowPair,
    order::{Order, Slot},
    secret::Known,
};
use crate::flow::{
    keyed::{Keyed, has},
    object::{MARK, Marked, Row},
};
use shared::change_set::{Attribute, Item, MenuWords, Position, Refusal, Resource, RowChange, RowOperation};
use std::collections::{BTreeMap, BTreeSet};

/// A menu while its items are gone through.
struct Menu<'a> {
    words: &'a MenuWords,
    rows: Keyed<'a>,
    before: Order,
    after: Order,
    /// Which rows are those of which items.
    items: BTreeMap<Slot, String>,
    /// Rows that are there and that items of this change make without a word of their place: such a row went to the end
    /// when it was made, below what had been put last by an item before.
    appended: BTreeSet<usize>,
}

/// An item's pair without its places, and where its row is in the order.
struct Decided<'a> {
    pair: RowPair,
    slot: Slot,
    change: &'a RowChange,
    /// The row as the change makes it, for keys of later items; nothing where it is there already.
    made: Option<Row>,
}

/// The rows of a change at both ends. A row that is to go and is gone already is in none.
///
/// # Errors
/// A [`Refusal`] that names the item: a menu without words, a row that is not there, not one or not to be touched.
pub fn decide(items: &[Item], words: &[MenuWords], reading: &Reading, known: &Known) -> Result<Vec<RowPair>, Refusal> {
    let mut menus: BTreeMap<&str, Menu<'_>> = BTreeMap::new();
    let mut decided: Vec<Decided<'_>> = Vec::new();
    for item in items {
        let Resource::Row(change) = &item.resource else { continue };
        if !menus.contains_key(change.menu.as_str()) {
            let mut menu = Menu::new(items, item, change, words, reading)?;
            menu.appended = items.iter().filter_map(|item| menu.appended(item)).collect();
            menus.insert(&change.menu, menu);
        }
        let Some(menu) = menus.get_mut(change.menu.as_str()) else { continue };
        if let Some(one) = menu.take(item, change, &decided, known)? {
            decided.push(one);
        }
    }
    Ok(decided
        .into_iter()
        .map(|mut one| {
            if let Some(menu) = menus.get(one.change.menu.as_str()).filter(|menu| menu.words.ordered) {
                let place = |order: &Order| order.place(&one.slot, menu.rows.rows(), &menu.items, menu.words);
                let wanted = one.change.position.is_some() && one.change.operation != RowOperation::Delete;
                set_place(&mut one.pair.after, wanted.then(|| place(&menu.after)));
                let lost = wanted || one.change.operation == RowOperation::Delete;
                set_place(&mut one.pair.before, lost.then(|| place(&menu.before)));
            }
            one.pair
        })
        .collect())
}

fn set_place(end: &mut End, to: Option<super::Place>) {
    if let End::Present { place, .. } = end {
        *place = to;
    }
}

impl<'a> Menu<'a> {
    fn new(
        items: &'a [Item],
        item: &Item,
        change: &RowChange,
        words: &'a [MenuWords],
        reading: &'a Reading,
    ) -> Result<Self, Refusal> {
        let words = words.iter().find(|words| words.path == change.menu).ok_or_else(|| {
            let message = format!("item `{}`: nothing was said of the menu {}", item.id, change.menu);
            Refusal::new("unknown_menu", message, "Update the controller; it knows the menus of this RouterOS version.")
        })?;
        let rows = reading.rows(&change.menu);
        let order = Order::of(rows.len());
        let rows = Keyed::new(rows, items.iter().flat_map(|item| keys(item, &words.path)));
        Ok(Self { words, rows, before: order.clone(), after: order, items: BTreeMap::new(), appended: BTreeSet::new() })
    }

    /// The row of an item that makes one without a word of its place, where it is there already.
    fn appended(&self, item: &Item) -> Option<usize> {
        let Resource::Row(change) = &item.resource else { return None };
        let makes = change.operation == RowOperation::Create && change.position.is_none();
        (makes && change.menu == self.words.path).then(|| self.found(item, change).ok().flatten()).flatten()
    }

    fn take<'c>(
        &mut self,
        item: &Item,
        change: &'c RowChange,
        earlier: &[Decided<'_>],
        known: &Known,
    ) -> Result<Option<Decided<'c>>, Refusal> {
        let found = self.found(item, change)?;
        let slot = match (change.operation, found) {
            (RowOperation::Delete, None) => return Ok(None),
            (RowOperation::Update, None) => {
                let message = format!("item `{}`: {} has no row with {}", item.id, change.menu, words_of(&change.key));
                return Err(Refusal::new("no_such_row", message, "Read the router again: it may be gone."));
            }
            (RowOperation::Create, None) => Slot::New(item.id.clone()),
            (_, Some(index)) => Slot::There(index),
        };
        if let Some(other) = self.items.insert(slot.clone(), item.id.clone()) {
            let message = format!("items `{other}` and `{}` are about the same row of {}", item.id, change.menu);
            return Err(Refusal::new("same_row_twice", message, "Put both into one item."));
        }
        if self.words.ordered {
            self.arrange(item, change, &slot, earlier)?;
        }
        let row = found.and_then(|index| self.rows.at(index));
        let pair = self.pair(item, change, row, known)?;
        let made = matches!(slot, Slot::New(_)).then(|| pair.as_made());
        Ok(Some(Decided { pair, slot, change, made }))
    }

    /// The row that an item's key finds, by its index.
    fn found(&self, item: &Item, change: &RowChange) -> Result<Option<usize>, Refusal> {
        if change.key.is_empty() && !self.words.single {
            let message = format!("item `{}`: nothing says which row of {} is meant", item.id, change.menu);
            return Err(Refusal::new("no_key", message, "Give a key: its name, its mark, or its list and address."));
        }
        let found = self.rows.matching(&change.key);
        if found.len() > 1 {
            let (count, key) = (found.len(), words_of(&change.key));
            let message = format!("item `{}`: {count} rows of {} have {key}", item.id, change.menu);
            return Err(Refusal::new("ambiguous_key", message, "Give a key that only one row has."));
        }
        match found.first() {
            Some(&index) if self.rows.at(index).is_some_and(Row::is_isolation) => {
                let message = format!(
                    "item `{}`: that row of {} keeps VIFs apart and is not to be touched",
                    item.id, change.menu
                );
                Err(Refusal::new("isolation_row", message, "Change the VIF instead; Bulkhead keeps its rows."))
            }
            other => Ok(other.copied()),
        }
    }

    /// Lets the order after the change be what the item wants.
    fn arrange(
        &mut self,
        item: &Item,
        change: &RowChange,
        slot: &Slot,
        earlier: &[Decided<'_>],
    ) -> Result<(), Refusal> {
        if change.operation == RowOperation::Delete {
            self.after.remove(slot);
            return Ok(());
        }
        let isolated =
            |slot: &Slot| matches!(slot, Slot::There(index) if self.rows.at(*index).is_some_and(Row::is_isolation));
        match &change.position {
            None if matches!(slot, Slot::New(_)) => self.after.at_end(slot.clone()),
            None => {}
            Some(Position::Last) => {
                let later = |other: &Slot| {
                    !self.items.contains_key(other) && matches!(other, Slot::There(at) if self.appended.contains(at))
                };
                if !self.after.all_below(slot, later) {
                    self.after.at_end(slot.clone());
                }
            }
            Some(Position::First) => self.after.above(slot.clone(), |other| !isolated(other)),
            Some(Position::Before(key)) => {
                let anchor = self.anchor(item, change, key, earlier)?;
                // Above isolation nobody else's rows stand.
                if isolated(&anchor) {
                    self.after.above(slot.clone(), |other| !isolated(other));
                } else {
                    self.after.above(slot.clone(), |other| *other == anchor);
                }
            }
            Some(Position::After(key)) => {
                let anchor = self.anchor(item, change, key, earlier)?;
                if isolated(&anchor) {
                    self.after.above(slot.clone(), |other| !isolated(other));
                } else {
                    self.after.below(slot.clone(), |other| *other == anchor);
                }
            }
        }
        Ok(())
    }

    /// The row that a position names: one that is there, or one of an earlier item.
    fn anchor(
        &self,
        item: &Item,
        change: &RowChange,
        key: &[Attribute],
        earlier: &[Decided<'_>],
    ) -> Result<Slot, Refusal> {
        let fits = |row: &Row| key.iter().all(|(name, value)| has(row, name, value));
        let there = self.rows.matching(key).first().copied().map(Slot::There);
        let made = || {
            let fits = |one: &&Decided<'_>| one.pair.menu == change.menu && one.made.as_ref().is_some_and(fits);
            earlier.iter().find(fits).map(|one| one.slot.clone())
        };
        there.or_else(made).ok_or_else(|| {
            let message = format!("item `{}`: {} has no row with {} to stand by", item.id, change.menu, words_of(key));
            Refusal::new("no_such_row", message, "Name a row that is there, or one of an earlier item.")
        })
    }

    fn pair(&self, item: &Item, change: &RowChange, row: Option<&Row>, known: &Known) -> Result<RowPair, Refusal> {
        let wanted = wanted(change);
        let secrets = row.map(|row| known.at_stake(item, change, self.words, row, &wanted)).transpose()?;
        let secrets = secrets.unwrap_or_default();
        let before = |row: &Row| match change.operation {
            RowOperation::Delete => {
                let value = |(name, value): (String, String)| (name, Some(value));
                Content::of(row, self.words).attributes.into_iter().map(value).chain(secrets.clone()).collect()
            }
            RowOperation::Create | RowOperation::Update => {
                let value = |name: &String| Some(row.get(name)).filter(|value| !value.is_empty()).map(str::to_owned);
                let was = |name: &String| secrets.get(name).cloned().unwrap_or_else(|| value(name));
                wanted.iter().map(|(name, _)| (name.clone(), was(name))).collect()
            }
        };
        let present = |attributes| End::Present { attributes, place: None };
        Ok(RowPair {
            item: item.id.clone(),
            menu: change.menu.clone(),
            key: change.key.clone(),
            was: row.map(|row| Content::of(row, self.words)),
            before: row.map_or(End::Absent, |row| present(before(row))),
            after: if change.operation == RowOperation::Delete { End::Absent } else { present(wanted.clone()) },
            drift: change.drift,
        })
    }
}

impl RowPair {
    fn as_made(&self) -> Row {
        match &self.after {
            End::Absent => Row::default(),
            End::Present { attributes, .. } => Row::new(
                attributes.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name.clone(), value.clone()))),
            ),
        }
    }
}

/// What a row is to have: what was asked for, of one that is made also its mark, in front of the user's own comment.
fn wanted(change: &RowChange) -> Vec<(String, Option<String>)> {
    let mut wanted: Vec<(String, Option<String>)> =
        change.attributes.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    wanted.extend(change.unset.iter().map(|name| (name.clone(), None)));
    let mark = change.key.iter().find(|(name, value)| name == "comment" && value.starts_with(MARK));
    if let Some((_, mark)) = mark {
        match wanted.iter_mut().find(|(name, _)| name == "comment") {
            Some((_, Some(comment))) if comment.split_whitespace().next() == Some(mark) => {}
            Some((_, Some(comment))) => format!("{mark} {comment}").trim_end().clone_into(comment),
            Some((_, none)) => *none = Some(mark.clone()),
            None if change.operation == RowOperation::Create => wanted.push(("comment".to_owned(), Some(mark.clone()))),
            None => {}
        }
    }
    if change.operation == RowOperation::Create {
        for (name, value) in &change.key {
            if !wanted.iter().any(|(known, _)| known == name) {
                wanted.push((name.clone(), Some(value.clone())));
            }
        }
    }
    wanted
}

/// The keys with which an item finds rows of a menu: its own, and that of the row it is to stand by.
fn keys<'a>(item: &'a Item, menu: &str) -> impl Iterator<Item = &'a Vec<Attribute>> {
    let change = match &item.resource {
        Resource::Row(change) => Some(change).filter(|change| change.menu == menu),
        Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
    };
    change.into_iter().flat_map(|change| {
        let by = match &change.position {
            Some(Position::Before(key) | Position::After(key)) => Some(key),
            Some(Position::First | Position::Last) | None => None,
        };
        by.into_iter().chain([&change.key])
    })
}

fn words_of(key: &[Attribute]) -> String {
    key.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
