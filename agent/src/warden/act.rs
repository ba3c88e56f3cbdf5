//! What the warden does about a drift: puts back by policy or because a person said so, or takes what was found for
//! what is wanted.

use super::{WAIT_FOR_ENGINE, Warden, is_isolation};
use crate::{
    engine::{Engine, PutBack},
    flow::{
        change_set::{Change, Origin},
        drift::{Finding, accepted},
    },
};
use shared::{
    change_set::{Confirm, Keep, Outcome, Phase, Refusal, Report},
    drift::{Difference, Drift, Policy, State},
    ids::{ChangeSetId, DriftId},
};
use tokio::{sync::OwnedMutexGuard, time::timeout};

impl Warden {
    /// Puts back what is to be put back by policy, unless somebody fights over it.
    pub(super) async fn put_back_by_policy(&mut self) {
        let by_policy = |drift: &&Drift| drift.policy == Policy::Reconcile && drift.state == State::Open;
        let open: Vec<Drift> =
            self.book.drifts().filter(by_policy).filter(|drift| !self.waits(drift)).cloned().collect();
        if open.is_empty() {
            return;
        }
        // Somebody changes the router just now: the end of that is told, and everything compared then.
        let Ok(engine) = self.engine().await else { return };
        let now = self.clock.unix_millis();
        let (mut going, mut news) = (Vec::new(), Vec::new());
        for drift in open {
            let goes = self.fights.round(&subject(&drift), now);
            news.extend(self.book.set(&drift.id, if goes { State::Reconciling } else { State::Fighting }, now));
            going.extend(goes.then_some(drift));
        }
        // The round is on the disk before the first write, so that an agent that dies of it does not begin anew each time.
        self.tell(&news);
        if !going.is_empty()
            && let Err(refusal) = self.put_back(engine, &going).await
        {
            tracing::warn!(%refusal, "what drifted was not put back");
        }
    }

    /// Writes what is wanted of a drift again, because a person said so.
    ///
    /// # Errors
    /// `unknown_drift`, and the engine's refusals.
    pub(super) async fn reconcile(&mut self, id: &DriftId) -> Result<(), Refusal> {
        let drift = self.known(id)?;
        let engine = self.engine().await?;
        self.fights.settle(&subject(&drift));
        let now = self.clock.unix_millis();
        let news: Vec<Drift> = self.book.set(id, State::Reconciling, now).into_iter().collect();
        self.tell(&news);
        self.put_back(engine, &[drift]).await
    }

    /// Carries it out, and has the menus compared again.
    async fn put_back(&mut self, mut engine: OwnedMutexGuard<Engine>, drifts: &[Drift]) -> Result<(), Refusal> {
        let wanted = PutBack {
            owned: &self.owned,
            subjects: &drifts.iter().filter(|drift| drift.item.is_some()).map(subject).collect::<Vec<_>>(),
            ids: &self.ids,
            orders: &self.orders,
            isolation: drifts.iter().any(|drift| drift.item.is_none()),
        };
        let begun = engine.put_back(&wanted).await;
        let soon = self.clock.now() + self.periods.settle;
        for drift in drifts {
            for path in [drift.menu.as_str(), super::ISOLATION] {
                if let Some(next) = self.next.get_mut(path).filter(|_| is_isolation(path) == drift.item.is_none()) {
                    *next = soon.min(*next);
                }
            }
        }
        let Some(begun) = begun? else { return Ok(()) };
        let report = engine.carry_out(begun).await;
        match report.error {
            Some(refusal) if report.outcome != Some(Outcome::Confirmed) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// Takes what was found for what is wanted, because a person said so. Nothing is written to the router.
    ///
    /// # Errors
    /// `unknown_drift`; `isolation_row` of what keeps VIFs apart; `storage`.
    pub(super) async fn accept(&mut self, id: &DriftId) -> Result<(), Refusal> {
        let drift = self.known(id)?;
        if drift.item.is_none() {
            let message = "what keeps VIFs apart is not to be given up";
            return Err(Refusal::new("isolation_row", message, "Put it back, or remove the VIF."));
        }
        // No change may begin on what is owned meanwhile.
        let _engine = self.engine().await?;
        if drift.difference == Difference::Moved {
            self.forget_order(&drift.menu);
        } else {
            let pair = accepted(&self.owned, &drift).ok_or_else(|| unknown(id))?;
            let change = Change {
                id: self
                    .journal
                    .fresh_number()
                    .ok()
                    .and_then(|n| ChangeSetId::new(format!("accepted-{n}")).ok())
                    .ok_or_else(broken)?,
                before: Vec::new(),
                after: Vec::new(),
                rows: vec![pair],
                menus: self.owned.menus.iter().filter(|words| words.path == drift.menu).cloned().collect(),
                confirm: Confirm { keep: Keep::Person, ..Confirm::USUAL },
                origin: Origin::Accepted,
            };
            let report = ended(&change, self.clock.unix_millis());
            self.journal.accept(&change, &report).map_err(|error| {
                tracing::error!(%error, "what was accepted could not be written down");
                broken()
            })?;
        }
        self.fights.settle(&subject(&drift));
        let news: Vec<Drift> = self.book.end(id, State::Accepted, self.clock.unix_millis()).into_iter().collect();
        self.tell(&news);
        self.learn();
        Ok(())
    }

    fn known(&self, id: &DriftId) -> Result<Drift, Refusal> {
        self.book.get(id).cloned().ok_or_else(|| unknown(id))
    }

    async fn engine(&self) -> Result<OwnedMutexGuard<Engine>, Refusal> {
        let engine = timeout(WAIT_FOR_ENGINE, self.engine.clone().lock_owned()).await;
        engine.map_err(|_| {
            Refusal::new("busy", "a change is under way on this router", "Wait for its end, then try again.")
        })
    }
}

/// The row by its menu and key: the drift changes with what is found, the row does not.
fn subject(drift: &Drift) -> String {
    Finding {
        menu: drift.menu.clone(),
        row: drift.row.clone(),
        item: None,
        vif: None,
        difference: Difference::Moved,
        policy: drift.policy,
    }
    .subject()
}

fn unknown(id: &DriftId) -> Refusal {
    let message = format!("the agent knows no drift `{id}`");
    Refusal::new("unknown_drift", message, "Look again: it may be gone, or another difference by now.")
}

fn broken() -> Refusal {
    Refusal::new("storage", "the agent's database failed", "Free some space on the agent's disk, then try again.")
}

/// What is said of a change that was kept without a write.
fn ended(change: &Change, at: i64) -> Report {
    Report {
        id: change.id.clone(),
        phase: Phase::Ended,
        revision: 0,
        done: 0,
        total: 0,
        current: String::new(),
        outcome: Some(Outcome::Confirmed),
        error: None,
        differs: Vec::new(),
        evidence: Vec::new(),
        deadline: None,
        undone_by: None,
        at,
    }
}
