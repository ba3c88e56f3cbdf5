//! VIFs that are made and removed while nothing goes wrong.

use crate::vif_options::through;
use bulkhead_flows::{BY_THE_TUNNEL, Bench, create, full, order, remove, spec, update};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::{
    change_set::{Outcome, Phase, Refusal, Resource},
    ids::VifId,
    vif::{KillSwitchMode, VifSpec},
};
use std::{collections::BTreeSet, time::Duration};

#[tokio::test]
async fn a_vif_becomes_rows_on_the_router_and_goes_without_a_trace() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    let mut agent = bench.agent().await?;
    let report = agent.change(&create("c1", "tor")?).await?;
    assert_eq!((report.outcome, report.error), (Some(Outcome::Confirmed), None));
    let rows = bench.twin.rows("/interface/vlan");
    assert!(rows.iter().any(|row| row.iter().any(|(name, value)| name == "name" && value == "bh-v100")), "{rows:?}");
    assert_ne!(bench.export(), before);

    let report = agent.change(&remove("c2", "tor")?).await?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed));
    assert_eq!(bench.export(), before);
    assert_eq!(agent.journal.vifs()?, vec![]);
    Ok(())
}

#[tokio::test]
async fn a_vifs_packets_leave_by_its_tunnel_or_not_at_all() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    for tunnel in [true, false] {
        bench.twin.set_link("wg-vpn", tunnel)?;
        let (count, leaks) = bench.leaks(BY_THE_TUNNEL)?;
        assert_eq!((count, leaks), (180, Vec::new()), "tunnel: {tunnel}");
    }
    // Either layer alone keeps them in; the look finds the hole where both are gone.
    bench.twin.set_link("wg-vpn", true)?;
    let disable = |menu: &str, part: &str| {
        let rows = bench.twin.rows(menu);
        let of =
            |row: &Vec<(String, String)>, name: &str| row.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
        let ours = rows.iter().filter(|row| of(row, "comment").is_some_and(|comment| comment.ends_with(part)));
        let ids: Vec<String> = ours.filter_map(|row| of(row, ".id")).collect();
        bench.twin.run(menu, "disable", &[("numbers", &ids.join(","))]).map(|_| ids.len())
    };
    assert_eq!(disable("/routing/rule", "/rule")?, 1);
    assert_eq!(bench.leaks(BY_THE_TUNNEL)?.1, Vec::<String>::new(), "the firewall alone");
    assert_eq!(disable("/routing/rule", "/rule-interface")?, 1);
    assert_eq!(
        disable("/ip/firewall/filter", "/jump-forward-in")? + disable("/ip/firewall/filter", "/jump-forward-out")?,
        2
    );
    assert!(!bench.leaks(BY_THE_TUNNEL)?.1.is_empty(), "with neither, packets must be seen to leave");
    Ok(())
}

#[tokio::test]
async fn every_version_takes_every_word_and_gives_everything_back() -> anyhow::Result<()> {
    let versions = bulkhead_twin::schema::versions();
    assert_eq!(versions.len(), 6);
    for version in versions {
        let bench = Bench::of(version).await?;
        let before = bench.export();
        let mut agent = bench.agent().await?;
        let off = VifSpec { kill_switch: KillSwitchMode::Off, ..full("tor")? };
        let falling = VifSpec { kill_switch: KillSwitchMode::Fallback(VifId::new("wan-1")?), ..full("tor")? };
        let orders = [
            order("c1", Resource::VifCreate(full("tor")?))?,
            update("c2", off)?,
            through("c3", "wan", "ether1", KillSwitchMode::Block)?,
            update("c4", falling)?,
            update("c5", spec("tor")?)?,
            remove("c6", "tor")?,
            remove("c7", "wan")?,
        ];
        for order in orders {
            let report = agent.change(&order).await?;
            assert_eq!((report.outcome, report.error), (Some(Outcome::Confirmed), None), "{version} {:?}", order.id);
        }
        assert_eq!(bench.export(), before, "{version}");
        assert_eq!(strange(&bench, version)?, BTreeSet::new(), "{version} does not know them");
    }
    Ok(())
}

