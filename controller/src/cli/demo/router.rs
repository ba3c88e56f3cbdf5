//! One router of the demo: a twin and its agent, enrolled as a user enrols one.

use super::Arguments;
use crate::{
    controller::Controller,
    flow::enrolment::{MOUNT, Place},
    io::{
        clock::{self, Instant},
        enrolment_files, keys,
        process::{Process, ProcessError},
        random,
    },
    view::{NewRouter, Presence},
};
use anyhow::Context as _;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use serde::Deserialize;
use shared::ids::RouterId;
use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// Where a twin keeps its configuration, in its router's folder.
const TWIN_STATE: &str = "twin.state";
/// How long a twin or an agent may take until it is there.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// RouterOS starts a container that has ended again; so do we, with growing pauses.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// An agent that has lived so long is started again without delay.
const LIVED: Duration = Duration::from_secs(30);

/// The programs that are started.
pub(super) struct Programs {
    /// `bulkhead-twin`
    pub(super) twin: PathBuf,
    /// `bulkhead-agent`
    pub(super) agent: PathBuf,
}

/// What a twin says of itself.
#[derive(Deserialize)]
struct TwinReady {
    api: SocketAddr,
    api_tls: SocketAddr,
    control: String,
    fingerprint: String,
    /// Where the agent reaches the broker through the modelled router.
    relay: SocketAddr,
}

/// A twin, its agent, and what a client of them has to know.
pub(super) struct DemoRouter {
    id: RouterId,
    mount: PathBuf,
    password: String,
    said: TwinReady,
    twin: Process,
    agent: Process,
}

impl DemoRouter {
    /// Enrols the router, starts its twin with the script of the enrolment, then its agent, whose link to the broker at
    /// `agents` goes through the twin.
    pub(super) async fn start(
        number: u8,
        arguments: &Arguments,
        data: &Path,
        programs: &Programs,
        controller: &Controller,
        agents: SocketAddr,
    ) -> anyhow::Result<Self> {
        let id = RouterId::new(format!("r{number}"))?;
        let folder = data.join("routers").join(id.as_str());
        let mount = folder.join(MOUNT);
        keys::private_folder(&mount.join("state"))?;
        let script = enrol(controller, &id, &folder).await?;
        let password_file = folder.join("admin.password");
        let password = admin_password(&password_file)?;
        let ready_file = folder.join("twin.ready");
        // One of an earlier demo must not be taken for this one's.
        let _ = std::fs::remove_file(&ready_file);
        let mut words = twin_arguments(arguments, &id, &script, &password_file, &ready_file);
        words.extend(["--relay".into(), format!("0={agents}").into()]);
        if let Some(record) = &arguments.record {
            std::fs::create_dir_all(record).with_context(|| format!("{} cannot be made", record.display()))?;
            words.extend(["--record".into(), record.join(format!("{id}.jsonl")).into()]);
        }
        let mut twin = Process::start(&format!("The twin of {id}"), &programs.twin, &words, &folder.join("twin.log"))?;
        let said: TwinReady = serde_json::from_str(&twin.writes(&ready_file, PATIENCE).await?)?;
        let place = Place { host: said.api_tls.ip().to_string(), port: said.api_tls.port() };
        let (fingerprint, broker) = (said.fingerprint.clone(), format!("mqtts://{}", said.relay));
        let data = Some("state".to_owned());
        let file = controller.place_router(&id, place, Some(fingerprint), Some(broker), data).await?;
        keys::write_private(&mount.join(&file.path), &file.content)?;
        let agent = start_agent(&id, &mount, programs)?;
        Ok(Self { id, mount, password, said, twin, agent })
    }

    /// Waits until the agent is there and signed in at its router.
    pub(super) async fn online(&mut self, controller: &Controller, programs: &Programs) -> anyhow::Result<()> {
        let deadline = clock::now() + PATIENCE;
        let (mut pause, mut since) = (FIRST_PAUSE, clock::now());
        loop {
            let seen = controller.router(&self.id).await?;
            if seen.state == Presence::Online && seen.api.connected {
                return Ok(());
            }
            if clock::now() > deadline {
                let why = seen.api.error.unwrap_or_else(|| "it did not reach the broker".to_owned());
                let what = format!("is not there after {} s ({why})", PATIENCE.as_secs());
                return Err(self.agent.failed(&what).into());
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                // The agent of a demo that was killed a moment ago may still hold the database.
                _ = self.agent.ended() => self.revive(programs, &mut pause, &mut since).await?,
                ended = self.twin.ended() => {
                    return Err(self.twin.failed(&format!("ended with {}", ended?)).into());
                }
            }
        }
    }

