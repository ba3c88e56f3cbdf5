//! `bulkhead serve`

use super::output;
use crate::{
    config::{Config, Tls},
    service::Service,
};
use std::{io::IsTerminal as _, net::SocketAddr, path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Configuration file
    #[arg(long, env = "BULKHEAD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print a configuration file with every key, its default and what it means
    #[arg(long)]
    print_config: bool,
    /// Folder of database, keys and broker
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the page and REST listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// HTTPS with our own authority, or HTTP for a proxy in front that speaks HTTPS
    #[arg(long)]
    tls: Option<Tls>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.print_config {
        output::text(Config::documented())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = Config::load(arguments.config.as_deref(), std::env::vars())?;
    if let Some(data) = &arguments.data {
        config.data = data.display().to_string();
    }
    config.http.listen = arguments.listen.unwrap_or(config.http.listen);
    config.http.tls = arguments.tls.unwrap_or(config.http.tls);
    begin(&config.log);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let stop = stop_signal()?;
        let service = Service::start(&config).await?;
        tracing::info!(url = service.url, data = %config.data().display(), "the controller is up");
        service.run(stop).await?;
        tracing::info!("the controller has ended");
        Ok(ExitCode::SUCCESS)
    })
}

/// Logs to standard error, and makes every file of this process its owner's alone.
pub(super) fn begin(log: &str) {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // The broker's crate tells at `info` of its own doors, some of which we replace; ours is the word that counts.
    let filter = EnvFilter::try_new(format!("mqtt5=warn,{log}")).unwrap_or_else(|_| EnvFilter::new("info,mqtt5=warn"));
    // Where somebody has set up logging already, that stays.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).try_init();
}

/// Comes with SIGTERM or SIGINT.
///
/// # Errors
/// Where signals cannot be caught.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
