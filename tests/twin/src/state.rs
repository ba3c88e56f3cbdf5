//! The file in which a twin's configuration outlives its process.

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::{
    device::kept::Kept,
    router::Router,
    tls::{Identity, Tls},
};

/// Between two looks for changes: what a killed twin may lose.
const PAUSE: Duration = Duration::from_millis(250);

/// What the file holds, as JSON. The certificate is in it because agents pin it.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    routeros_version: String,
    /// What `api-ssl` shows.
    pub identity: Identity,
    /// The configuration.
    pub device: Kept,
}

/// A state file that this process alone writes, until it is dropped.
pub struct StateFile {
    path: PathBuf,
    routeros_version: String,
    written: Mutex<Option<State>>,
    _lock: File,
}

impl StateFile {
    /// Claims the file, which need not be there yet. Waits a moment for another twin that is ending.
    ///
    /// # Errors
    /// A folder in which nothing can be written, or another twin that does not end.
    pub async fn claim(path: &Path, routeros_version: &str) -> anyhow::Result<Self> {
        const TRIES: u32 = 100;
        const AGAIN: Duration = Duration::from_millis(100);
        let beside = beside(path, "lock");
        let lock = private().truncate(false).open(&beside).with_context(|| format!("opening {}", beside.display()))?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        path: path.to_owned(),
                        routeros_version: routeros_version.to_owned(),
                        written: Mutex::default(),
                        _lock: lock,
                    });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(AGAIN).await,
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", beside.display()));
                }
            }
        }
        bail!("another twin runs with the state {}: end it, or give this one another file", path.display())
    }

    /// What the file holds; nothing when there is none.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or is of another RouterOS version.
    pub fn read(&self) -> anyhow::Result<Option<State>> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading the state {}", self.path.display())),
        };
        let state: State = serde_json::from_slice(&text).with_context(|| damaged(&self.path))?;
        if state.routeros_version != self.routeros_version {
            bail!(
                "the state {} is of RouterOS {}, and this twin plays {}: play that version, or move the file away to \
                 begin with the factory default",
                self.path.display(),
                state.routeros_version,
                self.routeros_version
            );
        }
        Tls::new(&state.identity).with_context(|| damaged(&self.path))?;
        Ok(Some(state))
    }

    /// Writes what has changed since the last time: whole, or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, identity: &Identity, device: Kept) -> anyhow::Result<()> {
        let state = State { routeros_version: self.routeros_version.clone(), identity: identity.clone(), device };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.as_ref() != Some(&state) {
            let text = serde_json::to_vec(&state)?;
            replace(&self.path, &text).with_context(|| format!("writing the state {}", self.path.display()))?;
            *written = Some(state);
        }
        Ok(())
    }
}

/// A running twin's file, with what goes into it.
pub struct Keeper {
    /// Where to.
    pub file: StateFile,
    /// What `api-ssl` shows.
    pub identity: Identity,
    /// Whose configuration.
    pub router: Arc<Router>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("path", &self.file.path).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Writes what has changed.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self) -> anyhow::Result<()> {
        let device = self.router.device().kept();
        self.file.save(&self.identity, device)
    }

    /// Writes each change soon after it came. What cannot be written is tried again with the next look.
    pub async fn follow(self: Arc<Self>) {
        let mut changes = self.router.changes();
        while changes.changed().await.is_ok() {
            if let Err(error) = self.save() {
                tracing::error!(error = format!("{error:#}"), "the configuration is not kept; is the disk full?");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What is said of a state file that cannot be used.
pub fn damaged(path: &Path) -> String {
    format!("the state {} is damaged: move the file away to begin with the factory default", path.display())
}

/// Passwords and keys are in these files: nobody else may read them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let part = beside(path, "part");
    let mut file = private().truncate(true).open(&part)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(part, path)
}
