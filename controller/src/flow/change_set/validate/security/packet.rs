//! A packet's way through the model of a router.
//!
//! The order is that of the manual's *Packet Flow in RouterOS*: the interface, raw, connection tracking, mangle, dstnat,
//! the routing decision, then `input`, or `forward` and `postrouting`; what the router sends itself goes by `output`.
//! What a rule matches that the model cannot know (limits, times, contents) is told as not judged and passed over.

mod layer2;
mod matcher;
mod route;

use std::net::IpAddr;

use shared::routeros::trace::{ConnectionState, Packet, Step, Trace, Verdict};

use crate::flow::change_set::validate::{
    model::{Model, Row},
    net::{Net, Range},
    rows::{enabled, is, is_dynamic, rows, text},
};
use layer2::Arrival;
use matcher::Match;
use route::Decision;

/// How deep chains may jump: RouterOS has no loops, a model that was edited may.
const DEEPEST: u8 = 16;

/// The way of a packet. Without an interface the router itself sends it when its source is the router's own.
///
/// # Errors
/// In words, where it cannot be told where the packet comes in.
pub(super) fn follow(router: &Model, packet: &Packet) -> Result<Trace, String> {
    let mut walk = Walk { router, packet: packet.clone(), arrived: None, leaving: None, steps: Vec::new() };
    let verdict = if let Some(name) = &packet.in_interface {
        walk.arrive(name)
    } else if route::is_local(router, packet.src) {
        walk.send()
    } else {
        let from = route::towards(router, packet.src).ok_or_else(|| format!("no route leads to {}", packet.src))?;
        walk.packet.in_interface = Some(from.clone());
        walk.arrive(&from)
    };
    let out_interface = walk.leaving.filter(|_| verdict == Verdict::Forward);
    Ok(Trace { verdict, out_interface, packet: walk.packet, steps: walk.steps })
}

struct Walk<'a> {
    router: &'a Model,
    packet: Packet,
    arrived: Option<String>,
    leaving: Option<String>,
    steps: Vec<Step>,
}

/// What a chain says; nothing where it lets the packet go on.
type End = Option<Verdict>;

