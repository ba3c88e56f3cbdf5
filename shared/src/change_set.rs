//! Change sets: what is to change on a router, and what became of it.
//!
//! The controller runs the pipeline of twelve [`State`]s; the agent carries a change out and says how it ended
//! ([`Outcome`]). Its journal is the truth.

mod item;
mod pipeline;

pub use item::{Attribute, Confirm, Item, Keep, MenuWords, Position, Resource, RowChange, RowOperation};
pub use pipeline::{Event, State, next};

use crate::ids::ChangeSetId;
use serde::{Deserialize, Serialize};

/// One write as it will go to the router, for the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What is done.
    pub verb: Verb,
    /// The RouterOS menu, such as `/ip/route`.
    pub menu: String,
    /// Names and values as they are sent (of an `add` or `set`), or that name the object (of a `remove`).
    pub attributes: Vec<Attribute>,
    /// What these attributes are now, where the object is there: all of them of a `remove`, those that are written of a
    /// `set`. An attribute that has no value now is not in it.
    pub before: Vec<Attribute>,
    /// The [`Item::id`] that it is for; empty where it is for none (a VIF has many objects).
    pub item: String,
}

/// What one write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// A new object.
    Add,
    /// Attributes of an object that is there.
    Set,
    /// An object goes.
    Remove,
    /// An object changes its place in an ordered menu.
    Move,
}

/// What would be written if the change were applied now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// SHA-256 of what the plan was made from; applying refuses when the router has moved on.
    pub read_hash: [u8; 32],
    /// The writes in their order.
    pub operations: Vec<Operation>,
    /// What a person should know before saying yes.
    pub warnings: Vec<Refusal>,
    /// The rings that can be armed on this router; [`Ring::Journal`] always can.
    pub rings: Vec<Ring>,
}

/// Who undoes a change that must not stay. See ARCHITECTURE.md, "Rings".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// The agent, by its journal.
    Journal,
    /// RouterOS' Safe Mode, when the agent's connection closes.
    SafeMode,
    /// A script on the router, at the deadline.
    Script,
}

/// Proof that a change left the router reachable and as it was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The router let the agent sign in anew and showed every row as it was written.
    SignIn,
    /// The agent reached the broker over a new connection.
    Link,
    /// The controller said over it that the change stays.
    Controller,
    /// A person said so.
    Person,
}

/// How a change ended. `Reverted` and `Confirmed` are only said when the router was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Wholly there.
    Confirmed,
    /// Wholly undone.
    Reverted,
    /// Undone but for what [`Report::differs`] lists.
    PartlyReverted,
    /// Not known: no further change until a person has looked.
    Unknown,
}

/// Where the agent is with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Writing.
    Applying,
    /// Reading back what was written.
    Verifying,
    /// Undoing.
    RollingBack,
    /// Over; [`Report::outcome`] says how.
    Ended,
}

/// What became of a change set so far, from the agent's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which.
    pub id: ChangeSetId,
    /// Where it is.
    pub phase: Phase,
    /// Counts up with each report of one change set, so that a late one never overtakes a newer one.
    pub revision: u32,
    /// Writes done in this phase.
    pub done: u32,
    /// Writes of this phase.
    pub total: u32,
    /// The write under way or last done, for people.
    pub current: String,
    /// How it ended; nothing before it has.
    pub outcome: Option<Outcome>,
    /// What went wrong, where something did.
    pub error: Option<Refusal>,
    /// What on the router differs from before, of [`Outcome::PartlyReverted`].
    pub differs: Vec<String>,
    /// What spoke for the change so far.
    pub evidence: Vec<Evidence>,
    /// Unix milliseconds of the agent's clock at which it is undone unless it is kept; nothing where nobody is waited for.
    pub deadline: Option<i64>,
    /// Who undid it, of a change that was undone.
    pub undone_by: Option<Ring>,
    /// Unix milliseconds of the agent's clock.
    pub at: i64,
}

impl Report {
    /// Whether another word on the same change differs in no more than how many writes are done.
    pub fn says_as(&self, other: &Self) -> bool {
        self.id == other.id
            && self.phase == other.phase
            && self.outcome == other.outcome
            && self.evidence == other.evidence
            && self.deadline == other.deadline
    }
}

/// Why something was not done, in a form for programs and one for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable, `lower_snake`, listed in the reference.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Refusal {
    /// A refusal of these words.
    pub fn new(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), hint: hint.into() }
    }
}
