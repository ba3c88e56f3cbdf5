//! The proof on the model: whatever somebody else configures around our rows, no packet of a VIF gets out by another way
//! than its egress, or the verifier names the row that lets it pass, and its repair ends that.
//!
//! No sockets: our rows as [`objects`] gives them on a router in memory, a stranger's rows from a seed, packets from the
//! same seed. `BULKHEAD_FAULT_SEED` replays one.

mod foreign;
mod packets;
mod repair;
mod router;

use bulkhead_agent::flow::vif::{
    objects::objects,
    verify::{Look, Remedy, verify},
};
use bulkhead_flows::draw::{Draw, so_many};
use packets::Leak;
use repair::{put_back, shut};
use router::Router;

/// Sets of foreign rows.
const SETS: u64 = 10_000;
/// Tests that share them, so that two cores do.
const SHARDS: u64 = 4;

fn look(router: &Router) -> Look {
    verify(&router.vifs, router.reading()).1
}

/// What one seed came to.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    sets: u64,
    packets: u64,
    leaking: u64,
    shut: u64,
}

fn shard(n: u64) -> Tally {
    let all = so_many(SETS);
    let mut tally = Tally::default();
    for seed in all.filter(|seed| seed % SHARDS == n) {
        one(seed, &mut tally);
    }
    tally
}

fn one(seed: u64, tally: &mut Tally) {
    let mut draw = Draw::new(seed);
    let mut router = Router::new();
    let rows = foreign::put(&mut router, &mut draw);
    let sent = packets::draw(&router, &mut draw);
    let case = |what: &str, leaks: &[Leak], look: &Look| {
        format!("seed {seed}, {what}\nrows: {rows:#?}\nleaks: {leaks:#?}\nsaid: {:#?}", look.faults)
    };
    tally.sets += 1;
    let (count, leaks) = packets::leaks(&router, &sent);
    tally.packets += count;
    tally.leaking += u64::from(!leaks.is_empty());
    let said = look(&router);
    for leak in &leaks {
        let named = leak.rows.iter().any(|row| said.faults.iter().any(|fault| fault.text.contains(row.as_str())));
        assert!(named, "{}", case("a leak that nobody names", &leaks, &said));
    }
    let again = if put_back(&mut router) { look(&router) } else { said };
    let left: Vec<_> = again.faults.iter().filter(|fault| fault.remedy == Remedy::PutBack).collect();
    assert!(left.is_empty(), "{}", case("what was put back is not right", &leaks, &again));
    let must: Vec<_> = router
        .vifs
        .iter()
        .filter(|vif| again.of(vif).any(|fault| fault.remedy == Remedy::Shut))
        .map(|vif| vif.spec.id.clone())
        .collect();
    tally.shut += u64::from(!must.is_empty());
    for vif in &must {
        shut(&mut router, vif);
    }
    let (_, after) = packets::leaks(&router, &sent);
    let after: Vec<Leak> = after.into_iter().filter(|leak| leak.is_possible(&must)).collect();
    assert!(after.is_empty(), "{}", case("a leak after the repair", &after, &again));
}

macro_rules! shards {
    ($($name:ident $n:literal)*) => {$(
        #[test]
        #[allow(clippy::print_stdout, reason = "figures for people")]
        fn $name() {
            let tally = shard($n);
            println!("{tally:?}");
            let alone = tally.sets < SETS / SHARDS;
            assert!(alone || (tally.leaking > 20 && tally.shut > 100), "too tame a stranger: {tally:?}");
        }
    )*};
}

shards! {
    whatever_a_stranger_configures_nothing_leaks_or_the_row_is_named_1 0
    whatever_a_stranger_configures_nothing_leaks_or_the_row_is_named_2 1
    whatever_a_stranger_configures_nothing_leaks_or_the_row_is_named_3 2
    whatever_a_stranger_configures_nothing_leaks_or_the_row_is_named_4 3
}

#[test]
fn a_router_that_nobody_else_touched_is_whole_and_every_vif_is_followed() {
    let said = look(&Router::new());
    assert!(said.faults.is_empty(), "{:#?}", said.faults);
    assert!(said.traced.values().all(|count| *count > 60) && said.traced.len() == 2, "{:?}", said.traced);
}

#[test]
fn every_single_object_of_ours_that_is_gone_is_named() {
    let vifs = Router::new().vifs;
    for object in objects(&vifs) {
        let mut router = Router::new();
        assert!(router.remove_mark(object.menu.path(), &object.mark), "{} has no {}", object.menu.path(), object.mark);
        let said = look(&router);
        let named =
            said.faults.iter().any(|fault| fault.remedy == Remedy::PutBack && fault.text.contains(&object.mark));
        assert!(named, "{} of {}: {:#?}", object.mark, object.menu.path(), said.faults);
        assert!(put_back(&mut router));
        let said = look(&router);
        assert!(said.faults.is_empty(), "{} of {}: {:#?}", object.mark, object.menu.path(), said.faults);
    }
}

/// Long tables of others' are what a verification costs most by; the figures are for people.
#[test]
#[allow(clippy::print_stdout, reason = "figures for people")]
fn thirty_vifs_among_ten_thousand_rules_of_others_are_followed_by_a_bounded_number_of_packets() {
    let mut router = Router::crowded(30);
    for n in 0..10_000 {
        let address = format!("10.{}.{}.0/24", n / 256, n % 256);
        let rule = [("chain", "forward"), ("action", "drop"), ("src-address", &*address), ("dynamic", "false")];
        router.add("/ip/firewall/filter", usize::MAX, &rule);
    }
    for n in 0..40 {
        let (address, port) = (format!("198.18.{n}.0/24"), (1000 + n).to_string());
        let rule = [
            ("chain", "prerouting"),
            ("action", "mark-packet"),
            ("new-packet-mark", "x"),
            ("dst-address", &*address),
            ("protocol", "tcp"),
            ("dst-port", &*port),
        ];
        router.add("/ip/firewall/mangle", usize::MAX, &rule);
    }
    let reading = router.reading();
    let vifs = std::mem::take(&mut router.vifs);
    drop(router);
    let before = peak_kib();
    let look = verify(&vifs, reading).1;
    let most = look.traced.values().copied().max().unwrap_or_default();
    println!("{most} packets a VIF, {} KiB more at the peak", peak_kib() - before);
    assert!(look.faults.is_empty() && look.traced.len() == 30, "{:#?}", look.faults);
    assert!((60..=300).contains(&most), "{most} packets");
}

/// The most memory that this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
