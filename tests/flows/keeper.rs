//! The keeper: gates open only while it knows that they may, with no broker and no controller anywhere.

use anyhow::bail;
use bulkhead_agent::{
    bus::{Gate, Speaker},
    config::{Broker, Poll},
    io::{clock::Clock, mqtt},
    keeper::{Keeper, Order},
    voice::Voice,
};
use bulkhead_flows::{Agent, Bench, create, remove};
use ed25519_dalek::SigningKey;
use shared::{
    change_set::Outcome,
    ids::{RouterId, SenderId},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// A keeper on an agent's router. It stops when what is given back is dropped.
fn keep(agent: &Agent) -> anyhow::Result<mpsc::Sender<Order>> {
    let router = RouterId::new("r1")?;
    let store = agent.store.clone();
    let speaker = Speaker::new(router.clone(), SigningKey::from_bytes(&[1; 32]), store.clone())?;
    let key = SigningKey::from_bytes(&[2; 32]).verifying_key();
    let gate = Arc::new(Gate::new(router.clone(), SenderId::new("controller")?, key, store.clone()));
    // Nobody listens on port 9: the bus never connects.
    let nobody = Broker { tls: false, host: "127.0.0.1".to_owned(), port: 9 };
    let options = mqtt::Options::new(router.clone(), nobody)?;
    let (bus, _) = mqtt::start_with(options, store.clone(), Clock::system());
    let voice = Voice::new(router, speaker, gate, bus, store);
    let poll = Poll { period: Duration::from_millis(200), watch_period: Duration::from_millis(200) };
    let keeper = Keeper::new(agent.router.clone(), agent.journal.clone(), voice, Clock::system(), poll);
    let (orders, received) = mpsc::channel(4);
    tokio::spawn(keeper.run(received));
    Ok(orders)
}

fn leases(bench: &Bench) -> Vec<String> {
    let value = |row: &[(String, String)], wanted: &str| {
        row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let rows = bench.twin.rows("/ip/firewall/address-list");
    rows.iter().filter(|row| value(row, "list") == "bh-open").map(|row| value(row, "address")).collect()
}

/// Waits until the leases are these.
async fn until(bench: &Bench, what: &str, expected: &[&str]) -> anyhow::Result<()> {
    for _ in 0..3000 {
        if leases(bench) == expected {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for: {what}; the leases are {:?}", leases(bench))
}

#[tokio::test]
async fn a_gate_opens_and_closes_with_its_egress_and_its_lease_goes_with_the_vif() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let before = bench.export();
    let orders = keep(&agent)?;
    agent.change(&create("c1", "tor")?).await?;
    until(&bench, "a lease of the new VIF", &["172.16.64.2"]).await?;

    bench.twin.set_link("wg-vpn", false)?;
    until(&bench, "no lease while the tunnel is down", &[]).await?;
    let taken_away = |words: &Vec<String>| words.first().is_some_and(|word| word == "/ip/firewall/address-list/remove");
    assert!(bench.twin.recorded().iter().any(taken_away), "it was taken away and did not just run out");
    bench.twin.set_link("wg-vpn", true)?;
    until(&bench, "a lease again", &["172.16.64.2"]).await?;

    let report = agent.change(&remove("c2", "tor")?).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed));
    until(&bench, "no lease without a VIF", &[]).await?;
    assert_eq!(bench.export(), before, "leases are in no export");
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_dies_closes_every_gate_within_thirty_seconds() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let orders = keep(&agent)?;
    agent.change(&create("c1", "tor")?).await?;
    until(&bench, "a lease", &["172.16.64.2"]).await?;
    drop(orders);
    drop(agent);
    bench.twin.advance(Duration::from_secs(31));
    until(&bench, "no lease without an agent", &[]).await
}

#[tokio::test]
async fn a_router_that_boots_starts_closed_and_the_keeper_finds_it_again() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    bench.twin.reboot();
    assert_eq!(leases(&bench), Vec::<String>::new());
    let orders = keep(&agent)?;
    until(&bench, "a lease after the boot", &["172.16.64.2"]).await?;
    bench.twin.reboot();
    until(&bench, "a lease after another boot", &["172.16.64.2"]).await?;
    drop(orders);
    Ok(())
}
