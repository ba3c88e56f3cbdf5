//! The kill switch against a router on which everything happens to the way out.

use crate::keeper::{gates, keep, keep_as, leases, often, until, until_gate};
use anyhow::{Context as _, bail};
use bulkhead_agent::{
    config::{KillSwitch, Poll},
    io::{clock::Clock, store::Store},
    keeper::Settings,
};
use bulkhead_flows::{Agent, Bench, create, order, spec};
use bulkhead_twin::fault::{Fault, FaultKind};
use ed25519_dalek::SigningKey;
use shared::{
    change_set::Resource,
    ids::RouterId,
    vif::KillSwitchMode,
    wire::{self, Body, Event, Expect},
};
use std::time::Duration;

const SERVICE: &str = "172.16.64.2";

/// A second tunnel.
pub(crate) const SECOND: &str = r#"
/interface/wireguard/add name=wg-two listen-port=51821
/interface/wireguard/peers/add interface=wg-two public-key="bmXOC+F1FxEMF9dyiK2H5/1SUtzH0JuVo51h2wPfgyo=" endpoint-address=198.51.100.8 endpoint-port=51820 allowed-address=0.0.0.0/0
/ip/address/add address=10.67.0.2/32 interface=wg-two
"#;

/// What was told of kill switches, oldest first: codes and sentences.
pub(crate) fn told(store: &Store) -> anyhow::Result<Vec<(String, String)>> {
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
    let (router, now) = (RouterId::new("r1")?, Clock::system().unix_millis());
    let expect = Expect { key: &|_| Some(key), router: &router, now, taken: &|_| None };
    let mut all = Vec::new();
    for row in store.outbox_after(0, 10_000)? {
        let message = wire::open(&row.envelope, &expect).map_err(|refused| anyhow::anyhow!("{refused}"))?;
        if let Body::Event(Event::Notice(notice)) = message.body
            && notice.code.starts_with("kill_switch")
        {
            all.push((notice.code.trim_start_matches("kill_switch_").to_owned(), notice.message));
        }
    }
    Ok(all)
}

