//! Chance that can be repeated.

use std::ops::Range;

/// Draws numbers (SplitMix64): any seed gives well-mixed draws, the same everywhere.
pub struct Draw(u64);

impl Draw {
    /// Draws from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound, 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound.max(1) as u64).unwrap_or_default()
    }
}

/// The seeds of a test of faults: as many as usual, as `BULKHEAD_FAULT_SEEDS` says, or the one that `BULKHEAD_FAULT_SEED`
/// names. `share` is how many parts of them the test takes, so that all kinds of faults are drawn as often.
pub fn seeds(usual: u64, share: u64) -> Range<u64> {
    so_many(number("BULKHEAD_FAULT_SEEDS").unwrap_or(usual) / share)
}

/// So many seeds, however many faults are drawn, or the one that `BULKHEAD_FAULT_SEED` names.
pub fn so_many(count: u64) -> Range<u64> {
    number("BULKHEAD_FAULT_SEED").map_or(0..count, |seed| seed..seed.saturating_add(1))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
