//! Rows 2 and 3: what the agent's client puts on the wire, and what it makes a router put there.

use std::{net::SocketAddr, time::Duration};

use bulkhead_agent::flow::interfaces;
use shared::routeros::sentence::Sentence;

use crate::{counted, delay, router, row::Row};

const ROUND_TRIP: Duration = Duration::from_millis(5);
const FEW: u32 = 1000;

/// Measures and prints.
///
/// # Errors
/// The client or strace fails.
pub(crate) fn measure() -> anyhow::Result<()> {
    let figure = "sends per pipelined add at 5 ms, window 32 (strace, N and 3N)";
    let set = "TCP_NODELAY (setsockopt, by strace)";
    let (goal, switched) = ("≤ 0.0625 (1 per 16)", "on");
    if counted::has("strace") {
        let near = router::start()?;
        let sends = sends(near)?;
        let ours = format!("{sends:.4} (1 per {:.1})", 1.0 / sends);
        Row { number: 2, figure, goal, ours, met: Some(sends <= 1.0 / 16.0), others: String::new() }.print();
        let on = counted::options(&counted::ours("adds", near, 1)?)?
            .lines()
            .any(|line| line.contains("TCP_NODELAY, [1]") && line.ends_with("= 0"));
        let ours = if on { "on" } else { "off" }.to_owned();
        Row { number: 2, figure: set, goal: switched, ours, met: Some(on), others: String::new() }.print();
    } else {
        for (figure, goal) in [(figure, goal), (set, switched)] {
            let ours = "skipped: strace is not installed".to_owned();
            Row { number: 2, figure, goal, ours, met: None, others: String::new() }.print();
        }
    }
    let asked = counter_row()?;
    let nobodys = bytes(Some("rx-byte,tx-byte"))?;
    Row {
        number: 3,
        figure: "bytes per counter row that a poll reads",
        goal: "≤ 60 B",
        ours: format!("{asked} B, {nobodys} of them RouterOS' framing and the digits, before it says whose they are"),
        met: Some(asked <= 60),
        others: format!("{} B of everything, {} B without .proplist", bytes(Some(interfaces::ALL))?, bytes(None)?),
    }
    .print();
    Ok(())
}

/// Sends per pipelined add, to a router that is 5 ms away.
///
/// # Errors
/// The client or strace fails.
pub(crate) fn sends(near: SocketAddr) -> anyhow::Result<f64> {
    let router = delay::proxy(near, ROUND_TRIP)?;
    counted::each(FEW, |count| counted::sends(&counted::ours("adds", router, count)?))
}

/// Bytes of a counter row as a poll reads it.
///
/// # Errors
/// It cannot be written.
pub(crate) fn counter_row() -> anyhow::Result<usize> {
    bytes(Some(interfaces::MOVING))
}

/// A row of counters with a tag as long as most are, of an interface that has carried gigabytes.
///
/// The API gives every word a length and every property its name: `!re`, the tag and the end take 13 bytes, the two
/// counters 20 and their digits 21. Of 60 that leaves six to say whose they are, and `=.id=*1` alone takes eight.
fn bytes(properties: Option<&str>) -> anyhow::Result<usize> {
    let mut said = Vec::new();
    router::counters(Sentence::new("!re").tag("1f"), 0, properties).encode(&mut said)?;
    Ok(said.len())
}
