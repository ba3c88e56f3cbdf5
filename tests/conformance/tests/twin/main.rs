//! The list against the twin: whole, mutated, interrupted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

mod documents;
mod process;
mod promises;

use bulkhead_agent::io::routeros::{Security, Target};
use bulkhead_conformance::bench::Router;
use bulkhead_twin::{Options, Twin};

async fn twin(version: &str) -> Twin {
    Twin::start(Options { routeros_version: version.to_owned(), ..Options::default() }).await.unwrap()
}

async fn router(twin: &Twin) -> Router {
    let mut target = Target::new("127.0.0.1", Security::Plain, "admin", "admin");
    target.port = twin.api.port();
    Router::connect(target).await.unwrap()
}
