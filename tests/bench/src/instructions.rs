//! Rows 2 and 3: instructions for an add and for a row that is read.

use std::{net::SocketAddr, process::Command};

use anyhow::bail;
use bulkhead_agent::flow::interfaces;

use crate::{
    counted,
    peer::Peer,
    router::{self, ADMIN},
    row::Row,
};

const FEW: u32 = 1000;
/// The other one is Python, fifty times slower under valgrind.
const PEER_FEW: u32 = 50;

/// Measures and prints.
///
/// # Errors
/// A client or valgrind fails.
pub(crate) fn measure() -> anyhow::Result<()> {
    let router = router::start()?;
    one(router, 2, "adds", "instructions per add, the agent's client (callgrind, N and 3N)", 5_000.0, "≤ 5,000")?;
    let figure = "instructions per row of 11 properties read into the agent's form (the same)";
    one(router, 3, "rows", figure, 10_000.0, "≤ 10,000")
}

fn one(
    router: SocketAddr,
    number: u8,
    work: &str,
    figure: &'static str,
    most: f64,
    goal: &'static str,
) -> anyhow::Result<()> {
    if !counted::has("valgrind") {
        let ours = "skipped: valgrind is not installed".to_owned();
        Row { number, figure, goal, ours, met: None, others: String::new() }.print();
        return Ok(());
    }
    let own = each(work, router)?;
    eprintln!("{work}: ours {own:.0}");
    let others = theirs(work, router);
    Row { number, figure, goal, ours: format!("{own:.0}"), met: Some(own <= most), others }.print();
    Ok(())
}

/// What one of the agent's `work` takes.
///
/// # Errors
/// The client or valgrind fails.
pub(crate) fn each(work: &str, router: SocketAddr) -> anyhow::Result<f64> {
    counted::each(FEW, |count| counted::instructions(&counted::ours(work, router, count)?))
}

/// What librouteros takes for the same, or why that is not known: ours is told in any case.
fn theirs(work: &str, router: SocketAddr) -> String {
    let name = Peer::Librouteros.name();
    let total = |count| match librouteros(work, router, count) {
        Some(command) => counted::instructions(&command),
        None => bail!("not installed"),
    };
    match counted::each(PEER_FEW, total) {
        Ok(each) => format!("{name} {each:.0}"),
        // The first line: a trace of Python's is no cell of a table.
        Err(error) => format!("{name} skipped: {}", format!("{error:#}").lines().next().unwrap_or_default()),
    }
}

fn librouteros(work: &str, router: SocketAddr, count: usize) -> Option<Command> {
    let mut command = Peer::Librouteros.command("work")?;
    let (host, port) = (router.ip().to_string(), router.port().to_string());
    command.args([work, &host, &port, ADMIN, ADMIN, &count.to_string(), interfaces::ALL]);
    Some(command)
}
