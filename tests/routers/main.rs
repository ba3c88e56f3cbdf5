//! The agent as `scripts/build-agent` makes it for routers, each binary on the least processor that it is for.
//!
//! qemu-user carries out the instructions of the router's processor and hands the system calls to this machine's
//! kernel: what the agent does to sockets, files and netlink is real. It says nothing of memory or speed on a router.

mod built;
mod image;

use built::Built;
use support::{
    agent::{Agent, enrolled},
    needs, outside,
    parts::{Broker, Controller},
};

/// Signs in at the router over TLS, makes a VIF and removes it, and ends when it is told to.
async fn serves_a_router(test: &str, processor: &str) -> anyhow::Result<()> {
    let built = needs!(test, Built::find(processor));
    let program = needs!(test, Broker::program());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let broker = Broker::start(&program, place).await?;
    let controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    let mut agent = Agent::on_mount_by(built.command(), &mount, &twin, place)?;
    let rest = &controller.rest;
    rest.router_is("attic", "online").await?;
    let before = twin.control.export().await?;

    let mut check = built.command();
    check.arg("--config").arg(mount.join("agent.toml")).args(["check", "--json"]).current_dir(&mount);
    let said: serde_json::Value = serde_json::from_str(&outside::run(&mut check).await?)?;
    let looks = said["findings"].as_array().map_or(0, Vec::len);
    anyhow::ensure!(looks > 5, "too few looks: {said:#}");

    let made = rest.create_vif("attic", "tor", "make").await?;
    anyhow::ensure!(rest.ended(&made).await?["outcome"] == "confirmed");
    let vif = support::clock::wait("the VIF", support::clock::SOON, || rest.vif("attic", "tor")).await?;
    let id = vif["id"].as_str().unwrap_or_default();
    anyhow::ensure!(twin.control.export().await? != before, "nothing was made");
    let removed = rest.remove_vif("attic", id, "remove").await?;
    anyhow::ensure!(rest.ended(&removed).await?["outcome"] == "confirmed");
    assert_eq!(twin.control.export().await?, before);

    let ended = agent.part.ended_by_sigterm().await?;
    anyhow::ensure!(ended.success(), "told to end, it ended with {ended}: {}", agent.part.said());
    Ok(())
}

#[tokio::test]
async fn the_arm64_agent_serves_a_router() -> anyhow::Result<()> {
    serves_a_router("the_arm64_agent_serves_a_router", "arm64").await
}

#[tokio::test]
async fn the_armv7_agent_serves_a_router_without_neon() -> anyhow::Result<()> {
    serves_a_router("the_armv7_agent_serves_a_router_without_neon", "arm-v7").await
}

#[tokio::test]
async fn the_armv5_agent_serves_a_router_without_floating_point() -> anyhow::Result<()> {
    serves_a_router("the_armv5_agent_serves_a_router_without_floating_point", "arm-v5").await
}
