//! Time: the only place that reads it.
//!
//! Everything else is given `now`. Durations are measured on the monotonic clock, because a router without a
//! battery boots in 1970 and jumps once NTP answers; the wall clock is for what people read and for expiries that
//! another machine wrote.
//!
//! There is no second implementation for tests. The monotonic clock is tokio's, which a test holds still and moves
//! (`#[tokio::test(start_paused = true)]`); a [`Clock`] that was started [`at`](Clock::at) a moment counts on from
//! there by the same clock, so wall time is virtual together with it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use tokio::time::Instant;

/// The clocks. Cheap to copy; hand it to what needs the wall clock.
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
    /// The machine's clocks.
    pub fn system() -> Self {
        Self { wall: Wall::System }
    }

    /// A wall clock that stood at `unix_millis` (milliseconds since 1970, UTC) now, and goes on with the monotonic one.
    pub fn at(unix_millis: i64) -> Self {
        Self { wall: Wall::From { unix_millis, started: now() } }
    }

    /// The moment on the monotonic clock.
    pub fn now(&self) -> Instant {
        now()
    }

    /// Milliseconds since 1970 in UTC; negative before. Jumps whenever somebody sets the clock.
    pub fn unix_millis(&self) -> i64 {
        match self.wall {
            Wall::System => system_millis(),
            Wall::From { unix_millis, started } => unix_millis.saturating_add(millis(now().duration_since(started))),
        }
    }

    /// Waits on the monotonic clock.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The moment on the monotonic clock, for what measures durations only.
#[allow(clippy::disallowed_methods)] // The one reading of the monotonic clock.
pub fn now() -> Instant {
    Instant::now()
}

/// The moment so long after another; a duration that the clock cannot count to means some decades.
pub fn after(moment: Instant, duration: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(30 * 365 * 86_400);
    moment.checked_add(duration.min(DECADES)).unwrap_or(moment)
}

#[allow(clippy::disallowed_methods)] // The one reading of the wall clock.
fn system_millis() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
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
        let before = clock.now();
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.unix_millis(), 86_401_000);
        assert_eq!(clock.now().duration_since(before), Duration::from_secs(86_400));
    }

    #[tokio::test(start_paused = true)]
    async fn no_duration_is_too_long_to_add() {
        assert!(after(now(), Duration::MAX) > now());
        assert_eq!(after(now(), Duration::from_secs(1)), now() + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_systems_wall_clock_does_not_follow_virtual_time() {
        let clock = Clock::system();
        let before = clock.unix_millis();
        clock.sleep(Duration::from_secs(1_000_000_000)).await;
        assert!(clock.unix_millis() - before < 1_000_000_000_000);
    }
}
