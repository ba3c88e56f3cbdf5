//! Why a change is refused or stopped, in words.

use super::Stopped;
use crate::io::{router::Failed, store::StoreError};
use shared::change_set::Refusal;

pub(super) fn foreign_edit(what: &str) -> Refusal {
    Refusal::new(
        "foreign_edit",
        format!("somebody else changed the router meanwhile: {what}"),
        "Look at what they did, then make the change again.",
    )
}

pub(super) fn stopped(failed: Failed) -> Stopped {
    match failed {
        Failed::Refused(message) => {
            Stopped::Refused(Refusal::new("refused_by_router", message, "The words are the router's own."))
        }
        Failed::Lost(message) => Stopped::Lost(Refusal::new(
            "connection_lost",
            message,
            "The change is being undone; try again when the router answers.",
        )),
    }
}

pub(super) fn storage(error: &StoreError) -> Refusal {
    Refusal::new(
        "storage",
        format!("the agent's database failed: {error}"),
        "Free some space on the agent's disk, then try again.",
    )
}
