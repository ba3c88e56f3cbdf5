//! Every fault at every sentence of making and removing a VIF: the router ends wholly before or wholly after, what is
//! said is what is, and the journal is closed.

use bulkhead_agent::flow::object::Menu;
use bulkhead_flows::{Agent, Allowed, Bench, OTHER_TUNNEL, full, order, remove, spec, update};
use bulkhead_twin::{
    device::export::Export,
    fault::{Fault, FaultKind, When},
};
use shared::{
    change_set::{Item, Outcome, Report, Resource},
    ids::VifId,
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, VifSpec},
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
    /// From one wish to another; by their places in [`wishes`].
    Update(usize, usize),
}

/// Every interface by which packets may leave before or after one of the updates.
const NEITHER_LAN_NOR_BRIDGE: [&str; 3] = ["wg-vpn", "wg-two", "ether1"];

/// A VIF in each mode, with and without options.
fn wishes() -> anyhow::Result<[VifSpec; 5]> {
    let other = Egress::Interface(InterfaceName::new("wg-two")?);
    let falling = KillSwitchMode::Fallback(VifId::new("dns-1")?);
    Ok([
        spec("tor")?,
        full("tor")?,
        VifSpec { egress: other, ..full("tor")? },
        VifSpec { kill_switch: KillSwitchMode::Off, ..full("tor")? },
        VifSpec { kill_switch: falling, ..spec("tor")? },
    ])
}

/// By which ways packets may leave while a change is under way: by those of before and those of after.
fn ways(change: Change) -> &'static [&'static str] {
    match change {
        Change::Create | Change::Remove | Change::Update(0 | 1, 0 | 1) => &NEITHER_LAN_NOR_BRIDGE[..1],
        Change::Update(3, _) | Change::Update(_, 3) => &NEITHER_LAN_NOR_BRIDGE,
        Change::Update(..) => &NEITHER_LAN_NOR_BRIDGE[..2],
    }
}

/// A bench on which the change is about to be made, and the router before it.
async fn ready(change: Change) -> anyhow::Result<(Bench, Agent, ChangeOrder, Export)> {
    let bench = Bench::with(OTHER_TUNNEL).await?;
    let mut agent = bench.agent().await?;
    let make = || order("c1", Resource::VifCreate(full("tor")?));
    let order = match change {
        Change::Create => make()?,
        Change::Remove => {
            agent.change(&order("c0", Resource::VifCreate(full("tor")?))?).await?;
            remove("c1", "tor")?
        }
        Change::Update(from, to) => {
            let [from, to] = [from, to].map(|at| wishes().map(|wishes| wishes[at].clone()));
            let other = Egress::Interface(InterfaceName::new("wg-two")?);
            let mut both = order("c0", Resource::VifCreate(from?))?;
            let other = order("c0", Resource::VifCreate(VifSpec { egress: other, ..spec("dns")? }))?;
            both.items.extend(other.items.into_iter().map(|item| Item { id: "2".to_owned(), ..item }));
            agent.change(&both).await?;
            update("c1", to?)?
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
    let text = format!("{found:?}");
    let vifs = ["bh-v100", "bh-v101"].into_iter().filter(|vlan| text.contains(vlan)).count();
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
    let (_, leaks) = bench.leaks(Allowed { ways: ways(change), published: true })?;
    assert!(leaks.is_empty(), "{case}: {leaks:#?}");
    let last = told.lock().expect("told").last().map_or(0, |report| report.revision);
    let mut agent = bench.agent().await?;
    let begun = agent.engine.unfinished()?.expect("a change that was not finished");
    let report = agent.engine.carry_out(begun).await;
    assert!(report.revision >= last, "{case}: a later report is never older");
    assert_true(&case, &report, &bench.export(), &before, &after, &agent);
    let expected = match change {
        Change::Create | Change::Update(..) => Outcome::Reverted,
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

/// An agent that dies, and a router that refuses, at every write of an alteration; the reading before and after it is that
/// of any other change.
async fn altered_everywhere(from: usize, to: usize) -> anyhow::Result<()> {
    let change = Change::Update(from, to);
    let (after, sentences) = undisturbed(change).await?;
    let reads = Menu::ALL.len() as u64;
    let writes = reads..=sentences - reads;
    assert!(writes.clone().count() > 2, "{sentences} sentences");
    let points = writes.clone().flat_map(|nth| [(nth, When::Before), (nth, When::After)]);
    run_all(COMPUTING, points.map(|(nth, when)| killed(change, when, nth, after.clone()))).await?;
    let refused = writes.map(|nth| {
        let fault = Fault { nth: Some(nth), ..Fault::now(FaultKind::Trap) };
        struck(change, fault, after.clone())
    });
    run_all(COMPUTING, refused).await.map(drop)
}

macro_rules! alterations {
    ($($name:ident: $from:literal $to:literal;)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> anyhow::Result<()> {
            altered_everywhere($from, $to).await
        }
    )* };
}

alterations! {
    another_way_out_and_all_options_come_or_go_as_a_whole: 0 2;
    a_way_out_back_and_the_same_options_come_or_go_as_a_whole: 2 1;
    a_kill_switch_and_its_options_go_as_a_whole: 1 3;
    a_kill_switch_comes_back_as_a_whole: 3 0;
    a_fallback_comes_as_a_whole: 0 4;
    a_fallback_gives_way_to_options_as_a_whole: 4 1;
}
