//! Stage 5: who is let in, and who is locked out. What can be read off a rule is in `rules`.

mod rules;

use super::{
    Finding,
    model::Row,
    rehearsal::Rehearsal,
    rows::{is, text},
};

/// What the stage finds.
pub(super) fn stage(rehearsal: &Rehearsal) -> Vec<Finding> {
    rehearsal.steps.iter().flat_map(rules::found).collect()
}

/// Whether a row keeps VIFs apart: those stay above all others.
pub(super) fn isolates(row: &Row) -> bool {
    ["bulkhead:base/", "bulkhead:vif/", "bulkhead:installer/"].iter().any(|mark| text(row, "comment").starts_with(mark))
}

/// Whether a row is in force.
fn in_force(row: &Row) -> bool {
    !is(row, "disabled") && !is(row, "invalid")
}
