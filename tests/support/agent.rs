//! The agent as a process: on a mount that enrolment wrote, or on one that trusts the test.

use crate::{
    demo, outside,
    parts::{Broker, Controller, Part, Twin},
};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

/// A router that `bulkhead router add` has enrolled as `attic`: the agent's mount, and the router with its script
/// carried out.
///
/// # Errors
/// Where it cannot be enrolled, or the router does not take the script.
pub async fn enrolled(controller: &Controller, place: &Path) -> anyhow::Result<(PathBuf, Twin)> {
    let folder = place.join("attic");
    let words = ["router", "add", "Attic", "--id", "attic", "--routeros", "127.0.0.1:8729", "-o"];
    outside::run(controller.bulkhead()?.args(words).arg(&folder)).await?;
    let twin = Twin::installed(place, &folder.join("attic.rsc")).await?;
    Ok((folder.join("bulkhead-config"), twin))
}

/// Tells the agent of a mount where the twin is, and, unless it is `/data`, where its own data are.
///
/// # Errors
/// Where the mount is not whole.
pub fn configure(mount: &Path, twin: &Twin, data: Option<&str>) -> anyhow::Result<()> {
    let file = mount.join("agent.toml");
    let mut config: toml::Table = fs::read_to_string(&file)?.parse()?;
    if let Some(data) = data {
        fs::create_dir_all(mount.join(data))?;
        config.insert("data".to_owned(), toml::Value::from(data));
    }
    let routeros = config.get_mut("routeros").and_then(toml::Value::as_table_mut).context("no [routeros]")?;
    let port = twin.ready.api_tls.rsplit(':').next().unwrap_or_default().parse::<i64>()?;
    routeros.insert("address".to_owned(), toml::Value::from("127.0.0.1"));
    routeros.insert("port".to_owned(), toml::Value::from(port));
    Ok(fs::write(&file, toml::to_string(&config)?)?)
}

/// `bulkhead-agent`.
pub struct Agent {
    /// The process.
    pub part: Part,
}

/// The keys of an agent whose controller is the test.
pub struct Keys {
    /// The controller's.
    pub controller: SigningKey,
    /// The agent's.
    pub agent: SigningKey,
}

impl Agent {
    /// Starts one on a mount that `bulkhead router add` wrote, told where the twin and its own data are: on a router
    /// the gateway and `/data` say that.
    ///
    /// # Errors
    /// Where the mount is not whole or it does not start.
    pub fn on_mount(mount: &Path, twin: &Twin, place: &Path) -> anyhow::Result<Self> {
        configure(mount, twin, Some("data"))?;
        Self::run(Command::new(demo::program("bulkhead-agent")?), mount, place)
    }

    /// The same by a command that runs another build of the agent, such as an emulator's with the binary.
    ///
    /// # Errors
    /// Where the mount is not whole or it does not start.
    pub fn on_mount_by(command: Command, mount: &Path, twin: &Twin, place: &Path) -> anyhow::Result<Self> {
        configure(mount, twin, Some("data"))?;
        Self::run(command, mount, place)
    }

    /// `bulkhead-agent check` on the same mount.
    ///
    /// # Errors
    /// Where it was not built.
    pub fn check(mount: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(demo::program("bulkhead-agent")?);
        command.arg("--config").arg(mount.join("agent.toml")).arg("check");
        Ok(command)
    }

    fn run(mut command: Command, mount: &Path, place: &Path) -> anyhow::Result<Self> {
        command.arg("--config").arg(mount.join("agent.toml")).arg("--die-with-parent").current_dir(mount);
        Self::start_by(command, place)
    }

    /// Starts the agent by a whole command.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_by(mut command: Command, place: &Path) -> anyhow::Result<Self> {
        Ok(Self { part: Part::start(&mut command, place.join("agent.log"))? })
    }

    /// Writes a mount for an agent that trusts the test, and starts it.
    ///
    /// # Errors
    /// Where a file cannot be written or it does not start.
    pub fn start(router: &str, twin: &Twin, broker: &Broker, place: &Path) -> anyhow::Result<(Self, Keys)> {
        let keys = Keys { controller: SigningKey::from_bytes(&[7; 32]), agent: SigningKey::from_bytes(&[8; 32]) };
        let mount = place.join("mount");
        fs::create_dir_all(mount.join("data"))?;
        fs::set_permissions(&mount, fs::Permissions::from_mode(0o700))?;
        let (host, port) = twin.ready.api_tls.rsplit_once(':').context("the twin's address has no port")?;
        let config = format!(
            "router_id = \"{router}\"\ndata = \"data\"\n\
             [routeros]\naddress = \"{host}\"\nport = {port}\nfingerprint = \"{}\"\nusername = \"admin\"\n\
             [mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n[keys]\ncontroller = \"{}\"\n[poll]\nperiod_s = 1\n",
            twin.ready.fingerprint,
            broker.port,
            STANDARD.encode(keys.controller.verifying_key().as_bytes()),
        );
        for (file, text) in [
            ("agent.toml", config),
            ("routeros.password", twin.password.clone()),
            ("agent.key", STANDARD.encode(keys.agent.as_bytes())),
        ] {
            let mut options = fs::File::options();
            let opened = options.write(true).create_new(true).mode(0o600).open(mount.join(file))?;
            std::io::Write::write_all(&mut &opened, text.as_bytes())?;
        }
        Ok((Self::run(Command::new(demo::program("bulkhead-agent")?), &mount, place)?, keys))
    }
}
