//! An agent that is away: what is asked of it is refused in words, and what it had to say comes when it is back.

use crate::{
    demo,
    vif::{confirmed, gone, shown},
};
use nix::sys::signal::Signal;
use serde_json::json;

#[tokio::test]
async fn an_agent_that_is_away_is_said_to_be_and_comes_back() -> anyhow::Result<()> {
    let demo = demo().await?;
    confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make-1").await?).await?;
    let agent = demo.children("bulkhead-agent").into_iter().next().expect("the demo has an agent");

    agent.signal(Signal::SIGSTOP)?;
    demo.rest.router_is("r1", "offline").await?;
    let asked = demo.rest.create_vif("r1", "dns", "make-2").await?;
    let ended = demo.rest.ended(&asked).await?;
    assert_eq!(ended["state"], "error", "{ended:#}");
    assert_eq!(ended["error"]["code"], "no_answer", "{ended:#}");
    agent.signal(Signal::SIGCONT)?;

    demo.rest.router_is("r1", "online").await?;
    assert!(demo.rest.vif("r1", "dns").await?.is_none(), "what was refused is not done later");
    assert_eq!(shown(&demo, "tor").await?["name"], "tor");
    let made = demo.rest.create_vif("r1", "dns", "make-3").await?;
    confirmed(&demo, &made).await?;
    let id = shown(&demo, "dns").await?["id"].as_str().unwrap_or_default().to_owned();
    confirmed(&demo, &demo.rest.remove_vif("r1", &id, "remove-3").await?).await?;
    gone(&demo, "dns").await
}

#[tokio::test]
async fn each_event_is_listed_once_whatever_was_cut_in_between() -> anyhow::Result<()> {
    let demo = demo().await?;
    confirmed(&demo, &demo.rest.create_vif("r1", "tor", "make-1").await?).await?;
    for kind in ["disconnect", "stall"] {
        demo.control().post("/fault", &json!({"kind": kind})).await?;
    }
    let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
    let removed = demo.rest.remove_vif("r1", &id, "remove-1").await?;
    demo.rest.ended(&removed).await?;
    let events = demo.rest.get("/api/v1/routers/r1/events").await?;
    let codes: Vec<(&str, &str)> = events
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|event| Some((event["code"].as_str()?, event["change_set"].as_str()?)))
        .collect();
    let mut once = codes.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), codes.len(), "an event came twice: {codes:?}");
    Ok(())
}
