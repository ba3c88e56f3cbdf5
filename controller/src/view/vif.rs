//! A VIF as it is shown and as it is asked for.

use serde::{Deserialize, Deserializer, Serialize};
use shared::vif::{Gate, KillSwitchState, Protocol, VifStatus};
use utoipa::ToSchema;

/// A VIF.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VifView {
    /// Its id.
    pub id: String,
    /// The service that lives in it; null where it was made by hand.
    pub service_id: Option<String>,
    /// Its name.
    pub name: String,
    /// When it was asked for.
    pub created_at: String,
    /// Its VLAN.
    pub vlan_id: u16,
    /// The bridge.
    pub bridge: String,
    /// The routed VLAN interface.
    pub interface: String,
    /// The router's address in its /30.
    pub gateway_ip: String,
    /// The service's address in its /30.
    pub service_ip: String,
    /// Its only way out.
    pub egress: EgressView,
    /// `active`, `inactive` or `failed`.
    #[schema(value_type = String)]
    pub status: VifStatus,
    /// Its kill switch.
    pub kill_switch: KillSwitchView,
    /// The way behind its gate.
    pub gateway: GatewayView,
    /// Who answers the service's questions of names; null where they go where the service sends them.
    pub resolver: Option<String>,
    /// What others on the router's networks reach of the service.
    pub ports: Vec<PortView>,
    /// Its totals.
    pub traffic: TotalsView,
    /// Its quota; null where it has none.
    #[schema(value_type = Option<Object>)]
    pub quota: Option<serde_json::Value>,
    /// What the last verification said.
    pub isolation: IsolationView,
}

/// The only way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EgressView {
    /// The interface by which packets leave.
    pub interface: String,
}

/// A kill switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KillSwitchView {
    /// What happens while the way out is not known to be good.
    pub mode: KillSwitchModeView,
    /// The VIF whose way out `fallback` takes; null in other modes.
    pub fallback: Option<String>,
    /// `armed`, `suspect`, `engaged`, `recovering` or `off`.
    #[schema(value_type = String)]
    pub state: KillSwitchState,
    /// Whether it is blocking at this moment.
    pub active: bool,
    /// `open` or `closed`.
    #[schema(value_type = String)]
    pub gate: Gate,
    /// Since when.
    pub since: String,
    /// Why, for people.
    pub reason: String,
    /// Whether a person engaged it: then nothing but `release` opens it again.
    pub held: bool,
    /// The interface that packets leave by at the moment; null while the gate is closed.
    pub way: Option<String>,
    /// Milliseconds from the agent's knowledge of the last failure to a gate that the router said is closed; null before
    /// the first.
    pub reaction_ms: Option<u32>,
}

/// The way behind a VIF's gate, as it was last looked at; null until it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GatewayView {
    /// Milliseconds to the probe's target and back; null where the last probe was lost.
    pub latency_ms: Option<f64>,
    /// When the last probe ended.
    pub checked_at: Option<String>,
    /// Probes that were lost in a row.
    pub lost: u32,
    /// Seconds since the last handshake, of a WireGuard interface that had one.
    pub handshake_s: Option<u32>,
}

/// Totals since the agent began to count; `rx` is towards the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotalsView {
    /// Bytes.
    pub rx_bytes: u64,
    /// Bytes.
    pub tx_bytes: u64,
    /// Packets.
    pub rx_packets: u64,
    /// Packets.
    pub tx_packets: u64,
    /// Packets dropped.
    pub rx_drops: u64,
    /// Packets dropped.
    pub tx_drops: u64,
    /// Packets that failed on the interface.
    pub rx_errors: u64,
    /// Packets that failed on the interface.
    pub tx_errors: u64,
}

/// What the last verification of a VIF said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationView {
    /// When; null before the first.
    pub verified_at: Option<String>,
    /// Whether nothing was found; false before the first.
    pub ok: bool,
    /// What was found, one sentence each.
    pub findings: Vec<String>,
    /// How long it took, in milliseconds; null before the first.
    pub took_ms: Option<u32>,
    /// Packets of the service that were followed through the router's own rules; null before the first.
    pub traced: Option<u32>,
    /// Packets that the tripwires counted since the VIF was made: a leak, unless it is 0; null before the first.
    pub tripped: Option<u64>,
}

/// A port of the router that leads to the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortView {
    /// `tcp` or `udp`.
    #[schema(value_type = String)]
    pub protocol: Protocol,
    /// On the router, 1 to 65535; once for each protocol.
    pub port: u16,
    /// On the service, 1 to 65535.
    pub to_port: u16,
    /// The interface list from which it is reached, such as `LAN`; it must not hold a way out.
    pub from: String,
}

/// A VIF that somebody asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVif {
    /// Its name: 1 to 11 of a-z, 0-9 and `-`, starting with a letter, unique on the router.
    pub name: String,
    /// Its only way out.
    pub egress: EgressRequest,
    /// What happens while that way is not known to be good; blocks when missing.
    #[serde(default)]
    pub kill_switch: KillSwitchRequest,
    /// Who answers the service's questions of names, behind its way out: an IPv4 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    /// What others on the router's networks reach of the service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortView>,
    /// A later version takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub quota: Option<serde_json::Value>,
}

/// What is to be different of a VIF; what it does not name stays. Its name cannot change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedVif {
    /// Another way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<EgressRequest>,
    /// Another kill switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<KillSwitchRequest>,
    /// Another resolver; null for none.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub resolver: Option<Option<String>>,
    /// Other ports, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<PortView>>,
}

/// Tells a field that is null from one that is not there.
fn named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The way out that somebody asks for: exactly one of the three. This version takes `interface`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EgressRequest {
    /// An interface of the router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Several hops, the last one an interface. A later version takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub chain: Option<Vec<serde_json::Value>>,
    /// The router's default route. A later version takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<bool>,
}

/// The kill switch that somebody asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KillSwitchRequest {
    /// Its mode; `block` when missing. `off` wants the password again (`X-Step-Up`), or a token with that scope.
    #[serde(default)]
    pub mode: KillSwitchModeView,
    /// The VIF whose way out `fallback` takes: its own mode is `block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// What a kill switch does while the way out is not known to be good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitchModeView {
    /// Nothing passes.
    #[default]
    Block,
    /// Packets take another VIF's way out while that one is known to be good.
    Fallback,
    /// Packets follow the router's own routes, in the clear.
    Off,
}

/// What a VIF carried over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrafficHistoryView {
    /// The VIF.
    pub vif: String,
    /// `1h`, `24h`, `7d`, `30d` or `90d`.
    pub range: String,
    /// Seconds that each point covers.
    pub step_s: u32,
    /// The end of the range.
    pub until: String,
    /// In their order. Where nothing was measured there is none: a gap, not a zero.
    pub points: Vec<TrafficPointView>,
}

/// What a VIF carried in one step; `rx` is towards the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrafficPointView {
    /// The step's beginning, by the agent's clock.
    pub at: String,
    /// Milliseconds of the step that were measured.
    pub over_ms: u32,
    /// Bytes of IP packets.
    pub rx_bytes: u64,
    /// Bytes of IP packets.
    pub tx_bytes: u64,
    /// Packets.
    pub rx_packets: u64,
    /// Packets.
    pub tx_packets: u64,
    /// Packets dropped by Bulkhead's rules, both ways.
    pub drops: u64,
}
