//! Every fault at every sentence of making and removing a VIF: the router ends wholly before or wholly after, what is
//! said is what is, and the journal is closed.

use bulkhead_flows::{Agent, Bench, create, remove};
use bulkhead_twin::{
    device::export::Export,
    fault::{Fault, FaultKind, When},
};
use shared::{
    change_set::{Outcome, Report},
    wire::ChangeOrder,
};
use std::time::Duration;
use tokio::task::JoinSet;

/// Cases under way at the same time that spend most of their time waiting for a time-out.
const WAITING: usize = 16;
/// Cases that compute all the time; more of them would only make each other miss their time-outs.
const COMPUTING: usize = 2;

/// One change and how the router looks on both sides of it.
#[derive(Clone, Copy, Debug)]
enum Change {
    Create,
    Remove,
}

/// A bench on which the change is about to be made, and the router before it.
async fn ready(change: Change) -> anyhow::Result<(Bench, Agent, ChangeOrder, Export)> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let order = match change {
        Change::Create => create("c1", "tor")?,
        Change::Remove => {
            agent.change(&create("c0", "tor")?).await?;
            remove("c1", "tor")?
        }
    };
    let before = bench.export();
    Ok((bench, agent, order, before))
}

/// What the router looks like when nothing goes wrong, and how many sentences that takes.
async fn undisturbed(change: Change) -> anyhow::Result<(Export, u64)> {
    let (bench, mut agent, order, _) = ready(change).await?;
    let begun = agent.begin(&order).await?;
    let sentences = bench.twin.sentences();
    let report = agent.engine.carry_out(begun).await;
    assert_eq!(report.outcome, Some(Outcome::Confirmed));
    Ok((bench.export(), bench.twin.sentences() - sentences))
}

/// The three things that must hold at the end, whatever happened.
fn assert_true(case: &str, report: &Report, found: &Export, before: &Export, after: &Export, agent: &Agent) {
    let kept = agent.journal.vifs().expect("a journal").len();
    match report.outcome {
        Some(Outcome::Confirmed) => assert_eq!(found, after, "{case}: said to be there"),
        Some(Outcome::Reverted) => assert_eq!(found, before, "{case}: said to be undone"),
        other => panic!("{case}: {other:?} {:?} {:?}", report.error, report.differs),
    }
    let vifs = usize::from(format!("{found:?}").contains("bh-v100"));
    assert_eq!(kept, vifs, "{case}: the journal keeps what is on the router");
    assert_eq!(agent.journal.open_change().expect("a journal"), None, "{case}: the journal is closed");
}

async fn run_all(
    at_once: usize,
    cases: impl IntoIterator<Item = impl Future<Output = anyhow::Result<()>> + Send + 'static>,
) -> anyhow::Result<usize> {
    let mut running = JoinSet::new();
    let mut done = 0;
    for case in cases {
        if running.len() >= at_once
            && let Some(ended) = running.join_next().await
        {
            ended??;
            done += 1;
        }
        running.spawn(case);
    }
    while let Some(ended) = running.join_next().await {
        ended??;
        done += 1;
    }
    Ok(done)
}

async fn struck(change: Change, fault: Fault, after: Export) -> anyhow::Result<()> {
    let case = format!("{change:?} {fault:?}");
    let (bench, mut agent, order, before) = ready(change).await?;
    let begun = agent.begin(&order).await?;
    bench.twin.fault(fault);
    let report = agent.engine.carry_out(begun).await;
    assert!(bench.twin.faults().is_empty(), "{case}: the fault struck");
    assert_true(&case, &report, &bench.export(), &before, &after, &agent);
    Ok(())
}

async fn every_sentence(change: Change, kind: FaultKind, when: When) -> anyhow::Result<()> {
    let (after, sentences) = undisturbed(change).await?;
    let cases = (1..=sentences).map(|nth| {
        let fault = Fault { nth: Some(nth), when, ..Fault::now(kind) };
        struck(change, fault, after.clone())
    });
    assert_eq!(run_all(WAITING, cases).await? as u64, sentences);
    Ok(())
}

macro_rules! matrix {
    ($($name:ident: $change:ident $kind:ident $when:ident;)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> anyhow::Result<()> {
            every_sentence(Change::$change, FaultKind::$kind, When::$when).await
        }
    )* };
}

matrix! {
    making_survives_a_cut_before_every_sentence: Create Disconnect Before;
    making_survives_a_cut_after_every_sentence: Create Disconnect After;
    making_survives_silence_before_every_sentence: Create Stall Before;
    making_survives_silence_after_every_sentence: Create Stall After;
    making_survives_a_refusal_of_every_sentence: Create Trap Before;
    making_survives_a_reboot_before_every_sentence: Create Reboot Before;
    making_survives_a_reboot_after_every_sentence: Create Reboot After;
    removing_survives_a_cut_before_every_sentence: Remove Disconnect Before;
    removing_survives_a_cut_after_every_sentence: Remove Disconnect After;
    removing_survives_silence_before_every_sentence: Remove Stall Before;
    removing_survives_silence_after_every_sentence: Remove Stall After;
    removing_survives_a_refusal_of_every_sentence: Remove Trap Before;
    removing_survives_a_reboot_before_every_sentence: Remove Reboot Before;
    removing_survives_a_reboot_after_every_sentence: Remove Reboot After;
}

/// The agent is gone in the middle of a sentence, and another one finds its journal.
async fn killed(change: Change, when: When, nth: u64, after: Export) -> anyhow::Result<()> {
    let case = format!("{change:?} killed {when:?} sentence {nth}");
    let (bench, mut agent, order, before) = ready(change).await?;
    let begun = agent.begin(&order).await?;
    let told = agent.told.clone();
    // The router falls silent at that sentence, which holds the agent there.
    bench.twin.fault(Fault { nth: Some(nth), when, ..Fault::now(FaultKind::Stall) });
    let held = async {
        while !bench.twin.faults().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        report = agent.engine.carry_out(begun) => panic!("{case}: it came to an end: {report:?}"),
        () = held => {}
    }
    drop(agent);
    let (_, leaks) = bench.leaks()?;
    assert!(leaks.is_empty(), "{case}: {leaks:#?}");
    let last = told.lock().expect("told").last().map_or(0, |report| report.revision);
    let mut agent = bench.agent().await?;
    let begun = agent.engine.unfinished()?.expect("a change that was not finished");
    let report = agent.engine.carry_out(begun).await;
    assert!(report.revision >= last, "{case}: a later report is never older");
    assert_true(&case, &report, &bench.export(), &before, &after, &agent);
    let expected = match change {
        Change::Create => Outcome::Reverted,
        Change::Remove => Outcome::Confirmed,
    };
    assert_eq!(report.outcome, Some(expected), "{case}");
    Ok(())
}

async fn killed_everywhere(change: Change) -> anyhow::Result<()> {
    let (after, sentences) = undisturbed(change).await?;
    let cases = (1..=sentences).flat_map(|nth| [(nth, When::Before), (nth, When::After)]);
    run_all(COMPUTING, cases.map(|(nth, when)| killed(change, when, nth, after.clone()))).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_killed_anywhere_while_making_leaves_all_or_nothing_to_the_next() -> anyhow::Result<()> {
    killed_everywhere(Change::Create).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_killed_anywhere_while_removing_leaves_all_or_nothing_to_the_next() -> anyhow::Result<()> {
    killed_everywhere(Change::Remove).await
}
