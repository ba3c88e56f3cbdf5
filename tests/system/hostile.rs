//! Somebody on the bus who should not be: with the credentials of another router's agent, and with none.

use crate::{
    mounts::Mount,
    vif::{confirmed, shown},
};
use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};
use support::{
    clock,
    demo::{Demo, Options},
    needs,
    outside::{self, Follower, Lacking},
};

/// What one router's agent must never reach of another's.
const OF_R1: [&str; 8] = [
    "bulkhead-bus/v1/r1/request/change_set",
    "bulkhead-bus/v1/r1/reply/controller",
    "bulkhead-bus/v1/r1/event/router",
    "bulkhead-bus/v1/r1/state",
    "bulkhead/r1/availability",
    "bulkhead/r1/state",
    "bulkhead/r1/vif/x/state",
    "bulkhead/r1/vif/set",
];

struct Clients {
    publish: PathBuf,
    subscribe: PathBuf,
}

fn clients() -> Result<Clients, Lacking> {
    Ok(Clients { publish: outside::program("mosquitto_pub")?, subscribe: outside::program("mosquitto_sub")? })
}

async fn two_routers(data: &tempfile::TempDir) -> anyhow::Result<Demo> {
    Demo::start(&Options { routers: Some(2), data: Some(data.path().to_owned()), ..Options::default() }).await
}

#[tokio::test]
async fn another_routers_agent_hears_and_moves_nothing() -> anyhow::Result<()> {
    let clients = needs!("another_routers_agent_hears_and_moves_nothing", clients());
    let data = tempfile::tempdir()?;
    let demo = two_routers(&data).await?;
    let thief = Mount::of(data.path(), "r2")?;
    let before = demo.control().export().await?;
    let watcher =
        Follower::start(outside::mosquitto(clients.subscribe.clone(), &demo.ready.mqtt)?, &["bulkhead/r1/#"])?;
    watcher.until("availability", |m| m.topic == "bulkhead/r1/availability" && m.payload == "online").await?;

    // Under a client id of its own, so that the real agent of r2 stays where it is.
    let filters = ["#", "bulkhead-bus/#", "bulkhead-bus/v1/r1/request/+", "bulkhead/#", "homeassistant/#"];
    let listener = Follower::start(thief.client(&clients.subscribe, "thief")?, &filters)?;
    for topic in OF_R1 {
        let mut command = thief.client(&clients.publish, "thief-too")?;
        outside::output(command.args(["-q", "1", "-r", "-t", topic, "-m", "offline"])).await?;
    }
    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    confirmed(&demo, &made).await?;
    watcher.until("the VIF", |m| m.topic.starts_with("bulkhead/r1/vif/")).await?;

    let heard: Vec<_> = listener.messages().into_iter().filter(|m| m.topic.contains("/r1/")).collect();
    assert!(heard.is_empty(), "r2's credentials hear r1: {heard:?}");
    let forged: Vec<_> = watcher.messages().into_iter().filter(|m| m.payload == "offline").collect();
    assert!(forged.is_empty(), "r2's credentials speak for r1: {forged:?}");
    assert_eq!(demo.rest.get("/api/v1/routers/r1").await?["state"], "online");

    let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
    confirmed(&demo, &demo.rest.remove_vif("r1", &id, "remove-1").await?).await?;
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}

