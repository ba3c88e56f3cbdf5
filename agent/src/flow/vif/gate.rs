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
use std::{collections::BTreeMap, net::Ipv4Addr};

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

/// The rows of all gates as they were last read. They are asked for each VIF, at each probe: so they are kept by their
/// marks, and what has none of ours is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    leases: ByMark,
    drops: ByMark,
    routes: ByMark,
}

/// ByMark by their marks.
type ByMark = BTreeMap<String, Vec<Row>>;

impl Gates {
    /// From entries of the list of open gates, rules that drop in our chain, and routes of the VIFs' tables where any VIF
    /// has two ways.
    pub fn new(leases: Vec<Row>, drops: Vec<Row>, routes: Vec<Row>) -> Self {
        let [leases, drops, routes] = [leases, drops, routes].map(by_mark);
        Self { leases, drops, routes }
    }

    /// What closes gates: of those that are to be closed, of those whose route is another than it should be, and of
    /// leases that nobody wants.
    pub fn shut(&self, wishes: &[Wish]) -> Vec<Step> {
        let (mut drops, mut leases) = (Vec::new(), Vec::new());
        for wish in wishes.iter().filter(|wish| wish.way == Some(Way::Closed) || self.is_turned_wrong(wish)) {
            drops.extend(self.drops_of(wish.vif).filter(|row| row.is("disabled")).map(id));
            leases.extend(self.lease_of(wish.vif).map(id));
        }
        let wanted: BTreeMap<String, &Vif> = wishes.iter().map(|wish| (mark(wish.vif, LEASE), wish.vif)).collect();
        for (mark, rows) in &self.leases {
            let is_wanted = |row: &&Row| wanted.get(mark).is_some_and(|vif| is_lease_of(row, vif));
            leases.extend(rows.iter().filter(|row| !is_wanted(row)).map(id));
        }
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
        for (row, should_be_off) in wishes.iter().flat_map(|wish| self.turned_wrong(wish)) {
            if should_be_off { &mut off } else { &mut on }.push(id(row));
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

    fn drops_of(&self, vif: &Vif) -> impl Iterator<Item = &Row> {
        [GATE_OUT, GATE_IN].into_iter().flat_map(|part| rows_of(&self.drops, vif, part))
    }

    fn lease_of(&self, vif: &Vif) -> Option<&Row> {
        rows_of(&self.leases, vif, LEASE).iter().find(|row| is_lease_of(row, vif))
    }

    fn is_turned_wrong(&self, wish: &Wish) -> bool {
        !self.turned_wrong(wish).is_empty()
    }

    /// The routes of a VIF with two ways that are on and should be off, or the other way round, each with whether it
    /// should be off. None where neither way is wanted.
    fn turned_wrong(&self, wish: &Wish) -> Vec<(&Row, bool)> {
        let is_other = match wish.way {
            None | Some(Way::Closed) => return Vec::new(),
            Some(Way::Own) => false,
            Some(Way::Other) => true,
        };
        let other = rows_of(&self.routes, wish.vif, ROUTE_FALLBACK);
        if other.is_empty() {
            return Vec::new();
        }
        let own = rows_of(&self.routes, wish.vif, ROUTE).iter().map(|row| (row, is_other));
        own.chain(other.iter().map(|row| (row, !is_other))).filter(|(row, off)| *off != row.is("disabled")).collect()
    }
}

fn by_mark(rows: Vec<Row>) -> ByMark {
    let mut all = ByMark::new();
    for row in rows {
        if let Some(mark) = row.mark().filter(|mark| mark.starts_with("bulkhead:vif/")) {
            all.entry(mark.to_owned()).or_default().push(row);
        }
    }
    all
}

fn rows_of<'a>(rows: &'a ByMark, vif: &Vif, part: &str) -> &'a [Row] {
    // Most routers have no VIF with two ways.
    if rows.is_empty() { &[] } else { rows.get(&mark(vif, part)).map_or(&[], Vec::as_slice) }
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

/// Whether an entry with the mark of a VIF's lease is one of its service.
fn is_lease_of(row: &Row, vif: &Vif) -> bool {
    row.get("address") == vif.service_ip().to_string()
}

#[cfg(test)]
mod tests;
