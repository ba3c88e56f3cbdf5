//! What a person wants of a VIF at once, with an agent that hears it.

use super::*;
use crate::controller::Deed;
use agent::state_with_vif;
use shared::{
    router::RouterState,
    vif::{Gate, History, KillSwitchState, Point, Span},
};
use std::sync::{Arc, Mutex};

fn tor() -> VifId {
    VifId::new("tor-1").unwrap()
}

fn held() -> RouterState {
    let mut state = state_with_vif("tor-1");
    let switch = &mut state.vifs[0].kill_switch;
    (switch.held, switch.state, switch.gate) = (true, KillSwitchState::Engaged, Gate::Closed);
    state
}

/// The agent tells its state, and the controller knows it.
async fn told(bed: &bed::Bed, agent: &FakeAgent, state: RouterState) {
    agent.publish("bulkhead-bus/v1/r1/state", agent.seal(Body::State(state))).await;
    bed.until("the VIF is known", || async { bed.controller.vif(&bed.router, &tor()).await.is_ok() }).await;
}

#[tokio::test]
async fn who_engages_a_vif_is_answered_with_the_closed_gate() {
    let bed = bed().await;
    let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
    let heard = Arc::clone(&asked);
    let agent = bed
        .agent(move |request| {
            heard.lock().unwrap().push(request.clone());
            willing(request)
        })
        .await;
    told(&bed, &agent, state_with_vif("tor-1")).await;
    let (controller, router) = (bed.controller.clone(), bed.router.clone());
    let engaged = tokio::spawn(async move { controller.vif_deed(&router, &tor(), Deed::Engage).await });
    bed.until("the agent is asked", || async { asked.lock().unwrap().contains(&Request::Engage(tor())) }).await;
    agent.publish("bulkhead-bus/v1/r1/state", agent.seal(Body::State(held()))).await;
    let vif = engaged.await.unwrap().unwrap();
    assert!(vif.kill_switch.held && vif.kill_switch.gate == Gate::Closed, "{vif:?}");
    bed.broker.stop().await;
}

#[tokio::test]
async fn what_the_agent_refuses_or_does_not_know_is_told_in_its_words() {
    let bed = bed().await;
    let agent = bed
        .agent(|request| {
            if matches!(request, Request::Engage(_)) {
                return Said::reply(Reply::Refused(Refusal::new("held", "Somebody holds it.", "Ask them.")));
            }
            if matches!(request, Request::Verify(_)) {
                return Said::reply(Reply::Unsupported("request/vif".into()));
            }
            willing(request)
        })
        .await;
    told(&bed, &agent, state_with_vif("tor-1")).await;
    let refused = bed.controller.vif_deed(&bed.router, &tor(), Deed::Engage).await.expect_err("refused");
    assert_eq!((refused.code, refused.status, &refused.extra["refusal"]), ("refused", 409, &json!("held")));
    let old = bed.controller.vif_deed(&bed.router, &tor(), Deed::Verify).await.expect_err("unsupported");
    assert_eq!((old.code, old.status), ("refused", 409));
    let none = VifId::new("none-1").unwrap();
    let gone = bed.controller.vif_deed(&bed.router, &none, Deed::Release).await.expect_err("unknown");
    assert_eq!(gone.code, "unknown_vif");
    bed.broker.stop().await;
}

#[tokio::test]
async fn a_history_comes_from_the_agent_with_its_gaps() {
    let bed = bed().await;
    let agent = bed
        .agent(|request| {
            let Request::History(vif, span) = request else { return willing(request) };
            let point = |at| Point { at, over_ms: 5_000, rx_bytes: 10, ..Point::default() };
            let points = vec![point(0), point(60_000)];
            Said::reply(Reply::History(History { vif, span, step_s: 5, until: 3_600_000, points }))
        })
        .await;
    told(&bed, &agent, state_with_vif("tor-1")).await;
    let history = bed.controller.vif_history(&bed.router, &tor(), Span::Hour).await.unwrap();
    let times: Vec<&str> = history.points.iter().map(|point| point.at.as_str()).collect();
    assert_eq!(times, ["1970-01-01T00:00:00.000Z", "1970-01-01T00:01:00.000Z"]);
    assert_eq!((history.range.as_str(), history.step_s), ("1h", 5));
    bed.broker.stop().await;
}

#[tokio::test]
async fn a_vif_that_another_one_falls_back_to_is_not_removed() {
    let bed = bed().await;
    let agent = bed.agent(willing).await;
    let mut state = state_with_vif("tor-1");
    let mut other = state.vifs[0].clone();
    other.spec.id = VifId::new("web-1").unwrap();
    other.spec.kill_switch = shared::vif::KillSwitchMode::Fallback(tor());
    state.vifs.push(other);
    told(&bed, &agent, state).await;
    let (goes_on, ann) = (change_set::GoesOn::Preview, "ann".into());
    let used = bed.controller.remove_vif(&bed.router, &tor(), goes_on, &ann).await.expect_err("in use");
    assert_eq!((used.code, used.status), ("vif_in_use", 409));
    let web = VifId::new("web-1").unwrap();
    assert!(bed.controller.remove_vif(&bed.router, &web, goes_on, &ann).await.is_ok());
    bed.broker.stop().await;
}

#[tokio::test]
async fn undoing_a_change_does_not_bring_an_unprotected_vif_back_without_the_password() {
    let bed = bed().await;
    let agent = bed.agent(willing).await;
    let mut state = state_with_vif("tor-1");
    state.vifs[0].spec.kill_switch = shared::vif::KillSwitchMode::Off;
    told(&bed, &agent, state).await;
    let edit = serde_json::from_value(json!({"kill_switch": {"mode": "block"}})).unwrap();
    let ann = change_set::Person::from("ann");
    let id = bed.controller.update_vif(&bed.router, &tor(), &edit, change_set::GoesOn::Through, &ann).await.unwrap();
    let kept = bed.ends_in(&id, State::Active).await;
    assert_eq!(kept.step_up_events, [Happening::Undo]);
    let refused = bed.controller.change_set_event(&id, Happening::Undo, &ann).await.expect_err("no password");
    assert_eq!((refused.code, refused.status), ("step_up_required", 403));
    let proven = change_set::Person { stepped_up: true, ..ann };
    assert!(bed.controller.change_set_event(&id, Happening::Undo, &proven).await.is_ok());
    bed.broker.stop().await;
}
