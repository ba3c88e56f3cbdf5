//! The parts one by one, for tests that stand in the place of one of them: a broker that is not ours, a twin. The agent has a file of its own.

use crate::{
    clock,
    control::Control,
    demo,
    outside::{self, Lacking},
    rest::Rest,
};
use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::Deserialize;
use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// A process that ends with the value.
pub struct Part {
    child: Child,
    log: PathBuf,
}

impl Part {
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> anyhow::Result<Self> {
        let output = fs::File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        Ok(Self { child: command.spawn().with_context(|| format!("{command:?}"))?, log })
    }

    /// What it said.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(self.child.id().try_into()?), signal)?)
    }

    /// Asks it to end, and gives how it did.
    ///
    /// # Errors
    /// Where it goes on.
    pub async fn ended_by_sigterm(&mut self) -> anyhow::Result<ExitStatus> {
        kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGTERM)?;
        clock::wait("the end", clock::SOON, || {
            let ended = self.child.try_wait();
            async { Ok(ended?) }
        })
        .await
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _waited_already = self.child.wait();
        // Shown when the test fails.
        crate::say(&format!("{}:\n{}", self.log.display(), self.said()));
    }
}

/// Mosquitto on a free port of loopback that lets everybody do everything.
pub struct Broker {
    /// Where it listens.
    pub port: u16,
    _part: Part,
}

impl Broker {
    /// Where Mosquitto is installed.
    ///
    /// # Errors
    /// [`Lacking`]
    pub fn program() -> Result<PathBuf, Lacking> {
        crate::outside::program("mosquitto")
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn start(program: &Path, place: &Path) -> anyhow::Result<Self> {
        Self::start_on(program, place, free_port()?).await
    }

    /// The same on a port that is known already.
    ///
    /// # Errors
    /// Where it does not listen.
    pub async fn start_on(program: &Path, place: &Path, port: u16) -> anyhow::Result<Self> {
        let config = place.join("mosquitto.conf");
        fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"))?;
        let mut running = Part::start(Command::new(program).arg("-c").arg(&config), place.join("mosquitto.log"))?;
        clock::wait("Mosquitto", clock::SOON, || {
            let open = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            let seen = if running.runs() { Ok(open.then_some(())) } else { Err(anyhow::anyhow!("{}", running.said())) };
            async { seen }
        })
        .await?;
        Ok(Self { port, _part: running })
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// `bulkhead serve` with a broker that is not its own.
pub struct Controller {
    /// REST with a token of its own.
    pub rest: Rest,
    /// Where it answers.
    pub url: String,
    /// The token.
    pub token: String,
    _part: Part,
}

impl Controller {
    /// Makes a token, starts the controller and waits until it answers. In the same place it goes on with the same
    /// data and token.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn start(broker: &Broker, place: &Path) -> anyhow::Result<Self> {
        let (data, config) = (place.join("controller"), place.join("bulkhead.toml"));
        let listen = format!("127.0.0.1:{}", free_port()?);
        fs::write(&config, format!("[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n", broker.port))?;
        let kept = place.join("token");
        if !kept.exists() {
            let mut first = Command::new(demo::program("bulkhead")?);
            fs::write(&kept, outside::run(first.args(["token", "add", "test", "--data"]).arg(&data)).await?)?;
        }
        let token = fs::read_to_string(kept)?.trim().to_owned();
        let mut serve = Command::new(demo::program("bulkhead")?);
        serve.args(["serve", "--tls", "off", "--listen", &listen, "--config"]).arg(&config).arg("--data").arg(&data);
        let part = Part::start(&mut serve, place.join("controller.log"))?;
        let url = format!("http://{listen}");
        let rest = Rest::new(&url, &token);
        clock::wait("the controller", clock::SOON, || async {
            Ok(rest.call("GET", "/api/v1/health", None, &[]).await.ok().filter(|answer| answer.status == 200))
        })
        .await?;
        Ok(Self { rest, url, token, _part: part })
    }

    /// Its command line.
    ///
    /// # Errors
    /// Where it was not built.
    pub fn bulkhead(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(demo::program("bulkhead")?);
        command.env("BULKHEAD_URL", &self.url).env("BULKHEAD_TOKEN", &self.token);
        Ok(command)
    }
}

/// `bulkhead-twin`.
pub struct Twin {
    /// Its control surface.
    pub control: Control,
    pub(crate) ready: TwinReady,
    pub(crate) password: String,
    record: PathBuf,
    _part: Part,
}

#[derive(Deserialize)]
pub(crate) struct TwinReady {
    pub(crate) api_tls: String,
    control: String,
    pub(crate) fingerprint: String,
}

impl Twin {
    /// Starts it as it comes from the factory, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub async fn start(place: &Path) -> anyhow::Result<Self> {
        Self::launch(place, &["--agent-user", "admin"]).await
    }

    /// The same with an enrolment's script imported.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub async fn installed(place: &Path, script: &Path) -> anyhow::Result<Self> {
        Self::launch(place, &["--import", script.to_str().context("a path that is no text")?]).await
    }

    async fn launch(place: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let (ready, password) = (place.join("twin.json"), "correct horse".to_owned());
        let mut command = Command::new(demo::program("bulkhead-twin")?);
        command.args(more).args(["--admin-password", &password, "--die-with-parent"]);
        command.arg("--record").arg(place.join("twin.jsonl")).arg("--ready-file");
        let mut part = Part::start(command.arg(&ready), place.join("twin.log"))?;
        let text = clock::wait("the twin", clock::SOON, || {
            let text = fs::read(&ready).ok();
            let seen = if part.runs() { Ok(text) } else { Err(anyhow::anyhow!("{}", part.said())) };
            async { seen }
        })
        .await?;
        let ready: TwinReady = serde_json::from_slice(&text)?;
        let record = place.join("twin.jsonl");
        Ok(Self { control: Control::new(&ready.control), ready, password, record, _part: part })
    }

    /// Received sentences, one list of words a line.
    ///
    /// # Errors
    /// Where the file is missing.
    pub fn record(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.record)?)
    }
}
