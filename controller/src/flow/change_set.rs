//! A change set's way through the pipeline, as far as the controller decides it.
//!
//! The states and their transitions are [`shared::change_set::next`]; here stand what carries a change set from one
//! to the next without a person ([`ChangeSet::answered`], [`ChangeSet::reported`]), what has to be asked of the agent
//! in each state ([`ChangeSet::ask`]), and what a person may do ([`ChangeSet::person`]). Nothing is ever said to be
//! done that the agent has not said.

mod show;
mod stage;
pub mod validate;

use serde::{Deserialize, Serialize};
use shared::{
    change_set::{Confirm, Event, Item, Keep, Outcome, Phase, Plan, Refusal, Report, State, next},
    ids::{ChangeSetId, RouterId},
    wire::{ChangeOrder, Reply, Request},
};
pub use show::view;
pub use stage::is_finding;

/// How often a plan that the router has outrun is made anew without asking anybody.
const STALE_RETRIES: u32 = 3;

/// A change set as the controller keeps it.
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
    /// Where it is.
    pub state: State,
    /// Whether it waits for its turn to be validated.
    pub queued: bool,
    /// Whether it stops at `previewing` for a person to confirm.
    pub plan_only: bool,
    /// Whether the order has been handed to the bus: from then on the agent is asked what became of it.
    pub ordered: bool,
    /// How often the plan was made anew.
    pub stale: u32,
    /// What is to change.
    pub items: Vec<Item>,
    /// What would be written, of the last validation.
    pub plan: Option<Plan>,
    /// What the last validation found.
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

/// Why an event of a person's is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declined {
    /// The state does not allow it.
    Illegal,
    /// The state would allow it, this version cannot carry it out.
    NotAvailable,
}

/// What the agent answered, or that it did not.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It answered.
    Reply(Reply),
    /// It did not, and why.
    Silence(Refusal),
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
    /// Whether a person confirms the plan.
    pub plan_only: bool,
    /// Who asks.
    pub who: String,
}

impl ChangeSet {
    /// A draft that waits for its turn.
    pub fn new(new: New, source: &str, now: i64) -> Self {
        let first = Step { at: now, state: State::Draft, event: None, by: new.who.clone() };
        Self {
            id: new.id,
            name: new.name,
            router: new.router,
            source: source.to_owned(),
            created_by: new.who,
            created_at: now,
            state: State::Draft,
            queued: true,
            plan_only: new.plan_only,
            ordered: false,
            stale: 0,
            items: new.items,
            plan: None,
            finding: None,
            report: None,
            error: None,
            outcome: None,
            history: vec![first],
        }
    }

    /// What has to be asked of the agent now; nothing where it is a person's turn or all is over.
    pub fn ask(&self) -> Option<Request> {
        let order = || ChangeOrder {
            id: self.id.clone(),
            items: self.items.clone(),
            menus: Vec::new(),
            confirm: Confirm { keep: Keep::Agent, ..Confirm::USUAL },
        };
        match self.state {
            State::Validating => Some(Request::Plan(order())),
            State::Applying | State::Verifying if self.ordered => Some(Request::Show(self.id.clone())),
            State::Applying | State::Verifying => {
                Some(Request::Apply(order(), self.plan.as_ref().map(|plan| plan.read_hash)))
            }
            State::Idle
            | State::Draft
            | State::Invalid
            | State::Previewing
            | State::Confirming
            | State::Active
            | State::Rollback
            | State::RolledBack
            | State::Error => None,
        }
    }

    /// Whether the agent is at work for it, so that no other change set of its router may begin.
    pub fn is_running(&self) -> bool {
        self.state.is_processing()
    }

    /// Its turn has come: the validation begins.
    pub fn begin(&mut self, now: i64) {
        self.queued = false;
        self.enter(Event::Validate, "controller", now);
    }

    /// Takes the agent's answer to what [`ask`](Self::ask) asked.
    pub fn answered(&mut self, answer: Answer, now: i64) {
        match (self.state, answer) {
            (State::Validating, Answer::Reply(Reply::Plan(plan))) => self.planned(plan, now),
            (State::Validating, Answer::Reply(Reply::Refused(refusal))) if is_finding(&refusal.code) => {
                self.finding = Some(refusal);
                self.enter(Event::Findings, "agent", now);
            }
            (State::Validating, Answer::Reply(Reply::Refused(refusal)) | Answer::Silence(refusal)) => {
                self.fail(refusal, Event::Unreachable, now);
            }
            (State::Validating, Answer::Reply(other)) => self.fail(unexpected(&other), Event::Unreachable, now),
            (State::Applying | State::Verifying, Answer::Reply(Reply::Report(report))) => self.reported(report, now),
            (State::Applying | State::Verifying, Answer::Reply(Reply::Refused(refusal))) => self.refused(refusal, now),
            (State::Applying | State::Verifying, Answer::Reply(other @ Reply::Unsupported(_))) => {
                self.fail(unexpected(&other), Event::ApplyFailed, now);
            }
            // Silence says nothing about the router: the agent is asked again.
            _ => {}
        }
    }

