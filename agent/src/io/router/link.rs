//! A standing session with the router: where it is, and which certificate it must show.

use crate::io::{
    routeros::{Client, Connector, Fingerprint, Security, State, Target, jitter},
    store::Store,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::{sync::watch, task::AbortHandle};

/// Keeps a session with the router, wherever it moves. Clones share it.
#[derive(Clone)]
pub(super) struct Link(Arc<Inner>);

struct Inner {
    /// All sessions' with this router: what one has seen of its certificate holds for the others.
    target: Arc<Mutex<Target>>,
    session: Mutex<Option<Session>>,
    store: Store,
    moved: watch::Sender<u64>,
}

struct Session {
    host: String,
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
        Self::to(Arc::new(Mutex::new(target)), store)
    }

    /// Another session with the same router. Each is told by [`Link::move_to`] where that is.
    pub(super) fn beside(&self) -> Self {
        Self::to(self.0.target.clone(), self.0.store.clone())
    }

    fn to(target: Arc<Mutex<Target>>, store: Store) -> Self {
        let link = Self(Arc::new(Inner { target, session: Mutex::default(), store, moved: watch::Sender::new(0) }));
        if !link.target().host.is_empty() {
            link.connect();
        }
        link
    }

    /// The router is at another address now; nothing happens where it is the same.
    pub(super) fn move_to(&self, host: &str) {
        if locked(&self.0.session).as_ref().is_some_and(|session| session.host == host) {
            return;
        }
        host.clone_into(&mut locked(&self.0.target).host);
        tracing::info!(host, "the router is the container's gateway");
        self.connect();
    }

    /// Where the router is and how to get in.
    pub(super) fn target(&self) -> Target {
        locked(&self.0.target).clone()
    }

    /// The session, if there is one now.
    pub(super) fn client(&self) -> Option<Client> {
        let state = locked(&self.0.session).as_ref()?.connector.state();
        state.borrow().client().cloned()
    }

    /// Waits for a session.
    pub(super) async fn connected(&self) {
        let mut moved = self.0.moved.subscribe();
        loop {
            moved.mark_unchanged();
            let state = locked(&self.0.session).as_ref().map(|session| session.connector.state());
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
        let Some(state) = locked(&self.0.session).as_ref().map(|session| session.connector.state()) else {
            return "the container has no default gateway yet".to_owned();
        };
        match &*state.borrow() {
            State::Failing { last, .. } => last.to_string(),
            State::Connecting | State::Connected { .. } => "the first sign-in is under way".to_owned(),
        }
    }

    fn connect(&self) {
        let target = self.target();
        let host = target.host.clone();
        let connector = Connector::start(target, jitter);
        let pinning = tokio::spawn(pin(Arc::downgrade(&self.0), connector.state())).abort_handle();
        *locked(&self.0.session) = Some(Session { host, connector, pinning });
        self.0.moved.send_modify(|times| *times += 1);
    }

    /// Remembers the first certificate that is seen where none was given: from then on it must be that one. False where
    /// this one is another than a session beside this one has seen.
    fn agrees(&self, seen: Fingerprint) -> bool {
        let mut target = locked(&self.0.target);
        let Security::Pinned { fingerprint } = &mut target.security else { return true };
        if let Some(known) = *fingerprint {
            return known == seen;
        }
        *fingerprint = Some(seen);
        if let Err(error) = self.0.store.set_pin(&seen.0) {
            tracing::error!(%error, "the router's certificate could not be remembered");
        }
        true
    }
}

/// Has a session's certificate remembered, or begins anew with the one that is known. Ends with the link, which it does
/// not keep alive.
async fn pin(link: Weak<Inner>, mut state: watch::Receiver<State>) {
    loop {
        let seen = match &*state.borrow_and_update() {
            State::Connected { signed, .. } => signed.fingerprint,
            State::Connecting | State::Failing { .. } => None,
        };
        let Some(link) = link.upgrade().map(Link) else { return };
        if seen.is_some_and(|seen| !link.agrees(seen)) {
            // The session that this belongs to is dropped by it, and this with the session.
            return link.connect();
        }
        drop(link);
        if state.changed().await.is_err() {
            return;
        }
    }
}

fn locked<T>(inner: &Mutex<T>) -> MutexGuard<'_, T> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_session_has_seen_of_the_certificate_holds_for_those_beside_it() {
        let store = Store::in_memory().expect("a database");
        // Without a host nobody connects.
        let target = Target::new("", Security::Pinned { fingerprint: None }, "bulkhead", "secret");
        let first = Link::start(target, store.clone());
        let second = first.beside();
        assert!(second.agrees(Fingerprint([1; 32])), "the first that is seen");
        assert!(first.agrees(Fingerprint([1; 32])));
        assert!(!first.agrees(Fingerprint([2; 32])), "another one");
        assert_eq!(store.pin(), Ok(Some([1; 32])));
        let later = first.beside().target().security;
        let pinned = matches!(later, Security::Pinned { fingerprint: Some(pin) } if pin == Fingerprint([1; 32]));
        assert!(pinned, "whoever comes later begins with it");
    }
}
