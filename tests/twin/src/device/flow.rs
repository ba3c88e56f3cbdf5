//! The traffic that `/traffic` lets run, as connections: which rules count it, and what stops it.
//!
//! Each interface whose counters run carries one connection between a host behind it (or, on a way out, a host whose
//! packets leave there) and a host on the Internet. Its two directions are sent through the packet evaluation whenever
//! rules, routes or the world have changed, and each rule that they meet counts its direction's bytes from then on.

mod hosts;

use std::{net::IpAddr, time::Duration};

use shared::routeros::{
    trace::{ConnectionState, Packet, Verdict},
    value::RowId,
};

use super::{Device, connections::table, meter::Rate, row::Row, trace::Way};

/// Flows follow a change of rules within this time, not at each of ten thousand changes.
const PATIENCE: Duration = Duration::from_millis(250);

/// Menus on which the ways of packets depend.
const DEPENDS: [&str; 26] = [
    "/interface",
    "/interface/bridge/port",
    "/interface/bridge/vlan",
    "/interface/list",
    "/interface/list/member",
    "/interface/wireguard/peers",
    "/ip/address",
    "/ipv6/address",
    "/ip/dhcp-server/lease",
    "/ip/firewall/address-list",
    "/ipv6/firewall/address-list",
    "/ip/firewall/connection",
    "/ipv6/firewall/connection",
    "/ip/route",
    "/ipv6/route",
    "/routing/rule",
    "/routing/table",
    "/ip/service",
    "/ip/firewall/filter",
    "/ip/firewall/nat",
    "/ip/firewall/mangle",
    "/ip/firewall/raw",
    "/ipv6/firewall/filter",
    "/ipv6/firewall/nat",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/raw",
];

/// A rule that counts, and where it stood last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    menu: &'static str,
    id: RowId,
    at: usize,
}