    /// Takes the agent's word on how far it is. A word that is older than the last one, or that comes when all is
    /// over, changes nothing.
    pub fn reported(&mut self, report: Report, now: i64) {
        let newer = self.report.as_ref().is_none_or(|known| known.revision < report.revision);
        if report.id != self.id || !newer || !matches!(self.state, State::Applying | State::Verifying) {
            return;
        }
        let (phase, outcome, error) = (report.phase, report.outcome, report.error.clone());
        self.report = Some(report);
        match (phase, outcome) {
            // `unknown` while the router is away in the middle of an undo: said aloud until the agent knows better.
            (Phase::Applying | Phase::RollingBack, so_far) => self.outcome = so_far,
            (Phase::Verifying, _) => self.enter_from(State::Applying, Event::Applied, now),
            (Phase::Ended, Some(Outcome::Confirmed)) => {
                self.outcome = Some(Outcome::Confirmed);
                self.enter_from(State::Applying, Event::Applied, now);
                self.enter(Event::Keep, "agent", now);
            }
            (Phase::Ended, outcome) => {
                // An end without an outcome is one that nobody knows.
                let outcome = outcome.unwrap_or(Outcome::Unknown);
                self.outcome = Some(outcome);
                self.fail(error.unwrap_or_else(|| ended(outcome)), Event::ApplyFailed, now);
            }
        }
    }

    /// Takes an event of a person's.
    ///
    /// # Errors
    /// [`Declined`]
    pub fn person(&mut self, event: Event, who: &str, now: i64) -> Result<(), Declined> {
        if next(self.state, event).is_none() {
            return Err(Declined::Illegal);
        }
        if !self.legal().contains(&event) {
            return Err(Declined::NotAvailable);
        }
        match event {
            Event::Confirm => self.confirm(who, now),
            Event::Retry => {
                self.clear();
                // The agent may know this id; what it then says of it is the truth of the first attempt.
                self.enter(event, who, now);
            }
            Event::Cancel | Event::Reset => {
                self.queued = false;
                self.enter(event, who, now);
            }
            Event::Validate => {
                self.queued = true;
                self.note(who, Some(event), now);
            }
            Event::Edit
            | Event::Valid
            | Event::Findings
            | Event::Unreachable
            | Event::ConfirmHighRisk
            | Event::Acknowledge
            | Event::Applied
            | Event::ApplyFailed
            | Event::Keep
            | Event::Roll
            | Event::Undo
            | Event::Undone
            | Event::UndoFailed
            | Event::ForceRollback => return Err(Declined::NotAvailable),
        }
        Ok(())
    }

    /// What a person may do now.
    pub fn legal(&self) -> Vec<Event> {
        let possible = [Event::Validate, Event::Cancel, Event::Confirm, Event::Retry, Event::Reset];
        let mut legal: Vec<Event> = self.state.legal();
        legal.retain(|event| possible.contains(event));
        if self.queued {
            legal.retain(|&event| event != Event::Validate);
        }
        // A change that the agent was ordered to make is known to it under this id and would not be made again.
        if self.ordered {
            legal.retain(|&event| event != Event::Retry);
        }
        legal
    }

    fn planned(&mut self, plan: Plan, now: i64) {
        self.plan = Some(plan);
        self.enter(Event::Valid, "agent", now);
        if !self.plan_only {
            let who = self.created_by.clone();
            self.confirm(&who, now);
        }
    }

    /// The agent did not begin. It has written nothing of this order, or it would have answered with a report.
    fn refused(&mut self, refusal: Refusal, now: i64) {
        match refusal.code.as_str() {
            "unknown_change_set" => self.ordered = false,
            "stale_plan" if self.report.is_none() && !self.plan_only && self.stale < STALE_RETRIES => {
                let stale = self.stale + 1;
                self.fail(refusal, Event::ApplyFailed, now);
                self.clear();
                self.stale = stale;
                self.enter(Event::Retry, "controller", now);
            }
            _ => {
                self.ordered = self.report.is_some();
                self.fail(refusal, Event::ApplyFailed, now);
            }
        }
    }

    fn confirm(&mut self, who: &str, now: i64) {
        self.ordered = false;
        self.enter(Event::Confirm, who, now);
    }

    fn clear(&mut self) {
        self.ordered = false;
        self.plan = None;
        self.finding = None;
        self.report = None;
        self.error = None;
        self.outcome = None;
    }

    fn fail(&mut self, refusal: Refusal, event: Event, now: i64) {
        self.error = Some(refusal);
        self.enter(event, "agent", now);
    }

    fn enter_from(&mut self, from: State, event: Event, now: i64) {
        if self.state == from {
            self.enter(event, "agent", now);
        }
    }

    /// Follows the table; an event that it does not know here changes nothing.
    fn enter(&mut self, event: Event, by: &str, now: i64) {
        if let Some(state) = next(self.state, event) {
            self.state = state;
            self.note(by, Some(event), now);
        }
    }

    fn note(&mut self, by: &str, event: Option<Event>, now: i64) {
        self.history.push(Step { at: now, state: self.state, event, by: by.to_owned() });
    }
}

fn unexpected(reply: &Reply) -> Refusal {
    match reply {
        Reply::Unsupported(kind) => Refusal::new(
            "unsupported",
            format!("The agent does not know `{kind}`."),
            "Update the agent to this controller's version.",
        ),
        Reply::Plan(_) | Reply::Report(_) | Reply::Done | Reply::Refused(_) | Reply::Reading(_) => Refusal::new(
            "unexpected_answer",
            "The agent answered something that does not fit the question.",
            "Update agent and controller to the same version.",
        ),
    }
}

fn ended(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Unknown => Refusal::new(
            "unknown",
            "It is not known what is on the router.",
            "Look at the router; the agent takes no further change until then.",
        ),
        Outcome::Confirmed | Outcome::Reverted | Outcome::PartlyReverted => {
            Refusal::new("not_applied", "The change was undone.", "Try again; the event list says what happened.")
        }
    }
}

#[cfg(test)]
mod tests;
