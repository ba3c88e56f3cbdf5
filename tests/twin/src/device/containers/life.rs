//! The states of a container and what leads from one to the next.

use std::time::Duration;

use shared::routeros::{schema::Version, value::RowId};

use super::{Device, Trap};
use crate::device::{caller::Caller, system::ARCHITECTURE};

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its image comes and is unpacked.
    Fetching,
    /// That did not succeed, for this reason.
    Failed(String),
    /// Unpacked and still.
    Stopped,
    Starting,
    Running,
    /// It was told to end, and has its grace; then it may begin again.
    Stopping,
    Restarting,
}

/// Everything that tells a state.
pub(super) const STATES: [&str; 8] = [
    "status",
    "stopped",
    "starting",
    "running",
    "stopping",
    "downloading/extracting",
    "download/extract failed",
    ".about",
];

/// Between the command and the first process.
const START: Duration = Duration::from_millis(500);

impl Phase {
    /// The flag from 7.20 on (CLI reference, `/container`).
    pub(super) fn flag(&self) -> &'static str {
        match self {
            Self::Fetching => "downloading/extracting",
            Self::Failed(_) => "download/extract failed",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping | Self::Restarting => "stopping",
        }
    }

    /// The `status` up to 7.19.
    pub(super) fn status(&self, remote: bool) -> &'static str {
        match self {
            Self::Fetching if remote => "downloading/extracting",
            Self::Fetching => "extracting",
            Self::Failed(_) => "error",
            // No other word was seen before 7.20.
            Self::Stopped | Self::Starting => "stopped",
            Self::Running => "running",
            Self::Stopping | Self::Restarting => "stopping",
        }
    }
}

impl Device {
    /// The first process is to come.
    ///
    /// # Errors
    /// No server to ask for names, from 7.24 on (changelog).
    pub(super) fn start_container(&mut self, id: RowId) -> Result<(), Trap> {
        let own = self.store("/container").row(id).is_some_and(|row| !row.text("dns").is_empty());
        if !own && self.version() >= Version::new(7, 24, 0) && self.is_built() && !self.has_dns() {
            return Err(Trap::failure("no dns server configured"));
        }
        self.enter_phase(id, Phase::Starting, Some(self.now + START));
        Ok(())
    }

    /// SIGTERM; who does not end within the grace is killed (manual, *Container*: ten seconds).
    pub(super) fn stop_container(&mut self, id: RowId, again: bool) {
        const GRACE: Duration = Duration::from_secs(10);
        let takes = self.image_of(id).map_or(Duration::ZERO, |image| Duration::from_millis(image.stop_ms));
        let phase = if again { Phase::Restarting } else { Phase::Stopping };
        self.enter_phase(id, phase, Some(self.now + takes.min(GRACE)));
    }

    /// The last process is gone; by itself with a status, or because it was told to.
    pub(super) fn container_ended(&mut self, id: RowId, status: Option<u8>) {
        match status {
            Some(status) => self.log("container,error", &format!("*** error: exited with status {status}")),
            None => self.log("container,info", "*** stopped"),
        }
        self.enter_phase(id, Phase::Stopped, None);
        if let Some(row) = self.store_mut("/container").live_mut(id) {
            row.derived.remove("memory-current");
        }
    }

    /// The moment of a container has come.
    pub(super) fn container_goes_on(&mut self, id: RowId) {
        match self.phase(id) {
            Phase::Fetching => self.fetched(id),
            Phase::Starting => self.started(id),
            // With a moment that it ends at, it ends by itself.
            Phase::Running => {
                let status = self.image_of(id).and_then(|image| image.exits);
                self.container_ended(id, status.or(Some(0)));
            }
            Phase::Stopping => self.container_ended(id, None),
            Phase::Restarting => {
                self.container_ended(id, None);
                if let Err(trap) = self.start_container(id) {
                    self.log("container,error", &format!("*** error: start failed: {trap}"));
                }
            }
            Phase::Failed(_) | Phase::Stopped => {}
        }
    }

    fn started(&mut self, id: RowId) {
        const MEMORY: &str = "12582912";
        let image = self.image_of(id).unwrap_or_default();
        if image.architecture.as_deref().is_some_and(|built| built != ARCHITECTURE) {
            self.log("container,error", "*** error: exec format error");
            self.container_ended(id, Some(255));
            return;
        }
        self.log("container,info", "*** started");
        let until = image.exits.map(|_| self.now + Duration::from_secs(1));
        self.enter_phase(id, Phase::Running, until);
        if self.version() >= Version::new(7, 24, 0)
            && let Some(row) = self.store_mut("/container").live_mut(id)
        {
            row.derived.insert("memory-current", MEMORY.to_owned());
        }
    }

    /// Whether the router has a server to ask for names.
    fn has_dns(&self) -> bool {
        ["servers", "dynamic-servers"].iter().any(|name| {
            self.spec("/ip/dns").is_some_and(|spec| {
                self.render_single(&Caller::router(), spec).iter().any(|(key, value)| key == name && !value.is_empty())
            })
        })
    }
}
