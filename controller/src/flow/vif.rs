//! VIFs: from what the agent says to what is shown. From what a person asks for to what the agent is told: [`wish`].

mod port;
mod wish;

use crate::{
    problem::Problem,
    view::{
        EgressView, GatewayView, IsolationView, KillSwitchModeView, KillSwitchView, PortView, TotalsView,
        TrafficHistoryView, TrafficPointView, VifView, iso,
    },
};
pub use port::{PORT_FORM, port_from, port_text};
use shared::vif::{Gateway, History, KillSwitchMode, Point, PublishedPort, Span, VifReport};
use std::fmt::Write as _;
pub use wish::{falls_back_to, spec, updated};

/// The view of a VIF.
pub fn view(report: &VifReport) -> VifView {
    let (switch, traffic) = (&report.kill_switch, report.traffic);
    VifView {
        id: report.spec.id.to_string(),
        service_id: None,
        name: report.spec.name.to_string(),
        created_at: iso(report.created_at),
        vlan_id: report.vlan_id.get(),
        bridge: report.bridge.to_string(),
        interface: report.interface.to_string(),
        gateway_ip: report.gateway_ip.to_string(),
        service_ip: report.service_ip.to_string(),
        egress: EgressView { interface: report.spec.egress.interface().to_string() },
        status: report.status,
        kill_switch: KillSwitchView {
            mode: mode(&switch.mode),
            fallback: switch.mode.fallback().map(ToString::to_string),
            state: switch.state,
            active: switch.active,
            gate: switch.gate,
            since: iso(switch.since),
            reason: switch.reason.clone(),
            held: switch.held,
            way: switch.way.as_ref().map(ToString::to_string),
            reaction_ms: switch.reaction_ms,
        },
        gateway: gateway(&report.gateway),
        resolver: report.spec.resolver.map(|resolver| resolver.to_string()),
        ports: report.spec.ports.iter().map(port).collect(),
        traffic: TotalsView {
            rx_bytes: traffic.rx_bytes,
            tx_bytes: traffic.tx_bytes,
            rx_packets: traffic.rx_packets,
            tx_packets: traffic.tx_packets,
            rx_drops: traffic.rx_drops,
            tx_drops: traffic.tx_drops,
            rx_errors: traffic.rx_errors,
            tx_errors: traffic.tx_errors,
        },
        quota: None,
        isolation: isolation(report),
    }
}

/// The word of a mode.
fn mode(mode: &KillSwitchMode) -> KillSwitchModeView {
    match mode {
        KillSwitchMode::Block => KillSwitchModeView::Block,
        KillSwitchMode::Fallback(_) => KillSwitchModeView::Fallback,
        KillSwitchMode::Off => KillSwitchModeView::Off,
    }
}

fn gateway(gateway: &Gateway) -> GatewayView {
    GatewayView {
        latency_ms: gateway.latency_us.map(|micros| f64::from(micros) / 1000.0),
        checked_at: gateway.checked_at.map(iso),
        lost: gateway.lost,
        handshake_s: gateway.handshake_s,
    }
}

fn port(port: &PublishedPort) -> PortView {
    PortView { protocol: port.protocol, port: port.port, to_port: port.to_port, from: port.from.to_string() }
}

fn isolation(report: &VifReport) -> IsolationView {
    report.isolation.as_ref().map_or_else(IsolationView::default, |seen| IsolationView {
        verified_at: Some(iso(seen.verified_at)),
        ok: seen.ok,
        findings: seen.findings.clone(),
        took_ms: Some(seen.took_ms),
        traced: Some(seen.traced),
        tripped: Some(seen.tripped),
    })
}

/// The view of what a VIF carried.
pub fn history(history: &History) -> TrafficHistoryView {
    let point = |point: &Point| TrafficPointView {
        at: iso(point.at),
        over_ms: point.over_ms,
        rx_bytes: point.rx_bytes,
        tx_bytes: point.tx_bytes,
        rx_packets: point.rx_packets,
        tx_packets: point.tx_packets,
        drops: point.drops,
    };
    TrafficHistoryView {
        vif: history.vif.to_string(),
        range: history.span.as_str().to_owned(),
        step_s: history.step_s,
        until: iso(history.until),
        points: history.points.iter().map(point).collect(),
    }
}

/// The same as a table for programs (RFC 4180): a line of names, then one a point.
pub fn csv(history: &TrafficHistoryView) -> String {
    let mut out = "at,over_ms,rx_bytes,tx_bytes,rx_packets,tx_packets,drops\r\n".to_owned();
    for point in &history.points {
        let TrafficPointView { at, over_ms, rx_bytes, tx_bytes, rx_packets, tx_packets, drops } = point;
        // Nothing in it has to be quoted: a time and numbers.
        let _ = write!(out, "{at},{over_ms},{rx_bytes},{tx_bytes},{rx_packets},{tx_packets},{drops}\r\n");
    }
    out
}

/// A span by its word.
///
/// # Errors
/// `field_invalid`
pub fn span(word: &str) -> Result<Span, Problem> {
    Span::ALL.into_iter().find(|span| span.as_str() == word).ok_or_else(|| {
        let words = Span::ALL.map(Span::as_str).join(", ");
        Problem::field("range", "There is no history of that range.", format!("Give one of: {words}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::VifId;

    #[test]
    fn a_history_is_one_line_a_point_and_a_gap_is_no_line() {
        let point = |at| Point { at, over_ms: 60_000, rx_bytes: 1_500, drops: 2, ..Point::default() };
        let told = History {
            vif: VifId::new("tor-1").unwrap(),
            span: Span::Day,
            step_s: 60,
            until: 240_000,
            points: vec![point(0), point(180_000)],
        };
        let told = history(&told);
        assert_eq!((told.range.as_str(), told.until.as_str()), ("24h", "1970-01-01T00:04:00.000Z"));
        let lines = [
            "at,over_ms,rx_bytes,tx_bytes,rx_packets,tx_packets,drops",
            "1970-01-01T00:00:00.000Z,60000,1500,0,0,0,2",
            "1970-01-01T00:03:00.000Z,60000,1500,0,0,0,2",
            "",
        ];
        assert_eq!(csv(&told), lines.join("\r\n"));
    }

    #[test]
    fn a_range_that_nobody_keeps_is_refused_at_its_field() {
        for word in ["1h", "24h", "7d", "30d", "90d"] {
            assert_eq!(span(word).map(Span::as_str).ok(), Some(word));
        }
        for word in ["", "1d", "365d", "24H"] {
            let problem = span(word).expect_err(word);
            assert_eq!((problem.code, &problem.extra["field"]), ("field_invalid", &"range".into()), "{word}");
        }
    }
}