/// Commands and arguments that a router was sent and that its version's schema does not have.
fn strange(bench: &Bench, version: &str) -> anyhow::Result<BTreeSet<String>> {
    let schema = bulkhead_twin::schema::shipped(version)?;
    let sent = bench.twin.recorded();
    assert!(sent.len() > 300, "{} sentences", sent.len());
    let mut strange = BTreeSet::new();
    for words in sent.iter().filter(|words| words[0] != "/login") {
        if schema.command(&words[0]).is_none() {
            strange.insert(words[0].clone());
        }
        let names = words[1..].iter().filter_map(|word| word.strip_prefix('=')?.split('=').next());
        let unknown = names.filter(|name| !name.starts_with('.') && !schema.has(&words[0], name));
        strange.extend(unknown.map(|name| format!("{} {name}", words[0])));
    }
    Ok(strange)
}

#[tokio::test]
async fn each_vif_gets_numbers_of_its_own_and_the_last_takes_what_all_share_along() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let with_tor = bench.export();
    agent.change(&create("c2", "dns")?).await?;
    let numbers: Vec<u16> = agent.journal.vifs()?.iter().map(|vif| vif.vlan_id.get()).collect();
    assert_eq!(numbers, [100, 101]);
    agent.change(&remove("c3", "dns")?).await?;
    assert_eq!(bench.export(), with_tor);
    agent.change(&remove("c4", "tor")?).await?;
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn a_row_that_somebody_takes_away_meanwhile_is_found_by_the_reading_back_and_the_change_undone()
-> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    let mut agent = bench.agent().await?;
    let order = create("c1", "tor")?;
    let begun = agent.begin(&order).await?;
    // The sign-in of the reading back is held up, and somebody removes the drop that closes our chain.
    bench.twin.fault(Fault { ms: Some(500), ..Fault::new(FaultKind::Delay, "/login") });
    let somebody = async {
        while !bench.twin.faults().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let rows = bench.twin.rows("/ip/firewall/filter");
        let closed =
            rows.iter().find(|row| row.iter().any(|(_, value)| value == "bulkhead:base/closed")).expect("the drop");
        let id = closed.iter().find(|(name, _)| name == ".id").map(|(_, id)| id.as_str()).expect("an id");
        bench.twin.run("/ip/firewall/filter", "remove", &[(".id", id)]).expect("removed");
    };
    let (report, ()) = tokio::join!(agent.engine.carry_out(begun), somebody);
    assert_eq!(report.outcome, Some(Outcome::Reverted), "{report:?}");
    assert_eq!(report.error.map(|error| error.code).as_deref(), Some("not_as_written"));
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn what_is_told_rises_and_ends_with_the_outcome() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let told = agent.told.lock().expect("told").clone();
    assert!(told.windows(2).all(|pair| pair[0].revision < pair[1].revision));
    let phases: Vec<Phase> = told.iter().map(|report| report.phase).collect();
    assert_eq!(phases.first(), Some(&Phase::Applying));
    assert_eq!(phases.iter().filter(|phase| **phase == Phase::Ended).count(), 1);
    assert_eq!(phases.last(), Some(&Phase::Ended));
    Ok(())
}

#[tokio::test]
async fn an_order_that_cannot_be_carried_out_is_refused_by_name_and_writes_nothing() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let before = bench.export();
    for (order, code) in [(create("c2", "tor")?, "name_taken"), (remove("c3", "nobody")?, "unknown_vif")] {
        let refusal: Refusal = agent.engine.plan(&order).await.expect_err("refused");
        assert_eq!(refusal.code, code);
        assert_eq!(agent.engine.begin(&order, None).await.expect_err("refused").code, code);
    }
    let order = create("c4", "dns")?;
    assert_eq!(agent.engine.begin(&order, Some([7; 32])).await.expect_err("refused").code, "stale_plan");
    assert_eq!(bench.export(), before);
    assert_eq!(agent.journal.open_change()?, None);
    Ok(())
}
