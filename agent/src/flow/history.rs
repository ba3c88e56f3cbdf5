//! What VIFs carried over time, in steps: five seconds for an hour, a minute for a day, a quarter of an hour for 90 days.
//!
//! A growth that was seen between two looks is spread evenly over the steps between them, to the byte: no step is
//! counted twice and nothing is rounded away. Steps are those of the wall clock. When that is set back, what comes then
//! is added to steps that are there already; when it is set forward there is a gap. A clock that was never set, as on a
//! router without a battery before NTP answers, dates nothing: what passes then is in the totals alone.
//!
//! | file        | what it is                                          |
//! | ----------- | --------------------------------------------------- |
//! | `cells.rs`  | steps of all VIFs as few bytes                      |
//! | `recent.rs` | the last hour, in memory                            |
//! | `span.rs`   | from steps to the points of an answer               |

pub mod cells;
pub mod recent;
pub mod span;

use std::collections::BTreeMap;

/// Milliseconds of the finest step, which is in memory alone.
pub const FINE_MS: i64 = 5_000;
/// Milliseconds of a step that is kept for a day.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of a step that is kept for 90 days, and of the window of minutes that is written at once.
pub const QUARTER_MS: i64 = 900_000;
/// Minutes in a window.
pub const MINUTES: i64 = QUARTER_MS / MINUTE_MS;
/// Windows in a day.
pub const QUARTERS: i64 = 86_400_000 / QUARTER_MS;

/// The longest time between two looks over which a growth is spread. Of what came in a longer one it is not known when:
/// it is in the totals, and a gap here.
pub const LONGEST_MS: u64 = 1_800_000;
/// Before 2025 no clock is right.
const FIRST_RIGHT: i64 = 1_735_689_600_000;

/// What a VIF carried; `rx` is towards the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes of IP packets.
    pub rx_bytes: u64,
    /// Bytes of IP packets.
    pub tx_bytes: u64,
    /// Packets.
    pub rx_packets: u64,
    /// Packets.
    pub tx_packets: u64,
    /// Packets dropped by our rules, both ways.
    pub drops: u64,
}

impl Amount {
    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        self.with(more, u64::saturating_add)
    }

    fn minus(self, less: Self) -> Self {
        self.with(less, u64::saturating_sub)
    }

    /// What of it comes by the time `part` of `whole`, rounded down.
    fn share(self, part: u64, whole: u64) -> Self {
        let of = |amount: u64, _| {
            let share = u128::from(amount) * u128::from(part) / u128::from(whole.max(1));
            u64::try_from(share).unwrap_or(amount)
        };
        self.with(self, of)
    }

    fn with(self, other: Self, both: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            rx_bytes: both(self.rx_bytes, other.rx_bytes),
            tx_bytes: both(self.tx_bytes, other.tx_bytes),
            rx_packets: both(self.rx_packets, other.rx_packets),
            tx_packets: both(self.tx_packets, other.tx_packets),
            drops: both(self.drops, other.drops),
        }
    }
}

/// One step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Milliseconds of it that were measured.
    pub over_ms: u32,
    /// What was carried meanwhile.
    pub amount: Amount,
}

impl Cell {
    /// Adds what was measured in the same step. More than the whole step cannot be measured of it: a clock that was set
    /// back runs through it a second time.
    pub fn add(&mut self, more: Self, step_ms: i64) {
        let most = u32::try_from(step_ms).unwrap_or(u32::MAX);
        self.over_ms = self.over_ms.saturating_add(more.over_ms).min(most);
        self.amount = self.amount.plus(more.amount);
    }
}

/// Steps of one VIF, by their number since 1970.
pub type Series = BTreeMap<i64, Cell>;
/// Steps of all VIFs, by the VIF's number in the database.
pub type Block = BTreeMap<u32, Series>;

