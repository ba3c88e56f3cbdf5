//! What VIFs carry: what the twin's rules counted is what the archive says, to the byte.

use crate::keeper::{keep_in, until};
use anyhow::{Context as _, bail, ensure};
use bulkhead_agent::{
    archive::Archive,
    io::clock::{Clock, now},
    keeper::Order,
};
use bulkhead_flows::{Agent, Bench, create, remove};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::{
    ids::VifId,
    vif::{Span, Traffic},
};
use std::time::Duration;

const FILTER: &str = "/ip/firewall/filter";

/// Bytes and packets of a rule of the VIF, by the last word of its mark.
fn counted(bench: &Bench, part: &str) -> anyhow::Result<[u64; 2]> {
    let rows = bench.twin.rows(FILTER);
    let value = |row: &[(String, String)], name: &str| {
        row.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let row = rows.iter().find(|row| value(row, "comment") == format!("bulkhead:vif/tor-1/{part}"));
    let row = row.with_context(|| format!("no rule {part}"))?;
    Ok([value(row, "bytes").parse()?, value(row, "packets").parse()?])
}

/// What was counted before and is not in the router's counters any more.
#[derive(Default)]
struct Before([u64; 2], [u64; 2]);

impl Before {
    /// What a VIF has carried in all: to the service, and from it.
    fn and_now(&self, bench: &Bench) -> anyhow::Result<Traffic> {
        let (to, from) = (counted(bench, "accept-in")?, counted(bench, "accept-out")?);
        Ok(Traffic {
            rx_bytes: self.0[0] + to[0],
            rx_packets: self.0[1] + to[1],
            tx_bytes: self.1[0] + from[0],
            tx_packets: self.1[1] + from[1],
            ..Traffic::default()
        })
    }
}

/// Waits until the archive's totals are these.
async fn until_carried(archive: &Archive, expected: Traffic) -> anyhow::Result<()> {
    let mut seen = None;
    for _ in 0..3000 {
        seen = archive.totals().get(&VifId::new("tor-1")?).copied();
        if seen == Some(expected) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("the archive says {seen:?} and not {expected:?}")
}

/// Lets traffic run over the VIF for minutes of the twin's clock, in steps short enough for the leases to be refreshed.
async fn run(bench: &Bench, seconds: u64) -> anyhow::Result<()> {
    bench.twin.set_traffic("bh-v100", 800_000, 8_000_000)?;
    for _ in 0..seconds.div_ceil(5) {
        bench.twin.advance(Duration::from_secs(5));
        refreshed(bench).await?;
    }
    bench.twin.set_traffic("bh-v100", 0, 0)?;
    Ok(())
}

/// Waits for the next refreshment of a lease.
async fn refreshed(bench: &Bench) -> anyhow::Result<()> {
    let sets = || {
        let set = |words: &&Vec<String>| words.first().is_some_and(|word| word == "/ip/firewall/address-list/set");
        bench.twin.recorded().iter().filter(set).count()
    };
    let (before, sentences) = (sets(), bench.twin.sentences());
    for _ in 0..3000 {
        // The twin remembers a bounded number of them.
        if sets() > before || bench.twin.sentences() > sentences + 60 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bail!("no lease is refreshed")
}

async fn bed() -> anyhow::Result<(Bench, Agent, Archive)> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    // What the factory lets run over the tunnel would be this VIF's.
    bench.twin.set_traffic("wg-vpn", 0, 0)?;
    let archive = Archive::open(agent.store.clone())?;
    Ok((bench, agent, archive))
}

fn sum(archive: &Archive, span: Span) -> anyhow::Result<Traffic> {
    let history = archive.history(&VifId::new("tor-1")?, span, Clock::system().unix_millis())?;
    let mut sum = Traffic::default();
    for point in history.points {
        sum.rx_bytes += point.rx_bytes;
        sum.tx_bytes += point.tx_bytes;
        sum.rx_packets += point.rx_packets;
        sum.tx_packets += point.tx_packets;
    }
    Ok(sum)
}

#[tokio::test]
async fn history_is_what_the_routers_rules_counted_to_the_byte_over_resets_and_boots() -> anyhow::Result<()> {
    let (bench, agent, archive) = bed().await?;
    let orders = keep_in(&agent, archive.clone())?;
    until(&bench, "a lease", &["172.16.64.2"]).await?;
    // The first look at a VIF that was there before says nothing of when.
    until_carried(&archive, Traffic::default()).await?;
    let mut before = Before::default();
    for event in ["none", "reset", "boot", "made anew", "none"] {
        run(&bench, 30).await?;
        let now = before.and_now(&bench)?;
        ensure!(now.tx_bytes > 1_000_000 && now.rx_bytes > now.tx_bytes, "{event}: {now:?}");
        until_carried(&archive, now).await?;
        let all = Before([now.rx_bytes, now.rx_packets], [now.tx_bytes, now.tx_packets]);
        match event {
            "reset" => {
                bench.twin.fault(Fault::now(FaultKind::CounterReset));
                before = all;
            }
            "boot" => {
                bench.twin.reboot();
                until(&bench, "a lease after the boot", &["172.16.64.2"]).await?;
                before = all;
            }
            "made anew" => {
                let old = id(&bench, "accept-in")?;
                let words = [
                    ("chain", "bulkhead"),
                    ("action", "accept"),
                    ("out-interface", "bh-v100"),
                    ("comment", "bulkhead:vif/tor-1/accept-in"),
                    ("place-before", &old),
                ];
                bench.twin.run(FILTER, "add", &words)?;
                bench.twin.run(FILTER, "remove", &[(".id", &old)])?;
                // Whose the new row is, the next look at everything says; it would come within a minute.
                orders.send(Order::Refresh).await?;
                before.0 = all.0;
            }
            _ => {}
        }
    }
    let total = archive.totals()[&VifId::new("tor-1")?];
    for span in Span::ALL {
        let sum = sum(&archive, span)?;
        assert_eq!((sum.rx_bytes, sum.tx_bytes), (total.rx_bytes, total.tx_bytes), "{span:?}");
        assert_eq!((sum.rx_packets, sum.tx_packets), (total.rx_packets, total.tx_packets), "{span:?}");
    }
    drop(orders);
    Ok(())
}

fn id(bench: &Bench, part: &str) -> anyhow::Result<String> {
    let rows = bench.twin.rows(FILTER);
    let comment = format!("bulkhead:vif/tor-1/{part}");
    let row = rows.iter().find(|row| row.iter().any(|(name, value)| name == "comment" && *value == comment));
    let id = row.and_then(|row| row.iter().find(|(name, _)| name == ".id"));
    Ok(id.with_context(|| format!("no rule {part}"))?.1.clone())
}

#[tokio::test]
async fn an_agent_that_is_killed_goes_on_counting_where_it_was() -> anyhow::Result<()> {
    let (bench, agent, archive) = bed().await?;
    let orders = keep_in(&agent, archive.clone())?;
    until(&bench, "a lease", &["172.16.64.2"]).await?;
    run(&bench, 20).await?;
    until_carried(&archive, Before::default().and_now(&bench)?).await?;
    archive.write(Clock::system().unix_millis());
    // What comes from here on the first agent never writes down.
    run(&bench, 20).await?;
    drop(orders);
    drop(archive);
    let archive = Archive::open(agent.store.clone())?;
    let orders = keep_in(&agent, archive.clone())?;
    until_carried(&archive, Before::default().and_now(&bench)?).await?;
    drop(orders);
    Ok(())
}

#[tokio::test]
async fn a_vif_that_is_removed_takes_its_history_along() -> anyhow::Result<()> {
    let (bench, mut agent, archive) = bed().await?;
    let orders = keep_in(&agent, archive.clone())?;
    until(&bench, "a lease", &["172.16.64.2"]).await?;
    run(&bench, 5).await?;
    until_carried(&archive, Before::default().and_now(&bench)?).await?;
    agent.change(&remove("c2", "tor")?).await?;
    let begun = now();
    while now().duration_since(begun) < Duration::from_secs(30) {
        if sum(&archive, Span::Day).is_err_and(|error| error.to_string().contains("keeps no VIF")) {
            drop(orders);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("the history of a VIF that is gone is still told")
}
