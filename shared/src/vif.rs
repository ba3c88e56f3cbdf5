//! VIFs: one watertight compartment for one service.

mod history;
mod name;

pub use history::{History, Point, Span};
pub use name::{MAX_NAME, VifName, VifNameError};

use crate::{
    ids::VifId,
    net::{InterfaceName, VlanId},
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

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
    /// Who answers the service's questions of names, behind the egress: whatever the service asks on port 53 goes there.
    /// Without one its questions go where it sends them, by the egress, and those to the router are dropped.
    #[serde(default)]
    pub resolver: Option<Ipv4Addr>,
    /// What others on the router's networks reach of the service; each protocol and port once.
    #[serde(default)]
    pub ports: Vec<PublishedPort>,
}

/// A port of the router that leads to the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedPort {
    /// Of which protocol.
    pub protocol: Protocol,
    /// On the router, 1 to 65535.
    pub port: u16,
    /// On the service, 1 to 65535.
    pub to_port: u16,
    /// The interface list from which it is reached, such as `LAN`; it must not hold a way out.
    pub from: InterfaceName,
}

/// A protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
}

impl Protocol {
    /// Its word in RouterOS.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitchMode {
    /// Nothing passes. The default.
    Block,
    /// Packets take the egress of another VIF while that one is known to be good; nothing passes otherwise. The other's
    /// own mode is [`KillSwitchMode::Block`].
    Fallback(VifId),
    /// There is none: while the egress is down packets follow the router's own routes, in the clear.
    Off,
}

impl KillSwitchMode {
    /// Its word: `block`, `fallback` or `off`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Fallback(_) => "fallback",
            Self::Off => "off",
        }
    }

    /// The VIF whose egress it falls back to.
    pub fn fallback(&self) -> Option<&VifId> {
        match self {
            Self::Fallback(vif) => Some(vif),
            Self::Block | Self::Off => None,
        }
    }
}

/// Where a kill switch stands.
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
    /// Whether a person engaged it: then nothing but a person's word opens it again.
    pub held: bool,
    /// The interface that packets leave by at the moment; nothing while the gate is closed.
    pub way: Option<InterfaceName>,
    /// Milliseconds from the moment at which the agent knew of the last failure to the router's word that the gate is
    /// closed; nothing before the first.
    pub reaction_ms: Option<u32>,
}

/// The way behind a VIF's gate, as it was last looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Microseconds to the probe's target and back through the egress; nothing where the last probe was lost or none was sent.
    pub latency_us: Option<u32>,
    /// Probes that were lost in a row.
    pub lost: u32,
    /// Seconds since the last handshake, of a WireGuard interface that had one.
    pub handshake_s: Option<u32>,
    /// When the last probe ended, Unix milliseconds.
    pub checked_at: Option<i64>,
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
    /// Towards the service, failed on the interface.
    pub rx_errors: u64,
    /// From the service, failed on the interface.
    pub tx_errors: u64,
}

/// What the last verification of a VIF said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// When, Unix milliseconds.
    pub verified_at: i64,
    /// Whether nothing was found.
    pub ok: bool,
    /// What was found, one sentence each.
    pub findings: Vec<String>,
    /// How long it took, the reading too, in milliseconds.
    pub took_ms: u32,
    /// Packets of the service that were followed through the router's own rules.
    pub traced: u32,
    /// Packets that the tripwires counted since the VIF was made: a leak, unless it is 0.
    pub tripped: u64,
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
    /// The way behind its gate.
    pub gateway: Gateway,
    /// Its totals.
    pub traffic: Traffic,
    /// The last verification; nothing before the first.
    pub isolation: Option<Isolation>,
}
