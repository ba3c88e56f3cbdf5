//! What may happen to a router with a VIF, each under a flood of everything.

mod admins;
mod agents;
mod kernels;
mod offload;
mod tags;
mod tunnels;

use crate::{
    bed::Bed,
    clock, lane,
    run::{Happens, Told},
};
use std::{sync::atomic::Ordering, time::Instant};

/// How long bad news is left as it is.
const LINGER_MS: u64 = 260;

/// What has caught something once: no short run goes without.
pub(crate) const CAUGHT: [&str; 6] = [
    "power-on: no agent, no lease",
    "the far end's answers come too late to be forwarded",
    "a foreign accept on top of forward",
    "a foreign notrack on top of raw",
    "a foreign mark for connections on top of mangle",
    "our jumps are deleted and added again",
];

/// All transitions, each with its name.
pub(crate) fn all() -> Vec<(&'static str, Happens)> {
    let can = lane::abilities();
    let tags = if can.vlans { tags::ALL } else { &[] };
    let offload = if can.flowtables { offload::ALL } else { &[] };
    [agents::ALL, tunnels::ALL, kernels::ALL, admins::ALL, tags, offload].concat()
}

/// From now on packets should flow.
fn good_from_now(bed: &Bed, reaction: Option<u64>) -> Told {
    Told { reaction, good: Some((clock::now(), bed.traffic.desk.next.load(Ordering::SeqCst) + 1)), exposed: &[] }
}

/// Waits until the gate is closed in the kernel; milliseconds since the news, nothing if it never was.
fn closed_after(bed: &Bed, news: Instant) -> Option<u64> {
    clock::until(5000, || !bed.kernel().gate().0);
    let (open, since) = bed.kernel().gate();
    let since = since.filter(|_| !open)?;
    u64::try_from(since.saturating_duration_since(news).as_millis()).ok()
}

fn linger() {
    clock::pause(LINGER_MS);
}

/// Nothing but that all is well again from now on.
#[expect(clippy::unnecessary_wraps, reason = "the end of transitions, which may fail")]
fn well(bed: &Bed) -> anyhow::Result<Told> {
    Ok(good_from_now(bed, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_caught_something_is_a_transition() {
        for name in CAUGHT {
            assert!(all().iter().any(|(one, _)| *one == name), "{name}");
        }
    }
}
