//! VIFs: one watertight compartment for one service.

use crate::{
    ids::VifId,
    net::{InterfaceName, VlanId},
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The longest name of a VIF, in characters: `bh-` and the name become the interface's name inside the service's
/// container, which Linux cuts at 15 bytes.
pub const MAX_NAME: usize = 11;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VifSpec {
    /// Its id, made by the controller.
    pub id: VifId,
    /// Its name for people, unique on the router: 1 to [`MAX_NAME`] of a-z, 0-9 and `-`.
    pub name: VifName,
    /// The only way out.
    pub egress: Egress,
    /// What happens while that way is not known to be good.
    pub kill_switch: KillSwitchMode,
}

/// A VIF's name: 1 to [`MAX_NAME`] of a-z, 0-9 and `-`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VifName(String);

/// Why a text is no name for a VIF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name for a VIF: use 1 to {MAX_NAME} characters of a-z, 0-9 and `-`, starting with a letter, not `agent`, `mgmt` or `v` and a number"
)]
pub struct VifNameError(String);

impl VifName {
    /// Checks and takes a name. `bh-agent`, `bh-mgmt` and `bh-v100` are names of Bulkhead's own interfaces.
    ///
    /// # Errors
    /// [`VifNameError`]
    pub fn new(name: impl Into<String>) -> Result<Self, VifNameError> {
        let name = name.into();
        let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let first = name.starts_with(|c: char| c.is_ascii_lowercase());
        let number =
            name.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        let taken = matches!(name.as_str(), "agent" | "mgmt") || number;
        if letters && first && !taken && name.len() <= MAX_NAME {
            Ok(Self(name))
        } else {
            Err(VifNameError(name.chars().take(60).collect()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for VifName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for VifName {
    type Error = VifNameError;
    fn try_from(name: String) -> Result<Self, VifNameError> {
        Self::new(name)
    }
}

impl From<VifName> for String {
    fn from(name: VifName) -> Self {
        name.0
    }
}

/// Where a VIF's traffic leaves. Chains of VIFs come with policy routing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Egress {
    /// One interface of the router, normally a tunnel.
    Interface(InterfaceName),
}

impl Egress {
    /// The interface by which packets leave the router.
    pub fn interface(&self) -> &InterfaceName {
        match self {
            Self::Interface(name) => name,
        }
    }
}

/// What the kill switch does when the egress is not known to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitchMode {
    /// Nothing passes. The default.
    Block,
}

/// Where a kill switch stands. `Suspect` and `Recovering` need the listener's probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitchState {
    /// The egress is known to be good; the gate's lease is being refreshed.
    Armed,
    /// It failed a probe.
    Suspect,
    /// The gate is closed.
    Engaged,
    /// It is good again, not yet long enough.
    Recovering,
    /// Switched off by a person.
    Off,
}

/// Whether packets can pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The lease is in force.
    Open,
    /// No lease, or the drop is on.
    Closed,
}

/// The kill switch as the agent last knew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSwitch {
    /// What was asked for.
    pub mode: KillSwitchMode,
    /// Where it stands.
    pub state: KillSwitchState,
    /// Whether it is blocking at this moment.
    pub active: bool,
    /// Whether packets can pass.
    pub gate: Gate,
    /// Since when, Unix milliseconds.
    pub since: i64,
    /// Why, for people.
    pub reason: String,
}

/// Whether a VIF is on the router as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VifStatus {
    /// All its objects are there and the bridge port carries a running service.
    Active,
    /// All its objects are there; no service uses it at the moment.
    Inactive,
    /// Something is missing or not known.
    Failed,
}

/// Totals since the agent began to count. Bytes are octets of the IP or Ethernet layer as RouterOS counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Towards the service.
    pub rx_bytes: u64,
    /// From the service.
    pub tx_bytes: u64,
    /// Towards the service.
    pub rx_packets: u64,
    /// From the service.
    pub tx_packets: u64,
    /// Towards the service, dropped.
    pub rx_drops: u64,
    /// From the service, dropped.
    pub tx_drops: u64,
}

/// What the last comparison of desired and actual objects said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// When, Unix milliseconds.
    pub verified_at: i64,
    /// Whether nothing was found.
    pub ok: bool,
    /// What was found, one sentence each.
    pub findings: Vec<String>,
}

/// A VIF as its agent reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VifReport {
    /// What was asked for.
    pub spec: VifSpec,
    /// When it was asked for, Unix milliseconds of the agent's clock.
    pub created_at: i64,
    /// Its VLAN on the bridge `bulkhead`.
    pub vlan_id: VlanId,
    /// The bridge.
    pub bridge: InterfaceName,
    /// The routed VLAN interface.
    pub interface: InterfaceName,
    /// The router's address in its /30.
    pub gateway_ip: Ipv4Addr,
    /// The service's address in its /30.
    pub service_ip: Ipv4Addr,
    /// Whether it is there.
    pub status: VifStatus,
    /// Its kill switch.
    pub kill_switch: KillSwitch,
    /// Its totals.
    pub traffic: Traffic,
    /// The last verification; nothing before the first.
    pub isolation: Option<Isolation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_collides_with_bulkheads_own_interfaces() {
        for good in ["tor", "a", "dns-filter1", "vpn", "v", "v1a"] {
            assert!(VifName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "agent", "mgmt", "v100", "Tor", "1a", "-a", "a_b", "twelve-chars"] {
            assert!(VifName::new(bad).is_err(), "{bad}");
        }
    }
}
