//! The documents, field by field. What a key means is said here; a number's unit is in its name, or it counts.

mod vif;

use super::time::iso;
use serde::Serialize;
use shared::{
    change_set::{Outcome, Phase, Report},
    ids::{ChangeSetId, VifId},
    notice::{Notice, Severity},
    router::{ApiState, RouterState},
    vif::{VifReport, VifStatus},
};

/// `bulkhead/<router>/state`. What the router says of itself is `null` before it was reached for the first time.
#[derive(Serialize)]
struct State<'a> {
    /// Whether the agent is signed in at the router.
    router_connected: bool,
    /// Why not, for people.
    router_error: Option<&'a str>,
    agent_version: &'a str,
    identity: Option<&'a str>,
    board: Option<&'a str>,
    architecture: Option<&'a str>,
    routeros_version: Option<&'a str>,
    uptime_seconds: Option<u64>,
    cpu_percent: Option<u8>,
    memory_percent: Option<u64>,
    memory_free_bytes: Option<u64>,
    memory_total_bytes: Option<u64>,
    vifs: usize,
    vifs_active: usize,
    /// Whether any VIF is being blocked.
    kill_switch_engaged: bool,
    /// VIFs whose kill switch is blocking.
    kill_switches_engaged: usize,
    /// Findings of the last verification, of all VIFs.
    isolation_findings: usize,
    /// Envelopes that the agent refused since it started.
    refused: u64,
    /// When this was so.
    at: String,
}

/// `bulkhead/<router>/change/state`.
#[derive(Serialize)]
struct Change<'a> {
    id: &'a str,
    /// The phase while it lasts, then the outcome: `applying`, `verifying`, `rolling_back`, `confirmed`, `reverted`,
    /// `partly_reverted` or `unknown`.
    state: &'a str,
    /// Whether the agent is at work on it.
    running: bool,
    /// Writes of this phase that are done.
    done: u32,
    total: u32,
    percent: u32,
    current: &'a str,
    error_code: Option<&'a str>,
    error: Option<&'a str>,
    hint: Option<&'a str>,
    /// Objects that are not as before, of `partly_reverted`.
    differs: usize,
    at: String,
}

/// `bulkhead/<router>/event`. Home Assistant wants the key `event_type`.
#[derive(Serialize)]
struct Line<'a> {
    event_type: &'a str,
    /// Stable over a repeated delivery.
    id: u64,
    /// `info`, `warning` or `critical`.
    severity: Severity,
    message: &'a str,
    vif: Option<&'a str>,
    change_set: Option<&'a str>,
    at: String,
}

pub(in crate::home) use vif::vif;

pub(super) fn state(state: &RouterState) -> Vec<u8> {
    let device = state.device.as_ref();
    let engaged = state.vifs.iter().filter(|vif| vif.kill_switch.active).count();
    json(&State {
        router_connected: state.api == ApiState::Connected,
        router_error: match &state.api {
            ApiState::Connected => None,
            ApiState::Unreachable(why) => Some(why),
        },
        agent_version: &state.agent_version,
        identity: device.map(|device| device.identity.as_str()),
        board: device.map(|device| device.board.as_str()),
        architecture: device.map(|device| device.architecture.as_str()),
        routeros_version: device.map(|device| device.routeros_version.as_str()),
        uptime_seconds: device.map(|device| device.uptime_s),
        cpu_percent: device.map(|device| device.cpu_percent),
        memory_percent: device.and_then(|device| {
            let used = device.memory_total.saturating_sub(device.memory_free);
            used.saturating_mul(100).checked_div(device.memory_total)
        }),
        memory_free_bytes: device.map(|device| device.memory_free),
        memory_total_bytes: device.map(|device| device.memory_total),
        vifs: state.vifs.len(),
        vifs_active: state.vifs.iter().filter(|vif| vif.status == VifStatus::Active).count(),
        kill_switch_engaged: engaged > 0,
        kill_switches_engaged: engaged,
        isolation_findings: state.vifs.iter().map(findings).sum(),
        refused: state.refused.iter().map(|(_, count)| count).sum(),
        at: iso(state.at),
    })
}

fn findings(vif: &VifReport) -> usize {
    vif.isolation.as_ref().map_or(0, |isolation| isolation.findings.len())
}

