//! The command line.
//!
//! `serve` and `demo` run the controller here. Everything else asks a running one by REST, found by `BULKHEAD_URL`
//! and `BULKHEAD_TOKEN`, but for `mqtt-user` and `--data`, which work on the data folder of this machine.

mod access;
mod changes;
mod client;
mod demo;
mod drift;
mod events;
mod export;
mod output;
mod routers;
mod serve;
mod terminal;
mod trace;
mod vifs;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use client::Client;
use std::{path::PathBuf, process::ExitCode};

/// Bulkhead: a watertight compartment for every service on a MikroTik router.
///
/// Exit status: 0 when it was done, 1 when it was not, 2 when the command was not understood.
#[derive(Parser)]
#[command(version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the controller: page, REST, broker
    Serve(serve::Arguments),
    /// Show everything on loopback: a router's twin, its agent, controller and page
    Demo(demo::Arguments),
    /// Routers: list, show, add, rekey, remove
    Router(routers::Arguments),
    /// Compartments of a router: list, show, create, update, engage, release, verify, traffic, remove
    Vif(vifs::Arguments),
    /// Change sets: list, show, confirm, cancel
    Change(changes::Arguments),
    Trace(trace::Arguments),
    /// What somebody else changed: list, reconcile, accept
    Drift(drift::Arguments),
    /// The event list of a router
    Events(events::Arguments),
    /// Tokens for programs and this command line
    Token(access::TokenArguments),
    /// Users of the embedded broker, for home automation
    MqttUser(access::MqttUserArguments),
    /// A script that completes this command line in your shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where the running controller is.
#[derive(Args)]
struct Reach {
    /// Address of the controller
    #[arg(long, env = "BULKHEAD_URL", default_value = "https://localhost:8443", global = true)]
    url: String,
    /// Token that signs in
    #[arg(long, env = "BULKHEAD_TOKEN", hide_env_values = true, default_value = "", global = true)]
    token: String,
    /// Certificate (PEM) that signed the controller's; by default the one in the data folder of this machine
    #[arg(long, env = "BULKHEAD_CA", value_name = "FILE", global = true)]
    ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Reach {
    fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.url, &self.token, self.ca.as_deref())
    }
}

/// Runs a command line.
///
/// # Errors
/// What a person should read; the exit status is then 1.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    crate::io::tls::install_provider();
    match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Router(arguments) => short(routers::run(arguments)),
        Command::Vif(arguments) => short(vifs::run(arguments)),
        Command::Change(arguments) => short(changes::run(arguments)),
        Command::Trace(arguments) => short(trace::run(arguments)),
        Command::Drift(arguments) => short(drift::run(arguments)),
        Command::Events(arguments) => short(events::run(arguments)),
        Command::Token(arguments) => short(access::token(arguments)),
        Command::MqttUser(arguments) => short(access::mqtt_user(arguments)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "bulkhead", &mut script);
            output::text(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Runs a command that asks something and is done.
fn short(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_a_person_types_is_understood() {
        for line in [
            "serve --data /tmp/x --tls off --listen 127.0.0.1:8080",
            "serve --print-config",
            "demo --listen 127.0.0.1:0 --routers 2 --routeros-version 7.21.4 --ready-file r --record d",
            "router list --json",
            "router add attic -o out",
            "router rekey attic -o out",
            "router remove attic --force",
            "vif create attic tor --egress wg-vpn --plan",
            "vif create attic tor --egress wg --kill-switch fallback:dns-1 --resolver 10.64.0.1 --port tcp/8443:443@LAN",
            "vif create attic tor --egress wg --kill-switch off --yes",
            "vif update attic tor --egress wg --port udp/53@LAN --port tcp/53@LAN --resolver none --plan",
            "vif update attic tor --no-ports",
            "vif engage attic tor",
            "vif release attic tor --json",
            "vif verify attic tor",
            "vif traffic attic tor --range 30d --csv",
            "vif remove attic tor --yes",
            "change show c-1",
            "router export attic --menu /ip/dns --menu /ip/pool",
            "trace attic tor 1.1.1.1:443 --protocol udp --in ether2 --state established",
            "events attic --limit 5",
            "drift --router attic --all --json",
            "drift reconcile d-1 --router attic",
            "drift accept d-1",
            "token add laptop",
            "token add ha --scope kill_switch_off",
            "mqtt-user add ha --write",
            "completions bash",
        ] {
            let words = std::iter::once("bulkhead").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_before_anybody_is_asked() {
        for line in [
            "vif create attic tor",
            "vif create attic tor --egress wg --kill-switch maybe",
            "vif create attic tor --egress wg --kill-switch fallback",
            "vif create attic tor --egress wg --port 8443",
            "vif create attic tor --egress wg --port tcp/70000@LAN",
            "vif update attic tor",
            "vif update attic tor --no-ports --port tcp/1@LAN",
            "vif traffic attic tor --range 2y",
            "vif traffic attic tor --csv --json",
            "token add x --scope everything",
        ] {
            let words = std::iter::once("bulkhead").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
