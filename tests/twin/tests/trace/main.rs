//! The way of packets through the twin: a table for every stage, laws over random rules, lock-outs over real sockets,
//! and the traffic that rules count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests panic to fail")]

mod layer2;
mod matchers;
mod nat;
mod router;
mod routing;
mod stages;
