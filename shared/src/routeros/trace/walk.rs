//! The stages of a packet's way. Source: *Packet Flow in RouterOS*: prerouting, the routing decision, then input, or
//! forward and postrouting; what the router sends itself is routed first and then goes through output and postrouting.

mod entry;
mod routing;

use std::{cell::OnceCell, net::IpAddr};

use super::{
    ConnectionState, Packet, Step, Trace, Verdict,
    address::Family,
    chain,
    interface::Interfaces,
    list::{AddressLists, InterfaceLists},
    matcher::{Seen, port::protocol},
    route::Routing,
    table::Table,
};
use crate::routeros::model::Model;
use routing::Course;

/// Why a packet has no way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// One address of IPv4, one of IPv6.
    #[error("source and destination are of different families: give two IPv4 or two IPv6 addresses")]
    Families,
    /// Neither a name that RouterOS knows nor a number.
    #[error("`{0}` is no protocol: use tcp, udp, icmp, … or a number from 0 to 255")]
    Protocol(String),
    /// The model has no such interface.
    #[error("the router has no interface `{0}`")]
    Interface(String),
    /// Nobody said where it comes in, and the router would not know where to answer.
    #[error("the router has no route to {0}, so nothing says where the packet comes in: say in_interface")]
    Entry(IpAddr),
}

/// A router, as packets of one family meet it.
#[derive(Debug)]
pub(super) struct World<'m> {
    pub(super) model: &'m Model,
    pub(super) family: Family,
    pub(super) interfaces: Interfaces<'m>,
    pub(super) interface_lists: InterfaceLists<'m>,
    pub(super) routing: Routing<'m>,
    pub(super) lists: AddressLists<'m>,
    pub(super) chains: chain::Chains<'m>,
}

/// A packet on its way.
#[derive(Debug)]
pub(super) struct Walk<'m, 'w> {
    pub(super) world: &'w World<'m>,
    pub(super) seen: Seen<'m>,
    /// Who takes it next, once it is routed.
    pub(super) next_hop: Option<IpAddr>,
    pub(super) steps: Vec<Step>,
}

/// A router that packets are followed through: what they ask of it is worked out once for each family, not for each
/// packet.
#[derive(Debug)]
pub struct Tracer<'m> {
    model: &'m Model,
    v4: OnceCell<World<'m>>,
    v6: OnceCell<World<'m>>,
}

impl<'m> Tracer<'m> {
    /// One for a model that has the menus [`MENUS`](super::MENUS).
    pub fn of(model: &'m Model) -> Self {
        Self { model, v4: OnceCell::new(), v6: OnceCell::new() }
    }

    /// The way of a packet, as [`trace`] tells it.
    ///
    /// # Errors
    /// [`Impossible`] where there is no such packet on this router.
    pub fn trace(&self, packet: &Packet) -> Result<Trace, Impossible> {
        let family = Family::of(packet.src);
        if family != Family::of(packet.dst) {
            return Err(Impossible::Families);
        }
        if protocol(&packet.protocol).is_none() {
            return Err(Impossible::Protocol(packet.protocol.clone()));
        }
        let known = match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        let world = known.get_or_init(|| World::of(self.model, family));
        let seen = Seen { packet: packet.clone(), in_interface: None, out_interface: None, listed: Vec::new() };
        let mut walk = Walk { world, seen, next_hop: None, steps: Vec::new() };
        let verdict = match walk.where_it_comes_in()? {
            Some(interface) => walk.received(interface),
            None => walk.sent(),
        };
        let out_interface = (verdict == Verdict::Forward).then(|| walk.seen.out_interface.map(str::to_owned)).flatten();
        Ok(Trace { verdict, out_interface, packet: walk.seen.packet, steps: walk.steps })
    }
}

impl<'m> World<'m> {
    fn of(model: &'m Model, family: Family) -> Self {
        let interfaces = Interfaces::of(model);
        let routing = Routing::of(model, &interfaces, family);
        let (interface_lists, lists) = (InterfaceLists::of(model), AddressLists::default());
        Self { model, family, interfaces, interface_lists, routing, lists, chains: chain::Chains::default() }
    }
}

/// The way of a packet through a router, from its configuration alone.
///
/// The model has the menus [`MENUS`](super::MENUS). What only the running router knows (its connections, answers of
/// gateways that nobody asked) is not asked: state and marks of the packet's connection come with it.
///
/// # Errors
/// [`Impossible`] where there is no such packet on this router.
pub fn trace(model: &Model, packet: &Packet) -> Result<Trace, Impossible> {
    Tracer::of(model).trace(packet)
}

