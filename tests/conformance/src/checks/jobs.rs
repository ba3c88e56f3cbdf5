//! Scripts that are kept and scripts that run. What runs here waits, or puts out a text.

use std::time::Duration;

use shared::routeros::{model::Row, value::RowId};

use super::scripts::POLICIES;
use crate::{
    bench::Bench,
    check::{Area::Jobs, Check, Evidence, Outcome, Steps, Stop},
};

const MANUAL: Evidence = Evidence::Sourced("manual, \"Scripting\"");
const REFERENCE: Evidence = Evidence::Sourced("CLI reference");

const SCRIPT: &str = "/system/script";
const JOB: &str = "/system/script/job";

/// How long a router may take to begin or end a job.
const SOON: Duration = Duration::from_secs(5);

pub(super) fn checks() -> Vec<Check> {
    [kept(), running()].concat()
}

fn kept() -> Vec<Check> {
    vec![
        writes("script-owner", "A script shows who made it as its `owner`.", REFERENCE, |bench| Box::pin(owner(bench))),
        writes(
            "script-policy-by-default",
            "A script that is made without `policy` may do what its maker may of the default.",
            Evidence::Guess("27a", "what a script without `policy` may do"),
            |bench| Box::pin(policy(bench)),
        ),
        writes(
            "script-run-is-counted",
            "A run of a script counts in `run-count`, with `last-started`.",
            MANUAL,
            |bench| Box::pin(run(bench)),
        ),
        writes(
            "execute-a-kept-script",
            "`/execute` takes the name of a kept script.",
            Evidence::Guess("26c", "what `script` may be"),
            |bench| Box::pin(by_name(bench)),
        ),
    ]
}

fn running() -> Vec<Check> {
    vec![
        writes(
            "execute-returns-a-job",
            "`/execute` returns at once with the id of a job, which is in `/system/script/job` while it runs.",
            Evidence::Seen("live tests on 7.23.1"),
            |bench| Box::pin(job(bench)),
        ),
        writes("removed-job-stops", "A job that is removed runs no further.", MANUAL, |bench| Box::pin(removed(bench))),
        writes(
            "execute-unreadable-is-logged",
            "`/execute` with a script that cannot be read returns a job's id and logs the error.",
            Evidence::Guess("26a", "what becomes of a script that cannot be read"),
            |bench| Box::pin(unreadable(bench)),
        ),
        writes(
            "session-ends-its-run",
            "A session that ends stops the `/system/script/run` that it waits for.",
            Evidence::Guess("28a", "what a session leaves running"),
            |bench| Box::pin(session_ends(bench)),
        ),
        writes("log-by-script", "`:log` writes a line with the topics `script` and its level.", MANUAL, |bench| {
            Box::pin(log(bench))
        }),
    ]
}

const fn writes(id: &'static str, promise: &'static str, evidence: Evidence, steps: Steps) -> Check {
    Check::writes(id, Jobs, promise, evidence, steps).policies(POLICIES)
}

async fn script(bench: &Bench<'_>, source: &str) -> Result<String, Stop> {
    bench.add(SCRIPT, &["=name=bh-conf-script", &format!("=source={source}")]).await
}

async fn owner(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = script(bench, "").await?;
    Ok(Outcome::of(&bench.router.target.username, bench.value(SCRIPT, &id, "owner").await?.unwrap_or_default()))
}

async fn policy(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    const DEFAULT: [&str; 10] =
        ["ftp", "password", "policy", "read", "reboot", "romon", "sensitive", "sniff", "test", "write"];
    let user = bench.rows("/user", &[&format!("?name={}", bench.router.target.username)]).await?;
    let group = user.first().map(|row| text(row, "group")).unwrap_or_default();
    let group = bench.rows("/user/group", &[&format!("?name={group}")]).await?;
    let held = group.first().map(|row| text(row, "policy")).unwrap_or_default();
    let held: Vec<&str> = DEFAULT.into_iter().filter(|policy| held.split(',').any(|word| word == *policy)).collect();
    let id = script(bench, "").await?;
    let shown = bench.value(SCRIPT, &id, "policy").await?.unwrap_or_default();
    let mut shown: Vec<&str> = shown.split(',').collect();
    shown.sort_unstable();
    Ok(Outcome::of(held.join(","), shown.join(",")))
}

