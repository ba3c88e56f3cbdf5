//! Working change sets off: one task per router, one change set at a time, from the database alone, so that a
//! controller that was killed goes on where it was.

use super::{Controller, inbox::last_line, validation::Looked};
use crate::{
    flow::change_set::{self, Answer, ChangeSet},
    io::store::{StoreError, change_sets, routers},
};
use shared::{
    change_set::{MenuWords, State},
    ids::{ChangeSetId, RouterId},
    routeros::schema::{Version, shipped},
    wire::Request,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, task::JoinHandle};

/// How often the agent is asked what became of an order.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// The tasks.
#[derive(Default)]
pub(super) struct Workers {
    tasks: BTreeMap<RouterId, (Arc<Notify>, JoinHandle<()>)>,
}

impl Workers {
    /// Has a router's task look again.
    pub(super) fn wake(&self, router: &RouterId) {
        if let Some((notify, _)) = self.tasks.get(router) {
            notify.notify_one();
        }
    }

    /// Ends a router's task.
    pub(super) fn dismiss(&mut self, router: &RouterId) {
        if let Some((_, task)) = self.tasks.remove(router) {
            task.abort();
        }
    }

    /// Ends all.
    pub(super) fn stop(&mut self) {
        for (_, task) in std::mem::take(&mut self.tasks).into_values() {
            task.abort();
        }
    }
}

/// What a task does next.
enum Next {
    /// Look again at once.
    Again,
    /// Wait until something happens, or for so long.
    Wait,
    /// The same, after an agent that did not answer.
    Retry,
    /// Wait until something happens.
    Rest,
}

impl Controller {
    /// Gives a router its task.
    pub(super) fn employ(&self, router: &RouterId) {
        let mut workers = self.workers();
        if workers.tasks.contains_key(router) || self.inner.bus.link().is_none() {
            return;
        }
        let notify = Arc::new(Notify::new());
        let (controller, id, wake) = (self.clone(), router.clone(), Arc::clone(&notify));
        let task = tokio::spawn(async move { controller.work(&id, &wake).await });
        workers.tasks.insert(router.clone(), (notify, task));
    }

    async fn work(&self, router: &RouterId, wake: &Notify) {
        // After a start nobody knows what has happened meanwhile.
        let mut quiet = true;
        loop {
            match self.turn(router, quiet).await {
                Ok(Next::Again) => quiet = false,
                Ok(Next::Rest) => {
                    wake.notified().await;
                    quiet = false;
                }
                Ok(Next::Wait) => quiet = tokio::time::timeout(ASK_AGAIN, wake.notified()).await.is_err(),
                Ok(Next::Retry) => {
                    let _ = tokio::time::timeout(ASK_AGAIN, wake.notified()).await;
                    quiet = true;
                }
                Err(error) => {
                    tracing::error!(%error, %router, "change sets cannot be worked off; trying again");
                    tokio::time::sleep(ASK_AGAIN).await;
                }
            }
        }
    }

    /// Does what comes next. `quiet` is whether the agent has not been heard for a while, and has to be asked.
    async fn turn(&self, router: &RouterId, quiet: bool) -> Result<Next, StoreError> {
        let id = router.clone();
        let Some(current) = self.inner.store.call(move |tx| change_sets::current(tx, &id)).await? else {
            return Ok(Next::Rest);
        };
        if current.state == State::Draft {
            let menus = self.words(&current).await?;
            self.change(&current.id, move |change_set, now| change_set.begin(menus, now)).await?;
            return Ok(Next::Again);
        }
        let Some(request) = current.ask() else { return Ok(Next::Rest) };
        // The agent tells by itself how far it is; asked in the middle of that, it may answer over a link that it gives up.
        if matches!(request, Request::Show(_)) && !quiet {
            return Ok(Next::Wait);
        }
        if matches!(request, Request::Apply(..)) {
            // Written down first: an order that may have been given must never be taken for one that was not.
            self.change(&current.id, |change_set, _| change_set.ordered = true).await?;
        }
        let planning = matches!(request, Request::Plan(_));
        if planning && current.has_rows() {
            match self.look(&current).await? {
                Looked::Silent(refusal) => {
                    let silence = Answer::Silence(refusal);
                    self.change(&current.id, move |change_set, now| change_set.answered(silence, now)).await?;
                    return Ok(Next::Again);
                }
                Looked::Found { found, gone } => {
                    let looked =
                        self.change(&current.id, move |change_set, now| change_set.looked(&found, gone, now)).await?;
                    if looked.is_none_or(|looked| looked.state != State::Validating) {
                        return Ok(Next::Again);
                    }
                }
            }
        }
        let request = if planning { self.planned(&current.id, request).await? } else { request };
        let answer = match self.ask(router, request).await {
            Ok(reply) => Answer::Reply(reply),
            Err(silence) => Answer::Silence(silence),
        };
        let silent = matches!(answer, Answer::Silence(_));
        let before = current.state;
        let after = self.change(&current.id, move |change_set, now| change_set.answered(answer, now)).await?;
        let stays = after.is_some_and(|after| after.state == before && after.ordered);
        Ok(match planning {
            false if silent => Next::Retry,
            false if stays => Next::Wait,
            _ => Next::Again,
        })
    }

    /// The request for a plan once more: looking at a change set has put its items in order.
    async fn planned(&self, id: &ChangeSetId, request: Request) -> Result<Request, StoreError> {
        let wanted = id.clone();
        let found = self.inner.store.call(move |tx| change_sets::one(tx, &wanted)).await?;
        Ok(found.and_then(|found| found.ask()).unwrap_or(request))
    }

    /// What is known of the menus of a change set's rows, in the router's version or the nearest that is known.
    async fn words(&self, change_set: &ChangeSet) -> Result<Vec<MenuWords>, StoreError> {
        let menus: BTreeSet<String> = change_set.row_menus().into_iter().map(str::to_owned).collect();
        if menus.is_empty() {
            return Ok(Vec::new());
        }
        let id = change_set.router.clone();
        let state = self.inner.store.call(move |tx| routers::state(tx, &id)).await?;
        let version = state.and_then(|state| state.device?.routeros_version.parse::<Version>().ok());
        let Some(schema) = version.and_then(shipped::nearest) else { return Ok(Vec::new()) };
        Ok(menus.iter().filter_map(|menu| schema.words(menu)).collect())
    }

    /// Changes a change set in one transaction and tells of it where it has changed; nothing where it is gone.
    pub(super) async fn change(
        &self,
        id: &ChangeSetId,
        change: impl FnOnce(&mut ChangeSet, i64) + Send + 'static,
    ) -> Result<Option<ChangeSet>, StoreError> {
        let (wanted, now) = (id.clone(), self.now());
        let changed: Result<_, StoreError> = self
            .inner
            .store
            .call(move |tx| {
                let Some(mut found) = change_sets::one(tx, &wanted)? else { return Ok(None) };
                let before = found.clone();
                change(&mut found, now);
                if found == before {
                    return Ok(Some((found, None, false)));
                }
                change_sets::put(tx, &found)?;
                let line = if found.state == before.state { None } else { last_line(tx, &found, now)? };
                Ok(Some((found, line, true)))
            })
            .await;
        let Some((found, line, news)) = changed? else { return Ok(None) };
        if news {
            self.tell("change_set", &found.router, &change_set::view(&found));
            if let Some(line) = line {
                self.tell("event", &found.router, &line);
            }
        }
        Ok(Some(found))
    }
}
