//! As with a real router: `bulkhead serve`, `router add`, the script on the router, the agent on its mount; with a
//! broker that is not ours, and somebody there who records and repeats.

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use support::{
    agent::{Agent, enrolled},
    clock, needs,
    outside::{self, Follower, Lacking},
    parts::{Broker, Controller},
    rest::Rest,
};

struct Programs {
    broker: PathBuf,
    publish: PathBuf,
    subscribe: PathBuf,
}

fn programs() -> Result<Programs, Lacking> {
    Ok(Programs {
        broker: Broker::program()?,
        publish: outside::program("mosquitto_pub")?,
        subscribe: outside::program("mosquitto_sub")?,
    })
}

fn client(program: &Path, broker: &Broker) -> Command {
    let mut command = Command::new(program);
    command.args(["-V", "mqttv5", "-h", "127.0.0.1", "-p", &broker.port.to_string()]);
    command
}

/// A VIF once it has been verified: until then nobody says that it is whole.
async fn verified(rest: &Rest, name: &str) -> anyhow::Result<Value> {
    clock::wait("a verified VIF", clock::SOON, || async {
        let vif = rest.vif("attic", name).await?;
        Ok(vif.filter(|vif| vif["isolation"]["verified_at"].is_string()))
    })
    .await
}

async fn kept(rest: &Rest, change_set: &str) -> anyhow::Result<()> {
    let ended = rest.ended(change_set).await?;
    anyhow::ensure!(ended["outcome"] == "confirmed", "{ended:#}");
    Ok(())
}

#[tokio::test]
async fn an_installation_by_hand_on_mosquitto_works_and_recorded_orders_do_not() -> anyhow::Result<()> {
    let programs = needs!("an_installation_by_hand_on_mosquitto_works_and_recorded_orders_do_not", programs());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let broker = Broker::start(&programs.broker, place).await?;
    let controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    let mut agent = Agent::on_mount(&mount, &twin, place)?;
    let recorder = Follower::start_hex(client(&programs.subscribe, &broker), &["bulkhead-bus/v1/attic/request/+"])?;
    let rest = &controller.rest;
    rest.router_is("attic", "online").await?;
    let before = twin.control.export().await?;

    let check = outside::run(&mut Agent::check(&mount)?).await;
    assert!(check.is_ok(), "bulkhead-agent check: {check:?}");

    kept(rest, &rest.create_vif("attic", "tor", "make-1").await?).await?;
    let vif = clock::wait("the VIF", clock::SOON, || rest.vif("attic", "tor")).await?;
    kept(rest, &rest.remove_vif("attic", vif["id"].as_str().unwrap_or_default(), "remove-1").await?).await?;
    assert_eq!(twin.control.export().await?, before);

    // Everything that the controller ever said, once more, and again to an agent that has been restarted.
    for restarted in [false, true] {
        if restarted {
            drop(agent);
            agent = Agent::on_mount(&mount, &twin, place)?;
            rest.router_is("attic", "online").await?;
        }
        for message in recorder.messages() {
            let bytes = outside::from_hex(&message.payload)?;
            let file = place.join("repeated");
            std::fs::write(&file, bytes)?;
            let mut command = client(&programs.publish, &broker);
            outside::run(command.args(["-q", "1", "-t", &message.topic, "-f"]).arg(&file)).await?;
        }
    }
    // What is in order is still done, and nothing else was.
    kept(rest, &rest.create_vif("attic", "dns", "make-2").await?).await?;
    clock::wait("the VIF in the list", clock::SOON, || rest.vif("attic", "dns")).await?;
    let vifs = rest.get("/api/v1/routers/attic/vifs").await?;
    let names: Vec<&str> = vifs.as_array().into_iter().flatten().filter_map(|vif| vif["name"].as_str()).collect();
    assert_eq!(names, ["dns"]);
    // On a slow machine the first of them have expired by then.
    let said = agent.part.said();
    assert!(said.contains("replayed") || said.contains("stale"), "the agent does not say what it refused: {said}");
    Ok(())
}

