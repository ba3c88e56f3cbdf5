//! Child processes: found, started so that they end with us, and ended.

use super::clock;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::{Child, Command};

/// How long a process may take to end after it was asked to.
const LAST_CALL: Duration = Duration::from_secs(5);
/// Between two looks at a file that a process is to write.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Why a process is not there.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is on no path.
    #[error(
        "`{name}` is neither beside this program ({}) nor on the PATH: build it with `cargo build --workspace --bins`",
        beside.display()
    )]
    Missing {
        /// Which.
        name: &'static str,
        /// Where it should be.
        beside: PathBuf,
    },
    /// It could not be started.
    #[error("{}: {source}", path.display())]
    Start {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended, or did not do in time what it was started for.
    #[error("{name} {what}{said}")]
    Failed {
        /// Which.
        name: String,
        /// What happened.
        what: String,
        /// The end of what it said.
        said: String,
    },
}

/// The program of a name: beside the one that runs, else on the PATH.
///
/// # Errors
/// [`ProcessError::Missing`]
pub fn find(name: &'static str) -> Result<PathBuf, ProcessError> {
    let own = env::current_exe().ok().and_then(|own| own.parent().map(Path::to_owned)).unwrap_or_default();
    let path = env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(own.clone()).chain(env::split_paths(&path).filter(|place| place.is_absolute()));
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    found.ok_or(ProcessError::Missing { name, beside: own })
}

/// A child in a process group of its own, so that Ctrl-C reaches it through us alone.
pub struct Process {
    name: String,
    child: Child,
    group: Option<Pid>,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it says is appended to `log`.
    ///
    /// # Errors
    /// [`ProcessError::Start`]
    pub fn start(name: &str, program: &Path, arguments: &[OsString], log: &Path) -> Result<Self, ProcessError> {
        let failed = |source| ProcessError::Start { path: program.to_owned(), source };
        let said = File::options().create(true).append(true).open(log).map_err(failed)?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(said.try_clone().map_err(failed)?)
            .stderr(said)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Self { name: name.to_owned(), child, group, log: log.to_owned() })
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits until it has written a file, and reads it.
    ///
    /// # Errors
    /// [`ProcessError::Failed`] where it ends first or takes longer than `within`.
    pub async fn writes(&mut self, file: &Path, within: Duration) -> Result<String, ProcessError> {
        let deadline = clock::now() + within;
        loop {
            if let Ok(text) = fs::read_to_string(file) {
                return Ok(text);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failed(&format!("ended with {status}")));
            }
            if clock::now() > deadline {
                return Err(self.failed(&format!("was not ready in {} s", within.as_secs())));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The failure of this process, with the end of what it said.
    pub fn failed(&self, what: &str) -> ProcessError {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let mut last = String::new();
        for line in &lines[lines.len().saturating_sub(10)..] {
            last.push_str("\n  ");
            last.push_str(line);
        }
        ProcessError::Failed { name: self.name.clone(), what: what.to_owned(), said: last }
    }

    /// Ends it: asks first, and does not ask twice.
    pub async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        if tokio::time::timeout(LAST_CALL, self.child.wait()).await.is_err() {
            tracing::warn!(process = self.name, "did not end when asked to, so it is killed");
            self.signal(Signal::SIGKILL);
            if let Err(error) = self.child.wait().await {
                tracing::warn!(process = self.name, %error, "its end could not be seen");
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // A group that has no process left needs no signal.
        if let Some(group) = self.group
            && let Err(error) = killpg(group, signal)
        {
            tracing::debug!(process = self.name, %error, "has ended already");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Process {
        Process::start("a shell", Path::new("/bin/sh"), &["-c".into(), script.into()], &folder.join("log")).unwrap()
    }

    #[tokio::test]
    async fn what_a_process_writes_is_waited_for_and_its_end_is_said_with_its_last_words() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("ready");
        let mut good = shell(&format!("echo up > {0}.part; mv {0}.part {0}; sleep 60", file.display()), place.path());
        assert_eq!(good.writes(&file, LAST_CALL).await.unwrap(), "up\n");
        good.stop().await;
        let mut bad = shell("echo no disk >&2; exit 3", place.path());
        let error = bad.writes(&place.path().join("never"), LAST_CALL).await.expect_err("it has ended").to_string();
        assert!(error.contains("no disk") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_program_that_is_nowhere_is_said_with_where_it_should_be() {
        let error = find("bulkhead-no-such-program").expect_err("there is none").to_string();
        assert!(error.contains("cargo build"), "{error}");
    }
}
