//! The agent's connection to a broker, against one that does what a test says.
//!
//! Streams are in memory and time is virtual, so that waits of minutes take none; only `tls.rs` opens sockets.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's script stops where it is not followed")]

mod broker;
mod connecting;
mod failing;
mod incoming;
mod outgoing;
mod tls;
