//! Change sets: what is to change on a router, and what became of it.
//!
//! The controller runs the pipeline of twelve [`State`]s; the agent carries a change out and says how it ended
//! ([`Outcome`]). Its journal is the truth.

use crate::{
    ids::{ChangeSetId, VifId},
    vif::VifSpec,
};
use serde::{Deserialize, Serialize};

/// What is to change. Later kinds of item join [`Resource`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its place in the change set, for findings and progress.
    pub id: String,
    /// What is done to what.
    pub resource: Resource,
}

/// One thing and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Make a compartment.
    VifCreate(VifSpec),
    /// Remove a compartment without a trace.
    VifRemove(VifId),
}

/// One write as it will go to the router, for the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What is done.
    pub verb: Verb,
    /// The RouterOS menu, such as `/ip/route`.
    pub menu: String,
    /// Names and values as they are sent (of an `add` or `set`), or that name the object (of a `remove`).
    pub attributes: Vec<(String, String)>,
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
    pub warnings: Vec<String>,
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
    /// Unix milliseconds of the agent's clock.
    pub at: i64,
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

/// Where a change set is in the controller's pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is being edited.
    Idle,
    /// Being edited.
    Draft,
    /// The stages run.
    Validating,
    /// Findings are shown.
    Invalid,
    /// The plan is shown.
    Previewing,
    /// A person acknowledges a named risk.
    Confirming,
    /// The agent writes.
    Applying,
    /// Evidence is gathered.
    Verifying,
    /// Kept.
    Active,
    /// The agent undoes.
    Rollback,
    /// Undone and read back.
    RolledBack,
    /// Needs a person.
    Error,
}

/// What can happen to a change set in the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A person edits.
    Edit,
    /// A person asks for validation.
    Validate,
    /// A person gives up.
    Cancel,
    /// The stages passed.
    Valid,
    /// The stages found something.
    Findings,
    /// The router could not be asked.
    Unreachable,
    /// A person, or the request itself, says yes; the risk is not high.
    Confirm,
    /// A person says yes; the risk is high.
    ConfirmHighRisk,
    /// The named risk is acknowledged.
    Acknowledge,
    /// The agent has written everything.
    Applied,
    /// The agent could not, or refused; it has undone what it did, or says that it does not know.
    ApplyFailed,
    /// Evidence is in.
    Keep,
    /// A person, the deadline or missing evidence.
    Roll,
    /// A person undoes a kept change in time.
    Undo,
    /// The agent has undone it and read it back.
    Undone,
    /// The agent could not undo it.
    UndoFailed,
    /// A person tries again.
    Retry,
    /// A person orders the undo that failed.
    ForceRollback,
    /// A person closes a failed change.
    Reset,
}

/// The next state, or nothing where the event is not legal in this one.
///
/// | state | event → next |
/// | --- | --- |
/// | `idle` | edit → draft |
/// | `draft` | edit → draft, validate → validating, cancel → idle |
/// | `validating` | valid → previewing, findings → invalid, unreachable → error |
/// | `invalid` | edit → draft, cancel → idle |
/// | `previewing` | confirm → applying, confirm_high_risk → confirming, edit → draft, cancel → idle |
/// | `confirming` | acknowledge → applying, cancel → previewing |
/// | `applying` | applied → verifying, apply_failed → error |
/// | `verifying` | keep → active, roll → rollback, apply_failed → error |
/// | `active` | undo → rollback |
/// | `rollback` | undone → rolled_back, undo_failed → error |
/// | `rolled_back` | final |
/// | `error` | retry → validating, force_rollback → rollback, reset → idle |
pub fn next(state: State, event: Event) -> Option<State> {
    use Event as E;
    use State as S;
    Some(match (state, event) {
        (S::Idle | S::Draft | S::Invalid | S::Previewing, E::Edit) => S::Draft,
        (S::Draft, E::Validate) | (S::Error, E::Retry) => S::Validating,
        (S::Draft | S::Invalid | S::Previewing, E::Cancel) | (S::Error, E::Reset) => S::Idle,
        (S::Validating, E::Valid) | (S::Confirming, E::Cancel) => S::Previewing,
        (S::Validating, E::Findings) => S::Invalid,
        (S::Previewing, E::ConfirmHighRisk) => S::Confirming,
        (S::Previewing, E::Confirm) | (S::Confirming, E::Acknowledge) => S::Applying,
        (S::Applying, E::Applied) => S::Verifying,
        (S::Verifying, E::Keep) => S::Active,
        (S::Verifying, E::Roll) | (S::Active, E::Undo) | (S::Error, E::ForceRollback) => S::Rollback,
        (S::Rollback, E::Undone) => S::RolledBack,
        (S::Validating, E::Unreachable)
        | (S::Applying | S::Verifying, E::ApplyFailed)
        | (S::Rollback, E::UndoFailed) => S::Error,
        _ => return None,
    })
}

