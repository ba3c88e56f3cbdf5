//! The menu engine by itself: values, order, references, prints. Without sockets, by the twin's own clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

mod bench;
mod cascades;
mod editing;
mod queries;
mod values;