pub(super) fn change(report: &Report) -> Vec<u8> {
    let state = match (report.phase, report.outcome) {
        (Phase::Applying, _) => "applying",
        (Phase::Verifying, _) => "verifying",
        (Phase::RollingBack, _) => "rolling_back",
        (Phase::Ended, Some(Outcome::Confirmed)) => "confirmed",
        (Phase::Ended, Some(Outcome::Reverted)) => "reverted",
        (Phase::Ended, Some(Outcome::PartlyReverted)) => "partly_reverted",
        (Phase::Ended, Some(Outcome::Unknown) | None) => "unknown",
    };
    let error = report.error.as_ref();
    json(&Change {
        id: report.id.as_str(),
        state,
        running: report.phase != Phase::Ended,
        done: report.done,
        total: report.total,
        percent: report.done.saturating_mul(100).checked_div(report.total).unwrap_or(0).min(100),
        current: &report.current,
        error_code: error.map(|error| error.code.as_str()),
        error: error.map(|error| error.message.as_str()),
        hint: error.map(|error| error.hint.as_str()),
        differs: report.differs.len(),
        at: iso(report.at),
    })
}

pub(super) fn event(notice: &Notice) -> Vec<u8> {
    json(&Line {
        event_type: &notice.code,
        id: notice.id,
        severity: notice.severity,
        message: &notice.message,
        vif: notice.vif.as_ref().map(VifId::as_str),
        change_set: notice.change_set.as_ref().map(ChangeSetId::as_str),
        at: iso(notice.at),
    })
}

/// Nothing in these documents can fail to be JSON; were it otherwise, an empty document would say so.
fn json(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).unwrap_or_else(|_| b"{}".to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::samples;
    use expect_test::{Expect, expect};
    use shared::change_set::Refusal;

    fn check(document: &[u8], expected: &Expect) {
        let lines = String::from_utf8_lossy(document).replace(",\"", ",\n\"");
        expected.assert_eq(&lines);
    }

    #[test]
    fn the_state_of_a_router() {
        check(
            &state(&samples::state()),
            &expect![[r#"
            {"router_connected":true,
            "router_error":null,
            "agent_version":"0.1.0",
            "identity":"home",
            "board":"RB5009UG+S+",
            "architecture":"arm64",
            "routeros_version":"7.24",
            "uptime_seconds":3600,
            "cpu_percent":7,
            "memory_percent":25,
            "memory_free_bytes":750,
            "memory_total_bytes":1000,
            "vifs":1,
            "vifs_active":1,
            "kill_switch_engaged":false,
            "kill_switches_engaged":0,
            "isolation_findings":1,
            "refused":3,
            "at":"2026-09-21T14:13:20.000Z"}"#]],
        );
    }

    #[test]
    fn the_state_of_a_router_that_was_never_reached() {
        let unreachable = ApiState::Unreachable("192.168.88.1:8729 did not answer".to_owned());
        let document = RouterState { api: unreachable, device: None, vifs: Vec::new(), ..samples::state() };
        let text = String::from_utf8(state(&document)).expect("text");
        let start = "{\"router_connected\":false,\"router_error\":\"192.168.88.1:8729 did not answer\",";
        assert!(text.starts_with(start) && text.contains("\"identity\":null,"), "{text}");
    }

    #[test]
    fn a_change_under_way() {
        check(
            &change(&samples::report()),
            &expect![[r#"
            {"id":"cs-1",
            "state":"applying",
            "running":true,
            "done":3,
            "total":12,
            "percent":25,
            "current":"add /ip/route",
            "error_code":null,
            "error":null,
            "hint":null,
            "differs":0,
            "at":"2026-09-21T14:13:20.000Z"}"#]],
        );
    }

    #[test]
    fn a_change_that_ended_says_how_and_why() {
        let error = Refusal::new("name_taken", "the name `tor` is taken", "Choose another.");
        let ended = Report {
            phase: Phase::Ended,
            outcome: Some(Outcome::Reverted),
            error: Some(error),
            total: 0,
            ..samples::report()
        };
        check(
            &change(&ended),
            &expect![[r#"
            {"id":"cs-1",
            "state":"reverted",
            "running":false,
            "done":3,
            "total":0,
            "percent":0,
            "current":"add /ip/route",
            "error_code":"name_taken",
            "error":"the name `tor` is taken",
            "hint":"Choose another.",
            "differs":0,
            "at":"2026-09-21T14:13:20.000Z"}"#]],
        );
    }

    #[test]
    fn a_line_of_the_event_list() {
        let notice = Notice {
            id: u64::MAX,
            at: 0,
            severity: Severity::Warning,
            code: "kill_switch_engaged".to_owned(),
            message: "The way out of \"tor\" is closed".to_owned(),
            vif: VifId::new("tor-1").ok(),
            change_set: None,
        };
        check(
            &event(&notice),
            &expect![[r#"
            {"event_type":"kill_switch_engaged",
            "id":18446744073709551615,
            "severity":"warning",
            "message":"The way out of \"tor\" is closed",
            "vif":"tor-1",
            "change_set":null,
            "at":"1970-01-01T00:00:00.000Z"}"#]],
        );
    }
}