/// What was carried in the `over_ms` before `now`, cut into steps.
pub fn spread(amount: Amount, now: i64, over_ms: u64, step_ms: i64) -> impl Iterator<Item = (i64, Cell)> {
    let over_ms = over_ms.min(LONGEST_MS);
    let begin = now.saturating_sub(i64::try_from(over_ms).unwrap_or(0));
    let (mut at, mut given) = (begin, Amount::default());
    let mut step = Some(begin.div_euclid(step_ms));
    std::iter::from_fn(move || {
        let number = step?;
        let end = (number + 1).saturating_mul(step_ms).min(now);
        let so_far = if end == now { amount } else { amount.share((end - begin).unsigned_abs(), over_ms) };
        let cell = Cell { over_ms: u32::try_from(end - at).unwrap_or(0), amount: so_far.minus(given) };
        (at, given) = (end, so_far);
        step = (end < now).then_some(number + 1);
        Some((number, cell))
    })
}

/// Adds a step to a block.
pub fn add(block: &mut Block, vif: u32, number: i64, cell: Cell, step_ms: i64) {
    block.entry(vif).or_default().entry(number).or_default().add(cell, step_ms);
}

/// Adds all steps of another block.
pub fn merge(block: &mut Block, more: &Block, step_ms: i64) {
    for (vif, series) in more {
        for (number, cell) in series {
            add(block, *vif, *number, *cell, step_ms);
        }
    }
}

/// Each VIF's sum of a window of minutes.
pub fn sums(minutes: &Block) -> BTreeMap<u32, Cell> {
    let sum = |series: &Series| {
        let mut sum = Cell::default();
        for cell in series.values() {
            sum.add(*cell, QUARTER_MS);
        }
        sum
    };
    minutes.iter().filter(|(_, series)| !series.is_empty()).map(|(vif, series)| (*vif, sum(series))).collect()
}

/// What is in memory: the last hour, and the minutes that are not on the flash yet.
#[derive(Debug, Default)]
pub struct Memory {
    recent: recent::Recent,
    /// By their window, which is a quarter of an hour.
    minutes: BTreeMap<i64, Block>,
}

/// Windows that wait at most for a disk that has no room; older ones go.
const MOST_WINDOWS: usize = 8;

impl Memory {
    /// Takes what a VIF carried in the `over_ms` before `now`, Unix milliseconds.
    pub fn take(&mut self, vif: u32, amount: Amount, now: i64, over_ms: u64) {
        if now < FIRST_RIGHT || over_ms > LONGEST_MS {
            return;
        }
        for (number, cell) in spread(amount, now, over_ms, FINE_MS) {
            self.recent.add(vif, number, cell, now);
        }
        for (number, cell) in spread(amount, now, over_ms, MINUTE_MS) {
            add(self.minutes.entry(number.div_euclid(MINUTES)).or_default(), vif, number, cell, MINUTE_MS);
        }
        while self.minutes.len() > MOST_WINDOWS {
            self.minutes.pop_first();
        }
    }

    /// Whether there are minutes of another window than that of now: they are complete, unless the clock was set back.
    pub fn is_due(&self, now: i64) -> bool {
        self.minutes.keys().any(|window| *window != now.div_euclid(QUARTER_MS))
    }

    /// The minutes that are not on the flash.
    pub fn minutes(&self) -> &BTreeMap<i64, Block> {
        &self.minutes
    }

    /// Takes the minutes out that are to be written: of all windows but that of now.
    pub fn take_minutes(&mut self, now: i64) -> BTreeMap<i64, Block> {
        let current = now.div_euclid(QUARTER_MS);
        let mut taken = std::mem::take(&mut self.minutes);
        self.minutes.extend(taken.remove_entry(&current));
        taken
    }

    /// Puts minutes back that could not be written, or were kept with the ledger.
    pub fn put_minutes(&mut self, minutes: BTreeMap<i64, Block>) {
        for (window, block) in minutes {
            merge(self.minutes.entry(window).or_default(), &block, MINUTE_MS);
        }
    }

    /// The last hour of a VIF.
    pub fn recent(&self, vif: u32) -> Series {
        self.recent.of(vif)
    }

    /// Forgets a VIF.
    pub fn forget(&mut self, vif: u32) {
        self.recent.forget(vif);
        for block in self.minutes.values_mut() {
            block.remove(&vif);
        }
    }

    /// Bytes that the last hour takes, but for the minute that is being filled.
    pub fn recent_bytes(&self) -> usize {
        self.recent.bytes()
    }
}

#[cfg(test)]
mod tests;
