//! The standing session with the router: where it is, and which certificate it must show.

use crate::io::{
    routeros::{Client, Connector, Security, State, Target},
    store::Store,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::{sync::watch, task::AbortHandle};

/// Keeps a session with the router, wherever it moves. Clones share it.
#[derive(Clone)]
pub(super) struct Link {
    inner: Arc<Mutex<Inner>>,
    store: Store,
    moved: watch::Sender<u64>,
}

struct Inner {
    target: Target,
    session: Option<Session>,
}

struct Session {
    connector: Connector,
    pinning: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.pinning.abort();
    }
}

impl Link {
    /// A link to a target; one without a host waits for [`Link::move_to`].
    pub(super) fn start(target: Target, store: Store) -> Self {
        let inner = Arc::new(Mutex::new(Inner { target, session: None }));
        let link = Self { inner, store, moved: watch::Sender::new(0) };
        if !link.lock().target.host.is_empty() {
            link.connect();
        }
        link
    }

    /// The router is at another address now; nothing happens where it is the same.
    pub(super) fn move_to(&self, host: &str) {
        {
            let mut inner = self.lock();
            if inner.target.host == host && inner.session.is_some() {
                return;
            }
            host.clone_into(&mut inner.target.host);
        }
        tracing::info!(host, "the router is the container's gateway");
        self.connect();
    }

    /// Where the router is and how to get in.
    pub(super) fn target(&self) -> Target {
        self.lock().target.clone()
    }

    /// The session, if there is one now.
    pub(super) fn client(&self) -> Option<Client> {
        let state = self.lock().session.as_ref()?.connector.state();
        state.borrow().client().cloned()
    }

    /// Waits for a session.
    pub(super) async fn connected(&self) {
        let mut moved = self.moved.subscribe();
        loop {
            moved.mark_unchanged();
            let state = self.lock().session.as_ref().map(|session| session.connector.state());
            let Some(mut state) = state else {
                let _ = moved.changed().await;
                continue;
            };
            tokio::select! {
                found = state.wait_for(|state| state.client().is_some()) => if found.is_ok() { return },
                _ = moved.changed() => {}
            }
        }
    }

    /// Why there is no session, for people.
    pub(super) fn failure(&self) -> String {
        let Some(state) = self.lock().session.as_ref().map(|session| session.connector.state()) else {
            return "the container has no default gateway yet".to_owned();
        };
        match &*state.borrow() {
            State::Failing { last, .. } => last.to_string(),
            State::Connecting | State::Connected { .. } => "the first sign-in is under way".to_owned(),
        }
    }

    fn connect(&self) {
        let target = self.target();
        let connector = Connector::start(target, jitter);
        let pinning = pin(Arc::downgrade(&self.inner), self.store.clone(), connector.state());
        let pinning = tokio::spawn(pinning).abort_handle();
        self.lock().session = Some(Session { connector, pinning });
        self.moved.send_modify(|times| *times += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }
}

/// Remembers the first certificate that is seen where none was given: from then on it must be that one. Ends with the
/// link, which it does not keep alive.
async fn pin(link: Weak<Mutex<Inner>>, store: Store, mut state: watch::Receiver<State>) {
    loop {
        let seen = match &*state.borrow_and_update() {
            State::Connected { signed, .. } => signed.fingerprint,
            State::Connecting | State::Failing { .. } => None,
        };
        let Some(inner) = link.upgrade() else { return };
        if let Some(seen) = seen
            && let Security::Pinned { fingerprint: unset @ None } = &mut locked(&inner).target.security
        {
            *unset = Some(seen);
            if let Err(error) = store.set_pin(&seen.0) {
                tracing::error!(%error, "the router's certificate could not be remembered");
            }
        }
        drop(inner);
        if state.changed().await.is_err() {
            return;
        }
    }
}

fn locked(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number from 0 to 1 from the system; without one, the middle.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}
