//! `bulkhead token` and `bulkhead mqtt-user`: who may come in.

use super::{Reach, output};
use crate::{
    config,
    io::{
        broker::secret_hash,
        clock::Clock,
        keys, random,
        store::{
            Store, StoreError,
            mqtt_users::{self, MqttUser},
            sign_in::{self, Scope},
        },
    },
    view::iso,
};
use anyhow::bail;
use clap::{Subcommand, builder::PossibleValuesParser};
use hyper::Method;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(clap::Args)]
pub(super) struct TokenArguments {
    #[command(flatten)]
    reach: Reach,
    /// Work on this data folder instead of asking a controller: how the first token is made
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token; it is shown once
    Add {
        /// What it is for
        name: String,
        /// What it may do beyond what every token may: `kill_switch_off` switches a kill switch off without a password.
        /// It wants your password (BULKHEAD_STEP_UP, or asked for on the terminal)
        #[arg(long = "scope", value_name = "SCOPE", value_parser = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str)))]
        scopes: Vec<String>,
    },
    /// All tokens
    List,
    /// Revoke a token; it is void at once
    Revoke {
        /// Id of the token
        id: String,
    },
}

#[derive(clap::Args)]
pub(super) struct MqttUserArguments {
    /// Data folder of the controller on this machine
    #[arg(long, env = "BULKHEAD_DATA", value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: MqttUserCommand,
}

#[derive(Subcommand)]
enum MqttUserCommand {
    /// Add a user, or give a known one a new password, which is shown once
    Add {
        /// Name
        name: String,
        /// May send commands, not only read
        #[arg(long)]
        write: bool,
    },
    /// All users
    List,
    /// Remove a user; a connection that is open lives until it ends, but may do nothing more
    Remove {
        /// Name
        name: String,
    },
}

/// Runs `bulkhead token`.
pub(super) async fn token(arguments: TokenArguments) -> anyhow::Result<ExitCode> {
    match &arguments.data {
        Some(data) => token_here(&open(data)?, &arguments.command, arguments.reach.json).await?,
        None => token_there(&arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn token_there(arguments: &TokenArguments) -> anyhow::Result<()> {
    let (client, json) = (arguments.reach.client()?, arguments.reach.json);
    match &arguments.command {
        TokenCommand::Add { name, scopes } => {
            let body = json!({"name": name, "scopes": scopes});
            let made: Value = client.write(Method::POST, "/tokens", Some(&body)).await?;
            if json {
                return output::json(&made);
            }
            Ok(output::line(made["token"].as_str().unwrap_or_default())?)
        }
        TokenCommand::List => {
            let found: Vec<Value> = client.get("/tokens").await?;
            if json {
                return output::json(&found);
            }
            let cell = |row: &Value, member: &str| row[member].as_str().unwrap_or("-").to_owned();
            let rows: Vec<[String; 4]> = found
                .iter()
                .map(|row| [cell(row, "id"), cell(row, "name"), cell(row, "created_at"), cell(row, "last_used_at")])
                .collect();
            Ok(output::table(["ID", "NAME", "MADE", "LAST USED"], &rows)?)
        }
        TokenCommand::Revoke { id } => {
            let _: Value = client.write(Method::DELETE, &format!("/tokens/{id}"), None).await?;
            Ok(output::line("Revoked.")?)
        }
    }
}

async fn token_here(store: &Store, command: &TokenCommand, json: bool) -> anyhow::Result<()> {
    match command {
        TokenCommand::Add { name, scopes } => {
            let scopes: Vec<Scope> = scopes.iter().filter_map(|word| Scope::of(word)).collect();
            let made = sign_in::create_token(store, name, &scopes, Clock::system().unix_millis()).await?;
            if json {
                return output::json(&json!({"id": made.id(), "name": name, "token": made.reveal()}));
            }
            Ok(output::line(made.reveal())?)
        }
        TokenCommand::List => {
            let found = sign_in::tokens(store).await?;
            let rows: Vec<[String; 3]> =
                found.iter().map(|row| [row.id.clone(), row.name.clone(), iso(row.created_at)]).collect();
            if json {
                let rows: Vec<Value> =
                    rows.iter().map(|[id, name, at]| json!({"id": id, "name": name, "created_at": at})).collect();
                return output::json(&rows);
            }
            Ok(output::table(["ID", "NAME", "MADE"], &rows)?)
        }
        TokenCommand::Revoke { id } => {
            if !sign_in::revoke_token(store, id).await? {
                bail!("There is no token `{id}`. `bulkhead token list` shows which there are.");
            }
            Ok(output::line("Revoked.")?)
        }
    }
}

/// Runs `bulkhead mqtt-user`.
pub(super) async fn mqtt_user(arguments: MqttUserArguments) -> anyhow::Result<ExitCode> {
    let store = open(&arguments.data.unwrap_or_else(config::default_data))?;
    match arguments.command {
        MqttUserCommand::Add { name, write } => {
            let password = add_mqtt_user(&store, &name, write).await?;
            if arguments.json {
                output::json(&json!({"name": name, "may_write": write, "password": password}))?;
            } else {
                output::line(&password)?;
            }
        }
        MqttUserCommand::List => {
            let users: Vec<MqttUser> = store.call(mqtt_users::all).await?;
            let rows: Vec<[String; 3]> = users
                .iter()
                .map(|user| {
                    let rights = if user.may_write { "read, command" } else { "read" };
                    [user.name.clone(), rights.to_owned(), iso(user.created_at)]
                })
                .collect();
            if arguments.json {
                let users: Vec<Value> = users
                    .iter()
                    .map(|user| json!({"name": user.name, "may_write": user.may_write, "created_at": iso(user.created_at)}))
                    .collect();
                output::json(&users)?;
            } else {
                output::table(["NAME", "MAY", "MADE"], &rows)?;
            }
        }
        MqttUserCommand::Remove { name } => {
            let known = name.clone();
            let removed: Result<bool, StoreError> = store.call(move |tx| mqtt_users::remove(tx, &known)).await;
            if !removed? {
                bail!("There is no user `{name}`. `bulkhead mqtt-user list` shows which there are.");
            }
            output::line("Removed.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds a user of the embedded broker and gives its password.
///
/// # Errors
/// Where the name is one of the broker's own, or the database refuses.
pub(super) async fn add_mqtt_user(store: &Store, name: &str, may_write: bool) -> anyhow::Result<String> {
    let good = (1..=60).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic());
    if !good || name == crate::controller::NAME || name.starts_with("agent-") {
        bail!("`{name}` is no name for a user: 1 to 60 visible characters, neither `controller` nor `agent-…`.");
    }
    let password = random::secret()?;
    let user = MqttUser {
        name: name.to_owned(),
        secret: secret_hash(&password),
        may_write,
        created_at: Clock::system().unix_millis(),
    };
    let put: Result<(), StoreError> = store.call(move |tx| mqtt_users::put(tx, &user)).await;
    put?;
    Ok(password)
}

fn open(data: &Path) -> anyhow::Result<Store> {
    keys::private_folder(data)?;
    Ok(Store::open(&data.join("bulkhead.db"))?)
}
