//! The agent's disk is full: before a change nothing is begun, in the middle of one it is wholly there or wholly undone, and
//! nothing is said of it before the journal has it.
//!
//! No file of this process may grow for the while. That is so for the whole process, so each of these tests needs one of its own.

use crate::{
    keeper::{keep, until},
    row_faults::{ended, ready, undisturbed},
};
use bulkhead_flows::{Bench, corpus, create, orders::order};
use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    signal::{SigSet, Signal},
};
use shared::change_set::Outcome;
use std::time::Duration;

/// The disk of this process, full until this is dropped.
struct Full(u64);

impl Full {
    fn new() -> anyhow::Result<Self> {
        // The signal would end the process; where it is blocked the write answers with an error, as on a full disk. The
        // runtime of these tests has this thread alone.
        SigSet::from(Signal::SIGXFSZ).thread_block()?;
        let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE)?;
        setrlimit(Resource::RLIMIT_FSIZE, 0, hard)?;
        Ok(Self(soft))
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        let hard = getrlimit(Resource::RLIMIT_FSIZE).map_or(self.0, |(_, hard)| hard);
        let _as_it_was = setrlimit(Resource::RLIMIT_FSIZE, self.0, hard);
    }
}

/// Whether this test has its process alone; says so where it has not.
#[allow(clippy::print_stderr, reason = "the runner shows what was skipped")]
fn alone(test: &str) -> bool {
    let alone = std::env::var("NEXTEST_EXECUTION_MODE").is_ok_and(|mode| mode == "process-per-test");
    if !alone {
        eprintln!("skipped: {test}: it needs a process of its own (cargo nextest gives each test one)");
    }
    alone
}

#[tokio::test]
async fn nothing_is_begun_on_a_full_disk() -> anyhow::Result<()> {
    if !alone("nothing_is_begun_on_a_full_disk") {
        return Ok(());
    }
    let (bench, mut agent, before) = ready().await?;
    for (name, items) in corpus::all() {
        let order = order(items);
        let plan = agent.engine.plan(&order).await?;
        let full = Full::new()?;
        let refusal = agent.engine.begin(&order, Some(plan.read_hash)).await.expect_err(name);
        drop(full);
        assert_eq!(refusal.code, "storage", "{name}");
        assert_eq!(agent.journal.open_change()?, None, "{name}");
    }
    assert_eq!(bench.export(), before);
    Ok(())
}

#[tokio::test]
async fn a_disk_that_fills_in_the_middle_leaves_the_router_wholly_before_or_after() -> anyhow::Result<()> {
    if !alone("a_disk_that_fills_in_the_middle_leaves_the_router_wholly_before_or_after") {
        return Ok(());
    }
    let (mut waited, sets) = (0, corpus::all().len());
    for set in 0..sets {
        let (after, sentences) = undisturbed(set).await?;
        let (bench, mut agent, before) = ready().await?;
        let (name, items) = corpus::all().swap_remove(set);
        let begun = agent.begin(&order(items)).await?;
        // From the first sentence to the last, over all change sets.
        let moment = sentences * set as u64 / sets as u64;
        let told = agent.told.clone();
        let latest = || told.lock().expect("told").last().cloned();
        let from = bench.twin.sentences();
        let disk = async {
            while bench.twin.sentences() < from + moment {
                tokio::task::yield_now().await;
            }
            let full = Full::new().expect("full");
            while !latest().is_some_and(|report| report.outcome == Some(Outcome::Unknown)) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            drop(full);
        };
        let carried = async {
            tokio::select! {
                biased;
                report = agent.engine.carry_out(begun) => report,
                () = async { disk.await; std::future::pending::<()>().await } => unreachable!("it goes on for ever"),
            }
        };
        let report = tokio::time::timeout(Duration::from_secs(60), carried).await?;
        waited += usize::from(told.lock().expect("told").iter().any(|one| one.outcome == Some(Outcome::Unknown)));
        ended(&name, &bench, &agent, &report, &before, &after);
    }
    assert!(waited * 2 > sets, "the disk was full at the end of {waited} of {sets} only");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_dies_while_it_waits_for_room_undoes_what_was_never_said_to_be_there() -> anyhow::Result<()> {
    if !alone("an_agent_that_dies_while_it_waits_for_room_undoes_what_was_never_said_to_be_there") {
        return Ok(());
    }
    let (bench, mut agent, before): (Bench, _, _) = ready().await?;
    let begun = agent.begin(&order(corpus::all().swap_remove(0).1)).await?;
    let told = agent.told.clone();
    let said = || told.lock().expect("told").iter().any(|report| report.outcome == Some(Outcome::Unknown));
    let unsaid = async {
        while bench.export() == before {
            tokio::task::yield_now().await;
        }
        let full = Full::new().expect("full");
        while !said() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        full
    };
    let full = tokio::select! {
        report = agent.engine.carry_out(begun) => panic!("it came to an end: {report:?}"),
        full = unsaid => full,
    };
    drop(agent);
    drop(full);
    let mut agent = bench.agent().await?;
    let begun = agent.engine.unfinished()?.expect("an open change");
    assert_eq!(agent.engine.carry_out(begun).await.outcome, Some(Outcome::Reverted));
    assert_eq!(bench.export(), before);
    assert_eq!(agent.journal.open_change()?, None);
    Ok(())
}

#[tokio::test]
async fn gates_close_and_open_with_their_egress_on_a_full_disk() -> anyhow::Result<()> {
    if !alone("gates_close_and_open_with_their_egress_on_a_full_disk") {
        return Ok(());
    }
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    assert_eq!(agent.change(&create("make", "tor")?).await?.outcome, Some(Outcome::Confirmed));
    let _keeper = keep(&agent)?;
    until(&bench, "the gate opens", &["172.16.64.2"]).await?;
    let _full = Full::new()?;
    bench.twin.set_link("wg-vpn", false).expect("a link");
    until(&bench, "the gate closes", &[]).await?;
    bench.twin.set_link("wg-vpn", true).expect("a link");
    until(&bench, "the gate opens again", &["172.16.64.2"]).await
}
