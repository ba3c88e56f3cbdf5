//! The twin's time: real by default, and movable forward.
//!
//! The only place that reads the machine's clock. Everything else is given the time as [`Clock::now`] says it: the
//! duration since the twin started, which [`Clock::advance`] makes jump.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

/// Time since the twin started, shared by all of its parts.
#[derive(Debug)]
pub struct Clock {
    /// Nothing for a clock that stands.
    started: Option<Instant>,
    epoch: Duration,
    skipped_ms: AtomicU64,
    jumped: watch::Sender<u64>,
}

impl Default for Clock {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the twin's clock")]
        let (started, wall) = (Instant::now(), SystemTime::now());
        Self::at(Some(started), wall.duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

impl Clock {
    /// A clock that moves only when it is told to: what follows from time then follows from the test alone. It starts
    /// with the year 2026.
    pub fn standing() -> Self {
        const YEAR_2026: Duration = Duration::from_secs(1_767_225_600);
        Self::at(None, YEAR_2026)
    }

    fn at(started: Option<Instant>, epoch: Duration) -> Self {
        Self { started, epoch, skipped_ms: AtomicU64::new(0), jumped: watch::Sender::new(0) }
    }

    /// Time since the start, jumps included.
    pub fn now(&self) -> Duration {
        let run = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        run + Duration::from_millis(self.skipped_ms.load(Ordering::SeqCst))
    }

    /// The time of day at a moment of this clock, as a duration since 1970 (UTC).
    pub fn wall(&self, now: Duration) -> Duration {
        self.epoch + now
    }

    /// Lets the clock jump forward; who sleeps on it wakes when its moment has come.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let _ = self.skipped_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |ms| Some(ms.saturating_add(by)));
        self.jumped.send_modify(|jumps| *jumps += 1);
    }

    /// Waits until the clock shows `moment`.
    pub async fn sleep_until(&self, moment: Duration) {
        let mut jumped = self.jumped.subscribe();
        loop {
            let left = moment.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left), if self.started.is_some() => {}
                _ = jumped.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_standing_clock_moves_when_it_is_told_to_and_wakes_its_sleepers_then() {
        let clock = Clock::standing();
        assert_eq!(clock.now(), Duration::ZERO);
        let asleep = tokio::time::timeout(Duration::from_secs(3600), clock.sleep_until(Duration::from_secs(1))).await;
        assert!(asleep.is_err(), "an hour of everybody else's time woke it");
        clock.advance(Duration::from_secs(2));
        clock.sleep_until(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), Duration::from_secs(2));
    }
}
