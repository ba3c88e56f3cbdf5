//! A session that is there whenever the router is.

use std::time::Duration;

use tokio::{sync::watch, task::AbortHandle, time::sleep};

use super::{
    Client, Security, Signed, Target,
    error::{CloseReason, ConnectError},
};
use crate::io::backoff::{LAST, backoff};
use crate::io::clock::{self, Instant};

/// A session that lasted this long was a good one: the next failure starts again with the shortest wait.
const LASTED: Duration = Duration::from_secs(60);

/// Keeps a session with one router: connects, waits for its end, connects again, with growing waits between failures.
///
/// Dropping it ends the attempts; the session itself lives as long as somebody holds its [`Client`].
#[derive(Debug)]
pub struct Connector {
    state: watch::Receiver<State>,
    task: AbortHandle,
}

/// How a [`Connector`] stands.
#[derive(Debug, Clone)]
pub enum State {
    /// No attempt has ended yet.
    Connecting,
    /// There is a session.
    Connected {
        /// Its handle.
        client: Client,
        /// What the sign-in showed. A fingerprint seen for the first time must be kept by the caller; within this
        /// connector it is pinned from then on.
        signed: Signed,
        /// Since when.
        since: Instant,
    },
    /// There is none.
    Failing {
        /// Since when: the moment at which the last session ended, or the first attempt failed.
        since: Instant,
        /// Attempts that failed since then.
        attempts: u32,
        /// The last thing that failed.
        last: Failure,
        /// When the next attempt begins.
        next: Instant,
    },
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The last attempt failed.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The last session ended, and the next attempt has not begun.
    #[error(transparent)]
    Ended(#[from] CloseReason),
}

impl State {
    /// The session, where there is one.
    pub fn client(&self) -> Option<&Client> {
        match self {
            Self::Connected { client, .. } => Some(client),
            Self::Connecting | Self::Failing { .. } => None,
        }
    }
}

impl Connector {
    /// Starts to keep a session. Must be called on a tokio runtime. `jitter` gives numbers from 0 to 1,
    /// such as [`jitter`] does.
    pub fn start(target: Target, jitter: impl FnMut() -> f64 + Send + 'static) -> Self {
        let (publish, state) = watch::channel(State::Connecting);
        let task = tokio::spawn(keep(target, publish, jitter)).abort_handle();
        Self { state, task }
    }

    /// The state, now and as it changes. A receiver that is kept keeps the session, too.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Waits for a session.
    pub async fn client(&self) -> Client {
        let mut state = self.state.clone();
        let connected = state.wait_for(|state| state.client().is_some()).await;
        match connected.ok().and_then(|state| state.client().cloned()) {
            Some(client) => client,
            // The task lives as long as `self`, so this is a runtime being torn down.
            None => std::future::pending().await,
        }
    }
}

/// A number from 0 to 1 from the system's randomness; 1 where it has none.
pub fn jitter() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

impl Drop for Connector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(mut target: Target, publish: watch::Sender<State>, mut jitter: impl FnMut() -> f64) {
    let mut attempts = 0;
    let mut failing_since = None;
    loop {
        let failure = match Client::connect(&target).await {
            Ok((client, signed)) => {
                if let Security::Pinned { fingerprint } = &mut target.security {
                    *fingerprint = signed.fingerprint;
                }
                let since = clock::now();
                tracing::info!(router = target.address(), "connected to the router");
                let handle = client.clone();
                publish.send_replace(State::Connected { client, signed, since });
                let why = handle.closed().await;
                if clock::now().duration_since(since) >= LASTED {
                    attempts = 0;
                }
                failing_since = None;
                Failure::Ended(why)
            }
            Err(error) => Failure::Connect(error),
        };
        let wait = match &failure {
            // Trying often would only fill the router's log with refusals.
            Failure::Connect(error) if error.needs_a_person() => LAST,
            Failure::Connect(_) | Failure::Ended(_) => backoff(attempts, jitter()),
        };
        tracing::warn!(router = target.address(), %failure, retry_in = ?wait, "no session with the router");
        attempts = attempts.saturating_add(1);
        let now = clock::now();
        let since = *failing_since.get_or_insert(now);
        publish.send_replace(State::Failing { since, attempts, last: failure, next: now + wait });
        sleep(wait).await;
    }
}
