//! A router as its agent sees it.

use crate::{ids::VifId, net::InterfaceName, vif::VifReport};
use serde::{Deserialize, Serialize};

/// The retained summary that an agent keeps on the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterState {
    /// The agent's own version.
    pub agent_version: String,
    /// Whether the agent is signed in at the router.
    pub api: ApiState,
    /// What the router says of itself; the last known while it cannot be reached, nothing before the first time.
    pub device: Option<Device>,
    /// Interfaces that a VIF could leave by, as the router lists them.
    pub interfaces: Vec<Interface>,
    /// All VIFs that the agent keeps, by their VLAN id.
    pub vifs: Vec<VifReport>,
    /// Envelopes that were refused since the agent started, by reason.
    pub refused: Vec<(String, u64)>,
    /// Unix milliseconds of the agent's clock.
    pub at: i64,
}

/// Whether the agent can reach the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiState {
    /// Signed in.
    Connected,
    /// Not, and why, for people.
    Unreachable(String),
}

/// What `/system/resource` and `/system/routerboard` say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `/system/identity`
    pub identity: String,
    /// Such as `7.24`, without the channel.
    pub routeros_version: String,
    /// Such as `RB5009UG+S+`.
    pub board: String,
    /// `arm`, `arm64`, `x86` or `x86_64`.
    pub architecture: String,
    /// Seconds since the router booted.
    pub uptime_s: u64,
    /// 0 to 100.
    pub cpu_percent: u8,
    /// Bytes.
    pub memory_free: u64,
    /// Bytes.
    pub memory_total: u64,
}

/// An interface of the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its name.
    pub name: InterfaceName,
    /// RouterOS' type: `ether`, `wg`, `bridge`, `vlan`, `veth` …
    pub kind: String,
    /// Whether it carries traffic.
    pub running: bool,
    /// Whether somebody switched it off.
    pub disabled: bool,
}

/// Rates since the sample before; bits per second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficSample {
    /// Unix milliseconds of the agent's clock.
    pub at: i64,
    /// Milliseconds that the rates cover.
    pub over_ms: u32,
    /// Per interface of interest: those that VIFs leave by and those of the default routes.
    pub interfaces: Vec<(InterfaceName, Rate)>,
    /// Per VIF, seen from the service: `rx` is towards it.
    pub vifs: Vec<(VifId, Rate)>,
}

/// Bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Received.
    pub rx_bps: u64,
    /// Sent.
    pub tx_bps: u64,
}
