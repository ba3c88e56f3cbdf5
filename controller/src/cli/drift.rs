//! `bulkhead drift`

use super::{Reach, changes::word, client::Client, output};
use crate::view::{AlteredView, DriftView, RouterView};
use anyhow::bail;
use hyper::Method;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    /// Id of the router; all where it is missing
    #[arg(long, global = true)]
    router: Option<String>,
    /// Those that have ended, too
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write what is wanted again
    Reconcile {
        /// Id of the drift
        id: String,
    },
    /// Take what was found for what is wanted
    Accept {
        /// Id of the drift
        id: String,
    },
}

/// Runs the command.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (client, json) = (arguments.reach.client()?, arguments.reach.json);
    let all = arguments.all || arguments.command.is_some();
    let found = drifts(&client, arguments.router.as_deref(), all).await?;
    let (id, verb) = match &arguments.command {
        None => {
            if json {
                output::json(&found)?;
            } else {
                list(&found)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Reconcile { id }) => (id, "reconcile"),
        Some(Command::Accept { id }) => (id, "accept"),
    };
    let of: Vec<&DriftView> = found.iter().filter(|drift| drift.id == *id).collect();
    let router = match of.as_slice() {
        [] => bail!("There is no drift `{id}`. `bulkhead drift` shows which there are."),
        [one] => &one.router,
        _ => bail!("Several routers have the drift `{id}`. Say which one is meant with `--router`."),
    };
    let path = format!("/routers/{router}/drift/{id}/{verb}");
    let done: DriftView = client.write(Method::POST, &path, None).await?;
    if json {
        output::json(&done)?;
    } else {
        let said = if verb == "accept" { "What was found is wanted from now on" } else { "It is written again" };
        output::line(&format!("{said}: {} {}", done.menu, row(&done)))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn drifts(client: &Client, router: Option<&str>, all: bool) -> anyhow::Result<Vec<DriftView>> {
    let routers: Vec<String> = match router {
        Some(router) => vec![router.to_owned()],
        None => client.get::<Vec<RouterView>>("/routers").await?.into_iter().map(|router| router.id).collect(),
    };
    let mut found = Vec::new();
    for router in routers {
        let path = format!("/routers/{router}/drift{}", if all { "?all=true" } else { "" });
        found.extend(client.get::<Vec<DriftView>>(&path).await?);
    }
    Ok(found)
}

fn list(found: &[DriftView]) -> anyhow::Result<()> {
    let rows: Vec<[String; 7]> = found
        .iter()
        .map(|drift| {
            [
                drift.id.clone(),
                drift.router.clone(),
                word(&drift.state),
                drift.kind.clone(),
                drift.menu.clone(),
                row(drift),
                drift.properties.iter().map(property).collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    Ok(output::table(["ID", "ROUTER", "STATE", "KIND", "MENU", "ROW", "WANTED -> FOUND"], &rows)?)
}

fn row(drift: &DriftView) -> String {
    drift.row.iter().map(|(name, value)| format!("{name}={}", output::harmless(value))).collect::<Vec<_>>().join(" ")
}

fn property(one: &AlteredView) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(nothing)".to_owned());
    format!("{}: {} -> {}", one.name, value(&one.wanted), value(&one.found))
}
