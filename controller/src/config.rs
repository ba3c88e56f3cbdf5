//! The configuration of `bulkhead serve`: a TOML file, and over it the environment.

use crate::flow::{enrolment, home};
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Everything that can be configured. The text of [`documented`](Self::documented) says what each key means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each key is described in the documented file, once.
pub struct Config {
    pub data: String,
    pub log: String,
    pub http: Http,
    pub mqtt: Mqtt,
    pub home_automation: HomeAutomation,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Http {
    pub listen: SocketAddr,
    pub tls: Tls,
    pub hosts: Vec<String>,
}

/// `tls` of `[http]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// HTTPS with our own authority.
    Own,
    /// HTTP, for a proxy in front.
    Off,
}

/// `[mqtt]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Mqtt {
    pub url: String,
    pub username: String,
    pub password_file: String,
    pub ca_file: String,
    pub agents_listen: SocketAddr,
    pub agents_url: String,
}

/// `[home_automation]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct HomeAutomation {
    pub enabled: bool,
    pub listen: SocketAddr,
    pub commands: Vec<String>,
}

/// A broker's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}: give a file that is there with --config, or none for the defaults", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key or value that does not fit.
    #[error("{place}: {reason}\nSee `bulkhead serve --print-config` for every key.")]
    Wrong {
        /// The file, or the variable.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl Config {
    /// The file with every key, its default and what it means.
    pub fn documented() -> &'static str {
        include_str!("config/bulkhead.toml")
    }

    /// Reads the configuration: defaults, over them the file, over that the variables of the environment.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text = match path {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?,
        };
        let place = path.map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string());
        let wrong =
            |reason: &dyn std::fmt::Display| ConfigError::Wrong { place: place.clone(), reason: reason.to_string() };
        let mut table: Table = Self::documented().parse().map_err(|error| wrong(&error))?;
        let file: Table = text.parse().map_err(|error| wrong(&error))?;
        lay_over(&mut table, file, "").map_err(|reason| wrong(&reason))?;
        for (name, value) in environment {
            set_from_environment(&mut table, &name, &value)
                .map_err(|reason| ConfigError::Wrong { place: name.clone(), reason })?;
        }
        let config: Self = Value::Table(table).try_into().map_err(|error| wrong(&error))?;
        config.check().map_err(|reason| wrong(&reason))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if let Some(unknown) =
            self.home_automation.commands.iter().find(|command| !home::COMMANDS.contains(&command.as_str()))
        {
            return Err(format!(
                "home_automation.commands: `{unknown}` is no command; there are {}",
                home::COMMANDS.join(", ")
            ));
        }
        for (key, url) in [("mqtt.url", &self.mqtt.url), ("mqtt.agents_url", &self.mqtt.agents_url)] {
            if !url.is_empty() && BrokerUrl::parse(url).is_none() {
                return Err(format!("{key}: `{url}` is no address of a broker; write mqtts://host:port"));
            }
        }
        let tls = BrokerUrl::parse(&self.mqtt.url).is_some_and(|url| url.tls);
        if tls && self.mqtt.ca_file.is_empty() {
            return Err("mqtt.ca_file: with mqtts it is needed; name the certificate that signed the broker's".into());
        }
        Ok(())
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        if self.data.is_empty() { default_data() } else { PathBuf::from(&self.data) }
    }
}

impl BrokerUrl {
    /// Reads `mqtts://host:port` or `mqtt://host:port`; nothing where it is neither.
    pub fn parse(url: &str) -> Option<Self> {
        let (tls, place, default_port) = match url.split_once("://")? {
            ("mqtts", place) => (true, place, 8883),
            ("mqtt", place) => (false, place, 1883),
            _ => return None,
        };
        let place = enrolment::place(place.trim_end_matches('/'), default_port)?;
        Some(Self { tls, host: place.host, port: place.port })
    }
}

/// Where data lies when nobody says.
pub fn default_data() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/bulkhead");
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home).unwrap_or_default().join("bulkhead")
}

