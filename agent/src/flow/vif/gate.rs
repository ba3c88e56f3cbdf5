//! Gates: from what the router has and the ways that packets may take to the fewest writes, without the router.
//!
//! A gate is two drop rules, a lease, and where a VIF falls back to another's egress two routes of which one is in force.
//! What closes is a run of its own and comes first: drops on, then the lease away. The route is turned behind a closed
//! gate alone, since masquerade forgets connections when a link or an address changes, not when a route does. What
//! opens comes last: the lease, then the drops off.

use super::{
    Vif,
    kill_switch::Way,
    objects::{GATE_IN, GATE_OUT, ROUTE, ROUTE_FALLBACK, mark},
};
use crate::flow::object::{Marked, Menu, Row};
use std::net::Ipv4Addr;

/// The part of a VIF's mark that names its lease, which is dynamic and never in an export.
const LEASE: &str = "lease";

/// A write to gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Switches rows on or off.
    Switch {
        /// Where they are.
        menu: Menu,
        /// Which.
        ids: Vec<String>,
        /// Whether they are off then.
        disabled: bool,
    },
    /// Takes leases away.
    Take(Vec<String>),
    /// Gives one.
    Lease {
        /// The service.
        address: String,
        /// The lease's mark.
        mark: String,
    },
}

/// What a VIF is to have. One that is in nobody's wishes has no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Which.
    pub vif: &'a Vif,
    /// By which way packets may leave; nothing where the gate is left as it is.
    pub way: Option<Way>,
}

/// The rows of all gates as they were last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    /// Entries of the list of open gates.
    pub leases: Vec<Row>,
    /// Rules that drop, in our chain.
    pub drops: Vec<Row>,
    /// Routes of the VIFs' tables, where any VIF has two ways.
    pub routes: Vec<Row>,
}

impl Gates {
    /// What closes gates: of those that are to be closed, of those whose route is another than it should be, and of
    /// leases that nobody wants.
    pub fn shut(&self, wishes: &[Wish]) -> Vec<Step> {
        let (mut drops, mut leases) = (Vec::new(), Vec::new());
        for wish in wishes.iter().filter(|wish| wish.way == Some(Way::Closed) || self.is_turned_wrong(wish)) {
            drops.extend(self.drops_of(wish.vif).filter(|row| row.is("disabled")).map(id));
            leases.extend(self.lease_of(wish.vif).map(id));
        }
        let wanted = |row: &Row| wishes.iter().any(|wish| is_lease_of(row, wish.vif));
        leases.extend(self.leases.iter().filter(|row| is_ours(row) && !wanted(row)).map(id));
        let mut steps = Vec::new();
        if !drops.is_empty() {
            steps.push(Step::Switch { menu: Menu::Filter, ids: drops, disabled: false });
        }
        if !leases.is_empty() {
            steps.push(Step::Take(leases));
        }
        steps
    }

