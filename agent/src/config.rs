//! The agent's configuration: one TOML file on the mount of its container.
//!
//! Enrolment writes that file; a person can. [`Config::load`] reads it, refuses what it does not know, and says of
//! every mistake where it is and what to do. Secrets are not in it: it names the files that hold them ([`secret`]),
//! and nothing is taken from the environment, which every user with the policy `read` sees on the router.
//! [`Config::documented`] is the same as a text for people.

mod reader;
pub mod secret;
mod section;
mod value;

use ed25519_dalek::VerifyingKey;
use reader::Section;
use shared::{
    ids::{RouterId, SenderId},
    net::{Subnet, VlanId},
};
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

/// Everything that the agent is told. Paths are absolute or relative to the working directory, as they can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `router_id`: the router that this agent is for. No default.
    pub router_id: RouterId,
    /// `data`: the folder of the database. Default `/data`.
    pub data: PathBuf,
    /// `[routeros]`
    pub routeros: RouterOs,
    /// `[mqtt]`
    pub mqtt: Mqtt,
    /// `[keys]`
    pub keys: Keys,
    /// `[poll]`
    pub poll: Poll,
    /// `[kill_switch]`
    pub kill_switch: KillSwitch,
    /// `[pools]`
    pub pools: Pools,
}

/// `[routeros]`: how the agent signs in at the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterOs {
    /// `address`: address or name. Default: empty, that is the default gateway of the agent's container.
    pub address: Option<String>,
    /// `port`. Default 8729, or 8728 with `tls = "plain"`.
    pub port: u16,
    /// `tls` and `fingerprint`. Default `"pinned"` without a fingerprint.
    pub tls: RouterOsTls,
    /// `username`. Default `bulkhead`.
    pub username: String,
    /// `password_file`. Default `routeros.password`.
    pub password_file: PathBuf,
    /// `command_timeout_s`, 1 to 300. Default 10.
    pub command_timeout: Duration,
    /// `window`: most commands in flight at once, 1 to 256. Default 32.
    pub window: usize,
}

/// How the connection to the router is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouterOsTls {
    /// `"plain"`: not at all; the password crosses the wire as it is.
    Plain,
    /// `"pinned"`: TLS with the certificate of this SHA-256 in DER; without one, the first that is seen.
    Pinned(Option<[u8; 32]>),
}

/// `[mqtt]`: the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mqtt {
    /// `url`: `mqtts://host:port` or `mqtt://host:port`; without a port 8883 or 1883. No default.
    pub broker: Broker,
    /// `username`. Default: none.
    pub username: Option<String>,
    /// `password_file`. Default: none.
    pub password_file: Option<PathBuf>,
    /// `ca_file`: PEM; whoever this signed is the broker. Needed by `mqtts`, which looks at nothing else.
    pub ca_file: Option<PathBuf>,
    /// `cert_file` and `key_file`: PEM; who this agent is to the broker. Default: none.
    pub client: Option<ClientFiles>,
    /// `keep_alive_s`, 5 to 3600. Default 30.
    pub keep_alive: Duration,
    /// `session_expiry_s`: how long the broker keeps requests for an agent that is away, 0 to 4,294,967,294.
    /// Default 604800, a week.
    pub session_expiry: Duration,
}

/// Where the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Whether the URL said `mqtts`.
    pub tls: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// The agent's own TLS certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFiles {
    /// The chain, PEM.
    pub cert_file: PathBuf,
    /// Its key, PEM, a secret.
    pub key_file: PathBuf,
}

/// `[keys]`: who may command, and who the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// `controller`: Ed25519 public key, 32 bytes in base64. No default.
    pub controller: VerifyingKey,
    /// `controller_id`. Default `controller`.
    pub controller_id: SenderId,
    /// `agent_file`: the agent's Ed25519 seed, 32 bytes in base64. Default `agent.key`.
    pub agent_file: PathBuf,
}

/// `[poll]`: how often the router is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// `period_s`, 1 to 3600. Default 10.
    pub period: Duration,
    /// `watch_period_ms`: while somebody looks, 200 to 60000. Default 1000.
    pub watch_period: Duration,
}

