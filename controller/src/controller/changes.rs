//! Change sets as callers see them.

use super::{Controller, bounded};
use crate::{
    flow::change_set::{self, ChangeSet, Declined, New},
    io::store::change_sets,
    problem::{self, Problem},
    view::ChangeSetView,
};
use shared::{
    change_set::{Event, Item, Resource},
    ids::{ChangeSetId, RouterId},
};

impl Controller {
    /// The change sets of a router, newest first, at most [`MAX_LIMIT`](super::MAX_LIMIT); with `after` those made
    /// before that one.
    ///
    /// # Errors
    /// `unknown_router`, `unknown_change_set`
    pub async fn change_sets(
        &self,
        router: &RouterId,
        limit: usize,
        after: Option<&ChangeSetId>,
    ) -> Result<Vec<ChangeSetView>, Problem> {
        let id = self.known(router).await?.id;
        let (limit, after) = (bounded(limit), after.cloned());
        self.inner
            .store
            .call(move |tx| {
                if let Some(after) = &after {
                    change_sets::one(tx, after)?.ok_or_else(|| Problem::unknown_change_set(after.as_str()))?;
                }
                let found = change_sets::list(tx, &id, limit, after.as_ref())?;
                Ok(found.iter().map(change_set::view).collect())
            })
            .await
    }

    /// One change set.
    ///
    /// # Errors
    /// `unknown_change_set`
    pub async fn change_set(&self, id: &ChangeSetId) -> Result<ChangeSetView, Problem> {
        let wanted = id.clone();
        let found: Option<ChangeSet> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(change_sets::one(tx, &wanted)?)).await?;
        found.as_ref().map(change_set::view).ok_or_else(|| Problem::unknown_change_set(id.as_str()))
    }

    /// Lets a person's event happen to a change set.
    ///
    /// # Errors
    /// `unknown_change_set`; `illegal_event` with the legal ones; `not_available_yet`; `busy` where another one of its
    /// router is under way.
    pub async fn change_set_event(&self, id: &ChangeSetId, event: Event, who: &str) -> Result<ChangeSetView, Problem> {
        let (wanted, who, now) = (id.clone(), who.to_owned(), self.now());
        let changed: ChangeSet = self
            .inner
            .store
            .call(move |tx| {
                let unknown = || Problem::unknown_change_set(wanted.as_str());
                let mut found = change_sets::one(tx, &wanted)?.ok_or_else(unknown)?;
                if matches!(event, Event::Confirm | Event::Retry)
                    && let Some(other) = change_sets::running(tx, &found.router)?.filter(|other| other.id != found.id)
                {
                    return Err(busy(&other));
                }
                found.person(event, &who, now).map_err(|declined| decline(&declined, &found, event))?;
                change_sets::put(tx, &found)?;
                Ok(found)
            })
            .await?;
        let view = change_set::view(&changed);
        self.moved(&changed.router, &view, None);
        Ok(view)
    }

    /// Makes a change set of one item and lets it begin when its turn has come.
    pub(super) async fn begin(
        &self,
        router: &RouterId,
        name: String,
        resource: Resource,
        plan_only: bool,
        who: &str,
    ) -> Result<ChangeSetId, Problem> {
        let suffix = crate::io::random::suffix().map_err(|error| Problem::internal(&error))?;
        let id = ChangeSetId::new(format!("c-{suffix}")).map_err(|error| Problem::internal(&error))?;
        let items = vec![Item { id: "1".to_owned(), name: String::new(), depends_on: Vec::new(), resource }];
        let new = New { id: id.clone(), name, router: router.clone(), items, plan_only, who: who.to_owned() };
        let change_set = ChangeSet::new(new, "vif", self.now());
        let view = change_set::view(&change_set);
        self.inner.store.call(move |tx| Ok::<_, Problem>(change_sets::put(tx, &change_set)?)).await?;
        self.moved(router, &view, None);
        Ok(id)
    }
}

fn busy(other: &ChangeSet) -> Problem {
    Problem::new(
        problem::BUSY,
        format!("The change `{}` of this router is under way.", other.name),
        "Wait until it has ended, then try again.",
    )
    .with("change_set", other.id.as_str())
}

fn decline(declined: &Declined, change_set: &ChangeSet, event: Event) -> Problem {
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let (state, event) = (word(serde_json::to_value(change_set.state)), word(serde_json::to_value(event)));
    let legal: Vec<serde_json::Value> =
        change_set.legal().into_iter().filter_map(|event| serde_json::to_value(event).ok()).collect();
    let shown: Vec<String> = legal.iter().filter_map(|event| event.as_str().map(|word| format!("`{word}`"))).collect();
    let hint = if shown.is_empty() {
        "Nothing can be done to it now.".to_owned()
    } else {
        format!("Possible now: {}.", shown.join(", "))
    };
    let problem = match declined {
        Declined::Illegal => {
            Problem::new(problem::ILLEGAL_EVENT, format!("`{event}` is not possible in the state `{state}`."), hint)
        }
        Declined::NotAvailable => Problem::new(
            problem::NOT_AVAILABLE_YET,
            format!("`{event}` cannot be done to this change set in this version."),
            hint,
        ),
    };
    problem.with("state", state).with("legal_events", legal)
}
