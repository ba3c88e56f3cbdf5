//! What is on the wire: frozen bytes, round trips, and everything that must not be taken.

#![allow(clippy::expect_used, clippy::panic, reason = "a test stops where something is not as it was made")]

mod drifts;
mod golden;
mod refused;
mod round_trip;
mod samples;
mod vifs;
