//! VIFs, interfaces and rates of a router, as its agent last told them.

use super::{Controller, bus::unanswered};
use crate::{
    flow::{
        change_set::{GoesOn, Person},
        vif,
    },
    io::{random, store::routers},
    problem::{self, Problem},
    view::{EditedVif, InterfaceRate, InterfaceView, NewVif, TrafficHistoryView, TrafficView, VifRate, VifView, iso},
};
use futures_util::StreamExt as _;
use shared::{
    change_set::Resource,
    ids::{ChangeSetId, RouterId, VifId},
    router::{RouterState, TrafficSample},
    vif::{Span, VifReport},
    wire::{Reply, Request},
};
use std::time::Duration;

/// How long an agent samples each second after it was told that somebody is looking.
const WATCH_S: u32 = 30;
/// It is told again at most this often, in milliseconds.
const WATCH_AGAIN_MS: i64 = 10_000;
/// How long the agent's state may take to follow its word.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(3);

/// What a person wants of a VIF at once, without a change set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Close its gate until somebody releases it.
    Engage,
    /// Leave its gate to the state of its way out again.
    Release,
    /// Verify its isolation now.
    Verify,
}

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
        Ok(self.reports(router).await?.iter().map(vif::view).collect())
    }

    /// One VIF.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`
    pub async fn vif(&self, router: &RouterId, id: &VifId) -> Result<VifView, Problem> {
        one(&self.reports(router).await?, id).map(vif::view)
    }

    /// Makes a change set that makes a VIF, and starts it.
    ///
    /// # Errors
    /// `unknown_router`, `field_invalid`, `not_available_yet`, `step_up_required`
    pub async fn create_vif(
        &self,
        router: &RouterId,
        new: NewVif,
        goes_on: GoesOn,
        who: &Person,
    ) -> Result<ChangeSetId, Problem> {
        let suffix = random::suffix().map_err(|error| Problem::internal(&error))?;
        let spec = vif::spec(&new, &suffix, &self.reports(router).await?)?;
        let name = format!("Create VIF {}", spec.name);
        self.begin(router, name, Resource::VifCreate(spec), None, goes_on, who).await
    }

    /// Makes a change set that alters a VIF, and starts it.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`, `field_invalid`, `not_available_yet`, `step_up_required`
    pub async fn update_vif(
        &self,
        router: &RouterId,
        id: &VifId,
        edited: &EditedVif,
        goes_on: GoesOn,
        who: &Person,
    ) -> Result<ChangeSetId, Problem> {
        let all = self.reports(router).await?;
        let before = one(&all, id)?;
        let spec = vif::updated(before, edited, &all)?;
        let (name, was) = (format!("Alter VIF {}", spec.name), before.spec.clone());
        self.begin(router, name, Resource::VifUpdate(spec), Some(was), goes_on, who).await
    }

    /// Makes a change set that removes a VIF, and starts it.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`, `vif_in_use`
    pub async fn remove_vif(
        &self,
        router: &RouterId,
        id: &VifId,
        goes_on: GoesOn,
        who: &Person,
    ) -> Result<ChangeSetId, Problem> {
        let all = self.reports(router).await?;
        let found = one(&all, id)?;
        if let Some(other) = vif::falls_back_to(id, &all) {
            let message = format!("The VIF `{other}` falls back to this one.");
            return Err(Problem::new(problem::VIF_IN_USE, message, "Give the other one another mode first."));
        }
        let (name, was) = (format!("Remove VIF {}", found.spec.name), found.spec.clone());
        self.begin(router, name, Resource::VifRemove(id.clone()), Some(was), goes_on, who).await
    }

    /// Has the agent do something to a VIF at once, and gives the VIF as its agent then tells of it.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`, `no_answer`, `refused`
    pub async fn vif_deed(&self, router: &RouterId, id: &VifId, deed: Deed) -> Result<VifView, Problem> {
        let before = self.vif(router, id).await?;
        let mut live = Box::pin(self.live(None));
        self.ask_done(
            router,
            match deed {
                Deed::Engage => Request::Engage(id.clone()),
                Deed::Release => Request::Release(id.clone()),
                Deed::Verify => Request::Verify(id.clone()),
            },
        )
        .await?;
        let followed = async {
            loop {
                let now = self.vif(router, id).await?;
                let follows = match deed {
                    Deed::Engage => now.kill_switch.held,
                    Deed::Release => !now.kill_switch.held,
                    Deed::Verify => now.isolation.verified_at != before.isolation.verified_at,
                };
                if follows || live.next().await.is_none() {
                    return Ok(now);
                }
            }
        };
        // The agent has done it; a state that has got lost is not waited for for ever.
        match tokio::time::timeout(FOLLOWS_WITHIN, followed).await {
            Ok(vif) => vif,
            Err(_) => self.vif(router, id).await,
        }
    }

    /// What a VIF carried, as its agent has kept it.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_vif`, `no_answer`, `refused`
    pub async fn vif_history(&self, router: &RouterId, id: &VifId, span: Span) -> Result<TrafficHistoryView, Problem> {
        self.vif(router, id).await?;
        match self.ask(router, Request::History(id.clone(), span)).await {
            Ok(Reply::History(history)) => Ok(vif::history(&history)),
            answer => Err(unanswered(answer)),
        }
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

    pub(super) async fn reports(&self, router: &RouterId) -> Result<Vec<VifReport>, Problem> {
        Ok(self.state_of(router).await?.map(|state| state.vifs).unwrap_or_default())
    }

    async fn state_of(&self, router: &RouterId) -> Result<Option<RouterState>, Problem> {
        let id = self.known(router).await?.id;
        self.inner.store.call(move |tx| Ok(routers::state(tx, &id)?)).await
    }
}

fn one<'a>(all: &'a [VifReport], id: &VifId) -> Result<&'a VifReport, Problem> {
    all.iter().find(|report| report.spec.id == *id).ok_or_else(|| Problem::unknown_vif(id.as_str()))
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
