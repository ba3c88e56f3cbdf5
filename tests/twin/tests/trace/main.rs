//! The way of packets through the twin: a table for every stage, laws over random rules, lock-outs over real sockets,
//! and the traffic that rules count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests panic to fail")]

#[allow(dead_code, reason = "it serves the tests of the protocol too")]
#[path = "../protocol/client.rs"]
mod client;
mod laws;
mod layer2;
mod lock_out;
mod matchers;
mod nat;
mod relay;
mod router;
mod routing;
mod stages;
mod traffic;
