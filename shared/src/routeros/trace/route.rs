//! Addresses, routes, tables and routing rules: where a packet goes, or that it goes nowhere.

mod gateway;
mod local;
mod policy;

use std::net::IpAddr;

use super::{
    address::{Family, Prefix},
    interface::Interfaces,
};
use crate::routeros::model::{Model, Row};
use gateway::Gateway;
use local::Local;

pub(super) use policy::{Asked, Decision, Route};

/// The routing of one family.
#[derive(Debug)]
pub(super) struct Routing<'m> {
    model: &'m Model,
    /// The router's own addresses, whether their interfaces are up or not.
    local: Vec<Local<'m>>,
    candidates: Vec<Candidate<'m>>,
}

/// A route that is configured or follows from an address; whether it is active is not said.
#[derive(Debug)]
struct Candidate<'m> {
    table: &'m str,
    to: Prefix,
    distance: u8,
    scope: u8,
    row: Option<&'m Row>,
    leads: Leads<'m>,
}

#[derive(Debug)]
enum Leads<'m> {
    /// Straight to this interface's network.
    Connected(&'m str),
    /// To one of these.
    Gateways { gateways: Vec<Gateway<'m>>, target_scope: u8 },
    /// Nowhere, silently.
    Blackhole,
}

impl<'m> Routing<'m> {
    pub(super) fn of(model: &'m Model, interfaces: &Interfaces<'m>, family: Family) -> Self {
        let local = local::addresses(model, interfaces, family);
        let connected = local.iter().filter(|local| interfaces.is_up(local.interface)).map(|local| Candidate {
            table: "main",
            to: local.network,
            distance: 0,
            scope: 10,
            row: None,
            leads: Leads::Connected(local.interface),
        });
        let menu = match family {
            Family::V4 => "/ip/route",
            Family::V6 => "/ipv6/route",
        };
        // Connected routes are computed from the addresses: the plan may have changed those.
        let rows = model.rows(menu).iter().filter(|row| !row.is("disabled") && !row.is("connect"));
        let mut candidates: Vec<Candidate> = connected.collect();
        candidates.extend(rows.filter_map(|row| Candidate::of(row, family)));
        Self { model, local, candidates }
    }

    /// Whether it is one of the router's own addresses.
    pub(super) fn is_local(&self, address: IpAddr) -> bool {
        self.local.iter().any(|local| local.address == address)
    }

    /// Whether IPv4 hosts use it to reach everybody on a network of the router's.
    pub(super) fn is_broadcast(&self, address: IpAddr) -> bool {
        address.to_string() == "255.255.255.255"
            || self.local.iter().any(|local| local.network.broadcast() == Some(address))
    }

    /// The address that an interface shows to a next hop: of the network that the next hop is in, else its first.
    pub(super) fn address_on(&self, interface: &str, next_hop: Option<IpAddr>) -> Option<IpAddr> {
        let mut own = self.local.iter().filter(|local| local.interface == interface).peekable();
        let first = own.peek().map(|local| local.address);
        own.find(|local| next_hop.is_some_and(|hop| local.network.contains(hop))).map(|local| local.address).or(first)
    }

    /// The best active route of a table: the longest prefix, then the least distance, then the first that is written.
    fn best(&self, interfaces: &Interfaces, table: &str, to: IpAddr, least_prefix: Option<u8>) -> Option<Route<'m>> {
        let mut found: Vec<&Candidate> = self
            .candidates
            .iter()
            .filter(|route| route.table == table && route.to.contains(to))
            .filter(|route| least_prefix.is_none_or(|least| route.to.length > least))
            .collect();
        found.sort_by_key(|route| (std::cmp::Reverse(route.to.length), route.distance));
        found.into_iter().find_map(|route| self.active(interfaces, route, to))
    }

    /// Where a route leads, when it is active.
    fn active(&self, interfaces: &Interfaces, route: &Candidate<'m>, to: IpAddr) -> Option<Route<'m>> {
        let by = |interface, gateway: Option<IpAddr>| Route {
            row: route.row,
            blackhole: false,
            interface,
            next_hop: Some(gateway.unwrap_or(to)),
            several: false,
        };
        match &route.leads {
            Leads::Connected(interface) => Some(by(interface, None)),
            Leads::Blackhole => {
                Some(Route { row: route.row, blackhole: true, interface: "", next_hop: None, several: false })
            }
            Leads::Gateways { gateways, target_scope } => {
                if route.row.is_some_and(|row| row.is("inactive") && !matches!(row.get("check-gateway"), "" | "none")) {
                    return None; // Seen by the router: a gateway that does not answer. Nothing here could know.
                }
                let mut reached =
                    gateways.iter().filter_map(|gateway| self.reached(interfaces, gateway, *target_scope, 4));
                let (interface, next_hop) = reached.next()?;
                Some(Route { several: reached.next().is_some(), ..by(interface, next_hop) })
            }
        }
    }
}

impl<'m> Candidate<'m> {
    fn of(row: &'m Row, family: Family) -> Option<Self> {
        let to = match (row.get("dst-address"), family) {
            ("", Family::V4) => Prefix::parse("0.0.0.0/0")?,
            ("", Family::V6) => Prefix::parse("::/0")?,
            (text, _) => Prefix::parse(text)?,
        };
        let number = |name: &str, default: u8| row.get(name).parse().unwrap_or(default);
        let blackhole = row.find("blackhole").is_some_and(|value| !matches!(value, "no" | "false"));
        let leads = if blackhole {
            Leads::Blackhole
        } else {
            let gateways = row.get("gateway").split(',').filter_map(Gateway::parse).collect();
            Leads::Gateways { gateways, target_scope: number("target-scope", 10) }
        };
        let table = Some(row.get("routing-table")).filter(|table| !table.is_empty()).unwrap_or("main");
        Some(Self { table, to, distance: number("distance", 1), scope: number("scope", 30), row: Some(row), leads })
    }
}
