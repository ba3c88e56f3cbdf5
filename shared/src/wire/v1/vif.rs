//! VIFs on the wire: what is asked for, what is reported, what they carried.

use super::Wire;
use crate::{
    ids, net,
    vif::{self, Protocol as VifProtocol},
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

choice!(/** `vif::KillSwitchMode` */ KillSwitchMode = vif::KillSwitchMode { Block, Fallback(ids::VifId), Off });
choice!(/** `vif::KillSwitchState` */ KillSwitchState = vif::KillSwitchState { Armed, Suspect, Engaged, Recovering, Off });
choice!(/** `vif::Gate` */ Gate = vif::Gate { Open, Closed });
choice!(/** `vif::VifStatus` */ VifStatus = vif::VifStatus { Active, Inactive, Failed });
choice!(/** `vif::Egress` */ Egress = vif::Egress { Interface(net::InterfaceName) });
choice!(/** `vif::Protocol` */ Protocol = VifProtocol { Tcp, Udp });
choice!(/** `vif::Span` */ Span = vif::Span { Hour, Day, Week, Month, Quarter });

record!(/** `vif::VifSpec` */ VifSpec = vif::VifSpec {
    id: ids::VifId, name: vif::VifName, egress: vif::Egress, kill_switch: vif::KillSwitchMode,
    resolver: Option<Ipv4Addr>, ports: Vec<vif::PublishedPort>,
});
record!(/** `vif::PublishedPort` */ PublishedPort = vif::PublishedPort {
    protocol: VifProtocol, port: u16, to_port: u16, from: net::InterfaceName,
});
record!(/** `vif::KillSwitch` */ KillSwitch = vif::KillSwitch {
    mode: vif::KillSwitchMode, state: vif::KillSwitchState, active: bool, gate: vif::Gate, since: i64, reason: String,
    held: bool, way: Option<net::InterfaceName>, reaction_ms: Option<u32>,
});
record!(/** `vif::Gateway` */ Gateway = vif::Gateway {
    latency_us: Option<u32>, lost: u32, handshake_s: Option<u32>, checked_at: Option<i64>,
});
record!(/** `vif::Traffic` */ Traffic = vif::Traffic {
    rx_bytes: u64, tx_bytes: u64, rx_packets: u64, tx_packets: u64, rx_drops: u64, tx_drops: u64, rx_errors: u64,
    tx_errors: u64,
});
record!(/** `vif::Isolation` */ Isolation = vif::Isolation {
    verified_at: i64, ok: bool, findings: Vec<String>, took_ms: u32, traced: u32, tripped: u64,
});
record!(/** `vif::VifReport` */ VifReport = vif::VifReport {
    spec: vif::VifSpec, created_at: i64, vlan_id: net::VlanId, bridge: net::InterfaceName,
    interface: net::InterfaceName, gateway_ip: Ipv4Addr, service_ip: Ipv4Addr, status: vif::VifStatus,
    kill_switch: vif::KillSwitch, gateway: vif::Gateway, traffic: vif::Traffic, isolation: Option<vif::Isolation>,
});
record!(/** `vif::Point` */ Point = vif::Point {
    at: i64, over_ms: u32, rx_bytes: u64, tx_bytes: u64, rx_packets: u64, tx_packets: u64, drops: u64,
});
record!(/** `vif::History` */ History = vif::History {
    vif: ids::VifId, span: vif::Span, step_s: u32, until: i64, points: Vec<vif::Point>,
});
