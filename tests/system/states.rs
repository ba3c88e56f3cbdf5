//! SIGKILL of the controller in each state of a change, with an agent, a router and a broker that live on: started
//! again it finds the change where it was, or brings it to its right end, and nothing is written twice.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::{
    agent::{Agent, enrolled},
    clock, needs,
    parts::{Broker, Controller, Twin},
};

/// The write by which a change is known in the router's record.
const ADD: &str = "/ip/firewall/address-list/add";
const REMOVE: &str = "/ip/firewall/address-list/remove";

struct Bed {
    controller: Controller,
    agent: Agent,
    twin: Twin,
    broker: Broker,
    before: Value,
    place: tempfile::TempDir,
}

impl Bed {
    async fn start(mosquitto: &std::path::Path) -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let broker = Broker::start(mosquitto, place.path()).await?;
        let controller = Controller::start(&broker, place.path()).await?;
        let (mount, twin) = enrolled(&controller, place.path()).await?;
        let agent = Agent::on_mount(&mount, &twin, place.path())?;
        controller.rest.router_is("attic", "online").await?;
        let before = twin.control.export().await?;
        Ok(Self { controller, agent, twin, broker, before, place })
    }

    /// Ends the controller by SIGKILL, does something while it is away, and starts it on the same data.
    async fn killed(self, meanwhile: impl AsyncFnOnce(&Twin, &Agent) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let Self { controller, agent, twin, broker, before, place } = self;
        drop(controller);
        meanwhile(&twin, &agent).await?;
        let controller = Controller::start(&broker, place.path()).await?;
        Ok(Self { controller, agent, twin, broker, before, place })
    }

    /// Asks for an entry of an address list, and gives the change set's id.
    async fn asked(&self, item: &Value, keep: &str, go: &str) -> anyhow::Result<String> {
        let body = json!({"name": "guests", "items": [item], "confirm": {"deadline_s": 15, "keep": keep}});
        let path = format!("/api/v1/routers/attic/change-sets?go={go}");
        let answer = self.controller.rest.call("POST", &path, Some(&body), &[]).await?;
        anyhow::ensure!(answer.status == 201, "{} {}", answer.status, answer.body);
        Ok(answer.body["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn shown(&self, id: &str) -> anyhow::Result<Value> {
        self.controller.rest.get(&format!("/api/v1/change-sets/{id}")).await
    }

    async fn let_happen(&self, id: &str, event: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let path = format!("/api/v1/change-sets/{id}/{event}");
        let answer = self.controller.rest.call("POST", &path, body.as_ref(), &[]).await?;
        anyhow::ensure!(answer.status == 200, "{event}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    async fn is_in(&self, id: &str, state: &str) -> anyhow::Result<Value> {
        clock::wait(&format!("{id} in {state}"), clock::SOON, || async {
            Ok(Some(self.shown(id).await?).filter(|found| found["state"] == state))
        })
        .await
    }

    /// Lets the router take its time with a write of the kind, and says how many of them it has seen.
    async fn slow(&self, command: &str) -> anyhow::Result<usize> {
        let fault = json!({"kind": "delay", "command": command, "when": "after", "ms": 3000});
        self.twin.control.post("/fault", &fault).await?;
        self.seen(command)
    }

    fn seen(&self, command: &str) -> anyhow::Result<usize> {
        let first = format!("[\"{command}\"");
        Ok(self.twin.record()?.lines().filter(|line| line.starts_with(&first)).count())
    }

    async fn reached(&self, command: &str, before: usize) -> anyhow::Result<()> {
        clock::wait(command, clock::SOON, || async { Ok((self.seen(command)? > before).then_some(())) }).await
    }

    async fn is_as_before(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.twin.control.export().await? == self.before, "the router is not as it was before");
        Ok(())
    }
}

async fn nothing(_: &Twin, _: &Agent) -> anyhow::Result<()> {
    Ok(())
}

fn entry(address: &str) -> Value {
    json!({"id": "guests", "resource": "/ip/firewall/address-list", "operation": "create",
        "attributes": {"list": "guests", "address": address}})
}

#[tokio::test]
async fn what_waits_for_a_person_is_where_it_was_word_for_word() -> anyhow::Result<()> {
    let test = "what_waits_for_a_person_is_where_it_was_word_for_word";
    let mut bed = Bed::start(&needs!(test, Broker::program())).await?;
    let draft = bed.asked(&entry("192.168.99.0/24"), "auto", "draft").await?;
    let invalid = bed.asked(&entry("no address"), "auto", "plan").await?;
    bed.is_in(&invalid, "invalid").await?;
    let previewing = bed.asked(&entry("192.168.98.0/24"), "auto", "plan").await?;
    bed.is_in(&previewing, "previewing").await?;
    // A rule that cuts the agent off, overruled: a named risk that a person has to accept.
    let cut_off = json!({"id": "oops", "resource": "/ip/firewall/raw", "operation": "create",
        "attributes": {"chain": "prerouting", "action": "drop"}});
    let confirming = bed.asked(&cut_off, "person", "plan").await?;
    let found = bed.is_in(&confirming, "invalid").await?;
    let codes: Vec<&Value> = found["stages"].as_array().into_iter().flatten().flat_map(findings).collect();
    bed.let_happen(&confirming, "validate", Some(json!({"force": codes}))).await?;
    bed.is_in(&confirming, "previewing").await?;
    bed.let_happen(&confirming, "confirm", None).await?;
    bed.is_in(&confirming, "confirming").await?;
    let idle = bed.asked(&entry("192.168.97.0/24"), "auto", "draft").await?;
    bed.let_happen(&idle, "cancel", None).await?;

    let all = [&draft, &invalid, &previewing, &confirming, &idle];
    let mut known = Vec::new();
    for id in all {
        known.push(bed.shown(id).await?);
    }
    bed = bed.killed(nothing).await?;
    for (id, known) in all.into_iter().zip(known) {
        assert_eq!(bed.shown(id).await?, known);
    }
    bed.is_as_before().await?;

    bed.controller.rest.router_is("attic", "online").await?;
    bed.let_happen(&confirming, "cancel", None).await?;
    bed.let_happen(&previewing, "confirm", None).await?;
    assert_eq!(bed.controller.rest.ended(&previewing).await?["outcome"], "confirmed");
    bed.let_happen(&draft, "validate", None).await?;
    bed.is_in(&draft, "previewing").await?;
    Ok(())
}

fn findings(stage: &Value) -> impl Iterator<Item = &Value> {
    stage["findings"].as_array().into_iter().flatten().map(|finding| &finding["code"])
}

#[tokio::test]
async fn a_change_that_was_looked_at_is_looked_at_again() -> anyhow::Result<()> {
    let mut bed = Bed::start(&needs!("a_change_that_was_looked_at_is_looked_at_again", Broker::program())).await?;
    // An agent that stands still holds the question.
    bed.agent.part.signal(Signal::SIGSTOP)?;
    let id = bed.asked(&entry("192.168.99.0/24"), "auto", "plan").await?;
    bed.is_in(&id, "validating").await?;
    bed = bed.killed(async |_, agent| agent.part.signal(Signal::SIGCONT)).await?;
    bed.is_in(&id, "previewing").await?;
    bed.is_as_before().await
}

#[tokio::test]
async fn a_change_under_way_comes_to_its_end_and_is_written_once() -> anyhow::Result<()> {
    let test = "a_change_under_way_comes_to_its_end_and_is_written_once";
    let mut bed = Bed::start(&needs!(test, Broker::program())).await?;
    let seen = bed.slow(ADD).await?;
    let id = bed.asked(&entry("192.168.99.0/24"), "auto", "apply").await?;
    bed.reached(ADD, seen).await?;
    assert_eq!(bed.shown(&id).await?["state"], "applying");
    bed = bed.killed(nothing).await?;
    let ended = bed.controller.rest.ended(&id).await?;
    assert_eq!((&ended["state"], &ended["outcome"]), (&json!("active"), &json!("confirmed")), "{ended:#}");
    assert_eq!(bed.seen(ADD)?, seen + 1, "written twice");

    // What was kept is kept, and can still be undone.
    bed = bed.killed(nothing).await?;
    assert_eq!(bed.shown(&id).await?, ended);
    let seen = bed.slow(REMOVE).await?;
    bed.controller.rest.router_is("attic", "online").await?;
    bed.let_happen(&id, "rollback", None).await?;
    bed.reached(REMOVE, seen).await?;
    assert_eq!(bed.shown(&id).await?["state"], "rollback");
    bed = bed.killed(nothing).await?;
    let undone = bed.controller.rest.ended(&id).await?;
    assert_eq!((&undone["state"], &undone["outcome"]), (&json!("rolled_back"), &json!("reverted")), "{undone:#}");
    assert_eq!(bed.seen(REMOVE)?, seen + 1, "undone twice");
    bed.is_as_before().await?;
    bed = bed.killed(nothing).await?;
    assert_eq!(bed.shown(&id).await?, undone);
    Ok(())
}

#[tokio::test]
async fn what_a_person_has_to_keep_is_kept_after_the_controller_came_back() -> anyhow::Result<()> {
    let test = "what_a_person_has_to_keep_is_kept_after_the_controller_came_back";
    let mut bed = Bed::start(&needs!(test, Broker::program())).await?;
    let seen = bed.seen(ADD)?;
    let id = bed.asked(&entry("192.168.99.0/24"), "person", "apply").await?;
    bed.is_in(&id, "verifying").await?;
    bed = bed.killed(nothing).await?;
    assert_eq!(bed.shown(&id).await?["state"], "verifying");
    bed.let_happen(&id, "keep", None).await?;
    let ended = bed.controller.rest.ended(&id).await?;
    assert_eq!((&ended["state"], &ended["outcome"]), (&json!("active"), &json!("confirmed")), "{ended:#}");
    assert_eq!(bed.seen(ADD)?, seen + 1, "written twice");
    Ok(())
}

#[tokio::test]
async fn what_nobody_kept_while_the_controller_was_away_is_undone_and_told_so() -> anyhow::Result<()> {
    let test = "what_nobody_kept_while_the_controller_was_away_is_undone_and_told_so";
    let mut bed = Bed::start(&needs!(test, Broker::program())).await?;
    let before = bed.before.clone();
    let id = bed.asked(&entry("192.168.99.0/24"), "person", "apply").await?;
    bed.is_in(&id, "verifying").await?;
    bed = bed
        .killed(async |twin, _| {
            clock::wait("the deadline's undo", clock::SOON, || async {
                Ok((twin.control.export().await? == before).then_some(()))
            })
            .await
        })
        .await?;
    let ended = bed.controller.rest.ended(&id).await?;
    assert_eq!((&ended["state"], &ended["outcome"]), (&json!("rolled_back"), &json!("reverted")), "{ended:#}");
    bed.is_as_before().await
}

#[tokio::test]
async fn what_failed_stays_failed_and_is_tried_again_as_something_new() -> anyhow::Result<()> {
    let test = "what_failed_stays_failed_and_is_tried_again_as_something_new";
    let mut bed = Bed::start(&needs!(test, Broker::program())).await?;
    let fault = json!({"kind": "trap", "command": ADD, "message": "failure: not today"});
    bed.twin.control.post("/fault", &fault).await?;
    let id = bed.asked(&entry("192.168.99.0/24"), "auto", "apply").await?;
    let failed = bed.controller.rest.ended(&id).await?;
    assert_eq!((&failed["state"], &failed["outcome"]), (&json!("error"), &json!("reverted")), "{failed:#}");
    bed = bed.killed(nothing).await?;
    assert_eq!(bed.shown(&id).await?, failed);
    bed.is_as_before().await?;
    bed.controller.rest.router_is("attic", "online").await?;
    bed.let_happen(&id, "retry", None).await?;
    let ended = bed.controller.rest.ended(&id).await?;
    assert_eq!((&ended["state"], &ended["outcome"]), (&json!("active"), &json!("confirmed")), "{ended:#}");
    Ok(())
}
