//! What a listener is told: of each row that has come, changed or gone since it looked last.
//!
//! A store remembers which rows its last changes concerned, so that a change costs a listener that row and no other,
//! however long the table is. Only what follows from the whole device (flags of interfaces, routes, rules) and what
//! happened too long ago makes it look at every row. Of a row it keeps the id and a hash.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use shared::routeros::value::RowId;

use super::{
    Device, Fields,
    caller::Caller,
    print::Depth,
    request::Request,
    spec::{Spec, Weight},
};

/// What somebody who listens to a menu knows of it.
#[derive(Debug, Default)]
pub struct Listener {
    changes: u64,
    topology: u64,
    /// The rows that are shown, by a hash of what they say.
    known: BTreeMap<RowId, u64>,
}

/// What has changed since a listener looked last.
#[derive(Debug, Default)]
pub struct News {
    /// Rows that have come or are different.
    pub changed: Vec<RowId>,
    /// Rows that are gone, or are not to be shown any more.
    pub dead: Vec<RowId>,
}

impl Listener {
    /// One who knows what there is now.
    pub fn new(device: &Device, caller: &Caller, request: &Request) -> Self {
        let mut listener = Self::default();
        listener.look(device, caller, request, None);
        listener
    }

    /// What has changed since.
    pub fn news(&mut self, device: &Device, caller: &Caller, request: &Request) -> News {
        let Some(spec) = device.specs.get(&request.menu) else { return News::default() };
        let store = device.store(&spec.store);
        let follows = self.topology != device.topology && follows_from_others(device, spec);
        if store.changes == self.changes && !follows {
            self.topology = device.topology;
            return News::default();
        }
        let concerned = store.changed_since(self.changes).filter(|_| !follows);
        self.look(device, caller, request, concerned.as_ref())
    }

    /// Looks at these rows, or at all: which have changed, and which are no longer shown.
    fn look(
        &mut self,
        device: &Device,
        caller: &Caller,
        request: &Request,
        concerned: Option<&BTreeSet<RowId>>,
    ) -> News {
        self.topology = device.topology;
        self.changes = device.specs.get(&request.menu).map_or(0, |spec| device.store(&spec.store).changes);
        let shown = match concerned {
            Some(ids) => device.render_rows(caller, request, ids.iter().copied(), Depth::Lasting),
            None => device.render_menu(caller, request, Depth::Lasting),
        };
        let now: BTreeMap<RowId, u64> = shown.unwrap_or_default().iter().map(|(id, row)| (*id, hash(row))).collect();
        let gone = |id: &RowId| !now.contains_key(id);
        let dead: Vec<RowId> = match concerned {
            Some(ids) => ids.iter().filter(|id| self.known.contains_key(id) && gone(id)).copied().collect(),
            None => self.known.keys().filter(|id| gone(id)).copied().collect(),
        };
        let changed = now.iter().filter(|(id, row)| self.known.get(id) != Some(row)).map(|(id, _)| *id).collect();
        for id in &dead {
            self.known.remove(id);
        }
        self.known.extend(now);
        News { changed, dead }
    }
}

impl Device {
    /// How many rows were made up for answers so far: what an answer costs, without a stopwatch.
    pub fn rendered(&self) -> u64 {
        self.rendered.get()
    }
}

/// Whether rows of a menu show what follows from the rest of the device.
fn follows_from_others(device: &Device, spec: &Spec) -> bool {
    spec.weight != Weight::None || device.store(&spec.store).rows.iter().any(|row| !row.derived.is_empty())
}

fn hash(row: &Fields) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}
