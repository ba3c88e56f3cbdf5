//! The agent's flows against the twin.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says where")]

mod drift;
mod keeper;
mod rings;
mod row_faults;
mod rows;
mod vif;
mod vif_faults;
