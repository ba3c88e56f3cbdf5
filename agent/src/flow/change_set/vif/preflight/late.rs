//! Answers that come too late: once the router has forgotten a service's connection (its gate was closed, or the question
//! is minutes old), an answer from behind the egress is for the router itself. Where its firewall lets that in, the
//! router tells the sender that nobody is there: by its own routes, outside the tunnel, quoting what it was sent.
//!
//! No rule of ours can stop it without stopping what the owner may want from there, such as a sign-in through the tunnel.

use crate::flow::{
    object::{Menu, Snapshot},
    vif::around::{Around, PEERS, ways_out},
};
use shared::routeros::{
    model::Model,
    trace::{Packet, Tracer, Verdict},
};
use std::net::Ipv4Addr;

/// Somebody on the Internet, of a network for documentation (RFC 5737).
const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);

/// Whether the router itself would speak of an answer that comes too late through this interface.
pub(super) fn are_answered(egress: &str, router: &Snapshot, around: &Around) -> bool {
    if ways_out(router).contains(egress) {
        // What the router says goes back the way that the packet came.
        return false;
    }
    let model = model(router, around);
    let tracer = Tracer::of(&model);
    let own = router.rows(Menu::IpAddress).iter().filter(|row| row.get("interface") == egress && !row.is("disabled"));
    let mut addresses = own.filter_map(|row| row.get("address").split('/').next()?.parse::<Ipv4Addr>().ok());
    addresses.any(|address| {
        let trace = tracer.trace(&answer(address, egress));
        trace.is_ok_and(|trace| matches!(trace.verdict, Verdict::Local | Verdict::Reject))
    })
}

/// Of a question for a name, to the port that it was asked from: nobody listens there.
fn answer(own: Ipv4Addr, egress: &str) -> Packet {
    Packet {
        src_port: Some(53),
        dst_port: Some(40_000),
        in_interface: Some(egress.to_owned()),
        ..Packet::new(INTERNET.into(), own.into(), "udp")
    }
}

/// What decides over a packet that comes in, and whether a peer may send it.
fn model(router: &Snapshot, around: &Around) -> Model {
    let menus = Menu::ALL.into_iter().map(|menu| (menu.path(), router.rows(menu).to_vec()));
    Model::new(menus.chain([(PEERS, around.rows(PEERS).to_vec())]))
}
