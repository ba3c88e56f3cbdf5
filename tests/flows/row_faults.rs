//! Any fault at any sentence of any change set: the router ends wholly before or wholly after, what is said is what is,
//! and nothing of ours is left in between. Which fault strikes where is drawn from a seed.
//!
//! `BULKHEAD_FAULT_SEEDS=5000` runs more of them, `BULKHEAD_FAULT_SEED=17` one alone. A full disk is of the whole
//! process, and has its own seeds in `disk_full`.

use anyhow::Context as _;
use bulkhead_flows::{
    Agent, Bench, corpus,
    draw::{Draw, seeds},
    orders::order,
};
use bulkhead_twin::{
    device::export::Export,
    fault::{Fault, FaultKind, When},
};
use shared::change_set::{Outcome, Report};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};
use tokio::task::JoinSet;

/// Seeds of a usual run.
const SEEDS: u64 = 160;
/// Cases under way at once: most of them wait for a time-out.
const AT_ONCE: usize = 32;

/// What goes wrong, and to whom.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Router(FaultKind, When),
    AgentKilled(When),
    /// Somebody else writes.
    Stranger,
    /// Somebody else takes Safe Mode, where it is free, and holds on to it.
    StrangersSafeMode,
}

const TROUBLES: [Trouble; 14] = [
    Trouble::Router(FaultKind::Disconnect, When::Before),
    Trouble::Router(FaultKind::Disconnect, When::After),
    Trouble::Router(FaultKind::Stall, When::Before),
    Trouble::Router(FaultKind::Stall, When::After),
    Trouble::Router(FaultKind::Trap, When::Before),
    Trouble::Router(FaultKind::Reboot, When::Before),
    Trouble::Router(FaultKind::Reboot, When::After),
    Trouble::Router(FaultKind::PowerCut, When::Before),
    Trouble::Router(FaultKind::PowerCut, When::After),
    Trouble::Router(FaultKind::HalfOpen, When::Before),
    Trouble::AgentKilled(When::Before),
    Trouble::AgentKilled(When::After),
    Trouble::Stranger,
    Trouble::StrangersSafeMode,
];

/// One case, as its seed draws it.
struct Case {
    seed: u64,
    set: usize,
    trouble: Trouble,
    /// Where in the course of the change, of a thousand.
    moment: u64,
}

impl Case {
    fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let set = draw.below(corpus::all().len());
        let trouble = TROUBLES[draw.below(TROUBLES.len())];
        let moment = draw.below(1000) as u64;
        Self { seed, set, trouble, moment }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = corpus::all()[self.set].0;
        write!(f, "BULKHEAD_FAULT_SEED={} ({name}, {:?} at {} ‰)", self.seed, self.trouble, self.moment)
    }
}

pub(crate) async fn ready() -> anyhow::Result<(Bench, Agent, Export)> {
    let bench = Bench::with(corpus::ROUTER).await?;
    let agent = bench.agent().await?;
    let before = bench.export();
    Ok((bench, agent, before))
}

/// What the router looks like when nothing goes wrong, and how many sentences carrying it out takes.
pub(crate) async fn undisturbed(set: usize) -> anyhow::Result<(Export, u64)> {
    let (bench, mut agent, _) = ready().await?;
    let begun = agent.begin(&order(corpus::all().swap_remove(set).1)).await?;
    let sentences = bench.twin.sentences();
    let report = agent.engine.carry_out(begun).await;
    assert_eq!(report.outcome, Some(Outcome::Confirmed), "{}: {report:?}", corpus::all()[set].0);
    Ok((bench.export(), bench.twin.sentences() - sentences))
}

async fn play(case: Case, after: Export, sentences: u64) -> anyhow::Result<()> {
    let (bench, mut agent, before) = ready().await?;
    let begun = agent.begin(&order(corpus::all().swap_remove(case.set).1)).await?;
    let nth = 1 + case.moment * sentences / 1000;
    let report = match case.trouble {
        Trouble::Router(kind, when) => {
            let ms = kind.ends_sessions().then_some(20);
            bench.twin.fault(Fault { nth: Some(nth), when, ms, lose_ms: ms.map(|_| 0), ..Fault::now(kind) });
            agent.engine.carry_out(begun).await
        }
        Trouble::AgentKilled(when) => {
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
            agent = bench.agent().await?;
            let begun = agent.engine.unfinished()?.context("no open change")?;
            agent.engine.carry_out(begun).await
        }
        Trouble::Stranger | Trouble::StrangersSafeMode => {
            let from = bench.twin.sentences();
            let meddle = async {
                while bench.twin.sentences() < from + nth {
                    tokio::task::yield_now().await;
                }
                if matches!(case.trouble, Trouble::Stranger) {
                    let row = [("list", "stranger"), ("address", "10.250.0.1")];
                    bench.twin.run("/ip/firewall/address-list", "add", &row).expect("added");
                } else {
                    // Refused while the agent holds it.
                    let _ = bench.twin.run("/safe-mode", "take", &[]);
                }
            };
            tokio::join!(agent.engine.carry_out(begun), meddle).0
        }
    };
    ended(&case, &bench, &agent, &report, &before, &after);
    Ok(())
}

/// What must hold at the end, whatever happened.
pub(crate) fn ended(
    case: &impl fmt::Display,
    bench: &Bench,
    agent: &Agent,
    report: &Report,
    before: &Export,
    after: &Export,
) {
    let strangers = |row: &(String, String)| row.1 == "stranger";
    for row in bench.twin.rows("/ip/firewall/address-list") {
        if row.iter().any(strangers) {
            let id = row.iter().find(|(name, _)| name == ".id").map(|(_, id)| id.clone()).expect("an id");
            bench.twin.run("/ip/firewall/address-list", "remove", &[("numbers", &id)]).expect("removed");
        }
    }
    let found = bench.export();
    match report.outcome {
        Some(Outcome::Confirmed) => assert_eq!(differences(&found, after), "", "{case}: said to be there"),
        Some(Outcome::Reverted) => assert_eq!(differences(&found, before), "", "{case}: said to be undone"),
        other => panic!("{case}: {other:?} {:?} {:?}", report.error, report.differs),
    }
    assert_eq!(agent.journal.open_change().expect("a journal"), None, "{case}: the journal is closed");
}

/// The rows that only one of two configurations has, or that stand elsewhere.
fn differences(found: &Export, expected: &Export) -> String {
    let menus: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let rows = |export: &Export, menu: &str| export.get(menu).cloned().unwrap_or_default();
    menus
        .into_iter()
        .filter(|menu| rows(found, menu) != rows(expected, menu))
        .map(|menu| {
            let (is, should) = (rows(found, menu), rows(expected, menu));
            let only = |rows: &[BTreeMap<String, String>], others: &[BTreeMap<String, String>]| {
                rows.iter().filter(|row| !others.contains(row)).map(|row| format!("{row:?}")).collect::<Vec<_>>()
            };
            format!("{menu}: is {:#?}, should be {:#?}", only(&is, &should), only(&should, &is))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_a_change_of_rows_is_wholly_there_or_wholly_undone() -> anyhow::Result<()> {
    let mut known = Vec::new();
    for set in 0..corpus::all().len() {
        known.push(undisturbed(set).await?);
    }
    let mut running = JoinSet::new();
    for seed in seeds(SEEDS, 1) {
        if running.len() >= AT_ONCE
            && let Some(ended) = running.join_next().await
        {
            ended??;
        }
        let case = Case::of(seed);
        let (after, sentences) = known[case.set].clone();
        running.spawn(async move {
            let name = case.to_string();
            play(case, after, sentences).await.context(name)
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}
