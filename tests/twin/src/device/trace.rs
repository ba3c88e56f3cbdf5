//! The way of a packet through the modelled firewall and routing.
//!
//! The order of the stages is that of the manual's *Packet Flow in RouterOS*: raw prerouting, connection tracking,
//! mangle prerouting, dstnat, routing decision, then mangle and filter of `input` or `forward`, then mangle and nat of
//! the way out; what the router itself sends goes through `output` instead. Nothing here changes the device: what a
//! connection leaves behind is told in a [`Way`], and `flow` and `reach` act on it.
//!
//! - `stages`: the order; `chain`: jumps, returns and the end of a chain; `action`: what a rule does.
//! - `matcher`: whether a rule matches, with `address`, `interface` and `port` for the kinds of values.
//! - `route`: which way out; `layer2`: which interface a frame on a port reaches; `connection`: the connection table.

mod action;
mod address;
mod chain;
mod connection;
pub(super) mod interface;
mod layer2;
mod matcher;
mod nat;
mod port;
mod route;
mod stages;

use std::net::IpAddr;

use shared::routeros::{
    trace::{ConnectionState, NatState, Packet, Step, Trace, Verdict},
    value::RowId,
};

pub(super) use self::{
    connection::{Tuple, tuple},
    layer2::Arrival,
    port::protocol_number,
};
use super::{Device, row::Row, world::Impossible};

/// A firewall table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Raw,
    Mangle,
    Nat,
    Filter,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Mangle => "mangle",
            Self::Nat => "nat",
            Self::Filter => "filter",
        }
    }

    /// The menu of the table for an address' family.
    fn menu(self, address: IpAddr) -> &'static str {
        match (self, address.is_ipv4()) {
            (Self::Raw, true) => "/ip/firewall/raw",
            (Self::Mangle, true) => "/ip/firewall/mangle",
            (Self::Nat, true) => "/ip/firewall/nat",
            (Self::Filter, true) => "/ip/firewall/filter",
            (Self::Raw, false) => "/ipv6/firewall/raw",
            (Self::Mangle, false) => "/ipv6/firewall/mangle",
            (Self::Nat, false) => "/ipv6/firewall/nat",
            (Self::Filter, false) => "/ipv6/firewall/filter",
        }
    }
}

/// A packet's whole way, and what the device may learn from it.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// What is answered to who asked.
    pub(super) trace: Trace,
    /// The rules that count the packet: menu and id.
    pub(super) hits: Vec<(&'static str, RowId)>,
    /// A rule makes the connection a fasttracked one.
    pub(super) fasttracks: bool,
}

/// A packet on its way.
struct Walk<'a> {
    device: &'a Device,
    packet: Packet,
    arrived: Option<String>,
    leaving: Option<String>,
    steps: Vec<Step>,
    hits: Vec<(&'static str, RowId)>,
    fasttracks: bool,
    /// What rules on the way put into address lists: rules behind them see it (*Address-lists*).
    listed: Vec<(String, IpAddr)>,
    /// What connection tracking remembers of the packet's addresses, for the two places where they are translated.
    remembered: connection::Remembered,
}

/// What becomes of a packet, once it is decided; nothing while it goes on.
type End = Option<Verdict>;

impl Device {
    /// The way of a packet.
    ///
    /// # Errors
    /// Addresses of two families, an unknown interface or protocol, or no way to tell where the packet comes in.
    pub fn trace(&self, packet: &Packet) -> Result<Trace, Impossible> {
        if packet.src.is_ipv4() != packet.dst.is_ipv4() {
            return Err(Impossible(format!("{} and {} are of different families", packet.src, packet.dst)));
        }
        if protocol_number(&packet.protocol).is_none() {
            return Err(Impossible(format!("`{}` is no protocol: give its name or number", packet.protocol)));
        }
        if let Some(name) = &packet.in_interface
            && self.interface(name).is_none()
        {
            let names: Vec<&str> = self.store("/interface").rows.iter().map(Row::name).collect();
            return Err(Impossible(format!("the router has no interface `{name}`; it has: {}", names.join(" "))));
        }
        if packet.in_interface.is_some() || address::is_local(self, packet.src) {
            return Ok(self.way(packet).trace);
        }
        match route::towards(self, packet.src) {
            Some(interface) => Ok(self.way(&Packet { in_interface: Some(interface), ..packet.clone() }).trace),
            None => Err(Impossible(format!("no route leads to {}: say in_interface", packet.src))),
        }
    }

    /// The interface by which the router's own packets to an address leave, by the table `main`.
    pub(super) fn out_by_main(&self, address: IpAddr) -> Option<String> {
        route::towards(self, address)
    }

    /// The way of a packet that comes in by its interface, or that the router sends when it names none.
    pub(super) fn way(&self, packet: &Packet) -> Way {
        let mut walk = Walk::new(self, packet);
        let verdict = if packet.in_interface.is_some() { walk.arrive() } else { walk.send() };
        let out_interface = (verdict == Verdict::Forward).then_some(walk.leaving).flatten();
        let trace = Trace { verdict, out_interface, packet: walk.packet, steps: walk.steps };
        Way { trace, hits: walk.hits, fasttracks: walk.fasttracks }
    }

    /// A value of a menu of one set of values: as it was set, or the default; empty where there is neither.
    pub(super) fn setting(&self, menu: &str, name: &str) -> &str {
        let set = self.singles.get(menu).and_then(|single| single.get(name)).map(String::as_str);
        let default = || self.specs.get(menu).and_then(|spec| spec.defaults.get(name)).copied();
        set.or_else(default).unwrap_or_default()
    }
}

impl<'d> Walk<'d> {
    fn new(device: &'d Device, packet: &Packet) -> Self {
        Self {
            device,
            packet: packet.clone(),
            arrived: None,
            leaving: None,
            steps: Vec::new(),
            hits: Vec::new(),
            fasttracks: false,
            listed: Vec::new(),
            remembered: connection::Remembered::default(),
        }
    }

    /// Tells of a decision that no firewall rule made.
    fn tell(&mut self, table: &str, chain: &str, action: &str, row: Option<&Row>, note: Option<String>) {
        self.steps.push(Step {
            table: table.to_owned(),
            chain: chain.to_owned(),
            rule: row.map(|row| row.id.to_string()),
            comment: row.and_then(|row| row.get("comment")).map(str::to_owned),
            action: action.to_owned(),
            matched: true,
            note,
        });
    }

    fn is(&self, state: ConnectionState) -> bool {
        self.packet.connection_state == state
    }

    fn translated(&mut self, state: NatState) {
        if !self.packet.connection_nat_state.contains(&state) {
            self.packet.connection_nat_state.push(state);
        }
    }
}
