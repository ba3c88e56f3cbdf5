//! Rows of a menu, and the order they stand in.

use std::{collections::BTreeMap, time::Duration};

use shared::routeros::value::RowId;

use super::{index::Index, meter::Meter};

/// Where a row comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A person or a client made it; it is part of the configuration.
    Static,
    /// The router made it and renews it by itself, under this key.
    Dynamic(String),
    /// It is there from the factory and can be neither added nor removed.
    BuiltIn,
}

/// One row of a menu.
#[derive(Debug, Clone)]
pub struct Row {
    /// Unique in its store.
    pub id: RowId,
    /// Which of several menus over one store the row belongs to: `vlan`, `bridge`, … of `/interface`.
    pub kind: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// What was configured, and the defaults of the rest.
    pub attributes: BTreeMap<String, String>,
    /// What a built-in row was born with; empty for others.
    pub built: BTreeMap<String, String>,
    /// What follows from the rest of the device: flags and read-only properties. Renewed as a whole by `settle`.
    pub derived: BTreeMap<&'static str, String>,
    /// Bytes in (or matched) and bytes out.
    pub meters: [Meter; 2],
    /// When the row vanishes by itself.
    pub expires: Option<Duration>,
}

impl Row {
    /// A configured value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// A configured value, empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The row's name.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Whether the row is switched off.
    pub fn is_disabled(&self) -> bool {
        self.get("disabled") == Some("true")
    }

    /// Whether the router made the row by itself.
    pub fn is_dynamic(&self) -> bool {
        matches!(self.origin, Origin::Dynamic(_))
    }

    /// Whether a derived flag is set.
    pub fn is(&self, flag: &str) -> bool {
        self.derived.get(flag).is_some_and(|value| value == "true")
    }

    /// Sets a derived flag, false ones too: RouterOS always shows the common ones.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.derived.insert(name, value.to_string());
    }
}

/// The rows behind one menu, or behind several that share them.
#[derive(Debug, Clone)]
pub struct Store {
    /// In the order in which they are printed.
    pub rows: Vec<Row>,
    pub(super) next: u32,
    /// Counts the changes, so that a listener knows when to look.
    pub changes: u64,
    index: Index,
}

impl Store {
    /// A store whose first id is `first`.
    pub const fn starting_at(first: u32) -> Self {
        Self { rows: Vec::new(), next: first, changes: 0, index: Index::new() }
    }

    /// Puts a new row at a place (at the end by default) and gives its id.
    pub fn insert(
        &mut self,
        at: Option<usize>,
        kind: &'static str,
        origin: Origin,
        attributes: BTreeMap<String, String>,
    ) -> RowId {
        let id = RowId(self.next);
        self.next = self.next.saturating_add(1);
        self.insert_as(id, at, kind, origin, attributes);
        id
    }

    /// Puts a new row that brings its id along.
    pub fn insert_as(
        &mut self,
        id: RowId,
        at: Option<usize>,
        kind: &'static str,
        origin: Origin,
        attributes: BTreeMap<String, String>,
    ) {
        let built = if origin == Origin::BuiltIn { attributes.clone() } else { BTreeMap::new() };
        let row = Row {
            id,
            kind,
            origin,
            attributes,
            built,
            derived: BTreeMap::new(),
            meters: Default::default(),
            expires: None,
        };
        if self.index.knows(self.changes) {
            self.index.insert(&row);
        }
        self.rows.insert(at.unwrap_or(self.rows.len()).min(self.rows.len()), row);
        self.changed();
    }

    /// Where a row stands. Rows stand mostly in the order of their ids, so that is where it looks first.
    pub fn position(&self, id: RowId) -> Option<usize> {
        let near = self.rows.partition_point(|row| row.id < id);
        if self.rows.get(near).is_some_and(|row| row.id == id) {
            return Some(near);
        }
        self.rows.iter().position(|row| row.id == id)
    }

    /// The row of an id.
    pub fn row(&self, id: RowId) -> Option<&Row> {
        self.position(id).and_then(|at| self.rows.get(at))
    }

    /// The row of an id, to change its values.
    pub fn row_mut(&mut self, id: RowId) -> Option<&mut Row> {
        self.changes += 1;
        self.position(id).and_then(|at| self.rows.get_mut(at))
    }

    /// The row of an id, to change what is not configured: flags, counters, when it ends.
    pub fn live_mut(&mut self, id: RowId) -> Option<&mut Row> {
        self.changed();
        self.position(id).and_then(|at| self.rows.get_mut(at))
    }

    /// Gives a row other values.
    pub fn replace(&mut self, id: RowId, attributes: BTreeMap<String, String>) {
        let Some(row) = self.position(id).and_then(|at| self.rows.get_mut(at)) else { return };
        let known = self.index.knows(self.changes);
        if known {
            self.index.remove(row);
        }
        row.attributes = attributes;
        if known {
            self.index.insert(row);
        }
        self.changed();
    }

    /// The row of a name.
    pub fn named(&self, name: &str) -> Option<&Row> {
        if !self.index.is_current(&["name"], self.changes) {
            return self.rows.iter().find(|row| row.name() == name);
        }
        let candidates = self.index.candidates(|_| Some(name)).iter();
        candidates.filter_map(|id| self.row(*id)).find(|row| row.name() == name)
    }

    /// Rows that have the same values under these names. A store is always asked by the same names.
    pub fn alike(&mut self, names: &[&'static str], attributes: &BTreeMap<String, String>) -> Vec<RowId> {
        if !self.index.is_current(names, self.changes) {
            self.index.build(names, &self.rows, self.changes);
        }
        let candidates = self.index.candidates(|name| attributes.get(name).map(String::as_str)).iter();
        let same = |row: &&Row| names.iter().all(|name| row.attributes.get(*name) == attributes.get(*name));
        candidates.filter_map(|id| self.row(*id)).filter(same).map(|row| row.id).collect()
    }

    /// The first of `base1`, `base2`, … that no row is named.
    pub fn free_name(&mut self, base: &str) -> String {
        if !self.index.is_current(&["name"], self.changes) {
            self.index.build(&["name"], &self.rows, self.changes);
        }
        let from = *self.index.free_from(base);
        let taken = (from..u32::MAX).take_while(|number| self.named(&format!("{base}{number}")).is_some()).count();
        let number = from.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
        *self.index.free_from(base) = number;
        format!("{base}{number}")
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: RowId) -> Option<Row> {
        let row = self.rows.remove(self.position(id)?);
        if self.index.knows(self.changes) {
            self.index.remove(&row);
        }
        self.changed();
        Some(row)
    }

    /// Gives every row a new id, as a restart may.
    pub fn renumber(&mut self) {
        for row in &mut self.rows {
            row.id = RowId(self.next);
            self.next = self.next.saturating_add(1);
        }
        self.changes += 1;
    }

    /// One more change, of which the index knows.
    pub(super) fn changed(&mut self) {
        self.index.follow(self.changes, self.changes + 1);
        self.changes += 1;
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::starting_at(1)
    }
}
