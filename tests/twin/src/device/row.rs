//! Rows of a menu, and the order they stand in.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

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

/// What a row was before a change, as the history needs it.
#[derive(Debug, Clone)]
pub struct Note {
    /// Whose.
    pub id: RowId,
    /// The row; nothing when the change made it.
    pub before: Option<Row>,
    /// The row that followed it; nothing at the end.
    pub next: Option<RowId>,
    /// The row has changed its place, or came or went.
    pub moved: bool,
}

/// How many changes a store remembers by their rows.
const JOURNAL: usize = 1024;

/// The rows behind one menu, or behind several that share them.
#[derive(Debug, Clone)]
pub struct Store {
    /// In the order in which they are printed.
    pub rows: Vec<Row>,
    pub(super) next: u32,
    /// Counts the changes, so that a listener knows when to look.
    pub changes: u64,
    /// What has changed since somebody looked, oldest first; nothing of rows of the router's own making.
    pub(super) notes: Vec<Note>,
    /// Of the last changes the number and the row. A number that is missing is a change of rows that nobody named.
    journal: VecDeque<(u64, RowId)>,
    index: Index,
}

impl Store {
    /// A store whose first id is `first`.
    pub const fn starting_at(first: u32) -> Self {
        Self {
            rows: Vec::new(),
            next: first,
            changes: 0,
            notes: Vec::new(),
            journal: VecDeque::new(),
            index: Index::new(),
        }
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
        if !row.is_dynamic() {
            self.notes.push(Note { id, before: None, next: None, moved: true });
        }
        self.put_in(at, row);
    }

    fn put_in(&mut self, at: Option<usize>, row: Row) {
        if self.index.knows(self.changes) {
            self.index.insert(&row);
        }
        let id = row.id;
        self.rows.insert(at.unwrap_or(self.rows.len()).min(self.rows.len()), row);
        self.changed(id);
    }

    /// Notes what a row is, before it is changed.
    pub(super) fn note(&mut self, id: RowId) {
        if let Some(row) = self.position(id).and_then(|at| self.rows.get(at)) {
            self.notes.push(Note { id, before: Some(row.clone()), next: None, moved: false });
        }
    }

    fn note_configured(&mut self, id: RowId) {
        if self.row(id).is_some_and(|row| !row.is_dynamic()) {
            self.note(id);
        }
    }

    /// The row that follows the one at a place.
    fn follower(&self, at: usize) -> Option<RowId> {
        self.rows.get(at + 1).map(|row| row.id)
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
        self.note_configured(id);
        self.changes += 1;
        self.write_down(id);
        self.position(id).and_then(|at| self.rows.get_mut(at))
    }

    /// The row of an id, to change what is not configured: flags, counters, when it ends.
    pub fn live_mut(&mut self, id: RowId) -> Option<&mut Row> {
        self.changed(id);
        self.position(id).and_then(|at| self.rows.get_mut(at))
    }

    /// Gives a row other values.
    pub fn replace(&mut self, id: RowId, attributes: BTreeMap<String, String>) {
        self.note_configured(id);
        let Some(row) = self.position(id).and_then(|at| self.rows.get_mut(at)) else { return };
        let known = self.index.knows(self.changes);
        if known {
            self.index.remove(row);
        }
        row.attributes = attributes;
        if known {
            self.index.insert(row);
        }
        self.changed(id);
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
        let at = self.position(id)?;
        let next = self.follower(at);
        let row = self.take_out(at);
        if !row.is_dynamic() {
            self.notes.push(Note { id, before: Some(row.clone()), next, moved: true });
        }
        Some(row)
    }

    fn take_out(&mut self, at: usize) -> Row {
        let row = self.rows.remove(at);
        if self.index.knows(self.changes) {
            self.index.remove(&row);
        }
        self.changed(row.id);
        row
    }

    /// Moves rows before another, or to the end, in the order in which they are named.
    pub(super) fn move_before(&mut self, ids: &[RowId], before: Option<RowId>) {
        for at in 0..self.rows.len() {
            let Some(row) = self.rows.get(at).filter(|row| ids.contains(&row.id)) else { continue };
            let note = Note { id: row.id, before: Some(row.clone()), next: self.follower(at), moved: true };
            self.notes.push(note);
        }
        let (mut moved, mut rest): (Vec<Row>, Vec<Row>) =
            std::mem::take(&mut self.rows).into_iter().partition(|row| ids.contains(&row.id));
        let at = before.and_then(|id| rest.iter().position(|row| row.id == id)).unwrap_or(rest.len());
        moved.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
        rest.splice(at..at, moved);
        self.rows = rest;
        for id in ids {
            self.changed(*id);
        }
    }

    /// What a row is now and where it stands, as a note of it would say.
    pub(super) fn state(&self, id: RowId, moved: bool) -> Note {
        let at = self.position(id);
        let next = at.filter(|_| moved).and_then(|at| self.follower(at));
        Note { id, before: at.and_then(|at| self.rows.get(at)).cloned(), next, moved }
    }

    /// Makes a row what a note says that it was. One that comes back has its id, and counters at zero.
    pub(super) fn bring_back(&mut self, note: &Note) {
        let at = self.position(note.id);
        let Some(wanted) = &note.before else {
            if let Some(at) = at {
                self.take_out(at);
            }
            return;
        };
        let row = match at.map(|at| (at, self.take_out(at))) {
            Some((at, there)) => {
                let row = Row { origin: wanted.origin.clone(), attributes: wanted.attributes.clone(), ..there };
                if !note.moved {
                    self.put_in(Some(at), row);
                    return;
                }
                row
            }
            None => Row { meters: Default::default(), ..wanted.clone() },
        };
        let place = note.next.and_then(|next| self.position(next));
        self.put_in(place, row);
    }

    /// Gives every row a new id, as a restart may.
    pub fn renumber(&mut self) {
        for row in &mut self.rows {
            row.id = RowId(self.next);
            self.next = self.next.saturating_add(1);
        }
        self.swept();
    }

    /// One more change of a row, of which the index knows.
    pub(super) fn changed(&mut self, id: RowId) {
        self.index.follow(self.changes, self.changes + 1);
        self.changes += 1;
        self.write_down(id);
    }

    /// One more change, of rows that nobody names.
    pub(super) fn swept(&mut self) {
        self.changes += 1;
    }

    fn write_down(&mut self, id: RowId) {
        if self.journal.len() >= JOURNAL {
            self.journal.pop_front();
        }
        self.journal.push_back((self.changes, id));
    }

    /// The rows that came, went or changed since there had been so many changes; nothing where that is no longer known.
    pub(super) fn changed_since(&self, changes: u64) -> Option<BTreeSet<RowId>> {
        let from = self.journal.partition_point(|(number, _)| *number <= changes);
        let since = self.journal.range(from..);
        let known = u64::try_from(since.len()).is_ok_and(|known| known == self.changes.saturating_sub(changes));
        known.then(|| since.map(|(_, id)| *id).collect())
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::starting_at(1)
    }
}
