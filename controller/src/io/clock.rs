//! Time: the only place that reads it.
//!
//! Everything else is given `now`. The wall clock is for what people read and for expiries on the bus; what is waited
//! for is measured on tokio's monotonic clock, which a test may hold still.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use tokio::time::Instant;

/// The wall clock. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall: Wall,
}

#[derive(Debug, Clone, Copy)]
enum Wall {
    System,
    From { unix_millis: i64, started: Instant },
}

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self { wall: Wall::System }
    }

    /// One that stood at `unix_millis` (milliseconds since 1970, UTC) now, and goes on with the monotonic clock.
    pub fn at(unix_millis: i64) -> Self {
        Self { wall: Wall::From { unix_millis, started: now() } }
    }

    /// Milliseconds since 1970 in UTC.
    pub fn unix_millis(&self) -> i64 {
        match self.wall {
            Wall::System => system_millis(),
            Wall::From { unix_millis, started } => unix_millis.saturating_add(millis(now().duration_since(started))),
        }
    }

    /// Microseconds since 1970 in UTC; 0 before.
    pub fn unix_micros(&self) -> u64 {
        u64::try_from(self.unix_millis()).unwrap_or(0).saturating_mul(1000)
    }
}

/// The moment on the monotonic clock.
#[allow(clippy::disallowed_methods)] // The one reading of the monotonic clock.
pub fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods)] // The one reading of the wall clock.
fn system_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_started_at_a_moment_counts_on_with_the_monotonic_clock() {
        let clock = Clock::at(1_000);
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.unix_millis(), 86_401_000);
        assert_eq!(clock.unix_micros(), 86_401_000_000);
    }
}
