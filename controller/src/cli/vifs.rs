//! `bulkhead vif`

use super::{
    Reach,
    changes::{self, word},
    client::Client,
    output,
};
use crate::view::VifView;
use anyhow::bail;
use clap::Subcommand;
use hyper::Method;
use serde_json::json;
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
    /// One compartment
    Show {
        /// Id of the router
        router: String,
        /// Id or name of the VIF
        vif: String,
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
        /// Show what would be written, and stop there
        #[arg(long)]
        plan: bool,
    },
    /// Remove a compartment without a trace, and wait for the end
    Remove {
        /// Id of the router
        router: String,
        /// Id or name of the VIF
        vif: String,
        /// Show what would be written, and stop there
        #[arg(long)]
        plan: bool,
    },
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
                list(&found)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { router, vif } => {
            output::json(&find(&client, &router, &vif).await?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Create { router, name, egress, plan } => {
            let body = json!({"name": name, "egress": {"interface": egress}, "kill_switch": {"mode": "block"}});
            let path = format!("/routers/{router}/vifs{}", query(plan));
            let answer = client.write(Method::POST, &path, Some(&body)).await?;
            changes::end(&client, &changes::made(&answer)?, json).await
        }
        Command::Remove { router, vif, plan } => {
            let found = find(&client, &router, &vif).await?;
            let path = format!("/routers/{router}/vifs/{}{}", found.id, query(plan));
            let answer = client.write(Method::DELETE, &path, None).await?;
            changes::end(&client, &changes::made(&answer)?, json).await
        }
    }
}

fn query(plan: bool) -> &'static str {
    if plan { "?plan=true" } else { "" }
}

async fn find(client: &Client, router: &str, vif: &str) -> anyhow::Result<VifView> {
    let all: Vec<VifView> = client.get(&format!("/routers/{router}/vifs")).await?;
    match all.into_iter().find(|found| found.id == vif || found.name == vif) {
        Some(found) => Ok(found),
        None => bail!("There is no VIF `{vif}` on `{router}`. `bulkhead vif list {router}` shows which there are."),
    }
}

fn list(found: &[VifView]) -> anyhow::Result<()> {
    let rows: Vec<[String; 7]> = found
        .iter()
        .map(|vif| {
            [
                vif.id.clone(),
                vif.name.clone(),
                word(&vif.status),
                word(&vif.kill_switch.state),
                vif.vlan_id.to_string(),
                vif.service_ip.clone(),
                vif.egress.interface.clone(),
            ]
        })
        .collect();
    Ok(output::table(["ID", "NAME", "STATUS", "KILL SWITCH", "VLAN", "SERVICE", "EGRESS"], &rows)?)
}