/// `[kill_switch]`: how the ways out are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillSwitch {
    /// `probe`: who is asked through each tunnel for a sign of life; `"off"` for nobody. Default `1.1.1.1`.
    pub probe: Option<Ipv4Addr>,
    /// `probe_every_ms`, 500 to 60000. Default 5000.
    pub probe_every: Duration,
}

/// `[pools]`: what VIFs are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pools {
    /// `vlan_first`. Default 100.
    pub vlan_first: VlanId,
    /// `vlan_last`. Default 4094.
    pub vlan_last: VlanId,
    /// `subnet`: each VIF takes a /30 of it, from its start. Default `172.16.64.0/18`.
    pub subnet: Subnet,
}

/// What is wrong with the configuration, for the person who can put it right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read ({reason}): enrol the agent (`bulkhead router add`), or give the file with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no TOML.
    #[error("{}: is no TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        reason: String,
    },
    /// A key that means nothing.
    #[error("{}: `{key}` is no key of this file; {}", path.display(), advice(nearest.as_ref()))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Section and key.
        key: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A key without a default is not there.
    #[error("{}: `{key}` is missing: {needed}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Section and key.
        key: String,
        /// What belongs there.
        needed: &'static str,
    },
    /// A value that its key cannot take.
    #[error("{}: `{key}`: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Section and key.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}

fn advice(nearest: Option<&String>) -> String {
    nearest.map_or_else(
        || "remove it, or see `bulkhead-agent config` for all keys".to_owned(),
        |name| format!("was `{name}` meant?"),
    )
}

