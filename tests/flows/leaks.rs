//! Whether anything of a VIF's service would get out by another way than its egress, by the twin's packet evaluation.

use bulkhead_twin::Twin;
use shared::routeros::trace::{ConnectionState, Packet, Verdict};

/// The service of the first VIF.
const SERVICE: &str = "172.16.64.2";
/// Where its packets come in: by the bridge's VLAN, or by a veth that is no port yet or any more.
const IN: [&str; 2] = ["bh-v100", "bh-tor"];
/// The one way out.
const EGRESS: &str = "wg-vpn";
/// Somebody on the Internet, a client on the LAN, somebody in another private network.
const PLACES: [&str; 3] = ["203.0.113.9", "192.168.88.10", "10.1.2.3"];

/// Traces packets of every kind and state; gives how many there were, and each that got out, with its way.
pub(crate) fn traced(twin: &Twin) -> anyhow::Result<(usize, Vec<String>)> {
    open(twin)?;
    use ConnectionState::{Established, Invalid, New, Related, Untracked};
    let there: Vec<&str> = IN.into_iter().filter(|name| is_there(twin, name)).collect();
    let (mut count, mut leaks) = (0, Vec::new());
    for interface in there {
        for state in [New, Established, Related, Invalid, Untracked] {
            for (protocol, port) in [("tcp", Some(443)), ("udp", Some(53)), ("icmp", None)] {
                for place in PLACES {
                    let packet = Packet {
                        src: SERVICE.parse()?,
                        dst: place.parse()?,
                        protocol: protocol.to_owned(),
                        src_port: port.map(|_| 40_000),
                        dst_port: port,
                        in_interface: Some(interface.to_owned()),
                        src_mac: None,
                        connection_state: state,
                        connection_nat_state: Vec::new(),
                        connection_mark: None,
                        packet_mark: None,
                        routing_mark: None,
                        fasttrack: false,
                    };
                    count += 1;
                    let trace = twin.trace(&packet)?;
                    let out = trace.out_interface.as_deref() == Some(EGRESS) && place == PLACES[0];
                    if trace.verdict == Verdict::Forward && !out {
                        leaks.push(format!("{packet:?}: {trace:?}"));
                    }
                }
            }
        }
    }
    Ok((count, leaks))
}

/// Opens the gate of the first VIF, as far as it has one: what is looked for holds without it.
fn open(twin: &Twin) -> anyhow::Result<()> {
    // Refused when the entry is there already.
    let entry = [("list", "bh-open"), ("address", SERVICE), ("timeout", "1h")];
    let _open_already = twin.run("/ip/firewall/address-list", "add", &entry);
    let filter = "/ip/firewall/filter";
    let gate = |(name, value): &(String, String)| name == "comment" && value.contains("/gate-");
    let rows = twin.rows(filter);
    let ids = rows.iter().filter(|row| row.iter().any(gate)).flatten().filter(|(name, _)| name == ".id");
    for (_, id) in ids {
        twin.run(filter, "set", &[(".id", id), ("disabled", "yes")])?;
    }
    Ok(())
}

fn is_there(twin: &Twin, interface: &str) -> bool {
    twin.rows("/interface").iter().any(|row| row.iter().any(|(name, value)| name == "name" && value == interface))
}
