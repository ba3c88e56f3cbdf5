//! The controller: everything that REST, pages, the command line and home automation can ask for.
//!
//! It joins what is decided ([`crate::flow`]) and what is carried out ([`crate::io`]). Its parts: `routers`, `vifs`
//! and `changes` answer callers, `pipeline` works change sets off one by one per router,
//! `validation` looks at them before, `drift` tells what is not as they left it, `bus` asks the agents,
//! `inbox` takes what they say, `home` what home automation wants, `live` tells everybody what has changed.

mod bus;
mod changes;
mod drift;
mod export;
mod home;
mod inbox;
mod live;
mod pipeline;
mod reading;
mod routers;
mod seen;
mod trace;
mod validation;
mod vifs;

pub use vifs::Deed;

use crate::{
    io::{
        broker::Broker,
        clock::Clock,
        keys::Authority,
        store::{Store, StoreError},
    },
    problem::{self, Problem},
    view::{EventView, Live},
};
use futures_util::Stream;
use shared::ids::{IdError, RouterId, SenderId, VifId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most rows that one list gives.
pub const MAX_LIMIT: usize = 500;
/// The controller's name on the bus and its user at the embedded broker.
pub const NAME: &str = crate::io::broker::CONTROLLER;

/// The controller. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Controller {
    inner: Arc<Inner>,
}

/// What a controller is told at its start.
pub struct Setup {
    /// What it signs with.
    pub authority: Arc<Authority>,
    /// Where agents reach the broker, where their enrolment says nothing else: `mqtts://host:port`.
    pub mqtt_url: String,
    /// Commands that home automation may give.
    pub home_commands: Vec<String>,
    /// The embedded broker, where there is one.
    pub broker: Option<Arc<Broker>>,
}

struct Inner {
    store: Store,
    clock: Clock,
    setup: Option<Setup>,
    live: live::Feed,
    seen: Mutex<seen::Seen>,
    bus: bus::Bus,
    workers: Mutex<pipeline::Workers>,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl Controller {
    /// A controller on a database with keys that end with it, not on the bus: every router is offline.
    pub fn new(store: Store, clock: Clock) -> Self {
        let setup = Authority::make().ok().map(|authority| Setup {
            authority: Arc::new(authority),
            mqtt_url: "mqtts://localhost:8883".to_owned(),
            home_commands: Vec::new(),
            broker: None,
        });
        Self::assemble(store, clock, setup)
    }

    /// A controller as `serve` runs it; [`join`](Self::join) puts it on the bus.
    pub fn open(store: Store, clock: Clock, setup: Setup) -> Self {
        Self::assemble(store, clock, Some(setup))
    }

    fn assemble(store: Store, clock: Clock, setup: Option<Setup>) -> Self {
        let inner = Inner {
            store,
            clock,
            setup,
            live: live::Feed::default(),
            seen: Mutex::default(),
            bus: bus::Bus::default(),
            workers: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The database, for what sign-in and idempotency keep there.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The wall clock that everything here goes by.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// The event list of a router, newest first, at most [`MAX_LIMIT`]; with `after` the lines before that one,
    /// with `about` those of one VIF.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn events(
        &self,
        router: &RouterId,
        limit: usize,
        after: Option<u64>,
        about: Option<&VifId>,
    ) -> Result<Vec<EventView>, Problem> {
        let (id, about) = (self.known(router).await?.id, about.cloned());
        let limit = bounded(limit);
        self.inner
            .store
            .call(move |tx| Ok(crate::io::store::events::list(tx, &id, limit, after, about.as_ref())?))
            .await
    }

    /// What changes from now on, or from the one after `after` where that is still known; where it is not, the first
    /// item is a `resync`.
    pub fn live(&self, after: Option<u64>) -> impl Stream<Item = Live> + Send + use<> {
        self.inner.live.follow(after)
    }

    /// Ends everything that works by itself. What is under way at an agent goes on there and is found again.
    pub fn stop(&self) {
        self.workers().stop();
        self.inner.bus.leave();
    }

    fn now(&self) -> i64 {
        self.inner.clock.unix_millis()
    }

    fn seen(&self) -> MutexGuard<'_, seen::Seen> {
        self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workers(&self) -> MutexGuard<'_, pipeline::Workers> {
        self.inner.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn setup(&self) -> Result<&Setup, Problem> {
        self.inner.setup.as_ref().ok_or_else(|| {
            Problem::new(problem::INTERNAL, "The controller has no keys.", "Look into the controller's log.")
        })
    }

    /// Tells everybody who follows along.
    fn tell<T: serde::Serialize>(&self, noun: &'static str, router: &RouterId, view: &T) {
        match serde_json::to_value(view) {
            Ok(data) => self.inner.live.push(noun, router.as_str(), data),
            Err(error) => tracing::error!(%error, noun, "a view could not be written as JSON"),
        }
    }
}

/// The controller's id on the bus.
///
/// # Errors
/// [`IdError`]: never, [`NAME`] is one.
pub(crate) fn sender() -> Result<SenderId, IdError> {
    SenderId::new(NAME)
}

fn bounded(limit: usize) -> u32 {
    u32::try_from(limit.clamp(1, MAX_LIMIT)).unwrap_or(1)
}

#[cfg(test)]
pub(crate) mod tests;