async fn run(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = script(bench, "").await?;
    bench.run(&["/system/script/run", "=number=bh-conf-script"]).await?;
    let row = bench.row(SCRIPT, &id).await?;
    let started = text(&row, "last-started");
    let form: String = started.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    Ok(Outcome::of("1, 0000-00-00 00:00:00", format!("{}, {form}", text(&row, "run-count"))))
}

async fn by_name(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    script(bench, ":put \"kept\"").await?;
    let answer = bench.run(&["/execute", "=script=bh-conf-script", "=as-string="]).await?;
    let said = answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy);
    Ok(Outcome::of("kept", said))
}

/// Starts a script that waits, and gives the job's id.
async fn started(bench: &Bench<'_>) -> Result<String, Stop> {
    let answer = bench.run(&["/execute", "=script=:delay 20s"]).await?;
    Ok(answer.ret().map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default())
}

async fn is_there(bench: &Bench<'_>, job: &str) -> Result<bool, Stop> {
    Ok(!bench.rows(JOB, &[&format!("?.id={job}"), "=.proplist=.id"]).await?.is_empty())
}

async fn job(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let job = started(bench).await?;
    let there = bench.until(SOON, || is_there(bench, &job)).await?;
    if there {
        bench.run(&["/system/script/job/remove", &format!("=.id={job}")]).await?;
    }
    Ok(Outcome::when(
        there && job.parse::<RowId>().is_ok(),
        "a job of the id returned",
        format!("{job}, there: {there}"),
    ))
}

async fn removed(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let job = started(bench).await?;
    bench.until(SOON, || is_there(bench, &job)).await?;
    bench.run(&["/system/script/job/remove", &format!("=.id={job}")]).await?;
    let gone = bench.until(SOON, || async { Ok(!is_there(bench, &job).await?) }).await?;
    Ok(Outcome::when(gone, "the job is gone", "it runs still"))
}

async fn unreadable(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let answer = bench.run(&["/execute", "=script=:put 1; /bh-conf-nowhere"]).await?;
    let id = answer.ret().map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default();
    let told = bench.until(SOON, || logged(bench, "script", "bh-conf-nowhere")).await?;
    Ok(Outcome::of("an id: true, logged: true", format!("an id: {}, logged: {told}", id.parse::<RowId>().is_ok())))
}

/// Whether the log has a line about a text, with a topic.
async fn logged(bench: &Bench<'_>, topic: &str, part: &str) -> Result<bool, Stop> {
    let rows = bench.rows("/log", &["=.proplist=topics,message"]).await?;
    let is_it =
        |row: &Row| text(row, "topics").split(',').any(|word| word == topic) && text(row, "message").contains(part);
    Ok(rows.iter().rev().take(100).any(is_it))
}

async fn session_ends(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    script(bench, ":delay 20s").await?;
    let ours = || async { Ok(!bench.rows(JOB, &["?script=bh-conf-script"]).await?.is_empty()) };
    let mut session = bench.session().await?;
    session.send(&["/system/script/run", "=number=bh-conf-script"]).await?;
    if !bench.until(SOON, ours).await? {
        return Ok(Outcome::Differ { expected: "a job of the script".to_owned(), got: "none".to_owned() });
    }
    drop(session);
    let gone = bench.until(SOON, || async { Ok(!ours().await?) }).await?;
    Ok(Outcome::when(gone, "the job is gone", "it runs still"))
}

async fn log(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mark = bench.mark();
    bench.run(&["/execute", &format!("=script=:log warning \"{mark}\""), "=as-string="]).await?;
    let rows = bench.rows("/log", &["=.proplist=topics,message"]).await?;
    let line = rows.iter().rev().find(|row| text(row, "message") == mark);
    Ok(Outcome::of("script,warning", line.map_or_else(|| "no line".to_owned(), |row| text(row, "topics"))))
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map(str::to_owned).unwrap_or_default()
}