/// Waits until this was told, in this order, with nothing between.
pub(crate) async fn until_told(store: &Store, codes: &[&str]) -> anyhow::Result<Vec<(String, String)>> {
    for _ in 0..3000 {
        let all = told(store)?;
        if all.iter().map(|(code, _)| code.as_str()).eq(codes.iter().copied()) {
            return Ok(all);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for {codes:?}; told was {:?}", told(store)?)
}

/// Waits until so many more probes were sent: the last but one has ended by then.
async fn until_probed(bench: &Bench, more: usize) -> anyhow::Result<()> {
    let probes = || bench.twin.recorded().iter().filter(|words| words[0] == "/tool/ping").count();
    let before = probes();
    for _ in 0..3000 {
        if probes() >= before + more {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for {more} probes")
}

/// Settings under which nothing is looked at within a test, but for what the router tells of itself.
fn by_events_alone() -> Settings {
    let period = Duration::from_secs(3600);
    Settings {
        poll: Poll { period, watch_period: period },
        kill_switch: KillSwitch { probe: often().kill_switch.probe, probe_every: Duration::from_secs(60) },
    }
}

/// A router with one VIF over the tunnel.
async fn with_vif() -> anyhow::Result<(Bench, Agent)> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    Ok((bench, agent))
}

fn place(bench: &Bench, all: &[&str]) -> Option<usize> {
    bench.twin.recorded().iter().position(|words| all.iter().all(|part| words.iter().any(|word| word.contains(part))))
}

#[tokio::test]
async fn an_event_closes_the_gate_without_waiting_for_a_look_and_says_how_long_it_took() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep_as(&agent, by_events_alone())?;
    until_gate(&bench, true).await?;
    bench.twin.set_link("wg-vpn", false)?;
    until_gate(&bench, false).await?;
    until(&bench, "no lease", &[]).await?;
    let told = until_told(&agent.store, &["armed", "engaged"]).await?;
    assert!(
        told[1]
            .1
            .starts_with("The kill switch of tor is engaged: the egress is down (wg-vpn), its gate closed within "),
        "{told:?}"
    );

    for _ in 0..3000 {
        if place(&bench, &["/execute", "connection/remove"]).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let shut = place(&bench, &["/ip/firewall/filter/set", "disabled=no"]).context("the drops were switched on")?;
    let taken = place(&bench, &["/ip/firewall/address-list/remove"]).context("the lease was taken away")?;
    let purged = place(&bench, &["/execute", "connection/remove"]).context("connections were forgotten")?;
    let read = bench.twin.recorded()[taken..purged].iter().any(|words| words[0] == "/ip/firewall/filter/print");
    assert!(shut < taken && taken < purged && read, "{shut} {taken} {purged}, read back: {read}");
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn connections_of_the_service_are_forgotten_and_nobody_elses() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    bench.twin.set_traffic("bh-v100", 8_000, 8_000)?;
    bench.twin.set_traffic("bridge", 8_000, 8_000)?;
    let ours = |bench: &Bench| {
        let rows = bench.twin.rows("/ip/firewall/connection");
        let is_ours = |row: &&Vec<(String, String)>| row.iter().any(|(_, value)| value.starts_with(SERVICE));
        (rows.iter().filter(is_ours).count(), rows.len())
    };
    for _ in 0..3000 {
        bench.twin.advance(Duration::from_millis(500));
        if ours(&bench).0 > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (had, all) = ours(&bench);
    assert!(had > 0 && all > had, "{had} of {all}");
    bench.twin.set_traffic("bh-v100", 0, 0)?;
    bench.twin.set_link("wg-vpn", false)?;
    until_gate(&bench, false).await?;
    for _ in 0..3000 {
        if ours(&bench).0 == 0 {
            assert!(ours(&bench).1 > 0, "the others are still there");
            drop(orders);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("its connections are still there: {:?}", ours(&bench))
}

#[tokio::test]
async fn a_dead_peer_is_suspected_at_the_first_lost_probe_and_closed_out_at_the_second() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    bench.twin.set_peer("wg-vpn", false)?;
    until_told(&agent.store, &["armed", "suspect"]).await?;
    assert!(gates(&bench).iter().all(|(_, off)| *off), "suspicion alone closes nothing");
    until_gate(&bench, false).await?;
    let told = until_told(&agent.store, &["armed", "suspect", "engaged"]).await?;
    assert!(told[2].1.contains("nothing comes back through the egress (wg-vpn)"), "{told:?}");
    bench.twin.set_peer("wg-vpn", true)?;
    until_told(&agent.store, &["armed", "suspect", "engaged", "recovering"]).await?;
    assert!(gates(&bench).iter().all(|(_, off)| !*off), "it is not open before the hold is over");
    until_told(&agent.store, &["armed", "suspect", "engaged", "recovering", "armed"]).await?;
    until_gate(&bench, true).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_way_out_that_is_gone_or_has_another_name_closes_the_gate() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep_as(&agent, by_events_alone())?;
    until_gate(&bench, true).await?;
    let wireguard = "/interface/wireguard";
    bench.twin.run(wireguard, "set", &[("numbers", "wg-vpn"), ("name", "wg-other")])?;
    until_gate(&bench, false).await?;
    let told = until_told(&agent.store, &["armed", "engaged"]).await?;
    assert!(told[1].1.contains("the egress is not on the router"), "{told:?}");
    bench.twin.run(wireguard, "set", &[("numbers", "wg-other"), ("name", "wg-vpn")])?;
    until_gate(&bench, true).await?;

    bench.twin.run(wireguard, "remove", &[("numbers", "wg-vpn")])?;
    until_gate(&bench, false).await?;
    until(&bench, "no lease", &[]).await?;
    until_told(&agent.store, &["armed", "engaged", "recovering", "armed", "engaged"]).await?;
    bench.twin.run(wireguard, "add", &[("name", "wg-vpn"), ("listen-port", "51820")])?;
    bench.twin.set_peer("wg-vpn", false)?;
    until_probed(&bench, 2).await?;
    assert!(gates(&bench).iter().all(|(_, off)| !*off), "it runs, and nothing comes back through it");
    bench.twin.set_peer("wg-vpn", true)?;
    until_gate(&bench, true).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_router_that_falls_silent_and_comes_back_starts_closed() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    bench.twin.fault(Fault::new(FaultKind::Stall, "/interface/wireguard/peers/print"));
    let told = until_told(&agent.store, &["armed", "engaged", "recovering", "armed"]).await?;
    assert!(told[1].1.contains("the router could not be asked"), "{told:?}");
    assert!(place(&bench, &["/ip/firewall/filter/set", "disabled=no"]).is_some(), "closed before it was opened again");
    until_gate(&bench, true).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_gate_waits_for_nothing_that_is_stuck_on_the_other_session() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    let asked = bench.twin.recorded().len();
    bench.twin.fault(Fault::new(FaultKind::Stall, "/system/resource/print"));
    let stuck = || bench.twin.recorded()[asked..].iter().any(|words| words[0] == "/system/resource/print");
    for _ in 0..1000 {
        if stuck() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(stuck(), "the other session has asked what is never answered");
    bench.twin.set_link("wg-vpn", false)?;
    let told = until_told(&agent.store, &["armed", "engaged"]).await?;
    assert!(!told[1].1.contains("could not be asked"), "by the link's event, not by a session that was lost: {told:?}");
    until_gate(&bench, false).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_router_that_boots_with_its_tunnel_down_lets_nothing_pass() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    drop(orders);
    bench.twin.set_link("wg-vpn", false)?;
    bench.twin.reboot();
    assert!(gates(&bench).iter().all(|(_, off)| *off), "the drops came back as they were: open");
    assert_eq!(leases(&bench), Vec::<String>::new(), "the lease did not");
    let orders = keep(&agent)?;
    until_gate(&bench, false).await?;
    assert_eq!(leases(&bench), Vec::<String>::new());
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_restarted_agent_keeps_what_is_good_open() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    drop(orders);
    let before = bench.twin.recorded().len();
    let orders = keep(&agent)?;
    until_told(&agent.store, &["armed", "armed"]).await?;
    let writes = bench.twin.recorded();
    let closed = |words: &&Vec<String>| words[0].ends_with("/remove") || words.contains(&"=disabled=no".to_owned());
    assert_eq!(writes[before..].iter().find(closed), None);
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_flapping_link_is_held_back_until_it_holds() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    let given = |bench: &Bench| {
        let lease = |words: &&Vec<String>| {
            words[0].ends_with("address-list/add") && words.contains(&"=list=bh-open".to_owned())
        };
        bench.twin.recorded().iter().filter(lease).count()
    };
    let mut codes = vec!["armed"];
    for _ in 0..3 {
        bench.twin.set_link("wg-vpn", false)?;
        codes.push("engaged");
        until_told(&agent.store, &codes).await?;
        bench.twin.set_link("wg-vpn", true)?;
        codes.push("recovering");
        until_told(&agent.store, &codes).await?;
        until_probed(&bench, 2).await?;
    }
    assert_eq!(given(&bench), 1, "no lease between two falls");
    codes.push("armed");
    until_told(&agent.store, &codes).await?;
    until_gate(&bench, true).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_switch_that_is_off_is_open_whatever_the_egress_does() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let mut tor = spec("tor")?;
    tor.kill_switch = KillSwitchMode::Off;
    agent.change(&order("c1", Resource::VifCreate(tor))?).await?;
    bench.twin.set_link("wg-vpn", false)?;
    let orders = keep(&agent)?;
    until_gate(&bench, true).await?;
    until(&bench, "a lease all the same", &[SERVICE]).await?;
    assert_eq!(told(&agent.store)?, []);
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_gate_that_somebody_opened_is_closed_at_the_next_look() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    bench.twin.set_link("wg-vpn", false)?;
    let orders = keep(&agent)?;
    until_told(&agent.store, &["engaged"]).await?;
    let filter = "/ip/firewall/filter";
    let rows = bench.twin.rows(filter);
    let is_gate = |row: &&Vec<(String, String)>| row.iter().any(|(_, value)| value.contains("/gate-"));
    let ids = rows.iter().filter(is_gate).flatten().filter(|(name, _)| name == ".id");
    for (_, id) in ids {
        bench.twin.run(filter, "set", &[(".id", id), ("disabled", "yes")])?;
    }
    let lease = [("list", "bh-open"), ("address", SERVICE), ("comment", "bulkhead:vif/tor-1/lease"), ("timeout", "1h")];
    bench.twin.run("/ip/firewall/address-list", "add", &lease)?;
    until_gate(&bench, false).await?;
    until(&bench, "no lease", &[]).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn ids_that_went_stale_are_read_anew_before_a_gate_is_said_to_be_closed() -> anyhow::Result<()> {
    let (bench, agent) = with_vif().await?;
    let orders = keep_as(&agent, by_events_alone())?;
    until_gate(&bench, true).await?;
    let trap =
        |command: &str| Fault { message: Some("no such item".to_owned()), ..Fault::new(FaultKind::Trap, command) };
    bench.twin.fault(trap("/ip/firewall/filter/set"));
    bench.twin.fault(trap("/ip/firewall/address-list/remove"));
    bench.twin.set_link("wg-vpn", false)?;
    until_gate(&bench, false).await?;
    until(&bench, "no lease", &[]).await?;
    let told = until_told(&agent.store, &["armed", "engaged"]).await?;
    assert!(told[1].1.contains("its gate closed within "), "closed in one go, not at the next look: {told:?}");
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn every_word_for_gates_and_probes_is_in_the_schema_of_every_version() -> anyhow::Result<()> {
    for version in ["7.16.2", "7.18.2", "7.20.8", "7.21.4", "7.23.3", "7.24"] {
        let bench = Bench::of(version).await?;
        let mut agent = bench.agent().await?;
        agent.change(&create("c1", "tor")?).await?;
        let orders = keep(&agent)?;
        until_gate(&bench, true).await.with_context(|| format!("open, {version}"))?;
        bench.twin.set_link("wg-vpn", false)?;
        until_gate(&bench, false).await.with_context(|| format!("closed, {version}"))?;
        until(&bench, "no lease", &[]).await?;
        drop(orders);
    }
    Ok(())
}
