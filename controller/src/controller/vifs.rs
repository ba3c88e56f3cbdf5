//! VIFs, interfaces and rates of a router, as its agent last told them.

use super::Controller;
use crate::{
    flow::vif,
    io::{random, store::routers},
    problem::Problem,
    view::{InterfaceRate, InterfaceView, NewVif, TrafficView, VifRate, VifView, iso},
};
use shared::{
    change_set::Resource,
    ids::{ChangeSetId, RouterId, VifId},
    router::{RouterState, TrafficSample},
    wire::Request,
};

/// How long an agent samples each second after it was told that somebody is looking.
const WATCH_S: u32 = 30;
/// It is told again at most this often, in milliseconds.
const WATCH_AGAIN_MS: i64 = 10_000;

impl Controller {
    /// The interfaces that a VIF could leave by.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn interfaces(&self, router: &RouterId) -> Result<Vec<InterfaceView>, Problem> {
        let state = self.state_of(router).await?;
        let view = |interface: shared::router::Interface| InterfaceView {
            name: interface.name.to_string(),
            kind: interface.kind,
            running: interface.running,
            disabled: interface.disabled,
        };
        Ok(state.map(|state| state.interfaces.into_iter().map(view).collect()).unwrap_or_default())
    }

    /// The VIFs of a router, by their VLANs.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn vifs(&self, router: &RouterId) -> Result<Vec<VifView>, Problem> {
        let state = self.state_of(router).await?;
        Ok(state.map(|state| state.vifs.iter().map(vif::view).collect()).unwrap_or_default())
    }

    /// One VIF.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`
    pub async fn vif(&self, router: &RouterId, id: &VifId) -> Result<VifView, Problem> {
        let state = self.state_of(router).await?;
        let found = state.iter().flat_map(|state| &state.vifs).find(|report| report.spec.id == *id);
        found.map(vif::view).ok_or_else(|| Problem::unknown_vif(id.as_str()))
    }

    /// Makes a change set that makes a VIF, and starts it; with `plan_only` it stops at `previewing`.
    ///
    /// # Errors
    /// `unknown_router`, `field_invalid`, `not_available_yet`
    pub async fn create_vif(
        &self,
        router: &RouterId,
        new: NewVif,
        plan_only: bool,
        who: &str,
    ) -> Result<ChangeSetId, Problem> {
        self.known(router).await?;
        let suffix = random::suffix().map_err(|error| Problem::internal(&error))?;
        let spec = vif::spec(&new, &suffix)?;
        let name = format!("Create VIF {}", spec.name);
        self.begin(router, name, Resource::VifCreate(spec), plan_only, who).await
    }

    /// Makes a change set that removes a VIF, and starts it; with `plan_only` it stops at `previewing`.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`
    pub async fn remove_vif(
        &self,
        router: &RouterId,
        id: &VifId,
        plan_only: bool,
        who: &str,
    ) -> Result<ChangeSetId, Problem> {
        let found = self.vif(router, id).await?;
        let name = format!("Remove VIF {}", found.name);
        self.begin(router, name, Resource::VifRemove(id.clone()), plan_only, who).await
    }

    /// The samples of the last five minutes, oldest first, as far as somebody was watching.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn traffic(&self, router: &RouterId) -> Result<Vec<TrafficView>, Problem> {
        self.known(router).await?;
        Ok(self.seen().traffic(router))
    }

    /// Says that somebody is looking at a router: its agent samples each second for the next 30 s. Call it again
    /// while they are; it does not wait for the agent.
    ///
    /// # Errors
    /// `unknown_router`
    pub async fn watch(&self, router: &RouterId) -> Result<(), Problem> {
        self.known(router).await?;
        if self.seen().watch_is_due(router, self.now(), WATCH_AGAIN_MS) {
            let (controller, router) = (self.clone(), router.clone());
            tokio::spawn(async move {
                if let Err(problem) = controller.ask_done(&router, Request::Watch(WATCH_S)).await {
                    tracing::debug!(%router, code = problem.code, "nobody can be watched");
                }
            });
        }
        Ok(())
    }

    /// Has the router read again and its state published anew.
    ///
    /// # Errors
    /// `unknown_router`, `no_answer`, `refused`
    pub async fn refresh(&self, router: &RouterId) -> Result<(), Problem> {
        self.known(router).await?;
        self.ask_done(router, Request::Refresh).await
    }

    async fn state_of(&self, router: &RouterId) -> Result<Option<RouterState>, Problem> {
        let id = self.known(router).await?.id;
        self.inner.store.call(move |tx| Ok(routers::state(tx, &id)?)).await
    }
}

/// The view of a sample.
pub(super) fn traffic_view(router: &RouterId, sample: &TrafficSample) -> TrafficView {
    TrafficView {
        router: router.to_string(),
        at: iso(sample.at),
        over_ms: sample.over_ms,
        interfaces: sample
            .interfaces
            .iter()
            .map(|(name, rate)| InterfaceRate { name: name.to_string(), rx_bps: rate.rx_bps, tx_bps: rate.tx_bps })
            .collect(),
        vifs: sample
            .vifs
            .iter()
            .map(|(id, rate)| VifRate { id: id.to_string(), rx_bps: rate.rx_bps, tx_bps: rate.tx_bps })
            .collect(),
    }
}
