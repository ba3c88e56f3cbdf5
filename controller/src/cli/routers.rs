//! `bulkhead router`

use super::{Reach, changes::word, export, output};
use crate::{
    flow::enrolment::DEVICE_MODE,
    io::enrolment_files::{self, Written},
    view::{ContainerScript, Enrolment, ExportView, RouterView},
};
use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// All routers
    List,
    /// One router
    Show {
        /// Id of the router
        router: String,
    },
    /// Enrol a router: writes the folder for its agent and the scripts for the router
    Add {
        /// Its name for people
        name: String,
        /// Its id; made from the name when not given
        #[arg(long)]
        id: Option<String>,
        /// Folder to write; it must not be there yet
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
        /// Where the agent reaches the router, when that is not the gateway of its container at port 8729
        #[arg(long, value_name = "HOST:PORT")]
        routeros: Option<String>,
        /// Where the agent reaches the broker, when that is not as configured
        #[arg(long, value_name = "URL")]
        mqtt_url: Option<String>,
        /// What the router runs, such as 7.21.4: writes one script of the container, not one for each version
        #[arg(long, value_name = "VERSION")]
        routeros_version: Option<String>,
    },
    /// Give a router's agent new keys; the old ones are void at once
    Rekey {
        /// Id of the router
        router: String,
        /// Folder to write; it must not be there yet
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// What the router has, as a file for `bulkhead change plan`, without secrets
    Export {
        /// Id of the router
        router: String,
        /// A menu such as /ip/firewall/filter; several may be given. Without it those that make up a router's network
        #[arg(long = "menu", value_name = "MENU")]
        menus: Vec<String>,
    },
    /// Forget a router; nothing is removed from the router itself
    Remove {
        /// Id of the router
        router: String,
        /// Even while it carries VIFs
        #[arg(long)]
        force: bool,
    },
}

/// Runs the command.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (client, json) = (arguments.reach.client()?, arguments.reach.json);
    match arguments.command {
        Command::List => {
            let found: Vec<RouterView> = client.get("/routers").await?;
            if json { output::json(&found)? } else { list(&found)? }
        }
        Command::Show { router } => {
            let found: RouterView = client.get(&format!("/routers/{router}")).await?;
            output::json(&found)?;
        }
        Command::Add { name, id, output, routeros, mqtt_url, routeros_version } => {
            enrolment_files::new_folder(&output)?;
            let body = without_null(json!({
                "name": name, "id": id, "routeros": routeros, "mqtt_url": mqtt_url, "routeros_version": routeros_version,
            }));
            let made = client.write(Method::POST, "/routers", Some(&body)).await;
            finish(made, &output, json)?;
        }
        Command::Rekey { router, output } => {
            enrolment_files::new_folder(&output)?;
            let made = client.write(Method::POST, &format!("/routers/{router}/rekey"), None).await;
            finish(made, &output, json)?;
        }
        Command::Export { router, menus } => {
            let query = if menus.is_empty() { String::new() } else { format!("?menus={}", menus.join(",")) };
            let found: ExportView = client.get(&format!("/routers/{router}/export{query}")).await?;
            export::print(&found, json)?;
        }
        Command::Remove { router, force } => {
            let query = if force { "?force=true" } else { "" };
            let _: Value = client.write(Method::DELETE, &format!("/routers/{router}{query}"), None).await?;
            output::line(&format!("`{router}` is forgotten. What is on the router stays there."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn without_null(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    body
}

/// Writes the folder that was made for it; takes it away again where nothing was enrolled.
fn finish(made: anyhow::Result<Enrolment>, folder: &Path, json: bool) -> anyhow::Result<()> {
    let enrolment = match made {
        Ok(enrolment) => enrolment,
        Err(error) => {
            enrolment_files::remove_empty(folder);
            return Err(error);
        }
    };
    let written = enrolment_files::write(folder, &enrolment)?;
    if json {
        let files: Vec<&str> = enrolment.files.iter().map(|file| file.path.as_str()).collect();
        return output::json(&json!({
            "router": enrolment.router, "folder": folder, "mount": written.mount, "files": files,
            "script": written.script, "containers": written.containers,
        }));
    }
    output::text(&steps(&enrolment, folder, &written))?;
    Ok(())
}

/// What to do with what was written, in order.
fn steps(enrolment: &Enrolment, folder: &Path, written: &Written) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let router = &enrolment.router;
    let containers: Vec<String> = enrolment.container.iter().map(container_line).collect();
    format!(
        "Enrolled `{router}`. In {folder}, readable by you alone:\n\
         1. On the router, where containers are off: {DEVICE_MODE}\n   and confirm as it says, by button or power cut; \
         and the package container, installed.\n\
         2. {script}: copy it to the router, `/import` it there, and remove it: it holds a password.\n\
         3. {mount}/: upload it to the router, with bulkhead-agent-ARCHITECTURE.tar beside it.\n\
         4. `/import` the script of the container for the router's version:\n{containers}\n\
         These secrets are kept nowhere else; `bulkhead router rekey {router}` makes new ones.\n",
        folder = folder.display(),
        script = name(&written.script),
        mount = name(&written.mount),
        containers = containers.join("\n"),
    )
}

fn container_line(script: &ContainerScript) -> String {
    match &script.before {
        Some(before) => format!("   {}: from {} on, before {before}", script.path, script.from),
        None => format!("   {}: from {} on", script.path, script.from),
    }
}

fn list(found: &[RouterView]) -> anyhow::Result<()> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<[String; 6]> = found
        .iter()
        .map(|router| {
            [
                router.id.clone(),
                router.name.clone(),
                word(&router.state),
                or_dash(&router.routeros_version),
                or_dash(&router.board),
                or_dash(&router.last_seen),
            ]
        })
        .collect();
    Ok(output::table(["ID", "NAME", "AGENT", "ROUTEROS", "BOARD", "LAST SEEN"], &rows)?)
}
