//! Properties whose values are written and never read.
//!
//! RouterOS shows secrets only to groups with the policy `sensitive` (manual, "User", policies), which the agent's has
//! not: what a row holds is known of those that Bulkhead wrote itself ([`Known`]), and whether a write of this change
//! is there only from the router's answer to it ([`Taken`]). Whatever is not known cannot be put back, and is therefore
//! neither overwritten nor removed.

use super::{End, RowPair};
use crate::flow::{keyed::has, object::Row};
use shared::{
    change_set::{Attribute, Item, MenuWords, Refusal, RowChange, RowOperation},
    routeros::secret::is_secret,
};
use std::collections::{BTreeMap, BTreeSet};

/// The secrets that the router took since the change last turned, by item and property. Not journaled: an agent that
/// starts in the middle of an undo writes them once more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken(BTreeSet<(String, String)>);

/// The secrets of rows that kept changes have written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(Vec<KnownRow>);

/// The secrets of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRow {
    /// Its menu.
    pub menu: String,
    /// What finds it.
    pub key: Vec<Attribute>,
    /// What it holds; a property with nothing has no value.
    pub values: BTreeMap<String, Option<String>>,
}

impl Taken {
    /// The router took these properties of an item's row.
    pub fn take<'a>(&mut self, item: &str, names: impl Iterator<Item = &'a str>) {
        self.0.extend(names.filter(|name| is_secret(name)).map(|name| (item.to_owned(), name.to_owned())));
    }

    /// Whether it took this one.
    pub fn has(&self, item: &str, name: &str) -> bool {
        self.0.contains(&(item.to_owned(), name.to_owned()))
    }

    /// Those of a kept change that nothing has been written over since.
    pub fn kept(pairs: &[RowPair], known: &Known) -> Self {
        let mut taken = Self::default();
        for pair in pairs {
            let End::Present { attributes, .. } = &pair.after else { continue };
            let was = pair.was.as_ref().map(|was| Row::new(was.attributes.iter().map(|(name, value)| (name, value))));
            let now = known.0.iter().find(|row| row.menu == pair.menu && row.key == pair.key).map(|row| &row.values);
            let now = now.cloned().or_else(|| was.map(|was| known.of(&pair.menu, &was))).unwrap_or_default();
            let same = |(name, value): &&(String, Option<String>)| now.get(name) == Some(value);
            taken.take(&pair.item, attributes.iter().filter(same).map(|(name, _)| name.as_str()));
        }
        taken
    }
}

impl Known {
    /// Those of these rows.
    pub fn new(rows: impl IntoIterator<Item = KnownRow>) -> Self {
        Self(rows.into_iter().filter(|row| !row.values.is_empty()).collect())
    }

    /// What a row on the router holds, as far as it is known.
    fn of(&self, menu: &str, row: &Row) -> BTreeMap<String, Option<String>> {
        let fits =
            |known: &&KnownRow| known.menu == menu && known.key.iter().all(|(name, value)| has(row, name, value));
        self.0.iter().find(fits).map(|known| known.values.clone()).unwrap_or_default()
    }

    /// What a row holds of the secrets that a change would lose: all of a row that goes, else those that it names.
    ///
    /// # Errors
    /// `secret_unknown`, with what to do.
    pub(super) fn at_stake(
        &self,
        item: &Item,
        change: &RowChange,
        words: &MenuWords,
        row: &Row,
        wanted: &[(String, Option<String>)],
    ) -> Result<BTreeMap<String, Option<String>>, Refusal> {
        let goes = change.operation == RowOperation::Delete;
        let named = |name: &str| goes || wanted.iter().any(|(wanted, _)| wanted == name);
        let mut known = self.of(&change.menu, row);
        known.retain(|name, _| named(name));
        let lost = words.writable.iter().find(|name| is_secret(name) && named(name) && !known.contains_key(*name));
        match lost {
            None => Ok(known),
            Some(name) => Err(Refusal::new(
                "secret_unknown",
                format!(
                    "item `{}`: RouterOS tells nobody the {name} of that row of {}, and Bulkhead did not write it: it could \
                     not be put back",
                    item.id, change.menu
                ),
                if goes {
                    "Disable the row instead, or remove it by hand; what Bulkhead made with its secrets it can remove."
                } else {
                    "Make a new row with the new value beside it, or set it by hand."
                },
            )),
        }
    }
}
