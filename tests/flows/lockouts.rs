//! Every known way to lock oneself out, forced through: the router comes back to what it was by itself, in time and without
//! a reboot, and the report says which ring did it.

use crate::list::{Lockout, lockouts};
use bulkhead_flows::{
    Agent, Bench,
    orders::{kept_by, order},
};
use shared::change_set::{Attribute, Item, Keep, Outcome, Phase, Position, Report, Resource, Ring, RowChange};
use std::{collections::VecDeque, sync::Mutex, time::Duration};

/// Cases that run side by side, each in a runtime of its own: its clock is moved.
const AT_ONCE: usize = 8;

/// How often a case is looked at, each some milliseconds after the last, before it counts as one without an end.
const LOOKS: u32 = 12_000;

/// The corpus is of a router whose agent comes in by TLS; here it comes in without.
fn here(mut item: Item) -> Item {
    let Resource::Row(row) = &mut item.resource else { return item };
    let plain = |(_, value): &mut Attribute| {
        if value == "api-ssl" {
            "api".clone_into(value);
        }
        *value = value.replace("8729", "8728");
    };
    let RowChange { key, attributes, position, .. } = row;
    key.iter_mut().chain(attributes).for_each(plain);
    if let Some(Position::Before(key) | Position::After(key)) = position {
        key.iter_mut().for_each(plain);
    }
    item
}

fn last(agent: &Agent) -> Option<Report> {
    agent.told.lock().expect("told").last().cloned()
}

/// Forces a way through, and says what brought the router back, as the corpus says it.
async fn force(way: &Lockout) -> anyhow::Result<&'static str> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let before = bench.export();
    // What a reboot would drop.
    let memory = [("list", "memory"), ("address", "192.0.2.1"), ("timeout", "1d")];
    bench.twin.run("/ip/firewall/address-list", "add", &memory).expect("added");
    let order = kept_by(Keep::Person, order(way.items.iter().cloned().map(here).collect()));
    let plan = match agent.engine.plan(&order).await {
        Ok(plan) => plan,
        Err(refusal) if refusal.code == "isolation_row" => return Ok("refused"),
        Err(refusal) => anyhow::bail!("{}: {refusal:?}", way.name),
    };
    if plan.operations.is_empty() {
        return Ok("none");
    }
    let begun = agent.engine.begin(&order, Some(plan.read_hash)).await?;
    let told = agent.told.clone();
    let latest = || told.lock().expect("told").last().cloned();
    let world = async {
        // Nobody keeps it. Where the agent can wait for its deadline, that passes; where it cannot see the router any more,
        // the router's own time goes on.
        let mut late = false;
        for _ in 0..LOOKS {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let Some(report) = latest() else { continue };
            if report.phase == Phase::Verifying && report.deadline.is_some() && !late {
                late = true;
                tokio::time::pause();
                tokio::time::advance(Duration::from_secs(121)).await;
                tokio::time::resume();
            }
            if report.outcome == Some(Outcome::Unknown) {
                bench.twin.advance(Duration::from_secs(5));
            }
        }
    };
    let report = tokio::select! {
        report = agent.engine.carry_out(begun) => report,
        () = world => anyhow::bail!("{}: it never ends: {:?}", way.name, last(&agent)),
    };
    anyhow::ensure!(report.outcome == Some(Outcome::Reverted), "{}: {report:?}", way.name);
    anyhow::ensure!(bench.export() == before, "{}: not as before", way.name);
    let remembers = bench.twin.rows("/ip/firewall/address-list").iter().flatten().any(|(_, value)| value == "memory");
    anyhow::ensure!(remembers, "{}: it took a reboot", way.name);
    match report.undone_by {
        Some(Ring::Journal) => Ok("journal"),
        Some(Ring::SafeMode | Ring::Script) => Ok("router"),
        None => anyhow::bail!("{}: nobody undid it: {report:?}", way.name),
    }
}

#[test]
fn every_way_to_lock_oneself_out_comes_back_by_itself() {
    let ways = Mutex::new(lockouts().into_iter().collect::<VecDeque<_>>());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                loop {
                    let Some(way) = ways.lock().expect("ways").pop_front() else { break };
                    let end = runtime.block_on(force(&way)).unwrap_or_else(|error| panic!("{error:?}"));
                    if end != way.back_by {
                        wrong.lock().expect("wrong").push(format!("{}: {end} and not {}", way.name, way.back_by));
                    }
                }
            });
        }
    });
    assert_eq!(wrong.into_inner().expect("wrong"), Vec::<String>::new());
}