    /// Its entry in the ready file.
    pub(super) fn ready(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id,
            "api": self.said.api,
            "username": "admin",
            "password": self.password,
            "control": self.said.control,
        })
    }

    /// Ends agent and twin.
    pub(super) async fn stop(self) {
        self.agent.stop().await;
        self.twin.stop().await;
    }

    /// Keeps the agent running; comes back when the twin has ended.
    async fn keep(&mut self, programs: &Programs) -> Result<(), ProcessError> {
        let (mut pause, mut since) = (FIRST_PAUSE, clock::now());
        loop {
            tokio::select! {
                ended = self.twin.ended() => {
                    let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                    return Err(self.twin.failed(&format!("ended with {how}; the demo ends with it")));
                }
                _ = self.agent.ended() => self.revive(programs, &mut pause, &mut since).await?,
            }
        }
    }

    async fn revive(
        &mut self,
        programs: &Programs,
        pause: &mut Duration,
        since: &mut Instant,
    ) -> Result<(), ProcessError> {
        if clock::now().duration_since(*since) > LIVED {
            *pause = FIRST_PAUSE;
        }
        tracing::info!(router = %self.id, pause_ms = pause.as_millis(), "the agent has ended; it is started again");
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        *since = clock::now();
        self.agent = start_agent(&self.id, &self.mount, programs)?;
        Ok(())
    }
}

/// Keeps all agents running; comes back when a twin has ended.
pub(super) async fn supervise(routers: &mut [DemoRouter], programs: &Programs) -> anyhow::Result<()> {
    let mut kept: FuturesUnordered<_> = routers.iter_mut().map(|router| router.keep(programs)).collect();
    match kept.next().await {
        Some(Err(error)) => Err(error.into()),
        Some(Ok(())) | None => Ok(()),
    }
}

/// Enrols a router and gives its script. One that an earlier demo on the same data has enrolled stays as it is: what
/// waits in its agent's outbox is signed with the keys of that enrolment.
async fn enrol(controller: &Controller, id: &RouterId, folder: &Path) -> anyhow::Result<PathBuf> {
    let known = controller.router(id).await.is_ok();
    let script = folder.join(format!("{id}.rsc"));
    if known && script.is_file() {
        return Ok(script);
    }
    // The router of an earlier demo does not know the credentials that are made now.
    let _ = std::fs::remove_file(folder.join(TWIN_STATE));
    let enrolment = if known {
        controller.rekey_router(id, super::DEMO).await?
    } else {
        let name = format!("Demo router {id}");
        let new = NewRouter { name, id: Some(id.to_string()), routeros: None, mqtt_url: None, routeros_version: None };
        controller.add_router(new, super::DEMO).await?
    };
    Ok(enrolment_files::write(folder, &enrolment)?.script)
}

fn start_agent(id: &RouterId, mount: &Path, programs: &Programs) -> Result<Process, ProcessError> {
    let words: [OsString; 3] = ["--die-with-parent".into(), "--config".into(), mount.join("agent.toml").into()];
    Process::start(&format!("The agent of {id}"), &programs.agent, &words, &mount.with_file_name("agent.log"))
}

/// The password of `admin`: that of an earlier demo on the same data, whose router kept it, or a new one.
fn admin_password(file: &Path) -> anyhow::Result<String> {
    if let Ok(kept) = std::fs::read_to_string(file) {
        return Ok(kept.trim_end().to_owned());
    }
    let password = random::secret()?;
    keys::write_private(file, &password)?;
    Ok(password)
}

fn twin_arguments(
    arguments: &Arguments,
    id: &RouterId,
    script: &Path,
    password_file: &Path,
    ready_file: &Path,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["--die-with-parent", "--identity", id.as_str(), "--routeros-version"]
        .into_iter()
        .map(OsString::from)
        .collect();
    words.push((&arguments.routeros_version).into());
    let state = ready_file.with_file_name(TWIN_STATE);
    for (option, file) in [
        ("--import", script),
        ("--admin-password-file", password_file),
        ("--ready-file", ready_file),
        ("--state", &state),
    ] {
        words.extend([option.into(), file.into()]);
    }
    if let Some(schema) = &arguments.routeros_schema {
        words.extend(["--routeros-schema".into(), schema.into()]);
    }
    words
}
