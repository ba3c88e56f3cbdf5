//! Reading a router through its agent.

use super::Controller;
use crate::{
    flow::change_set::validate::Pages,
    problem::{self, Problem},
};
use shared::{
    change_set::Refusal,
    ids::RouterId,
    router::RouterState,
    routeros::schema::{Schema, Version, shipped},
    wire::{MenuRows, Reply, Request},
};

impl Controller {
    /// All pieces of a reading, one after the other.
    pub(super) async fn read(&self, router: &RouterId, mut pages: Pages) -> Result<Vec<MenuRows>, Refusal> {
        while let Some(wanted) = pages.wanted() {
            match self.ask(router, Request::Read(wanted.to_vec())).await? {
                Reply::Reading(reading) => {
                    pages.take(reading.menus).map_err(|_| unread("The router's rows do not come to rest."))?;
                }
                Reply::Refused(refusal) => return Err(refusal),
                Reply::Plan(_) | Reply::Report(_) | Reply::Done | Reply::History(_) | Reply::Unsupported(_) => {
                    return Err(unread("The agent does not know how to read menus for the controller."));
                }
            }
        }
        Ok(pages.done())
    }
}

/// The version that a router runs, and the schema of it or of the nearest that is known.
pub(super) fn schema(state: Option<&RouterState>) -> Result<(Version, Schema), Refusal> {
    let device = state.and_then(|state| state.device.as_ref());
    let version = device.and_then(|device| device.routeros_version.parse().ok());
    let version = version.ok_or_else(|| unread("The agent has not told yet which version the router runs."))?;
    let schema = shipped::nearest(version).ok_or_else(|| unread("No version of RouterOS is known here."))?;
    Ok((version, schema))
}

pub(super) fn unread(what: &str) -> Refusal {
    Refusal::new("unread", what, "See whether the agent is up to date and reaches its router, then try again.")
}

/// Why a router could not be read, for somebody who asked.
pub(super) fn problem(refusal: Refusal) -> Problem {
    let code = if refusal.code == "no_answer" { problem::NO_ANSWER } else { problem::REFUSED };
    Problem::new(code, refusal.message, refusal.hint).with("refusal", refusal.code)
}