    /// The VIFs that [`Gates::shut`] closes.
    pub fn closing<'a>(&self, wishes: &[Wish<'a>]) -> Vec<&'a Vif> {
        let to_be = |wish: &&Wish| wish.way == Some(Way::Closed) || self.is_turned_wrong(wish);
        wishes.iter().filter(to_be).map(|wish| wish.vif).filter(|vif| !self.is_shut(vif)).collect()
    }

    /// What puts the routes right. The gates concerned are closed.
    pub fn turn(&self, wishes: &[Wish]) -> Vec<Step> {
        let (mut off, mut on) = (Vec::new(), Vec::new());
        for wish in wishes.iter().filter(|wish| self.is_turned_wrong(wish)) {
            for row in &self.routes {
                match (self.should_be_off(wish, row), row.is("disabled")) {
                    (Some(true), false) => off.push(id(row)),
                    (Some(false), true) => on.push(id(row)),
                    (Some(_) | None, _) => {}
                }
            }
        }
        let step = |ids, disabled| Step::Switch { menu: Menu::IpRoute, ids, disabled };
        [(off, true), (on, false)]
            .into_iter()
            .filter(|(ids, _)| !ids.is_empty())
            .map(|(ids, disabled)| step(ids, disabled))
            .collect()
    }

    /// What opens gates.
    pub fn open(&self, wishes: &[Wish]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut drops = Vec::new();
        for wish in wishes.iter().filter(|wish| is_to_be_open(wish) && !self.is_turned_wrong(wish)) {
            if self.lease_of(wish.vif).is_none() {
                steps.push(Step::Lease { address: wish.vif.service_ip().to_string(), mark: mark(wish.vif, LEASE) });
            }
            drops.extend(self.drops_of(wish.vif).filter(|row| !row.is("disabled")).map(id));
        }
        if !drops.is_empty() {
            steps.push(Step::Switch { menu: Menu::Filter, ids: drops, disabled: true });
        }
        steps
    }

    /// The leases that are to be refreshed.
    pub fn wanted(&self, wishes: &[Wish]) -> Vec<String> {
        wishes.iter().filter(|wish| is_to_be_open(wish)).filter_map(|wish| self.lease_of(wish.vif)).map(id).collect()
    }

    /// Whether nothing passes to or from a VIF, as far as gates go.
    pub fn is_shut(&self, vif: &Vif) -> bool {
        self.lease_of(vif).is_none() && self.drops_of(vif).all(|row| !row.is("disabled"))
    }

    /// Whether packets leave a VIF by its gate.
    pub fn is_open(&self, vif: &Vif) -> bool {
        self.lease_of(vif).is_some() && self.drops_of(vif).all(|row| row.is("disabled"))
    }

    fn drops_of<'a>(&'a self, vif: &Vif) -> impl Iterator<Item = &'a Row> + use<'a> {
        let marks = [mark(vif, GATE_OUT), mark(vif, GATE_IN)];
        self.drops.iter().filter(move |row| row.mark().is_some_and(|own| marks.iter().any(|mark| mark == own)))
    }

    fn lease_of(&self, vif: &Vif) -> Option<&Row> {
        self.leases.iter().find(|row| is_lease_of(row, vif))
    }

    fn is_turned_wrong(&self, wish: &Wish) -> bool {
        self.routes.iter().any(|row| self.should_be_off(wish, row).is_some_and(|off| off != row.is("disabled")))
    }

    /// Whether a route has to be off; nothing where it is not one of this VIF's two, or neither is wanted.
    fn should_be_off(&self, wish: &Wish, row: &Row) -> Option<bool> {
        let (own, other) = (mark(wish.vif, ROUTE), mark(wish.vif, ROUTE_FALLBACK));
        let has_two = self.routes.iter().any(|row| row.mark() == Some(other.as_str()));
        let is_other = match row.mark() {
            Some(mark) if mark == own && has_two => false,
            Some(mark) if mark == other => true,
            Some(_) | None => return None,
        };
        match wish.way {
            None | Some(Way::Closed) => None,
            Some(Way::Own) => Some(is_other),
            Some(Way::Other) => Some(!is_other),
        }
    }
}

/// A script that removes the connections of services from the router's table, by whichever of its four addresses. The
/// API's own queries know no patterns, and the table may be large.
pub fn purge(services: &[Ipv4Addr]) -> String {
    let any = services.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join("|").replace('.', "\\\\.");
    let pattern = format!("\"^({any})(:|\\$)\"");
    let ends = ["src-address", "dst-address", "reply-src-address", "reply-dst-address"];
    let where_ = ends.map(|end| format!("{end}~{pattern}")).join(" or ");
    format!("/ip/firewall/connection/remove [find where {where_}]")
}

fn is_to_be_open(wish: &Wish) -> bool {
    matches!(wish.way, Some(Way::Own | Way::Other))
}

fn id(row: &Row) -> String {
    row.id().to_owned()
}

/// An entry with a mark of ours.
fn is_ours(row: &Row) -> bool {
    row.mark().is_some_and(|mark| mark.starts_with("bulkhead:vif/"))
}

fn is_lease_of(row: &Row, vif: &Vif) -> bool {
    row.mark() == Some(mark(vif, LEASE).as_str()) && row.get("address") == vif.service_ip().to_string()
}

#[cfg(test)]
mod tests;
