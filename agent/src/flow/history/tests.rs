use super::*;
use proptest::prelude::*;

const NOW: i64 = 1_796_000_000_000;

fn bytes(rx_bytes: u64) -> Amount {
    Amount { rx_bytes, ..Amount::default() }
}

/// A step's number, milliseconds and bytes.
type Cut = (i64, u32, u64);

fn cells(amount: u64, now: i64, over_ms: u64) -> Vec<Cut> {
    spread(bytes(amount), now, over_ms, FINE_MS)
        .map(|(number, cell)| (number, cell.over_ms, cell.amount.rx_bytes))
        .collect()
}

#[test]
fn a_growth_is_spread_over_the_time_in_which_it_came() {
    let cases: [(u64, i64, u64, &[Cut]); 6] = [
        (1000, 10_000, 10_000, &[(0, 5000, 500), (1, 5000, 500)]),
        (1001, 10_000, 10_000, &[(0, 5000, 500), (1, 5000, 501)]),
        (100, 6_000, 2_000, &[(0, 1000, 50), (1, 1000, 50)]),
        (7, 5_001, 3, &[(0, 2, 4), (1, 1, 3)]),
        (7, 5_000, 0, &[(1, 0, 7)]),
        (0, 4_000, 1_000, &[(0, 1000, 0)]),
    ];
    for (amount, now, over_ms, expected) in cases {
        assert_eq!(cells(amount, now, over_ms), expected, "{amount} in the {over_ms} ms before {now}");
    }
}

#[test]
fn a_clock_that_was_never_set_dates_nothing() {
    let mut memory = Memory::default();
    memory.take(1, bytes(5), 60_000, 10_000);
    assert!(memory.minutes().is_empty() && memory.recent(1).is_empty());
    memory.take(1, bytes(5), NOW, 10_000);
    assert!(!memory.minutes().is_empty() && !memory.recent(1).is_empty());
}

#[test]
fn what_came_in_too_long_a_time_is_a_gap() {
    let mut memory = Memory::default();
    memory.take(1, bytes(5), NOW, LONGEST_MS + 1);
    assert!(memory.minutes().is_empty());
    memory.take(1, bytes(5), NOW, LONGEST_MS);
    assert_eq!(memory.minutes().values().flat_map(sums).map(|(_, sum)| sum.amount.rx_bytes).sum::<u64>(), 5);
}

#[test]
fn memory_is_bounded_whatever_the_clock_and_the_disk_do() {
    let mut memory = Memory::default();
    for hour in 0..100 {
        // Nobody writes the minutes down, and the clock is set forward by an hour each time.
        memory.take(1, bytes(1), NOW + hour * 3_600_000, 10_000);
    }
    assert!(memory.minutes().len() <= MOST_WINDOWS);
    let points: usize = memory.recent(1).len();
    assert!(points <= 8, "{points}");
}

#[test]
fn the_last_hour_of_thirty_busy_vifs_takes_a_third_of_a_megabyte() {
    let mut memory = Memory::default();
    let amount = Amount { rx_bytes: 12_500_000, tx_bytes: 625_000, rx_packets: 9_000, tx_packets: 4_500, drops: 0 };
    for look in 0..720 {
        for vif in 1..=30 {
            memory.take(vif, amount, NOW + look * 10_000, 10_000);
        }
        if memory.is_due(NOW + look * 10_000) {
            memory.take_minutes(NOW + look * 10_000);
        }
    }
    let bytes = memory.recent_bytes();
    assert!((200_000..=330_000).contains(&bytes), "{bytes}");
}

#[test]
fn a_vif_that_is_forgotten_leaves_the_others() {
    let mut memory = Memory::default();
    for look in 0..20 {
        for vif in [1, 2] {
            memory.take(vif, bytes(1), NOW + look * 10_000, 10_000);
        }
    }
    let before = memory.recent(2);
    memory.forget(1);
    assert_eq!((memory.recent(1), memory.recent(2)), (Series::new(), before));
    assert!(memory.minutes().values().all(|block| !block.contains_key(&1)));
}

proptest! {
    #[test]
    fn nothing_is_lost_or_made_up_by_spreading(
        amount in any::<u64>(), now in NOW..NOW + QUARTER_MS, over_ms in 0..=LONGEST_MS,
        step in prop::sample::select(vec![FINE_MS, MINUTE_MS]),
    ) {
        let cells: Vec<_> = spread(bytes(amount), now, over_ms, step).collect();
        prop_assert_eq!(cells.iter().map(|(_, cell)| u128::from(cell.amount.rx_bytes)).sum::<u128>(), u128::from(amount));
        prop_assert_eq!(cells.iter().map(|(_, cell)| u64::from(cell.over_ms)).sum::<u64>(), over_ms);
        prop_assert!(cells.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
        prop_assert!(cells.iter().all(|(_, cell)| i64::from(cell.over_ms) <= step));
    }

    #[test]
    fn the_last_hour_holds_what_was_taken_whatever_the_order(
        looks in prop::collection::vec((0_i64..600_000, 1_u32..4, 0_u64..1000, 0_u64..90_000), 1..60),
    ) {
        let mut memory = Memory::default();
        let mut taken = BTreeMap::<u32, u64>::new();
        for (at, vif, amount, over_ms) in looks {
            memory.take(vif, bytes(amount), NOW + at, over_ms);
            *taken.entry(vif).or_default() += amount;
        }
        for (vif, amount) in taken {
            let series = memory.recent(vif);
            prop_assert_eq!(series.values().map(|cell| cell.amount.rx_bytes).sum::<u64>(), amount);
            prop_assert!(series.values().all(|cell| i64::from(cell.over_ms) <= FINE_MS));
            let minutes: u64 = memory.minutes().values().map(|block| {
                sums(block).get(&vif).map_or(0, |sum| sum.amount.rx_bytes)
            }).sum();
            prop_assert_eq!(minutes, amount);
        }
    }
}
