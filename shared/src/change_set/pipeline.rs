//! The twelve states of a change set in the controller, and what leads from one to the next.

use serde::{Deserialize, Serialize};

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
    /// The agent did not begin to undo what was kept, because others have built on it; it is kept as before.
    Superseded,
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
/// | `rollback` | undone → rolled_back, undo_failed → error, superseded → active |
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
        (S::Verifying, E::Keep) | (S::Rollback, E::Superseded) => S::Active,
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
    pub const ALL: [Self; 20] = [
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
        Self::Superseded,
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
        rollback: undone=rolled_back undo_failed=error superseded=active
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
