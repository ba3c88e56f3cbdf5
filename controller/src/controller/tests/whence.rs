//! From where somebody asks, and what that is good for.

use super::*;
use crate::flow::change_set::{GoesOn, Person, validate::tests::router};
use shared::wire::{MenuRead, MenuRows, Reading};

/// An agent on the router of the stages' own cases.
fn at_home(request: Request) -> Said {
    let Request::Read(wanted) = request else { return willing(request) };
    let router = router::model("");
    let rows = |menu: MenuRead| {
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let rows = router.rows(&menu.path).iter().map(|row| row.properties().map(text).collect());
        MenuRows { rows: rows.collect(), path: menu.path, next: None, hash: [0; 32] }
    };
    Said::reply(Reply::Reading(Reading { menus: wanted.into_iter().map(rows).collect(), at: 0 }))
}

#[tokio::test]
async fn who_would_cut_their_own_way_to_the_router_is_told() {
    let bed = bed().await;
    let agent = bed.agent(at_home).await;
    agent.publish("bulkhead-bus/v1/r1/state", agent.seal(Body::State(agent::state_with_vif("tor-1")))).await;
    bed.until("the state is known", || async { !bed.controller.vifs(&bed.router).await.unwrap().is_empty() }).await;
    for (address, expected) in [("192.168.88.10", true), ("192.168.99.10", false), ("127.0.0.1", false)] {
        let asked = json!({"name": "shut", "items": [{
            "id": "1", "resource": "/ip/firewall/filter", "operation": "create", "position": "first",
            "attributes": {"chain": "input", "action": "drop", "src-address": "192.168.88.0/24"}
        }]});
        let who = Person { name: "ann".into(), address: Some(address.parse().unwrap()), stepped_up: false };
        let asked = serde_json::from_value(asked).unwrap();
        let made = bed.controller.create_change_set(&bed.router, asked, GoesOn::Preview, &who).await.unwrap();
        let id = ChangeSetId::new(made.id).unwrap();
        bed.until("the stages have run", || async {
            !matches!(bed.controller.change_set(&id).await.unwrap().state, State::Draft | State::Validating)
        })
        .await;
        let seen = bed.controller.change_set(&id).await.unwrap();
        let codes: Vec<String> =
            seen.stages.iter().flat_map(|stage| &stage.findings).map(|finding| finding.code.clone()).collect();
        assert_eq!(codes.contains(&"lockout_admin".to_owned()), expected, "{address}: {seen:#?}");
        bed.controller.change_set_event(&id, Happening::Cancel, &who).await.unwrap();
    }
    bed.broker.stop().await;
}
