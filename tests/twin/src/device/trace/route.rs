//! The routing decision.
//!
//! *Policy Routing*: a packet that mangle marked is looked up in the table of its mark first; where that table leads
//! nowhere the look-up goes on with the router's own addresses, the user's rules in their order, and `main`.
//! From 7.22 on `/routing/settings policy-rules` says that order. A mark or `lookup` alone therefore leaks into
//! `main`; `lookup-only-in-table`, or a blackhole in the table, does not.

use std::net::IpAddr;

use shared::routeros::trace::{Packet, Verdict};

use super::{Walk, address};
use crate::device::{Device, form, row::Row};

const ORDER: &str = "mangle,vrf,local,user,main";

/// Where a packet goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) interface: String,
}

/// What routing decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Local,
    Out(Hop),
    Stop(Verdict),
}

/// What would become of packets to an address by the table `main`.
pub(super) enum Fate {
    Blackhole,
    Nowhere,
    Somewhere,
}

/// One usable route.
struct Route<'a> {
    row: &'a Row,
    length: u8,
    distance: u32,
    /// Nothing for a blackhole.
    interface: Option<String>,
}

/// A decision and what to tell of it: chain, action, row, note.
type Told<'a> = (Decision, String, &'static str, Option<&'a Row>, Option<String>);

impl<'d> Walk<'d> {
    /// Decides where the packet goes.
    pub(super) fn route(&mut self) -> Decision {
        self.decide(self.order())
    }

    fn order(&self) -> &'d str {
        match self.device.setting("/routing/settings", "policy-rules") {
            "" => ORDER,
            order => order,
        }
    }

    fn asked(&self, order: &str) -> Option<Told<'d>> {
        order.split(',').find_map(|part| self.part(part))
    }

    /// The same, of a packet that policy does not concern.
    pub(super) fn route_by_main(&mut self) -> Decision {
        self.decide("local,main")
    }

    fn decide(&mut self, order: &str) -> Decision {
        let nowhere: Told<'d> =
            (Decision::Stop(Verdict::Unreachable), "main".to_owned(), "unreachable", None, Some("no route".to_owned()));
        let told = self.asked(order).unwrap_or(nowhere);
        let (decision, table, action, row, note) = told;
        self.tell("routing", &table, action, row, note);
        if let Decision::Out(_) | Decision::Local = &decision
            && let Some(why) = self.is_martian()
        {
            self.tell("routing", &table, "drop", None, Some(why));
            return Decision::Stop(Verdict::Drop);
        }
        decision
    }

    fn part(&self, part: &str) -> Option<Told<'d>> {
        let dst = self.packet.dst;
        match part {
            "mangle" => {
                let mark = self.packet.routing_mark.as_deref()?;
                self.look(mark, None, Some("by its routing mark".to_owned()))
            }
            "local" if address::is_local(self.device, dst) || address::is_broadcast(self.device, dst) => {
                Some((Decision::Local, "local".to_owned(), "local", None, None))
            }
            "user" => self.device.store("/routing/rule").rows.iter().find_map(|rule| self.rule(rule)),
            "main" => self.look("main", None, None),
            _ => None,
        }
    }

    /// What one row of `/routing/rule` decides; nothing where it does not match or its look-up goes on.
    fn rule(&self, rule: &'d Row) -> Option<Told<'d>> {
        if rule.is_disabled() || rule.is("inactive") || rule.is("invalid") || !self.concerns(rule) {
            return None;
        }
        let note = Some(format!("by the routing rule {}", rule.id));
        let stop = |verdict, action| {
            Some((Decision::Stop(verdict), rule.text("table").to_owned(), action, Some(rule), note.clone()))
        };
        match rule.text("action") {
            "drop" => stop(Verdict::Drop, "drop"),
            "unreachable" => stop(Verdict::Unreachable, "unreachable"),
            action => {
                // Routes as short as `min-prefix` or shorter do not count: 0 leaves out the default route.
                let longer_than = rule.get("min-prefix").and_then(|text| text.parse().ok());
                let table = rule.get("table").unwrap_or("main");
                let found = self.look(table, longer_than, note.clone());
                found.or_else(|| {
                    (action == "lookup-only-in-table").then(|| stop(Verdict::Unreachable, "unreachable")).flatten()
                })
            }
        }
    }

    fn concerns(&self, rule: &Row) -> bool {
        let packet = &self.packet;
        let within = |name: &str, address: IpAddr| rule.get(name).is_none_or(|network| form::holds(network, address));
        let here = |name: &str| self.arrived.as_deref() == Some(name);
        within("src-address", packet.src)
            && within("dst-address", packet.dst)
            && rule.get("interface").is_none_or(here)
            && rule.get("routing-mark").is_none_or(|mark| packet.routing_mark.as_deref() == Some(mark))
    }

    fn look(&self, table: &str, longer_than: Option<u8>, note: Option<String>) -> Option<Told<'d>> {
        let route = best(self.device, table, self.packet.dst, longer_than)?;
        let told = match route.interface {
            None => (Decision::Stop(Verdict::Blackhole), table.to_owned(), "blackhole", Some(route.row), note),
            Some(interface) => (Decision::Out(Hop { interface }), table.to_owned(), "forward", Some(route.row), note),
        };
        Some(told)
    }

    /// The interface by which the packet would be answered: the tables are asked in the same order, rules that name
    /// an interface or a mark are for none.
    fn answered_by(&self) -> Option<String> {
        let packet = Packet { src: self.packet.dst, dst: self.packet.src, routing_mark: None, ..self.packet.clone() };
        match Walk::new(self.device, &packet).asked(self.order())?.0 {
            Decision::Out(hop) => Some(hop.interface),
            Decision::Local | Decision::Stop(_) => None,
        }
    }

    /// `/ip/settings rp-filter`: whether the source would be answered by the interface where the packet came in
    /// (`strict`), or at all (`loose`).
    fn is_martian(&self) -> Option<String> {
        let arrived = self.arrived.as_deref()?;
        let back = || self.answered_by();
        match self.device.setting("/ip/settings", "rp-filter") {
            "strict" if self.packet.src.is_ipv4() && back().as_deref() != Some(arrived) => {
                Some(format!("rp-filter=strict: {} is not behind `{arrived}`", self.packet.src))
            }
            "loose" if self.packet.src.is_ipv4() && back().is_none() => {
                Some(format!("rp-filter=loose: no route leads back to {}", self.packet.src))
            }
            _ => None,
        }
    }
}

