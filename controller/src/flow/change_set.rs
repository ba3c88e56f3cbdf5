//! A change set's way through the pipeline, as far as the controller decides it.
//!
//! The states and their transitions are [`shared::change_set::next`]; here stand what carries a change set from one
//! to the next without a person ([`ChangeSet::answered`], [`ChangeSet::reported`]), what has to be asked of the agent
//! in each state ([`ChangeSet::ask`]), and what a person may do ([`ChangeSet::person`]). Nothing is ever said to be
//! done that the agent has not said.

pub mod asked;
mod exactly;
mod heard;
mod person;
pub mod revert;
mod show;
mod stage;
pub mod validate;
pub mod written;

use crate::view::{Risk, StageView};
pub use exactly::Exactly;
pub use heard::Answer;
pub use person::{Declined, Edit, Person};
use serde::{Deserialize, Serialize};
use shared::{
    change_set::{
        Confirm, Event, Evidence, Item, Keep, MenuWords, Outcome, Plan, Refusal, Report, Resource, RowChange, State,
        next,
    },
    ids::{ChangeSetId, RouterId},
    vif::VifSpec,
    wire::{ChangeOrder, Request},
};
pub use show::view;
pub use stage::is_finding;
use std::{collections::BTreeSet, net::IpAddr};

/// A change set as the controller keeps it.
#[allow(clippy::struct_excessive_bools, reason = "each says something of its own, and all are kept as JSON")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Its id.
    pub id: ChangeSetId,
    /// Its name for people.
    pub name: String,
    /// The router.
    pub router: RouterId,
    /// What made it.
    pub source: String,
    /// Who made it.
    pub created_by: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// From where the last who did something to it did it, where the router may see the same address.
    #[serde(default)]
    pub seen_from: Option<IpAddr>,
    /// Where it is.
    pub state: State,
    /// Whether it waits for its turn to be validated.
    pub queued: bool,
    /// Whether it stops at `previewing` for a person to confirm.
    pub plan_only: bool,
    /// Until when the agent undoes it unless it is kept, and whose word keeps it.
    #[serde(default = "kept_by_the_agent")]
    pub confirm: Confirm,
    /// What the schema of the router's version says of the menus that its rows are in, of the last validation.
    #[serde(default)]
    pub menus: Vec<MenuWords>,
    /// How much it could cost, of the last validation.
    #[serde(default = "low")]
    pub risk: Risk,
    /// Whether what it asks for is all that there is to be of its owner's rows.
    #[serde(default)]
    pub exactly: Option<Exactly>,
    /// What it takes back, of one that was made to revert another.
    #[serde(default)]
    pub reverts: Option<revert::Reverts>,
    /// The VIF that it alters or removes, as it was when that was asked for: undoing it brings that back.
    #[serde(default)]
    pub was: Option<VifSpec>,
    /// Counts up with each edit, so that two who edit at the same time do not overwrite each other.
    #[serde(default)]
    pub version: u32,
    /// How often it was tried again after the agent had taken it. The agent knows each attempt under an id of its own.
    #[serde(default)]
    pub attempt: u32,
    /// Whether a person has said that it stays, and the agent does not know it yet.
    #[serde(default)]
    pub keep: bool,
    /// Whether the agent has taken the order to undo it.
    #[serde(default)]
    pub rolling: bool,
    /// Whether the order has been handed to the bus: from then on the agent is asked what became of it.
    pub ordered: bool,
    /// How often the plan was made anew.
    pub stale: u32,
    /// What is to change.
    pub items: Vec<Item>,
    /// What would be written, of the last validation.
    pub plan: Option<Plan>,
    /// What the stages of the last validation found on the controller.
    #[serde(default)]
    pub stages: Vec<StageView>,
    /// Why its risk is not low, one sentence each.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Codes of findings that somebody has overruled.
    #[serde(default)]
    pub forced: Vec<String>,
    /// What the agent found in the last validation.
    pub finding: Option<Refusal>,
    /// The agent's last word.
    pub report: Option<Report>,
    /// Why it is in `error`.
    pub error: Option<Refusal>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Every state that it entered.
    pub history: Vec<Step>,
}