#[tokio::test]
async fn nobody_takes_over_the_client_id_of_an_agent() -> anyhow::Result<()> {
    let clients = needs!("nobody_takes_over_the_client_id_of_an_agent", clients());
    let data = tempfile::tempdir()?;
    let demo = two_routers(&data).await?;
    let thief = Mount::of(data.path(), "r2")?;
    let watcher =
        Follower::start(outside::mosquitto(clients.subscribe.clone(), &demo.ready.mqtt)?, &["bulkhead/r1/#"])?;
    watcher.until("availability", |m| m.topic == "bulkhead/r1/availability" && m.payload == "online").await?;

    for id in ["agent-r1", "controller"] {
        let mut with_another = thief.client(&clients.publish, id)?;
        outside::output(with_another.args(["-q", "1", "-t", "x", "-m", "x"])).await?;
        let mut with_none = thief.stranger(&clients.publish, id)?;
        let refused = outside::output(with_none.args(["-q", "1", "-t", "x", "-m", "x"])).await?;
        assert!(!refused.status.success(), "{id}: let in without credentials");
    }
    // The agent and the controller are still there: an order goes through, and no last will was published.
    confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make-1").await?).await?;
    watcher.until("the VIF", |m| m.topic.starts_with("bulkhead/r1/vif/")).await?;
    assert!(!watcher.messages().iter().any(|m| m.payload == "offline"), "{:?}", watcher.messages());
    Ok(())
}

#[tokio::test]
async fn without_credentials_there_is_no_door() -> anyhow::Result<()> {
    let clients = needs!("without_credentials_there_is_no_door", clients());
    let data = tempfile::tempdir()?;
    let demo = two_routers(&data).await?;
    let mount = Mount::of(data.path(), "r2")?;
    let (host, port) = demo.ready.mqtt.address()?;
    for credentials in [&[][..], &["-u", demo.ready.mqtt.username.as_str(), "-P", "wrong"][..], &["-u", "agent-r1"][..]]
    {
        let mut command = std::process::Command::new(&clients.publish);
        command.args(["-V", "mqttv5", "-h", host, "-p", port, "-q", "1", "-t", "x", "-m", "x"]).args(credentials);
        let refused = outside::output(&mut command).await?;
        assert!(!refused.status.success(), "let in with {credentials:?}");
    }
    let refused =
        outside::output(mount.stranger(&clients.publish, "nobody")?.args(["-q", "1", "-t", "x", "-m", "x"])).await?;
    assert!(!refused.status.success(), "let in at the agents' door without a certificate or password");
    Ok(())
}

#[tokio::test]
async fn secrets_on_the_mount_are_for_their_owner_alone() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let _demo = two_routers(&data).await?;
    for router in ["r1", "r2"] {
        let secrets = Mount::of(data.path(), router)?.secrets();
        assert!(secrets.len() >= 3, "{secrets:?}");
        for file in secrets {
            let mode = std::fs::metadata(&file)?.permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.display());
        }
    }
    Ok(())
}

#[tokio::test]
async fn failed_sign_ins_lock_nobody_else_out() -> anyhow::Result<()> {
    let clients = needs!("failed_sign_ins_lock_nobody_else_out", clients());
    let data = tempfile::tempdir()?;
    let demo = two_routers(&data).await?;
    let (host, port) = demo.ready.mqtt.address()?;
    for attempt in 0..12 {
        let user = ["agent-r1", "demo", "nobody"][attempt % 3];
        let mut command = std::process::Command::new(&clients.publish);
        command.args(["-V", "mqttv5", "-h", host, "-p", port, "-u", user, "-P", "wrong", "-t", "x", "-m", "x"]);
        assert!(!outside::output(&mut command).await?.status.success(), "let in as {user} with a wrong password");
    }
    // A reader and the agents come from the address of the attempts, and have to sign in anew.
    let reader =
        Follower::start(outside::mosquitto(clients.subscribe, &demo.ready.mqtt)?, &["bulkhead/+/availability"])?;
    let availability = |m: &outside::Message| m.topic == "bulkhead/r1/availability" && m.payload == "online";
    reader.until("what is retained", availability).await?;
    for agent in demo.children("bulkhead-agent") {
        agent.signal(nix::sys::signal::Signal::SIGKILL)?;
    }
    // Who is back within the will's delay was never said to be away: what shows it is that it says `online` again.
    clock::wait("the agent's new connection", clock::SOON, || async {
        Ok((reader.messages().iter().filter(|m| availability(m)).count() > 1).then_some(()))
    })
    .await?;
    demo.rest.router_is("r1", "online").await?;
    Ok(())
}
