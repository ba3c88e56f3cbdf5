//! Protocols by name, and what is particular to TCP, UDP and ICMP.

use super::{
    super::{ConnectionState, address::Family},
    Says, echo_request,
};

/// Protocol names as RouterOS writes them, and their IANA numbers.
const PROTOCOLS: [(&str, u8); 28] = [
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ip-encap", 4),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("xns-idp", 22),
    ("rdp", 27),
    ("iso-tp4", 29),
    ("dccp", 33),
    ("xtp", 36),
    ("ddp", 37),
    ("idpr-cmtp", 38),
    ("gre", 47),
    ("ipsec-esp", 50),
    ("ipsec-ah", 51),
    ("rspf", 73),
    ("icmpv6", 58),
    ("vmtp", 81),
    ("ospf", 89),
    ("ipip", 94),
    ("encap", 98),
    ("pim", 103),
    ("vrrp", 112),
];

/// A protocol's number; also of `etherip`, `l2tp`, `sctp` and `udp-lite`, and of one that is written as a number.
pub(in super::super) fn protocol(name: &str) -> Option<u8> {
    let more = match name {
        "etherip" => Some(97),
        "l2tp" => Some(115),
        "sctp" => Some(132),
        "udp-lite" => Some(136),
        "ipv6-encap" => Some(41),
        "ipv6-route" => Some(43),
        "ipv6-frag" => Some(44),
        "ipv6-nonxt" => Some(59),
        "ipv6-opts" => Some(60),
        _ => None,
    };
    let known = PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    known.or(more).or_else(|| name.parse().ok())
}

/// Whether `80,440-450` has the port.
pub(super) fn listed(ports: &str, port: u16) -> bool {
    ports.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        matches!((first.trim().parse(), last.trim().parse()), (Ok(first), Ok(last)) if (first..=last).contains(&port))
    })
}

/// `syn,!ack`: of a TCP packet, one that opens a connection has `syn` alone, any other `ack`.
pub(super) fn tcp_flags(flags: &str, state: ConnectionState) -> Says {
    let set = if state == ConnectionState::New { "syn" } else { "ack" };
    let holds = flags.split(',').all(|flag| match flag.strip_prefix('!') {
        Some(flag) => flag != set,
        None => flag == set,
    });
    if holds { Says::Yes } else { Says::No }
}

/// `8:0`, `8:0-255`, `8` or `any`, several of them with commas.
pub(super) fn icmp_options(options: &str, family: Family) -> bool {
    options.split(',').any(|option| {
        let (kind, code) = option.split_once(':').unwrap_or((option, "any"));
        let within = |text: &str, number: u8| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&number))
        };
        (kind == "any" || within(kind, echo_request(family))) && (code == "any" || within(code, 0))
    })
}