impl<'m> Walk<'m, '_> {
    /// A packet that came in.
    fn received(&mut self, interface: &'m str) -> Verdict {
        if let Some(verdict) = self.enter(interface) {
            return verdict;
        }
        if self.is_fasttracked() {
            return self.fasttracked();
        }
        let before = [(Table::Raw, "prerouting"), (Table::Mangle, "prerouting"), (Table::Nat, "dstnat")];
        if let Some(verdict) = self.through(&before) {
            return verdict;
        }
        match self.arrive() {
            Course::Ends(verdict) => verdict,
            Course::Local => self.input(),
            Course::Leaves => {
                let chains = [(Table::Mangle, "forward"), (Table::Filter, "forward")];
                self.through(&chains).unwrap_or_else(|| self.leave())
            }
        }
    }

    /// A packet of the router's own.
    fn sent(&mut self) -> Verdict {
        let course = self.route();
        if let Course::Ends(verdict) = course {
            return verdict;
        }
        let mark = self.seen.packet.routing_mark.clone();
        let chains = [(Table::Raw, "output"), (Table::Mangle, "output"), (Table::Filter, "output")];
        if let Some(verdict) = self.through(&chains) {
            return verdict;
        }
        // *Packet Flow*, routing adjustment: a mark that mangle set in output has it routed anew.
        let course = if self.seen.packet.routing_mark == mark { course } else { self.route() };
        match course {
            Course::Ends(verdict) => verdict,
            // To itself: out and in again.
            Course::Local => self.input(),
            Course::Leaves => self.leave(),
        }
    }

    fn input(&mut self) -> Verdict {
        self.through(&[(Table::Mangle, "input"), (Table::Filter, "input")]).unwrap_or(Verdict::Local)
    }

    /// Only established and related connections are, and none without connection tracking.
    fn is_fasttracked(&self) -> bool {
        let packet = &self.seen.packet;
        let known = matches!(packet.connection_state, ConnectionState::Established | ConnectionState::Related);
        packet.fasttrack && known && !self.is_tracking_off()
    }

    /// *Connection tracking*, FastTrack: no rule sees such a packet, and no mark is there when it is routed.
    fn fasttracked(&mut self) -> Verdict {
        self.tell("fasttrack", "prerouting", "fasttrack-connection", Some("no rule sees this packet".to_owned()));
        self.seen.packet.routing_mark = None;
        match self.arrive() {
            Course::Ends(verdict) => verdict,
            Course::Local => Verdict::Local,
            Course::Leaves => self.enter_tunnel().unwrap_or(Verdict::Forward),
        }
    }

    fn leave(&mut self) -> Verdict {
        let chains = [(Table::Mangle, "postrouting"), (Table::Nat, "srcnat")];
        self.through(&chains).or_else(|| self.enter_tunnel()).unwrap_or(Verdict::Forward)
    }

    /// Through these chains one after the other; gives the verdict of the rule that ends its way.
    fn through(&mut self, chains: &[(Table, &'m str)]) -> Option<Verdict> {
        chains.iter().find_map(|(table, name)| {
            let stopped = match table {
                // Only a packet that opens a connection meets nat (*NAT*).
                Table::Nat if self.seen.packet.connection_state != ConnectionState::New => None,
                Table::Raw | Table::Mangle | Table::Nat | Table::Filter => chain::pass(self, *table, name),
            };
            if *table == Table::Raw && stopped.is_none() {
                self.track();
            }
            stopped
        })
    }

    /// Connection tracking stands behind raw; where it is off, no packet has a state.
    fn track(&mut self) {
        if self.is_tracking_off() {
            self.seen.packet.connection_state = ConnectionState::Untracked;
        }
        self.seen.packet.fasttrack = self.is_fasttracked();
    }

    fn is_tracking_off(&self) -> bool {
        matches!(self.world.model.setting("/ip/firewall/connection/tracking", "enabled"), "no" | "false")
    }

    /// Tells of a decision that no rule made.
    fn tell(&mut self, table: &str, chain: &str, action: &str, note: Option<String>) {
        self.steps.push(Step {
            table: table.to_owned(),
            chain: chain.to_owned(),
            rule: None,
            comment: None,
            action: action.to_owned(),
            matched: true,
            note,
        });
    }
}
