//! What people may do to a change set.

use super::{ChangeSet, Exactly, heard::SUPERSEDED};
use crate::view::Risk;
use shared::{
    change_set::{Confirm, Event, Item, Keep, Outcome, Resource, State, next},
    vif::{KillSwitchMode, VifSpec},
};
use std::net::IpAddr;

/// Who does something to a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As histories show it.
    pub name: String,
    /// From where, as the controller sees it.
    pub address: Option<IpAddr>,
    /// Whether they proved their password for this very request, or hold a token that may do without.
    pub stepped_up: bool,
}

impl Person {
    /// The address from which the router would see them; nothing where the controller runs on their own machine, which
    /// has another address there.
    pub fn seen_from(&self) -> Option<IpAddr> {
        self.address.filter(|address| !address.is_loopback())
    }
}

impl From<&str> for Person {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), address: None, stepped_up: false }
    }
}

/// Why an event of a person's is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declined {
    /// The state does not allow it.
    Illegal,
    /// The state would allow it, and this change set does not.
    NotAvailable,
    /// Somebody else edited it meanwhile.
    Outrun,
}

/// What an edit alters; what it does not name stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The version that the editor saw.
    pub version: u32,
    /// Another name.
    pub name: Option<String>,
    /// Other items, all of them.
    pub items: Option<Vec<Item>>,
    /// Whether it is from now on all that there is to be of its owner's rows.
    pub exactly: Option<Exactly>,
    /// Another way to keep it.
    pub confirm: Option<Confirm>,
}

impl ChangeSet {
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
            Event::Acknowledge => {
                self.ordered = false;
                self.enter(event, who, now);
            }
            Event::Retry => {
                self.attempt += u32::from(self.ordered);
                self.clear();
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
            // It is kept when the agent says so.
            Event::Keep => {
                self.keep = true;
                self.note(who, Some(event), now);
            }
            Event::Roll | Event::Undo | Event::ForceRollback => {
                self.rolling = false;
                self.keep = false;
                self.enter(event, who, now);
            }
            Event::Edit
            | Event::Valid
            | Event::Findings
            | Event::Unreachable
            | Event::ConfirmHighRisk
            | Event::Applied
            | Event::ApplyFailed
            | Event::Undone
            | Event::UndoFailed
            | Event::Superseded => return Err(Declined::NotAvailable),
        }
        Ok(())
    }

    /// Takes an edit of a draft, or of one that was looked at and not begun.
    ///
    /// # Errors
    /// [`Declined::Illegal`] in another state, [`Declined::Outrun`] where somebody edited it meanwhile.
    pub fn edit(&mut self, edit: Edit, who: &str, now: i64) -> Result<(), Declined> {
        if next(self.state, Event::Edit).is_none() || self.queued {
            return Err(Declined::Illegal);
        }
        if edit.version != self.version {
            return Err(Declined::Outrun);
        }
        // What the agent has seen under this id, it would not take for something new.
        self.attempt += u32::from(self.ordered);
        self.clear();
        self.forced.clear();
        self.version += 1;
        self.name = edit.name.unwrap_or_else(|| std::mem::take(&mut self.name));
        self.items = edit.items.unwrap_or_else(|| std::mem::take(&mut self.items));
        self.exactly = edit.exactly;
        self.confirm = edit.confirm.unwrap_or(self.confirm);
        self.plan_only = true;
        self.enter(Event::Edit, who, now);
        Ok(())
    }

    /// Whether an event of a person's leads to a VIF without a kill switch: then it wants the password again. What the
    /// agent undoes by itself, or a person before it was kept, goes back to what somebody proved theirs for.
    pub fn switches_off(&self, event: Event) -> bool {
        match event {
            Event::Validate | Event::Confirm | Event::Acknowledge | Event::Retry => {
                self.items.iter().any(|item| is_off(&item.resource))
            }
            Event::Undo => self.was.as_ref().is_some_and(lacks_kill_switch),
            Event::Edit
            | Event::Valid
            | Event::Findings
            | Event::Unreachable
            | Event::Cancel
            | Event::ConfirmHighRisk
            | Event::Applied
            | Event::ApplyFailed
            | Event::Keep
            | Event::Roll
            | Event::Undone
            | Event::UndoFailed
            | Event::Superseded
            | Event::ForceRollback
            | Event::Reset => false,
        }
    }

    /// What a person may do now.
    pub fn legal(&self) -> Vec<Event> {
        let possible = [
            Event::Edit,
            Event::Validate,
            Event::Cancel,
            Event::Confirm,
            Event::Acknowledge,
            Event::Keep,
            Event::Roll,
            Event::Undo,
            Event::Retry,
            Event::ForceRollback,
            Event::Reset,
        ];
        let mut legal: Vec<Event> = self.state.legal();
        legal.retain(|event| possible.contains(event));
        if self.queued {
            legal.retain(|event| ![Event::Validate, Event::Edit].contains(event));
        }
        if self.keep || self.confirm.keep == Keep::Agent {
            legal.retain(|&event| event != Event::Keep);
        }
        // What nobody knows is not tried again; what is wholly undone needs no undo.
        let undone = [None, Some(Outcome::Reverted)].contains(&self.outcome);
        if self.outcome == Some(Outcome::Unknown) {
            legal.retain(|&event| event != Event::Retry);
        }
        if self.error.as_ref().is_some_and(|error| error.code == SUPERSEDED) {
            legal.retain(|&event| event != Event::Undo);
        }
        if undone {
            legal.retain(|&event| event != Event::ForceRollback);
        }
        legal
    }

    /// Has it validated past findings of these codes.
    ///
    /// # Errors
    /// [`Declined`]
    pub fn force(&mut self, codes: Vec<String>, who: &str, now: i64) -> Result<(), Declined> {
        if self.state == State::Invalid {
            self.enter(Event::Edit, who, now);
        }
        self.person(Event::Validate, who, now)?;
        self.forced = codes;
        self.plan_only = true;
        Ok(())
    }

    pub(super) fn confirm(&mut self, who: &str, now: i64) {
        self.ordered = false;
        let event = if self.risk == Risk::High { Event::ConfirmHighRisk } else { Event::Confirm };
        self.enter(event, who, now);
    }
}

/// Whether an item asks for a VIF without a kill switch.
pub(super) fn is_off(resource: &Resource) -> bool {
    match resource {
        Resource::VifCreate(spec) | Resource::VifUpdate(spec) => lacks_kill_switch(spec),
        Resource::VifRemove(_) | Resource::Row(_) => false,
    }
}

fn lacks_kill_switch(spec: &VifSpec) -> bool {
    spec.kill_switch == KillSwitchMode::Off
}
