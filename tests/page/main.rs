//! The page in a real browser: Chromium, driven by playwright-core, with axe looking for barriers.
//!
//! Each case is a file of JavaScript beside this one; it gets the demo's ready file in `BULKHEAD_READY` and throws
//! where something is not as it should be.

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use support::{
    agent::{Agent, enrolled},
    demo::{Demo, Options},
    needs,
    outside::{self, Lacking},
    parts::{Broker, Controller},
};

struct Browser {
    node: PathBuf,
    chromium: PathBuf,
}

fn browser() -> Result<Browser, Lacking> {
    let node = outside::program("node")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let chromium = names.iter().find_map(|name| outside::program(name).ok());
    let chromium =
        chromium.ok_or_else(|| Lacking("Chromium is not installed (scripts/test installs it)".to_owned()))?;
    if !folder().join("node_modules/playwright-core").is_dir() {
        return Err(Lacking("tests/page/node_modules is missing (scripts/test makes it)".to_owned()));
    }
    Ok(Browser { node, chromium })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("page")
}

/// Runs a case against a demo of its own; what it prints is shown when it fails.
async fn case(browser: &Browser, script: &str) -> anyhow::Result<()> {
    let demo = Demo::start(&Options::default()).await?;
    let ready = json!({
        "url": demo.ready.url,
        "token": demo.ready.token,
        "control": demo.router().control,
        "router": {"api": demo.router().api, "username": demo.router().username, "password": demo.router().password},
        "screenshots": screenshots(),
    });
    run(browser, script, &ready).await
}

fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("screenshots")
}

async fn run(browser: &Browser, script: &str, ready: &Value) -> anyhow::Result<()> {
    let mut command = Command::new(&browser.node);
    command.arg(folder().join(script)).env("BULKHEAD_READY", ready.to_string());
    command.env("BULKHEAD_CHROMIUM", &browser.chromium);
    outside::run(&mut command).await.map(drop)
}

#[tokio::test]
async fn a_vif_is_made_watched_and_removed_on_the_page() -> anyhow::Result<()> {
    let browser = needs!("a_vif_is_made_watched_and_removed_on_the_page", browser());
    case(&browser, "tour.mjs").await
}

#[tokio::test]
async fn a_change_outlives_its_controller_and_is_kept_from_another_browser() -> anyhow::Result<()> {
    let test = "a_change_outlives_its_controller_and_is_kept_from_another_browser";
    let browser = needs!(test, browser());
    let mosquitto = needs!(test, Broker::program());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let broker = Broker::start(&mosquitto, place).await?;
    let controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    let _agent = Agent::on_mount(&mount, &twin, place)?;
    controller.rest.router_is("attic", "online").await?;
    // A rule of the chain `input` is a high risk, whom ever it stops.
    let rule = json!({"id": "stranger", "resource": "/ip/firewall/filter", "operation": "create",
        "attributes": {"chain": "input", "src-address": "10.9.9.8", "action": "drop"}});
    let body = json!({"name": "No stranger", "items": [rule], "confirm": {"deadline_s": 600, "keep": "person"}});
    let made = controller.rest.call("POST", "/api/v1/routers/attic/change-sets", Some(&body), &[]).await?;
    anyhow::ensure!(made.status == 201, "{} {}", made.status, made.body);
    let ready = |controller: &Controller, phase: &str| {
        json!({"url": controller.url, "token": controller.token, "phase": phase, "change": made.body["id"],
            "screenshots": screenshots()})
    };
    run(&browser, "change.mjs", &ready(&controller, "begin")).await?;
    // SIGKILL, as a part ends here.
    drop(controller);
    let controller = Controller::start(&broker, place).await?;
    run(&browser, "change.mjs", &ready(&controller, "keep")).await
}

#[tokio::test]
async fn a_change_is_written_on_the_page_by_two_at_once() -> anyhow::Result<()> {
    let browser = needs!("a_change_is_written_on_the_page_by_two_at_once", browser());
    case(&browser, "write.mjs").await
}

#[tokio::test]
async fn what_somebody_else_did_is_seen_put_back_and_accepted_on_the_page() -> anyhow::Result<()> {
    let browser = needs!("what_somebody_else_did_is_seen_put_back_and_accepted_on_the_page", browser());
    case(&browser, "drift.mjs").await
}

#[tokio::test]
async fn a_vif_is_watched_edited_engaged_and_switched_off_by_password_alone() -> anyhow::Result<()> {
    let browser = needs!("a_vif_is_watched_edited_engaged_and_switched_off_by_password_alone", browser());
    case(&browser, "vif.mjs").await
}

#[tokio::test]
async fn the_same_without_javascript() -> anyhow::Result<()> {
    let browser = needs!("the_same_without_javascript", browser());
    case(&browser, "without-javascript.mjs").await
}

#[tokio::test]
async fn every_page_is_open_to_everybody_in_light_dark_and_on_a_phone() -> anyhow::Result<()> {
    let browser = needs!("every_page_is_open_to_everybody_in_light_dark_and_on_a_phone", browser());
    case(&browser, "barriers.mjs").await
}

#[tokio::test]
async fn the_first_load_is_light_and_asks_no_other_host() -> anyhow::Result<()> {
    let browser = needs!("the_first_load_is_light_and_asks_no_other_host", browser());
    case(&browser, "weight.mjs").await
}