impl Config {
    /// Reads and checks a configuration file. Secret files are not opened yet.
    ///
    /// # Errors
    /// [`ConfigError`], the first that is met.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        Self::parse(path, &text)
    }

    /// The file with every key, its default and what it means; it reads as the defaults.
    pub fn documented() -> String {
        include_str!("config/agent.toml").to_owned()
    }

    /// Checks the text of a configuration file; `path` is where relative paths start, and is named in errors.
    ///
    /// # Errors
    /// [`ConfigError`], the first that is met.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut root = Section::root(path, text)?;
        let config = Self {
            router_id: root
                .checked("router_id", str::parse::<RouterId>)?
                .ok_or_else(|| root.missing("router_id", "the name that the controller knows this router by"))?,
            data: root.path("data")?.unwrap_or_else(|| PathBuf::from("/data")),
            routeros: section::routeros(root.section("routeros")?)?,
            mqtt: section::mqtt(root.section("mqtt")?)?,
            keys: section::keys(root.section("keys")?)?,
            poll: section::poll(root.section("poll")?)?,
            kill_switch: section::kill_switch(root.section("kill_switch")?)?,
            pools: section::pools(root.section("pools")?)?,
        };
        root.end()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const LEAST: &str = r#"
        router_id = "r1"
        [mqtt]
        url = "mqtts://controller.lan:8883"
        ca_file = "ca.pem"
        [keys]
        controller = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    "#;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("/etc/bulkhead/agent.toml"), text)
    }

    #[test]
    fn the_documented_file_reads_as_the_defaults() {
        assert_eq!(parse(&Config::documented()), parse(LEAST));
    }

    #[test]
    fn every_default_in_the_documented_file_is_the_real_one() {
        let keys =
            |line: &&str| line.trim_start_matches("# ").split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        let documented = Config::documented();
        let uncommented: String = documented
            .lines()
            .map(|line| if keys(&line) { line.trim_start_matches("# ") } else { line })
            .fold(String::new(), |text, line| text + line + "\n");
        assert_ne!(uncommented, documented);
        assert_eq!(parse(&uncommented), parse(LEAST));
    }

    #[test]
    fn paths_start_at_the_folder_of_the_file() {
        let config = parse(&LEAST.replace("ca.pem", "/ca.pem")).expect("a configuration");
        assert_eq!(config.keys.agent_file, Path::new("/etc/bulkhead/agent.key"));
        assert_eq!(config.routeros.password_file, Path::new("/etc/bulkhead/routeros.password"));
        assert_eq!(config.mqtt.ca_file.as_deref(), Some(Path::new("/ca.pem")));
    }

    #[test]
    fn probes_go_to_whom_they_are_told_or_to_nobody() {
        let probe =
            |line: &str| parse(&format!("{LEAST}\n[kill_switch]\n{line}")).map(|config| config.kill_switch.probe);
        assert_eq!(probe("probe = \"9.9.9.9\""), Ok(Some(Ipv4Addr::new(9, 9, 9, 9))));
        assert_eq!(probe("probe = \"off\""), Ok(None));
        assert_eq!(probe(""), Ok(Some(Ipv4Addr::new(1, 1, 1, 1))));
    }

    #[test]
    fn a_mistake_is_said_with_its_key_and_what_to_do() {
        let said: String = [
            ("router_id =", "# router_id ="),
            ("router_id", "router-id"),
            ("router_id = \"r1\"", "router_id = \"R 1\""),
            ("ca_file = \"ca.pem\"", ""),
            ("mqtts://", "mqtt://"),
            ("[mqtt]", "[mqtt]\nkeepalive_s = 3"),
            ("[mqtt]", "[mqtt]\nkeep_alive_s = 3"),
            ("[mqtt]", "[mqtt]\nkey_file = \"k\""),
            ("[mqtt]", "[mqtt]\npassword_file = \"k\""),
            ("[mqtt]", "[mqtt]\nxyzzyplugh = 1"),
            ("[mqtt]", "[mqttt]"),
            ("[mqtt]", "[routeros]\ntls = \"none\"\n[mqtt]"),
            ("[mqtt]", "[kill_switch]\nprobe = \"one.one\"\n[mqtt]"),
            ("[mqtt]", "[kill_switch]\nprobe_every_ms = 10\n[mqtt]"),
            ("[mqtt]", "[pools]\nvlan_last = 99\n[mqtt]"),
            ("[mqtt]", "[pools]\nsubnet = \"10.0.0.0/31\"\n[mqtt]"),
            ("controller = \"11", "controller = \"1"),
        ]
        .into_iter()
        .map(|(from, to)| parse(&LEAST.replace(from, to)).expect_err("refused").to_string())
        .fold(String::new(), |said, error| said + error.trim_start_matches("/etc/bulkhead/agent.toml: ") + "\n");
        expect![[r#"
            `router_id` is missing: the name that the controller knows this router by
            `router-id` is no key of this file; was `router_id` meant?
            `router_id`: `R 1` is no router id: 1 to 40 characters of a-z, 0-9 and `-`, starting with a letter or digit
            `mqtt.ca_file` is missing: the certificate (PEM) that signed the broker's, for an mqtts URL
            `mqtt.url`: certificates are given, but the URL says mqtt: write mqtts://
            `mqtt.keepalive_s` is no key of this file; was `mqtt.keep_alive_s` meant?
            `mqtt.keep_alive_s`: a whole number from 5 to 3600 belongs here
            `mqtt.cert_file` is missing: the certificate of the key in `key_file`
            `mqtt.username` is missing: whose password is in `password_file`
            `mqtt.xyzzyplugh` is no key of this file; remove it, or see `bulkhead-agent config` for all keys
            `mqttt` is no key of this file; was `mqtt` meant?
            `routeros.tls`: use "pinned" or "plain"
            `kill_switch.probe`: an IPv4 address belongs here, or "off"
            `kill_switch.probe_every_ms`: a whole number from 500 to 60000 belongs here
            `pools.vlan_last`: it is below vlan_first: swap the two
            `pools.subnet`: a /30 does not fit in: use a prefix of 30 or less
            `keys.controller`: this is no Ed25519 public key in base64 (44 characters): take it from `bulkhead router add`
        "#]].assert_eq(&said);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_so_is_the_line_that_is_no_toml() {
        let gone = Config::load(Path::new("/nowhere/agent.toml")).expect_err("no file").to_string();
        assert!(gone.starts_with("/nowhere/agent.toml: cannot be read (No such file"), "{gone}");
        let torn = parse("router_id = \"r1\"\n[keys").expect_err("no TOML").to_string();
        assert!(torn.starts_with("/etc/bulkhead/agent.toml: is no TOML: ") && torn.contains("line 2"), "{torn}");
    }
}
