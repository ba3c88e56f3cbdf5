//! The open tree as home automation reads it, with Mosquitto's own client and the demo's read-only credentials.

use crate::{
    demo,
    vif::{confirmed, shown},
};
use serde_json::Value;
use support::{
    needs,
    outside::{self, Follower},
};

#[tokio::test]
async fn a_reader_sees_the_router_and_its_vifs_come_and_go() -> anyhow::Result<()> {
    let subscribe = needs!("a_reader_sees_the_router_and_its_vifs_come_and_go", outside::program("mosquitto_sub"));
    let demo = demo().await?;
    let reader = Follower::start(outside::mosquitto(subscribe, &demo.ready.mqtt)?, &["bulkhead/#", "bulkhead-bus/#"])?;
    reader.until("availability", |m| m.topic == "bulkhead/r1/availability" && m.payload == "online").await?;
    let state = reader.until("the state", |m| m.topic == "bulkhead/r1/state" && m.json().is_some()).await?;
    assert!(state.json().is_some_and(|json| json.is_object()), "{}", state.payload);

    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    confirmed(&demo, &made).await?;
    let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
    let topic = format!("bulkhead/r1/vif/{id}/state");
    let vif = reader.until("the VIF", |m| m.topic == topic).await?.json().unwrap_or(Value::Null);
    assert_eq!(vif["name"], "tor", "{vif}");

    let removed = demo.rest.remove_vif("r1", &id, "remove-1").await?;
    confirmed(&demo, &removed).await?;
    reader.until("the VIF's end", |m| m.topic == topic && m.payload.is_empty()).await?;
    let signed: Vec<_> = reader.messages().into_iter().filter(|m| m.topic.starts_with("bulkhead-bus/")).collect();
    assert!(signed.is_empty(), "a reader of the open tree sees the signed one: {signed:?}");
    Ok(())
}

#[tokio::test]
async fn a_reader_changes_nothing() -> anyhow::Result<()> {
    let test = "a_reader_changes_nothing";
    let subscribe = needs!(test, outside::program("mosquitto_sub"));
    let publish = needs!(test, outside::program("mosquitto_pub"));
    let demo = demo().await?;
    let before = demo.control().export().await?;
    let reader = Follower::start(outside::mosquitto(subscribe, &demo.ready.mqtt)?, &["bulkhead/#"])?;
    reader.until("availability", |m| m.topic == "bulkhead/r1/availability" && m.payload == "online").await?;

    for topic in [
        "bulkhead/r1/availability",
        "bulkhead/r1/state",
        "bulkhead/r1/vif/set",
        "bulkhead/r1/event",
        "homeassistant/status",
        "bulkhead-bus/v1/r1/request/change_set",
        "bulkhead-bus/v1/r1/state",
        "bulkhead-bus/v1/r1/event/router",
    ] {
        let mut command = outside::mosquitto(publish.clone(), &demo.ready.mqtt)?;
        // Whether the broker refuses or swallows it is the broker's matter; that nobody sees it is ours.
        outside::output(command.args(["-q", "1", "-r", "-t", topic, "-m", "offline"])).await?;
    }
    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    confirmed(&demo, &made).await?;
    reader.until("the VIF", |m| m.topic.starts_with("bulkhead/r1/vif/")).await?;
    let forged: Vec<_> = reader.messages().into_iter().filter(|m| m.payload == "offline").collect();
    assert!(forged.is_empty(), "{forged:?}");
    assert_eq!(demo.rest.get("/api/v1/routers/r1").await?["state"], "online");

    let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
    confirmed(&demo, &demo.rest.remove_vif("r1", &id, "remove-1").await?).await?;
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}
