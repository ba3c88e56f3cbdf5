//! Programs that we did not write: Mosquitto's clients, Python's RouterOS clients, a browser.

use crate::{clock, demo::Mqtt};
use anyhow::{Context as _, ensure};
use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

/// What is not on this machine, and how to get it.
#[derive(Debug)]
pub struct Lacking(pub String);

/// A program on the path or among the administrator's.
///
/// # Errors
/// [`Lacking`]
pub fn program(name: &str) -> Result<PathBuf, Lacking> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| Lacking(format!("`{name}` is not installed (scripts/test installs it as root)")))
}

/// Python with the RouterOS and MQTT clients of `tests/system/requirements.txt`.
///
/// # Errors
/// [`Lacking`]
pub fn python() -> Result<PathBuf, Lacking> {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let own = std::env::var_os("BULKHEAD_PYTHON").map(PathBuf::from);
    let path = own.unwrap_or_else(|| tests.with_file_name("target/pyenv/bin/python"));
    if path.is_file() {
        return Ok(path);
    }
    Err(Lacking("target/pyenv is missing (scripts/test makes it)".to_owned()))
}

/// Runs a program to its end and gives what it printed.
///
/// # Errors
/// Where it fails, with what it complained of.
pub async fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = output(command).await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {}: {complaint}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs a program to its end, whatever that is.
///
/// # Errors
/// Where it does not start, or does not end in time.
pub async fn output(command: &mut Command) -> anyhow::Result<Output> {
    let name = format!("{command:?}");
    let mut asynchronous = tokio::process::Command::from(std::mem::replace(command, Command::new("true")));
    asynchronous.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(clock::SOON, asynchronous.output()).await;
    output.with_context(|| format!("{name} does not end"))?.with_context(|| name.clone())
}

/// `mosquitto_sub` or `mosquitto_pub`, MQTT 5, with a demo's credentials.
///
/// # Errors
/// Where the demo's address is none.
pub fn mosquitto(program: PathBuf, mqtt: &Mqtt) -> anyhow::Result<Command> {
    let (host, port) = mqtt.address()?;
    let mut command = Command::new(program);
    command.args(["-V", "mqttv5", "-h", host, "-p", port, "-u", &mqtt.username, "-P", &mqtt.password]);
    Ok(command)
}

/// Bytes that a follower showed in hexadecimal.
///
/// # Errors
/// Where they are none.
pub fn from_hex(text: &str) -> anyhow::Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    pairs.collect()
}

/// `mosquitto_sub` that goes on reading; it is ended when the value is dropped.
pub struct Follower {
    child: Child,
    output: tempfile::NamedTempFile,
}

/// A message as a follower saw it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// What, as far as it is text.
    pub payload: String,
}

impl Message {
    /// The payload as JSON; nothing where it is none.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.payload).ok()
    }
}

impl Follower {
    /// Starts a command made by [`mosquitto`] on some filters.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(command: Command, filters: &[&str]) -> anyhow::Result<Self> {
        // A tab cannot be in a topic of ours, nor can a line end in the JSON that we publish.
        Self::start_as(command, filters, "%t\t%p")
    }

    /// The same, with payloads in hexadecimal.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_hex(command: Command, filters: &[&str]) -> anyhow::Result<Self> {
        Self::start_as(command, filters, "%t\t%x")
    }

    fn start_as(mut command: Command, filters: &[&str], format: &str) -> anyhow::Result<Self> {
        let output = tempfile::NamedTempFile::new()?;
        for filter in filters {
            command.args(["-t", filter]);
        }
        command.args(["-q", "1", "-F", format]);
        let both = output.reopen()?;
        command.stdin(Stdio::null()).stderr(both.try_clone()?).stdout(both);
        Ok(Self { child: command.spawn().with_context(|| format!("{command:?}"))?, output })
    }

    /// Every message so far.
    pub fn messages(&self) -> Vec<Message> {
        let bytes = std::fs::read(self.output.path()).unwrap_or_default();
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let text = String::from_utf8_lossy(&bytes[..whole]);
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        lines.map(|(topic, payload)| Message { topic: topic.to_owned(), payload: payload.to_owned() }).collect()
    }

    /// Whether it still runs: a client that the broker refuses ends.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// What it printed in all, complaints too.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.output.path()).unwrap_or_default()).into_owned()
    }

    /// Waits for the first message that fits.
    ///
    /// # Errors
    /// Where none comes, with what came instead.
    pub async fn until(&self, what: &str, fits: impl Fn(&Message) -> bool) -> anyhow::Result<Message> {
        let found = clock::wait(what, clock::SOON, || async { Ok(self.messages().into_iter().find(|m| fits(m))) });
        found.await.with_context(|| format!("mosquitto_sub said: {}", self.said()))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _waited_already = self.child.wait();
    }
}
