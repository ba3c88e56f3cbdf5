//! What the controller shows, in the JSON of REST, of live events and of `--json`.
//!
//! Times are RFC 3339 in UTC with milliseconds. Ids are opaque texts. Fields that a later version fills are there
//! with null.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

mod change_set;
mod drift;
mod export;
mod trace;
mod vif;

pub use change_set::{
    ChangeError, ChangeSetView, ConfirmView, EditedChangeSet, FindingView, HistoryView, ItemView, NewChangeSet,
    OperationView, PlanView, ProgressView, Risk, StageStatus, StageView,
};
pub use drift::{AlteredView, DriftView};
pub use export::{ExportView, LeftOutView};
pub use trace::{TraceRequest, TraceStepView, TraceView};
pub use vif::{
    EditedVif, EgressRequest, EgressView, GatewayView, IsolationView, KillSwitchModeView, KillSwitchRequest,
    KillSwitchView, NewVif, PortView, TotalsView, TrafficHistoryView, TrafficPointView, VifView,
};

/// Unix milliseconds as RFC 3339 in UTC.
pub fn iso(unix_millis: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(unix_millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

/// Whether an agent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Its session at the broker lives.
    Online,
    /// It does not.
    Offline,
}

/// A router.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RouterView {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether its agent is there.
    pub state: Presence,
    /// Such as `7.24`; null before the agent has first reached the router.
    pub routeros_version: Option<String>,
    /// Such as `RB5009UG+S+`.
    pub board: Option<String>,
    /// `arm`, `arm64`, `x86` or `x86_64`.
    pub architecture: Option<String>,
    /// The name that the router calls itself.
    pub identity: Option<String>,
    /// The agent's version.
    pub agent_version: Option<String>,
    /// When the agent last said something.
    pub last_seen: Option<String>,
    /// Whether the agent is signed in at the router.
    pub api: ApiView,
    /// Seconds since the router booted.
    pub uptime_s: Option<u64>,
    /// 0 to 100.
    pub cpu_percent: Option<u8>,
    /// Bytes.
    pub memory_free: Option<u64>,
    /// Bytes.
    pub memory_total: Option<u64>,
}

/// The agent's session at the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiView {
    /// Whether it is signed in.
    pub connected: bool,
    /// Why not.
    pub error: Option<String>,
}

/// An interface that a VIF could leave by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterfaceView {
    /// Its name.
    pub name: String,
    /// RouterOS' type: `ether`, `wg`, `bridge` …
    pub kind: String,
    /// Whether it carries traffic.
    pub running: bool,
    /// Whether somebody switched it off.
    pub disabled: bool,
}

/// A line of the event list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// Rises with each line of this controller; give it as `after`.
    pub id: u64,
    /// When it happened, by the clock of who saw it.
    pub at: String,
    /// The router.
    pub router: String,
    /// `info`, `warning` or `critical`.
    #[schema(value_type = String)]
    pub severity: shared::notice::Severity,
    /// Stable, `lower_snake`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The VIF that it is about.
    pub vif: Option<String>,
    /// The change set that it is about.
    pub change_set: Option<String>,
}

/// A sample of rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrafficView {
    /// The router.
    pub router: String,
    /// When, by the agent's clock.
    pub at: String,
    /// Milliseconds that the rates cover.
    pub over_ms: u32,
    /// Interfaces that VIFs leave by, and those of the default routes.
    pub interfaces: Vec<InterfaceRate>,
    /// Per VIF, seen from the service.
    pub vifs: Vec<VifRate>,
}

/// The rate of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterfaceRate {
    /// Its name.
    pub name: String,
    /// Bits per second.
    pub rx_bps: u64,
    /// Bits per second.
    pub tx_bps: u64,
}

/// The rate of a VIF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VifRate {
    /// Its id.
    pub id: String,
    /// Bits per second towards the service.
    pub rx_bps: u64,
    /// Bits per second from the service.
    pub tx_bps: u64,
}

/// A router to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRouter {
    /// Its name for people, 1 to 60 characters.
    pub name: String,
    /// Its id; made from the name when missing.
    #[serde(default)]
    pub id: Option<String>,
    /// Where the agent reaches the router, `address` or `address:port`, when it is not the container's gateway at
    /// 8729.
    #[serde(default)]
    pub routeros: Option<String>,
    /// Where the agent reaches the broker, `mqtts://host:port`, when it is not as configured.
    #[serde(default)]
    pub mqtt_url: Option<String>,
    /// What the router runs, such as `7.21.4`; without it there is a script of the container for every version.
    #[serde(default)]
    pub routeros_version: Option<String>,
}

/// What enrolling gives: the agent's mount and the router's scripts. It holds secrets and is shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Enrolment {
    /// The router's id.
    pub router: String,
    /// The files of the agent's mount.
    pub files: Vec<EnrolmentFile>,
    /// The router's script: `/import` it before the container starts.
    pub rsc: String,
    /// The scripts that make the agent's container, oldest versions first; one where the router's version is known.
    /// `/import` the one for the router's version when files and image are on the router. They hold no secret.
    pub container: Vec<ContainerScript>,
}

/// A script that makes the agent's container on some versions of RouterOS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContainerScript {
    /// The first version that it is for, such as `7.20`.
    pub from: String,
    /// The first version that it is not for any more; null while there is none.
    pub before: Option<String>,
    /// Its file name.
    pub path: String,
    /// Its text.
    pub content: String,
}

impl std::fmt::Debug for Enrolment {
    /// Leaves out the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files: Vec<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        f.debug_struct("Enrolment").field("router", &self.router).field("files", &files).finish_non_exhaustive()
    }
}

/// A file of the agent's mount.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentFile {
    /// Its path inside the mount.
    pub path: String,
    /// Its Unix permissions, such as `0600`.
    pub mode: String,
    /// Its text.
    pub content: String,
}

/// Something that changed, for pages and programs that follow along.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Rises by one with each; resume after the last one seen.
    pub id: u64,
    /// `router`, `vif`, `change_set`, `drift`, `traffic`, `event`; or `resync` where the ids that were asked for are gone and
    /// the reader has to read everything anew.
    pub noun: &'static str,
    /// The router that it is about; empty for `resync`.
    pub router: String,
    /// The same as the noun's `GET` gives. A VIF or router that is gone: `{"id": …, "removed": true}`.
    pub data: serde_json::Value,
}

/// Name-value pairs as a JSON object in their own order.
fn as_object<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// Reads what [`as_object`] wrote, in the order in which it stands.
fn from_object<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;
    impl<'de> serde::de::Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of texts")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rfc_3339_in_utc_with_milliseconds() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }

    #[test]
    fn a_printed_enrolment_shows_no_secret() {
        let file = EnrolmentFile { path: "mqtt.password".into(), mode: "0600".into(), content: "hunter2".into() };
        let enrolment =
            Enrolment { router: "r1".into(), files: vec![file], rsc: "password=hunter2".into(), container: vec![] };
        assert!(!format!("{enrolment:?}").contains("hunter2"));
    }
}
