//! A VIF as it is shown and as it is asked for.

use serde::{Deserialize, Serialize};
use shared::vif::{Gate, KillSwitchMode, KillSwitchState, VifStatus};
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
    /// The latency of its gateway.
    pub gateway: GatewayView,
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
    /// `block`.
    #[schema(value_type = String)]
    pub mode: KillSwitchMode,
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
}

/// The latency of a VIF's gateway; null until it is measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GatewayView {
    /// Milliseconds.
    pub latency_ms: Option<f64>,
    /// When.
    pub checked_at: Option<String>,
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
}

/// What the last comparison of desired and actual objects said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationView {
    /// When; null before the first.
    pub verified_at: Option<String>,
    /// Whether nothing was found; false before the first.
    pub ok: bool,
    /// What was found, one sentence each.
    pub findings: Vec<String>,
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
    /// A later version takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub quota: Option<serde_json::Value>,
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
    /// This version takes `block`.
    #[serde(default)]
    pub mode: KillSwitchModeRequest,
    /// The VIF whose way out `fallback` takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// The modes that there will be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitchModeRequest {
    /// Nothing passes.
    #[default]
    Block,
    /// Another VIF's way out. A later version takes it.
    Fallback,
    /// No kill switch. A later version takes it.
    Off,
}
