//! Random packets of the services, and which of them get out where they must not.

use super::router::Router;
use bulkhead_agent::flow::vif::Vif;
use bulkhead_flows::draw::Draw;
use shared::{
    ids::VifId,
    routeros::{
        model::Row,
        trace::{ConnectionState, NatState, Packet, Tracer, Verdict},
    },
};
use std::net::Ipv4Addr;

/// Connections of each set.
const CONNECTIONS: usize = 6;
/// Where packets go; rules of the stranger's name some of them.
pub(super) const PLACES: [&str; 9] = [
    "203.0.113.77",
    "203.0.113.9",
    "8.8.8.8",
    "198.51.100.1",
    "192.0.2.77",
    "192.168.88.20",
    "10.1.2.3",
    "172.16.64.2",
    "172.16.64.6",
];
pub(super) const PORTS: [u16; 4] = [443, 53, 80, 8080];

/// A packet that opens a connection of a service.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    vif: usize,
    packet: Packet,
}

/// A packet that got out.
#[derive(Debug)]
#[allow(dead_code, reason = "told when a test fails")]
pub(super) struct Leak {
    vif: VifId,
    /// Whether it comes from the service; else it is an answer to it.
    from: bool,
    packet: Packet,
    out: Option<String>,
    /// What finds the rows that let it pass: their comments.
    pub(super) rows: Vec<String>,
}

impl Leak {
    /// Answers, and packets of connections that are fasttracked, need a connection: where a gate is shut, its
    /// connections are taken away and no new one comes about.
    pub(super) fn is_possible(&self, shut: &[VifId]) -> bool {
        !shut.contains(&self.vif) || (self.from && !self.packet.fasttrack)
    }
}

/// Draws connections of both services.
pub(super) fn draw(router: &Router, draw: &mut Draw) -> Vec<Opening> {
    let mut all = Vec::new();
    for _ in 0..CONNECTIONS {
        let vif = draw.below(router.vifs.len());
        let protocol = ["tcp", "udp", "icmp"][draw.below(3)];
        let port = (protocol != "icmp").then(|| PORTS[draw.below(PORTS.len())]);
        let dst: Ipv4Addr = PLACES[draw.below(PLACES.len())].parse().expect("an address");
        let own = &router.vifs[vif];
        if dst == own.service_ip() {
            continue;
        }
        let packet = Packet {
            src: own.service_ip().into(),
            dst: dst.into(),
            protocol: protocol.to_owned(),
            src_port: port.map(|_| 40_000),
            dst_port: port,
            in_interface: Some(own.interface()),
            src_mac: None,
            connection_state: ConnectionState::New,
            connection_nat_state: Vec::new(),
            connection_mark: None,
            packet_mark: None,
            routing_mark: None,
            fasttrack: false,
        };
        all.push(Opening { vif, packet });
    }
    all
}

/// Sends them and what follows; gives how many packets there were, and those that got out.
pub(super) fn leaks(router: &Router, openings: &[Opening]) -> (u64, Vec<Leak>) {
    use ConnectionState::{Established, Invalid, Related, Untracked};
    let tracer = Tracer::of(&router.model);
    let (mut count, mut leaks) = (0, Vec::new());
    for Opening { vif, packet: opening } in openings {
        let vif = &router.vifs[*vif];
        let Ok(opened) = tracer.trace(opening) else { continue };
        let mark = opened.packet.connection_mark;
        let states = [Established, Related, Invalid, Untracked];
        let later = |state: &ConnectionState| Packet {
            connection_state: *state,
            connection_mark: mark.clone(),
            ..opening.clone()
        };
        let answer = Packet {
            src: opening.dst,
            dst: opening.src,
            src_port: opening.dst_port,
            dst_port: opening.src_port,
            in_interface: Some(vif.spec.egress.interface().to_string()),
            connection_nat_state: vec![NatState::Srcnat],
            ..later(&Established)
        };
        let mut packets: Vec<(bool, Packet, Vec<String>)> = vec![(true, opening.clone(), Vec::new())];
        packets.extend(states.iter().map(|state| (true, later(state), Vec::new())));
        // Once a rule has fasttracked the connection, its packets meet no rule any more.
        let by: Vec<String> =
            [opening, &answer].into_iter().filter_map(|packet| fasttracked(&tracer, packet)).collect();
        if !by.is_empty() {
            packets.push((true, Packet { fasttrack: true, ..later(&Established) }, by));
        }
        packets.push((false, answer, Vec::new()));
        for (from, packet, by) in packets {
            count += 1;
            leaks.extend(leak(router, &tracer, vif, (from, packet, by)));
        }
    }
    (count, leaks)
}

fn leak(
    router: &Router,
    tracer: &Tracer<'_>,
    vif: &Vif,
    (from, packet, by): (bool, Packet, Vec<String>),
) -> Option<Leak> {
    let trace = tracer.trace(&packet).ok()?;
    let out = trace.out_interface.clone();
    // What comes back to the service itself has not got out.
    let own = vif.interface();
    let allowed = if from { [vif.spec.egress.interface().as_str(), &own] } else { [own.as_str(), &own] };
    let leaks = match trace.verdict {
        Verdict::Forward => !out.as_deref().is_some_and(|out| allowed.contains(&out)),
        Verdict::Local => from && packet.connection_state == ConnectionState::New && packet.protocol != "icmp",
        Verdict::Drop | Verdict::Reject | Verdict::Unreachable | Verdict::Blackhole => false,
    };
    let mut rows: Vec<String> =
        trace.steps.iter().filter(|step| step.matched).filter_map(|step| step.comment.clone()).collect();
    // A routing rule that named the table is in the note of the route that was taken there.
    let rules = trace.steps.iter().filter_map(|step| step.note.as_ref()?.split_once("routing rule ").map(|(_, id)| id));
    for id in rules.filter_map(|rest| rest.split(',').next()) {
        let rule = router.model.rows("/routing/rule").iter().find(|row| row.id() == id);
        rows.extend(rule.map(|row| row.get("comment").to_owned()));
    }
    rows.extend(by);
    rows.retain(|comment| comment.starts_with("foreign-"));
    if rows.is_empty() {
        // Nothing of the stranger's was met: a row of ours that they altered is what failed.
        let altered = |row: &Row| row.get("comment").starts_with("bulkhead:");
        let menus = router.model.menus().flat_map(|(_, rows)| rows);
        rows = menus.filter(|row| altered(row)).map(|row| row.get("comment").to_owned()).collect();
        rows.extend(bulkhead_agent::flow::vif::objects::objects(&router.vifs).into_iter().map(|object| object.mark));
    }
    leaks.then(|| Leak { vif: vif.spec.id.clone(), from, packet, out, rows })
}

fn fasttracked(tracer: &Tracer<'_>, packet: &Packet) -> Option<String> {
    let trace = tracer.trace(packet).ok()?;
    let passed = matches!(trace.verdict, Verdict::Forward | Verdict::Local);
    let step = trace.steps.into_iter().find(|step| step.matched && step.action == "fasttrack-connection")?;
    passed.then_some(step.comment?)
}
