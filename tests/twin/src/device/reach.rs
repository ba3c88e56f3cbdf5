//! Whether packets between a modelled client and the router's own services pass, both ways.
//!
//! A client's packets go through raw, connection tracking, mangle, nat, routing and `input`, the answers through
//! `output` and routing back to where the client is. Where either is stopped the session is silent, as on a router
//! whose rules have locked somebody out.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use shared::routeros::{
    trace::{ConnectionState, Packet, Verdict},
    value::RowId,
};

use super::{
    Device,
    flow::Hit,
    form,
    trace::{Arrival, Way},
};

/// One TCP connection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TalkId(u64);

/// The connections of clients with the router's services.
#[derive(Debug, Default)]
pub(super) struct Talks {
    open: BTreeMap<TalkId, Talk>,
    next: u64,
}

#[derive(Debug, Clone)]
struct Talk {
    service: String,
    source: SocketAddr,
    /// The veth or port behind which the client is, where it is modelled.
    port: Option<String>,
    /// The address and port of the router, and the interface before it, as they were when the connection opened.
    target: Option<(SocketAddr, String)>,
    /// Its row of the connection table, since it has one.
    row: Option<RowId>,
    judged: Option<Judged>,
}

/// What was found the last time, and for which state of the rules.
#[derive(Debug, Clone)]
struct Judged {
    changes: u64,
    passes: bool,
    hits: Vec<Hit>,
}

/// The first of the ports that clients take.
const EPHEMERAL: u64 = 49_152;

impl Device {
    /// The connection of a session: `talk` while it comes from the same place, else a new one.
    pub fn talk(&mut self, talk: Option<TalkId>, service: &str, source: IpAddr, agent: bool) -> TalkId {
        if let Some(id) = talk {
            if self.talks.open.get(&id).is_some_and(|open| open.source.ip() == source) {
                return id;
            }
            self.hang_up(id);
        }
        let id = TalkId(self.talks.next);
        let port = u16::try_from(EPHEMERAL + self.talks.next % (65_536 - EPHEMERAL)).unwrap_or(u16::MAX);
        self.talks.next += 1;
        let veth = self.interface("bh-agent").filter(|row| agent && row.kind == "veth");
        let talk = Talk {
            service: service.to_owned(),
            source: SocketAddr::new(source, port),
            port: veth.map(|row| row.name().to_owned()),
            target: None,
            row: None,
            judged: None,
        };
        self.talks.open.insert(id, talk);
        id
    }

    /// The connection has ended.
    pub fn hang_up(&mut self, id: TalkId) {
        if let Some(Talk { row: Some(row), source, .. }) = self.talks.open.remove(&id) {
            self.close_connection(source.ip(), row);
        }
    }

    /// Whether a packet of so many bytes from the client arrives and the answer would reach it. What passes is counted
    /// by the rules, and keeps the connection.
    pub fn lets_in(&mut self, id: TalkId, bytes: u64) -> bool {
        let Some(mut talk) = self.talks.open.remove(&id) else { return false };
        let changes = self.rule_changes();
        let mut judged = match talk.judged.take() {
            Some(judged) if judged.changes == changes => judged,
            _ => self.look(&mut talk),
        };
        self.credit(&mut judged.hits, u128::from(bytes) * 8000);
        if judged.passes
            && let Some(row) = talk.row
        {
            self.use_connection(talk.source.ip(), row, bytes);
        }
        let passes = judged.passes;
        talk.judged = Some(judged);
        self.talks.open.insert(id, talk);
        passes
    }

    /// Both ways of the client's packet and the answer to it.
    fn look(&mut self, talk: &mut Talk) -> Judged {
        let Some((to, interface)) = talk.target.clone().or_else(|| self.target(talk)) else {
            return Judged { changes: self.rule_changes(), passes: false, hits: Vec::new() };
        };
        let state = self.state_of(talk);
        let packet = tcp(talk.source, to, Some(interface.clone()), state);
        let way = self.way(&packet);
        let mut hits: Vec<Hit> = way.hits.iter().copied().map(Hit::from).collect();
        let mut passes = way.trace.verdict == Verdict::Local && self.is_before(talk, &interface);
        if passes {
            let answer = self.answer(talk, &way, to);
            passes = answer.trace.verdict == Verdict::Forward
                && answer.trace.out_interface.as_deref() == Some(interface.as_str());
            // The answer is about as long as the question.
            hits.extend(answer.hits.iter().copied().map(Hit::from));
        }
        if passes {
            talk.target = Some((to, interface));
            let tracked = way.trace.packet.connection_state != ConnectionState::Untracked;
            talk.row = tracked.then(|| self.keep_connection(&packet, &way.trace.packet));
        }
        Judged { changes: self.rule_changes(), passes, hits }
    }

    /// A packet of a connection that is in the table belongs to it. One that is not is picked up again as a new one,
    /// unless `loose-tcp-tracking` is off.
    fn state_of(&self, talk: &Talk) -> ConnectionState {
        let loose = self.setting("/ip/firewall/connection/tracking", "loose-tcp-tracking") != "false";
        match talk.row {
            Some(row) if self.is_tracked(talk.source.ip(), row) => ConnectionState::Established,
            None if talk.target.is_none() => ConnectionState::New,
            _ if loose => ConnectionState::New,
            _ => ConnectionState::Invalid,
        }
    }

    /// The router's answer. That to a packet which is not tracked opens no connection either.
    fn answer(&self, talk: &Talk, way: &Way, from: SocketAddr) -> Way {
        let untracked = way.trace.packet.connection_state == ConnectionState::Untracked;
        let state = if untracked { ConnectionState::Invalid } else { ConnectionState::Established };
        self.way(&tcp(from, talk.source, None, state))
    }

    /// The address that the client knows the router by, and the interface that its packets reach.
    fn target(&self, talk: &Talk) -> Option<(SocketAddr, String)> {
        let client = talk.source.ip();
        let menu = if client.is_ipv4() { "/ip/address" } else { "/ipv6/address" };
        let valid = self.store(menu).rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"));
        let near = valid.filter(|row| form::holds(row.text("address"), client));
        let row = near.into_iter().find(|row| self.is_before(talk, row.text("interface")))?;
        let (address, _) = form::parse_prefix(row.text("address"))?;
        let port = self.store("/ip/service").named(&talk.service)?.text("port").parse().ok()?;
        Some((SocketAddr::new(address, port), row.text("interface").to_owned()))
    }

    /// Whether the client's frames reach an interface. That its veth runs is not asked: what talks here is the agent
    /// itself, wherever the test has put it.
    fn is_before(&self, talk: &Talk, interface: &str) -> bool {
        let Some(port) = &talk.port else { return true };
        let enabled = self.interface(port).is_some_and(|row| !row.is_disabled());
        enabled && self.arrives_at(port) == Arrival::At(interface.to_owned())
    }

    fn use_connection(&mut self, like: IpAddr, id: RowId, bytes: u64) {
        let expires = self.now + self.established_timeout();
        if let Some(row) = self.connection_mut(like, id) {
            row.expires = Some(expires);
            row.meters.iter_mut().for_each(|meter| meter.add(u128::from(bytes) * 8000));
        }
    }
}

fn tcp(from: SocketAddr, to: SocketAddr, in_interface: Option<String>, state: ConnectionState) -> Packet {
    Packet {
        src: from.ip(),
        dst: to.ip(),
        protocol: "tcp".to_owned(),
        src_port: Some(from.port()),
        dst_port: Some(to.port()),
        in_interface,
        src_mac: None,
        connection_state: state,
        connection_nat_state: Vec::new(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        fasttrack: false,
    }
}
