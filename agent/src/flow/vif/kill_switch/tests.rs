use super::*;
use State::{Armed, Engaged, Held, HeldOff, Off, Recovering, Suspect, Unchecked};

const T0: Duration = Duration::from_secs(100);
/// Within the hold of what recovers since [`T0`].
const SOON: Duration = Duration::from_millis(102_999);
/// Its end.
const LATER: Duration = Duration::from_secs(103);

/// The order of the columns.
const EVENTS: [Event; 10] = [
    Event::Seen(Egress::Good),
    Event::Seen(Egress::Quiet),
    Event::Seen(Egress::Silent),
    Event::Seen(Egress::Down),
    Event::Seen(Egress::Missing),
    Event::Seen(Egress::Unproven),
    Event::Seen(Egress::Unknown),
    Event::Seen(Egress::Leaks),
    Event::Engage,
    Event::Release,
];

/// Every state with what follows each event, at [`LATER`]. Written down, not computed.
#[rustfmt::skip]
const TABLE: [(State, [State; 10]); 9] = [
    (Unchecked, [Armed, Engaged, Engaged, Engaged, Engaged, Unchecked, Engaged, Engaged, Held, Unchecked]),
    (Armed, [Armed, Suspect, Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Held, Armed]),
    (Suspect, [Armed, Suspect, Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Held, Suspect]),
    (Engaged, [Recovering(LATER), Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Held, Engaged]),
    (Recovering(T0), [Armed, Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Held, Recovering(T0)]),
    (Recovering(SOON), [Recovering(SOON), Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Engaged, Held, Recovering(SOON)]),
    (Held, [Held, Held, Held, Held, Held, Held, Held, Held, Held, Engaged]),
    (HeldOff, [HeldOff, HeldOff, HeldOff, HeldOff, HeldOff, HeldOff, HeldOff, HeldOff, HeldOff, Off]),
    (Off, [Off, Off, Off, Off, Off, Off, Off, Off, HeldOff, Off]),
];

#[test]
fn every_pair_of_state_and_event_follows_the_table() {
    for (state, expected) in TABLE {
        for (event, after) in EVENTS.into_iter().zip(expected) {
            assert_eq!(next(state, event, LATER), after, "{state:?} × {event:?}");
        }
    }
    let seen: Vec<Event> = Egress::ALL.into_iter().map(Event::Seen).collect();
    assert_eq!(EVENTS[..8], seen[..], "no sight is left out");
}

#[test]
fn the_gate_reopens_when_the_hold_is_over_and_not_before() {
    let good = Event::Seen(Egress::Good);
    let recovering = next(Engaged, good, T0);
    assert_eq!(next(recovering, good, SOON), Recovering(T0), "a look in between does not begin it anew");
    assert_eq!(next(recovering, good, LATER), Armed);
    let fallen = next(recovering, Event::Seen(Egress::Down), SOON);
    assert_eq!(next(fallen, good, LATER), Recovering(LATER), "what flaps begins anew");
}

#[test]
fn unless_it_is_off_a_gate_is_open_only_on_what_was_good_a_probe_ago() {
    let bad = [Egress::Silent, Egress::Down, Egress::Missing, Egress::Unproven, Egress::Unknown, Egress::Leaks];
    for (state, _) in TABLE {
        for seen in bad {
            let after = next(state, Event::Seen(seen), LATER);
            assert!(after == Off || !after.is_open(), "{state:?} × {seen:?}");
        }
        assert!(!next(state, Event::Engage, LATER).is_open(), "{state:?}: a person's word closes");
    }
}

#[test]
fn every_way_follows_the_state_and_that_of_the_other_vif() {
    let none = None;
    for (state, _) in TABLE {
        let alone = if [Armed, Suspect, Off].contains(&state) { Way::Own } else { Way::Closed };
        assert_eq!(way(state, none), alone, "{state:?}");
        assert_eq!(alone == Way::Own, state.is_open(), "{state:?}");
        for (other, _) in TABLE {
            let falls = matches!(state, Engaged | Recovering(_)) && matches!(other, Armed | Suspect);
            assert_eq!(way(state, Some(other)), if falls { Way::Other } else { alone }, "{state:?}, other {other:?}");
        }
    }
}

#[test]
fn a_hold_is_there_again_after_a_restart_and_off_is_off_only_without_one() {
    let table = [(false, false, Unchecked), (false, true, Held), (true, false, Off), (true, true, HeldOff)];
    for (off, held, state) in table {
        assert_eq!(State::initial(off, held), state);
        assert_eq!(state.is_held(), held);
    }
}
