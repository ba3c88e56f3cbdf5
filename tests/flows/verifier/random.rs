//! Some of what the model goes through ten thousand times, with the real warden on the twin.

use super::{FILTER, MANGLE, NAT, RAW, RULE, VIF, is_open, is_whole, ready, until};
use anyhow::Context as _;
use bulkhead_flows::{
    BY_THE_TUNNEL, Bench,
    draw::{Draw, so_many},
};
use bulkhead_twin::device::export::Export;
use tokio::task::JoinSet;

const SEEDS: u64 = 60;
const AT_ONCE: usize = 3;

type Fields = Vec<(String, String)>;

fn get(row: &Fields, name: &str) -> String {
    row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// A row of the stranger's somewhere in a menu.
fn insert(bench: &Bench, draw: &mut Draw, n: usize) -> String {
    let (menu, words): (&str, &[(&str, &str)]) = [
        (FILTER, &[("chain", "forward"), ("action", "accept")][..]),
        (FILTER, &[("chain", "input"), ("action", "accept"), ("protocol", "udp")]),
        (FILTER, &[("chain", "forward"), ("action", "drop"), ("src-address", "10.9.9.9")]),
        (RAW, &[("chain", "prerouting"), ("action", "notrack")]),
        (MANGLE, &[("chain", "postrouting"), ("action", "mark-packet"), ("new-packet-mark", "x")]),
        (MANGLE, &[("chain", "prerouting"), ("action", "accept"), ("in-interface", "ether1")]),
        (NAT, &[("chain", "srcnat"), ("action", "accept"), ("src-address", "10.9.9.9")]),
        (RULE, &[("action", "lookup"), ("table", "main"), ("dst-address", "10.9.9.0/24")]),
    ][draw.below(8)];
    let rows = bench.twin.rows(menu);
    let may = |row: &&Fields| get(row, "dynamic") != "true" && !get(row, "comment").starts_with("bulkhead:installer");
    let anchors: Vec<String> = rows.iter().filter(may).map(|row| get(row, ".id")).collect();
    let comment = format!("foreign-{n}");
    let mut all: Vec<(&str, &str)> = words.iter().copied().chain([("comment", &*comment)]).collect();
    let at = draw.below(anchors.len() + 1);
    if let Some(anchor) = anchors.get(at) {
        all.push(("place-before", anchor));
    }
    bench.twin.run(menu, "add", &all).expect("added");
    format!("{menu} at {at}: {words:?}")
}

/// Something done to a row of ours, where an earlier harm left one.
fn harm(bench: &Bench, draw: &mut Draw) -> String {
    let menu = [FILTER, RAW, MANGLE, NAT, RULE][draw.below(5)];
    let rows = bench.twin.rows(menu);
    let ours: Vec<&Fields> = rows.iter().filter(|row| get(row, "comment").starts_with("bulkhead:")).collect();
    let ours: Vec<&Fields> =
        ours.into_iter().filter(|row| !get(row, "comment").starts_with("bulkhead:installer")).collect();
    if ours.is_empty() {
        return format!("{menu} has none of ours left");
    }
    let row = ours[draw.below(ours.len())];
    let (id, comment) = (get(row, ".id"), get(row, "comment"));
    let what = match draw.below(3) {
        0 => bench.twin.run(menu, "remove", &[(".id", &*id)]).map(|_| "removed"),
        1 => bench.twin.run(menu, "set", &[(".id", &*id), ("disabled", "yes")]).map(|_| "disabled"),
        _ => bench.twin.run(menu, "move", &[("numbers", &*id)]).map(|_| "moved to the end"),
    };
    format!("{menu} {comment} {}", what.expect("done"))
}

/// What is not the stranger's, and what is, in its order.
fn parted(export: Export) -> (Export, Vec<(String, String)>) {
    let mut foreign = Vec::new();
    let mut ours = export;
    for (menu, rows) in &mut ours {
        rows.retain(|row| {
            let comment = row.get("comment").cloned().unwrap_or_default();
            let is = comment.starts_with("foreign-");
            if is {
                foreign.push((menu.clone(), comment));
            }
            !is
        });
    }
    ours.retain(|_, rows| !rows.is_empty());
    (ours, foreign)
}

/// Whether none of the stranger's rows stands above one of ours.
fn is_below(bench: &Bench) -> bool {
    [FILTER, RAW, MANGLE, NAT, RULE].iter().all(|menu| {
        let rows = bench.twin.rows(menu);
        let ours =
            |row: &Fields| ["bulkhead:vif/", "bulkhead:base/"].iter().any(|mark| get(row, "comment").starts_with(mark));
        let last = rows.iter().rposition(ours);
        rows.iter().position(|row| get(row, "comment").starts_with("foreign-")).is_none_or(|first| Some(first) > last)
    })
}

async fn one(seed: u64) -> anyhow::Result<()> {
    let mut draw = Draw::new(seed);
    let (bench, warded) = ready().await?;
    let before = bench.export();
    let mut done = Vec::new();
    for n in 0..=draw.below(5) {
        done.push(if draw.below(3) == 0 { harm(&bench, &mut draw) } else { insert(&bench, &mut draw, n) });
    }
    let case = format!("seed {seed}: {done:#?}");
    let (_, placed) = parted(bench.export());
    until(&format!("{case}: ours are right"), || {
        is_open(&bench) && is_below(&bench) && parted(bench.export()).0 == before
    })
    .await
    .with_context(|| format!("{VIF} {:#?}", warded.verdict("tor-1")))?;
    assert_eq!(parted(bench.export()).1, placed, "{case}: the stranger's rows kept their order");
    until(&format!("{case}: verified"), || is_whole(&warded)).await?;
    let (traced, leaks) = bench.leaks(BY_THE_TUNNEL)?;
    assert!(traced > 40 && leaks.is_empty(), "{case}: {leaks:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_put_around_our_rows_they_are_put_right_and_nobody_elses_are_touched() -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for seed in so_many(SEEDS) {
        if running.len() == AT_ONCE {
            running.join_next().await.context("one")???;
        }
        running.spawn(one(seed));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}
