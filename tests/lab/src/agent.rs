//! The agent as a process of its own, so that it can be killed: this program started again, running all of the agent.
//!
//! Its broker is never there (nobody listens on port 9), nor is any controller: it keeps isolation alone.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bulkhead_agent::{
    agent::{self, Stop},
    config::Config,
    io::clock::Clock,
};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Writes what an agent of this router is told, beside its database; gives the file.
///
/// # Errors
/// What the file system says.
pub(crate) fn configure(folder: &Path, api: SocketAddr) -> anyhow::Result<PathBuf> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    // The point of Ed25519's curve whose key this is must be one; this one is from RFC 8032.
    let controller: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
        0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];
    let config = format!(
        "router_id = \"lab\"\ndata = \"{}\"\n[routeros]\naddress = \"127.0.0.1\"\nport = {}\ntls = \"plain\"\n\
         username = \"bulkhead\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:9\"\n[keys]\ncontroller = \"{}\"\n[poll]\nperiod_s = 1\n",
        folder.display(),
        api.port(),
        STANDARD.encode(controller),
    );
    let files = [
        ("agent.toml", config),
        ("routeros.password", "secret".to_owned()),
        ("agent.key", STANDARD.encode([8_u8; 32])),
    ];
    for (name, text) in files {
        let mut options = fs::File::options();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(folder.join(name))?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
    }
    Ok(folder.join("agent.toml"))
}

/// Starts it; it is killed with this process.
///
/// # Errors
/// It does not start.
pub(crate) fn start(config: &Path) -> anyhow::Result<Child> {
    let own = std::env::current_exe()?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(own).arg("agent").arg(config);
    let log = fs::File::options().append(true).create(true).open(config.with_extension("log"))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().context("the agent does not start")
}

/// What the started process does, until it is killed or told to end.
///
/// # Errors
/// A configuration that is none, or what the agent says.
pub(crate) fn run(config: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let config = Config::load(config)?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let stop = async move {
            terminate.recv().await;
            Stop::Gently
        };
        agent::run(config, Clock::system(), stop).await?;
        Ok(())
    })
}
