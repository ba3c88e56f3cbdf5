//! SIGKILL while a VIF is being made or removed: it is wholly there or wholly gone, and what is said is true.

use crate::{
    demo,
    vif::{confirmed, gone, shown},
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::{
    clock,
    demo::{Demo, Options},
};

/// Menus at whose first write the agent dies, from the first rank to the last.
const POINTS: [&str; 6] = [
    "/interface/veth",
    "/interface/bridge/vlan",
    "/ip/route",
    "/routing/rule",
    "/ip/firewall/nat",
    "/ip/firewall/filter",
];

#[tokio::test]
async fn an_agent_killed_while_making_a_vif_leaves_it_there_or_not_at_all() -> anyhow::Result<()> {
    let demo = demo().await?;
    let before = demo.control().export().await?;
    for (nth, menu) in POINTS.into_iter().enumerate() {
        let point = Point::at(&demo, format!("{menu}/add")).await?;
        let made = demo.rest.create_vif("r1", "tor", &format!("make-{nth}")).await?;
        point.reached(&demo).await?;
        kill_agent(&demo)?;
        let ended = demo.rest.ended(&made).await?;
        let export = demo.control().export().await?;
        match ended["outcome"].as_str() {
            Some("confirmed") => {
                let vif = shown(&demo, "tor").await?;
                let id = vif["id"].as_str().unwrap_or_default();
                confirmed(&demo, &demo.rest.remove_vif("r1", id, &format!("clean-{nth}")).await?).await?;
            }
            Some("reverted") => {
                assert_eq!(export, before, "said to be reverted at {menu}, and is not");
                gone(&demo, "tor").await?;
            }
            _ => panic!("killed at {menu}: {ended:#}"),
        }
        assert_eq!(demo.control().export().await?, before, "something is left at {menu}");
    }
    Ok(())
}

#[tokio::test]
async fn an_agent_killed_while_removing_a_vif_removes_it_or_keeps_it_whole() -> anyhow::Result<()> {
    let demo = demo().await?;
    let before = demo.control().export().await?;
    for (nth, menu) in POINTS.into_iter().enumerate() {
        if demo.rest.vif("r1", "tor").await?.is_none() {
            confirmed(&demo, &demo.rest.create_vif("r1", "tor", &format!("make-{nth}")).await?).await?;
        }
        let with_it = demo.control().export().await?;
        let id = shown(&demo, "tor").await?["id"].as_str().unwrap_or_default().to_owned();
        let point = Point::at(&demo, format!("{menu}/remove")).await?;
        let removed = demo.rest.remove_vif("r1", &id, &format!("remove-{nth}")).await?;
        point.reached(&demo).await?;
        kill_agent(&demo)?;
        let ended = demo.rest.ended(&removed).await?;
        let export = demo.control().export().await?;
        match ended["outcome"].as_str() {
            Some("confirmed") => {
                assert_eq!(export, before, "said to be removed at {menu}, and is not");
                gone(&demo, "tor").await?;
            }
            Some("reverted") => assert_eq!(without_leases(&export), without_leases(&with_it), "at {menu}"),
            _ => panic!("killed at {menu}: {ended:#}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn controller_and_broker_killed_in_the_middle_find_the_change_again() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let options = Options { data: Some(data.path().to_owned()), ..Options::default() };
    for (nth, menu) in ["/interface/veth", "/ip/firewall/filter"].into_iter().enumerate() {
        let demo = Demo::start(&options).await?;
        let point = Point::at(&demo, format!("{menu}/add")).await?;
        let made = demo.rest.create_vif("r1", "tor", &format!("make-{nth}")).await?;
        point.reached(&demo).await?;
        kill_all(demo).await?;

        let mut demo = Demo::start(&options).await?;
        let ended = demo.rest.ended(&made).await?;
        let vif = clock::wait("list and outcome to agree", clock::SOON, || async {
            let vif = demo.rest.vif("r1", "tor").await?;
            Ok((vif.is_some() == (ended["outcome"] == "confirmed")).then_some(vif))
        })
        .await?;
        assert!(["confirmed", "reverted"].contains(&ended["outcome"].as_str().unwrap_or_default()), "{ended:#}");
        let vifs = demo.rest.get("/api/v1/routers/r1/vifs").await?;
        assert!(vifs.as_array().is_some_and(|list| list.len() <= 1), "doubled: {vifs}");
        if let Some(vif) = vif {
            let id = vif["id"].as_str().unwrap_or_default();
            confirmed(&demo, &demo.rest.remove_vif("r1", id, &format!("clean-{nth}")).await?).await?;
        }
        demo.stop(Signal::SIGTERM).await?;
    }
    Ok(())
}

/// Kills a demo, and waits until the agent that it had is gone, too: it may finish what it is at.
async fn kill_all(mut demo: Demo) -> anyhow::Result<()> {
    let children = demo.descendants();
    demo.stop(Signal::SIGKILL).await?;
    clock::wait(&format!("the end of {children:?}"), clock::SOON, || async {
        Ok(children.iter().all(|child| !child.alive()).then_some(()))
    })
    .await
}

/// A write whose answer the router delays, so that a test can be in the middle of a change.
struct Point {
    command: String,
    seen_before: usize,
}

impl Point {
    async fn at(demo: &Demo, command: String) -> anyhow::Result<Self> {
        let seen_before = seen(demo, &command)?;
        let fault = json!({"kind": "delay", "command": command, "when": "after", "ms": 3000});
        demo.control().post("/fault", &fault).await?;
        Ok(Self { command, seen_before })
    }

    /// Waits until the router has received that write.
    async fn reached(&self, demo: &Demo) -> anyhow::Result<()> {
        clock::wait(&self.command, clock::SOON, || async {
            Ok((seen(demo, &self.command)? > self.seen_before).then_some(()))
        })
        .await
    }
}

/// How often the router received a command so far.
fn seen(demo: &Demo, command: &str) -> anyhow::Result<usize> {
    let first_word = format!("[\"{command}\"");
    Ok(demo.record("r1")?.lines().filter(|line| line.starts_with(&first_word)).count())
}

fn kill_agent(demo: &Demo) -> anyhow::Result<()> {
    let agents = demo.children("bulkhead-agent");
    anyhow::ensure!(agents.len() == 1, "one agent, not {agents:?}");
    agents[0].signal(Signal::SIGKILL)
}

/// An export without the entries that live 30 s: whether one is there at a moment says nothing.
fn without_leases(export: &Value) -> String {
    let lines: Vec<String> = match export {
        Value::Array(list) => list.iter().map(Value::to_string).collect(),
        Value::Object(menus) => menus.iter().map(|(menu, rows)| format!("{menu} {rows}")).collect(),
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => vec![export.to_string()],
    };
    lines.into_iter().filter(|line| !line.contains("bh-open")).collect::<Vec<_>>().join("\n")
}
