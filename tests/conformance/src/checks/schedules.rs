//! Schedules, as far as no restart is needed. What they do is nothing.

use std::time::Duration;

use shared::routeros::model::Row;

use super::scripts::POLICIES;
use crate::{
    bench::Bench,
    check::{Area::Jobs, Check, Evidence, Outcome, Steps, Stop},
};

const MANUAL: Evidence = Evidence::Sourced("manual, \"Scheduler\"");

const SCHEDULER: &str = "/system/scheduler";

pub(super) fn checks() -> Vec<Check> {
    vec![
        writes(
            "schedule-begins-when-made",
            "A schedule without a date and time runs one interval after it was made.",
            Evidence::Guess("31", "a schedule without a date"),
            |bench| Box::pin(begins(bench)),
        ),
        writes("schedule-next-run", "A schedule with an interval shows its `next-run`.", MANUAL, |bench| {
            Box::pin(next_run(bench))
        }),
        writes("schedule-disabled", "A disabled schedule shows no `next-run`.", MANUAL, |bench| {
            Box::pin(disabled(bench))
        }),
        writes("schedule-runs", "A schedule runs each interval, and counts in `run-count`.", MANUAL, |bench| {
            Box::pin(runs(bench))
        }),
    ]
}

const fn writes(id: &'static str, promise: &'static str, evidence: Evidence, steps: Steps) -> Check {
    Check::writes(id, Jobs, promise, evidence, steps).policies(POLICIES)
}

async fn schedule(bench: &Bench<'_>, interval: &str, disabled: &str) -> Result<String, Stop> {
    let words =
        ["=name=bh-conf-schedule", "=on-event=", &format!("=interval={interval}"), &format!("=disabled={disabled}")];
    bench.add(SCHEDULER, &words).await
}

/// Where device-mode forbids schedules, nothing about them can be seen.
async fn allowed(bench: &Bench<'_>) -> Result<(), Stop> {
    let mode = bench.rows("/system/device-mode", &[]).await?;
    let forbidden = mode.first().is_some_and(|row| text(row, "scheduler") == "false" || text(row, "flagged") == "true");
    if forbidden { Err(Stop::Unsupported("device-mode forbids schedules".to_owned())) } else { Ok(()) }
}

async fn begins(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    allowed(bench).await?;
    let id = schedule(bench, "1d", "no").await?;
    let row = bench.row(SCHEDULER, &id).await?;
    let (start, next) = (text(&row, "start-time"), text(&row, "next-run"));
    let (day, time) = next.split_once(' ').unwrap_or_default();
    let later = !day.is_empty() && day != text(&row, "start-date");
    Ok(Outcome::of(format!("{start}, a day later: true"), format!("{time}, a day later: {later}")))
}

async fn next_run(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    allowed(bench).await?;
    let id = schedule(bench, "1h", "no").await?;
    let next = bench.value(SCHEDULER, &id, "next-run").await?.unwrap_or_default();
    let form: String = next.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    Ok(Outcome::of("0000-00-00 00:00:00", form))
}

async fn disabled(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = schedule(bench, "1h", "yes").await?;
    let shown = bench.value(SCHEDULER, &id, "next-run").await?;
    Ok(Outcome::of("", shown.unwrap_or_default()))
}

async fn runs(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    allowed(bench).await?;
    let id = schedule(bench, "1s", "no").await?;
    let twice = || async {
        let count = bench.value(SCHEDULER, &id, "run-count").await?;
        Ok(count.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count >= 2))
    };
    let holds = bench.until(Duration::from_secs(10), twice).await?;
    Ok(Outcome::when(holds, "two runs within ten seconds", "fewer"))
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map(str::to_owned).unwrap_or_default()
}
