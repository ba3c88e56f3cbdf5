//! Rows of a menu, and the order they stand in.

use std::{collections::BTreeMap, time::Duration};

use shared::routeros::value::RowId;

use super::meter::Meter;

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
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// In the order in which they are printed.
    pub rows: Vec<Row>,
    pub(super) next: u32,
    /// Counts the changes, so that a listener knows when to look.
    pub changes: u64,
}

impl Store {
    /// A store whose first id is `first`.
    pub fn starting_at(first: u32) -> Self {
        Self { rows: Vec::new(), next: first, changes: 0 }
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
        self.rows.insert(at.unwrap_or(self.rows.len()).min(self.rows.len()), row);
        self.changes += 1;
    }

    /// Where a row stands.
    pub fn position(&self, id: RowId) -> Option<usize> {
        self.rows.iter().position(|row| row.id == id)
    }

    /// The row of an id.
    pub fn row(&self, id: RowId) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The row of an id, to change.
    pub fn row_mut(&mut self, id: RowId) -> Option<&mut Row> {
        self.changes += 1;
        self.rows.iter_mut().find(|row| row.id == id)
    }

    /// The row of a name.
    pub fn named(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name() == name)
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: RowId) -> Option<Row> {
        let at = self.position(id)?;
        self.changes += 1;
        Some(self.rows.remove(at))
    }

    /// Gives every row a new id, as a restart may.
    pub fn renumber(&mut self) {
        for row in &mut self.rows {
            row.id = RowId(self.next);
            self.next = self.next.saturating_add(1);
        }
        self.changes += 1;
    }
}
