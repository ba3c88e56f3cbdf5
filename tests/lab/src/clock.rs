//! The one place of the lab that reads a clock.

use std::time::{Duration, Instant};

/// This moment.
#[expect(clippy::disallowed_methods, reason = "this is the lab's clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Whole milliseconds since a moment.
pub(crate) fn millis_since(then: Instant) -> u64 {
    u64::try_from(now().saturating_duration_since(then).as_millis()).unwrap_or(u64::MAX)
}

/// Waits; the lab's traffic goes on meanwhile.
pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Asks again and again until it is so, at most so long; whether it came to be.
pub(crate) fn until(most_ms: u64, mut so: impl FnMut() -> bool) -> bool {
    let begun = now();
    loop {
        if so() {
            return true;
        }
        if millis_since(begun) >= most_ms {
            return false;
        }
        pause(3);
    }
}
