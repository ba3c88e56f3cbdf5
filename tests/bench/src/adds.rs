//! Row 1: a thousand adds over 5 ms of round trip.

use std::{net::SocketAddr, time::Duration};

use crate::{delay, ours, pairs, peer::Peer, raw::Raw, router, row::Row};

const COUNT: u16 = 1000;
const ROUND_TRIP: Duration = Duration::from_millis(5);
const WINDOW: usize = 32;
const ROUNDS: usize = 9;
/// The others take seconds each, and those that wait for each answer up to fifty: they add fewer.
const PEER_ROUNDS: usize = 3;
const ONE_BY_ONE: u16 = 100;

/// Measures and prints.
///
/// # Errors
/// A client fails.
pub(crate) fn measure() -> anyhow::Result<()> {
    let router = delay::proxy(router::start()?, ROUND_TRIP)?;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let ideal = per_second(Raw::sign_in(router)?.adds(COUNT.into(), WINDOW)?);
        let own = per_second(ours::adds(router, COUNT.into())?);
        eprintln!("round {round}: raw {ideal:.0}/s, ours {own:.0}/s");
        raw.push(ideal);
        ours.push(own);
    }
    let share = pairs::ratio(&ours, &raw);
    Row {
        number: 1,
        figure: "1000 adds at 5 ms, window 32, of a raw socket's rate; the router answers at once and models nothing",
        goal: "≥ 90 %",
        ours: format!("{:.0} % ({:.0}/s)", share * 100.0, pairs::median(ours)),
        met: Some(share >= 0.9),
        others: format!("raw socket {:.0}/s", pairs::median(raw)),
    }
    .print();
    against(router, Peer::Librouteros, 1, "the same, against librouteros (no tags)", Some(25.0))?;
    against(router, Peer::RouterosApi, 1, "the same, against RouterOS-api (one at a time)", None)?;
    against(router, Peer::RouterosApi, WINDOW, "the same, against RouterOS-api (batches of 32)", None)?;
    against(router, Peer::NodeRouteros, WINDOW, "the same, against node-routeros (32 in flight)", None)
}

/// Ours against one of the others.
fn against(
    router: SocketAddr,
    peer: Peer,
    window: usize,
    figure: &'static str,
    least: Option<f64>,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let count = if window == 1 { ONE_BY_ONE } else { COUNT };
    for round in 1..=PEER_ROUNDS {
        let Some(time) = peer.adds(router, count.into(), window)? else { break };
        let their = f64::from(count) / time.as_secs_f64();
        let own = per_second(ours::adds(router, COUNT.into())?);
        eprintln!("round {round}: {} {their:.0}/s, ours {own:.0}/s", peer.name());
        theirs.push(their);
        ours.push(own);
    }
    let goal = if least.is_some() { "≥ 25 ×" } else { "" };
    let row = if theirs.is_empty() {
        let ours = format!("skipped: {} is not installed", peer.name());
        Row { number: 1, figure, goal, ours, met: None, others: String::new() }
    } else {
        let times = pairs::ratio(&ours, &theirs);
        let others = format!("{} {:.0}/s", peer.name(), pairs::median(theirs));
        let met = least.map(|least| times >= least);
        Row { number: 1, figure, goal, ours: format!("{times:.1} ×"), met, others }
    };
    row.print();
    Ok(())
}

fn per_second(time: Duration) -> f64 {
    f64::from(COUNT) / time.as_secs_f64()
}
