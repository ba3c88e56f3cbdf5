use super::*;
use crate::flow::traffic::rules::Role;
use proptest::prelude::*;

fn row(part: &str, id: &str, bytes: u64, packets: u64) -> Counted {
    let (passes, towards) = (part.starts_with("accept"), part.ends_with("in"));
    let role = Role { vif: 1, part: part.to_owned(), passes, towards };
    Counted { role, id: id.to_owned(), bytes, packets }
}

fn at(ms: u64, uptime_s: u64) -> Moment {
    Moment { ms, uptime_s }
}

fn opened(made_now: bool) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.open(1, made_now);
    ledger
}

/// What a second look finds after a first one of 100 bytes and 10 packets under `*1`, at ten seconds and uptime 1000 s.
fn second(row: Counted, moment: Moment) -> (u64, u64, Option<u64>) {
    let mut ledger = opened(false);
    ledger.look(vec![self::row("accept-out", "*1", 100, 10)], at(10_000, 1000));
    let grown = ledger.look(vec![row], moment);
    let total = ledger.total(1);
    (total.tx_bytes - 100, total.tx_packets - 10, grown.get(&1).map(|grown| grown.over_ms))
}

#[test]
fn what_began_anew_is_told_from_what_grew() {
    let out = |id, bytes, packets| row("accept-out", id, bytes, packets);
    let cases = [
        ("it grew", out("*1", 150, 15), at(20_000, 1010), (50, 5, Some(10_000))),
        ("nothing passed", out("*1", 100, 10), at(20_000, 1010), (0, 0, Some(10_000))),
        ("it was reset", out("*1", 7, 1), at(20_000, 1010), (7, 1, Some(10_000))),
        (
            "it was reset and has more bytes than before, in fewer packets",
            out("*1", 120, 1),
            at(20_000, 1010),
            (120, 1, Some(10_000)),
        ),
        ("it was made anew and has grown beyond", out("*2", 150, 15), at(20_000, 1010), (150, 15, Some(10_000))),
        ("the router was booted and it has grown beyond", out("*1", 150, 15), at(70_000, 30), (150, 15, Some(30_000))),
        ("the router was booted a moment ago", out("*1", 0, 0), at(70_000, 2), (0, 0, Some(2_000))),
        (
            "a whole counter",
            out("*1", u64::MAX, u64::MAX),
            at(20_000, 1010),
            (u64::MAX - 100, u64::MAX - 10, Some(10_000)),
        ),
        (
            "another rule of the same direction",
            row("accept-tcp-80-out", "*9", 5, 1),
            at(20_000, 1010),
            (5, 1, Some(10_000)),
        ),
    ];
    for (name, row, moment, expected) in cases {
        assert_eq!(second(row, moment), expected, "{name}");
    }
}

#[test]
fn directions_and_drops_are_told_apart() {
    let mut ledger = opened(true);
    let rows = |n: u64| {
        vec![
            row("accept-out", "*1", n, n),
            row("accept-in", "*2", 2 * n, 2 * n),
            row("private", "*3", 30 * n, 3 * n),
            row("gate-in", "*4", 40 * n, 4 * n),
        ]
    };
    ledger.look(rows(0), at(0, 5));
    let grown = ledger.look(rows(10), at(1000, 6))[&1];
    let expected = Amount { rx_bytes: 20, tx_bytes: 10, rx_packets: 20, tx_packets: 10, drops: 70 };
    assert_eq!((grown.amount, grown.over_ms, grown.now), (expected, 1000, true));
    ledger.interface(1, [1, 2], [3, 4]);
    let total = ledger.total(1);
    assert_eq!((total.rx_drops, total.tx_drops, total.rx_errors, total.tx_errors), (41, 32, 3, 4));
}

#[test]
fn what_is_not_shown_at_a_look_stays_as_it_was() {
    let mut ledger = opened(false);
    let (accept, drop) = (|n| row("accept-out", "*1", n, n), |n| row("private", "*3", n, n));
    ledger.look(vec![accept(0), drop(5)], at(0, 100));
    ledger.look(vec![accept(1)], at(10_000, 110));
    let grown = ledger.look(vec![accept(2), drop(7)], at(20_000, 120))[&1];
    assert_eq!((grown.amount.tx_bytes, grown.amount.drops, grown.over_ms), (1, 2, 10_000));
    assert!(ledger.look(vec![], at(30_000, 130)).is_empty(), "without its rules nothing is measured");
    let grown = ledger.look(vec![accept(4)], at(40_000, 140))[&1];
    assert_eq!((grown.amount.tx_bytes, grown.over_ms), (2, 20_000));
}

