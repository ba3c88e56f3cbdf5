//! Counters that run by themselves at a set rate, exactly.

use std::time::Duration;

use shared::routeros::value::RowId;

use super::Device;

/// Per cent of the base rate in each second of a minute: gentle, deterministic, 100 on average.
const WAVE: [u64; 60] = [
    100, 104, 108, 113, 118, 121, 125, 129, 131, 133, 135, 136, 137, 136, 135, 133, 131, 128, 124, 120, //
    116, 113, 109, 106, 103, 100, 97, 94, 91, 88, 85, 82, 79, 77, 75, 73, 71, 69, 68, 67, //
    66, 66, 67, 68, 70, 72, 74, 77, 80, 83, 86, 89, 92, 94, 96, 97, 98, 99, 99, 100,
];

/// How fast a meter runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rate {
    /// It stands.
    #[default]
    Still,
    /// So many bits a second.
    Flat(u64),
    /// About so many bits a second, a little more or less as the minute goes on.
    Wave(u64),
}

impl Rate {
    /// Bits a second at a moment.
    pub fn at(self, now: Duration) -> u64 {
        match self {
            Self::Still => 0,
            Self::Flat(bps) => bps,
            Self::Wave(bps) => bps / 100 * wave(now.as_secs()),
        }
    }

    /// Bits times a thousand between two moments.
    fn millibits(self, from: Duration, to: Duration) -> u128 {
        match self {
            Self::Still => 0,
            Self::Flat(bps) => u128::from(bps) * (to.as_millis().saturating_sub(from.as_millis())),
            Self::Wave(bps) => {
                let (from, to) = (wave_sum(from.as_millis()), wave_sum(to.as_millis()));
                u128::from(bps / 100) * to.saturating_sub(from)
            }
        }
    }
}

fn wave(second: u64) -> u64 {
    usize::try_from(second % 60).ok().and_then(|at| WAVE.get(at).copied()).unwrap_or(100)
}

/// The wave summed over the milliseconds since the start.
fn wave_sum(millis: u128) -> u128 {
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let whole = usize::try_from(rest / 1000).unwrap_or(0);
    let minute: u64 = WAVE.iter().sum();
    let seconds: u64 = WAVE.iter().take(whole).sum();
    let now = WAVE.get(whole).copied().unwrap_or(100);
    minutes * u128::from(minute) * 1000 + u128::from(seconds) * 1000 + u128::from(now) * (rest % 1000)
}

/// A counter of bytes and packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    /// How fast it runs.
    pub rate: Rate,
    millibits: u128,
    /// Packets, where somebody has counted them.
    packets: Option<u64>,
}

/// What was counted outside of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The menu of the row.
    pub menu: String,
    /// The row.
    pub id: RowId,
    /// Bytes and packets: of a rule what it matched, of an interface what came in and what went out.
    pub meters: [(u64, u64); 2],
}

impl Device {
    /// Sets counters to what was counted elsewhere.
    pub fn set_counted(&mut self, now: Duration, counted: &[Counted]) {
        self.settle(now);
        for Counted { menu, id, meters } in counted {
            if let Some(row) = self.store_mut(menu).live_mut(*id) {
                for (meter, (bytes, packets)) in row.meters.iter_mut().zip(meters) {
                    meter.set_bytes(*bytes);
                    meter.packets = Some(*packets);
                }
            }
        }
    }
}

/// Bytes of an average packet: the twin counts bytes and derives packets from them.
const PACKET: u64 = 1000;

impl Meter {
    /// Lets the meter run from one moment to another and says what came in, in thousandths of a bit.
    pub fn run(&mut self, from: Duration, to: Duration) -> u128 {
        let amount = self.rate.millibits(from, to);
        self.millibits += amount;
        amount
    }

    /// Adds thousandths of a bit that were counted elsewhere.
    pub fn add(&mut self, millibits: u128) {
        self.millibits += millibits;
    }

    /// Sets the count.
    pub fn set_bytes(&mut self, bytes: u64) {
        self.millibits = u128::from(bytes) * 8000;
        self.packets = None;
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.millibits / 8000).unwrap_or(u64::MAX)
    }

    /// Packets so far.
    pub fn packets(&self) -> u64 {
        self.packets.unwrap_or_else(|| self.bytes().div_ceil(PACKET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_rate_counts_exactly_however_the_time_is_cut() {
        let mut meter = Meter { rate: Rate::Flat(1_000_003), ..Meter::default() };
        let mut from = Duration::ZERO;
        for step in [1_u64, 7, 13, 979, 3000, 6000] {
            let to = from + Duration::from_millis(step);
            meter.run(from, to);
            from = to;
        }
        assert_eq!(meter.bytes(), 1_000_003 * 10 / 8);
    }

    #[test]
    fn a_wave_counts_the_same_in_one_step_and_in_many() {
        let rate = Rate::Wave(800_000);
        let (mut one, mut many) = (Meter { rate, ..Meter::default() }, Meter { rate, ..Meter::default() });
        one.run(Duration::ZERO, Duration::from_millis(75_431));
        for at in 0..75_431 {
            many.run(Duration::from_millis(at), Duration::from_millis(at + 1));
        }
        assert_eq!(one.bytes(), many.bytes());
    }
}
