//! One VIF, by REST: rows on the router that other clients read, traffic, and no trace of it in the end.

use crate::{demo, rows};
use serde_json::{Value, json};
use support::{clock, demo::Demo, needs, outside};

#[tokio::test]
async fn a_vif_made_by_rest_is_on_the_router_and_goes_without_a_trace() -> anyhow::Result<()> {
    let demo = demo().await?;
    let before = demo.control().export().await?;

    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    assert_eq!(demo.rest.create_vif("r1", "tor", "make-1").await?, made, "the same key is the same request");
    confirmed(&demo, &made).await?;
    let vif = shown(&demo, "tor").await?;
    assert_eq!(vif["egress"], json!({"interface": "wg-vpn"}));
    assert_eq!(vif["kill_switch"]["mode"], "block");
    assert_ne!(demo.control().export().await?, before, "nothing was written");

    let removed = demo.rest.remove_vif("r1", vif["id"].as_str().unwrap_or_default(), "remove-1").await?;
    confirmed(&demo, &removed).await?;
    gone(&demo, "tor").await?;
    assert_eq!(demo.control().export().await?, before, "the router is not as it was before");
    Ok(())
}

#[tokio::test]
async fn clients_that_we_did_not_write_read_the_same_rows() -> anyhow::Result<()> {
    let python = needs!("clients_that_we_did_not_write_read_the_same_rows", outside::python());
    let demo = demo().await?;
    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    confirmed(&demo, &made).await?;
    let vif = shown(&demo, "tor").await?;
    let id = vif["id"].as_str().unwrap_or_default();

    let read = rows::read(&python, "librouteros", demo.router(), &rows::OF_A_VIF).await?;
    for menu in rows::OF_A_VIF {
        assert!(!rows::marked(&read, menu, id).is_empty(), "no row of the VIF in {menu}: {}", read[menu]);
    }
    let vlan = rows::marked(&read, "/interface/vlan", id)[0];
    assert_eq!(vlan["vlan-id"].to_string().trim_matches('"'), vif["vlan_id"].to_string());
    assert_eq!(vlan["name"], vif["interface"]);
    let address = rows::marked(&read, "/ip/address", id)[0]["address"].as_str().unwrap_or_default();
    assert_eq!(Some(address), vif["gateway_ip"].as_str().map(|ip| format!("{ip}/30")).as_deref());

    let again = rows::read(&python, "routeros_api", demo.router(), &["/interface/vlan"]).await?;
    assert_eq!(rows::marked(&again, "/interface/vlan", id)[0]["name"], vif["interface"]);
    Ok(())
}

#[tokio::test]
async fn traffic_is_seen_live() -> anyhow::Result<()> {
    let demo = demo().await?;
    let mut events = demo.rest.events().await?;
    demo.control().post("/traffic", &json!({"interface": "wg-vpn", "rx_bps": 8_000_000, "tx_bps": 1_000_000})).await?;
    let fast = |sample: &Value| {
        let rates = sample["interfaces"].as_array().map(Vec::as_slice).unwrap_or_default();
        let tunnel = rates.iter().find(|rate| rate["name"] == "wg-vpn");
        // The first sample after the change covers a piece of the time before it.
        tunnel.and_then(|rate| rate["rx_bps"].as_u64()).is_some_and(|rx| (6_000_000..10_000_000).contains(&rx))
    };
    let sample = events.next("traffic", clock::SOON, fast).await?;
    assert_eq!(sample["router"], "r1");
    Ok(())
}

#[tokio::test]
async fn a_dead_tunnel_closes_the_gate_and_a_live_one_opens_it() -> anyhow::Result<()> {
    let demo = demo().await?;
    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    confirmed(&demo, &made).await?;
    gate_is(&demo, "open").await?;
    demo.control().post("/link", &json!({"interface": "wg-vpn", "up": false})).await?;
    let closed = gate_is(&demo, "closed").await?;
    assert_eq!(closed["kill_switch"]["state"], "engaged", "{closed}");
    demo.control().post("/link", &json!({"interface": "wg-vpn", "up": true})).await?;
    gate_is(&demo, "open").await.map(drop)
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_and_nothing_is_written() -> anyhow::Result<()> {
    let demo = demo().await?;
    let made = demo.rest.create_vif("r1", "tor", "make-1").await?;
    confirmed(&demo, &made).await?;
    let before = demo.control().export().await?;
    match demo.rest.create_vif("r1", "tor", "make-2").await {
        Err(refused) => assert!(refused.to_string().contains("name_taken"), "{refused}"),
        Ok(second) => {
            let ended = demo.rest.ended(&second).await?;
            assert_eq!(ended["state"], "invalid", "{ended}");
            assert!(ended["stages"].to_string().contains("name_taken"), "{ended}");
        }
    }
    assert_eq!(demo.control().export().await?, before);
    Ok(())
}

/// Waits until a change is over and was kept.
pub(crate) async fn confirmed(demo: &Demo, change_set: &str) -> anyhow::Result<()> {
    let ended = demo.rest.ended(change_set).await?;
    anyhow::ensure!(ended["state"] == "active" && ended["outcome"] == "confirmed", "{ended:#}");
    Ok(())
}

/// Waits until the controller lists a VIF of a name on the first router.
pub(crate) async fn shown(demo: &Demo, name: &str) -> anyhow::Result<Value> {
    let what = format!("the VIF {name} in the list");
    clock::wait(&what, clock::SOON, || async { demo.rest.vif("r1", name).await }).await
}

/// Waits until the controller lists no VIF of a name on the first router: the list follows the agent's next state.
pub(crate) async fn gone(demo: &Demo, name: &str) -> anyhow::Result<()> {
    clock::wait(&format!("the VIF {name} gone from the list"), clock::SOON, || async {
        Ok(demo.rest.vif("r1", name).await?.is_none().then_some(()))
    })
    .await
}

async fn gate_is(demo: &Demo, gate: &str) -> anyhow::Result<Value> {
    clock::wait(&format!("the gate {gate}"), clock::SOON, || async {
        Ok(demo.rest.vif("r1", "tor").await?.filter(|vif| vif["kill_switch"]["gate"] == gate))
    })
    .await
}