impl State {
    /// All twelve, in the order in which a change normally passes them.
    pub const ALL: [Self; 12] = [
        Self::Idle,
        Self::Draft,
        Self::Validating,
        Self::Invalid,
        Self::Previewing,
        Self::Confirming,
        Self::Applying,
        Self::Verifying,
        Self::Active,
        Self::Rollback,
        Self::RolledBack,
        Self::Error,
    ];

    /// Whether something runs that ends by itself.
    pub fn is_processing(self) -> bool {
        matches!(self, Self::Validating | Self::Applying | Self::Verifying | Self::Rollback)
    }

    /// Whether a person can still call it off without anything having been written.
    pub fn is_cancellable(self) -> bool {
        next(self, Event::Cancel).is_some()
    }

    /// Whether nothing follows but an undo.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Idle | Self::Active | Self::RolledBack)
    }

    /// The events that are legal, for the answer to one that is not.
    pub fn legal(self) -> Vec<Event> {
        Event::ALL.into_iter().filter(|&event| next(self, event).is_some()).collect()
    }
}

impl Event {
    /// All events.
    pub const ALL: [Self; 19] = [
        Self::Edit,
        Self::Validate,
        Self::Cancel,
        Self::Valid,
        Self::Findings,
        Self::Unreachable,
        Self::Confirm,
        Self::ConfirmHighRisk,
        Self::Acknowledge,
        Self::Applied,
        Self::ApplyFailed,
        Self::Keep,
        Self::Roll,
        Self::Undo,
        Self::Undone,
        Self::UndoFailed,
        Self::Retry,
        Self::ForceRollback,
        Self::Reset,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the doc comment once more, as data, so that the match cannot drift from what people read.
    const TABLE: &str = "
        idle: edit=draft
        draft: edit=draft validate=validating cancel=idle
        validating: valid=previewing findings=invalid unreachable=error
        invalid: edit=draft cancel=idle
        previewing: confirm=applying confirm_high_risk=confirming edit=draft cancel=idle
        confirming: acknowledge=applying cancel=previewing
        applying: applied=verifying apply_failed=error
        verifying: keep=active roll=rollback apply_failed=error
        active: undo=rollback
        rollback: undone=rolled_back undo_failed=error
        rolled_back:
        error: retry=validating force_rollback=rollback reset=idle";

    #[test]
    fn every_pair_of_state_and_event_follows_the_table() {
        let word =
            |value: serde_json::Result<String>| value.map(|text| text.trim_matches('"').to_owned()).unwrap_or_default();
        for state in State::ALL {
            let name = word(serde_json::to_string(&state));
            let row = TABLE.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}:"))).expect("a row");
            for event in Event::ALL {
                let key = word(serde_json::to_string(&event));
                let expected = row.split_whitespace().find_map(|cell| cell.strip_prefix(&format!("{key}=")));
                let found = next(state, event).map(|state| word(serde_json::to_string(&state)));
                assert_eq!(found.as_deref(), expected, "{name} × {key}");
            }
        }
    }

    #[test]
    fn whatever_runs_can_end_and_nothing_that_is_final_runs() {
        for state in State::ALL {
            assert!(!(state.is_processing() && state.is_final()), "{state:?}");
            assert!(!state.is_processing() || !state.legal().is_empty(), "{state:?}");
            assert!(!state.is_processing() || !state.is_cancellable(), "{state:?}: it has been handed to the agent");
        }
    }
}
