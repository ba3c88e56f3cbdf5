//! A packet's way through a router: what is asked, what is answered, and the answer for a [`Model`] of a router.
//!
//! Two evaluators that share nothing but these words use them, so that each can check the other: the twin's over its
//! rows, and [`trace`] over what was read of a router. Its sources are MikroTik's *Packet Flow in RouterOS*, *Common
//! Firewall Matchers and Actions*, *Policy Routing*, *IP Routing*, *Bridge VLAN Table* and *WireGuard*.
//!
//! [`Model`]: super::model::Model

mod address;
mod chain;
mod interface;
mod list;
mod matcher;
mod menus;
mod nat;
mod route;
mod rule;
mod table;
#[cfg(test)]
mod tests;
mod walk;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use menus::{MENUS, properties};
pub use walk::{Impossible, Tracer, trace};

/// A packet, and what the router is taken to know of its connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packet {
    /// Where it says it comes from.
    pub src: IpAddr,
    /// Where it goes; of the same family as `src`.
    pub dst: IpAddr,
    /// `tcp`, `udp`, `icmp`, … as RouterOS names it, or its number.
    pub protocol: String,
    /// Source port of TCP, UDP and their like; without one, rules that match it do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_port: Option<u16>,
    /// Destination port; for ICMP leave it out: an echo request is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_port: Option<u16>,
    /// Where it comes in: an interface, or a port of a bridge. Without one, the router itself sends the packet when
    /// `src` is one of its addresses, else it comes in where the router would answer `src`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_interface: Option<String>,
    /// The sender's MAC address, for `src-mac-address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_mac: Option<String>,
    /// What connection tracking says of it.
    #[serde(default)]
    pub connection_state: ConnectionState,
    /// Whether its connection's addresses are translated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connection_nat_state: Vec<NatState>,
    /// Its connection's mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_mark: Option<String>,
    /// Its own mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_mark: Option<String>,
    /// The routing table that it is marked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_mark: Option<String>,
    /// Whether its connection was fasttracked before it came.
    #[serde(default)]
    pub fasttrack: bool,
}

impl Packet {
    /// A packet that opens a connection, of which nothing else is known.
    pub fn new(src: IpAddr, dst: IpAddr, protocol: &str) -> Self {
        Self {
            src,
            dst,
            protocol: protocol.to_owned(),
            src_port: None,
            dst_port: None,
            in_interface: None,
            src_mac: None,
            connection_state: ConnectionState::New,
            connection_nat_state: Vec::new(),
            connection_mark: None,
            packet_mark: None,
            routing_mark: None,
            fasttrack: false,
        }
    }
}

/// What connection tracking says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It belongs to a connection that has seen packets in both directions.
    Established,
    /// It belongs to no connection and opens none.
    Invalid,
    /// It opens a connection.
    #[default]
    New,
    /// It opens a connection that another one announced.
    Related,
    /// It was kept out of connection tracking.
    Untracked,
}

impl ConnectionState {
    /// Its word in RouterOS.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Invalid => "invalid",
            Self::New => "new",
            Self::Related => "related",
            Self::Untracked => "untracked",
        }
    }
}

/// Which address of a connection is translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NatState {
    /// The source.
    Srcnat,
    /// The destination.
    Dstnat,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It leaves by [`Trace::out_interface`], forwarded or sent by the router itself.
    Forward,
    /// It reaches the router itself.
    Local,
    /// It vanishes: a rule dropped it, or no interface takes it.
    Drop,
    /// It is refused with an answer to its sender.
    Reject,
    /// No route leads there; its sender is told.
    Unreachable,
    /// A blackhole swallowed it.
    Blackhole,
}

/// A place on the packet's way where something was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `raw`, `mangle`, `nat`, `filter`; or `interface`, `connection`, `fasttrack`, `routing`, `wireguard`.
    pub table: String,
    /// The chain of a rule; the routing table or the interface elsewhere.
    pub chain: String,
    /// The rule's or route's `.id`; nothing where no row decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Its comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What it does.
    pub action: String,
    /// Whether the row matched. Only a rule that could not be judged is told without: it was passed over.
    pub matched: bool,
    /// What else there is to know: a changed address, a mark, the matcher that could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A packet's whole way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Where it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_interface: Option<String>,
    /// The packet as it is in the end: with translated addresses and its marks.
    pub packet: Packet,
    /// Every rule that it met and every decision, in order.
    pub steps: Vec<Step>,
}
