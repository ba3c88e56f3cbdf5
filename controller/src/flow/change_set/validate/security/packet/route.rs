//! The routing decision.
//!
//! A packet that mangle marked is looked up in the table of its mark first, then the router's own addresses, the user's
//! rules in their order, and `main` (*Policy Routing*). Connected routes are made from the addresses, so that they follow
//! an address that changes in the model; other dynamic routes are taken as they were read.

use std::net::IpAddr;

use shared::routeros::trace::Verdict;

use super::{Walk, layer2::runs};
use crate::flow::change_set::validate::{
    model::{Model, Row},
    net::Net,
    rows::{enabled, is, rows, text},
};

/// What routing decided.
pub(super) enum Decision {
    /// It is for the router.
    Local,
    /// It leaves by this interface.
    Out(String),
    /// It goes no further.
    Stop(Verdict),
}

/// A route that can be used; without an interface it is a blackhole.
struct Route<'a> {
    row: Option<&'a Row>,
    length: u8,
    distance: u32,
    interface: Option<String>,
}

impl Walk<'_> {
    /// Decides where the packet goes.
    pub(super) fn route(&mut self) -> Decision {
        let (router, dst) = (self.router, self.packet.dst);
        if let Some(mark) = self.packet.routing_mark.clone()
            && let Some(route) = best(router, &mark, dst, None)
        {
            return self.take(&mark, &route);
        }
        if is_local(router, dst) {
            return self.checked(Decision::Local);
        }
        for rule in enabled(router, "/routing/rule").filter(|rule| !is(rule, "inactive") && !is(rule, "invalid")) {
            if !self.concerns(rule) {
                continue;
            }
            let table = if text(rule, "table").is_empty() { "main" } else { text(rule, "table") };
            let verdict = match text(rule, "action") {
                "drop" => Verdict::Drop,
                "unreachable" => Verdict::Unreachable,
                action => {
                    // Routes as short as `min-prefix` or shorter do not count: 0 leaves out the default route.
                    let longer = text(rule, "min-prefix").parse().ok();
                    if let Some(route) = best(router, table, dst, longer) {
                        return self.take(table, &route);
                    }
                    if action != "lookup-only-in-table" {
                        continue;
                    }
                    Verdict::Unreachable
                }
            };
            self.tell("routing", table, text(rule, "action"), Some(rule), Some("by a routing rule".to_owned()));
            return Decision::Stop(verdict);
        }
        if let Some(route) = best(router, "main", dst, None) {
            return self.take("main", &route);
        }
        self.tell("routing", "main", "unreachable", None, Some("no route".to_owned()));
        Decision::Stop(Verdict::Unreachable)
    }

    fn take(&mut self, table: &str, route: &Route<'_>) -> Decision {
        if let Some(interface) = &route.interface {
            self.tell("routing", table, "forward", route.row, Some(format!("by `{interface}`")));
            return self.checked(Decision::Out(interface.clone()));
        }
        self.tell("routing", table, "blackhole", route.row, None);
        Decision::Stop(Verdict::Blackhole)
    }

    /// `rp-filter=strict`: packets from where their source is not are dropped.
    fn checked(&mut self, decision: Decision) -> Decision {
        let Some(arrived) = self.arrived.clone() else { return decision };
        let strict = rows(self.router, "/ip/settings").first().is_some_and(|row| text(row, "rp-filter") == "strict");
        if !strict || towards(self.router, self.packet.src).as_ref() == Some(&arrived) {
            return decision;
        }
        let note = format!("rp-filter=strict: {} is not behind `{arrived}`", self.packet.src);
        self.tell("routing", "main", "drop", None, Some(note));
        Decision::Stop(Verdict::Drop)
    }

    fn concerns(&self, rule: &Row) -> bool {
        let within = |name: &str, address: IpAddr| {
            text(rule, name).is_empty() || Net::parse(text(rule, name)).is_some_and(|net| net.contains(address))
        };
        let mark = text(rule, "routing-mark");
        let interface = text(rule, "interface");
        within("src-address", self.packet.src)
            && within("dst-address", self.packet.dst)
            && (interface.is_empty() || self.arrived.as_deref() == Some(interface))
            && (mark.is_empty() || self.packet.routing_mark.as_deref() == Some(mark))
    }
}

