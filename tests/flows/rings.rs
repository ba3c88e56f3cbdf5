//! Who undoes a change that must not stay: each ring alone.

use bulkhead_agent::engine::Word;
use bulkhead_flows::{
    Bench,
    orders::{create, kept_by, order, update},
};
use bulkhead_twin::fault::{Fault, FaultKind};
use shared::change_set::{Attribute, Evidence, Keep, Outcome, Phase, Report, Ring};
use std::time::Duration;

const RAW: &str = "/ip/firewall/raw";
const LIST: &str = "/ip/firewall/address-list";
const SCHEDULES: &str = "/system/scheduler";
const SCRIPTS: &str = "/system/script";

/// What the agent would send from its veth is dropped before anything else looks at it.
const CUT_OFF: [(&str, &str); 3] = [("chain", "prerouting"), ("src-address", "172.16.63.2"), ("action", "drop")];

fn guests() -> shared::change_set::Item {
    create("1", LIST, &[("list", "guests"), ("address", "192.168.99.0/24")], None)
}

/// Waits until a condition holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn last(told: &std::sync::Mutex<Vec<Report>>) -> Option<Report> {
    told.lock().expect("told").last().cloned()
}

#[tokio::test]
async fn a_change_that_is_kept_leaves_no_ring_behind() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let order = kept_by(Keep::Person, order(vec![guests()]));
    let plan = agent.engine.plan(&order).await?;
    assert_eq!((plan.rings, plan.warnings), (vec![Ring::Journal, Ring::SafeMode, Ring::Script], vec![]));
    let (desk, told) = (agent.engine.desk(), agent.told.clone());
    let person = async {
        until("it is verified", || last(&told).is_some_and(|report| report.deadline.is_some())).await;
        assert_eq!(bench.twin.rows(SCRIPTS).len(), 1, "one script is armed");
        // The controller's word is not enough for what a person has to keep.
        let report = desk.say(&order.id, Word::Keep { person: false }).await.expect("taken");
        assert_eq!(report.phase, Phase::Verifying);
        let longer = desk.say(&order.id, Word::Extend(900)).await.expect("taken").deadline;
        assert!(longer > report.deadline);
        until("the script is armed anew", || {
            let rows = bench.twin.rows(SCRIPTS);
            rows.len() == 1 && rows.iter().flatten().any(|(_, value)| value.ends_with("-3"))
        })
        .await;
        desk.say(&order.id, Word::Keep { person: true }).await.expect("taken")
    };
    let (report, _) = tokio::join!(agent.change(&order), person);
    let report = report?;
    assert_eq!(report.outcome, Some(Outcome::Confirmed), "{report:?}");
    assert_eq!(report.evidence, [Evidence::SignIn, Evidence::Controller, Evidence::Person]);
    assert_eq!(bench.twin.rows(SCRIPTS), Vec::<Vec<(String, String)>>::new());
    assert_eq!(bench.twin.rows(SCHEDULES), Vec::<Vec<(String, String)>>::new());
    // What still waits on the router finds nothing to run.
    bench.twin.advance(Duration::from_secs(3600));
    assert_eq!(bench.twin.rows(LIST).iter().flatten().filter(|(_, value)| value == "guests").count(), 1);
    Ok(())
}

#[tokio::test]
async fn ring_one_the_journal_undoes_what_is_called_off_or_not_kept_in_time() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    for (in_time, code) in [(true, "called_off"), (false, "deadline")] {
        let mut agent = bench.agent().await?;
        let order = kept_by(Keep::Person, order(vec![guests()]));
        let (desk, told) = (agent.engine.desk(), agent.told.clone());
        let person = async {
            until("it is verified", || last(&told).is_some_and(|report| report.deadline.is_some())).await;
            if in_time {
                desk.say(&order.id, Word::Roll).await.expect("taken");
            } else {
                tokio::time::pause();
                tokio::time::advance(Duration::from_secs(121)).await;
                tokio::time::resume();
            }
        };
        let (report, ()) = tokio::join!(agent.change(&order), person);
        let report = report?;
        assert_eq!((report.outcome, report.undone_by), (Some(Outcome::Reverted), Some(Ring::Journal)), "{report:?}");
        assert_eq!(report.error.map(|error| error.code).as_deref(), Some(code));
        assert_eq!(bench.export(), before, "{code}");
    }
    Ok(())
}

