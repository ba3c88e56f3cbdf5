//! Containers: fetched, unpacked, started, stopped.

mod fetch;
mod life;

pub use self::fetch::{Image, Registry};

use std::{collections::BTreeMap, time::Duration};

use shared::routeros::{schema::Version, value::RowId};

use self::life::Phase;
use super::{Device, Reply, request::Request, row::Row, spec::Spec, trap::Trap};

/// From this version on a flag tells each state, before it one property `status` (changelog 7.20).
const FLAGS: Version = Version::new(7, 20, 0);

/// What each container is doing.
#[derive(Debug, Default)]
pub(super) struct Containers {
    units: BTreeMap<RowId, Unit>,
}

/// One container: what it does, and until when.
#[derive(Debug, Clone)]
struct Unit {
    phase: Phase,
    until: Option<Duration>,
}

/// Whether a container's processes run, in either style of telling it.
pub(super) fn runs(row: &Row) -> bool {
    row.is("running") || row.derived.get("status").is_some_and(|status| status == "running")
}

impl Device {
    /// What stands in the way of a command on containers before any is looked at.
    ///
    /// # Errors
    /// The package is not there, device-mode forbids it, an archive or a root directory is not as it must be.
    pub(super) fn check_containers(&self, request: &Request) -> Result<(), Trap> {
        if self.store("/system/package").named("container").is_none_or(Row::is_disabled) && self.is_built() {
            return Err(Trap::NoSuchPrefix);
        }
        let works =
            matches!(request.verb.as_str(), "add" | "start" | "restart" | "repull" | "run" | "shell" | "update");
        if works && self.setting("/system/device-mode", "container") == "false" {
            return Err(Trap::failure("not allowed by device-mode"));
        }
        if !matches!(request.verb.as_str(), "add" | "repull") {
            return Ok(());
        }
        if request.get("file").is_some_and(|file| !file.is_empty() && self.archive(file).is_none()) {
            // Seen on 7.21.3.
            return Err(Trap::NoMatch("file".to_owned()));
        }
        let root = request.get("root-dir").map(|root| root.trim_matches('/')).filter(|root| !root.is_empty());
        if let Some(root) = root.filter(|_| self.version() >= Version::new(7, 23, 0)) {
            let taken = |row: &Row| row.text("root-dir").trim_matches('/') == root;
            if self.store("/container").rows.iter().any(taken) || self.store("/file").named(root).is_some() {
                return Err(Trap::failure("root-dir already exists"));
            }
        }
        Ok(())
    }

    /// A bare device of a test has no packages; a router that lacks the package has others.
    fn is_built(&self) -> bool {
        !self.store("/system/package").rows.is_empty()
    }

    /// A new container's image is fetched at once.
    pub(super) fn container_born(&mut self, id: RowId) {
        self.fetch(id);
    }

    /// `start` `stop` `restart` `kill` `repull`
    pub(super) fn container(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("number".to_owned()))?;
        for id in self.resolve(spec, rows)? {
            let phase = self.phase(id);
            match (request.verb.as_str(), phase) {
                ("start" | "restart", Phase::Stopped) => self.start_container(id)?,
                ("start" | "restart", Phase::Fetching | Phase::Failed(_)) => {
                    return Err(Trap::failure("container is not extracted"));
                }
                ("start", Phase::Stopping) => return Err(Trap::failure("container is stopping")),
                ("stop", Phase::Running | Phase::Starting) => self.stop_container(id, false),
                ("restart", Phase::Running | Phase::Starting) => self.stop_container(id, true),
                ("kill", Phase::Running | Phase::Starting | Phase::Stopping) => self.container_ended(id, None),
                ("repull", Phase::Stopped | Phase::Failed(_)) => {
                    self.take_source(id, request);
                    self.fetch(id);
                }
                ("repull", _) => return Err(Trap::failure("container is running, stop it first")),
                // A start of what runs and a stop of what stands change nothing.
                _ => {}
            }
        }
        Ok(Reply::Done(None))
    }

    /// Whether a container may be removed: one that stands still may.
    pub(super) fn check_container_gone(&self, id: RowId) -> Result<(), Trap> {
        match self.phase(id) {
            Phase::Stopped | Phase::Failed(_) | Phase::Fetching => Ok(()),
            Phase::Starting | Phase::Running | Phase::Stopping | Phase::Restarting => {
                Err(Trap::failure("container is running, stop it first"))
            }
        }
    }

    fn phase(&self, id: RowId) -> Phase {
        self.containers.units.get(&id).map_or(Phase::Stopped, |unit| unit.phase.clone())
    }

    /// Puts a container into a state, and says so as the version does.
    fn enter_phase(&mut self, id: RowId, phase: Phase, until: Option<Duration>) {
        let by_flag = self.version() >= FLAGS;
        let remote = self.store("/container").row(id).is_some_and(|row| !row.text("remote-image").is_empty());
        let Some(row) = self.store_mut("/container").row_mut(id) else { return };
        row.derived.retain(|name, _| !life::STATES.contains(name));
        if by_flag {
            row.flag(phase.flag(), true);
        } else {
            row.derived.insert("status", phase.status(remote).to_owned());
        }
        if let Phase::Failed(reason) = &phase {
            row.derived.insert(".about", reason.clone());
        }
        self.containers.units.insert(id, Unit { phase, until });
        self.unsettled = true;
    }

    /// When the next container goes on to another state. Those that were removed are forgotten.
    pub(super) fn next_container(&mut self) -> Option<Duration> {
        if self.containers.units.is_empty() {
            return None;
        }
        let rows: Vec<RowId> = self.store("/container").rows.iter().map(|row| row.id).collect();
        self.containers.units.retain(|id, _| rows.contains(id));
        self.containers.units.values().filter_map(|unit| unit.until).min()
    }

    /// Lets the containers go on whose moment has come.
    pub(super) fn run_containers(&mut self) {
        let now = self.now;
        let due = |unit: &Unit| unit.until.is_some_and(|until| until <= now);
        let due: Vec<RowId> = self.containers.units.iter().filter(|(_, unit)| due(unit)).map(|(id, _)| *id).collect();
        for id in due {
            self.container_goes_on(id);
        }
    }

    /// The containers' states in the order of their rows, before a restart gives those other ids.
    pub(super) fn take_containers(&mut self) -> Vec<bool> {
        let rows = &self.store("/container").rows;
        let unpacked =
            rows.iter().map(|row| !matches!(self.phase(row.id), Phase::Fetching | Phase::Failed(_))).collect();
        self.containers.units.clear();
        unpacked
    }

    /// After a restart of the router only those run that are to start on boot. What was not unpacked before
    /// (`unpacked`, in the order of the rows; all are without a word) is fetched again.
    pub(super) fn boot_containers(&mut self, unpacked: &[bool]) {
        let rows: Vec<(RowId, bool)> = self
            .store("/container")
            .rows
            .iter()
            .map(|row: &Row| (row.id, row.get("start-on-boot") == Some("true")))
            .collect();
        for (at, (id, run)) in rows.into_iter().enumerate() {
            if unpacked.get(at) == Some(&false) {
                self.fetch(id);
                continue;
            }
            self.unpacked(id);
            if run && let Err(trap) = self.start_container(id) {
                self.log("container,error", &format!("*** error: start failed: {trap}"));
            }
        }
    }
}
