//! Rows of any menu in a change: each of them at both ends, before and after.
//!
//! Like VIFs, rows are not changed by a list of steps and their inverses: what is left to do towards an end is computed
//! from a fresh read ([`converge`]), so that nothing has to be known about where an earlier attempt stopped.

pub mod converge;
mod decide;
mod order;
pub mod secret;

pub use decide::decide;
pub(in crate::flow) use order::longest_rising;

use crate::flow::{
    keyed::{Keyed, has},
    meaning::same,
    object::Row,
};
use serde::{Deserialize, Serialize};
use shared::{
    change_set::{Attribute, MenuWords},
    drift::Policy,
    routeros::secret::is_secret,
};
use std::collections::BTreeMap;

/// One row at both ends of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowPair {
    /// The item that asked for it.
    pub item: String,
    /// The menu: `/ip/firewall/filter`.
    pub menu: String,
    /// What finds it, as it was asked for.
    pub key: Vec<Attribute>,
    /// All that could be written of the row when the change was decided; nothing where it was not there.
    pub was: Option<Content>,
    /// The row before.
    pub before: End,
    /// The row after.
    pub after: End,
    /// What is done when somebody else alters the row afterwards.
    #[serde(default)]
    pub drift: Policy,
}

/// A row at one end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It is not there.
    Absent,
    /// It is there.
    Present {
        /// The properties that the change is about; one with nothing has no value.
        attributes: Vec<(String, Option<String>)>,
        /// Where it stands, in a menu whose order counts and where the change is about it.
        place: Option<Place>,
    },
}

/// What a row holds, so that it can be known again when ids have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its id then, worth something until the router reboots.
    pub id: String,
    /// Its writable properties that have a value.
    pub attributes: Vec<Attribute>,
}

/// A place in an ordered menu: directly above the first of these that is there, and at the end where none is.
pub type Place = Vec<Neighbour>;

/// A row that another one stands above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Neighbour {
    /// The row of an item of the same change.
    Item(String),
    /// Any other.
    Row(Content),
}

/// The menus that the rows of a change are in, as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    menus: BTreeMap<String, Vec<Row>>,
}

impl Reading {
    /// What was read of these menus.
    pub fn new(menus: impl IntoIterator<Item = (String, Vec<Row>)>) -> Self {
        Self { menus: menus.into_iter().collect() }
    }

    /// A menu's rows that somebody configured, in the router's order.
    pub fn rows(&self, menu: &str) -> Vec<&Row> {
        self.menus.get(menu).into_iter().flatten().filter(|row| !row.is("dynamic")).collect()
    }
}

/// The properties that are read of a menu: what can be written and is no secret, what tells rows apart, and who made
/// them. A name is read also where it cannot be written, as that of a service cannot; a menu without names answers
/// without.
pub fn properties(words: &MenuWords) -> String {
    let flags = [".id", "dynamic", "invalid", "disabled", "comment", "name", "default-name"];
    let own = seen(words).map(String::as_str).filter(|name| !flags.contains(name));
    flags.into_iter().chain(own).collect::<Vec<_>>().join(",")
}

/// The properties of a menu by which rows can be known again.
fn seen(words: &MenuWords) -> impl Iterator<Item = &String> {
    words.writable.iter().filter(|name| !is_secret(name))
}

impl Content {
    /// What a row holds, but for secrets.
    pub fn of(row: &Row, words: &MenuWords) -> Self {
        let value = |name: &String| (name.clone(), row.get(name).to_owned());
        let attributes = seen(words).map(value).filter(|(_, value)| !value.is_empty()).collect();
        Self { id: row.id().to_owned(), attributes }
    }

    fn get(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The place of the row that this was: one with the same content, the one of the same id where several have it.
    fn find(&self, rows: &[&Row], words: &MenuWords) -> Option<usize> {
        let equal = |row: &Row| seen(words).all(|name| same(name, self.get(name), row.get(name)));
        let known = rows.iter().position(|row| row.id() == self.id).filter(|&at| equal(rows[at]));
        known.or_else(|| rows.iter().position(|row| equal(row)))
    }
}

impl RowPair {
    /// The end that a direction leads to.
    pub fn target(&self, direction: super::Direction) -> &End {
        match direction {
            super::Direction::Forward => &self.after,
            super::Direction::Back => &self.before,
        }
    }

    /// The place of the row on the router, where it is there. A property that the change is about may have either of its
    /// values, and a row that answers to the key is still the row where somebody else altered the rest.
    pub fn find(&self, rows: &Keyed<'_>, words: &MenuWords) -> Option<usize> {
        let ends = |name: &str| [self.before.value(name), self.after.value(name)].into_iter().flatten();
        let fits = |row: &Row, name: &str, value: &str| {
            has(row, name, value) || ends(name).any(|value| same(name, value.unwrap_or_default(), row.get(name)))
        };
        let all =
            |at: &usize| rows.at(*at).is_some_and(|row| self.key.iter().all(|(name, value)| fits(row, name, value)));
        let perhaps = match self.key.first() {
            Some((name, value)) => {
                rows.perhaps(name, ends(name).map(Option::unwrap_or_default).chain([value.as_str()]))
            }
            None => (0..rows.rows().len()).collect(),
        };
        let keyed: Vec<usize> = perhaps.into_iter().filter(all).collect();
        let (Some(was), true) = (&self.was, keyed.len() > 1) else { return keyed.first().copied() };
        let untouched = |name: &&String| self.before.value(name).is_none() && self.after.value(name).is_none();
        let alike = |row: &Row| seen(words).filter(untouched).all(|name| same(name, was.get(name), row.get(name)));
        let alike: Vec<usize> = keyed.into_iter().filter(|&at| rows.at(at).is_some_and(alike)).collect();
        let known = |at: &&usize| rows.at(**at).is_some_and(|row| row.id() == was.id);
        alike.iter().find(known).or(alike.first()).copied()
    }
}

impl End {
    /// What a property is to be at this end; nothing where the end says nothing of it.
    pub fn value(&self, name: &str) -> Option<Option<&str>> {
        match self {
            Self::Absent => None,
            Self::Present { attributes, .. } => {
                attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_deref())
            }
        }
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::Absent => None,
            Self::Present { place, .. } => place.as_ref(),
        }
    }
}