#[tokio::test]
async fn a_broker_that_is_restarted_is_found_again() -> anyhow::Result<()> {
    let programs = needs!("a_broker_that_is_restarted_is_found_again", programs());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let broker = Broker::start(&programs.broker, place).await?;
    let controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    let _agent = Agent::on_mount(&mount, &twin, place)?;
    let rest = &controller.rest;
    rest.router_is("attic", "online").await?;
    kept(rest, &rest.create_vif("attic", "tor", "make-1").await?).await?;

    // This one keeps nothing: sessions and retained messages are gone with it.
    let port = broker.port;
    drop(broker);
    rest.router_is("attic", "offline").await?;
    let _broker = Broker::start_on(&programs.broker, place, port).await?;
    rest.router_is("attic", "online").await?;
    let vif = clock::wait("the VIF", clock::SOON, || rest.vif("attic", "tor")).await?;
    kept(rest, &rest.remove_vif("attic", vif["id"].as_str().unwrap_or_default(), "remove-1").await?).await?;
    Ok(())
}

/// Menus at whose first write everything but the router is killed.
const POINTS: [&str; 3] = ["/interface/veth", "/ip/route", "/ip/firewall/filter"];

#[tokio::test]
async fn everything_but_the_router_is_killed_in_the_middle_and_finds_the_change_again() -> anyhow::Result<()> {
    let programs = needs!("everything_but_the_router_is_killed_in_the_middle_and_finds_the_change_again", programs());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let mut broker = Broker::start(&programs.broker, place).await?;
    let mut controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    let mut agent = Agent::on_mount(&mount, &twin, place)?;
    controller.rest.router_is("attic", "online").await?;
    let before = twin.control.export().await?;

    for (nth, menu) in POINTS.into_iter().enumerate() {
        let (command, key) = (format!("[\"{menu}/add\""), format!("make-{nth}"));
        let seen = || anyhow::Ok(twin.record()?.lines().filter(|line| line.starts_with(&command)).count());
        let so_far = seen()?;
        let delay = json!({"kind": "delay", "command": format!("{menu}/add"), "when": "after", "ms": 2000});
        twin.control.post("/fault", &delay).await?;
        let made = controller.rest.create_vif("attic", "tor", &key).await?;
        clock::wait(menu, clock::SOON, || async { Ok((seen()? > so_far).then_some(())) }).await?;

        let port = broker.port;
        drop((agent, controller, broker));
        broker = Broker::start_on(&programs.broker, place, port).await?;
        controller = Controller::start(&broker, place).await?;
        agent = Agent::on_mount(&mount, &twin, place)?;

        let rest = &controller.rest;
        let ended = rest.ended(&made).await?;
        let vif = clock::wait("list and outcome to agree", clock::SOON, || async {
            let vif = rest.vif("attic", "tor").await?;
            Ok((vif.is_some() == (ended["outcome"] == "confirmed")).then_some(vif))
        })
        .await?;
        assert_eq!(rest.create_vif("attic", "tor", &key).await?, made, "the same request, before and after the crash");
        if let Some(vif) = vif {
            let id = vif["id"].as_str().unwrap_or_default();
            kept(rest, &rest.remove_vif("attic", id, &format!("clean-{nth}")).await?).await?;
        } else {
            assert_eq!(ended["outcome"], "reverted", "{ended:#}");
        }
        assert_eq!(twin.control.export().await?, before, "something is left of {made}, killed at {menu}");
    }
    drop(agent);
    Ok(())
}

#[tokio::test]
async fn a_kept_vif_outlives_a_crash_of_everything_but_the_router() -> anyhow::Result<()> {
    let programs = needs!("a_kept_vif_outlives_a_crash_of_everything_but_the_router", programs());
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    let broker = Broker::start(&programs.broker, place).await?;
    let controller = Controller::start(&broker, place).await?;
    let (mount, twin) = enrolled(&controller, place).await?;
    let agent = Agent::on_mount(&mount, &twin, place)?;
    controller.rest.router_is("attic", "online").await?;
    let before = twin.control.export().await?;
    kept(&controller.rest, &controller.rest.create_vif("attic", "tor", "make").await?).await?;
    let vif = verified(&controller.rest, "tor").await?;

    let port = broker.port;
    drop((agent, controller, broker));
    let broker = Broker::start_on(&programs.broker, place, port).await?;
    let controller = Controller::start(&broker, place).await?;
    let _agent = Agent::on_mount(&mount, &twin, place)?;
    let rest = &controller.rest;
    rest.router_is("attic", "online").await?;
    let found = verified(rest, "tor").await?;
    for field in ["id", "vlan_id", "gateway_ip", "service_ip", "created_at", "status"] {
        assert_eq!(found[field], vif[field], "{field}");
    }
    kept(rest, &rest.remove_vif("attic", found["id"].as_str().unwrap_or_default(), "remove").await?).await?;
    assert_eq!(twin.control.export().await?, before);
    Ok(())
}
