//! `bulkhead-agent`: runs on the router, in a RouterOS container.

use anyhow::Context as _;
use bulkhead_agent::{agent, check, config::Config, io::clock::Clock};
use clap::{Parser, Subcommand};
use std::{io::Write as _, path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Bulkhead's agent: keeps isolation on a MikroTik router, from a container on that router.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, default_value = "/config/agent.toml", global = true)]
    config: PathBuf,
    /// End when the process that started the agent ends.
    #[arg(long)]
    die_with_parent: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Keep isolation. The default.
    Run,
    /// Say in words what is wrong with the set-up.
    Check {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Print a configuration file with every default.
    Example,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("BULKHEAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // One thread: a router has better things to do with its cores, and SQLite's writes are short.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.command.unwrap_or(Command::Run) {
        Command::Run => {
            if arguments.die_with_parent {
                nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?;
            }
            let config = Config::load(&arguments.config)?;
            runtime.block_on(async {
                let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
                let stop = async move {
                    tokio::select! {
                        _ = terminate.recv() => {}
                        _ = tokio::signal::ctrl_c() => {}
                    }
                };
                agent::run(config, Clock::system(), stop).await.map_err(anyhow::Error::from)
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { json } => {
            let report = runtime.block_on(check::check(&arguments.config, Clock::system()));
            write!(std::io::stdout(), "{}", if json { report.json() } else { report.words() })?;
            Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Example => {
            write!(std::io::stdout(), "{}", Config::documented())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
