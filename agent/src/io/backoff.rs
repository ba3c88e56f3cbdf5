//! How long to wait before the next attempt to connect.

use std::time::Duration;

/// The shortest wait.
pub const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
pub const LAST: Duration = Duration::from_secs(60);

/// The wait before attempt `attempt` (the first retry is 0): doubles from [`FIRST`] to [`LAST`].
///
/// `jitter`, from 0 to 1, spreads it over the upper half, so that agents that lost one router together do not come
/// back together; it never goes below [`FIRST`]. Values outside are taken as the nearer end, and no number as 1.
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let jitter = if jitter.is_nan() { 1.0 } else { jitter.clamp(0.0, 1.0) };
    let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(LAST);
    ceiling.mul_f64(0.5 + jitter / 2.0).max(FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_a_second_and_a_minute_and_jitter_spreads_the_upper_half() {
        let cases = [
            (0, 0.0, 1.0),
            (0, 1.0, 1.0),
            (1, 0.0, 1.0),
            (1, 0.5, 1.5),
            (1, 1.0, 2.0),
            (3, 0.0, 4.0),
            (3, 1.0, 8.0),
            (5, 1.0, 32.0),
            (6, 0.0, 30.0),
            (6, 1.0, 60.0),
            (40, 1.0, 60.0),
            (u32::MAX, 0.0, 30.0),
            (2, -1.0, 2.0),
            (2, 7.0, 4.0),
            (2, f64::NAN, 4.0),
        ];
        for (attempt, jitter, seconds) in cases {
            assert_eq!(
                backoff(attempt, jitter),
                Duration::from_secs_f64(seconds),
                "attempt {attempt}, jitter {jitter}"
            );
        }
    }
}
