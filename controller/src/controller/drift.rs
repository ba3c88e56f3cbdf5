//! What of a router is not as it should be, and what a person wants done about it.
//!
//! Both go to the agent as a signed request and not as a change set: the agent alone has the row as a whole, its place
//! and its key; it writes through its own engine, within the same rings, what was kept once before. A change set made
//! here would have to be made of what was told, and would fail where more has drifted meanwhile.

use super::Controller;
use crate::{
    io::store::drifts,
    problem::{self, Problem},
    view::DriftView,
};
use shared::{
    drift::Drift,
    ids::{DriftId, RouterId},
    wire::Request,
};

impl Controller {
    /// The drifts of a router in the order in which they came; with `ended` those that have ended, too.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn drifts(&self, router: &RouterId, ended: bool) -> Result<Vec<DriftView>, Problem> {
        let id = self.known(router).await?.id;
        let found: Vec<Drift> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(drifts::list(tx, &id, ended)?)).await?;
        Ok(found.iter().map(|drift| DriftView::of(router, drift)).collect())
    }

    /// Has what is wanted written again. Done once the router was read back.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_drift`, `refused`, `no_answer`
    pub async fn reconcile_drift(&self, router: &RouterId, id: &DriftId) -> Result<DriftView, Problem> {
        self.ask_about(router, id, Request::Reconcile(id.clone())).await
    }

    /// Has what was found taken for what is wanted.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_drift`, `refused`, `no_answer`
    pub async fn accept_drift(&self, router: &RouterId, id: &DriftId) -> Result<DriftView, Problem> {
        self.ask_about(router, id, Request::Accept(id.clone())).await
    }

    async fn ask_about(&self, router: &RouterId, id: &DriftId, request: Request) -> Result<DriftView, Problem> {
        let found = self.drift(router, id).await?;
        if found.state.is_final() {
            return Err(Problem::new(
                problem::UNKNOWN_DRIFT,
                format!("The drift `{id}` has ended."),
                "There is nothing left to be done about it.",
            ));
        }
        self.ask_done(router, request).await?;
        self.drift(router, id).await
    }

    async fn drift(&self, router: &RouterId, id: &DriftId) -> Result<DriftView, Problem> {
        let (known, wanted) = (self.known(router).await?.id, id.clone());
        let found: Option<Drift> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(drifts::one(tx, &known, &wanted)?)).await?;
        found.map(|drift| DriftView::of(router, &drift)).ok_or_else(|| Problem::unknown_drift(id.as_str()))
    }
}