impl From<(&'static str, RowId)> for Hit {
    fn from((menu, id): (&'static str, RowId)) -> Self {
        Self { menu, id, at: 0 }
    }
}

/// What runs, and for which state of the rules that was found.
#[derive(Debug, Default)]
pub(super) struct Flows {
    running: Vec<Flow>,
    /// Rules whose own counters run.
    rules: Vec<Hit>,
    changes: u64,
    judged: Duration,
    /// Somebody has just set a rate.
    stale: bool,
}

/// Both directions of a connection through the router.
#[derive(Debug, Default)]
pub(super) struct BothWays {
    /// The rules that count what its opener sends.
    pub(super) there: Vec<Hit>,
    /// Those that count the answers.
    pub(super) back: Vec<Hit>,
    /// Its row of the connection table.
    pub(super) connection: Option<(IpAddr, RowId)>,
    /// Whether packets of the open connection and their answers arrive.
    pub(super) passes: bool,
    /// Where the answers leave.
    pub(super) answer_leaves: Option<String>,
}

/// One connection, seen at one interface.
#[derive(Debug, Clone)]
struct Flow {
    interface: String,
    /// Which of the interface's counters is the direction of the first packet: 0 for what comes in.
    first: usize,
    there: Vec<Hit>,
    back: Vec<Hit>,
    connection: Option<(IpAddr, RowId)>,
}

impl Device {
    /// Counts the changes on which the ways of packets depend.
    pub(super) fn rule_changes(&self) -> u64 {
        DEPENDS.iter().map(|menu| self.store(menu).changes).sum::<u64>() + self.topology
    }

    /// A rate was set: the flows are looked at again before time goes on.
    pub(super) fn rates_changed(&mut self) {
        self.flows.stale = true;
    }

    /// Counts bits (in thousandths) at rules.
    pub(super) fn credit(&mut self, hits: &mut [Hit], millibits: u128) {
        for hit in hits {
            let Some(store) = self.stores.get_mut(hit.menu) else { continue };
            if store.rows.get(hit.at).is_none_or(|row| row.id != hit.id) {
                hit.at = store.position(hit.id).unwrap_or(usize::MAX);
            }
            if let Some(row) = store.rows.get_mut(hit.at) {
                row.meters[0].add(millibits);
            }
        }
    }

    /// Lets what is modelled run from one moment to another.
    pub(super) fn run_flows(&mut self, from: Duration, to: Duration) {
        let mut flows = std::mem::take(&mut self.flows);
        let due = flows.stale || to.saturating_sub(flows.judged) >= PATIENCE;
        if due && (flows.stale || flows.changes != self.rule_changes()) {
            flows = Flows { running: self.judge_flows(), rules: self.running_rules(), stale: false, ..flows };
            flows.changes = self.rule_changes();
        }
        if due {
            flows.judged = from;
        }
        for rule in &mut flows.rules {
            let Some(store) = self.stores.get_mut(rule.menu) else { continue };
            if let Some(row) = store.rows.iter_mut().find(|row| row.id == rule.id) {
                row.meters[0].run(from, to);
            }
        }
        let moved = self.run_interfaces(from, to);
        for flow in &mut flows.running {
            let Some((_, amounts)) = moved.iter().find(|(name, _)| *name == flow.interface) else { continue };
            let (there, back) = (amounts[flow.first], amounts[1 - flow.first]);
            self.credit(&mut flow.there, there);
            self.credit(&mut flow.back, back);
            let expires = to + self.established_timeout();
            if let Some(row) = flow.connection.and_then(|(like, id)| self.connection_mut(like, id)) {
                row.meters[0].add(there);
                row.meters[1].add(back);
                row.expires = Some(expires);
            }
        }
        if due {
            self.forget_idle_connections();
        }
        self.flows = flows;
    }

    /// What each interface whose counters run took in and gave out.
    fn run_interfaces(&mut self, from: Duration, to: Duration) -> Vec<(String, [u128; 2])> {
        let Some(store) = self.stores.get_mut("/interface") else { return Vec::new() };
        let moving = store
            .rows
            .iter_mut()
            .filter(|row| row.is("running") && row.meters.iter().any(|meter| meter.rate != Rate::Still));
        let run = |row: &mut Row| {
            let [rx, tx] = &mut row.meters;
            (row.attributes.get("name").cloned().unwrap_or_default(), [rx.run(from, to), tx.run(from, to)])
        };
        moving.map(run).collect()
    }

    fn running_rules(&self) -> Vec<Hit> {
        let menus = DEPENDS.iter().filter(|menu| menu.contains("/firewall/"));
        let menus = menus.filter(|menu| !menu.ends_with("/connection") && !menu.ends_with("/address-list"));
        let rules = menus.flat_map(|menu| {
            let rows = self.store(menu).rows.iter().filter(|row| row.meters[0].rate != Rate::Still);
            rows.map(|row| Hit::from((*menu, row.id)))
        });
        rules.collect()
    }

    fn judge_flows(&mut self) -> Vec<Flow> {
        let moving = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("running") && row.meters.iter().any(|meter| meter.rate != Rate::Still));
        let names: Vec<String> = moving.map(|row| row.name().to_owned()).collect();
        let mut flows = Vec::new();
        for name in &names {
            if let Some((packet, first)) = self.first_packet(name, &names) {
                flows.push(self.judge(name, &packet, first));
            }
        }
        flows
    }

    fn judge(&mut self, interface: &str, packet: &Packet, first: usize) -> Flow {
        let known = self.connection_of(packet).is_some();
        let state = if known { ConnectionState::Established } else { ConnectionState::New };
        let ways = self.both_ways(&Packet { connection_state: state, ..packet.clone() });
        let BothWays { there, back, connection, .. } = ways;
        Flow { interface: interface.to_owned(), first, there, back, connection }
    }

    /// Both directions of a connection, as they are once it is open; of one that cannot open, the attempt alone.
    /// `packet` is the next one that its opener sends.
    pub(super) fn both_ways(&mut self, packet: &Packet) -> BothWays {
        let known = packet.connection_state == ConnectionState::Established;
        let attempt = self.way(packet);
        let hits = |hits: &[(&'static str, RowId)]| hits.iter().copied().map(Hit::from).collect::<Vec<_>>();
        let mut ways = BothWays { there: hits(&attempt.hits), ..BothWays::default() };
        if !arrives(&attempt) {
            return ways;
        }
        let left = attempt.trace.packet.clone();
        if left.connection_state == ConnectionState::Untracked {
            let answer = self.way(&turned(&left, attempt.trace.out_interface, ConnectionState::New));
            return BothWays {
                back: hits(&answer.hits),
                passes: arrives(&answer),
                answer_leaves: answer.trace.out_interface,
                ..ways
            };
        }
        let id = self.keep_connection(packet, &left);
        let open = Packet { connection_state: ConnectionState::Established, ..packet.clone() };
        let back = turned(&left, attempt.trace.out_interface, ConnectionState::Established);
        let (mut there, mut answer) = (self.way(&open), self.way(&back));
        if !arrives(&answer) {
            ways.back = hits(&answer.hits);
            if !known {
                self.close_connection(packet.dst, id);
            }
            return ways;
        }
        if there.fasttracks || answer.fasttracks {
            if let Some(row) = self.store_mut(table(packet.dst)).row_mut(id) {
                row.attributes.insert("fasttrack".to_owned(), "true".to_owned());
            }
            (there, answer) = (self.way(&open), self.way(&back));
        }
        BothWays {
            there: hits(&there.hits),
            back: hits(&answer.hits),
            connection: Some((packet.dst, id)),
            passes: arrives(&there) && arrives(&answer),
            answer_leaves: answer.trace.out_interface,
        }
    }
}

fn arrives(way: &Way) -> bool {
    matches!(way.trace.verdict, Verdict::Forward | Verdict::Local)
}

/// The answer to a packet, as it comes back to where that one left.
fn turned(left: &Packet, in_interface: Option<String>, state: ConnectionState) -> Packet {
    Packet {
        src: left.dst,
        dst: left.src,
        src_port: left.dst_port,
        dst_port: left.src_port,
        in_interface,
        connection_state: state,
        connection_nat_state: Vec::new(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        ..left.clone()
    }
}