fn kept_by_the_agent() -> Confirm {
    Confirm { keep: Keep::Agent, ..Confirm::USUAL }
}

fn low() -> Risk {
    Risk::Low
}

/// A state that a change set entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Unix milliseconds.
    pub at: i64,
    /// The state.
    pub state: State,
    /// By what event; nothing for the first.
    pub event: Option<Event>,
    /// Who.
    pub by: String,
}

/// What a change set is made of.
pub struct New {
    /// Its id.
    pub id: ChangeSetId,
    /// Its name for people.
    pub name: String,
    /// The router.
    pub router: RouterId,
    /// What is to change.
    pub items: Vec<Item>,
    /// Whether it is all that there is to be of its owner's rows.
    pub exactly: Option<Exactly>,
    /// Until when it has to be kept, and by whom.
    pub confirm: Confirm,
    /// Whether it goes on by itself: validated in its turn, and where its risk is not high carried out.
    pub goes_on: GoesOn,
    /// Who asks.
    pub who: Person,
}

/// How far a new change set goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesOn {
    /// It is a draft until somebody validates it.
    Draft,
    /// Until the plan is there for somebody to confirm.
    Preview,
    /// Until it is carried out.
    Through,
}

impl ChangeSet {
    /// The VIF as it makes or leaves it; nothing where it removes one or is about rows.
    pub fn vif(&self) -> Option<&VifSpec> {
        self.items.iter().find_map(|item| match &item.resource {
            Resource::VifCreate(spec) | Resource::VifUpdate(spec) => Some(spec),
            Resource::VifRemove(_) | Resource::Row(_) => None,
        })
    }

    /// A draft that waits for its turn.
    pub fn new(new: New, source: &str, now: i64) -> Self {
        let first = Step { at: now, state: State::Draft, event: None, by: new.who.name.clone() };
        Self {
            id: new.id,
            name: new.name,
            router: new.router,
            source: source.to_owned(),
            seen_from: new.who.seen_from(),
            created_by: new.who.name,
            created_at: now,
            state: State::Draft,
            queued: new.goes_on != GoesOn::Draft,
            plan_only: new.goes_on != GoesOn::Through,
            confirm: new.confirm,
            menus: Vec::new(),
            risk: Risk::Low,
            exactly: new.exactly,
            reverts: None,
            was: None,
            version: 0,
            attempt: 0,
            keep: false,
            rolling: false,
            ordered: false,
            stale: 0,
            items: new.items,
            plan: None,
            stages: Vec::new(),
            reasons: Vec::new(),
            forced: Vec::new(),
            finding: None,
            report: None,
            error: None,
            outcome: None,
            history: vec![first],
        }
    }

    /// The id under which the agent knows the attempt that counts.
    pub fn order_id(&self) -> ChangeSetId {
        let id = if self.attempt == 0 { None } else { ChangeSetId::new(format!("{}-r{}", self.id, self.attempt)).ok() };
        id.unwrap_or_else(|| self.id.clone())
    }

    /// The change set that an id of [`ChangeSet::order_id`] belongs to, where it is that of a later attempt.
    pub fn first_id(order: &ChangeSetId) -> Option<ChangeSetId> {
        let (first, attempt) = order.as_str().rsplit_once("-r")?;
        attempt.parse::<u32>().ok()?;
        ChangeSetId::new(first).ok()
    }

