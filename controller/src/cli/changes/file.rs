//! `bulkhead change plan FILE` and `apply FILE`: what a file asks of a router, shown before it is done.

use super::{lines::line, print};
use crate::{
    cli::{client::Client, output, terminal},
    view::ChangeSetView,
};
use anyhow::{Context as _, bail};
use hyper::Method;
use serde_json::{Value, json};
use shared::change_set::{State, Verb};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What a file is about.
#[derive(clap::Args)]
pub(super) struct Asked {
    /// A TOML or JSON file: `name`, `items`, and where wanted `confirm` and `router`
    file: PathBuf,
    /// Id of the router, where the file does not say it
    #[arg(long)]
    router: Option<String>,
}

/// A change set that was made of a file and is to be looked at.
pub(super) struct Planned {
    pub(super) found: ChangeSetView,
}

impl Asked {
    /// Has the controller plan what the file asks for.
    pub(super) async fn plan(&self, client: &Client) -> anyhow::Result<Planned> {
        let (router, body) = read(&self.file, self.router.as_deref())?;
        let made: ChangeSetView =
            client.write(Method::POST, &format!("/routers/{router}/change-sets?go=plan"), Some(&body)).await?;
        Ok(Planned { found: super::follow(client, &made.id).await? })
    }
}

impl Planned {
    /// Whether there is something to write; what cannot be planned counts as an error.
    pub(super) fn changes(&self) -> bool {
        self.found.plan.as_ref().is_some_and(|plan| !plan.operations.is_empty())
    }

    /// Shows the plan as people know it: a line for each row, then how many of each.
    pub(super) fn show(&self) -> anyhow::Result<()> {
        if self.found.state != State::Previewing {
            return print(&self.found);
        }
        if !self.changes() {
            return Ok(output::line("Nothing to do: the router is as the file says.")?);
        }
        let operations = self.found.plan.iter().flat_map(|plan| &plan.operations);
        for operation in operations.clone() {
            output::line(&line(operation))?;
        }
        for warning in self.found.plan.iter().flat_map(|plan| &plan.warnings) {
            output::line(&format!("Note: {}", output::harmless(warning)))?;
        }
        let count = |verb: Verb| operations.clone().filter(|operation| operation.verb == verb).count();
        let [add, set, remove, moved] = [Verb::Add, Verb::Set, Verb::Remove, Verb::Move].map(count);
        output::line(&format!("Plan: {add} to add, {set} to change, {remove} to remove, {moved} to move."))?;
        Ok(())
    }

    /// Calls off what there is nothing to do for, so that it does not wait in the list.
    pub(super) async fn put_away(&self, client: &Client) -> anyhow::Result<()> {
        if self.found.state == State::Previewing && !self.changes() {
            let path = format!("/change-sets/{}/cancel", self.found.id);
            let _: Value = client.write(Method::POST, &path, None).await?;
        }
        Ok(())
    }

    /// 0 where there is nothing to do, 2 where there is, 1 where it cannot be done; without `detailed` 0 for both first.
    pub(super) fn exit(&self, detailed: bool) -> ExitCode {
        match (self.found.state, self.changes() && detailed) {
            (State::Previewing, false) => ExitCode::SUCCESS,
            (State::Previewing, true) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Whether the person at the terminal says yes; where nobody is there, that is an error.
pub(super) fn agreed(question: &str, id: &str) -> anyhow::Result<bool> {
    let Some(agreed) = terminal::agreed(question)? else {
        bail!("Nobody is there to ask: say --yes and --accept-risk, or go on with `bulkhead change confirm {id}`.");
    };
    Ok(agreed)
}

fn read(file: &Path, router: Option<&str>) -> anyhow::Result<(String, Value)> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let mut body: Value = if is_json {
        serde_json::from_str(&text).with_context(|| format!("{shown} is no JSON"))?
    } else {
        toml::from_str(&text).with_context(|| format!("{shown} is no TOML"))?
    };
    let Some(map) = body.as_object_mut() else { bail!("{shown} holds no change: write `name` and `items`.") };
    // What an export could not hold is no part of what it asks for.
    map.remove("left_out");
    let named = map.remove("router").and_then(|router| router.as_str().map(str::to_owned));
    let Some(router) = router.map(str::to_owned).or(named) else {
        bail!("{shown} does not say which router it is for: write `router = \"…\"` or give --router.");
    };
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    map.entry("name").or_insert_with(|| json!(stem));
    map.entry("source").or_insert_with(|| json!("file"));
    Ok((router, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        (folder, file)
    }

    #[test]
    fn a_file_says_its_router_or_the_command_does_and_its_name_is_the_files() {
        let (_folder, file) = written("home.toml", "router = \"r1\"\n[[items]]\nid = \"a\"\n");
        let (router, body) = read(&file, None).expect("read");
        assert_eq!(
            (router.as_str(), body["name"].as_str(), body["source"].as_str()),
            ("r1", Some("home"), Some("file"))
        );
        assert_eq!(read(&file, Some("r2")).expect("read").0, "r2");
        assert_eq!(body.get("router"), None);

        let (_folder, file) = written("x.json", "{\"items\": []}");
        assert!(read(&file, None).is_err_and(|error| error.to_string().contains("--router")));
        let (_folder, file) = written("x.toml", "items = [");
        assert!(read(&file, Some("r1")).is_err_and(|error| error.to_string().contains("is no TOML")));
    }
}