/// Lays one table over another; a key that the lower one does not have is a mistake.
fn lay_over(table: &mut Table, over: Table, path: &str) -> Result<(), String> {
    for (key, value) in over {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (table.get_mut(&key), value) {
            (None, _) => return Err(format!("`{full}` is no key")),
            (Some(Value::Table(below)), Value::Table(over)) => lay_over(below, over, &full)?,
            (Some(below), value) if below.type_str() == value.type_str() => *below = value,
            (Some(below), value) => {
                return Err(format!("`{full}` is a {}, not a {}", below.type_str(), value.type_str()));
            }
        }
    }
    Ok(())
}

/// Sets the key that a variable names; one that names none is somebody else's.
fn set_from_environment(table: &mut Table, name: &str, text: &str) -> Result<(), String> {
    let Some(rest) = name.strip_prefix("BULKHEAD_").map(str::to_ascii_lowercase) else { return Ok(()) };
    let sections: Vec<String> = table.keys().cloned().collect();
    for key in sections {
        match table.get_mut(&key) {
            Some(Value::Table(section)) => {
                let inner = rest.strip_prefix(&format!("{key}_"));
                if let Some(value) = inner.and_then(|inner| section.get_mut(inner)) {
                    return set(value, text);
                }
            }
            Some(value) if key == rest => return set(value, text),
            Some(_) | None => {}
        }
    }
    Ok(())
}

fn set(value: &mut Value, text: &str) -> Result<(), String> {
    *value = match value {
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| format!("`{text}` is neither true nor false"))?),
        Value::Array(_) => {
            Value::Array(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect())
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Datetime(_) | Value::Table(_) => {
            Value::String(text.to_owned())
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bulkhead.toml");
        std::fs::write(&file, text).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&file), environment)
    }

    #[test]
    fn the_documented_file_is_the_default() {
        assert_eq!(load("", &[]).unwrap(), load(Config::documented(), &[]).unwrap());
    }

    #[test]
    fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
        let config = load(
            "[http]\ntls = \"off\"\nlisten = \"127.0.0.1:1\"\n",
            &[
                ("BULKHEAD_HTTP_LISTEN", "127.0.0.1:2"),
                ("BULKHEAD_HOME_AUTOMATION_ENABLED", "true"),
                ("BULKHEAD_HOME_AUTOMATION_COMMANDS", "refresh, vif_create"),
                ("BULKHEAD_DATA", "/tmp/x"),
                ("BULKHEAD_TOKEN", "somebody else's"),
                ("HOME", "/"),
            ],
        )
        .unwrap();
        assert_eq!((config.http.tls, config.http.listen.port()), (Tls::Off, 2));
        assert!(config.home_automation.enabled);
        assert_eq!(config.home_automation.commands, ["refresh", "vif_create"]);
        assert_eq!(config.data(), Path::new("/tmp/x"));
    }

    #[test]
    fn a_mistake_is_said_with_its_place() {
        for (text, variable, said) in [
            ("[http]\nport = 1", "", "`http.port` is no key"),
            ("[web]", "", "`web` is no key"),
            ("log = 7", "", "`log` is a string, not a integer"),
            ("[http]\ntls = \"maybe\"", "", "maybe"),
            ("[http]\nlisten = \"8443\"", "", "socket address"),
            ("[home_automation]\ncommands = [\"reboot\"]", "", "`reboot` is no command"),
            ("[mqtt]\nurl = \"http://x\"", "", "no address of a broker"),
            ("[mqtt]\nurl = \"mqtts://x\"", "", "mqtt.ca_file"),
            ("", "perhaps", "BULKHEAD_HOME_AUTOMATION_ENABLED"),
        ] {
            let variables = [("BULKHEAD_HOME_AUTOMATION_ENABLED", variable)];
            let error = load(text, if variable.is_empty() { &[] } else { &variables }).expect_err(text);
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
