//! What of a device outlives its process: the configuration, as a router's flash keeps it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Device,
    row::{Origin, Row},
};

type Values = BTreeMap<String, String>;

/// What signing gave a certificate: it stands in no argument, yet it stays.
const SIGNED: [&str; 5] = ["private-key", "authority", "fingerprint", "invalid-before", "invalid-after"];

/// The configuration of a device: rows in their order and single menus. Not in it: ids, counters, rows of the router's
/// own making, and entries that run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    stores: BTreeMap<String, KeptStore>,
    singles: BTreeMap<String, Values>,
    keys: u64,
}

/// The rows behind one menu. `next` goes on counting, so that a value that names a removed row by its dead id never
/// comes to name another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptStore {
    next: u32,
    rows: Vec<KeptRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptRow {
    kind: String,
    attributes: Values,
    /// What a built-in row was born with; nothing for the rows of a person or a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    built: Option<Values>,
    #[serde(default, skip_serializing_if = "Values::is_empty")]
    signed: Values,
}

/// A configuration that no device of this version can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{store} has a row of the unknown kind `{kind}`")]
pub struct UnknownKind {
    /// The menu whose rows they are.
    pub store: String,
    /// What the row says it is.
    pub kind: String,
}

impl Device {
    /// The configuration as it stands.
    pub fn kept(&self) -> Kept {
        let stores = self.stores.iter().filter_map(|(path, store)| {
            let rows: Vec<KeptRow> = store.rows.iter().filter_map(kept_row).collect();
            (!rows.is_empty()).then(|| (path.clone(), KeptStore { next: store.next, rows }))
        });
        Kept { stores: stores.collect(), singles: self.singles.clone(), keys: self.keys }
    }

    /// Takes over a kept configuration in place of [`Device::build`] and the scripts, as after a reboot: every row has
    /// a new id, and containers run as far as they start on boot.
    ///
    /// # Errors
    /// [`UnknownKind`]; the device is of no use then.
    pub fn restore(&mut self, kept: Kept) -> Result<(), UnknownKind> {
        for (path, store) in kept.stores {
            self.store_mut(&path).next = store.next;
            for row in store.rows {
                self.restore_row(&path, row)?;
            }
        }
        self.singles = kept.singles;
        self.keys = kept.keys;
        self.build_logging();
        self.boot_containers(&[]);
        self.unsettled = true;
        self.settle(Duration::ZERO);
        Ok(())
    }

    fn restore_row(&mut self, path: &str, kept: KeptRow) -> Result<(), UnknownKind> {
        let kinds = self.specs.values().map(|spec| spec.kind).chain(["loopback"]);
        let kind = kinds
            .into_iter()
            .find(|kind| *kind == kept.kind)
            .ok_or_else(|| UnknownKind { store: path.to_owned(), kind: kept.kind })?;
        let origin = if kept.built.is_some() { Origin::BuiltIn } else { Origin::Static };
        let store = self.store_mut(path);
        let id = store.insert(None, kind, origin, kept.attributes);
        if let Some(row) = store.row_mut(id) {
            row.built = kept.built.unwrap_or_default();
            row.derived.extend(SIGNED.iter().filter_map(|name| Some((*name, kept.signed.get(*name)?.clone()))));
        }
        Ok(())
    }
}

fn kept_row(row: &Row) -> Option<KeptRow> {
    let built = match row.origin {
        Origin::Dynamic(_) => return None,
        Origin::BuiltIn => Some(row.built.clone()),
        Origin::Static => None,
    };
    let signed = row.derived.iter().filter(|(name, _)| SIGNED.contains(*name));
    let signed = signed.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Some(KeptRow { kind: row.kind.to_owned(), attributes: row.attributes.clone(), built, signed })
}
