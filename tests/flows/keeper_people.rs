//! What people and the engine say to the keeper: engage, release, shut for a change.

use crate::{
    keeper::{gates, keep, until, until_gate},
    keeper_gates::{SECOND, until_told},
};
use bulkhead_agent::{engine::Shut, keeper::Order};
use bulkhead_flows::{Agent, Bench, create, spec, update};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::{
    change_set::{Outcome, Refusal},
    ids::VifId,
    net::InterfaceName,
    vif::Egress,
};
use tokio::sync::{mpsc, oneshot};

/// Says something and waits for the answer.
async fn say(
    orders: &mpsc::Sender<Order>,
    order: impl FnOnce(bulkhead_agent::keeper::Answer) -> Order,
) -> anyhow::Result<Result<(), Refusal>> {
    let (answer, answered) = oneshot::channel();
    orders.send(order(answer)).await?;
    Ok(answered.await?)
}

fn tor() -> VifId {
    VifId::new("tor-1").expect("an id")
}

#[tokio::test]
async fn what_a_person_closed_is_closed_when_they_hear_so_and_stays_so_over_restarts() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    say(&orders, |answer| Order::Engage(tor(), answer)).await??;
    assert!(gates(&bench).iter().all(|(_, off)| !*off), "closed once it is answered");
    say(&orders, |answer| Order::Engage(tor(), answer)).await??;
    until_told(&agent.store, &["armed", "held"]).await?;
    drop(orders);
    drop(agent);

    let agent = bench.agent().await?;
    let orders = keep(&agent)?;
    // A word that needs the router's answers: by then the egress was found good.
    say(&orders, |answer| Order::Engage(tor(), answer)).await??;
    until(&bench, "no lease", &[]).await?;
    assert!(gates(&bench).iter().all(|(_, off)| !*off), "good news do not open what a person closed");

    say(&orders, |answer| Order::Release(tor(), answer)).await??;
    until_told(&agent.store, &["armed", "held", "released", "recovering", "armed"]).await?;
    until_gate(&bench, true).await?;
    drop(orders);
    drop(agent);
    let agent = bench.agent().await?;
    let _orders = keep(&agent)?;
    until_told(&agent.store, &["armed", "held", "released", "recovering", "armed", "armed"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_vif_that_is_not_there_is_refused_by_name() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let agent = bench.agent().await?;
    let orders = keep(&agent)?;
    let nobody = VifId::new("nobody")?;
    for refused in [
        say(&orders, |answer| Order::Engage(nobody.clone(), answer)).await?,
        say(&orders, |answer| Order::Release(nobody.clone(), answer)).await?,
        say(&orders, |answer| Order::Shut(nobody.clone(), answer)).await?,
    ] {
        assert_eq!(refused.map_err(|refusal| refusal.code), Err("unknown_vif".to_owned()));
    }
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_gate_is_closed_for_a_change_and_left_to_its_egress_when_the_change_has_ended() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    say(&orders, |answer| Order::Shut(tor(), answer)).await??;
    assert!(gates(&bench).iter().all(|(_, off)| !*off), "closed once it is answered");
    until(&bench, "no lease", &[]).await?;
    orders.send(Order::Changed).await?;
    until_gate(&bench, true).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_change_of_the_way_out_is_written_behind_a_closed_gate() -> anyhow::Result<()> {
    let bench = Bench::with(SECOND).await?;
    bench.twin.set_peer("wg-two", true)?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    let keeper = orders.clone();
    let engine = agent.engine.with_gates(move |vif| -> Shut {
        let keeper = keeper.clone();
        Box::pin(async move {
            let gone = || Refusal::new("busy", "the keeper is gone", "");
            let (answer, answered) = oneshot::channel();
            keeper.send(Order::Shut(vif, answer)).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        })
    });
    let mut agent = Agent { engine, ..agent };
    let mut other = spec("tor")?;
    other.egress = Egress::Interface(InterfaceName::new("wg-two")?);
    let before = bench.twin.recorded().len();
    let report = agent.change(&update("c2", other)?).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed), "{report:?}");
    assert!(gates(&bench).iter().all(|(_, off)| !*off), "closed until the end of the change is told");
    let written = bench.twin.recorded();
    let at = |all: &[&str]| {
        written[before..].iter().position(|words| all.iter().all(|part| words.iter().any(|word| word.contains(part))))
    };
    let (shut, turned) = (at(&["/ip/firewall/filter/set", "disabled=no"]), at(&["/ip/route/", "wg-two"]));
    assert!(shut.is_some() && shut < turned, "{shut:?} {turned:?}");
    orders.send(Order::Changed).await?;
    until_gate(&bench, true).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_hold_is_kept_while_the_router_is_away_and_who_asks_hears_that_it_is() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    let gone = bulkhead_twin::fault::Fault { ms: Some(4_000), ..Fault::now(FaultKind::Reboot) };
    bench.twin.fault(gone);
    until_told(&agent.store, &["armed", "engaged"]).await?;
    let refused = say(&orders, |answer| Order::Engage(tor(), answer)).await?;
    assert_eq!(refused.map_err(|refusal| refusal.code), Err("router_unreachable".to_owned()));
    assert!(agent.journal.holds()?.contains_key(&tor()));
    until_gate(&bench, false).await?;
    until_told(&agent.store, &["armed", "engaged", "held"]).await?;
    drop(orders);
    Ok(())
}
