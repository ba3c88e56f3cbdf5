//! The twin over its sockets, asked with raw sentences.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

mod client;
mod control;
mod editing;
mod endurance;
mod faults;
mod following;
mod long_tables;
mod other_clients;
mod scripts;
mod sign_in;
mod state;
mod vif;
