//! The agent's client doing what is measured, on a runtime like the agent's.

use std::{hint::black_box, net::SocketAddr, time::Duration};

use anyhow::{bail, ensure};

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

/// Signs in and reads `count` rows of counters into what the agent keeps of a row.
///
/// # Errors
/// The router refuses, or the connection breaks.
fn rows(address: SocketAddr, count: usize) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let (client, _) = Client::connect(&target(address)).await?;
        let answer = client.run(router::print(count)).await?;
        ensure!(answer.rows.len() == count, "{} rows of {count}", answer.rows.len());
        black_box(answer.rows);
        Ok(())
    })
}

/// One piece of work in a process of its own, which others count.
///
/// # Errors
/// Unknown work, or it fails.
pub(crate) fn work(work: &str, router: &str, count: &str) -> anyhow::Result<()> {
    let (router, count) = (router.parse()?, count.parse()?);
    match work {
        "adds" => adds(router, count).map(|_| ()),
        "rows" => rows(router, count),
        _ => bail!("no work is named {work}"),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn target(address: SocketAddr) -> Target {
    let mut target = Target::new(address.ip().to_string(), Security::Plain, ADMIN, ADMIN);
    target.port = address.port();
    target
}
