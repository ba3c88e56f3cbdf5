//! Waiting by asking again: the only place where tests read a clock.

use anyhow::bail;
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// How long anything that should happen soon may take on a loaded machine.
pub const SOON: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
///
/// # Errors
/// After `bound`, with what was waited for; an error of the question at once.
pub async fn wait<T, F>(what: &str, bound: Duration, mut ask: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    #[allow(clippy::disallowed_methods, reason = "this is the tests' clock module")]
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if started.elapsed() > bound {
            bail!("waited {} s in vain for: {what}", bound.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Milliseconds since 1970.
pub fn unix_ms() -> i64 {
    #[allow(clippy::disallowed_methods, reason = "this is the tests' clock module")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
