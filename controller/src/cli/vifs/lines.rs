//! VIFs as lines on a terminal.

use crate::{
    cli::{changes::word, output},
    flow::vif::port_text,
    view::{KillSwitchModeView, TrafficHistoryView, VifView},
};
use std::fmt::Write as _;

/// All of them, a line each.
pub(super) fn list(found: &[VifView]) -> anyhow::Result<()> {
    let rows: Vec<[String; 9]> = found
        .iter()
        .map(|vif| {
            [
                vif.id.clone(),
                vif.name.clone(),
                word(&vif.status),
                word(&vif.kill_switch.mode),
                state(vif),
                vif.vlan_id.to_string(),
                vif.service_ip.clone(),
                vif.egress.interface.clone(),
                vif.gateway.latency_ms.map_or_else(|| "-".to_owned(), |latency| format!("{latency:.1} ms")),
            ]
        })
        .collect();
    let head = ["ID", "NAME", "STATUS", "MODE", "KILL SWITCH", "VLAN", "SERVICE", "EGRESS", "LATENCY"];
    Ok(output::table(head, &rows)?)
}

fn state(vif: &VifView) -> String {
    let state = word(&vif.kill_switch.state);
    if vif.kill_switch.held { format!("{state} by hand") } else { state }
}

/// One of them, whole.
pub(super) fn card(vif: &VifView) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a text does not fail.
        let _ = writeln!(out, "{name:<14}{}", output::harmless(&value).trim_end());
    };
    let (switch, gateway, isolation, traffic) = (&vif.kill_switch, &vif.gateway, &vif.isolation, &vif.traffic);
    line("VIF", format!("{} ({}), {}", vif.name, vif.id, word(&vif.status)));
    let mode = match (switch.mode, &switch.fallback) {
        (KillSwitchModeView::Off, _) => "off: NOT PROTECTED".to_owned(),
        (mode, Some(vif)) => format!("{} to {vif}", word(&mode)),
        (mode, None) => word(&mode),
    };
    line("Kill switch", format!("{}, mode {mode}", state(vif)));
    line("Gate", format!("{} since {}", word(&switch.gate), switch.since));
    line("Reason", switch.reason.clone());
    if let Some(reaction) = switch.reaction_ms {
        line("Reaction", format!("{reaction} ms the last time"));
    }
    line(
        "Way out",
        switch.way.as_ref().map_or_else(
            || format!("{}; no packet leaves", vif.egress.interface),
            |way| format!("{}; packets leave by {way}", vif.egress.interface),
        ),
    );
    let latency = gateway.latency_ms.map_or_else(|| "not known".to_owned(), |latency| format!("{latency:.1} ms"));
    line("Latency", format!("{latency}, {} probes lost in a row", gateway.lost));
    if let Some(seconds) = gateway.handshake_s {
        line("Handshake", format!("{seconds} s ago"));
    }
    let verified = isolation.verified_at.as_deref().map_or_else(
        || "not verified yet".to_owned(),
        |at| {
            let word = if isolation.ok { "verified" } else { "DIFFERS" };
            format!("{word} at {at}, {} packets followed", isolation.traced.unwrap_or_default())
        },
    );
    line("Isolation", verified);
    for finding in &isolation.findings {
        line("", format!("- {finding}"));
    }
    if let Some(tripped) = isolation.tripped {
        line("Tripwires", if tripped == 0 { "nothing leaked".to_owned() } else { format!("{tripped} packets LEAKED") });
    }
    let (bytes, packets) = ((traffic.rx_bytes, traffic.tx_bytes), (traffic.rx_packets, traffic.tx_packets));
    line(
        "Received",
        format!("{} bytes, {} packets, {} dropped, {} errors", bytes.0, packets.0, traffic.rx_drops, traffic.rx_errors),
    );
    line(
        "Sent",
        format!("{} bytes, {} packets, {} dropped, {} errors", bytes.1, packets.1, traffic.tx_drops, traffic.tx_errors),
    );
    line("Network", format!("VLAN {} on {}, {} and {}", vif.vlan_id, vif.bridge, vif.gateway_ip, vif.service_ip));
    line("Resolver", vif.resolver.clone().unwrap_or_else(|| "none".to_owned()));
    for port in &vif.ports {
        line("Port", port_text(port));
    }
    out
}

/// What it carried, a line a point.
pub(super) fn history(history: &TrafficHistoryView) -> anyhow::Result<()> {
    let rows: Vec<[String; 6]> = history
        .points
        .iter()
        .map(|point| {
            [
                point.at.clone(),
                point.rx_bytes.to_string(),
                point.tx_bytes.to_string(),
                point.rx_packets.to_string(),
                point.tx_packets.to_string(),
                point.drops.to_string(),
            ]
        })
        .collect();
    Ok(output::table(["FROM", "RX BYTES", "TX BYTES", "RX PACKETS", "TX PACKETS", "DROPPED"], &rows)?)
}
