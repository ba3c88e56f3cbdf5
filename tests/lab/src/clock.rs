//! The one place of the lab that reads a clock.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// How many times longer than it says [`until`] waits.
static PATIENCE: AtomicU64 = AtomicU64::new(1);

/// Sets how many times longer than they say waits may take, for a kernel that is slow.
pub(crate) fn be_patient(times: u64) {
    PATIENCE.store(times, Ordering::SeqCst);
}

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

/// Asks again and again until it is so, at most so long on a quick machine; whether it came to be.
pub(crate) fn until(most_ms: u64, mut so: impl FnMut() -> bool) -> bool {
    let (begun, most_ms) = (now(), most_ms * PATIENCE.load(Ordering::SeqCst));
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
