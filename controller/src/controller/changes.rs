//! Change sets as callers see them.

use super::{Controller, bounded, bus::unanswered};
use crate::{
    flow::change_set::{
        self, ChangeSet, Declined, Edit, GoesOn, New, Person,
        asked::{self, AskedItem},
        revert,
    },
    io::store::{Transaction, change_sets},
    problem::{self, Problem},
    view::{ChangeSetView, EditedChangeSet, NewChangeSet},
};
use shared::{
    change_set::{Confirm, Event, Item, Keep, Resource, State},
    ids::{ChangeSetId, RouterId},
    vif::VifSpec,
    wire::{Reply, Request},
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
        Ok(change_set::view(&self.stored(id).await?))
    }

    /// Lets a person's event happen to a change set.
    ///
    /// # Errors
    /// `unknown_change_set`; `illegal_event` with the legal ones; `not_available_yet`; `busy` where another one of its
    /// router is under way; `step_up_required` where it leads to a VIF without a kill switch.
    pub async fn change_set_event(
        &self,
        id: &ChangeSetId,
        event: Event,
        who: &Person,
    ) -> Result<ChangeSetView, Problem> {
        let who = who.clone();
        self.altered(id, move |tx, found, now| {
            if matches!(event, Event::Confirm | Event::Retry)
                && let Some(other) = change_sets::running(tx, &found.router)?.filter(|other| other.id != found.id)
            {
                return Err(busy(&other));
            }
            stepped_up(found, event, &who)?;
            found.seen_from = who.seen_from();
            found.person(event, &who.name, now).map_err(|declined| decline(&declined, found, event))
        })
        .await
    }

    /// Makes a change set of rows; it is a draft until it is validated, unless the request says that it goes on.
    ///
    /// # Errors
    /// `unknown_router`, `field_invalid`
    pub async fn create_change_set(
        &self,
        router: &RouterId,
        asked: NewChangeSet,
        goes_on: GoesOn,
        who: &Person,
    ) -> Result<ChangeSetView, Problem> {
        let router = self.known(router).await?.id;
        let name = named(&asked.name)?;
        let owner = asked::owner(&name);
        let exactly = asked::exactly(asked.ensure.as_deref())?;
        let asked_items = asked::with_drift(asked.items, asked.drift.as_ref());
        let items = rows(&asked_items, &owner, exactly)?;
        let of = router.clone();
        let known = self.inner.store.call(move |tx| Ok::<_, Problem>(change_sets::owned(tx, &of, owner)?));
        let exactly = if exactly { Some(known.await?) } else { None };
        let confirm = asked.confirm.as_ref().map(asked::confirm).transpose()?;
        let new = New {
            id: fresh_id()?,
            name,
            router,
            items,
            exactly,
            confirm: confirm.unwrap_or(Confirm::USUAL),
            goes_on,
            who: who.clone(),
        };
        self.put(ChangeSet::new(new, &asked.source, self.now())).await
    }

    /// Alters a draft, or a change set that was looked at and not begun.
    ///
    /// # Errors
    /// `unknown_change_set`, `field_invalid`, `illegal_event`; `version_conflict` with `version` and the change set as it
    /// is, where somebody edited it meanwhile.
    pub async fn edit_change_set(
        &self,
        id: &ChangeSetId,
        edited: EditedChangeSet,
        who: &Person,
    ) -> Result<ChangeSetView, Problem> {
        let who = who.clone();
        let confirm = edited.confirm.as_ref().map(asked::confirm).transpose()?;
        let name = edited.name.as_deref().map(named).transpose()?;
        let ensure = edited.ensure.as_deref().map(|word| asked::exactly(Some(word))).transpose()?;
        self.altered(id, move |tx, found, now| {
            let owner = asked::owner(name.as_deref().unwrap_or(&found.name));
            let exactly = ensure.unwrap_or(found.exactly.is_some());
            let items = edited.items.map(|items| asked::with_drift(items, edited.drift.as_ref()));
            let items = items.map(|items| asked::with_secrets(items, &found.items));
            let items = items.map(|items| rows(&items, &owner, exactly)).transpose()?;
            let exactly = if exactly { Some(change_sets::owned(tx, &found.router, owner)?) } else { None };
            let edit = Edit { version: edited.version, name, items, exactly, confirm };
            found.seen_from = who.seen_from();
            found.edit(edit, &who.name, now).map_err(|declined| decline(&declined, found, Event::Edit))
        })
        .await
    }

    /// Validates a change set past findings of these codes, as far as they may be overruled.
    ///
    /// # Errors
    /// `unknown_change_set`, `illegal_event`, `step_up_required`
    pub async fn force_change_set(
        &self,
        id: &ChangeSetId,
        codes: Vec<String>,
        who: &Person,
    ) -> Result<ChangeSetView, Problem> {
        let who = who.clone();
        self.altered(id, move |_, found, now| {
            stepped_up(found, Event::Validate, &who)?;
            found.seen_from = who.seen_from();
            found.force(codes, &who.name, now).map_err(|declined| decline(&declined, found, Event::Validate))
        })
        .await
    }

    /// Makes a new change set that takes a kept one back; it stops at its preview, which says where the router has moved
    /// on since.
    ///
    /// # Errors
    /// `unknown_change_set`; `not_revertible` where it is not in force, or nobody knows what was there before.
    pub async fn revert_change_set(&self, id: &ChangeSetId, who: &Person) -> Result<ChangeSetView, Problem> {
        let kept = self.stored(id).await?;
        let name: String = format!("Revert: {}", kept.name).chars().take(80).collect();
        let now = match kept.vif() {
            Some(did) => self.reports(&kept.router).await?.into_iter().find(|vif| vif.spec.id == did.id),
            None => None,
        };
        let was = now.map(|report| report.spec);
        let (items, reverts) = revert::inverse(&kept, &name, was.as_ref()).map_err(|refusal| {
            Problem::new(problem::NOT_REVERTIBLE, refusal.message, refusal.hint).with("refusal", refusal.code)
        })?;
        let new = New {
            id: fresh_id()?,
            name,
            router: kept.router,
            items,
            exactly: None,
            confirm: kept.confirm,
            goes_on: GoesOn::Preview,
            who: who.clone(),
        };
        let made = ChangeSet { reverts: Some(reverts), was, ..ChangeSet::new(new, "revert", self.now()) };
        self.put(made).await
    }

    /// Lets the deadline of a change that is being verified run for so many seconds from now.
    ///
    /// # Errors
    /// `unknown_change_set`, `illegal_event`, `refused`, `no_answer`
    pub async fn extend_change_set(&self, id: &ChangeSetId, seconds: u32) -> Result<ChangeSetView, Problem> {
        let unknown = || Problem::unknown_change_set(id.as_str());
        let found = self.stored(id).await?;
        if found.state != State::Verifying {
            return Err(decline(&Declined::Illegal, &found, Event::Keep));
        }
        match self.ask(&found.router, Request::Extend(found.order_id(), seconds)).await {
            Ok(Reply::Report(report)) => {
                let changed = self.change(id, move |change_set, now| change_set.reported(report, now)).await?;
                changed.as_ref().map(change_set::view).ok_or_else(unknown)
            }
            answer => Err(unanswered(answer)),
        }
    }

    /// Makes a change set of one item about a VIF and lets it begin when its turn has come. `was` is the VIF
    /// as it is.
    ///
    /// # Errors
    /// `step_up_required` where it leads to a VIF without one.
    pub(super) async fn begin(
        &self,
        router: &RouterId,
        name: String,
        resource: Resource,
        was: Option<VifSpec>,
        goes_on: GoesOn,
        who: &Person,
    ) -> Result<ChangeSetId, Problem> {
        let item = Item { id: "1".to_owned(), name: String::new(), depends_on: Vec::new(), resource };
        let new = New {
            id: fresh_id()?,
            name,
            router: router.clone(),
            items: vec![item],
            exactly: None,
            // Objects of our own cut nobody off: what the agent reads back is enough.
            confirm: Confirm { keep: Keep::Agent, ..Confirm::USUAL },
            goes_on,
            who: who.clone(),
        };
        let id = new.id.clone();
        let made = ChangeSet { was, ..ChangeSet::new(new, "vif", self.now()) };
        stepped_up(&made, Event::Confirm, who)?;
        self.put(made).await?;
        Ok(id)
    }

    pub(super) async fn stored(&self, id: &ChangeSetId) -> Result<ChangeSet, Problem> {
        let wanted = id.clone();
        let found = self.inner.store.call(move |tx| Ok::<_, Problem>(change_sets::one(tx, &wanted)?)).await?;
        found.ok_or_else(|| Problem::unknown_change_set(id.as_str()))
    }

    /// Lets a person alter a change set in one transaction, and tells of it. What is refused is not written.
    async fn altered(
        &self,
        id: &ChangeSetId,
        alter: impl FnOnce(&Transaction<'_>, &mut ChangeSet, i64) -> Result<(), Problem> + Send + 'static,
    ) -> Result<ChangeSetView, Problem> {
        let (wanted, now) = (id.clone(), self.now());
        let changed: Result<ChangeSet, Problem> = self
            .inner
            .store
            .call(move |tx| {
                let unknown = || Problem::unknown_change_set(wanted.as_str());
                let mut found = change_sets::one(tx, &wanted)?.ok_or_else(unknown)?;
                alter(tx, &mut found, now)?;
                change_sets::put(tx, &found)?;
                Ok(found)
            })
            .await;
        let changed = changed?;
        let view = change_set::view(&changed);
        self.moved(&changed.router, &view, None);
        Ok(view)
    }

    async fn put(&self, change_set: ChangeSet) -> Result<ChangeSetView, Problem> {
        let (router, view) = (change_set.router.clone(), change_set::view(&change_set));
        self.inner.store.call(move |tx| Ok::<_, Problem>(change_sets::put(tx, &change_set)?)).await?;
        self.moved(&router, &view, None);
        Ok(view)
    }
}

