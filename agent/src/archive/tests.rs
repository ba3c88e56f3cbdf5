use super::*;
use crate::flow::{history::FINE_MS, traffic::rules::Role};
use proptest::prelude::*;
use shared::{
    net::{InterfaceName, VlanId},
    vif::{Egress, KillSwitchMode, Point, VifName, VifSpec},
};

const DAY_MS: i64 = 86_400_000;
/// A day's beginning.
const START: i64 = 20_800 * DAY_MS;

fn vif(name: &str, created_at: i64) -> Vif {
    Vif {
        spec: VifSpec {
            id: VifId::new(format!("{name}-1")).expect("an id"),
            name: VifName::new(name).expect("a name"),
            egress: Egress::Interface(InterfaceName::new("wg-vpn").expect("a name")),
            kill_switch: KillSwitchMode::Block,
            resolver: None,
            ports: Vec::new(),
        },
        vlan_id: VlanId::new(100).expect("a VLAN id"),
        subnet: "172.16.64.0/30".parse().expect("a subnet"),
        created_at,
    }
}

/// A router with one VIF whose rule counts, and the agent's archive of it.
struct Bed {
    store: Store,
    archive: Archive,
    vif: Vif,
    counter: u64,
    /// The clocks: the monotonic one and the uptime in milliseconds, the wall clock.
    ms: u64,
    uptime_ms: u64,
    now: i64,
    row: u64,
}

impl Bed {
    fn new() -> Self {
        let store = Store::in_memory().expect("a store");
        let archive = Archive::open(store.clone()).expect("an archive");
        let vif = vif("tor", 1);
        archive.keep(&[]);
        let mut bed = Self { store, archive, vif, counter: 0, ms: 0, uptime_ms: 5_000_000, now: START, row: 1 };
        // The look before the VIF was made.
        bed.archive.take(Vec::new(), bed.moment(), bed.now);
        bed.pass(10_000, 0);
        bed
    }

    fn moment(&self) -> Moment {
        Moment { ms: self.ms, uptime_s: self.uptime_ms / 1000 }
    }

    /// Time passes, and so many bytes; no look.
    fn lets(&mut self, ms: u32, bytes: u64) {
        self.ms += u64::from(ms);
        self.uptime_ms += u64::from(ms);
        self.now += i64::from(ms);
        self.counter += bytes;
    }

    fn look(&mut self) {
        let numbered = self.archive.keep(std::slice::from_ref(&self.vif));
        let role = Role { vif: numbered[0].0, part: "accept-in".to_owned(), passes: true, towards: true };
        let counted = Counted { role, id: format!("*{}", self.row), bytes: self.counter, packets: self.counter };
        self.archive.take(vec![counted], self.moment(), self.now);
        self.archive.write_when_due(self.ms, self.now);
    }

    fn pass(&mut self, ms: u32, bytes: u64) {
        self.lets(ms, bytes);
        self.look();
    }

    /// Ends well or not, and starts again.
    fn restart(&mut self, well: bool) {
        if well {
            self.archive.write(self.now);
        }
        self.archive = Archive::open(self.store.clone()).expect("an archive");
        self.ms = 0;
    }

    fn points(&self, span: Span) -> Vec<Point> {
        self.archive.history(&self.vif.spec.id, span, self.now).expect("a history").points
    }

    fn sum(&self, span: Span) -> u64 {
        self.points(span).iter().map(|point| point.rx_bytes).sum()
    }

    fn total(&self) -> u64 {
        self.archive.totals()[&self.vif.spec.id].rx_bytes
    }
}

/// What must hold of the points of any span.
fn sound(bed: &Bed, span: Span) {
    let (points, step) = (bed.points(span), i64::from(span.step_s()) * 1000);
    assert!(points.len() <= 1440, "{span:?}");
    assert!(points.windows(2).all(|pair| pair[0].at + step <= pair[1].at), "{span:?}: no point overlaps another");
    for point in &points {
        assert_eq!(point.at % step, 0, "{span:?}");
        assert!(i64::from(point.over_ms) <= step, "{span:?}: {point:?}");
        assert!(point.at <= bed.now && point.at > bed.now - i64::from(span.seconds()) * 1000 - step, "{span:?}");
    }
}

