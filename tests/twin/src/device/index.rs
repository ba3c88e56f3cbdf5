//! Finds rows by values that belong together, such as a name or a list's address, without looking at every row.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use shared::routeros::value::RowId;

use super::row::Row;

/// Rows by the hash of some of their values. What it finds are candidates: the row may have changed or gone since. It
/// knows of which change of its store it is; one that is behind is built anew.
#[derive(Debug, Clone)]
pub(super) struct Index {
    names: Vec<&'static str>,
    as_of: Option<u64>,
    rows: BTreeMap<u64, Vec<RowId>>,
    /// By the beginning of made-up names: the number below which none is free.
    free: BTreeMap<String, u32>,
}

impl Index {
    /// An index that is to be built.
    pub(super) const fn new() -> Self {
        Self { names: Vec::new(), as_of: None, rows: BTreeMap::new(), free: BTreeMap::new() }
    }

    /// Whether it holds all rows by these values as of a change.
    pub(super) fn is_current(&self, names: &[&'static str], changes: u64) -> bool {
        self.as_of == Some(changes) && self.names == names
    }

    /// Whether it is worth telling of a change.
    pub(super) fn knows(&self, changes: u64) -> bool {
        self.as_of == Some(changes)
    }

    /// Takes in all rows.
    pub(super) fn build(&mut self, names: &[&'static str], rows: &[Row], changes: u64) {
        names.clone_into(&mut self.names);
        self.rows.clear();
        self.free.clear();
        for row in rows {
            self.insert(row);
        }
        self.as_of = Some(changes);
    }

    /// The store goes from one change to the next, and the index knows all there is to know of it.
    pub(super) fn follow(&mut self, before: u64, after: u64) {
        if self.as_of == Some(before) {
            self.as_of = Some(after);
        }
    }

    /// Takes in a row, or the new values of one.
    pub(super) fn insert(&mut self, row: &Row) {
        let rows = self.rows.entry(hash(&self.names, |name| row.get(name))).or_default();
        if !rows.contains(&row.id) {
            rows.push(row.id);
        }
    }

    /// A row is gone, so that its name may be made up again.
    pub(super) fn remove(&mut self, row: &Row) {
        self.free.clear();
        let key = hash(&self.names, |name| row.get(name));
        if let Some(rows) = self.rows.get_mut(&key) {
            rows.retain(|id| *id != row.id);
            if rows.is_empty() {
                self.rows.remove(&key);
            }
        }
    }

    /// Rows that may have these values.
    pub(super) fn candidates<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> &[RowId] {
        self.rows.get(&hash(&self.names, value)).map_or(&[], Vec::as_slice)
    }

    /// The number below which no made-up name with this beginning is free.
    pub(super) fn free_from(&mut self, base: &str) -> &mut u32 {
        self.free.entry(base.to_owned()).or_insert(1)
    }
}

fn hash<'a>(names: &[&'static str], value: impl Fn(&str) -> Option<&'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for name in names {
        value(name).hash(&mut hasher);
    }
    hasher.finish()
}
