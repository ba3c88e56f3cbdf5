//! Scripts: the language, the jobs that carry it out, and what starts them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

mod exports;
mod language;
mod over_the_api;
mod round_trip;
mod schedules;
mod undo;
mod watches;
