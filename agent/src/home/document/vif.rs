//! The document of a VIF.

use super::{findings, iso, json};
use serde::Serialize;
use shared::{
    net::InterfaceName,
    vif::{Gate, KillSwitchState, VifReport, VifStatus},
};

/// `bulkhead/<router>/vif/<id>/state`.
#[derive(Serialize)]
struct Vif<'a> {
    id: &'a str,
    name: &'a str,
    /// Whether all is there and a service uses it.
    active: bool,
    /// `active`, `inactive` or `failed`.
    status: VifStatus,
    /// The interface by which its packets leave the router.
    egress: &'a str,
    /// Whether it is being blocked at this moment.
    kill_switch_engaged: bool,
    /// `armed`, `suspect`, `engaged`, `recovering` or `off`.
    kill_switch_state: KillSwitchState,
    kill_switch_reason: &'a str,
    kill_switch_since: String,
    /// `block`, `fallback` or `off`.
    kill_switch_mode: &'a str,
    /// Whether a person engaged it.
    kill_switch_held: bool,
    /// From the moment at which the agent knew of the last failure to the closed gate; `null` before the first.
    kill_switch_reaction_milliseconds: Option<u32>,
    /// `open` or `closed`.
    gate: Gate,
    /// The interface by which packets leave at this moment; `null` while none may.
    way: Option<&'a str>,
    /// There and back through the egress; `null` where the last probe was lost or none was sent.
    latency_microseconds: Option<u32>,
    /// Probes that were lost in a row.
    probes_lost: u32,
    /// Since WireGuard's last handshake; `null` of other tunnels.
    handshake_age_seconds: Option<u32>,
    /// When the last probe ended; `null` before the first.
    probed_at: Option<String>,
    /// Whether the last verification found nothing; `null` before the first.
    isolation_verified: Option<bool>,
    isolation_verified_at: Option<String>,
    isolation_findings: usize,
    /// The first finding.
    isolation_finding: Option<&'a str>,
    /// Towards the service.
    rx_bytes: u64,
    /// From the service.
    tx_bytes: u64,
    rx_packets: u64,
    tx_packets: u64,
    rx_drops: u64,
    tx_drops: u64,
    vlan_id: u16,
    interface: &'a str,
    gateway_ip: String,
    service_ip: String,
    created_at: String,
}

pub(in crate::home) fn vif(vif: &VifReport) -> Vec<u8> {
    let isolation = vif.isolation.as_ref();
    json(&Vif {
        id: vif.spec.id.as_str(),
        name: vif.spec.name.as_str(),
        active: vif.status == VifStatus::Active,
        status: vif.status,
        egress: vif.spec.egress.interface().as_str(),
        kill_switch_engaged: vif.kill_switch.active,
        kill_switch_state: vif.kill_switch.state,
        kill_switch_reason: &vif.kill_switch.reason,
        kill_switch_since: iso(vif.kill_switch.since),
        kill_switch_mode: vif.kill_switch.mode.as_str(),
        kill_switch_held: vif.kill_switch.held,
        kill_switch_reaction_milliseconds: vif.kill_switch.reaction_ms,
        gate: vif.kill_switch.gate,
        way: vif.kill_switch.way.as_ref().map(InterfaceName::as_str),
        latency_microseconds: vif.gateway.latency_us,
        probes_lost: vif.gateway.lost,
        handshake_age_seconds: vif.gateway.handshake_s,
        probed_at: vif.gateway.checked_at.map(iso),
        isolation_verified: isolation.map(|isolation| isolation.ok),
        isolation_verified_at: isolation.map(|isolation| iso(isolation.verified_at)),
        isolation_findings: findings(vif),
        isolation_finding: isolation.and_then(|isolation| isolation.findings.first()).map(String::as_str),
        rx_bytes: vif.traffic.rx_bytes,
        tx_bytes: vif.traffic.tx_bytes,
        rx_packets: vif.traffic.rx_packets,
        tx_packets: vif.traffic.tx_packets,
        rx_drops: vif.traffic.rx_drops,
        tx_drops: vif.traffic.tx_drops,
        vlan_id: vif.vlan_id.get(),
        interface: vif.interface.as_str(),
        gateway_ip: vif.gateway_ip.to_string(),
        service_ip: vif.service_ip.to_string(),
        created_at: iso(vif.created_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::samples;
    use expect_test::{Expect, expect};
    use shared::vif::KillSwitch;

    fn check(document: &[u8], expected: &Expect) {
        let lines = String::from_utf8_lossy(document).replace(",\"", ",\n\"");
        expected.assert_eq(&lines);
    }

    #[test]
    fn a_vif() {
        check(
            &vif(&samples::vif()),
            &expect![[r#"
            {"id":"tor-1",
            "name":"tor",
            "active":true,
            "status":"active",
            "egress":"wg-vpn",
            "kill_switch_engaged":false,
            "kill_switch_state":"armed",
            "kill_switch_reason":"the egress is good",
            "kill_switch_since":"2026-09-21T14:12:50.000Z",
            "kill_switch_mode":"block",
            "kill_switch_held":false,
            "kill_switch_reaction_milliseconds":12,
            "gate":"open",
            "way":"wg-vpn",
            "latency_microseconds":9100,
            "probes_lost":0,
            "handshake_age_seconds":40,
            "probed_at":"2026-09-21T14:13:20.000Z",
            "isolation_verified":false,
            "isolation_verified_at":"2026-09-21T14:13:20.000Z",
            "isolation_findings":1,
            "isolation_finding":"a rule is missing",
            "rx_bytes":10,
            "tx_bytes":20,
            "rx_packets":1,
            "tx_packets":2,
            "rx_drops":0,
            "tx_drops":3,
            "vlan_id":100,
            "interface":"bh-v100",
            "gateway_ip":"172.16.64.1",
            "service_ip":"172.16.64.2",
            "created_at":"2026-09-21T14:12:20.000Z"}"#]],
        );
    }

    #[test]
    fn a_vif_that_is_blocked_and_was_not_verified_yet() {
        let kill_switch = KillSwitch { active: true, ..samples::vif().kill_switch };
        let document = VifReport { status: VifStatus::Failed, kill_switch, isolation: None, ..samples::vif() };
        let text = String::from_utf8(vif(&document)).expect("text");
        for part in ["\"active\":false", "\"kill_switch_engaged\":true", "\"isolation_verified\":null"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
