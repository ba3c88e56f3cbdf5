//! What a change set makes of what the stages found and the agent says. Nothing is ever said to be done that the agent
//! has not said.

use super::{ChangeSet, stage::is_finding, validate::Validation};
use crate::view::Risk;
use shared::{
    change_set::{Event, Evidence, Item, Keep, Outcome, Phase, Plan, Refusal, Report, State},
    wire::Reply,
};

/// How often a plan that the router has outrun is made anew without asking anybody.
pub(super) const STALE_RETRIES: u32 = 3;

/// The agent's word for a kept change on which others have built.
pub(super) const SUPERSEDED: &str = "superseded";

/// What the agent answered, or that it did not.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It answered.
    Reply(Reply),
    /// It did not, and why.
    Silence(Refusal),
}

impl ChangeSet {
    /// Takes what the stages found. What stops it is shown at its fields; else the agent is asked for the plan, of the
    /// items in the order in which they can be carried out. `gone` are the items of [`Exactly::gone`], which the stages
    /// have seen too.
    pub fn looked(&mut self, found: &Validation, gone: Vec<Item>, now: i64) {
        if self.state != State::Validating {
            return;
        }
        self.items.extend(gone);
        self.stages = found.stages.iter().map(Into::into).collect();
        self.risk = found.risk;
        self.reasons.clone_from(&found.reasons);
        let place = |item: &Item| found.order.iter().position(|id| *id == item.id).unwrap_or(usize::MAX);
        self.items.sort_by_key(place);
        let stopped = found
            .stopping()
            .any(|finding| !(finding.code.force && self.forced.iter().any(|code| code == finding.code.code)));
        if stopped {
            self.enter(Event::Findings, "controller", now);
        } else if found.stopping().next().is_some() {
            // Whoever overrules what was found has to say so once more.
            self.risk = Risk::High;
        }
        // What could cut somebody off wants somebody who sees that it did not.
        if self.risk == Risk::High {
            self.confirm.keep = Keep::Person;
        }
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
            // It ended, and the order to undo it moves nothing any more.
            (State::Rollback, Answer::Reply(Reply::Report(report))) if self.is_over(&report) => {
                self.fail(ended(report.outcome.unwrap_or(Outcome::Unknown)), Event::UndoFailed, now);
            }
            (State::Rollback, Answer::Reply(Reply::Report(report))) => {
                // What is kept is not being undone: it is said again.
                self.rolling = report.outcome != Some(Outcome::Confirmed);
                self.reported(report, now);
            }
            // A word that the agent cannot take at the moment is said again.
            (State::Verifying | State::Rollback, Answer::Reply(Reply::Refused(refusal)))
                if ["busy", "too_early"].contains(&refusal.code.as_str()) => {}
            (State::Applying | State::Verifying, Answer::Reply(Reply::Refused(refusal))) => self.refused(refusal, now),
            // Nothing was touched: it is as kept as it was.
            (State::Rollback, Answer::Reply(Reply::Refused(refusal)))
                if refusal.code == SUPERSEDED && self.outcome == Some(Outcome::Confirmed) =>
            {
                self.fail(refusal, Event::Superseded, now);
            }
            (State::Rollback, Answer::Reply(Reply::Refused(refusal))) => self.fail(refusal, Event::UndoFailed, now),
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
        let undoes = self.state == State::Active && report.phase == Phase::RollingBack;
        let listens = matches!(self.state, State::Applying | State::Verifying | State::Rollback) || undoes;
        // Where a person has to look, the agent may still know better how it ended.
        let corrects = self.state == State::Error && self.ordered && report.outcome.is_some();
        if report.id != self.order_id() || !newer || !(listens || corrects) {
            return;
        }
        let (phase, outcome, error) = (report.phase, report.outcome, report.error.clone());
        if corrects {
            self.outcome = outcome;
            self.report = Some(report);
            return;
        }
        if report.evidence.contains(&Evidence::Person) {
            self.keep = false;
        }
        self.report = Some(report);
        match phase {
            // `unknown` while the router is away in the middle of an undo: said aloud until the agent knows better.
            Phase::Applying => self.outcome = outcome,
            Phase::Verifying => self.enter_from(State::Applying, Event::Applied, now),
            Phase::RollingBack => {
                self.outcome = outcome;
                self.error = error.or(self.error.take());
                self.enter_from(State::Verifying, Event::Roll, now);
                self.enter_from(State::Active, Event::Undo, now);
                self.rolling |= self.state == State::Rollback;
            }
            // An end without an outcome is one that nobody knows.
            Phase::Ended => self.ended(outcome.unwrap_or(Outcome::Unknown), error, now),
        }
    }

    /// Whether a report says once more that all is over, of something that is not kept.
    fn is_over(&self, report: &Report) -> bool {
        let known = self.report.as_ref().is_some_and(|known| known.revision >= report.revision);
        known && report.phase == Phase::Ended && report.outcome != Some(Outcome::Confirmed)
    }

    fn ended(&mut self, outcome: Outcome, error: Option<Refusal>, now: i64) {
        self.outcome = Some(outcome);
        self.keep = false;
        if outcome == Outcome::Confirmed {
            self.rolling = false;
            self.enter_from(State::Applying, Event::Applied, now);
            self.enter(Event::Keep, "agent", now);
            return;
        }
        self.enter_from(State::Verifying, Event::Roll, now);
        if outcome == Outcome::Reverted && self.state == State::Rollback {
            self.error = error.or(self.error.take());
            self.enter(Event::Undone, "agent", now);
            return;
        }
        let event = if self.state == State::Rollback { Event::UndoFailed } else { Event::ApplyFailed };
        self.fail(error.unwrap_or_else(|| ended(outcome)), event, now);
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
}

fn unexpected(reply: &Reply) -> Refusal {
    match reply {
        Reply::Unsupported(kind) => Refusal::new(
            "unsupported",
            format!("The agent does not know `{kind}`."),
            "Update the agent to this controller's version.",
        ),
        Reply::Plan(_) | Reply::Report(_) | Reply::Done | Reply::Refused(_) | Reply::Reading(_) | Reply::History(_) => {
            Refusal::new(
                "unexpected_answer",
                "The agent answered something that does not fit the question.",
                "Update agent and controller to the same version.",
            )
        }
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
