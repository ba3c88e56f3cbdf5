//! A VIF with two ways out.

use crate::{
    keeper::{gates, keep, until},
    keeper_gates::{SECOND, told},
};
use anyhow::bail;
use bulkhead_flows::{Agent, Bench, order, spec};
use shared::{
    change_set::Resource,
    ids::VifId,
    net::InterfaceName,
    vif::{Egress, KillSwitchMode},
};
use std::time::Duration;

#[tokio::test]
async fn a_fallback_goes_by_the_other_tunnel_behind_a_closed_gate_and_comes_home() -> anyhow::Result<()> {
    let bench = Bench::with(SECOND).await?;
    bench.twin.set_peer("wg-two", true)?;
    let mut agent = bench.agent().await?;
    let mut two = spec("two")?;
    two.egress = Egress::Interface(InterfaceName::new("wg-two")?);
    agent.change(&order("c1", Resource::VifCreate(two))?).await?;
    let mut tor = spec("tor")?;
    tor.kill_switch = KillSwitchMode::Fallback(VifId::new("two-1")?);
    agent.change(&order("c2", Resource::VifCreate(tor))?).await?;
    let orders = keep(&agent)?;
    until_open(&bench, &agent, 4).await?;
    assert_eq!(routes(&bench), [("route".to_owned(), true), ("route-fallback".to_owned(), false)]);

    bench.twin.set_peer("wg-vpn", false)?;
    until_routes(&bench, &[("route", false), ("route-fallback", true)]).await?;
    until_open(&bench, &agent, 4).await?;
    let words = bench.twin.recorded();
    let at = |part: &[&str]| {
        words.iter().rposition(|words| part.iter().all(|part| words.iter().any(|word| word.contains(part))))
    };
    let (shut, turned, opened) = (
        at(&["/ip/firewall/filter/set", "disabled=no"]),
        at(&["/ip/route/set", "disabled=no"]),
        at(&["/ip/firewall/filter/set", "disabled=yes"]),
    );
    assert!(shut < turned && turned < opened && shut.is_some(), "{shut:?} {turned:?} {opened:?}");
    let purged = at(&["/execute", "connection/remove"]);
    assert!(shut < purged && purged < opened, "{shut:?} {purged:?} {opened:?}");

    bench.twin.set_peer("wg-two", false)?;
    until(&bench, "no lease without any way", &[]).await?;
    bench.twin.set_peer("wg-vpn", true)?;
    until_routes(&bench, &[("route", true), ("route-fallback", false)]).await?;
    until(&bench, "a lease by its own way", &["172.16.64.6"]).await?;
    drop(orders);
    Ok(())
}

/// The routes of the VIF that falls back, and whether they are in force.
fn routes(bench: &Bench) -> Vec<(String, bool)> {
    let value = |row: &[(String, String)], wanted: &str| {
        row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let rows = bench.twin.rows("/ip/route");
    let mut routes: Vec<(String, bool)> = rows
        .iter()
        .filter_map(|row| {
            Some((
                value(row, "comment").strip_prefix("bulkhead:vif/tor-1/")?.to_owned(),
                value(row, "disabled") != "true",
            ))
        })
        .filter(|(part, _)| part.starts_with("route"))
        .collect();
    routes.sort();
    routes
}

async fn until_routes(bench: &Bench, expected: &[(&str, bool)]) -> anyhow::Result<()> {
    for _ in 0..3000 {
        if routes(bench).iter().map(|(part, on)| (part.as_str(), *on)).eq(expected.iter().copied()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for {expected:?}; the routes are {:?}", routes(bench))
}

/// Waits until so many drops are switched off.
async fn until_open(bench: &Bench, agent: &Agent, count: usize) -> anyhow::Result<()> {
    for _ in 0..3000 {
        if gates(bench).iter().filter(|(_, off)| *off).count() == count {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for {count} open drops; they are {:?}, told was {:?}", gates(bench), told(&agent.store)?)
}
