//! Whether anything of a VIF's service would get out by another way than its egress, by the twin's packet evaluation.

#![allow(clippy::expect_used, reason = "a test that cannot go on says where")]

use bulkhead_twin::Twin;
use shared::routeros::trace::{ConnectionState, NatState, Packet, Trace, Verdict};

/// The resolver of [`crate::full`].
pub(crate) const RESOLVER: &str = "10.64.0.1";
const FILTER: &str = "/ip/firewall/filter";
/// The service of the first VIF.
const SERVICE: &str = "172.16.64.2";
/// Where its packets come in: by the bridge's VLAN, or by a veth that is no port yet or any more.
const IN: [&str; 2] = ["bh-v100", "bh-tor"];
/// Somebody on the Internet, a client on the LAN, somebody in another private network.
const PLACES: [&str; 3] = ["203.0.113.9", "192.168.88.10", "10.1.2.3"];
/// The port of the service that [`crate::full`] publishes, and the interface behind which it does.
const PUBLISHED: (u16, &str) = (443, "bridge");

/// How packets of the service may leave.
#[derive(Debug, Clone, Copy)]
pub struct Allowed<'a> {
    /// By these interfaces to the Internet, and to the resolver.
    pub ways: &'a [&'a str],
    /// Whether answers of the published port may reach the LAN.
    pub published: bool,
}

/// By the one tunnel, and nothing else.
pub const BY_THE_TUNNEL: Allowed<'static> = Allowed { ways: &["wg-vpn"], published: false };

/// Traces packets of every kind and state; gives how many there were, and each that got out, with its way.
pub(crate) fn traced(twin: &Twin, allowed: Allowed) -> anyhow::Result<(usize, Vec<String>)> {
    let opened = open(twin)?;
    let there: Vec<&str> = IN.into_iter().filter(|name| is_there(twin, name)).collect();
    let (mut count, mut leaks) = (0, Vec::new());
    for packet in there.into_iter().flat_map(packets) {
        count += 1;
        let trace = twin.trace(&packet)?;
        if trace.verdict == Verdict::Forward && !may_leave(&packet, &trace, allowed) {
            leaks.push(format!("{packet:?}: {trace:?}"));
        }
    }
    for id in opened {
        twin.run(FILTER, "set", &[(".id", &id), ("disabled", "no")])?;
    }
    Ok((count, leaks))
}

fn packets(interface: &str) -> Vec<Packet> {
    use ConnectionState::{Established, Invalid, New, Related, Untracked};
    let mut all = Vec::new();
    for state in [New, Established, Related, Invalid, Untracked] {
        for (protocol, port) in [("tcp", Some(443)), ("udp", Some(53)), ("icmp", None)] {
            for place in PLACES {
                for translated in [false, true] {
                    all.push(Packet {
                        src: SERVICE.parse().expect("an address"),
                        dst: place.parse().expect("an address"),
                        protocol: protocol.to_owned(),
                        src_port: port.map(|_| if translated { PUBLISHED.0 } else { 40_000 }),
                        dst_port: port,
                        in_interface: Some(interface.to_owned()),
                        src_mac: None,
                        connection_state: state,
                        connection_nat_state: translated.then_some(NatState::Dstnat).into_iter().collect(),
                        connection_mark: None,
                        packet_mark: None,
                        routing_mark: None,
                        fasttrack: false,
                    });
                }
            }
        }
    }
    all
}

fn may_leave(packet: &Packet, trace: &Trace, allowed: Allowed) -> bool {
    let by = trace.out_interface.as_deref().unwrap_or_default();
    let to = |place: &str| trace.packet.dst.to_string() == place;
    let known = matches!(packet.connection_state, ConnectionState::Established | ConnectionState::Related);
    let answers = known && !packet.connection_nat_state.is_empty() && packet.src_port == Some(PUBLISHED.0);
    (allowed.ways.contains(&by) && (to(PLACES[0]) || to(RESOLVER)))
        || (allowed.published && answers && by == PUBLISHED.1 && to(PLACES[1]))
}

/// Opens all gates and gives the first VIF a lease: what is looked for holds without them. Gives the ids of the drops
/// that were on.
pub(crate) fn open(twin: &Twin) -> anyhow::Result<Vec<String>> {
    // Refused when the entry is there already.
    let entry = [("list", "bh-open"), ("address", SERVICE), ("timeout", "1h")];
    let _open_already = twin.run("/ip/firewall/address-list", "add", &entry);
    let has = |row: &[(String, String)], name: &str, what: &str| {
        row.iter().any(|(own, value)| own == name && value.contains(what))
    };
    let rows = twin.rows(FILTER);
    let shut = rows.iter().filter(|row| has(row, "comment", "/gate-") && has(row, "disabled", "false"));
    let ids: Vec<String> = shut.flatten().filter(|(name, _)| name == ".id").map(|(_, id)| id.clone()).collect();
    for id in &ids {
        twin.run(FILTER, "set", &[(".id", id), ("disabled", "yes")])?;
    }
    Ok(ids)
}

fn is_there(twin: &Twin, interface: &str) -> bool {
    twin.rows("/interface").iter().any(|row| row.iter().any(|(name, value)| name == "name" && value == interface))
}