/// The interface by which an address is reached in `main`.
pub(super) fn towards(device: &Device, address: IpAddr) -> Option<String> {
    best(device, "main", address, None).and_then(|route| route.interface)
}

/// What becomes of packets to an address.
pub(super) fn fate(device: &Device, address: IpAddr) -> Fate {
    match best(device, "main", address, None) {
        Some(Route { interface: None, .. }) => Fate::Blackhole,
        Some(_) => Fate::Somewhere,
        None => Fate::Nowhere,
    }
}

/// The longest prefix wins, then the least distance, then the one that stands first.
fn best<'a>(device: &'a Device, table: &str, dst: IpAddr, longer_than: Option<u8>) -> Option<Route<'a>> {
    let routes: Vec<Route<'a>> = if dst.is_ipv4() { v4(device, table, dst) } else { v6(device, table, dst) };
    let usable = routes.into_iter().filter(|route| longer_than.is_none_or(|length| route.length > length));
    usable.min_by_key(|route| (u8::MAX - route.length, route.distance))
}

fn v4<'a>(device: &'a Device, table: &str, dst: IpAddr) -> Vec<Route<'a>> {
    let rows = device.store("/ip/route").rows.iter().filter(|row| row.is("active"));
    rows.filter(|row| row.get("routing-table").unwrap_or("main") == table)
        .filter_map(|row| {
            let length = holds(row, dst)?;
            let via = row.derived.get("immediate-gw").map(|via| via.rsplit('%').next().unwrap_or(via).to_owned());
            Some(Route { row, length, distance: distance(row), interface: via })
        })
        .collect()
}

/// The twin derives no state of IPv6 routes: connected ones come from the addresses, the others are usable while their
/// gateway's interface runs.
fn v6<'a>(device: &'a Device, table: &str, dst: IpAddr) -> Vec<Route<'a>> {
    let runs = |name: &str| device.interface(name).is_some_and(|row| row.is("running"));
    let near = |address: IpAddr| {
        let row = address::addresses(device, address).find(|row| form::holds(row.text("address"), address))?;
        Some(row.text("interface").to_owned())
    };
    let connected = address::addresses(device, dst).filter(|row| table == "main" && runs(row.text("interface")));
    let connected = connected.filter_map(|row| {
        let (address, length) = form::parse_prefix(row.text("address"))?;
        let here = form::network_of(address, length) == form::network_of(dst, length);
        here.then(|| Route { row, length, distance: 0, interface: Some(row.text("interface").to_owned()) })
    });
    let rows = device.store("/ipv6/route").rows.iter().filter(|row| !row.is_disabled());
    let written = rows.filter(|row| row.get("routing-table").unwrap_or("main") == table).filter_map(|row| {
        let length = holds(row, dst)?;
        let gateway = row.text("gateway").split('@').next().unwrap_or_default();
        let interface = match gateway.split_once('%') {
            _ if row.get("blackhole").is_some() => None,
            Some((_, interface)) => Some(interface.to_owned()),
            None => Some(gateway.parse::<IpAddr>().map_or_else(|_| Some(gateway.to_owned()), near)?),
        };
        let usable = interface.as_deref().is_none_or(runs);
        usable.then(|| Route { row, length, distance: distance(row), interface })
    });
    connected.chain(written).collect()
}

fn holds(row: &Row, dst: IpAddr) -> Option<u8> {
    let network = row.get("dst-address").unwrap_or(if dst.is_ipv4() { "0.0.0.0/0" } else { "::/0" });
    form::holds(network, dst).then(|| form::parse_prefix(network).map(|(_, length)| length)).flatten()
}

fn distance(row: &Row) -> u32 {
    row.text("distance").parse().unwrap_or(1)
}
