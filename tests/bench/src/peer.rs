//! Clients that others wrote, each a script in `peers` that says how many seconds its commands took.

use std::{env, net::SocketAddr, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, ensure};

use crate::router::ADMIN;

/// A client that others wrote.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    /// Python, no tags: one command at a time.
    Librouteros,
    /// Python, tags; sends all that it is given at once and waits when it is asked to.
    RouterosApi,
    /// JavaScript, tags.
    NodeRouteros,
}

impl Peer {
    /// Its name and the version that `scripts/test-needs` installs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Librouteros => "librouteros 4.2.2",
            Self::RouterosApi => "RouterOS-api 0.21.0",
            Self::NodeRouteros => "node-routeros 1.6.9",
        }
    }

    /// The command that runs one of its scripts; nothing where this machine lacks it.
    pub(crate) fn command(self, script: &str) -> Option<Command> {
        let bench = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let (interpreter, check, module, ending) = match self {
            Self::Librouteros => (python()?, ["-c", "import librouteros"], "librouteros", "py"),
            Self::RouterosApi => (python()?, ["-c", "import routeros_api"], "routeros_api", "py"),
            Self::NodeRouteros => (PathBuf::from("node"), ["-e", "require('node-routeros')"], "node-routeros", "mjs"),
        };
        // Where npm installs it for the tests; Python does not care.
        let installed = Command::new(&interpreter).args(check).current_dir(bench.join("../twin/clients")).output();
        installed.is_ok_and(|output| output.status.success()).then(|| {
            let mut command = Command::new(interpreter);
            command.arg(bench.join("peers").join(format!("{script}.{ending}"))).arg(module);
            command
        })
    }

    /// Lets it add `count` rules, `window` at a time where it can; how long that took by its own clock, without
    /// starting and signing in.
    ///
    /// # Errors
    /// It fails.
    pub(crate) fn adds(self, router: SocketAddr, count: usize, window: usize) -> anyhow::Result<Option<Duration>> {
        let Some(mut command) = self.command("adds") else { return Ok(None) };
        let router = [router.ip().to_string(), router.port().to_string()];
        let output = command.args(router).args([ADMIN, ADMIN, &count.to_string(), &window.to_string()]).output()?;
        ensure!(output.status.success(), "{}: {}", self.name(), String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        let seconds: f64 = said.trim().parse().with_context(|| format!("{} said {said:?}", self.name()))?;
        Ok(Some(Duration::from_secs_f64(seconds)))
    }
}

fn python() -> Option<PathBuf> {
    env::var_os("BULKHEAD_PYTHON").map(PathBuf::from).filter(|python| python.exists())
}