#[tokio::test]
async fn ring_two_safe_mode_undoes_what_a_dead_agent_left() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    let mut agent = bench.agent().await?;
    let items =
        (1..=5).map(|n| create(&n.to_string(), LIST, &[("list", "l"), ("address", &*format!("10.9.0.{n}"))], None));
    let begun = agent.begin(&order(items.collect())).await?;
    bench.twin.fault(Fault { nth: Some(4), ..Fault::new(FaultKind::Stall, LIST) });
    tokio::select! {
        report = agent.engine.carry_out(begun) => panic!("it came to an end: {report:?}"),
        () = until("the agent is held", || bench.twin.faults().is_empty()) => {}
    }
    let made = |bench: &Bench| {
        bench.twin.rows(LIST).iter().flatten().filter(|(_, value)| value.starts_with("bulkhead:row/t/")).count()
    };
    assert!(made(&bench) > 0, "something was written");
    drop(agent);
    until("the connections end", || {
        bench.twin.advance(Duration::from_millis(100));
        made(&bench) == 0
    })
    .await;
    // The next agent finds it undone, says by whom, and takes the script away.
    let mut agent = bench.agent().await?;
    let begun = agent.engine.unfinished()?.expect("an open change");
    let report = agent.engine.carry_out(begun).await;
    assert_eq!((report.outcome, report.undone_by), (Some(Outcome::Reverted), Some(Ring::SafeMode)), "{report:?}");
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn ring_three_the_script_brings_back_an_agent_that_cut_itself_off() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    let mut agent = bench.agent().await?;
    let key: Vec<Attribute> = vec![("name".to_owned(), "wg-vpn".to_owned())];
    let items = vec![
        update("1", "/interface/wireguard", key, &[("listen-port", "51999")], None),
        create("2", RAW, &CUT_OFF, None),
        guests(),
    ];
    let told = agent.told.clone();
    let begun = agent.begin(&order(items)).await?;
    let router = async {
        until("the agent says that it does not know", || {
            last(&told).is_some_and(|report| report.outcome == Some(Outcome::Unknown))
        })
        .await;
        assert_ne!(bench.export(), before);
        bench.twin.advance(Duration::from_secs(100));
        assert_ne!(bench.export(), before, "not before its time");
        bench.twin.advance(Duration::from_secs(60));
    };
    let (report, ()) = tokio::join!(agent.engine.carry_out(begun), router);
    assert_eq!((report.outcome, report.undone_by), (Some(Outcome::Reverted), Some(Ring::Script)), "{report:?}");
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn ring_three_outlives_a_reboot_of_the_router() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let before = bench.export();
    let mut agent = bench.agent().await?;
    let told = agent.told.clone();
    let begun = agent.begin(&order(vec![create("1", RAW, &CUT_OFF, None), guests()])).await?;
    let router = async {
        until("the agent says that it does not know", || {
            last(&told).is_some_and(|report| report.outcome == Some(Outcome::Unknown))
        })
        .await;
        bench.twin.advance(Duration::from_secs(30));
        bench.twin.reboot();
        bench.twin.advance(Duration::from_secs(150));
        assert_ne!(bench.export(), before, "the agent has its time first");
        bench.twin.advance(Duration::from_secs(60));
    };
    let (report, ()) = tokio::join!(agent.engine.carry_out(begun), router);
    assert_eq!((report.outcome, report.undone_by), (Some(Outcome::Reverted), Some(Ring::Script)), "{report:?}");
    assert_eq!(bench.export(), before);
    assert_eq!(bench.twin.rows(SCHEDULES), Vec::<Vec<(String, String)>>::new());
    Ok(())
}

#[tokio::test]
async fn without_the_scheduler_it_is_said_that_ring_three_dies_with_a_reboot() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.twin.set_device_mode(&[("scheduler", "no")]).expect("set");
    let mut agent = bench.agent().await?;
    let order = order(vec![guests()]);
    let plan = agent.engine.plan(&order).await?;
    assert_eq!(plan.warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>(), ["no_scheduler"]);
    assert_eq!(agent.change(&order).await?.outcome, Some(Outcome::Confirmed));
    assert_eq!(bench.twin.rows(SCHEDULES), Vec::<Vec<(String, String)>>::new());
    Ok(())
}

#[tokio::test]
async fn nothing_is_begun_while_somebody_else_holds_safe_mode() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    bench.twin.run("/safe-mode", "take", &[]).expect("taken");
    let refusal = agent.engine.plan(&order(vec![guests()])).await.expect_err("refused");
    assert_eq!(refusal.code, "safe_mode_held");
    Ok(())
}

#[tokio::test]
async fn without_safe_mode_the_other_rings_do_and_it_is_said() -> anyhow::Result<()> {
    let bench = Bench::of("7.16.2").await?;
    let mut agent = bench.agent().await?;
    let order = order(vec![guests()]);
    let plan = agent.engine.plan(&order).await?;
    assert_eq!(plan.rings, [Ring::Journal, Ring::Script]);
    assert_eq!(plan.warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>(), ["no_safe_mode"]);
    assert_eq!(agent.change(&order).await?.outcome, Some(Outcome::Confirmed));
    Ok(())
}
