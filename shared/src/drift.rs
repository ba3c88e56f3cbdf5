//! Drift: what on a router is no longer as a kept change, or a VIF, left it.

use crate::{
    change_set::Attribute,
    ids::{ChangeSetId, DriftId, VifId},
};
use serde::{Deserialize, Serialize};

/// What is done about a row that somebody else altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It is told and left as it is.
    #[default]
    Report,
    /// It is put back. What keeps VIFs apart always is.
    Reconcile,
}

/// Where a drift is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is there.
    Open,
    /// It is being put back.
    Reconciling,
    /// The router is as it should be again; final.
    Gone,
    /// Somebody keeps undoing what is put back: nothing more is done until a person acts.
    Fighting,
    /// A person took what was found for what is wanted; final.
    Accepted,
}

impl State {
    /// Whether nothing more becomes of it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Gone | Self::Accepted)
    }
}

/// A property that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Altered {
    /// Its name.
    pub property: String,
    /// What it should be; nothing where it should have no value.
    pub wanted: Option<String>,
    /// What it is; nothing where it has no value.
    pub found: Option<String>,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// These properties differ.
    Altered(Vec<Altered>),
    /// It is gone; this is what it should hold.
    Missing(Vec<Attribute>),
    /// It stands elsewhere in an ordered menu.
    Moved,
    /// It should be gone: a leftover of a VIF.
    Surplus,
}

/// One row that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The same as long as the same difference lasts.
    pub id: DriftId,
    /// The menu: `/ip/firewall/filter`.
    pub menu: String,
    /// What finds the row: its mark, or the properties by which it was asked for; nothing in a menu of a single row.
    pub row: Vec<Attribute>,
    /// The change set and its item that left the row as it should be; nothing of a VIF's objects.
    pub item: Option<(ChangeSetId, String)>,
    /// The VIF whose object it is.
    pub vif: Option<VifId>,
    /// How it differs.
    pub difference: Difference,
    /// What is done about it.
    pub policy: Policy,
    /// Where it is.
    pub state: State,
    /// Unix milliseconds of the agent's clock at which it was first seen.
    pub first_seen: i64,
    /// The same of the last time, as of the last word about it: a drift that lasts is not told again and again.
    pub last_seen: i64,
}

/// All drifts of a router: what is not in it is over, unless it says that there are more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftReport {
    /// Those that last, and those that have ended since the last report.
    pub drifts: Vec<Drift>,
    /// How many more there are that did not fit in.
    pub more: u32,
    /// Unix milliseconds of the agent's clock.
    pub at: i64,
}
