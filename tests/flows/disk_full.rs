//! The agent's disk is full: before a change nothing is begun, in the middle of one it is wholly there or wholly undone, and
//! nothing is said of it before the journal has it.
//!
//! When it fills, and what happens then, is drawn from a seed, as in `row_faults`. No file of this process may grow for the while. That is so for the whole process, so each of these tests needs one of its own.

use crate::{
    keeper::{keep, until},
    row_faults::{ended, ready, undisturbed},
};
use anyhow::Context as _;
use bulkhead_flows::{
    Bench, corpus, create,
    draw::{Draw, seeds},
    orders::order,
};
use bulkhead_twin::device::export::Export;
use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    signal::{SigSet, Signal},
};
use shared::change_set::{Outcome, Report};
use std::{fmt, time::Duration};

/// Seeds of a usual run.
const SEEDS: u64 = 60;
/// What part of all seeds of faults is for a full disk: one kind of fifteen.
const SHARE: u64 = 15;

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

/// The clock, held until this is dropped.
struct Paused;

impl Paused {
    fn new() -> Self {
        tokio::time::pause();
        Self
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        tokio::time::resume();
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

/// How it goes on with a disk that is full in the middle of a change.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// There is room as soon as the end of the change waits for it.
    Waited,
    /// There is room after so many more of a thousand sentences.
    Emptied(u64),
    /// The agent dies while the end waits for room, and starts when there is some.
    Killed,
}

/// One case, as its seed draws it.
struct Case {
    seed: u64,
    set: usize,
    /// When the disk is full, in thousandths of the change.
    moment: u64,
    then: Then,
}

impl Case {
    fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let (set, moment) = (draw.below(corpus::all().len()), draw.below(1000) as u64);
        let then = match draw.below(3) {
            0 => Then::Waited,
            1 => Then::Emptied(draw.below(1000) as u64),
            _ => Then::Killed,
        };
        Self { seed, set, moment, then }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = corpus::all()[self.set].0;
        write!(f, "BULKHEAD_FAULT_SEED={} ({name}, full at {} ‰, {:?})", self.seed, self.moment, self.then)
    }
}

/// Plays a case; whether the end of the change had to wait for room.
async fn play(case: &Case, after: &Export, sentences: u64) -> anyhow::Result<bool> {
    let (bench, mut agent, before) = ready().await?;
    let begun = agent.begin(&order(corpus::all().swap_remove(case.set).1)).await?;
    let told = agent.told.clone();
    let unknown = |report: &Report| report.outcome == Some(Outcome::Unknown);
    let waits = || told.lock().expect("told").last().is_some_and(unknown);
    let from = bench.twin.sentences();
    let passed = |moment: u64| bench.twin.sentences() >= from + moment * sentences / 1000;
    let disk = async {
        while !passed(case.moment) {
            tokio::task::yield_now().await;
        }
        let full = Full::new().expect("full");
        let room = || match case.then {
            Then::Waited | Then::Killed => waits(),
            Then::Emptied(more) => waits() || passed(case.moment + more),
        };
        while !room() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(full);
        if waits() {
            // It tries again after a while, which nothing else waits for.
            let _while = Paused::new();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        if !matches!(case.then, Then::Killed) {
            std::future::pending::<()>().await;
        }
    };
    let report = tokio::select! {
        biased;
        report = agent.engine.carry_out(begun) => Some(report),
        () = disk => None,
    };
    let report = if let Some(report) = report {
        report
    } else {
        drop(agent);
        agent = bench.agent().await?;
        let begun = agent.engine.unfinished()?.context("no open change")?;
        agent.engine.carry_out(begun).await
    };
    let waited = told.lock().expect("told").iter().any(unknown);
    ended(case, &bench, &agent, &report, &before, after);
    Ok(waited)
}

#[tokio::test]
async fn a_disk_that_fills_in_the_middle_leaves_the_router_wholly_before_or_after() -> anyhow::Result<()> {
    if !alone("a_disk_that_fills_in_the_middle_leaves_the_router_wholly_before_or_after") {
        return Ok(());
    }
    let mut known = Vec::new();
    for set in 0..corpus::all().len() {
        known.push(undisturbed(set).await?);
    }
    let (mut waited, mut cases) = (0, 0);
    for seed in seeds(SEEDS * SHARE, SHARE) {
        let case = Case::of(seed);
        let (after, sentences) = &known[case.set];
        let played = tokio::time::timeout(Duration::from_secs(60), play(&case, after, *sentences));
        waited += u64::from(played.await.with_context(|| case.to_string())?.with_context(|| case.to_string())?);
        cases += 1;
    }
    assert!(cases < SEEDS || waited * 2 > cases, "the end waited for room in {waited} of {cases} cases only");
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
