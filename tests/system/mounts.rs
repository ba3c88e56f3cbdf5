//! The mounts that enrolment wrote for the agents of a demo, as somebody who stole one would use it.

use anyhow::Context as _;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder with one agent's configuration and secrets.
pub(crate) struct Mount {
    folder: PathBuf,
    mqtt: toml::Table,
}

impl Mount {
    /// The mount of a router somewhere below a demo's data folder.
    pub(crate) fn of(data: &Path, router: &str) -> anyhow::Result<Self> {
        let found = files(data).into_iter().filter(|path| path.ends_with("agent.toml")).find_map(|path| {
            let config: toml::Table = fs::read_to_string(&path).ok()?.parse().ok()?;
            let own = config.get("router_id").and_then(toml::Value::as_str) == Some(router);
            let mqtt = config.get("mqtt")?.as_table()?.clone();
            own.then(|| Self { folder: path.parent().map(Path::to_path_buf).unwrap_or_default(), mqtt })
        });
        found.with_context(|| format!("no agent.toml of {router} below {}", data.display()))
    }

    /// A key of `[mqtt]`.
    pub(crate) fn mqtt(&self, key: &str) -> Option<&str> {
        self.mqtt.get(key).and_then(toml::Value::as_str)
    }

    /// Every secret file of the mount.
    pub(crate) fn secrets(&self) -> Vec<PathBuf> {
        files(&self.folder)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| ["password", "key"].iter().any(|secret| e == *secret)))
            .collect()
    }

    /// A Mosquitto client with everything that the mount has: certificate, user and password.
    pub(crate) fn client(&self, program: &Path, id: &str) -> anyhow::Result<Command> {
        let mut command = self.stranger(program, id)?;
        for (option, key) in [("--cert", "cert_file"), ("--key", "key_file")] {
            if let Some(file) = self.mqtt(key) {
                command.arg(option).arg(self.folder.join(file));
            }
        }
        if let Some(file) = self.mqtt("password_file") {
            let password = fs::read_to_string(self.folder.join(file))?;
            command.args(["-u", self.mqtt("username").unwrap_or_default(), "-P", password.trim_end()]);
        }
        Ok(command)
    }

    /// A client at the same door with no credentials at all.
    pub(crate) fn stranger(&self, program: &Path, id: &str) -> anyhow::Result<Command> {
        let url = self.mqtt("url").context("agent.toml has no mqtt.url")?;
        let (scheme, rest) = url.split_once("://").context("mqtt.url is no URL")?;
        let (host, port) = rest.rsplit_once(':').unwrap_or((rest, if scheme == "mqtts" { "8883" } else { "1883" }));
        let mut command = Command::new(program);
        command.args(["-V", "mqttv5", "-h", host, "-p", port, "-i", id]);
        if scheme == "mqtts" {
            let ca = self.mqtt("ca_file").context("mqtts without ca_file")?;
            command.arg("--cafile").arg(self.folder.join(ca));
        }
        Ok(command)
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
