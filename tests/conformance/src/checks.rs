//! All checks, an area a file.

pub mod form;

mod containers;
mod follow;
mod history;
mod jobs;
mod lan;
mod lists;
mod matchers;
mod not_testable;
mod order;
mod packets;
mod print;
mod protocol;
mod references;
mod refused_values;
mod rows;
mod safe_mode;
mod schedules;
mod scripts;
mod several_rows;
mod sign_in;
mod system;
mod taken;
mod traps;
mod values;
mod vif;

pub use self::not_testable::NOT_TESTABLE;
use crate::check::Check;

/// Every check, in the order in which they run: what reads first, before what writes.
pub fn all() -> Vec<Check> {
    let mut all = [
        protocol::checks(),
        sign_in::checks(),
        system::checks(),
        lan::checks(),
        print::checks(),
        follow::checks(),
        scripts::checks(),
        jobs::checks(),
        schedules::checks(),
        traps::checks(),
        taken::CHECKS.to_vec(),
        refused_values::checks(),
        values::checks(),
        matchers::checks(),
        order::checks(),
        rows::checks(),
        several_rows::checks(),
        references::checks(),
        lists::checks(),
        packets::checks(),
        vif::checks(),
        containers::checks(),
        history::checks(),
        safe_mode::checks(),
    ]
    .concat();
    all.sort_by_key(|check| (check.writes, check.area));
    all
}
