//! VIFs: from what a person asks for to what the agent is told, and from what the agent says to what is shown.

use crate::{
    problem::{self, Problem},
    view::{
        EgressRequest, EgressView, GatewayView, IsolationView, KillSwitchModeRequest, KillSwitchView, NewVif,
        TotalsView, VifView, iso,
    },
};
use shared::{
    ids::VifId,
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, VifName, VifReport, VifSpec},
};

/// What the agent is told. The VIF's id is made of its name and a suffix that no other VIF has had.
///
/// # Errors
/// `field_invalid` with the field; `not_available_yet` for what a later version takes.
pub fn spec(new: &NewVif, suffix: &str) -> Result<VifSpec, Problem> {
    let name = VifName::new(new.name.as_str()).map_err(|error| {
        Problem::field("name", sentence(&error.to_string()), "Choose another name, such as `tor` or `vpn-nl`.")
    })?;
    if new.quota.is_some() {
        return Err(later("quota", "Quotas", "Leave `quota` out."));
    }
    match new.kill_switch.mode {
        KillSwitchModeRequest::Block if new.kill_switch.fallback.is_none() => {}
        KillSwitchModeRequest::Block => {
            return Err(Problem::field(
                "kill_switch.fallback",
                "The mode `block` has no fallback.",
                "Leave `fallback` out.",
            ));
        }
        KillSwitchModeRequest::Fallback => {
            return Err(later("kill_switch.mode", "The mode `fallback`", "The mode `block` works."));
        }
        KillSwitchModeRequest::Off => {
            return Err(later("kill_switch.mode", "The mode `off`", "The mode `block` works."));
        }
    }
    let id = VifId::new(format!("{name}-{suffix}")).map_err(|error| Problem::internal(&error))?;
    let egress = egress(&new.egress)?;
    Ok(VifSpec { id, name, egress, kill_switch: KillSwitchMode::Block, resolver: None, ports: Vec::new() })
}

fn egress(request: &EgressRequest) -> Result<Egress, Problem> {
    const WORKS: &str = "`{\"interface\": \"wg-vpn\"}` works.";
    match (&request.interface, &request.chain, request.direct) {
        (Some(name), None, None) => InterfaceName::new(name.as_str()).map(Egress::Interface).map_err(|error| {
            Problem::field("egress.interface", sentence(&error.to_string()), "Take a name from the router's list.")
        }),
        (None, Some(_), None) => Err(later("egress.chain", "Chains", WORKS)),
        (None, None, Some(_)) => Err(later("egress.direct", "The way out by the default route", WORKS)),
        _ => Err(Problem::field("egress", "A VIF has exactly one way out.", WORKS)),
    }
}

fn later(field: &str, what: &str, works: &str) -> Problem {
    Problem::new(problem::NOT_AVAILABLE_YET, format!("{what} cannot be used in this version."), works)
        .with("field", field)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

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
            mode: switch.mode.clone(),
            state: switch.state,
            active: switch.active,
            gate: switch.gate,
            since: iso(switch.since),
            reason: switch.reason.clone(),
        },
        gateway: GatewayView::default(),
        traffic: TotalsView {
            rx_bytes: traffic.rx_bytes,
            tx_bytes: traffic.tx_bytes,
            rx_packets: traffic.rx_packets,
            tx_packets: traffic.tx_packets,
            rx_drops: traffic.rx_drops,
            tx_drops: traffic.tx_drops,
        },
        quota: None,
        isolation: isolation(report),
    }
}

fn isolation(report: &VifReport) -> IsolationView {
    report.isolation.as_ref().map_or_else(
        || IsolationView { verified_at: None, ok: false, findings: Vec::new() },
        |seen| IsolationView { verified_at: Some(iso(seen.verified_at)), ok: seen.ok, findings: seen.findings.clone() },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(json: serde_json::Value) -> Result<VifSpec, Problem> {
        spec(&serde_json::from_value(json).expect("a request"), "k3x7q2mz")
    }

    #[test]
    fn a_wish_becomes_an_order_with_an_id_of_its_own() {
        let spec = asked(json!({"name": "tor", "egress": {"interface": "wg-vpn"}})).unwrap();
        assert_eq!(spec.id.as_str(), "tor-k3x7q2mz");
        assert_eq!(spec.egress.interface().as_str(), "wg-vpn");
    }

    #[test]
    fn what_cannot_be_done_is_said_at_its_field() {
        let wg = json!({"interface": "wg-vpn"});
        for (request, code, field) in [
            (json!({"name": "Tor!", "egress": wg}), "field_invalid", "name"),
            (json!({"name": "tor", "egress": {"interface": "a,b"}}), "field_invalid", "egress.interface"),
            (json!({"name": "tor", "egress": {}}), "field_invalid", "egress"),
            (json!({"name": "tor", "egress": {"interface": "a", "direct": true}}), "field_invalid", "egress"),
            (json!({"name": "tor", "egress": {"direct": true}}), "not_available_yet", "egress.direct"),
            (json!({"name": "tor", "egress": {"chain": []}}), "not_available_yet", "egress.chain"),
            (
                json!({"name": "t", "egress": wg, "kill_switch": {"mode": "off"}}),
                "not_available_yet",
                "kill_switch.mode",
            ),
            (
                json!({"name": "t", "egress": wg, "kill_switch": {"mode": "fallback"}}),
                "not_available_yet",
                "kill_switch.mode",
            ),
            (
                json!({"name": "t", "egress": wg, "kill_switch": {"fallback": "x"}}),
                "field_invalid",
                "kill_switch.fallback",
            ),
            (json!({"name": "t", "egress": wg, "quota": {}}), "not_available_yet", "quota"),
        ] {
            let problem = asked(request.clone()).expect_err(&request.to_string());
            assert_eq!((problem.status, problem.code), (422, code), "{request}");
            assert_eq!(problem.extra["field"], field, "{request}");
        }
    }

    #[test]
    fn a_field_that_means_nothing_is_not_overlooked() {
        for request in [
            json!({"name": "tor", "egress": {"interface": "wg"}, "vlan": 7}),
            json!({"name": "tor", "egress": {"interface": "wg", "table": "main"}}),
            json!({"name": "tor", "egress": {"interface": "wg"}, "kill_switch": {"mode": "maybe"}}),
        ] {
            assert!(serde_json::from_value::<NewVif>(request.clone()).is_err(), "{request}");
        }
    }
}
