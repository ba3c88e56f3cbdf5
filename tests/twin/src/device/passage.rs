//! Whether packets of a connection that the router forwards for the agent pass, both ways.
//!
//! The agent's packets come in by its veth, go through raw, connection tracking, mangle, nat, routing and `forward`, and
//! the answers of the host at the other end through all of that back. Where either is stopped nothing arrives any more,
//! and no end hears of it. A connection that `fasttrack-connection` has taken meets no rule that is added later, as on a
//! router (*FastTrack*), until its row of the connection table is removed.

use std::{collections::BTreeMap, net::SocketAddr};

use shared::routeros::{
    trace::{ConnectionState, Packet},
    value::RowId,
};

use super::{
    Device,
    flow::{BothWays, Hit},
    form,
    trace::Arrival,
};

/// One forwarded TCP connection of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassageId(u64);

/// Which end sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The agent.
    There,
    /// The host at the other end.
    Back,
}

/// The connections that the router forwards for the agent.
#[derive(Debug, Default)]
pub(super) struct Passages {
    open: BTreeMap<PassageId, Passage>,
    next: u64,
}

#[derive(Debug)]
struct Passage {
    port: u16,
    destination: SocketAddr,
    /// The agent's address, as it was when the first packet passed.
    source: Option<SocketAddr>,
    /// Its row of the connection table, since it has one.
    row: Option<RowId>,
    judged: Option<Judged>,
}

/// What was found the last time, and for which state of the rules.
#[derive(Debug)]
struct Judged {
    changes: u64,
    passes: bool,
    there: Vec<Hit>,
    back: Vec<Hit>,
}

/// The first of the ports that clients take, away from those of the agent's API sessions.
const EPHEMERAL: u64 = 40_000;
const PORTS: u64 = 9000;

/// What acknowledges a segment: headers of IPv4 and TCP with a time stamp.
const ACKNOWLEDGEMENT: u64 = 52;

impl Device {
    /// A connection of the agent with a host elsewhere, before its first packet.
    pub fn open_passage(&mut self, destination: SocketAddr) -> PassageId {
        let id = PassageId(self.passages.next);
        let port = u16::try_from(EPHEMERAL + self.passages.next % PORTS).unwrap_or(u16::MAX);
        self.passages.next += 1;
        self.passages.open.insert(id, Passage { port, destination, source: None, row: None, judged: None });
        id
    }

    /// The connection has ended for both ends.
    pub fn close_passage(&mut self, id: PassageId) {
        if let Some(Passage { row: Some(row), destination, .. }) = self.passages.open.remove(&id) {
            self.close_connection(destination.ip(), row);
        }
    }

    /// Whether a packet of so many bytes arrives at the other end and is acknowledged. The rules count both, and what
    /// passes keeps the connection.
    pub fn lets_through(&mut self, id: PassageId, direction: Direction, bytes: u64) -> bool {
        let Some(mut passage) = self.passages.open.remove(&id) else { return false };
        let changes = self.rule_changes();
        let mut judged = match passage.judged.take() {
            Some(judged) if judged.changes == changes => judged,
            _ => self.judge_passage(&mut passage),
        };
        let (there, back) = match direction {
            Direction::There => (bytes, ACKNOWLEDGEMENT),
            Direction::Back => (ACKNOWLEDGEMENT, bytes),
        };
        self.credit(&mut judged.there, u128::from(there) * 8000);
        self.credit(&mut judged.back, u128::from(back) * 8000);
        let passes = judged.passes && self.is_answering(passage.destination);
        if passes && let Some(row) = passage.row {
            let expires = self.now + self.established_timeout();
            if let Some(row) = self.connection_mut(passage.destination.ip(), row) {
                row.expires = Some(expires);
                row.meters[0].add(u128::from(there) * 8000);
                row.meters[1].add(u128::from(back) * 8000);
            }
        }
        passage.judged = Some(judged);
        self.passages.open.insert(id, passage);
        passes
    }

    fn judge_passage(&mut self, passage: &mut Passage) -> Judged {
        let ways = self.passage_source(passage).map(|(source, interface)| {
            let known = passage.row.filter(|row| self.is_tracked(passage.destination.ip(), *row));
            let loose = self.setting("/ip/firewall/connection/tracking", "loose-tcp-tracking") != "false";
            let state = match known {
                Some(_) => ConnectionState::Established,
                None if passage.source.is_none() || loose => ConnectionState::New,
                None => ConnectionState::Invalid,
            };
            let ways = self.both_ways(&segment(source, passage.destination, &interface, state));
            let passes = ways.passes && ways.answer_leaves.as_deref() == Some(interface.as_str());
            if passes {
                passage.source = Some(source);
                passage.row = ways.connection.map(|(_, row)| row);
            }
            (ways, passes)
        });
        let (BothWays { there, back, .. }, passes) = ways.unwrap_or_default();
        Judged { changes: self.rule_changes(), passes, there, back }
    }

    /// Where the agent sends from, and the interface that its packets reach. That its veth runs is not asked: what talks
    /// here is the agent itself, wherever the test has put it.
    fn passage_source(&self, passage: &Passage) -> Option<(SocketAddr, String)> {
        let veth = self.interface("bh-agent").filter(|row| row.kind == "veth" && !row.is_disabled())?;
        let mut own = veth.text("address").split(',').filter_map(form::parse_prefix).map(|(address, _)| address);
        let source = if let Some(source) = passage.source {
            own.any(|address| address == source.ip()).then_some(source)?
        } else {
            let alike = own.find(|address| address.is_ipv4() == passage.destination.is_ipv4())?;
            SocketAddr::new(alike, passage.port)
        };
        match self.arrives_at(veth.name()) {
            Arrival::At(interface) => Some((source, interface)),
            Arrival::Nowhere(_) => None,
        }
    }

    /// A host on a network of the router's own is there; one beyond it while the Internet is.
    fn is_answering(&self, host: SocketAddr) -> bool {
        self.world.wan.internet || self.is_near(&host.ip().to_string())
    }
}

fn segment(from: SocketAddr, to: SocketAddr, in_interface: &str, state: ConnectionState) -> Packet {
    Packet {
        src: from.ip(),
        dst: to.ip(),
        protocol: "tcp".to_owned(),
        src_port: Some(from.port()),
        dst_port: Some(to.port()),
        in_interface: Some(in_interface.to_owned()),
        src_mac: None,
        connection_state: state,
        connection_nat_state: Vec::new(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        fasttrack: false,
    }
}