    /// What has to be asked of the agent now; nothing where it is a person's turn or all is over.
    pub fn ask(&self) -> Option<Request> {
        let order = || ChangeOrder {
            id: self.order_id(),
            items: self.items.clone(),
            menus: self.menus.clone(),
            confirm: self.confirm,
        };
        match self.state {
            State::Validating => Some(Request::Plan(order())),
            State::Verifying if self.keep => Some(Request::Keep(self.order_id(), true)),
            State::Verifying if self.may_keep_alone() => Some(Request::Keep(self.order_id(), false)),
            State::Applying | State::Verifying if self.ordered => Some(Request::Show(self.order_id())),
            State::Applying | State::Verifying => {
                Some(Request::Apply(order(), self.plan.as_ref().map(|plan| plan.read_hash)))
            }
            State::Rollback if self.rolling => Some(Request::Show(self.order_id())),
            State::Rollback => Some(Request::Roll(self.order_id())),
            State::Idle
            | State::Draft
            | State::Invalid
            | State::Previewing
            | State::Confirming
            | State::Active
            | State::RolledBack
            | State::Error => None,
        }
    }

    /// Whether the agent has all that the controller's word depends on: a router and a broker that let it in anew.
    fn may_keep_alone(&self) -> bool {
        let has = |evidence| self.report.as_ref().is_some_and(|report| report.evidence.contains(&evidence));
        self.confirm.keep == Keep::Controller
            && has(Evidence::SignIn)
            && has(Evidence::Link)
            && !has(Evidence::Controller)
    }

    /// What it changes of rows.
    pub fn rows(&self) -> impl Iterator<Item = &RowChange> {
        self.items.iter().filter_map(|item| match &item.resource {
            Resource::Row(row) => Some(row),
            Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
        })
    }

    /// Whether it is about rows.
    pub fn has_rows(&self) -> bool {
        self.exactly.is_some() || self.rows().next().is_some()
    }

    /// Whether it makes or removes VIFs.
    pub fn has_vifs(&self) -> bool {
        self.rows().count() < self.items.len()
    }

    /// The menus that its rows are in, or may be.
    pub fn row_menus(&self) -> BTreeSet<&str> {
        let more = self.exactly.iter().flat_map(|exactly| &exactly.menus).map(String::as_str);
        self.rows().map(|row| row.menu.as_str()).chain(more).collect()
    }

    /// Whether the agent is at work for it, so that no other change set of its router may begin.
    pub fn is_running(&self) -> bool {
        self.state.is_processing()
    }

    /// Its turn has come: the validation begins, with what is known of the menus of its rows.
    pub fn begin(&mut self, menus: Vec<MenuWords>, now: i64) {
        if self.state != State::Draft || !self.queued {
            return;
        }
        self.clear();
        self.queued = false;
        Exactly::asked(&mut self.items);
        if self.exactly.is_some() {
            Exactly::arrange(&mut self.items, &menus);
        }
        self.menus = menus;
        self.risk = if self.has_rows() { Risk::Normal } else { Risk::Low };
        self.enter(Event::Validate, "controller", now);
    }

    pub(super) fn clear(&mut self) {
        self.ordered = false;
        self.keep = false;
        self.rolling = false;
        self.plan = None;
        self.stages.clear();
        self.reasons.clear();
        self.finding = None;
        self.report = None;
        self.error = None;
        self.outcome = None;
    }

    pub(super) fn fail(&mut self, refusal: Refusal, event: Event, now: i64) {
        self.error = Some(refusal);
        self.enter(event, "agent", now);
    }

    pub(super) fn enter_from(&mut self, from: State, event: Event, now: i64) {
        if self.state == from {
            self.enter(event, "agent", now);
        }
    }

    /// Follows the table; an event that it does not know here changes nothing.
    pub(super) fn enter(&mut self, event: Event, by: &str, now: i64) {
        if let Some(state) = next(self.state, event) {
            self.state = state;
            self.note(by, Some(event), now);
        }
    }

    pub(super) fn note(&mut self, by: &str, event: Option<Event>, now: i64) {
        self.history.push(Step { at: now, state: self.state, event, by: by.to_owned() });
    }
}

#[cfg(test)]
mod tests;
