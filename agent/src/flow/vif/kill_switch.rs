//! Kill switch of one VIF.
//!
//! The static layer (blackhole, closed chain, the way out named in the accept) holds without any agent. This is the
//! layer above it: the accept also wants a lease, an entry of `bh-open` that lives 30 s and that is refreshed only
//! while the egress is known to be good. Not known counts as bad.
//!
//! | state     | egress up | egress down | not known | leaks   |
//! | --------- | --------- | ----------- | --------- | ------- |
//! | `armed`   | armed     | engaged     | engaged   | engaged |
//! | `engaged` | armed     | engaged     | engaged   | engaged |
//!
//! `suspect`, `recovering` and `off` need probes and a person; they come with the listener.

use crate::flow::object::Row;
use shared::{
    net::InterfaceName,
    vif::{Gate, KillSwitch, KillSwitchMode, KillSwitchState},
};
use std::time::Duration;

/// How long a lease lives on the router without being refreshed.
pub const LEASE: Duration = Duration::from_secs(30);

/// What is known of the egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Egress {
    /// It runs.
    Up,
    /// It is there and does not run, or somebody switched it off.
    Down,
    /// It is not on the router.
    Missing,
    /// The router could not be asked.
    Unknown,
    /// Whatever it is: the verifier found a way past it.
    Leaks,
}

/// What is to be done on the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Add or refresh the lease.
    Open,
    /// Take the lease away at once.
    Close,
}

/// What the rows of `/interface` say of an egress.
pub fn look(egress: &InterfaceName, interfaces: &[Row]) -> Egress {
    match interfaces.iter().find(|row| row.get("name") == egress.as_str()) {
        None => Egress::Missing,
        Some(row) if row.is("running") && !row.is("disabled") => Egress::Up,
        Some(_) => Egress::Down,
    }
}

/// A kill switch before anything is known: closed.
pub fn initial(mode: KillSwitchMode, now: i64) -> KillSwitch {
    KillSwitch {
        mode,
        state: KillSwitchState::Engaged,
        active: true,
        gate: Gate::Closed,
        since: now,
        reason: "the egress has not been checked yet".to_owned(),
        held: false,
        way: None,
        reaction_ms: None,
    }
}

/// The next state for what was seen at `now` (Unix milliseconds), and what to do about it.
pub fn next(before: &KillSwitch, seen: Egress, now: i64) -> (KillSwitch, Effect) {
    let (state, reason, effect) = match seen {
        Egress::Up => (KillSwitchState::Armed, "the egress is up", Effect::Open),
        Egress::Down => (KillSwitchState::Engaged, "the egress is down", Effect::Close),
        Egress::Missing => (KillSwitchState::Engaged, "the egress is not on the router", Effect::Close),
        Egress::Unknown => (KillSwitchState::Engaged, "the router could not be asked", Effect::Close),
        Egress::Leaks => (KillSwitchState::Engaged, "isolation: something could leave by another way", Effect::Close),
    };
    let unchanged = before.state == state && before.reason == reason;
    let after = KillSwitch {
        mode: before.mode.clone(),
        state,
        active: state != KillSwitchState::Armed,
        gate: if effect == Effect::Open { Gate::Open } else { Gate::Closed },
        since: if unchanged { before.since } else { now },
        reason: reason.to_owned(),
        held: before.held,
        way: None,
        reaction_ms: before.reaction_ms,
    };
    (after, effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_state_and_sight_follows_the_table() {
        let engaged = initial(KillSwitchMode::Block, 0);
        let (armed, _) = next(&engaged, Egress::Up, 1);
        let table = [
            (Egress::Up, KillSwitchState::Armed, Gate::Open, Effect::Open),
            (Egress::Down, KillSwitchState::Engaged, Gate::Closed, Effect::Close),
            (Egress::Missing, KillSwitchState::Engaged, Gate::Closed, Effect::Close),
            (Egress::Unknown, KillSwitchState::Engaged, Gate::Closed, Effect::Close),
            (Egress::Leaks, KillSwitchState::Engaged, Gate::Closed, Effect::Close),
        ];
        for before in [&engaged, &armed] {
            for (seen, state, gate, effect) in table {
                let (after, done) = next(before, seen, 2);
                assert_eq!((after.state, after.gate, done), (state, gate, effect), "{:?} × {seen:?}", before.state);
                assert_eq!(after.active, gate == Gate::Closed);
            }
        }
    }

    #[test]
    fn since_moves_only_when_something_changed() {
        let (armed, _) = next(&initial(KillSwitchMode::Block, 0), Egress::Up, 5);
        assert_eq!(next(&armed, Egress::Up, 9).0.since, 5);
        assert_eq!(next(&armed, Egress::Down, 9).0.since, 9);
    }
}
