//! Which rows are owned after a run of kept changes: a later change of a row goes before an earlier one, a row that was
//! removed or whose change was undone is owned no more.

use super::{Owned, OwnedRow};
use crate::flow::{
    change_set::{
        Change, Origin,
        row::{End, RowPair},
    },
    keyed::has,
    object::{MARK, Row},
};
use shared::{
    change_set::{Attribute, MenuWords},
    routeros::secret::{is_made_up, is_secret},
};

/// What is owned once these changes, in their order, were kept on top of what was owned before.
pub fn fold<'a>(mut owned: Owned, kept: impl IntoIterator<Item = &'a Change>) -> Owned {
    for change in kept.into_iter().filter(|change| change.origin != Origin::PutBack) {
        for words in &change.menus {
            owned.menus.retain(|known| known.path != words.path);
            owned.menus.push(words.clone());
        }
        for pair in &change.rows {
            take(&mut owned, change, pair);
        }
    }
    owned.menus.retain(|words| owned.rows.iter().any(|row| row.menu == words.path));
    owned
}

fn take(owned: &mut Owned, change: &Change, pair: &RowPair) {
    let was = pair.was.as_ref().map(|was| Row::new(was.attributes.iter().map(|(name, value)| (name, value))));
    let same = |row: &OwnedRow| {
        let fits = |was: &Row| row.key.iter().all(|(name, value)| has(was, name, value));
        row.menu == pair.menu && (row.key == pair.key || was.as_ref().is_some_and(fits))
    };
    let at = owned.rows.iter().position(same);
    let before = at.map(|at| owned.rows.remove(at));
    let End::Present { attributes, .. } = &pair.after else { return };
    let words = owned.menus.iter().find(|words| words.path == pair.menu);
    let row = merged(before, change, pair, attributes, words);
    let at = at.unwrap_or(owned.rows.len());
    owned.rows.insert(at, row);
}

fn merged(
    before: Option<OwnedRow>,
    change: &Change,
    pair: &RowPair,
    attributes: &[(String, Option<String>)],
    words: Option<&MenuWords>,
) -> OwnedRow {
    let made = before.is_none() && pair.before == End::Absent;
    let was: Vec<Attribute> = pair.was.as_ref().map(|was| was.attributes.clone()).unwrap_or_default();
    let origin = match &before {
        Some(row) if change.origin == Origin::Accepted => (row.change_set.clone(), row.item.clone()),
        _ => (change.id.clone(), pair.item.clone()),
    };
    let key = before.as_ref().map(|row| &row.key).filter(|key| is_mark(key)).unwrap_or(&pair.key);
    let mut row = OwnedRow {
        change_set: origin.0,
        item: origin.1,
        menu: pair.menu.clone(),
        key: key.iter().map(|(name, value)| (name.clone(), key_after(name, value, attributes))).collect(),
        wanted: before.map(|row| row.wanted).unwrap_or_default(),
        whole: was,
        policy: pair.drift,
    };
    for (name, value) in attributes {
        row.wanted.retain(|(known, _)| known != name);
        row.wanted.push((name.clone(), value.clone()));
    }
    // Nobody has to say that what is made is to be in force.
    let switch = words.is_some_and(|words| words.writable.iter().any(|name| name == "disabled"));
    if made && switch && !row.wanted.iter().any(|(name, _)| name == "disabled") {
        row.wanted.push(("disabled".to_owned(), Some("no".to_owned())));
    }
    // What is made without a secret has none, as long as RouterOS makes none up.
    for name in words.into_iter().filter(|_| made).flat_map(|words| &words.writable) {
        let known = row.wanted.iter().any(|(wanted, _)| wanted == name) || is_made_up(&row.menu, name);
        if is_secret(name) && !known {
            row.wanted.push((name.clone(), None));
        }
    }
    for (name, value) in &row.wanted {
        row.whole.retain(|(known, _)| known != name);
        row.whole.extend(value.as_ref().map(|value| (name.clone(), value.clone())));
    }
    row
}

fn is_mark(key: &[Attribute]) -> bool {
    key.iter().any(|(name, value)| name == "comment" && value.starts_with(MARK))
}

/// What a property of a key is once the change is there. A mark stays the key as long as the comment begins with it.
fn key_after(name: &str, value: &str, attributes: &[(String, Option<String>)]) -> String {
    let Some((_, now)) = attributes.iter().find(|(known, _)| known == name) else { return value.to_owned() };
    let now = now.as_deref().unwrap_or_default();
    let marked = name == "comment" && now.split_whitespace().next() == value.split_whitespace().next();
    if marked { value.to_owned() } else { now.to_owned() }
}

#[cfg(test)]
mod tests;
