//! Where addresses are translated: by rules for the first packet of a connection, by what connection tracking
//! remembers for all others (*NAT*). Untracked packets are never translated.

use std::net::IpAddr;

use shared::routeros::trace::{ConnectionState, NatState};

use super::{Table, Walk, address};
use crate::device::{form, row::Row};

impl Walk<'_> {
    /// The place of dstnat, after mangle prerouting.
    pub(super) fn translate_destination(&mut self) {
        if self.is(ConnectionState::New) {
            // Nothing in nat stops a packet.
            let _ = self.table(Table::Nat, "dstnat");
        } else if let Some((to, port)) = self.remembered.destination {
            self.packet.dst = to;
            self.packet.dst_port = port;
            self.tell("connection", "prerouting", "dst-nat", None, Some(format!("to {to}")));
        }
    }

    /// The place of srcnat, the last before the packet leaves.
    pub(super) fn translate_source(&mut self) {
        if self.is(ConnectionState::New) {
            let _ = self.table(Table::Nat, "srcnat");
        } else if let Some((from, port)) = self.remembered.source {
            self.packet.src = from;
            self.packet.src_port = port;
            self.tell("connection", "postrouting", "src-nat", None, Some(format!("from {from}")));
        }
    }

    /// What a rule of the nat table does. A rule in a chain of the user's translates what the chain that led there may.
    pub(super) fn translate(&mut self, hook: &str, rule: &Row) -> Option<String> {
        let action = rule.text("action");
        let before = (self.packet.src, self.packet.src_port, self.packet.dst, self.packet.dst_port);
        let port = first_port(rule);
        if hook == "srcnat" {
            let given = rule.get("to-addresses").and_then(|to| target(to, action, self.packet.src));
            let out = self.leaving.as_deref().unwrap_or_default();
            let Some(to) = given.or_else(|| address::on(self.device, out, self.packet.src)) else {
                return Some(format!("`{out}` has no address to take"));
            };
            self.packet.src = to;
            self.packet.src_port = port.or(self.packet.src_port);
            self.translated(NatState::Srcnat);
        } else {
            let given = rule.get("to-addresses").and_then(|to| target(to, action, self.packet.dst));
            let own = || {
                let arrived = self.arrived.as_deref().filter(|_| action == "redirect")?;
                address::on(self.device, arrived, self.packet.dst)
            };
            self.packet.dst = given.or_else(own).unwrap_or(self.packet.dst);
            self.packet.dst_port = port.or(self.packet.dst_port);
            self.translated(NatState::Dstnat);
        }
        let after = (self.packet.src, self.packet.src_port, self.packet.dst, self.packet.dst_port);
        (before != after)
            .then(|| if hook == "srcnat" { end("from", after.0, after.1) } else { end("to", after.2, after.3) })
    }
}

/// The address that a rule translates to: the first of a range, or the same place in another network for `netmap`.
fn target(to: &str, action: &str, address: IpAddr) -> Option<IpAddr> {
    let first = to.split([',', '-']).next().unwrap_or(to);
    let (base, length) = form::parse_prefix(first)?;
    if action != "netmap" {
        return Some(base);
    }
    let (IpAddr::V4(base), IpAddr::V4(address)) = (base, address) else { return Some(base) };
    let hosts = u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
    Some(std::net::Ipv4Addr::from_bits((base.to_bits() & !hosts) | (address.to_bits() & hosts)).into())
}

fn first_port(rule: &Row) -> Option<u16> {
    rule.get("to-ports")?.split(['-', ',']).next()?.parse().ok()
}

fn end(word: &str, address: IpAddr, port: Option<u16>) -> String {
    match port {
        Some(port) => format!("{word} {}", std::net::SocketAddr::new(address, port)),
        None => format!("{word} {address}"),
    }
}
