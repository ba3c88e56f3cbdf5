//! The way of a packet through a router.

use serde::{Deserialize, Serialize};
use shared::routeros::trace::{Packet, Verdict};
use utoipa::ToSchema;

/// A packet whose way is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceRequest {
    /// Where it comes from: an address, or the name of a VIF, whose service sends it then.
    pub src: String,
    /// Where it goes: an address.
    pub dst: String,
    /// `tcp`, `udp`, `icmp`, … or its number; without it `tcp` where there is a port and `icmp` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Source port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_port: Option<u16>,
    /// Destination port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_port: Option<u16>,
    /// Where it comes in; without it where the router would answer `src`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_interface: Option<String>,
    /// `new` (without it), `established`, `related`, `invalid` or `untracked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_state: Option<String>,
    /// The id of a change set of the router: what would become of the packet once it is carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_set: Option<String>,
}

/// What becomes of the packet, by the router's configuration as it was read just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceView {
    /// `forward`, `local`, `drop`, `reject`, `unreachable` or `blackhole`.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// The same in a sentence, with what decided.
    pub says: String,
    /// Where it leaves.
    pub out_interface: Option<String>,
    /// The packet as it is in the end: with translated addresses and its marks.
    #[schema(value_type = Object)]
    pub packet: Packet,
    /// Whether nobody said where it comes in, and the router's routes told.
    pub in_interface_inferred: bool,
    /// What decided: the step that stopped it, or the filter's rule that let it pass; null where no rule did.
    pub by: Option<TraceStepView>,
    /// Every rule that it met and every decision, in order.
    pub steps: Vec<TraceStepView>,
    /// Whether all that decides was known.
    pub complete: bool,
    /// What was not, each in a sentence; `steps` has the rules that were passed over.
    pub unknown: Vec<String>,
    /// When the router was read.
    pub read_at: String,
}

/// A place on the packet's way where something was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceStepView {
    /// `raw`, `mangle`, `nat`, `filter`; or `interface`, `connection`, `fasttrack`, `routing`, `wireguard`.
    pub table: String,
    /// The chain of a rule; the routing table or the interface elsewhere.
    pub chain: String,
    /// The menu of the row that decided; null where none did.
    pub menu: Option<String>,
    /// Its number there, as RouterOS prints it: from 0.
    pub number: Option<usize>,
    /// Its `.id`.
    pub rule: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// Its properties, `name=value`, without those of no consequence for the packet.
    pub properties: Vec<String>,
    /// What it does.
    pub action: String,
    /// Whether it matched. Only a rule that could not be judged is told without: it was passed over.
    pub matched: bool,
    /// What else there is to know: a changed address, a mark, the matcher that could not be judged.
    pub note: Option<String>,
}
