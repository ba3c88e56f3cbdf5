//! The twin over its sockets, asked with raw sentences.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

mod ansible;
mod client;
mod control;
mod crowds;
mod editing;
mod endurance;
mod faults;
mod following;
mod listeners;
mod long_tables;
mod memory;
mod noise;
mod other_clients;
mod scripts;
mod sign_in;
mod slow_readers;
mod state;
mod vif;
