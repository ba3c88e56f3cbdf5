//! All checks, an area a file.

pub mod form;

mod order;
mod print;
mod protocol;
mod traps;
mod values;

use crate::check::Check;

/// Every check, in the order in which they run: what reads first, before what writes.
pub fn all() -> Vec<Check> {
    let mut all = [protocol::checks(), traps::checks(), values::checks(), order::checks(), print::checks()].concat();
    all.sort_by_key(|check| (check.writes, check.area));
    all
}

/// Guesses of the twin's README that no check can ask about over the API, and why.
pub const NOT_TESTABLE: [(u8, &str); 0] = [];