#[test]
fn a_first_look_is_in_the_totals_and_in_no_step_unless_the_vif_was_made_since_the_look_before() {
    let mut ledger = opened(false);
    assert!(ledger.look(vec![row("accept-out", "*1", 100, 1)], at(10_000, 1000)).is_empty());
    assert_eq!(ledger.total(1).tx_bytes, 100, "it did pass since the rule was made");
    let mut ledger = Ledger::default();
    ledger.look(vec![], at(10_000, 1000));
    ledger.open(1, true);
    let grown = ledger.look(vec![row("accept-out", "*1", 100, 1)], at(13_000, 1003))[&1];
    assert_eq!((grown.amount.tx_bytes, grown.over_ms), (100, 3_000));
}

#[test]
fn an_agent_that_starts_again_goes_on_where_the_last_one_wrote() {
    let cases = [
        ("the router went on", at(0, 1060), 150, 50, Some((60_000, false))),
        ("the router was booted meanwhile", at(0, 20), 150, 150, Some((20_000, false))),
    ];
    for (name, moment, bytes, grown_by, span) in cases {
        let mut before = opened(false);
        before.look(vec![row("accept-out", "*1", 100, 10)], at(500_000, 1000));
        let mut after = Ledger::read(&before.kept());
        assert_eq!(after.total(1), before.total(1));
        let grown = after.look(vec![row("accept-out", "*1", bytes, 15)], moment).get(&1).copied();
        assert_eq!(grown.map(|grown| (grown.over_ms, grown.now)), span, "{name}");
        assert_eq!(after.total(1).tx_bytes, 100 + grown_by, "{name}");
    }
    assert_eq!(Ledger::read(b"nothing of ours"), Ledger::default());
}

/// What happens between two looks.
#[derive(Debug, Clone, Copy)]
enum Between {
    Passes(u64),
    Reset,
    Boot,
    MadeAnew,
    /// The agent dies; what was not written is lost.
    Restart,
    Written,
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        4 => (0_u64..10_000).prop_map(Between::Passes),
        1 => Just(Between::Reset),
        1 => Just(Between::Boot),
        1 => Just(Between::MadeAnew),
        1 => Just(Between::Restart),
        1 => Just(Between::Written),
    ]
}

proptest! {
    /// Against a router that knows what really passed, with an agent that looks now and then.
    #[test]
    fn totals_never_fall_and_never_say_more_than_what_passed(
        events in prop::collection::vec((between(), any::<bool>(), 1_u64..100), 1..80),
    ) {
        let (mut passed, mut counter, mut id, mut uptime, mut ms) = (0_u64, 0_u64, 1_u64, 1000_u64, 0_u64);
        let mut ledger = opened(true);
        let (mut kept, mut said) = (ledger.kept(), 0);
        for (event, looks, seconds) in events {
            (ms, uptime) = (ms + seconds * 1000, uptime + seconds);
            match event {
                Between::Passes(bytes) => (passed, counter) = (passed + bytes, counter + bytes),
                Between::Reset => counter = 0,
                Between::Boot => (counter, id, uptime) = (0, id + 1, 1),
                Between::MadeAnew => (counter, id) = (0, id + 1),
                Between::Restart => (ledger, said) = (Ledger::read(&kept), 0),
                Between::Written => kept = ledger.kept(),
            }
            if looks {
                let grown = ledger.look(vec![row("accept-out", &format!("*{id}"), counter, counter)], at(ms, uptime));
                let total = ledger.total(1).tx_bytes;
                prop_assert!(total <= passed, "{total} of {passed}");
                prop_assert!(total >= said, "{total} after {said}");
                prop_assert!(grown.get(&1).is_none_or(|grown| grown.over_ms <= ms));
                said = total;
            }
        }
    }

    #[test]
    fn with_a_look_before_each_new_beginning_totals_are_exact(
        events in prop::collection::vec((between(), 1_u64..100), 1..80),
    ) {
        let (mut passed, mut counter, mut id, mut uptime, mut ms) = (0_u64, 0_u64, 1_u64, 1000_u64, 0_u64);
        let mut ledger = opened(true);
        let look = |ledger: &mut Ledger, id: u64, counter: u64, ms: u64, uptime: u64| {
            ledger.look(vec![row("accept-out", &format!("*{id}"), counter, counter)], at(ms, uptime));
        };
        for (event, seconds) in events {
            look(&mut ledger, id, counter, ms, uptime);
            (ms, uptime) = (ms + seconds * 1000, uptime + seconds);
            match event {
                Between::Passes(bytes) => (passed, counter) = (passed + bytes, counter + bytes),
                Between::Reset => counter = 0,
                Between::Boot => (counter, id, uptime) = (0, id + 1, 1),
                Between::MadeAnew => (counter, id) = (0, id + 1),
                Between::Restart | Between::Written => ledger = Ledger::read(&ledger.kept()),
            }
            look(&mut ledger, id, counter, ms, uptime);
            prop_assert_eq!(ledger.total(1).tx_bytes, passed);
        }
    }
}
