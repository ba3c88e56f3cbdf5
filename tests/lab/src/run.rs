//! One step of the run: everything good, the flood on, something happens, and what the wires have shown of it.

use crate::{
    bed::Bed,
    capture::Wire,
    clock,
    marker::Kind,
    report::{self, Totals},
};
use bulkhead_agent::flow::vif::kill_switch::HOLD;
use std::{sync::atomic::Ordering, time::Instant};

/// What a transition tells of itself.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// From bad news to the gate closed in the kernel, milliseconds.
    pub(crate) reaction: Option<u64>,
    /// From when packets should flow again, and the number of the first probe after that.
    pub(crate) good: Option<(Instant, u32)>,
    /// Kinds that one layer alone holds back, which was taken away by hand: told apart.
    pub(crate) exposed: &'static [Kind],
}

/// Something that happens.
pub(crate) type Happens = fn(&mut Bed) -> anyhow::Result<Told>;

/// How long packets may take to flow again before that is a finding.
const LONGEST_MS: u64 = 20_000;

/// The wires on which nothing of a service may ever be, and what does not come from the service.
const OUTSIDE: [Wire; 5] = [Wire::Wan, Wire::SecondWan, Wire::Lan, Wire::Router, Wire::Neighbour];
const OTHERS: [Kind; 3] = [Kind::FromLan, Kind::RouterV6, Kind::Gateway];

/// Answers of the published port are for the LAN, and nobody else.
fn may_be(kind: Kind, wire: Wire) -> bool {
    OTHERS.contains(&kind) || (kind == Kind::Published && wire == Wire::Lan)
}

/// What only the firewall holds back: no routing rule concerns what is for the router itself, or what it says by itself.
pub(crate) const FIREWALL_ALONE: &[Kind] = &[Kind::DnsRouter, Kind::Quoted];

/// Everything of the service that was seen where it may not be: how many, and in words.
pub(crate) fn leaks(bed: &Bed) -> (u64, Vec<String>) {
    seen_outside(bed, |_| true)
}

fn seen_outside(bed: &Bed, which: impl Fn(Kind) -> bool) -> (u64, Vec<String>) {
    let (mut count, mut words) = (0, Vec::new());
    for wire in OUTSIDE {
        for (kind, seen) in bed.book.on(wire).into_iter().filter(|(kind, _)| !may_be(*kind, wire) && which(*kind)) {
            count += seen.count;
            words.push(format!("{} {kind:?} on {wire:?}, such as {:?}", seen.count, seen.example));
        }
    }
    (count, words)
}

/// What the tunnel has carried.
pub(crate) fn carried(bed: &Bed) -> u64 {
    Kind::CARRIED.iter().map(|kind| bed.book.count(Wire::Tunnel, *kind)).sum()
}

/// Lets one thing happen under the flood.
///
/// # Errors
/// The lab itself fails.
pub(crate) fn step(bed: &mut Bed, totals: &mut Totals, (name, happens): (&str, Happens)) -> anyhow::Result<()> {
    bed.good()?;
    bed.follower.engaged.store(false, Ordering::SeqCst);
    let desk = bed.traffic.desk.clone();
    let before = desk.sent.load(Ordering::SeqCst);
    bed.book.clear_for(desk.step.fetch_add(1, Ordering::SeqCst) + 1);
    desk.runs.store(true, Ordering::SeqCst);
    clock::pause(120);
    let told = happens(bed)?;
    let (mut blocked, mut beyond) = (None, None);
    let engaged = || bed.follower.engaged.load(Ordering::SeqCst);
    // In a short run one hold is waited out.
    let spared = bed.short && engaged() && totals.held;
    if let Some((at, first)) = told.good.filter(|_| !spared) {
        clock::until(LONGEST_MS, || bed.book.arrived(first).is_some());
        match bed.book.arrived(first) {
            Some(arrived) => {
                blocked = u64::try_from(arrived.saturating_duration_since(at).as_millis()).ok();
                totals.held |= engaged();
                let hold = if engaged() { u64::try_from(HOLD.as_millis()).unwrap_or(u64::MAX) } else { 0 };
                beyond = blocked.map(|blocked| blocked.saturating_sub(hold));
                totals.overblock.extend(beyond);
            }
            None => totals.findings.push(format!("{name}: nothing flows {LONGEST_MS} ms after all was well again")),
        }
    }
    clock::pause(60);
    desk.runs.store(false, Ordering::SeqCst);
    clock::pause(60);
    let probes = desk.sent.load(Ordering::SeqCst) - before;
    let (leaked, words) = seen_outside(bed, |kind| !told.exposed.contains(&kind));
    let (exposed, ways) = seen_outside(bed, |kind| told.exposed.contains(&kind));
    totals.transitions += 1;
    totals.probes += probes;
    totals.in_tunnel += carried(bed);
    totals.leaked += leaked;
    totals.exposed += exposed;
    totals.reaction.extend(told.reaction);
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let counts = [probes, carried(bed), leaked].map(|count| count.to_string());
    let columns = [&counts[..], &[number(told.reaction), number(blocked), number(beyond)]].concat();
    report::row(name, &columns);
    for words in words {
        report::say(&format!("    leaked: {words}"));
    }
    for words in ways {
        report::say(&format!("    exposed: {words}"));
    }
    Ok(())
}
