//! The parts one by one, for tests that stand in the place of one of them: a broker that is not ours, a twin, an agent.

use crate::{clock, control::Control, demo, outside::Lacking};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use serde::Deserialize;
use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A process that ends with the value.
pub struct Part {
    child: Child,
    log: PathBuf,
}

impl Part {
    fn start(command: &mut Command, log: PathBuf) -> anyhow::Result<Self> {
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
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
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

/// `bulkhead-twin` with nothing but the factory default.
pub struct Twin {
    /// Its control surface.
    pub control: Control,
    ready: TwinReady,
    password: String,
    _part: Part,
}

#[derive(Deserialize)]
struct TwinReady {
    api_tls: String,
    control: String,
    fingerprint: String,
}

impl Twin {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub async fn start(place: &Path) -> anyhow::Result<Self> {
        let (ready, password) = (place.join("twin.json"), "correct horse".to_owned());
        let mut command = Command::new(demo::program("bulkhead-twin")?);
        command.args(["--admin-password", &password, "--agent-user", "admin", "--die-with-parent", "--ready-file"]);
        let mut part = Part::start(command.arg(&ready), place.join("twin.log"))?;
        let text = clock::wait("the twin", clock::SOON, || {
            let text = fs::read(&ready).ok();
            let seen = if part.runs() { Ok(text) } else { Err(anyhow::anyhow!("{}", part.said())) };
            async { seen }
        })
        .await?;
        let ready: TwinReady = serde_json::from_slice(&text)?;
        Ok(Self { control: Control::new(&ready.control), ready, password, _part: part })
    }
}

/// `bulkhead-agent` for a twin and a broker, trusting a controller whose key the test holds.
pub struct Agent {
    /// The controller's key: the test is the controller.
    pub controller: SigningKey,
    /// The agent's own.
    pub key: SigningKey,
    /// The process.
    pub part: Part,
}

impl Agent {
    /// Writes its mount and starts it.
    ///
    /// # Errors
    /// Where a file cannot be written or it does not start.
    pub fn start(router: &str, twin: &Twin, broker: &Broker, place: &Path) -> anyhow::Result<Self> {
        let (controller, key) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
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
            STANDARD.encode(controller.verifying_key().as_bytes()),
        );
        for (file, text) in [
            ("agent.toml", config),
            ("routeros.password", twin.password.clone()),
            ("agent.key", STANDARD.encode(key.as_bytes())),
        ] {
            let mut options = fs::File::options();
            let opened = options.write(true).create_new(true).mode(0o600).open(mount.join(file))?;
            std::io::Write::write_all(&mut &opened, text.as_bytes())?;
        }
        let mut command = Command::new(demo::program("bulkhead-agent")?);
        command.arg("--config").arg(mount.join("agent.toml")).arg("--die-with-parent").current_dir(&mount);
        Ok(Self { controller, key, part: Part::start(&mut command, place.join("agent.log"))? })
    }
}
