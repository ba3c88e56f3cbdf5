//! `bulkhead demo` keeps what its ready file promises, and its end is the end of everything that it started.

use crate::demo;
use nix::sys::signal::Signal;
use serde_json::json;
use support::{
    clock,
    demo::{Demo, Options},
    processes::Process,
};

#[tokio::test]
async fn the_ready_file_is_true() -> anyhow::Result<()> {
    let demo = Demo::start(&Options { routers: Some(2), ..Options::default() }).await?;
    let ids: Vec<&str> = demo.ready.routers.iter().map(|router| router.id.as_str()).collect();
    assert_eq!(ids, ["r1", "r2"]);

    let health = demo.rest.with_token("").call("GET", "/api/v1/health", None, &[]).await?;
    assert_eq!((health.status, health.body["status"].as_str()), (200, Some("ok")));
    let stranger = demo.rest.with_token("not-the-token").call("GET", "/api/v1/routers", None, &[]).await?;
    assert_eq!(stranger.status, 401, "{}", stranger.body);

    let routers = demo.rest.get("/api/v1/routers").await?;
    let states: Vec<&str> = routers.as_array().into_iter().flatten().filter_map(|r| r["state"].as_str()).collect();
    assert_eq!(states, ["online", "online"], "ready means that the agents are there: {routers}");
    assert!(routers[0]["routeros_version"].as_str().is_some_and(|version| version.starts_with("7.")), "{routers}");

    assert!(demo.ready.url.starts_with("http://127.0.0.1:"), "loopback only: {}", demo.ready.url);
    assert!(demo.ready.mqtt.address()?.0.starts_with("127."), "loopback only: {}", demo.ready.mqtt.url);
    Ok(())
}

#[tokio::test]
async fn the_control_surface_refuses_what_cannot_be_done_with_a_reason() -> anyhow::Result<()> {
    let demo = demo().await?;
    demo.control().post("/link", &json!({"interface": "wg-vpn", "up": false})).await?;
    let refused = demo.control().post("/link", &json!({"interface": "no-such", "up": false})).await;
    let reason = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(reason.contains("/link: 4") && reason.contains("no-such"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn a_polite_end_leaves_no_process_and_no_file() -> anyhow::Result<()> {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut demo = demo().await?;
        let children = demo.descendants();
        assert!(children.len() >= 2, "an agent and a twin at least: {children:?}");
        let status = demo.stop(signal).await?;
        assert!(status.success(), "{signal}: {status}\n{}", demo.log());
        gone(&children).await?;
        assert!(demo.leftovers().is_empty(), "{signal} leaves {:?}", demo.leftovers());
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_demo_takes_its_children_along() -> anyhow::Result<()> {
    let mut demo = demo().await?;
    let children = demo.descendants();
    demo.stop(Signal::SIGKILL).await?;
    gone(&children).await
}

async fn gone(children: &[Process]) -> anyhow::Result<()> {
    clock::wait(&format!("the end of {children:?}"), clock::SOON, || async {
        Ok(children.iter().all(|child| !child.alive()).then_some(()))
    })
    .await
}
