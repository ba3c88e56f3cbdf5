//! The world around the router: container images and where they come from, the provider.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

mod clients;
mod containers;
mod logging;
mod provider;
mod router;
