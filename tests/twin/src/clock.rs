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
    started: Instant,
    epoch: Duration,
    skipped_ms: AtomicU64,
    jumped: watch::Sender<u64>,
}

impl Default for Clock {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the twin's clock")]
        let (started, wall) = (Instant::now(), SystemTime::now());
        Self {
            started,
            epoch: wall.duration_since(UNIX_EPOCH).unwrap_or_default(),
            skipped_ms: AtomicU64::new(0),
            jumped: watch::Sender::new(0),
        }
    }
}

impl Clock {
    /// Time since the start, jumps included.
    pub fn now(&self) -> Duration {
        self.started.elapsed() + Duration::from_millis(self.skipped_ms.load(Ordering::SeqCst))
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
                () = tokio::time::sleep(left) => {}
                _ = jumped.changed() => {}
            }
        }
    }
}
