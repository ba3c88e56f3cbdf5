//! Protocols, ports, TCP flags and ICMP options, as rules write them.

use shared::routeros::trace::ConnectionState;

use super::matcher::Judgement;

/// Names that the console offers, by the numbers that IANA gave them.
const PROTOCOLS: [(&str, u8); 38] = [
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipencap", 4),
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
    ("ipv6-encap", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("ipsec-esp", 50),
    ("ipsec-ah", 51),
    ("icmpv6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("rspf", 73),
    ("vmtp", 81),
    ("ospf", 89),
    ("ipip", 94),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udp-lite", 136),
];

/// The number of a protocol that is given by its name or number.
pub(in crate::device) fn protocol_number(text: &str) -> Option<u8> {
    text.parse().ok().or_else(|| PROTOCOLS.iter().find(|(name, _)| *name == text).map(|(_, number)| *number))
}

/// Whether a packet is of the protocol that a rule names.
pub(super) fn is_protocol(wanted: &str, packet: &str) -> bool {
    let (wanted, found) = (protocol_number(wanted), protocol_number(packet));
    wanted.is_some() && wanted == found
}

/// Whether a port is in a list of ports and ranges (`80,8000-8080`).
pub(super) fn within(list: &str, port: Option<u16>) -> Judgement {
    let Some(port) = port else { return Judgement::Unknown("the port".to_owned()) };
    list.split(',').any(|part| in_range(part, port)).into()
}

/// Whether one of a packet's ports is in a list.
pub(super) fn either(list: &str, src: Option<u16>, dst: Option<u16>) -> Judgement {
    match (within(list, src), within(list, dst)) {
        (Judgement::Yes, _) | (_, Judgement::Yes) => Judgement::Yes,
        (Judgement::No, Judgement::No) => Judgement::No,
        (unknown @ Judgement::Unknown(_), _) | (_, unknown) => unknown,
    }
}

fn in_range(range: &str, port: u16) -> bool {
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    matches!((from.parse::<u16>(), to.parse::<u16>()), (Ok(from), Ok(to)) if (from..=to).contains(&port))
}

/// Whether `type:code` or `type:code-code` is an echo request: the ICMP packet that is meant here.
pub(super) fn is_echo_request(options: &str, v4: bool) -> bool {
    let (kind, codes) = options.split_once(':').unwrap_or((options, "0-255"));
    kind == if v4 { "8" } else { "128" } && in_range(codes, 0)
}

/// Whether a packet has these TCP flags (`syn,!ack`): the first of a connection has `syn`, all others have `ack`.
pub(super) fn has_flags(flags: &str, state: ConnectionState) -> bool {
    let set = if state == ConnectionState::New { "syn" } else { "ack" };
    flags.split(',').all(|flag| match flag.strip_prefix('!') {
        Some(flag) => flag != set,
        None => flag == set,
    })
}
