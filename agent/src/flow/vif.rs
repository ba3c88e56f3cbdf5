//! VIFs: one watertight compartment each.
//!
//! What is kept of a VIF is its [`Vif`]; all its objects on the router follow from that ([`objects`]), so there is
//! one place to change when a hole is found, and one value to compare the router with.

pub mod address_plan;
pub mod around;
pub mod gate;
pub mod isolation;
pub mod kill_switch;
pub mod objects;
pub mod tunnel;
pub mod verify;
pub mod watch;

use serde::{Deserialize, Serialize};
use shared::{
    net::{InterfaceName, NetError, Subnet, VlanId},
    vif::{Gateway, Isolation, KillSwitch, Traffic, VifReport, VifSpec, VifStatus},
};
use std::net::Ipv4Addr;

/// The bridge that the installer made for all VIFs.
pub const BRIDGE: &str = "bulkhead";

/// A VIF as the agent keeps it: what was asked for and the numbers that it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vif {
    /// What was asked for.
    pub spec: VifSpec,
    /// Its VLAN.
    pub vlan_id: VlanId,
    /// Its /30: the router at the first address, the service at the second.
    pub subnet: Subnet,
    /// When it was asked for, Unix milliseconds.
    pub created_at: i64,
}

impl Vif {
    /// The routed VLAN interface.
    pub fn interface(&self) -> String {
        format!("bh-v{}", self.vlan_id)
    }

    /// The veth that the service's container uses.
    pub fn veth(&self) -> String {
        format!("bh-{}", self.spec.name)
    }

    /// The routing table.
    pub fn table(&self) -> String {
        format!("bh-{}", self.vlan_id)
    }

    /// The routing table by whose name the answers of its published ports are marked; it has no route.
    pub fn replies_table(&self) -> String {
        format!("bh-{}-replies", self.vlan_id)
    }

    /// The interface list of its only way out.
    pub fn egress_list(&self) -> String {
        format!("bh-{}-egress", self.vlan_id)
    }

    /// The router's address in its /30.
    pub fn gateway_ip(&self) -> Ipv4Addr {
        self.subnet.nth(1)
    }

    /// The service's address in its /30.
    pub fn service_ip(&self) -> Ipv4Addr {
        self.subnet.nth(2)
    }

    /// What the bus and the pages are told of it.
    ///
    /// # Errors
    /// None of our own names breaks [`InterfaceName`]'s rules; the error is there because the constructor checks.
    pub fn report(&self, seen: Seen) -> Result<VifReport, NetError> {
        Ok(VifReport {
            spec: self.spec.clone(),
            created_at: self.created_at,
            vlan_id: self.vlan_id,
            bridge: InterfaceName::new(BRIDGE)?,
            interface: InterfaceName::new(self.interface())?,
            gateway_ip: self.gateway_ip(),
            service_ip: self.service_ip(),
            status: seen.status,
            kill_switch: seen.kill_switch,
            gateway: seen.gateway,
            traffic: seen.traffic,
            isolation: seen.isolation,
        })
    }
}

/// What was last seen of a VIF on the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether it is there.
    pub status: VifStatus,
    /// Its kill switch.
    pub kill_switch: KillSwitch,
    /// The way behind its gate.
    pub gateway: Gateway,
    /// Its totals.
    pub traffic: Traffic,
    /// What the last comparison said.
    pub isolation: Option<Isolation>,
}

/// Whether a VIF is whole, and whether a service uses it. A veth runs while a container uses it (RouterOS 7.16 on).
pub fn status(is_whole: bool, is_used: bool) -> VifStatus {
    match (is_whole, is_used) {
        (false, _) => VifStatus::Failed,
        (true, true) => VifStatus::Active,
        (true, false) => VifStatus::Inactive,
    }
}
