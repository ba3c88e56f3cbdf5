//! Lines of a router's event list: what happened, for people.

use crate::ids::{ChangeSetId, VifId};
use serde::{Deserialize, Serialize};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Should be looked at.
    Warning,
    /// Somebody must act.
    Critical,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable over a repeated delivery, unique for its sender.
    pub id: u64,
    /// When it happened, Unix milliseconds of the sender's clock.
    pub at: i64,
    /// How much it matters.
    pub severity: Severity,
    /// Stable, `lower_snake`, such as `vif_created`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The VIF that it is about.
    pub vif: Option<VifId>,
    /// The change set that it is about.
    pub change_set: Option<ChangeSetId>,
}
