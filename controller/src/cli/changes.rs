//! `bulkhead change`, and following a change set to its end.

mod file;
mod lines;

use super::{
    Reach,
    client::Client,
    output::{self, Progress},
    trace,
};
use crate::view::{ChangeSetView, StageStatus};
use anyhow::bail;
use clap::Subcommand;
use file::Asked;
use hyper::Method;
use shared::change_set::{Event, Keep, Outcome, Phase, State};
use std::{process::ExitCode, time::Duration};

/// Between two questions while a change set is followed.
const ASK_AGAIN: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The change sets of a router, newest first
    List {
        /// Id of the router
        router: String,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// One change set with what it writes
    Show {
        /// Id of the change set
        id: String,
    },
    /// What a file would change, without changing it
    Plan {
        #[command(flatten)]
        asked: Asked,
        /// End with 2 where something would change, and with 0 where nothing would
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Do what a file says, and wait for the end
    Apply {
        #[command(flatten)]
        asked: Asked,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Do not ask either where the risk is high; it then has to be kept by `bulkhead change keep`
        #[arg(long)]
        accept_risk: bool,
    },
    /// Say that a change under way stays
    Keep {
        /// Id of the change set
        id: String,
    },
    /// Undo a change, whether it is under way or was kept; where others have built on it since, by a new change to look at
    Revert {
        /// Id of the change set
        id: String,
    },
    /// Give a change under way more time
    Extend {
        /// Id of the change set
        id: String,
        /// Seconds from now, 15 to 3600
        #[arg(long, default_value_t = 120)]
        seconds: u32,
    },
    /// Say yes to a plan, and wait for the end
    Confirm {
        /// Id of the change set
        id: String,
    },
    /// Accept the risk of a plan that was said yes to, and wait for the end
    Acknowledge {
        /// Id of the change set
        id: String,
    },
    /// Call it off
    Cancel {
        /// Id of the change set
        id: String,
    },
}

/// Runs the command.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (client, json) = (arguments.reach.client()?, arguments.reach.json);
    match arguments.command {
        Command::List { router, limit } => {
            let found: Vec<ChangeSetView> = client.get(&format!("/routers/{router}/change-sets?limit={limit}")).await?;
            if json {
                output::json(&found)?;
            } else {
                let rows: Vec<[String; 5]> = found
                    .iter()
                    .map(|c| [c.id.clone(), word(&c.state), word(&c.outcome), c.created_at.clone(), c.name.clone()])
                    .collect();
                output::table(["ID", "STATE", "OUTCOME", "MADE", "NAME"], &rows)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { id } => {
            let found: ChangeSetView = client.get(&format!("/change-sets/{id}")).await?;
            if json {
                output::json(&found)?;
            } else {
                print(&found)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Plan { asked, detailed_exitcode } => plan(&client, &asked, detailed_exitcode, json).await,
        Command::Apply { asked, yes, accept_risk } => apply(&client, &asked, yes, accept_risk, json).await,
        Command::Keep { id } => {
            let _: serde_json::Value = client.write(Method::POST, &format!("/change-sets/{id}/keep"), None).await?;
            end(&client, &id, json).await
        }
        Command::Revert { id } => revert(&client, &id, json).await,
        Command::Extend { id, seconds } => {
            let body = serde_json::json!({"seconds": seconds});
            let path = format!("/change-sets/{id}/extend");
            let found: ChangeSetView = client.write(Method::POST, &path, Some(&body)).await?;
            output::line(&format!("Undone at {} unless it is kept.", found.deadline.unwrap_or_default()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Confirm { id } => {
            let _: serde_json::Value = client.write(Method::POST, &format!("/change-sets/{id}/confirm"), None).await?;
            end(&client, &id, json).await
        }
        Command::Acknowledge { id } => {
            let _: serde_json::Value =
                client.write(Method::POST, &format!("/change-sets/{id}/acknowledge"), None).await?;
            end(&client, &id, json).await
        }
        Command::Cancel { id } => {
            let _: serde_json::Value = client.write(Method::POST, &format!("/change-sets/{id}/cancel"), None).await?;
            output::line("Called off; nothing was written.")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Has the agent undo it; where it cannot, because others have built on it, a new change is made that takes it back.
async fn revert(client: &Client, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let known: ChangeSetView = client.get(&format!("/change-sets/{id}")).await?;
    if known.state != State::Active || known.legal_events.contains(&Event::Undo) {
        let _: serde_json::Value = client.write(Method::POST, &format!("/change-sets/{id}/rollback"), None).await?;
        let found = follow(client, id).await?;
        if found.state != State::Active {
            if json {
                output::json(&found)?;
            } else {
                print(&found)?;
            }
            return Ok(if found.state == State::RolledBack { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    let made: ChangeSetView = client.write(Method::POST, &format!("/change-sets/{id}/revert"), None).await?;
    end(client, &made.id, json).await
}

async fn plan(client: &Client, asked: &Asked, detailed: bool, json: bool) -> anyhow::Result<ExitCode> {
    let planned = asked.plan(client).await?;
    if json {
        output::json(&planned.found)?;
    } else {
        planned.show()?;
    }
    planned.put_away(client).await?;
    Ok(planned.exit(detailed))
}

async fn apply(client: &Client, asked: &Asked, yes: bool, accept_risk: bool, json: bool) -> anyhow::Result<ExitCode> {
    let planned = asked.plan(client).await?;
    let id = &planned.found.id;
    if !json {
        planned.show()?;
    }
    if planned.found.state != State::Previewing || !planned.changes() {
        planned.put_away(client).await?;
        if json {
            output::json(&planned.found)?;
        }
        return Ok(planned.exit(false));
    }
    if !yes && !file::agreed("Apply this?", id)? {
        let _: serde_json::Value = client.write(Method::POST, &format!("/change-sets/{id}/cancel"), None).await?;
        output::line("Called off; nothing was written.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let confirmed: ChangeSetView = client.write(Method::POST, &format!("/change-sets/{id}/confirm"), None).await?;
    if confirmed.state == State::Confirming {
        for reason in &confirmed.reasons {
            output::line(&format!("High risk: {}", output::harmless(reason)))?;
        }
        if !accept_risk && !file::agreed("Accept the risk?", id)? {
            let _: serde_json::Value = client.write(Method::DELETE, &format!("/change-sets/{id}"), None).await?;
            output::line("Nothing was written; the plan waits in the list of changes.")?;
            return Ok(ExitCode::FAILURE);
        }
        let _: serde_json::Value = client.write(Method::POST, &format!("/change-sets/{id}/acknowledge"), None).await?;
    }
    settle(client, id, json, print_outcome).await
}

/// Follows a change set until it needs nobody or a person, prints how it stands, and gives the exit status: 0 only
/// when what was asked for is done.
pub(super) async fn end(client: &Client, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    settle(client, id, json, print).await
}

async fn settle(
    client: &Client,
    id: &str,
    json: bool,
    tell: fn(&ChangeSetView) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let found = follow(client, id).await?;
    if json {
        output::json(&found)?;
    } else {
        tell(&found)?;
    }
    let good = matches!(found.state, State::Active | State::Previewing);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn follow(client: &Client, id: &str) -> anyhow::Result<ChangeSetView> {
    let mut progress = Progress::new();
    loop {
        let found: ChangeSetView = client.get(&format!("/change-sets/{id}")).await?;
        let waits = matches!(found.state, State::Previewing | State::Confirming | State::Invalid | State::Error);
        if waits || found.state.is_final() {
            progress.end();
            return Ok(found);
        }
        if let (State::Verifying, Some(deadline), Keep::Person) = (found.state, &found.deadline, found.confirm.keep) {
            let told = format!("waiting for `bulkhead change keep {id}`; undone at {deadline}");
            progress.show(&told, 0, 0);
            tokio::time::sleep(ASK_AGAIN).await;
            continue;
        }
        match &found.progress {
            Some(seen) if seen.phase != Phase::Ended => progress.show(&seen.current, seen.done, seen.total),
            _ => progress.show(&word(&found.state), 0, 0),
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Prints a change set whole.
fn print(found: &ChangeSetView) -> anyhow::Result<()> {
    print_head(found)?;
    if let Some(plan) = &found.plan {
        for operation in &plan.operations {
            output::line(&format!("  {}", lines::line(operation)))?;
        }
        for warning in &plan.warnings {
            output::line(&format!("  Note: {}", output::harmless(warning)))?;
        }
    }
    print_rest(found)
}

/// The same without its plan, which has just been shown.
fn print_outcome(found: &ChangeSetView) -> anyhow::Result<()> {
    print_head(found)?;
    print_rest(found)
}

fn print_head(found: &ChangeSetView) -> anyhow::Result<()> {
    Ok(output::line(&format!("{}  {}  {}", found.id, word(&found.state), output::harmless(&found.name)))?)
}

/// What there is to say beside its plan.
fn print_rest(found: &ChangeSetView) -> anyhow::Result<()> {
    for stage in found.stages.iter().filter(|stage| stage.status == StageStatus::Failed) {
        for finding in &stage.findings {
            let at: Vec<&str> = finding.item.iter().chain(&finding.field).map(String::as_str).collect();
            let at = if at.is_empty() { String::new() } else { format!(" at {}", output::harmless(&at.join("."))) };
            output::line(&format!("  {}{at}: {}", finding.code, output::advice(&finding.message, &finding.hint)))?;
            if let Some(question) = &finding.trace {
                let command = trace::command(&found.router, question, &found.id);
                output::line(&format!("    rule by rule: {}", output::harmless(&command)))?;
            }
        }
    }
    if let Some(error) = &found.error {
        output::line(&format!("  {}: {}", error.code, output::advice(&error.message, &error.hint)))?;
    }
    for reason in &found.reasons {
        output::line(&format!("  Risk: {}", output::harmless(reason)))?;
    }
    for differs in &found.differs {
        output::line(&format!("  not as before: {}", output::harmless(differs)))?;
    }
    if let Some(said) = ended(found) {
        output::line(said)?;
    }
    Ok(())
}

fn ended(found: &ChangeSetView) -> Option<&'static str> {
    match (found.state, found.outcome) {
        (State::Active, _) => Some("Done, and read back from the router."),
        (State::Confirming, _) => {
            Some("The risk is high: `bulkhead change acknowledge` accepts it, `cancel` goes back.")
        }
        (State::Previewing, _) => Some("Nothing is written yet: `bulkhead change confirm` says yes."),
        (_, Some(Outcome::Reverted)) => Some("Undone; the router is as it was before."),
        (_, Some(Outcome::PartlyReverted)) => Some("Undone but for what is listed."),
        (_, Some(Outcome::Unknown)) => Some("What is on the router is not known: somebody has to look."),
        (_, Some(Outcome::Confirmed) | None) => None,
    }
}

/// A value as JSON writes it, without quotes; `-` for none.
pub(super) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Null) | Err(_) => "-".to_owned(),
        Ok(other) => other.to_string(),
    }
}

/// The id of the change set that a write made.
pub(super) fn made(answer: &serde_json::Value) -> anyhow::Result<String> {
    match answer["change_set"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => bail!("The controller did not say which change set it made; update both to the same version."),
    }
}