fn fresh_id() -> Result<ChangeSetId, Problem> {
    let suffix = crate::io::random::suffix().map_err(|error| Problem::internal(&error))?;
    ChangeSetId::new(format!("c-{suffix}")).map_err(|error| Problem::internal(&error))
}

fn named(name: &str) -> Result<String, Problem> {
    let fits = (1..=80).contains(&name.trim().chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.trim().to_owned())
    } else {
        Err(Problem::field("name", "A change set has a name of 1 to 80 characters.", "Say what it is for."))
    }
}

fn rows(asked: &[AskedItem], owner: &str, exactly: bool) -> Result<Vec<Item>, Problem> {
    // That none of them is to be there any more is something to ask for.
    if exactly && asked.is_empty() { Ok(Vec::new()) } else { Ok(asked::items(asked, owner)?) }
}

/// Refuses what leads to a VIF without a kill switch to whoever has not proved their password for it.
fn stepped_up(change_set: &ChangeSet, event: Event, who: &Person) -> Result<(), Problem> {
    if who.stepped_up || !change_set.switches_off(event) { Ok(()) } else { Err(Problem::step_up()) }
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
        Declined::Outrun => Problem::new(
            problem::VERSION_CONFLICT,
            "Somebody else edited this change set meanwhile.",
            "Look at it as it is now, then edit again.",
        )
        .with("version", change_set.version),
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