#[test]
fn an_answer_is_made_from_memory_and_flash_together() {
    let mut bed = Bed::new();
    // Two days and a half, a look a minute.
    for _ in 0..3600 {
        bed.pass(60_000, 600);
    }
    let carried = |seconds: u64| seconds * 10;
    // Each span begins with the step in which it begins, so all but the part of it before.
    let now = bed.now.rem_euclid(10_800_000);
    for (span, expected) in [
        (Span::Hour, carried(3600 - 5 + now.rem_euclid(5_000).unsigned_abs() / 1000)),
        (Span::Day, carried(86_400 - 60 + now.rem_euclid(60_000).unsigned_abs() / 1000)),
        (Span::Week, 3600 * 600),
        (Span::Month, 3600 * 600),
        (Span::Quarter, 3600 * 600),
    ] {
        assert_eq!(bed.sum(span), expected, "{span:?}");
        sound(&bed, span);
    }
    let week = bed.points(Span::Week);
    assert!(week[1..week.len() - 1].iter().all(|point| (point.over_ms, point.rx_bytes) == (900_000, 9_000)));
}

#[test]
fn ninety_days_fit_and_older_ones_go() {
    let mut bed = Bed::new();
    // 200 days, a look each twenty minutes.
    for _ in 0..200 * 72 {
        bed.pass(1_200_000, 12_000);
    }
    let points = bed.points(Span::Quarter);
    assert_eq!(points.len(), 720);
    assert!(points[..719].iter().all(|point| (point.over_ms, point.rx_bytes) == (10_800_000, 108_000)));
    sound(&bed, Span::Quarter);
    let rows = bed.store.with(|db| {
        let count =
            |table: &str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        Ok((count("traffic_minutes")?, count("traffic_quarters")?))
    });
    assert_eq!(rows, Ok((96, 91)), "the tables do not grow");
}

#[test]
fn where_nothing_was_measured_there_is_a_gap() {
    let mut bed = Bed::new();
    bed.pass(60_000, 600);
    let before = bed.now;
    bed.lets(7_200_000, 999);
    bed.look();
    bed.pass(60_000, 600);
    assert_eq!(bed.total(), 600 + 999 + 600, "the totals have it");
    let points = bed.points(Span::Day);
    let hole = before + 60_000..before + 7_200_000 - 60_000;
    assert!(points.iter().all(|point| !hole.contains(&point.at)), "{points:?}");
    assert_eq!(bed.sum(Span::Day), 1200);
}

#[test]
fn an_agent_that_starts_again_has_its_history_and_its_totals() {
    for well in [true, false] {
        let mut bed = Bed::new();
        for _ in 0..200 {
            bed.pass(10_000, 100);
        }
        bed.restart(well);
        assert_eq!(bed.points(Span::Hour), [], "seconds are in memory alone");
        bed.pass(30_000, 300);
        assert_eq!((bed.total(), bed.sum(Span::Day)), (20_300, 20_300), "ended well: {well}");
        sound(&bed, Span::Day);
    }
}

#[test]
fn a_vif_that_is_gone_takes_its_history_along_also_for_another_of_its_id() {
    let mut bed = Bed::new();
    bed.pass(60_000, 600);
    let (other, old) = (vif("dns", 2), bed.vif.clone());
    bed.archive.keep(&[bed.vif.clone(), other.clone()]);
    // The journal knows of none, as after the end of a change that removed it.
    bed.archive.keep(&[other]);
    let refused = bed.archive.history(&old.spec.id, Span::Day, bed.now).expect_err("refused");
    assert_eq!(refused.code, "unknown_vif");
    bed.vif = old;
    (bed.row, bed.counter) = (2, 0);
    bed.pass(10_000, 50);
    assert_eq!((bed.total(), bed.sum(Span::Day), bed.sum(Span::Hour)), (50, 50, 50));
    // Removed and made again between two looks.
    bed.vif.created_at = 77;
    (bed.row, bed.counter) = (3, 0);
    bed.pass(10_000, 7);
    assert_eq!((bed.total(), bed.sum(Span::Day)), (7, 7));
}

