//! What has been changed and can be taken back: history, safe mode, restarts, device-mode.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

#[path = "../protocol/client.rs"]
mod client;
mod device_mode;
mod history;
mod restart;
mod safe_mode;

/// A twin whose clock moves only when it is told to.
async fn twin(version: &str) -> bulkhead_twin::Twin {
    let options = bulkhead_twin::Options {
        routeros_version: version.to_owned(),
        clock_stands: true,
        ..bulkhead_twin::Options::default()
    };
    bulkhead_twin::Twin::start(options).await.unwrap()
}
