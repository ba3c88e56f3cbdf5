//! `bulkhead router`

use super::{Reach, changes::word, output};
use crate::{
    io::enrolment_files,
    view::{Enrolment, RouterView},
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
    /// Enrol a router: writes the folder for its agent and the script for the router
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
    },
    /// Give a router's agent new keys; the old ones are void at once
    Rekey {
        /// Id of the router
        router: String,
        /// Folder to write; it must not be there yet
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
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
        Command::Add { name, id, output, routeros, mqtt_url } => {
            enrolment_files::new_folder(&output)?;
            let body = without_null(json!({"name": name, "id": id, "routeros": routeros, "mqtt_url": mqtt_url}));
            let made = client.write(Method::POST, "/routers", Some(&body)).await;
            finish(made, &output, json)?;
        }
        Command::Rekey { router, output } => {
            enrolment_files::new_folder(&output)?;
            let made = client.write(Method::POST, &format!("/routers/{router}/rekey"), None).await;
            finish(made, &output, json)?;
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
    let script = enrolment_files::write(folder, &enrolment)?;
    if json {
        let files: Vec<&str> = enrolment.files.iter().map(|file| file.path.as_str()).collect();
        return output::json(&json!({
            "router": enrolment.router, "folder": folder, "files": files, "script": script,
        }));
    }
    output::text(&format!(
        "Enrolled `{router}`. In {folder}:\n  {script}: copy it to the router and `/import` it there, then remove it\n  \
         everything else: the agent's mount (agent.toml, keys, passwords; readable by its owner alone)\n\
         These secrets are kept nowhere else; `bulkhead router rekey {router}` makes new ones.\n",
        router = enrolment.router,
        folder = folder.display(),
        script = script.file_name().unwrap_or_default().to_string_lossy(),
    ))?;
    Ok(())
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
