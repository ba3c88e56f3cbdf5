//! The RouterOS client against peers that a test scripts word by word or byte by byte: well-behaved, broken, hostile.
//!
//! Where time matters the peer is at the other end of a pipe and the clock is virtual; elsewhere it is a TCP server on
//! loopback. (A paused tokio clock runs on while sockets are waited for, so the two do not mix.)

#![allow(clippy::expect_used, clippy::panic, reason = "a test's script stops where it is not followed")]

mod peer;

mod batches;
mod commands;
mod connector;
mod cuts;
mod fuzzed;
mod hostile;
mod listening;
mod signing_in;
mod time_outs;
mod tls;