#[test]
fn a_journal_that_cannot_be_read_costs_no_history() {
    let mut bed = Bed::new();
    bed.pass(60_000, 600);
    bed.store.with(|db| db.execute_batch("ALTER TABLE vif RENAME TO hidden")).expect("hidden");
    bed.archive.keep(&[]);
    assert_eq!(bed.sum(Span::Day), 600);
}

#[test]
fn a_disk_without_room_costs_nothing_once_there_is_some() {
    let mut bed = Bed::new();
    let pages = |most: i64| bed.store.with(|db| db.pragma_update_and_check(None, "max_page_count", most, |_| Ok(())));
    pages(1).expect("as few as there are");
    let filler = "CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(9999))";
    assert!(bed.store.with(|db| db.execute_batch(filler)).is_err(), "there is no room");
    pages(1 << 20).expect("more");
    for _ in 0..120 {
        bed.pass(10_000, 100);
    }
    bed.store.with(|db| db.execute_batch("PRAGMA query_only = 1")).expect("read only");
    for _ in 0..120 {
        bed.pass(10_000, 100);
    }
    assert_eq!(bed.sum(Span::Day), 24_000);
    bed.store.with(|db| db.execute_batch("PRAGMA query_only = 0")).expect("writable");
    for _ in 0..120 {
        bed.pass(10_000, 100);
    }
    bed.restart(true);
    assert_eq!((bed.sum(Span::Day), bed.total()), (36_000, 36_000));
}

/// What happens between two looks, or instead of one.
#[derive(Debug, Clone, Copy)]
enum Event {
    Looks(u32, u64),
    Waits(u32, u64),
    Reset,
    Boot,
    Ends(bool),
    /// The wall clock is set by so many milliseconds.
    Jumps(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (1_u32..20_000, 0_u64..100_000).prop_map(|(ms, bytes)| Event::Looks(ms, bytes)),
        2 => (1_u32..540_000, 0_u64..100_000).prop_map(|(ms, bytes)| Event::Waits(ms, bytes)),
        1 => Just(Event::Reset),
        1 => Just(Event::Boot),
        1 => any::<bool>().prop_map(Event::Ends),
        1 => (-3_600_000_i64..3_600_000).prop_map(Event::Jumps),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_points_hold_what_was_counted_and_none_overlaps_another(
        events in prop::collection::vec(event(), 1..150), offset in 0..DAY_MS,
    ) {
        let mut bed = Bed::new();
        bed.now += offset;
        // Of a VIF that was never written down, an agent that dies has no history.
        bed.restart(true);
        let mut newest = bed.now;
        for event in events {
            match event {
                Event::Looks(ms, bytes) | Event::Waits(ms, bytes) => bed.pass(ms, bytes),
                Event::Reset => bed.counter = 0,
                Event::Boot => (bed.counter, bed.row, bed.uptime_ms) = (0, bed.row + 1, 0),
                Event::Ends(well) => bed.restart(well),
                Event::Jumps(by) => bed.now += by,
            }
            newest = newest.max(bed.now);
        }
        // Seen from a moment at which no step is in the future.
        bed.now = newest;
        for span in Span::ALL {
            sound(&bed, span);
        }
        // All of it is within a week: what was counted is what is shown, to the byte.
        prop_assert_eq!(bed.sum(Span::Week), bed.total());
        prop_assert_eq!(bed.sum(Span::Month), bed.total());
        prop_assert_eq!(bed.sum(Span::Quarter), bed.total());
        let fine: u64 = bed.points(Span::Hour).iter().map(|point| point.rx_bytes).sum();
        prop_assert!(fine <= bed.total(), "{}", FINE_MS);
    }
}
