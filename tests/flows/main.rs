//! The agent's flows against the twin.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says where")]

#[allow(unreachable_pub, dead_code, reason = "the tests of the whole have it as a public module")]
#[path = "../support/change_lines.rs"]
mod change_lines;
mod disk_full;
mod drift;
mod keeper;
mod keeper_fallback;
mod keeper_gates;
mod keeper_people;
#[allow(unreachable_pub, dead_code, reason = "the tests of the whole have it as a public module")]
#[path = "../support/lockouts.rs"]
mod list;
mod lockouts;
mod model;
mod rings;
mod row_faults;
mod rows;
mod second_apply;
mod secrets;
mod traffic;
mod verifier;
mod vif;
mod vif_faults;
mod vif_options;
