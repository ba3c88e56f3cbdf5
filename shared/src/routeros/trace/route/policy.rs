//! The order in which tables are asked, and what they say.

use std::net::IpAddr;

use super::{
    super::{address::Range, interface::Interfaces},
    Routing,
};
use crate::routeros::model::Row;

/// What the routing decision looks at.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Asked<'a> {
    pub(in super::super) src: IpAddr,
    pub(in super::super) dst: IpAddr,
    pub(in super::super) in_interface: Option<&'a str>,
    pub(in super::super) mark: Option<&'a str>,
}

/// Where a route leads.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Route<'m> {
    /// Its row; connected routes have none here.
    pub(in super::super) row: Option<&'m Row>,
    pub(in super::super) blackhole: bool,
    pub(in super::super) interface: &'m str,
    /// Who takes the packet next on that interface.
    pub(in super::super) next_hop: Option<IpAddr>,
    /// Whether it has other gateways that can be reached: which of them a packet takes is the connection's luck.
    pub(in super::super) several: bool,
}

/// What the routing decision says.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Decision<'m> {
    /// The router itself.
    Local,
    /// A route of this table; `by` is the routing rule that named the table.
    Routed { table: &'m str, by: Option<&'m Row>, route: Route<'m> },
    /// A routing rule says `drop`.
    Dropped(&'m Row),
    /// A routing rule says so, or its table is the only one to ask and has no route.
    Refused(&'m Row),
    /// Nobody has a route.
    Nowhere,
}

/// Source: *Policy Routing*; `policy-rules` can be set from 7.22 on, before that it is this.
const ORDER: &str = "mangle,vrf-lookup,vrf-unreach,local,user,main";

impl<'m> Routing<'m> {
    /// The routing decision. Rules that look at something that is not modelled (`realm`, `vrf`) match nothing.
    pub(in super::super) fn decide(&self, interfaces: &Interfaces, asked: &Asked) -> Decision<'m> {
        let set = self.model.setting("/routing/settings", "policy-rules");
        let order = if set.is_empty() { ORDER } else { set };
        self.asked(interfaces, asked, order)
    }

    /// The same by the router's own addresses and `main` alone: marks and rules do not concern the packet.
    pub(in super::super) fn decide_by_main(&self, interfaces: &Interfaces, dst: IpAddr) -> Decision<'m> {
        let asked = Asked { src: dst, dst, in_interface: None, mark: None };
        self.asked(interfaces, &asked, "local,main")
    }

    fn asked(&self, interfaces: &Interfaces, asked: &Asked, order: &str) -> Decision<'m> {
        for word in order.split(',').map(str::trim) {
            let said = match word {
                "mangle" => self.by_mark(interfaces, asked),
                "local" => self.is_for_the_router(asked.dst).then_some(Decision::Local),
                "user" => self.by_rules(interfaces, asked),
                "main" => self.best(interfaces, "main", asked.dst, None).map(|route| routed("main", None, route)),
                _ => None,
            };
            if let Some(decision) = said {
                return decision;
            }
        }
        Decision::Nowhere
    }

    fn is_for_the_router(&self, dst: IpAddr) -> bool {
        self.is_local(dst) || self.is_broadcast(dst)
    }

    /// A marked packet asks the table of its mark first, and goes on where that has no route (*Policy Routing*).
    fn by_mark(&self, interfaces: &Interfaces, asked: &Asked) -> Option<Decision<'m>> {
        let table = self.table(asked.mark?)?;
        self.best(interfaces, table, asked.dst, None).map(|route| routed(table, None, route))
    }

    fn by_rules(&self, interfaces: &Interfaces, asked: &Asked) -> Option<Decision<'m>> {
        let rules = self.model.rows("/routing/rule").iter();
        rules.filter(|row| matches(row, asked)).find_map(|row| self.said_by(interfaces, row, asked))
    }

    fn said_by(&self, interfaces: &Interfaces, row: &'m Row, asked: &Asked) -> Option<Decision<'m>> {
        match row.get("action") {
            "drop" => return Some(Decision::Dropped(row)),
            "unreachable" | "prohibit" => return Some(Decision::Refused(row)),
            _ => {}
        }
        let table = self.table(row.get("table"));
        let least = row.get("min-prefix").parse().ok();
        let found = table.and_then(|table| {
            self.best(interfaces, table, asked.dst, least).map(|route| routed(table, Some(row), route))
        });
        let only = row.get("action") == "lookup-only-in-table";
        found.or(only.then_some(Decision::Refused(row)))
    }

    /// The name of a table that is there; one without `fib` only collects routes.
    fn table(&self, name: &str) -> Option<&'m str> {
        if name == "main" {
            return Some("main");
        }
        let mut rows = self.model.rows("/routing/table").iter();
        let row = rows.find(|row| row.get("name") == name && !row.is("disabled"))?;
        row.find("fib").is_some_and(|fib| !matches!(fib, "no" | "false")).then(|| row.get("name"))
    }
}

fn routed<'m>(table: &'m str, by: Option<&'m Row>, route: Route<'m>) -> Decision<'m> {
    Decision::Routed { table, by, route }
}

/// Whether a rule is for the packet; one that names no address is for both families.
fn matches(row: &Row, asked: &Asked) -> bool {
    let address = |name: &str, value: IpAddr| match row.get(name) {
        "" => true,
        text => Range::parse(text).is_some_and(|range| range.contains(value)),
    };
    let word = |name: &str, value: Option<&str>| match row.get(name) {
        "" => true,
        text => value == Some(text),
    };
    !row.is("disabled")
        && matches!(row.get("chain"), "" | "user")
        && row.get("realm").is_empty()
        && row.get("vrf").is_empty()
        && address("src-address", asked.src)
        && address("dst-address", asked.dst)
        && word("interface", asked.in_interface)
        && word("routing-mark", asked.mark)
}
