//! `bulkhead-agent`: runs on the router, in a RouterOS container.

use anyhow::Context as _;
use bulkhead_agent::{
    agent::{self, Stop},
    check,
    config::Config,
    io::clock::Clock,
};
use clap::{Parser, Subcommand};
use dlmalloc::GlobalDlmalloc;
use nix::unistd::Pid;
use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// What the C library of a build brings may be anything, Zig's for one: it rounds sizes up to powers of two and gives
/// nothing back, which made an agent of 30 VIFs half as large again. This one is the same on every router.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

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
    /// Print every key of the configuration file with its default and what it means.
    Config,
}

fn main() -> anyhow::Result<ExitCode> {
    // Asked for at once: a parent that ends while we start must be missed too.
    let parent = nix::unistd::getppid();
    let arguments = Arguments::parse();
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(log_filter()).init();
    // One thread: a router has better things to do with its cores, and SQLite's writes are short.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.command.unwrap_or(Command::Run) {
        Command::Run => {
            let parent = arguments.die_with_parent.then_some(parent);
            let config = Config::load(&arguments.config)?;
            runtime.block_on(async {
                let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
                let stop = async move {
                    tokio::select! {
                        _ = terminate.recv() => Stop::Gently,
                        _ = tokio::signal::ctrl_c() => Stop::Gently,
                        () = orphaned(parent) => Stop::Now,
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
        Command::Config => {
            write!(std::io::stdout(), "{}", Config::documented())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What is logged: `BULKHEAD_LOG`, a level or levels by module such as `info,bulkhead_agent::io=debug`; else `info`.
fn log_filter() -> Targets {
    let asked = std::env::var("BULKHEAD_LOG").ok().and_then(|asked| asked.parse().ok());
    asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}

/// Waits for the end of the process that started this one. The kernel's own signal for that comes when the *thread* that
/// started us ends, which says nothing.
async fn orphaned(parent: Option<Pid>) {
    let Some(parent) = parent else { return std::future::pending().await };
    while nix::unistd::getppid() == parent {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tracing::info!("the process that started the agent is gone");
}
