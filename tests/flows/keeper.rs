//! The keeper: gates open only while it knows that they may, with no broker and no controller anywhere.

use anyhow::bail;
use bulkhead_agent::{
    archive::Archive,
    bus::{Gate, Speaker},
    config::{Broker, KillSwitch, Poll},
    io::{clock::Clock, mqtt, router::RouterPort},
    keeper::{Keeper, Order, Settings},
    voice::Voice,
};
use bulkhead_flows::{Agent, Bench, create, remove};
use bulkhead_twin::fault::{Fault, FaultKind};
use ed25519_dalek::SigningKey;
use shared::{
    change_set::Outcome,
    ids::{RouterId, SenderId},
};
use std::{net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// What a keeper of tests is told: everything five times a second.
pub(crate) fn often() -> Settings {
    let period = Duration::from_millis(200);
    Settings {
        poll: Poll { period, watch_period: period },
        kill_switch: KillSwitch { probe: Some(Ipv4Addr::new(1, 1, 1, 1)), probe_every: period },
    }
}

/// A keeper on an agent's router. It stops when what is given back is dropped.
pub(crate) fn keep(agent: &Agent) -> anyhow::Result<mpsc::Sender<Order>> {
    keep_as(agent, often())
}

/// The same with other settings.
pub(crate) fn keep_as(agent: &Agent, settings: Settings) -> anyhow::Result<mpsc::Sender<Order>> {
    start(agent, agent.router.beside(), settings, Archive::open(agent.store.clone())?)
}

/// The same with an archive of what VIFs carry.
pub(crate) fn keep_in(agent: &Agent, archive: Archive) -> anyhow::Result<mpsc::Sender<Order>> {
    start(agent, agent.router.beside(), often(), archive)
}

fn start(
    agent: &Agent,
    gates: RouterPort,
    settings: Settings,
    archive: Archive,
) -> anyhow::Result<mpsc::Sender<Order>> {
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
    let (router, kept) = (agent.router.clone(), (agent.journal.clone(), archive));
    let keeper = Keeper::new(router, gates, kept, voice, Clock::system(), settings);
    let (orders, received) = mpsc::channel(4);
    tokio::spawn(keeper.run(received));
    Ok(orders)
}

pub(crate) fn leases(bench: &Bench) -> Vec<String> {
    let value = |row: &[(String, String)], wanted: &str| {
        row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let rows = bench.twin.rows("/ip/firewall/address-list");
    rows.iter().filter(|row| value(row, "list") == "bh-open").map(|row| value(row, "address")).collect()
}

/// The drops that are a gate, and whether they are switched off.
pub(crate) fn gates(bench: &Bench) -> Vec<(String, bool)> {
    let value = |row: &[(String, String)], wanted: &str| {
        row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let rows = bench.twin.rows("/ip/firewall/filter");
    let gates = rows.iter().filter(|row| value(row, "comment").contains("/gate-"));
    gates.map(|row| (value(row, "comment"), value(row, "disabled") == "true")).collect()
}

/// Waits until both drops of the gate of `tor` are switched off, or on.
pub(crate) async fn until_gate(bench: &Bench, open: bool) -> anyhow::Result<()> {
    let expected = ["gate-out", "gate-in"].map(|part| (format!("bulkhead:vif/tor-1/{part}"), open));
    for _ in 0..3000 {
        if gates(bench) == expected {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for open={open}; the gate is {:?}", gates(bench))
}

/// Waits until the leases are these.
pub(crate) async fn until(bench: &Bench, what: &str, expected: &[&str]) -> anyhow::Result<()> {
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
    until_gate(&bench, true).await?;

    bench.twin.set_link("wg-vpn", false)?;
    until(&bench, "no lease while the tunnel is down", &[]).await?;
    until_gate(&bench, false).await?;
    let written = bench.twin.recorded();
    let place = |all: &[&str]| written.iter().position(|words| all.iter().all(|word| words.iter().any(|w| w == word)));
    let shut = place(&["/ip/firewall/filter/set", "=disabled=no"]);
    let taken = place(&["/ip/firewall/address-list/remove"]);
    assert!(shut.is_some() && shut < taken, "the drops are on before the lease goes: {shut:?} {taken:?}");
    let taken_away = |words: &Vec<String>| words.first().is_some_and(|word| word == "/ip/firewall/address-list/remove");
    assert!(bench.twin.recorded().iter().any(taken_away), "it was taken away and did not just run out");
    bench.twin.set_link("wg-vpn", true)?;
    until(&bench, "a lease again", &["172.16.64.2"]).await?;
    until_gate(&bench, true).await?;

    let report = agent.change(&remove("c2", "tor")?).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed));
    until(&bench, "no lease without a VIF", &[]).await?;
    assert_eq!(bench.export(), before, "leases are in no export");
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_quiet_poll_is_nine_commands_in_three_writes_however_many_vifs_there_are() -> anyhow::Result<()> {
    const POLL: [&str; 9] = [
        "/interface/print",
        "/system/resource/print",
        "/system/identity/print",
        "/ip/firewall/filter/print",
        "/ip/firewall/address-list/set",
        "/ip/firewall/address-list/print",
        "/ip/firewall/filter/print",
        "/interface/wireguard/peers/print",
        "/tool/ping",
    ];
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    for (change, name) in [("c1", "one"), ("c2", "two"), ("c3", "three")] {
        agent.change(&create(change, name)?).await?;
    }
    let gates = agent.router.beside();
    let orders = start(&agent, gates.clone(), often(), Archive::open(agent.store.clone())?)?;
    let counted = || {
        let (looks, gates) = (agent.router.counted()?, gates.counted()?);
        Some((looks.commands + gates.commands, looks.writes + gates.writes))
    };
    until(&bench, "a lease of each", &["172.16.64.2", "172.16.64.6", "172.16.64.10"]).await?;
    let commands =
        || bench.twin.recorded().into_iter().filter_map(|words| words.into_iter().next()).collect::<Vec<_>>();
    // What the first look did beside, the comparison of everything, is behind us once leases are refreshed.
    let begun = commands().len();
    let (mut seen, mut quiet) = (begun, None);
    for _ in 0..3000 {
        let all = commands();
        if quiet.is_none() && all[begun..].iter().filter(|command| *command == POLL[4]).count() == 2 {
            (seen, quiet) = (all.len(), counted());
        }
        if quiet.is_some() && all.len() > seen + 10 * POLL.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (Some(from), Some(to)) = (quiet, counted()) else { bail!("no quiet poll was seen") };
    let all = commands();
    for command in &all[seen..] {
        assert!(POLL.contains(&command.as_str()), "{command}");
    }
    let polls = all[seen..].iter().filter(|command| *command == POLL[0]).count();
    for command in POLL {
        let times = all[seen..].iter().filter(|own| *own == command).count();
        let each = POLL.iter().filter(|own| **own == command).count();
        assert!(times.abs_diff(polls * each) <= each, "{command} {times} times in {polls} polls");
    }
    let recorded = bench.twin.recorded();
    let looks = recorded[seen..].iter().filter(|words| words.first().is_some_and(|word| word == POLL[0]));
    for look in looks {
        assert!(look.contains(&"?running=true".to_owned()), "only what moves is read: {look:?}");
    }
    let (commands, writes) = (to.0 - from.0, to.1 - from.1);
    assert!(commands >= 60 && writes <= 3 * (commands / 9 + 1), "{commands} commands took {writes} writes");
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_lease_that_ran_out_does_not_take_those_with_it_that_are_refreshed_along() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    for (change, name) in [("c1", "one"), ("c2", "two")] {
        agent.change(&create(change, name)?).await?;
    }
    let orders = keep(&agent)?;
    until(&bench, "a lease of each", &["172.16.64.2", "172.16.64.6"]).await?;
    let set = "/ip/firewall/address-list/set";
    let message = Some("no such item".to_owned());
    let command = Some(set.to_owned());
    bench.twin.fault(Fault { command, nth: Some(1), message, ..Fault::now(FaultKind::Trap) });
    // One id, no list of them.
    let alone = |words: &Vec<String>| {
        words[0] == set && words.contains(&"=timeout=30s".to_owned()) && words.iter().all(|word| !word.contains(','))
    };
    for _ in 0..3000 {
        if bench.twin.recorded().iter().filter(|words| alone(words)).count() == 2 {
            drop(orders);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("the leases were not refreshed one by one")
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
