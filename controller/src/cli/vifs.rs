//! `bulkhead vif`

mod lines;

use super::{Reach, changes, client::Client, output, terminal};
use crate::{
    flow::vif::{PORT_FORM, port_from},
    view::{KillSwitchModeView, KillSwitchRequest, PortView, TrafficHistoryView, VifView},
};
use anyhow::bail;
use clap::{Subcommand, builder::PossibleValuesParser};
use hyper::Method;
use serde_json::{Map, Value, json};
use shared::vif::Span;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The compartments of a router
    List {
        /// Id of the router
        router: String,
    },
    /// One compartment: kill switch, way out, isolation, what it carried
    Show {
        #[command(flatten)]
        at: At,
    },
    /// Make a compartment, and wait for the end
    Create {
        /// Id of the router
        router: String,
        /// Its name: 1 to 11 of a-z, 0-9 and `-`
        name: String,
        /// The interface by which it leaves, normally a tunnel
        #[arg(long)]
        egress: String,
        #[command(flatten)]
        wish: Wish,
        #[command(flatten)]
        way: Way,
    },
    /// Alter a compartment, and wait for the end; what is not named stays
    #[command(group(clap::ArgGroup::new("what").required(true).multiple(true)
        .args(["egress", "kill_switch", "resolver", "ports", "no_ports"])))]
    Update {
        #[command(flatten)]
        at: At,
        /// Another interface by which it leaves
        #[arg(long)]
        egress: Option<String>,
        #[command(flatten)]
        wish: Wish,
        /// Publish no port any more
        #[arg(long, conflicts_with = "ports")]
        no_ports: bool,
        #[command(flatten)]
        way: Way,
    },
    /// Close its gate until it is released
    Engage {
        #[command(flatten)]
        at: At,
    },
    /// Leave its gate to the state of its way out again
    Release {
        #[command(flatten)]
        at: At,
    },
    /// Verify its isolation now; the exit status is 1 where something is found
    Verify {
        #[command(flatten)]
        at: At,
    },
    /// What it carried over time; where nothing was measured there is no line
    Traffic {
        #[command(flatten)]
        at: At,
        /// How far back
        #[arg(long, default_value = "24h", value_parser = PossibleValuesParser::new(Span::ALL.map(Span::as_str)))]
        range: String,
        /// Print CSV, a line a point
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Remove a compartment without a trace, and wait for the end
    Remove {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        way: Way,
    },
}

/// Which one.
#[derive(clap::Args)]
struct At {
    /// Id of the router
    router: String,
    /// Id or name of the VIF
    vif: String,
}

/// What may be asked for of a compartment.
#[derive(clap::Args)]
struct Wish {
    /// What happens while the way out is not known to be good: `block` (nothing passes), `fallback:VIF` (the way out of
    /// another VIF that blocks) or `off` (packets leave in the clear). `off` wants your password: it is taken from
    /// BULKHEAD_STEP_UP or asked for on the terminal, unless the token has the scope `kill_switch_off`
    #[arg(long, value_name = "block|fallback:VIF|off", value_parser = kill_switch)]
    kill_switch: Option<KillSwitchRequest>,
    /// Who answers its DNS questions, behind the way out: an IPv4 address, or `none`
    #[arg(long, value_name = "ADDRESS|none")]
    resolver: Option<String>,
    /// A port that others reach, such as `tcp/8443:443@LAN`: protocol, port of the router, port of the service, interface
    /// list. May be given more than once
    #[arg(long = "port", id = "ports", value_name = "PORT", value_parser = port)]
    ports: Vec<PortView>,
}

