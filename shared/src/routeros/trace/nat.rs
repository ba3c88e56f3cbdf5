//! Translation of addresses and ports. Source: *NAT*; where it leaves the choice open, the first address or port.

use std::net::IpAddr;

use super::{
    NatState,
    address::{Prefix, Range},
    chain::{Next, action},
    walk::Walk,
};
use crate::routeros::model::Row;

/// Carries out a rule of nat that matched.
pub(super) fn translate<'m>(walk: &mut Walk<'m, '_>, row: &'m Row, chain: &str) -> (Next<'m>, Option<String>) {
    let routing = &walk.world.routing;
    let packet = &walk.seen.packet;
    let named = Range::parse(row.get("to-addresses")).map(|range| range.first());
    let port = row.get("to-ports").split('-').next().and_then(|port| port.parse::<u16>().ok());
    let of_interface = |interface: Option<&str>, hop: Option<IpAddr>| {
        interface.and_then(|interface| routing.address_on(interface, hop))
    };
    let without = || (Next::Through, Some("the interface has no address to take".to_owned()));
    let is_source = match action(row) {
        "src-nat" | "masquerade" | "same" | "endpoint-independent-nat" => chain_is_source(chain, true),
        "dst-nat" | "redirect" => chain_is_source(chain, false),
        "netmap" => chain_is_source(chain, chain == "srcnat"),
        _ => return (Next::On, None),
    };
    let old = if is_source { packet.src } else { packet.dst };
    let new = match action(row) {
        "masquerade" => match of_interface(walk.seen.out_interface, walk.next_hop) {
            Some(address) => Some(address),
            None => return without(),
        },
        "redirect" => of_interface(walk.seen.in_interface, Some(packet.src)),
        "netmap" => Prefix::parse(row.get("to-addresses")).map(|net| net.with_host_of(old)).or(named),
        _ => named,
    };
    (Next::Through, Some(walk.translated(is_source, new.unwrap_or(old), port)))
}

/// RouterOS takes each action in its chain only; a chain of the user's is as its action says.
fn chain_is_source(chain: &str, by_action: bool) -> bool {
    match chain {
        "srcnat" => true,
        "dstnat" => false,
        _ => by_action,
    }
}

impl Walk<'_, '_> {
    /// Puts a new address and port into the packet, and tells the new end.
    fn translated(&mut self, is_source: bool, address: IpAddr, port: Option<u16>) -> String {
        let packet = &mut self.seen.packet;
        let (end, its_port, state, word) = if is_source {
            (&mut packet.src, &mut packet.src_port, NatState::Srcnat, "from")
        } else {
            (&mut packet.dst, &mut packet.dst_port, NatState::Dstnat, "to")
        };
        *end = address;
        if its_port.is_some() {
            *its_port = port.or(*its_port);
        }
        let place =
            its_port.map_or_else(|| address.to_string(), |port| std::net::SocketAddr::new(address, port).to_string());
        if !packet.connection_nat_state.contains(&state) {
            packet.connection_nat_state.push(state);
        }
        format!("{word} {place}")
    }
}
