//! The agent's client doing what is measured, on a runtime like the agent's.

use std::{net::SocketAddr, time::Duration};

use bulkhead_agent::io::{
    clock,
    routeros::{Client, Security, Target},
};

use crate::router::{self, ADMIN};

/// Signs in and adds `count` rules; how long that takes from the first command to the last answer.
///
/// # Errors
/// The router refuses, or the connection breaks.
pub(crate) fn adds(address: SocketAddr, count: usize) -> anyhow::Result<Duration> {
    runtime()?.block_on(async {
        let (client, _) = Client::connect(&target(address)).await?;
        let began = clock::now();
        for answer in client.run_all((0..count).map(router::add).collect()).await {
            answer?;
        }
        Ok(clock::now() - began)
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn target(address: SocketAddr) -> Target {
    let mut target = Target::new(address.ip().to_string(), Security::Plain, ADMIN, ADMIN);
    target.port = address.port();
    target
}
