//! What an agent tells of rows that are not as they should be, and what it is asked to do about them.

use super::*;
use shared::{
    drift::{Altered, Difference, Drift, DriftReport, Policy, State as DriftState},
    ids::DriftId,
};

fn drift(state: DriftState) -> Drift {
    let altered = Altered { property: "dst-port".into(), wanted: Some("22".into()), found: None };
    Drift {
        id: DriftId::new("d-1").unwrap(),
        menu: "/ip/firewall/filter".into(),
        row: vec![("comment".into(), "bulkhead:row/house/ssh".into())],
        item: Some((ChangeSetId::new("c-1").unwrap(), "ssh".into())),
        vif: None,
        difference: Difference::Altered(vec![altered]),
        policy: Policy::Report,
        state,
        first_seen: 0,
        last_seen: 1,
    }
}

async fn tell(agent: &FakeAgent, drifts: Vec<Drift>) {
    agent.tell(Event::Drift(DriftReport { drifts, more: 0, at: 2 })).await;
}

#[tokio::test]
async fn a_drift_is_listed_told_along_and_handed_to_the_agent_until_it_is_gone() {
    let bed = bed().await;
    let agent = bed
        .agent(|request| {
            if matches!(request, Request::Reconcile(_)) {
                return Said::reply(Reply::Refused(Refusal::new("busy", "a change is under way", "Wait.")));
            }
            willing(request)
        })
        .await;
    let mut live = Box::pin(bed.controller.live(None));
    tell(&agent, vec![drift(DriftState::Open)]).await;
    let told = loop {
        let item = live.next().await.unwrap();
        if item.noun == "drift" {
            break item.data;
        }
    };
    assert_eq!((&told["id"], &told["state"], &told["kind"]), (&json!("d-1"), &json!("open"), &json!("altered")));
    assert_eq!(told["properties"], json!([{"name": "dst-port", "wanted": "22", "found": null}]));
    let listed = bed.controller.drifts(&bed.router, false).await.unwrap();
    assert_eq!(serde_json::to_value(&listed[0]).unwrap(), told);

    let id = DriftId::new("d-1").unwrap();
    let refused = bed.controller.reconcile_drift(&bed.router, &id).await.expect_err("refused");
    assert_eq!((refused.code, &refused.extra["refusal"]), ("refused", &json!("busy")));
    assert_eq!(bed.controller.accept_drift(&bed.router, &id).await.unwrap().id, "d-1");
    let unknown = DriftId::new("d-2").unwrap();
    assert_eq!(bed.controller.accept_drift(&bed.router, &unknown).await.expect_err("unknown").code, "unknown_drift");

    tell(&agent, vec![drift(DriftState::Accepted)]).await;
    bed.until("it has ended", || async { bed.controller.drifts(&bed.router, false).await.unwrap().is_empty() }).await;
    assert_eq!(bed.controller.drifts(&bed.router, true).await.unwrap()[0].state, DriftState::Accepted);
    assert_eq!(bed.controller.reconcile_drift(&bed.router, &id).await.expect_err("over").code, "unknown_drift");
    bed.broker.stop().await;
}