/// How it goes on.
#[derive(clap::Args)]
struct Way {
    /// Show what would be written, and stop there
    #[arg(long)]
    plan: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

fn kill_switch(text: &str) -> Result<KillSwitchRequest, String> {
    let (mode, fallback) = match text.split_once(':') {
        None if text == "block" => (KillSwitchModeView::Block, None),
        None if text == "off" => (KillSwitchModeView::Off, None),
        Some(("fallback", vif)) if !vif.is_empty() => (KillSwitchModeView::Fallback, Some(vif.to_owned())),
        _ => return Err("give `block`, `fallback:VIF` or `off`".to_owned()),
    };
    Ok(KillSwitchRequest { mode, fallback })
}

fn port(text: &str) -> Result<PortView, String> {
    port_from(text).map_err(|wrong| format!("{wrong} Write {PORT_FORM}."))
}

/// Runs the command.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (client, json) = (arguments.reach.client()?, arguments.reach.json);
    match arguments.command {
        Command::List { router } => {
            let found: Vec<VifView> = client.get(&format!("/routers/{router}/vifs")).await?;
            if json {
                output::json(&found)?;
            } else {
                lines::list(&found)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { at } => tell(&find(&client, &at.router, &at.vif).await?, json),
        Command::Create { router, name, egress, wish, way } => {
            let mut body = asked(&client, &router, &wish, Some(egress)).await?;
            body.insert("name".to_owned(), json!(name));
            let path = format!("/routers/{router}/vifs");
            change(&client, Method::POST, &path, Some(body), &way, json, question(&wish, &name)).await
        }
        Command::Update { at, egress, wish, no_ports, way } => {
            let found = find(&client, &at.router, &at.vif).await?;
            let mut body = asked(&client, &at.router, &wish, egress).await?;
            if no_ports {
                body.insert("ports".to_owned(), json!([]));
            }
            let path = format!("/routers/{}/vifs/{}", at.router, found.id);
            change(&client, Method::PATCH, &path, Some(body), &way, json, question(&wish, &found.name)).await
        }
        Command::Engage { at } => deed(&client, &at, "engage", json).await,
        Command::Release { at } => deed(&client, &at, "release", json).await,
        Command::Verify { at } => {
            let found = done(&client, &at, "verify").await?;
            tell(&found, json)?;
            Ok(if found.isolation.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Traffic { at, range, csv } => traffic(&client, &at, &range, csv, json).await,
        Command::Remove { at, way } => {
            let found = find(&client, &at.router, &at.vif).await?;
            let path = format!("/routers/{}/vifs/{}", at.router, found.id);
            let sure = Some(format!("Remove the VIF {}?", output::harmless(&found.name)));
            change(&client, Method::DELETE, &path, None, &way, json, sure).await
        }
    }
}

/// What is dangerous is asked once more.
fn question(wish: &Wish, name: &str) -> Option<String> {
    let off = wish.kill_switch.as_ref().is_some_and(|asked| asked.mode == KillSwitchModeView::Off);
    off.then(|| format!("Leave the VIF {} without a kill switch?", output::harmless(name)))
}

/// What was asked for as REST takes it. A VIF to fall back to may be given by its name.
async fn asked(
    client: &Client,
    router: &str,
    wish: &Wish,
    egress: Option<String>,
) -> anyhow::Result<Map<String, Value>> {
    let mut body = Map::new();
    if let Some(egress) = egress {
        body.insert("egress".to_owned(), json!({"interface": egress}));
    }
    if let Some(mut asked) = wish.kill_switch.clone() {
        if let Some(vif) = &asked.fallback {
            asked.fallback = Some(find(client, router, vif).await?.id);
        }
        body.insert("kill_switch".to_owned(), json!(asked));
    }
    if let Some(resolver) = &wish.resolver {
        body.insert("resolver".to_owned(), if resolver == "none" { Value::Null } else { json!(resolver) });
    }
    if !wish.ports.is_empty() {
        body.insert("ports".to_owned(), json!(wish.ports));
    }
    Ok(body)
}

/// Asks for a change and follows it. Somebody at a terminal is asked before something dangerous; a script means it.
async fn change(
    client: &Client,
    method: Method,
    path: &str,
    body: Option<Map<String, Value>>,
    way: &Way,
    json: bool,
    sure: Option<String>,
) -> anyhow::Result<ExitCode> {
    if let Some(question) = sure.filter(|_| !way.yes && !way.plan)
        && terminal::agreed(&question)? == Some(false)
    {
        output::line("Nothing was done.")?;
        return Ok(ExitCode::FAILURE);
    }
    let path = format!("{path}{}", if way.plan { "?plan=true" } else { "" });
    let answer = client.write(method, &path, body.map(Value::Object).as_ref()).await?;
    changes::end(client, &changes::made(&answer)?, json).await
}

async fn done(client: &Client, at: &At, what: &str) -> anyhow::Result<VifView> {
    let found = find(client, &at.router, &at.vif).await?;
    client.write(Method::POST, &format!("/routers/{}/vifs/{}/{what}", at.router, found.id), None).await
}

async fn deed(client: &Client, at: &At, what: &str, json: bool) -> anyhow::Result<ExitCode> {
    tell(&done(client, at, what).await?, json)
}

fn tell(found: &VifView, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(found)?;
    } else {
        output::text(&lines::card(found))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn traffic(client: &Client, at: &At, range: &str, csv: bool, json: bool) -> anyhow::Result<ExitCode> {
    let found = find(client, &at.router, &at.vif).await?;
    let path = format!("/routers/{}/vifs/{}/traffic?range={range}", at.router, found.id);
    if csv {
        output::text(&client.text(&format!("{path}&format=csv")).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let history: TrafficHistoryView = client.get(&path).await?;
    if json {
        output::json(&history)?;
    } else {
        lines::history(&history)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(client: &Client, router: &str, vif: &str) -> anyhow::Result<VifView> {
    let all: Vec<VifView> = client.get(&format!("/routers/{router}/vifs")).await?;
    match all.into_iter().find(|found| found.id == vif || found.name == vif) {
        Some(found) => Ok(found),
        None => bail!("There is no VIF `{vif}` on `{router}`. `bulkhead vif list {router}` shows which there are."),
    }
}
