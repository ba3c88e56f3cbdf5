//! The controller on a real broker, with an agent that does what each test wants.

pub(crate) mod agent;
mod bed;
mod drift;
mod vifs;
mod whence;

use super::*;
use crate::{
    flow::change_set::{self, ChangeSet},
    io::{random, store::change_sets},
    view::{NewRouter, Presence},
};
use agent::{FakeAgent, Said};
use bed::{SOON, bed, open, plan, report, willing};
use futures_util::StreamExt as _;
use serde_json::json;
use shared::{
    change_set::{Event as Happening, Outcome, Phase, Refusal, State},
    ids::{ChangeSetId, VifId},
    notice::{Notice, Severity},
    wire::{Body, Event, Reply, Request},
};

#[tokio::test]
async fn a_wish_becomes_true_and_everybody_hears_of_it() {
    let bed = bed().await;
    let _agent = bed.agent(willing).await;
    let mut live = Box::pin(bed.controller.live(None));
    let id = bed.wish(false).await;
    let seen = bed.ends_in(&id, State::Active).await;
    assert_eq!(seen.outcome, Some(Outcome::Confirmed));
    let mut heard = Vec::new();
    while heard.last() != Some(&json!("active")) {
        let item = tokio::time::timeout(SOON, live.next()).await.unwrap().unwrap();
        if item.noun == "change_set" {
            heard.push(item.data["state"].clone());
        }
    }
    assert_eq!(heard.first(), Some(&json!("draft")));
    bed.broker.stop().await;
}

