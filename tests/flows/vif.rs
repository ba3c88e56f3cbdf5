//! VIFs that are made and removed while nothing goes wrong.

use bulkhead_flows::{Bench, create, order, remove, spec, update};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::{
    change_set::{Outcome, Phase, Refusal, Resource},
    ids::VifId,
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, VifSpec},
    wire::ChangeOrder,
};
use std::time::Duration;

const FILTER: &str = "/ip/firewall/filter";
/// A second WireGuard tunnel.
const OTHER_TUNNEL: &str = "/interface/wireguard/add name=wg-two listen-port=13232\n";

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
        let (count, leaks) = bench.leaks()?;
        assert_eq!((count, leaks), (90, Vec::new()), "tunnel: {tunnel}");
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
    assert_eq!(bench.leaks()?.1, Vec::<String>::new(), "the firewall alone");
    assert_eq!(
        disable("/ip/firewall/filter", "/jump-forward-in")? + disable("/ip/firewall/filter", "/jump-forward-out")?,
        2
    );
    assert!(!bench.leaks()?.1.is_empty(), "with neither, packets must be seen to leave");
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
        for order in [create("c1", "tor")?, remove("c2", "tor")?] {
            let report = agent.change(&order).await?;
            assert_eq!((report.outcome, report.error), (Some(Outcome::Confirmed), None), "{version}");
        }
        assert_eq!(bench.export(), before, "{version}");
    }
    Ok(())
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

#[tokio::test]
async fn a_gate_is_made_shut_and_is_the_keepers_to_switch() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    agent.change(&create("c1", "tor")?).await?;
    let gate = |disabled: &str| {
        let rows = bench.twin.rows(FILTER);
        let ids =
            rows.iter().filter(|row| value(row, "comment").contains("/gate-") && value(row, "disabled") == disabled);
        ids.map(|row| value(row, ".id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(gate("false").len(), 2);
    assert_eq!(bench.twin.rows(FILTER).iter().filter(|row| value(row, "disabled") == "true").count(), 0);
    // Open, it is still as it should be: another change leaves it alone, and so does undoing one.
    bench.twin.run(FILTER, "disable", &[("numbers", &gate("false").join(","))])?;
    let order = create("c2", "dns")?;
    let plan = agent.engine.plan(&order).await?;
    assert!(plan.operations.iter().all(|write| write.attributes.iter().all(|(_, value)| !value.contains("tor-1"))));
    bench.twin.fault(Fault { nth: Some(40), ..Fault::now(FaultKind::Trap) });
    assert_eq!(agent.change(&order).await?.outcome, Some(Outcome::Reverted));
    assert_eq!(gate("true").len(), 2, "still open");
    // Gone and made anew, it is shut.
    bench.twin.run(FILTER, "remove", &[("numbers", &gate("true").join(","))])?;
    agent.change(&create("c3", "dns")?).await?;
    assert_eq!((gate("true").len(), gate("false").len()), (0, 4));
    Ok(())
}

/// The rows of a menu whose mark ends with this, and whether each is disabled.
fn switches(bench: &Bench, menu: &str, part: &str) -> Vec<bool> {
    let rows = bench.twin.rows(menu);
    let ours = rows.iter().filter(|row| value(row, "comment").ends_with(part));
    ours.map(|row| value(row, "disabled") == "true").collect()
}

#[tokio::test]
async fn a_vif_that_falls_back_has_both_ways_out_and_one_of_them_in_force() -> anyhow::Result<()> {
    let bench = Bench::with(OTHER_TUNNEL).await?;
    let mut agent = bench.agent().await?;
    agent.change(&through("c1", "dns", "wg-two", KillSwitchMode::Block)?).await?;
    agent.change(&create("c2", "tor")?).await?;
    let before = bench.export();
    let other = VifId::new("dns-1")?;
    let falling = VifSpec { kill_switch: KillSwitchMode::Fallback(other.clone()), ..spec("tor")? };
    assert_eq!(agent.change(&update("c3", falling)?).await?.outcome, Some(Outcome::Confirmed));
    let members = bench.twin.rows("/interface/list/member");
    let ways = members.iter().filter(|row| value(row, "list") == "bh-101-egress").map(|row| value(row, "interface"));
    assert_eq!(ways.collect::<Vec<_>>(), ["wg-vpn", "wg-two"]);
    let route = "/ip/route";
    assert_eq!(
        (switches(&bench, route, "tor-1/route"), switches(&bench, route, "/route-fallback")),
        (vec![false], vec![true])
    );
    // The keeper turns them round; back in mode `block` the one that is left is in force.
    for (part, disabled) in [("tor-1/route", "yes"), ("/route-fallback", "no")] {
        let rows = bench.twin.rows(route);
        let row = rows.iter().find(|row| value(row, "comment").ends_with(part)).expect("a route");
        bench.twin.run(route, "set", &[(".id", value(row, ".id")), ("disabled", disabled)])?;
    }
    assert_eq!(agent.change(&update("c4", spec("tor")?)?).await?.outcome, Some(Outcome::Confirmed));
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn a_fallback_that_would_protect_nothing_is_refused_by_name() -> anyhow::Result<()> {
    let bench = Bench::with(OTHER_TUNNEL).await?;
    let mut agent = bench.agent().await?;
    let to = |name: &str| Ok::<_, anyhow::Error>(KillSwitchMode::Fallback(VifId::new(format!("{name}-1"))?));
    agent.change(&through("c1", "dns", "wg-two", KillSwitchMode::Block)?).await?;
    agent.change(&create("c2", "tor")?).await?;
    agent.change(&through("c3", "web", "wg-vpn", to("dns")?)?).await?;
    let with = |name: &str, kill_switch| Ok::<_, anyhow::Error>(VifSpec { kill_switch, ..spec(name)? });
    let two = |kill_switch| VifSpec {
        egress: Egress::Interface(InterfaceName::new("wg-two").expect("a name")),
        ..with("dns", kill_switch).expect("a VIF")
    };
    let table = [
        (update("x", with("tor", to("nobody")?)?)?, "fallback_unknown"),
        (update("x", with("tor", to("tor")?)?)?, "fallback_to_itself"),
        (update("x", with("tor", to("web")?)?)?, "fallback_unprotected"),
        (through("x", "more", "wg-vpn", to("tor")?)?, "fallback_same_egress"),
        (update("x", two(to("tor")?))?, "fallback_in_use"),
        (update("x", two(KillSwitchMode::Off))?, "fallback_in_use"),
        (remove("x", "dns")?, "fallback_in_use"),
    ];
    for (order, code) in table {
        let refusal = agent.engine.plan(&order).await.expect_err(code);
        assert_eq!(refusal.code, code);
        assert!(!refusal.hint.is_empty());
    }
    // Both at once may go.
    let mut both = remove("c4", "dns")?;
    both.items.push(shared::change_set::Item { id: "2".to_owned(), ..remove("x", "web")?.items.remove(0) });
    assert_eq!(agent.change(&both).await?.outcome, Some(Outcome::Confirmed));
    Ok(())
}

/// An order that makes a VIF with another way out and kill switch.
fn through(change: &str, name: &str, egress: &str, kill_switch: KillSwitchMode) -> anyhow::Result<ChangeOrder> {
    let egress = Egress::Interface(InterfaceName::new(egress)?);
    order(change, Resource::VifCreate(VifSpec { egress, kill_switch, ..spec(name)? }))
}

fn value<'a>(row: &'a [(String, String)], wanted: &str) -> &'a str {
    row.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value)
}
