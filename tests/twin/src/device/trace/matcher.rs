//! Whether a rule matches a packet.

use std::net::IpAddr;

use shared::routeros::trace::{ConnectionState, NatState};

use super::{Walk, address, interface, port};
use crate::device::row::Row;

/// Whether something matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    Yes,
    No,
    /// It depends on the named matchers, of which nobody can say.
    Unknown(String),
}

impl From<bool> for Judgement {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

/// Values of a rule that match nothing: what it does, and what it is called.
const PLAIN: [&str; 33] = [
    "action",
    "address-list",
    "address-list-timeout",
    "chain",
    "comment",
    "disabled",
    "dst-prefix",
    "hw-offload",
    "jump-target",
    "log",
    "log-prefix",
    "new-connection-mark",
    "new-dscp",
    "new-hop-limit",
    "new-mss",
    "new-packet-mark",
    "new-priority",
    "new-routing-mark",
    "new-ttl",
    "passthrough",
    "randomise-ports",
    "reject-with",
    "route-dst",
    "same-not-by-dst",
    "sniff-id",
    "sniff-target",
    "sniff-target-port",
    "socks5-port",
    "socks5-server",
    "socksify-service",
    "src-prefix",
    "to-addresses",
    "to-ports",
];

impl Walk<'_> {
    /// Whether a rule matches the packet where it is now. All of a rule's matchers must hold; one that
    /// does not settles it, whatever cannot be judged.
    pub(super) fn judge(&self, rule: &Row, hook: &str) -> Judgement {
        let mut unknown: Vec<&str> = Vec::new();
        for (name, value) in &rule.attributes {
            if PLAIN.contains(&name.as_str()) {
                continue;
            }
            match self.judge_one(name, value, hook) {
                Judgement::Yes => {}
                Judgement::No => return Judgement::No,
                Judgement::Unknown(_) => unknown.push(name),
            }
        }
        if unknown.is_empty() { Judgement::Yes } else { Judgement::Unknown(unknown.join(", ")) }
    }

    fn is_listed(&self, list: &str, address: IpAddr) -> Judgement {
        if self.listed.iter().any(|(other, listed)| other == list && *listed == address) {
            return Judgement::Yes;
        }
        address::is_listed(self.device, list, address)
    }

    fn judge_one(&self, name: &str, value: &str, hook: &str) -> Judgement {
        // A list that begins with `!` is negated as a whole.
        let (negated, value) = value.strip_prefix('!').map_or((false, value), |value| (true, value));
        match self.bare(name, value, hook) {
            Judgement::Yes => (!negated).into(),
            Judgement::No => negated.into(),
            unknown @ Judgement::Unknown(_) => unknown,
        }
    }

    fn bare(&self, name: &str, value: &str, hook: &str) -> Judgement {
        let (device, packet) = (self.device, &self.packet);
        let arrived = self.arrived.as_deref().filter(|_| !matches!(hook, "output"));
        let leaving = self.leaving.as_deref();
        match name {
            "src-address" => address::holds(value, packet.src).into(),
            "dst-address" => address::holds(value, packet.dst).into(),
            "src-address-list" => self.is_listed(value, packet.src),
            "dst-address-list" => self.is_listed(value, packet.dst),
            "src-address-type" => address::is_of_type(device, value, packet.src).into(),
            "dst-address-type" => address::is_of_type(device, value, packet.dst).into(),
            "in-interface" => interface::is_one(device, value, arrived).into(),
            "out-interface" => interface::is_one(device, value, leaving).into(),
            "in-interface-list" => interface::is_member(device, value, arrived).into(),
            "out-interface-list" => interface::is_member(device, value, leaving).into(),
            "protocol" => port::is_protocol(value, &packet.protocol).into(),
            "src-port" => port::within(value, packet.src_port),
            "dst-port" => port::within(value, packet.dst_port),
            "port" => port::either(value, packet.src_port, packet.dst_port),
            "icmp-options" => port::is_echo_request(value, packet.dst.is_ipv4()).into(),
            "tcp-flags" => port::has_flags(value, packet.connection_state).into(),
            "connection-state" => value.split(',').any(|word| word == word_of(packet.connection_state)).into(),
            "connection-nat-state" => self.has_nat_state(value),
            "connection-mark" => is_marked(value, packet.connection_mark.as_deref()).into(),
            "packet-mark" => is_marked(value, packet.packet_mark.as_deref()).into(),
            "routing-mark" => is_marked(value, packet.routing_mark.as_deref()).into(),
            "src-mac-address" => self.has_mac(value),
            // No packet of the twin is encrypted, and none is a fragment.
            "ipsec-policy" => value.ends_with(",none").into(),
            "fragment" => (value == "false").into(),
            // One packet, and one connection, is below every limit; no hotspot runs, nobody scans ports.
            "limit" | "dst-limit" => Judgement::Yes,
            "connection-limit" => value.starts_with("0,").into(),
            "hotspot" | "p2p" | "psd" => Judgement::No,
            _ => Judgement::Unknown(name.to_owned()),
        }
    }

    /// Endpoint independence of a NAT is nobody's here.
    fn has_nat_state(&self, value: &str) -> Judgement {
        let has = |word: &str| match word {
            "srcnat" => self.packet.connection_nat_state.contains(&NatState::Srcnat),
            "dstnat" => self.packet.connection_nat_state.contains(&NatState::Dstnat),
            _ => false,
        };
        value.split(',').any(has).into()
    }

    /// The sender's MAC address as told, or as the DHCP server knows it.
    fn has_mac(&self, value: &str) -> Judgement {
        let src = self.packet.src.to_string();
        let leases = &self.device.store("/ip/dhcp-server/lease").rows;
        let known = leases.iter().find(|row| row.get("address") == Some(&src)).and_then(|row| row.get("mac-address"));
        match self.packet.src_mac.as_deref().or(known) {
            Some(mac) => mac.eq_ignore_ascii_case(value).into(),
            None => Judgement::Unknown("src-mac-address".to_owned()),
        }
    }
}

fn word_of(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Established => "established",
        ConnectionState::Invalid => "invalid",
        ConnectionState::New => "new",
        ConnectionState::Related => "related",
        ConnectionState::Untracked => "untracked",
    }
}

fn is_marked(value: &str, mark: Option<&str>) -> bool {
    if value == "no-mark" { mark.is_none() } else { mark == Some(value) }
}