impl Walk<'_> {
    fn arrive(&mut self, name: &str) -> Verdict {
        match layer2::arrival(self.router, name) {
            Arrival::At(interface) => self.arrived = Some(interface),
            Arrival::Nowhere(why) => {
                self.tell("interface", name, "drop", None, Some(why));
                return Verdict::Drop;
            }
        }
        if let Some(verdict) = self.table("raw", "prerouting").or_else(|| self.table("mangle", "prerouting")) {
            return verdict;
        }
        self.translate("dstnat");
        match self.route() {
            Decision::Local => self.chains(&["mangle", "filter"], "input").unwrap_or(Verdict::Local),
            Decision::Stop(verdict) => verdict,
            Decision::Out(interface) => {
                if rows(self.router, "/ip/settings")
                    .first()
                    .is_some_and(|row| matches!(text(row, "ip-forward"), "no" | "false"))
                {
                    self.tell("routing", "main", "drop", None, Some("ip-forward=no".to_owned()));
                    return Verdict::Drop;
                }
                self.leaving = Some(interface);
                self.chains(&["mangle", "filter"], "forward").unwrap_or_else(|| self.leave())
            }
        }
    }

    fn send(&mut self) -> Verdict {
        match self.route() {
            Decision::Local => return Verdict::Local,
            Decision::Stop(verdict) => return verdict,
            Decision::Out(interface) => self.leaving = Some(interface),
        }
        let mark = self.packet.routing_mark.clone();
        if let Some(verdict) = self.chains(&["raw", "mangle", "filter"], "output") {
            return verdict;
        }
        // A mark that was set on the way is looked up anew.
        if self.packet.routing_mark != mark {
            match self.route() {
                Decision::Local => return Verdict::Local,
                Decision::Stop(verdict) => return verdict,
                Decision::Out(interface) => self.leaving = Some(interface),
            }
        }
        self.leave()
    }

    fn leave(&mut self) -> Verdict {
        if let Some(verdict) = self.table("mangle", "postrouting") {
            return verdict;
        }
        self.translate("srcnat");
        let out = self.leaving.clone().unwrap_or_default();
        let peers: Vec<&Row> =
            enabled(self.router, "/interface/wireguard/peers").filter(|peer| text(peer, "interface") == out).collect();
        let allowed = |peer: &&Row| {
            let nets = text(peer, "allowed-address").split(',').filter_map(Net::parse);
            nets.into_iter().any(|net| net.contains(self.packet.dst))
        };
        if !peers.is_empty() && !peers.iter().any(allowed) {
            let note = format!("no peer's allowed-address holds {}", self.packet.dst);
            self.tell("wireguard", &out, "drop", None, Some(note));
            return Verdict::Drop;
        }
        Verdict::Forward
    }

    fn chains(&mut self, tables: &[&str], chain: &str) -> End {
        tables.iter().find_map(|table| self.table(table, chain))
    }

    fn table(&mut self, table: &str, chain: &str) -> End {
        self.chain(table, chain, 0).flatten()
    }

    fn menu(&self, table: &str) -> String {
        format!("/{}/firewall/{table}", if self.packet.dst.is_ipv4() { "ip" } else { "ipv6" })
    }

    /// A verdict; `Some(None)` where the packet is accepted here, nothing where the chain ends without a word.
    fn chain(&mut self, table: &str, chain: &str, depth: u8) -> Option<End> {
        let router = self.router;
        let menu = self.menu(table);
        let here =
            enabled(router, &menu).filter(|row| text(row, "chain") == chain && !is(row, "invalid") && !is_dynamic(row));
        for rule in here {
            match matcher::matches(self, rule) {
                Match::No => continue,
                Match::Unknown(name) => {
                    let note = format!("`{name}` cannot be judged");
                    self.tell_rule(table, chain, rule, false, Some(note));
                    continue;
                }
                Match::Yes => {}
            }
            let action = text(rule, "action");
            self.tell_rule(table, chain, rule, true, None);
            match action {
                "accept" | "" => return Some(None),
                "drop" | "tarpit" => return Some(Some(Verdict::Drop)),
                "reject" => return Some(Some(Verdict::Reject)),
                "return" => return None,
                "jump" if depth < DEEPEST => {
                    if let Some(end) = self.chain(table, text(rule, "jump-target"), depth + 1) {
                        return Some(end);
                    }
                }
                "notrack" => self.packet.connection_state = ConnectionState::Untracked,
                "mark-routing" => self.packet.routing_mark = mark(rule, "new-routing-mark"),
                "mark-packet" => self.packet.packet_mark = mark(rule, "new-packet-mark"),
                "mark-connection" => self.packet.connection_mark = mark(rule, "new-connection-mark"),
                _ => continue,
            }
            if action.starts_with("mark-") && matches!(text(rule, "passthrough"), "no" | "false") {
                return Some(None);
            }
        }
        None
    }

    /// Addresses are translated where a connection begins; its later packets follow it.
    fn translate(&mut self, chain: &str) {
        if self.packet.connection_state != ConnectionState::New {
            return;
        }
        let router = self.router;
        let menu = self.menu("nat");
        for rule in enabled(router, &menu).filter(|row| text(row, "chain") == chain && !is(row, "invalid")) {
            if !matches!(matcher::matches(self, rule), Match::Yes) {
                continue;
            }
            let to = Range::parse(text(rule, "to-addresses")).map(Range::first);
            let port: Option<u16> = text(rule, "to-ports").split('-').next().and_then(|port| port.parse().ok());
            self.tell_rule("nat", chain, rule, true, to.map(|to| format!("to {to}")));
            match text(rule, "action") {
                "dst-nat" | "netmap" if chain == "dstnat" => {
                    self.packet.dst = to.unwrap_or(self.packet.dst);
                    self.packet.dst_port = port.or(self.packet.dst_port);
                }
                "redirect" => {
                    let own = self.arrived.as_deref().and_then(|arrived| route::address_of(router, arrived));
                    self.packet.dst = own.unwrap_or(self.packet.dst);
                    self.packet.dst_port = port.or(self.packet.dst_port);
                }
                "src-nat" | "same" | "netmap" => self.packet.src = to.unwrap_or(self.packet.src),
                "masquerade" => {
                    let own = self.leaving.as_deref().and_then(|leaving| route::address_of(router, leaving));
                    self.packet.src = own.unwrap_or(self.packet.src);
                }
                "accept" => {}
                _ => continue,
            }
            return;
        }
    }

    fn tell_rule(&mut self, table: &str, chain: &str, rule: &Row, matched: bool, note: Option<String>) {
        self.tell(table, chain, text(rule, "action"), Some(rule), note);
        if let Some(step) = self.steps.last_mut() {
            step.matched = matched;
        }
    }

    fn tell(&mut self, table: &str, chain: &str, action: &str, row: Option<&Row>, note: Option<String>) {
        self.steps.push(Step {
            table: table.to_owned(),
            chain: chain.to_owned(),
            rule: row.map(|row| row.id.clone()),
            comment: row.map(|row| text(row, "comment")).filter(|comment| !comment.is_empty()).map(str::to_owned),
            action: action.to_owned(),
            matched: true,
            note,
        });
    }
}

fn mark(rule: &Row, name: &str) -> Option<String> {
    Some(text(rule, name)).filter(|mark| !matches!(*mark, "" | "no-mark" | "main")).map(str::to_owned)
}

/// Whether an address stands in an address list.
fn is_listed(router: &Model, list: &str, address: IpAddr) -> bool {
    let menu = if address.is_ipv4() { "/ip/firewall/address-list" } else { "/ipv6/firewall/address-list" };
    let entries = enabled(router, menu).filter(|row| text(row, "list") == list);
    entries.filter_map(|row| Range::parse(text(row, "address"))).any(|range| range.covers(&Range::one(address)))
}
