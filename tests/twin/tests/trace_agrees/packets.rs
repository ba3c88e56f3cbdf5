//! Random packets of either family.

use shared::routeros::trace::{ConnectionState, NatState, Packet};

use crate::{
    chance::Chance,
    network::{INTERFACES, TABLES},
};

const FOUR: [&str; 20] = [
    "192.168.88.20",
    "192.168.88.200",
    "192.168.88.1",
    "203.0.113.10",
    "203.0.113.1",
    "10.1.0.1",
    "10.1.0.9",
    "10.2.0.1",
    "10.2.0.5",
    "10.3.0.9",
    "10.3.1.9",
    "10.4.0.2",
    "10.66.0.1",
    "10.66.0.7",
    "8.8.8.8",
    "8.8.4.4",
    "198.51.100.99",
    "192.168.88.255",
    "255.255.255.255",
    "224.0.0.251",
];
const SIX: [&str; 10] = [
    "2001:db8:1::1",
    "2001:db8:1::20",
    "2001:db8:2::5",
    "2001:db8:3::5",
    "2001:db8:fe::2",
    "2001:db8:fe::1",
    "2001:db8:5::5",
    "2001:db8:5::6",
    "2001:db8:66::7",
    "ff02::fb",
];

pub(crate) fn packet(chance: &mut Chance) -> Packet {
    let pool: &[&str] = if chance.one_in(3) { &SIX } else { &FOUR };
    let protocol = chance.one_of(&["tcp", "tcp", "udp", "udp", "icmp", "gre"]);
    let has_ports = matches!(protocol, "tcp" | "udp");
    let port = |chance: &mut Chance| {
        let port = ["22", "53", "80", "443", "8080", "5000"][chance.below(6)];
        has_ports.then(|| port.parse().unwrap())
    };
    let states = [
        ConnectionState::New,
        ConnectionState::New,
        ConnectionState::New,
        ConnectionState::Established,
        ConnectionState::Related,
        ConnectionState::Invalid,
        ConnectionState::Untracked,
    ];
    // The last addresses of each are no senders.
    let senders = if pool.len() == FOUR.len() { &pool[..17] } else { &pool[..9] };
    let connection_state = states[chance.below(states.len())];
    let dst: std::net::IpAddr = chance.one_of(pool).parse().unwrap();
    // Nobody answers for a group, so no connection to one is ever fasttracked.
    let may_be_fast = has_ports && connection_state == ConnectionState::Established && !dst.is_multicast();
    Packet {
        src: chance.one_of(senders).parse().unwrap(),
        dst,
        protocol: protocol.to_owned(),
        src_port: port(chance),
        dst_port: port(chance),
        in_interface: (!chance.one_in(3)).then(|| chance.one_of(&INTERFACES).to_owned()),
        src_mac: chance.one_in(3).then(|| "02:00:00:00:00:01".to_owned()),
        connection_state,
        connection_nat_state: if chance.one_in(8) { vec![NatState::Dstnat] } else { Vec::new() },
        connection_mark: chance.one_in(6).then(|| "c1".to_owned()),
        packet_mark: chance.one_in(8).then(|| "p1".to_owned()),
        routing_mark: chance.one_in(8).then(|| chance.one_of(&TABLES).to_owned()),
        fasttrack: may_be_fast && chance.one_in(3),
    }
}