/// Addresses in force, with their interfaces.
fn addresses(router: &Model, like: IpAddr) -> impl Iterator<Item = (Net, &str)> {
    let menu = if like.is_ipv4() { "/ip/address" } else { "/ipv6/address" };
    let rows = enabled(router, menu).filter(|row| !is(row, "invalid"));
    rows.filter_map(|row| Some((Net::parse(text(row, "address"))?, text(row, "interface"))))
}

/// Whether an address is one of the router's own, or a broadcast to it.
pub(super) fn is_local(router: &Model, address: IpAddr) -> bool {
    let own = |(net, interface): (Net, &str)| {
        let broadcast = net.address.is_ipv4() && net.length < 31 && net.last() == address;
        (net.address == address || broadcast) && runs(router, interface)
    };
    address.is_loopback() || addresses(router, address).any(own)
}

/// An interface's address, for masquerading.
pub(super) fn address_of(router: &Model, interface: &str) -> Option<IpAddr> {
    enabled(router, "/ip/address")
        .find(|row| text(row, "interface") == interface)
        .and_then(|row| Net::parse(text(row, "address")))
        .map(|net| net.address)
}

/// The interface by which an address is reached in `main`.
pub(super) fn towards(router: &Model, address: IpAddr) -> Option<String> {
    best(router, "main", address, None)?.interface
}

/// The longest prefix wins, then the least distance.
fn best<'a>(router: &'a Model, table: &str, dst: IpAddr, longer: Option<u8>) -> Option<Route<'a>> {
    let connected = addresses(router, dst)
        .filter(|(net, interface)| table == "main" && net.contains(dst) && runs(router, interface))
        .map(|(net, interface)| Route {
            row: None,
            length: net.length,
            distance: 0,
            interface: Some(interface.to_owned()),
        });
    let menu = if dst.is_ipv4() { "/ip/route" } else { "/ipv6/route" };
    let written =
        enabled(router, menu).filter(|row| !is(row, "connect")).filter_map(|row| usable(router, row, table, dst));
    let all = connected.chain(written).filter(|route| longer.is_none_or(|length| route.length > length));
    all.min_by_key(|route| (u8::MAX - route.length, route.distance))
}

fn usable<'a>(router: &'a Model, row: &'a Row, table: &str, dst: IpAddr) -> Option<Route<'a>> {
    let own = if text(row, "routing-table").is_empty() { "main" } else { text(row, "routing-table") };
    let everywhere = if dst.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
    let to = if text(row, "dst-address").is_empty() { everywhere } else { text(row, "dst-address") };
    let net = Net::parse(to).filter(|net| own == table && net.contains(dst))?;
    let distance = text(row, "distance").parse().unwrap_or(1);
    // A switch: it stands there without a value.
    if row.attributes.get("blackhole").is_some_and(|value| !matches!(value.as_str(), "no" | "false")) {
        return Some(Route { row: Some(row), length: net.length, distance, interface: None });
    }
    let interface = text(row, "gateway").split(',').find_map(|gateway| hop(router, gateway))?;
    Some(Route { row: Some(row), length: net.length, distance, interface: Some(interface) })
}

/// The interface that a gateway is behind, where it runs.
fn hop(router: &Model, gateway: &str) -> Option<String> {
    let gateway = gateway.split('@').next().unwrap_or_default();
    let interface = match gateway.split_once('%') {
        Some((_, interface)) => interface,
        None => match gateway.parse::<IpAddr>() {
            Err(_) => gateway,
            Ok(address) => {
                let mut near = addresses(router, address).filter(|(net, _)| net.contains(address));
                near.find(|(_, interface)| runs(router, interface))?.1
            }
        },
    };
    runs(router, interface).then(|| interface.to_owned())
}
