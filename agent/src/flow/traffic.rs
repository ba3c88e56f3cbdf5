//! From the router's counters to totals and rates.
//!
//! RouterOS counts from the boot or the row's making on, in 64 bits. A counter that is lower than before was reset,
//! never wrapped: what passed between the last look and the reset is not known and is not made up.
//!
//! What a VIF carries is counted by our own rules ([`rules`], [`ledger`]): they stand above every foreign fasttrack, so
//! each of its packets meets them. Interfaces, here, say what was dropped or failed beside that, and what the ways out
//! carry.

pub mod ledger;
pub mod rules;

use crate::flow::object::Row;
use shared::router::Rate;
use std::collections::BTreeMap;

/// One interface's counters, seen from the router.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
    /// Received.
    pub rx_packets: u64,
    /// Sent.
    pub tx_packets: u64,
    /// Received and dropped.
    pub rx_drops: u64,
    /// Not sent.
    pub tx_drops: u64,
    /// Received broken.
    pub rx_errors: u64,
    /// Failed to be sent.
    pub tx_errors: u64,
}

impl Counters {
    /// From a row of `/interface`.
    pub fn read(row: &Row) -> Self {
        let number = |name: &str| row.get(name).parse().unwrap_or(0);
        Self {
            rx_bytes: number("rx-byte"),
            tx_bytes: number("tx-byte"),
            rx_packets: number("rx-packet"),
            tx_packets: number("tx-packet"),
            rx_drops: number("rx-drop"),
            tx_drops: number("tx-drop"),
            rx_errors: number("rx-error"),
            tx_errors: number("tx-error"),
        }
    }

    /// What came since an earlier look; a counter that fell was reset and counts from zero.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        let grown = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        Self {
            rx_bytes: grown(self.rx_bytes, earlier.rx_bytes),
            tx_bytes: grown(self.tx_bytes, earlier.tx_bytes),
            rx_packets: grown(self.rx_packets, earlier.rx_packets),
            tx_packets: grown(self.tx_packets, earlier.tx_packets),
            rx_drops: grown(self.rx_drops, earlier.rx_drops),
            tx_drops: grown(self.tx_drops, earlier.tx_drops),
            rx_errors: grown(self.rx_errors, earlier.rx_errors),
            tx_errors: grown(self.tx_errors, earlier.tx_errors),
        }
    }

    /// The same from the other end: what one side received, the other sent.
    #[must_use]
    pub fn turned(self) -> Self {
        Self {
            rx_bytes: self.tx_bytes,
            tx_bytes: self.rx_bytes,
            rx_packets: self.tx_packets,
            tx_packets: self.rx_packets,
            rx_drops: self.tx_drops,
            tx_drops: self.rx_drops,
            rx_errors: self.tx_errors,
            tx_errors: self.rx_errors,
        }
    }

    /// Bits per second over so many milliseconds; zero over none.
    pub fn rate(self, over_ms: u64) -> Rate {
        rate(self.rx_bytes, self.tx_bytes, over_ms)
    }
}

/// Bits per second of so many bytes in so many milliseconds; zero over none.
pub fn rate(rx_bytes: u64, tx_bytes: u64, over_ms: u64) -> Rate {
    let bps = |bytes: u64| bytes.saturating_mul(8_000).checked_div(over_ms).unwrap_or(0);
    Rate { rx_bps: bps(rx_bytes), tx_bps: bps(tx_bytes) }
}

/// The last look at each interface, and when it was, in milliseconds of a monotonic clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meter {
    last: BTreeMap<String, Counters>,
    at_ms: Option<u64>,
}

/// What a look brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since the look before.
    pub over_ms: u64,
    /// What each interface counted since then; one that was not there before is left out.
    pub grown: BTreeMap<String, Counters>,
}

impl Meter {
    /// Takes a look. The first one brings nothing: there is nothing to compare it with.
    pub fn look(&mut self, interfaces: impl IntoIterator<Item = (String, Counters)>, now_ms: u64) -> Option<Reading> {
        let seen: BTreeMap<String, Counters> = interfaces.into_iter().collect();
        let grown = seen
            .iter()
            .filter_map(|(name, counters)| Some((name.clone(), counters.since(*self.last.get(name)?))))
            .collect();
        let over_ms = self.at_ms.map(|at| now_ms.saturating_sub(at));
        self.last = seen;
        self.at_ms = Some(now_ms);
        over_ms.filter(|over| *over > 0).map(|over_ms| Reading { over_ms, grown })
    }

    /// Forgets everything: after a reconnect, what passed meanwhile cannot be put into a rate.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(rx_bytes: u64) -> Counters {
        Counters { rx_bytes, ..Counters::default() }
    }

    #[test]
    fn the_first_look_brings_nothing_and_the_second_a_rate() {
        let mut meter = Meter::default();
        assert_eq!(meter.look([("wg".to_owned(), counters(1_000))], 5_000), None);
        let reading = meter.look([("wg".to_owned(), counters(2_000))], 6_000).expect("a reading");
        assert_eq!(reading.grown["wg"].rate(reading.over_ms), Rate { rx_bps: 8_000, tx_bps: 0 });
    }

    #[test]
    fn a_reset_counter_never_becomes_a_phantom_of_gigabytes() {
        let mut meter = Meter::default();
        meter.look([("wg".to_owned(), counters(u64::MAX))], 0);
        let reading = meter.look([("wg".to_owned(), counters(10))], 1_000).expect("a reading");
        assert_eq!(reading.grown["wg"].rx_bytes, 10);
    }

    #[test]
    fn an_interface_that_is_new_has_no_rate_yet() {
        let mut meter = Meter::default();
        meter.look([], 0);
        assert!(meter.look([("wg".to_owned(), counters(10))], 1_000).expect("a reading").grown.is_empty());
    }

    #[test]
    fn what_the_router_received_came_from_the_service() {
        let seen = Counters { rx_bytes: 1, tx_bytes: 2, rx_drops: 3, rx_errors: 4, ..Counters::default() };
        let service = seen.turned();
        assert_eq!((service.tx_bytes, service.rx_bytes, service.tx_drops, service.tx_errors), (1, 2, 3, 4));
    }
}
