//! `bulkhead demo` as a process of its own, with everything that it says and leaves.

use crate::{
    clock,
    control::Control,
    processes::{self, Process},
    rest::Rest,
    say,
};
use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// The ready file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The page and REST.
    pub url: String,
    /// An API token that signs a browser in, too.
    pub token: String,
    /// The broker, for readers.
    pub mqtt: Mqtt,
    /// The twins.
    pub routers: Vec<Router>,
}

/// Credentials that may read everything under `bulkhead/` and `homeassistant/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    /// Such as `mqtt://127.0.0.1:1883`.
    pub url: String,
    /// For CONNECT.
    pub username: String,
    /// For CONNECT.
    pub password: String,
}

impl Mqtt {
    /// Host and port.
    ///
    /// # Errors
    /// Where the URL has none.
    pub fn address(&self) -> anyhow::Result<(&str, &str)> {
        self.url.strip_prefix("mqtt://").and_then(|rest| rest.split_once(':')).context("no mqtt://host:port")
    }
}

/// One twin.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Router {
    /// Its id at the controller.
    pub id: String,
    /// Its RouterOS API, `host:port`.
    pub api: String,
    /// An administrator.
    pub username: String,
    /// And the password.
    pub password: String,
    /// Its control surface.
    pub control: String,
}

/// How a demo is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--routers`
    pub routers: Option<u32>,
    /// `--routeros-version`
    pub version: Option<String>,
    /// `--data`
    pub data: Option<PathBuf>,
}

/// A running demo; it is ended when the value is dropped.
pub struct Demo {
    child: Child,
    /// What it said when it was ready.
    pub ready: Ready,
    /// REST with the demo's token.
    pub rest: Rest,
    place: tempfile::TempDir,
}

/// One of the project's programs, beside the test that runs.
///
/// # Errors
/// Where it was not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let path = test.parent().and_then(Path::parent).context("the test has no folder")?.join(name);
    ensure!(path.is_file(), "{} is missing: run `cargo build --workspace --bins` first", path.display());
    Ok(path)
}

impl Demo {
    /// Starts a demo and waits until it is ready.
    ///
    /// # Errors
    /// Where it ends before, or takes too long; with the end of what it said.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let (ready_file, log) = (place.path().join("ready.json"), place.path().join("demo.log"));
        for folder in ["tmp", "record"] {
            fs::create_dir(place.path().join(folder))?;
        }
        let output = fs::File::create(&log)?;
        let mut command = Command::new(program("bulkhead")?);
        command.args(["demo", "--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready_file);
        command.arg("--record").arg(place.path().join("record"));
        if let Some(routers) = options.routers {
            command.args(["--routers", &routers.to_string()]);
        }
        if let Some(version) = &options.version {
            command.args(["--routeros-version", version]);
        }
        if let Some(data) = &options.data {
            command.arg("--data").arg(data);
        }
        command.env("TMPDIR", place.path().join("tmp")).env_remove("BULKHEAD_URL").env_remove("BULKHEAD_TOKEN");
        let mut child =
            command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn().context("bulkhead demo")?;
        let ready = clock::wait("the demo's ready file", clock::SOON, || {
            let seen = match child.try_wait() {
                Ok(Some(status)) => Err(anyhow::anyhow!("the demo ended with {status}")),
                Ok(None) | Err(_) => Ok(fs::read(&ready_file).ok()),
            };
            async { seen }
        })
        .await;
        let read = ready.and_then(|bytes| Ok(serde_json::from_slice::<Ready>(&bytes)?));
        match read {
            Ok(ready) => Ok(Self { rest: Rest::new(&ready.url, &ready.token), child, ready, place }),
            Err(error) => {
                end(&mut child);
                Err(error.context(format!("the demo said:\n{}", tail(&log))))
            }
        }
    }

    /// The one router, or the first.
    pub fn router(&self) -> &Router {
        &self.ready.routers[0]
    }

    /// The control surface of the first twin.
    pub fn control(&self) -> Control {
        Control::new(&self.router().control)
    }

    /// The demo itself.
    pub fn process(&self) -> Option<Process> {
        Process::find(i32::try_from(self.child.id()).ok()?)
    }

    /// Its children whose program has a name, such as `bulkhead-agent`, in the order in which they started.
    pub fn children(&self, name: &str) -> Vec<Process> {
        let pid = i32::try_from(self.child.id()).unwrap_or(i32::MAX);
        let mut found: Vec<_> = processes::descendants(pid).into_iter().filter(|child| child.name() == name).collect();
        found.sort_by_key(|child| (child.started, child.pid));
        found
    }

    /// All its children.
    pub fn descendants(&self) -> Vec<Process> {
        processes::descendants(i32::try_from(self.child.id()).unwrap_or(i32::MAX))
    }

    /// Everything that it left in the folder for temporary files.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.place.path().join("tmp")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    /// A router's received sentences, one list of words a line.
    ///
    /// # Errors
    /// Where the file is missing.
    pub fn record(&self, router: &str) -> anyhow::Result<String> {
        let path = self.place.path().join("record").join(format!("{router}.jsonl"));
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    /// What it said last.
    pub fn log(&self) -> String {
        tail(&self.place.path().join("demo.log"))
    }

    /// Sends a signal and waits for the end.
    ///
    /// # Errors
    /// Where it does not end in time.
    pub async fn stop(&mut self, signal: Signal) -> anyhow::Result<ExitStatus> {
        self.process().context("the demo is gone already")?.signal(signal)?;
        let child = &mut self.child;
        clock::wait("the demo's end", clock::SOON, || {
            let status = child.try_wait();
            async { Ok(status?) }
        })
        .await
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        end(&mut self.child);
        // Shown when the test fails.
        say(&format!("the demo said:\n{}", self.log()));
    }
}

/// Ends a demo of ours and, should it fail to, the children that it had.
fn end(child: &mut Child) {
    let children = processes::descendants(i32::try_from(child.id()).unwrap_or(i32::MAX));
    if child.try_wait().is_ok_and(|status| status.is_some()) {
        return;
    }
    let _already_gone = child.kill();
    let _already_waited = child.wait();
    for left in children.iter().filter(|left| left.alive()) {
        let _gone_meanwhile = left.signal(Signal::SIGKILL);
    }
}

/// The last 60 lines.
fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
