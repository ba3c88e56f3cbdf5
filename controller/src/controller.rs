//! The controller: everything that REST, pages, the command line and home automation can ask for.

use crate::{
    io::{
        clock::Clock,
        store::{Store, StoreError},
    },
    problem::{self, Problem},
    view::{
        ChangeSetView, Enrolment, EventView, InterfaceView, Live, NewRouter, NewVif, RouterView, TrafficView, VifView,
    },
};
use futures_util::Stream;
use shared::{
    change_set::Event,
    ids::{ChangeSetId, RouterId, VifId},
};
use std::sync::Arc;

mod live;

/// The most rows that one list gives.
pub const MAX_LIMIT: usize = 500;

/// The controller. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Controller {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Clock,
    live: live::Feed,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl Controller {
    /// A controller on a database, not yet on the bus: every router is offline.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { store, clock, live: live::Feed::default() }) }
    }

    /// The database, for what sign-in and idempotency keep there.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The wall clock that everything here goes by.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// All routers, by their names.
    ///
    /// # Errors
    /// `internal`
    pub async fn routers(&self) -> Result<Vec<RouterView>, Problem> {
        Ok(Vec::new())
    }

    /// One router.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn router(&self, router: &RouterId) -> Result<RouterView, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// Enrols a router. What it gives holds secrets that are kept nowhere else.
    ///
    /// # Errors
    /// `router_exists`, `field_invalid`
    pub async fn add_router(&self, _new: NewRouter, _who: &str) -> Result<Enrolment, Problem> {
        Err(not_yet())
    }

    /// Makes all secrets of a router's agent anew; the old ones are void at once.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn rekey_router(&self, router: &RouterId, _who: &str) -> Result<Enrolment, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// Forgets a router. Nothing is removed from the router itself.
    ///
    /// # Errors
    /// `unknown_router`; `router_in_use` while it carries VIFs, unless forced.
    pub async fn remove_router(&self, router: &RouterId, _force: bool, _who: &str) -> Result<(), Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// The interfaces that a VIF could leave by.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn interfaces(&self, router: &RouterId) -> Result<Vec<InterfaceView>, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// The VIFs of a router, by their VLANs.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn vifs(&self, router: &RouterId) -> Result<Vec<VifView>, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// One VIF.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`
    pub async fn vif(&self, router: &RouterId, _vif: &VifId) -> Result<VifView, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// Makes a change set that makes a VIF, and starts it; with `plan_only` it stops at `previewing`.
    ///
    /// # Errors
    /// `unknown_router`, `field_invalid`, `not_available_yet`
    pub async fn create_vif(
        &self,
        router: &RouterId,
        _new: NewVif,
        _plan_only: bool,
        _who: &str,
    ) -> Result<ChangeSetId, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// Makes a change set that removes a VIF, and starts it; with `plan_only` it stops at `previewing`.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`
    pub async fn remove_vif(
        &self,
        router: &RouterId,
        _vif: &VifId,
        _plan_only: bool,
        _who: &str,
    ) -> Result<ChangeSetId, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// The change sets of a router, newest first, at most [`MAX_LIMIT`]; with `after` those made before that one.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_change_set`
    pub async fn change_sets(
        &self,
        router: &RouterId,
        _limit: usize,
        _after: Option<&ChangeSetId>,
    ) -> Result<Vec<ChangeSetView>, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// One change set.
    ///
    /// # Errors
    /// `unknown_change_set`
    pub async fn change_set(&self, id: &ChangeSetId) -> Result<ChangeSetView, Problem> {
        Err(Problem::unknown_change_set(id.as_str()))
    }

    /// Lets a person's event happen to a change set.
    ///
    /// # Errors
    /// `unknown_change_set`; `illegal_event` with the legal ones; `busy` where another one of its router is applied.
    pub async fn change_set_event(
        &self,
        id: &ChangeSetId,
        _event: Event,
        _who: &str,
    ) -> Result<ChangeSetView, Problem> {
        Err(Problem::unknown_change_set(id.as_str()))
    }

    /// The event list of a router, newest first, at most [`MAX_LIMIT`]; with `after` the lines before that one.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn events(
        &self,
        router: &RouterId,
        _limit: usize,
        _after: Option<u64>,
    ) -> Result<Vec<EventView>, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// The samples of the last five minutes, oldest first, as far as somebody was watching.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn traffic(&self, router: &RouterId) -> Result<Vec<TrafficView>, Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// Says that somebody is looking at a router: its agent samples each second for the next 30 s. Call it again
    /// while they are.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn watch(&self, router: &RouterId) -> Result<(), Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// Has the router read again and its state published anew.
    ///
    /// # Errors
    /// `unknown_router`, `no_answer`
    pub async fn refresh(&self, router: &RouterId) -> Result<(), Problem> {
        Err(Problem::unknown_router(router.as_str()))
    }

    /// What changes from now on, or from the one after `after` where that is still known; where it is not, the first
    /// item is a `resync`. The stream ends with the controller.
    pub fn live(&self, after: Option<u64>) -> impl Stream<Item = Live> + Send + use<> {
        self.inner.live.follow(after)
    }
}

fn not_yet() -> Problem {
    Problem::new(problem::NOT_AVAILABLE_YET, "Not built yet.", "Wait for it.")
}
