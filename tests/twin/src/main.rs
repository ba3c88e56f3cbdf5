//! `bulkhead-twin`: a twin of a RouterOS device as a process of its own.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use bulkhead_twin::{
    Options, Twin,
    relay::{MODELLED_CONTROLLER, Relay},
};
use clap::{ArgGroup, Parser};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

/// A twin of a RouterOS device for tests and the demo: its API, its menus, its faults; no router, no root.
#[derive(Parser)]
#[command(version, group(ArgGroup::new("password").required(true).args(["admin_password_file", "admin_password"])))]
struct Arguments {
    /// The RouterOS version to play
    #[arg(long, default_value = "7.24")]
    routeros_version: String,
    /// A schema file for a version that is not shipped: {"/interface/vlan/add": {"name": "string value"}, ...}
    #[arg(long, value_name = "FILE")]
    routeros_schema: Option<PathBuf>,
    /// Where the plain API listens (port 0: a free one)
    #[arg(long, default_value = "127.0.0.1:0")]
    api: SocketAddr,
    /// Where the API over TLS listens
    #[arg(long, default_value = "127.0.0.1:0")]
    api_tls: SocketAddr,
    /// Where the control surface (HTTP) listens
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// A file with the password of `admin`
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// The password of `admin`; other users of this machine can see it
    #[arg(long, value_name = "PASSWORD")]
    admin_password: Option<String>,
    /// A .rsc script to carry out before serving; may be given several times
    #[arg(long, value_name = "FILE")]
    import: Vec<PathBuf>,
    /// Where the configuration outlives this process: read instead of the factory default and --import when it is there
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Where to write the received sentences, one JSON list of words a line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Written, whole, once everything listens: addresses and the certificate's fingerprint
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// The router's name
    #[arg(long, default_value = "MikroTik")]
    identity: String,
    /// The user whose sessions come from the veth `bh-agent`
    #[arg(long, default_value = "bulkhead")]
    agent_user: String,
    /// Carry the agent's link to a broker through the modelled router: a loopback port (0: a free one) and the broker
    #[arg(long, value_name = "PORT=ADDRESS", value_parser = port_and_address)]
    relay: Option<(u16, SocketAddr)>,
    /// Where that broker stands on the modelled network
    #[arg(long, default_value_t = MODELLED_CONTROLLER, value_name = "ADDRESS")]
    relay_destination: SocketAddr,
    /// Let time move only by `POST /clock`
    #[arg(long)]
    clock_stands: bool,
    /// End when the process that started this one ends
    #[arg(long)]
    die_with_parent: bool,
}

fn main() -> ExitCode {
    // Asked for at once: a parent that ends while we start must be missed too.
    let parent = nix::unistd::getppid();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let parent = arguments.die_with_parent.then_some(parent);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let end = runtime.context("starting threads").and_then(|runtime| runtime.block_on(run(arguments, parent)));
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bulkhead-twin: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments, parent: Option<Pid>) -> anyhow::Result<()> {
    let mut end = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let ready_file = arguments.ready_file.clone();
    let mut twin = Twin::start(options(arguments)?).await?;
    let mut ready = serde_json::json!({
        "api": twin.api.to_string(),
        "api_tls": twin.api_tls.to_string(),
        "control": twin.control_url(),
        "fingerprint": twin.fingerprint,
    });
    if let Some(relay) = twin.relay {
        ready["relay"] = relay.to_string().into();
    }
    tracing::info!(%ready, "the twin is up");
    if let Some(path) = ready_file {
        write_whole(&path, &format!("{ready}\n")).with_context(|| format!("writing {}", path.display()))?;
    }
    let by_itself = tokio::select! {
        _ = end.0.recv() => false,
        _ = end.1.recv() => false,
        () = orphaned(parent) => false,
        () = twin.ended() => true,
    };
    twin.save()?;
    anyhow::ensure!(!by_itself, "a part of the twin has ended by itself; its log says which");
    Ok(())
}

/// Comes when the process that started this one is gone; never where nobody asked for it.
///
/// Asked again and again: the kernel's signal for it (`PR_SET_PDEATHSIG`) comes when the *thread* that started us ends,
/// and threads of a pool end early.
async fn orphaned(parent: Option<Pid>) {
    let Some(parent) = parent else { return std::future::pending().await };
    while nix::unistd::getppid() == parent {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tracing::info!("the process that started the twin is gone");
}

fn options(arguments: Arguments) -> anyhow::Result<Options> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()));
    let admin_password = match (&arguments.admin_password_file, arguments.admin_password) {
        (Some(path), _) => read(path)?.trim_end_matches(['\r', '\n']).to_owned(),
        (None, given) => given.unwrap_or_default(),
    };
    Ok(Options {
        routeros_version: arguments.routeros_version,
        schema_file: arguments.routeros_schema,
        api: arguments.api,
        api_tls: arguments.api_tls,
        control: arguments.control,
        admin_password,
        scripts: arguments.import.iter().map(|path| read(path)).collect::<Result<_, _>>()?,
        state: arguments.state,
        record: arguments.record,
        identity: arguments.identity,
        agent_user: arguments.agent_user,
        clock_stands: arguments.clock_stands,
        relay: arguments.relay.map(|(port, target)| Relay {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            target,
            destination: arguments.relay_destination,
        }),
    })
}

fn port_and_address(text: &str) -> Result<(u16, SocketAddr), String> {
    let (port, address) = text.split_once('=').ok_or("write it as 0=127.0.0.1:8883")?;
    let wrong = |what: &str, error: &dyn std::fmt::Display| format!("`{what}`: {error}");
    let port = port.parse().map_err(|error| wrong(port, &error))?;
    Ok((port, address.parse().map_err(|error| wrong(address, &error))?))
}

/// Writes beside the path and renames, so that a reader never sees half of it.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}
