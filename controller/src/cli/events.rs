//! `bulkhead events`

use super::{Reach, changes::word, output};
use crate::view::EventView;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    /// Id of the router
    router: String,
    /// At most so many, the newest
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Runs the command.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let client = arguments.reach.client()?;
    let path = format!("/routers/{}/events?limit={}", arguments.router, arguments.limit);
    let found: Vec<EventView> = client.get(&path).await?;
    if arguments.reach.json {
        output::json(&found)?;
    } else {
        // Oldest first: the last line is what has just happened.
        let rows: Vec<[String; 4]> = found
            .iter()
            .rev()
            .map(|event| [event.at.clone(), word(&event.severity), event.code.clone(), event.message.clone()])
            .collect();
        output::table(["AT", "SEVERITY", "CODE", "MESSAGE"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}