#[tokio::test]
async fn a_controller_that_was_killed_goes_on_in_every_state() {
    let bed = bed().await;
    let _agent = bed.agent(willing).await;
    bed.controller.stop();
    let cut_off: [fn(&mut ChangeSet); 5] = [
        |_| {},
        |change_set| change_set.begin(vec![], 2),
        |change_set| {
            change_set.begin(vec![], 2);
            change_set.answered(change_set::Answer::Reply(Reply::Plan(plan())), 3);
        },
        |change_set| {
            change_set.begin(vec![], 2);
            change_set.answered(change_set::Answer::Reply(Reply::Plan(plan())), 3);
            change_set.ordered = true;
        },
        |change_set| {
            change_set.begin(vec![], 2);
            change_set.answered(change_set::Answer::Reply(Reply::Plan(plan())), 3);
            change_set.ordered = true;
            let word = report(&change_set.id, 2, Phase::Verifying, None);
            change_set.reported(word, 4);
        },
    ];
    for (index, cut_off) in cut_off.into_iter().enumerate() {
        let id = bed.wish(false).await;
        let wanted = id.clone();
        let put: Result<State, StoreError> = bed
            .controller
            .store()
            .call(move |tx| {
                let mut found = change_sets::one(tx, &wanted)?.ok_or(StoreError::Gone)?;
                cut_off(&mut found);
                change_sets::put(tx, &found)?;
                Ok(found.state)
            })
            .await;
        let state = put.unwrap();
        let again = open(bed.controller.store(), &bed.keys, &bed.broker);
        again.join(bed.link.clone()).await.unwrap();
        let seen = bed.ends_in(&id, State::Active).await;
        assert_eq!(seen.outcome, Some(Outcome::Confirmed), "{index}: {state:?}");
        again.stop();
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn one_change_at_a_time_and_the_next_when_it_has_ended() {
    let bed = bed().await;
    let agent = bed
        .agent(|request| {
            // Slow: says that it works, and nothing more.
            if let Request::Apply(order, _) = &request {
                return Said::reply(Reply::Report(report(&order.id, 1, Phase::Applying, None)));
            }
            if let Request::Show(id) = &request {
                return Said::reply(Reply::Report(report(id, 1, Phase::Applying, None)));
            }
            willing(request)
        })
        .await;
    let planned = bed.wish(true).await;
    bed.ends_in(&planned, State::Previewing).await;
    let first = bed.wish(false).await;
    bed.ends_in(&first, State::Applying).await;
    let second = bed.wish(false).await;
    let busy = bed.controller.change_set_event(&planned, Happening::Confirm, &"ann".into()).await.expect_err("busy");
    assert_eq!((busy.status, busy.code, &busy.extra["change_set"]), (409, "busy", &json!(first.as_str())));
    assert_eq!(bed.controller.change_set(&second).await.unwrap().state, State::Draft);
    agent.tell(Event::ChangeSet(report(&first, 5, Phase::Ended, Some(Outcome::Confirmed)))).await;
    bed.ends_in(&first, State::Active).await;
    bed.ends_in(&second, State::Applying).await;
    bed.broker.stop().await;
}

#[tokio::test]
async fn an_order_that_was_lost_is_given_again_when_the_agent_is_back() {
    let bed = bed().await;
    let mut orders = 0;
    let deaf = bed
        .agent(|request| if matches!(request, Request::Apply(..)) { Said::nothing() } else { willing(request) })
        .await;
    let id = bed.wish(false).await;
    bed.ends_in(&id, State::Applying).await;
    deaf.leave().await;
    bed.until("the agent is missed", || async {
        bed.controller.router(&bed.router).await.unwrap().state == Presence::Offline
    })
    .await;
    assert_eq!(bed.controller.change_set(&id).await.unwrap().outcome, None);
    let _back = bed
        .agent(move |request| {
            if orders == 0 && matches!(request, Request::Show(_)) {
                return Said::reply(Reply::Refused(Refusal::new("unknown_change_set", "no", "no")));
            }
            orders += u32::from(matches!(request, Request::Apply(..)));
            willing(request)
        })
        .await;
    bed.ends_in(&id, State::Active).await;
    bed.broker.stop().await;
}

#[tokio::test]
async fn nobody_is_planned_for_who_is_away() {
    let bed = bed().await;
    bed.agent(willing).await.leave().await;
    bed.until("the agent is missed", || async {
        bed.controller.router(&bed.router).await.unwrap().state == Presence::Offline
    })
    .await;
    let id = bed.wish(false).await;
    let seen = bed.ends_in(&id, State::Error).await;
    assert_eq!(seen.error.map(|error| error.code).as_deref(), Some("no_answer"));
    assert_eq!(seen.legal_events, [Happening::Retry, Happening::Reset]);
    let illegal = bed.controller.change_set_event(&id, Happening::Confirm, &"ann".into()).await.expect_err("illegal");
    assert_eq!((illegal.code, &illegal.extra["legal_events"]), ("illegal_event", &json!(["retry", "reset"])));
    bed.broker.stop().await;
}

#[tokio::test]
async fn what_is_forged_foreign_or_repeated_is_refused_by_name_and_does_nothing() {
    let bed = bed().await;
    let agent = bed.agent(willing).await;
    let notice = |id| {
        Event::Notice(Notice {
            id,
            at: 1,
            severity: Severity::Info,
            code: "probe".into(),
            message: "x".into(),
            vif: None,
            change_set: None,
        })
    };
    let place = "bulkhead-bus/v1/r1/event/router";
    let good = agent.seal(Body::Event(notice(1)));
    agent.publish(place, good.clone()).await;
    agent.publish(place, good.clone()).await;
    let mut broken = good.clone();
    *broken.last_mut().unwrap() ^= 1;
    agent.publish(place, broken).await;
    agent.publish(place, agent.seal_as("agent-r1", Body::Event(notice(2)), &random::bytes().unwrap())).await;
    agent.publish(place, agent.seal_as("controller", Body::Event(notice(3)), &agent.seed)).await;
    agent.publish(place, vec![9; 100]).await;
    agent.publish(place, Vec::new()).await;
    agent.publish("bulkhead-bus/v1/r1/state", agent.seal(Body::Event(notice(4)))).await;
    agent.tell(notice(5)).await;
    let probes = || async {
        let events = bed.controller.events(&bed.router, 100, None, None).await.unwrap();
        events.into_iter().filter(|event| event.code == "probe").count()
    };
    bed.until("the last one is taken", || async { probes().await == 2 }).await;
    let refused = bed.controller.refused();
    for (reason, times) in [
        ("replayed", 1),
        ("forged", 2),
        ("unknown_sender", 1),
        ("unknown_version", 1),
        ("malformed", 1),
        ("misplaced", 1),
    ] {
        assert_eq!(refused.get(reason), Some(&times), "{reason}: {refused:?}");
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn new_keys_make_the_old_ones_void_at_once() {
    let bed = bed().await;
    let agent = bed.agent(willing).await;
    bed.controller.rekey_router(&bed.router, "ann").await.unwrap();
    agent.ended().await;
    let old = FakeAgent::try_connect(&bed.broker, &bed.enrolment, bed.keys.authority(), willing).await;
    assert!(old.is_none());
    bed.broker.stop().await;
}

#[tokio::test]
async fn a_router_that_carries_vifs_is_not_forgotten_by_mistake() {
    let bed = bed().await;
    let agent = bed.agent(willing).await;
    agent.publish("bulkhead-bus/v1/r1/state", agent.seal(Body::State(agent::state_with_vif("tor-1")))).await;
    bed.until("the VIF is seen", || async { !bed.controller.vifs(&bed.router).await.unwrap().is_empty() }).await;
    let vif = VifId::new("tor-1").unwrap();
    assert_eq!(bed.controller.vif(&bed.router, &vif).await.unwrap().name, "tor");
    let refused = bed.controller.remove_router(&bed.router, false, "ann").await.expect_err("it is in use");
    assert_eq!((refused.status, refused.code), (409, "router_in_use"));
    bed.controller.remove_router(&bed.router, true, "ann").await.unwrap();
    agent.ended().await;
    assert_eq!(bed.controller.router(&bed.router).await.expect_err("gone").code, "unknown_router");
    bed.broker.stop().await;
}

#[tokio::test]
async fn home_automation_gets_an_answer_and_a_kept_command_is_cleared_and_not_carried_out() {
    let bed = bed().await;
    let _agent = bed.agent(willing).await;
    let mut home = agent::HomeUser::connect(&bed.broker, bed.controller.store()).await;
    let create = json!({"id": "2", "create": {"name": "tor", "egress": {"interface": "wg"}}});
    home.publish("bulkhead/r1/vif/set", &create, true).await;
    home.publish("bulkhead/r1/router/set", &json!({"id": "1", "refresh": true}), false).await;
    let (place, answer) = home.hears("/result").await;
    assert_eq!(
        (place.as_str(), &answer["id"], &answer["ok"]),
        ("bulkhead/r1/router/result", &json!("1"), &json!(true))
    );
    assert!(bed.controller.change_sets(&bed.router, 9, None).await.unwrap().is_empty());
    home.publish("bulkhead/r1/vif/set", &json!({"id": "3", "remove": "tor-1"}), false).await;
    let (_, answer) = home.hears("/result").await;
    assert_eq!((&answer["ok"], &answer["problem"]["code"]), (&json!(false), &json!("forbidden")));
    home.publish("bulkhead/r1/vif/set", &create, false).await;
    let (_, answer) = home.hears("/result").await;
    let id = ChangeSetId::new(answer["change_set"].as_str().unwrap()).unwrap();
    assert_eq!(bed.ends_in(&id, State::Active).await.created_by, "home-automation");
    let mut late = agent::HomeUser::connect(&bed.broker, bed.controller.store()).await;
    late.publish("bulkhead/r1/router/set", &json!({"id": "4", "refresh": true}), false).await;
    late.hears_no_kept_command_before("4").await;
    bed.broker.stop().await;
}

#[tokio::test]
async fn a_name_or_id_that_cannot_be_is_said_at_its_field() {
    let bed = bed().await;
    let add = |name: &str, id: Option<&str>, mqtt: Option<&str>| {
        let new = NewRouter {
            name: name.into(),
            id: id.map(str::to_owned),
            routeros: None,
            mqtt_url: mqtt.map(str::to_owned),
            routeros_version: None,
        };
        bed.controller.add_router(new, "ann")
    };
    let (fits, too_long) = ("x".repeat(34), "x".repeat(35));
    for (name, id, mqtt, said) in [
        ("", None, None, "field_invalid"),
        ("x", Some("X"), None, "field_invalid"),
        ("x", Some(fits.as_str()), None, ""),
        ("y", Some(too_long.as_str()), None, "field_invalid"),
        ("z", None, Some("http://x"), "field_invalid"),
        ("Attic", Some("other"), None, "router_exists"),
        ("other", Some("r1"), None, "router_exists"),
    ] {
        let code = add(name, id, mqtt).await.map_or_else(|problem| problem.code, |_| "");
        assert_eq!(code, said, "{name} {id:?} {mqtt:?}");
    }
    bed.broker.stop().await;
}
