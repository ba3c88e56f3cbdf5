//! Safe mode with two sessions: who holds it is one of the check's own, and nothing but scratch rows is written under it.
//!
//! It is taken only where nobody else is signed in and nobody holds it, for an unroll takes back what others did.

use std::time::Duration;

use shared::routeros::{model::Row, schema::Version};

use crate::{
    bench::Bench,
    check::{Area::SafeMode, Check, Evidence, Outcome, Steps, Stop},
    raw::Raw,
};

const MANUAL: Evidence = Evidence::Sourced("manual, \"Configuration Management\" and \"Console\"");
const LIVE: Evidence = Evidence::Seen("live tests over the API on 7.23.2");

const LIST: &str = "/interface/list";
const TAKE: &[&str] = &["/safe-mode/take", "=on-error=abort"];
const HELD: &str = "!trap =message=failure: safe mode is held by another session · !done";

/// How long the end of a session may take to be noticed.
const NOTICED: Duration = Duration::from_secs(30);

pub(super) fn checks() -> Vec<Check> {
    [taking(), ending()].concat()
}

fn taking() -> Vec<Check> {
    vec![
        writes(
            "safe-mode-is-shown",
            "Each session sees that safe mode is held, by whom, and whether by itself.",
            LIVE,
            |bench| Box::pin(shown(bench, &["enabled", "user", "current"])),
        ),
        writes("safe-mode-owner", "`owner` is the service of the holder's session.", guess("35f"), |bench| {
            Box::pin(shown(bench, &["owner"]))
        }),
        writes(
            "safe-mode-is-one",
            "`take` with `on-error=abort` is refused while another session holds it.",
            MANUAL,
            |bench| Box::pin(refused(bench, TAKE, false)),
        ),
        writes("safe-mode-refusal", "The refusal's text says who holds it: another session.", guess("35b"), |bench| {
            Box::pin(refused(bench, TAKE, true))
        }),
        writes(
            "safe-mode-asks-nobody",
            "`take` with `on-error=ask` over the API refuses, as `abort` does.",
            guess("35a"),
            |bench| Box::pin(refused(bench, &["/safe-mode/take", "=on-error=ask"], false)),
        ),
        writes("safe-mode-taken-twice", "Taking it twice in one session is no error.", guess("35c"), |bench| {
            Box::pin(twice(bench))
        }),
        writes("safe-mode-toggle", "`toggle` takes it, and releases it.", guess("35e"), |bench| {
            Box::pin(toggle(bench))
        }),
    ]
}

fn ending() -> Vec<Check> {
    vec![
        writes("safe-mode-release-keeps", "`release` keeps what was done.", LIVE, |bench| {
            Box::pin(ended(bench, &["/safe-mode/release"], "row kept, held: false"))
        }),
        writes("safe-mode-unroll-undoes", "`unroll` takes back what was done.", LIVE, |bench| {
            Box::pin(ended(bench, &["/safe-mode/unroll"], "row gone, held: false"))
        }),
        writes("safe-mode-quit-keeps", "`/quit` in the holder's session keeps what was done.", MANUAL, |bench| {
            Box::pin(ended(bench, &["/quit"], "row kept, held: false"))
        }),
        writes(
            "safe-mode-disconnect-undoes",
            "A holder whose connection ends without a word is undone.",
            LIVE,
            |bench| Box::pin(ended(bench, &[], "row gone, held: false")),
        ),
        writes(
            "safe-mode-others-are-undone",
            "An unroll takes back what other sessions did meanwhile.",
            MANUAL,
            |bench| Box::pin(others(bench)),
        ),
        writes(
            "safe-mode-released-by-another",
            "Another session may `release` it: what was done is kept.",
            LIVE,
            |bench| Box::pin(by_another(bench, "/safe-mode/release", "row kept, held: false")),
        ),
        writes("safe-mode-unrolled-by-another", "Another session may `unroll` it.", guess("35d"), |bench| {
            Box::pin(by_another(bench, "/safe-mode/unroll", "row gone, held: false"))
        }),
        writes(
            "safe-mode-floats",
            "What is done under safe mode is `floating-undo` in the history.",
            MANUAL,
            |bench| Box::pin(floats(bench)),
        ),
        writes(
            "safe-mode-unrolled-is-forgotten",
            "What safe mode took back is gone from the history.",
            Evidence::Guess("34j", "what is left of what was taken back"),
            |bench| Box::pin(forgotten(bench)),
        ),
    ]
}

const fn guess(number: &'static str) -> Evidence {
    Evidence::Guess(number, "safe mode over the API")
}

const fn writes(id: &'static str, promise: &'static str, evidence: Evidence, steps: Steps) -> Check {
    Check::writes(id, SafeMode, promise, evidence, steps).from(Version::new(7, 18, 0))
}

/// A session that holds safe mode and has made a scratch row under it. Nobody else is there.
async fn holder(bench: &Bench<'_>) -> Result<Raw, Stop> {
    bench.alone().await?;
    if !bench.until(NOTICED, || async { Ok(!held(bench).await?) }).await? {
        return Err(Stop::Unsupported("somebody holds safe mode".to_owned()));
    }
    let mut session = bench.session().await?;
    carried_out(&session.ask(TAKE).await?, "take")?;
    let added =
        session.ask(&["/interface/list/add", "=name=bh-conf-held", &format!("=comment={}", bench.mark())]).await?;
    carried_out(&added, "add")?;
    if let Some(id) = added.concat().strip_prefix("!done =ret=") {
        bench.adopt(LIST, id);
    }
    Ok(session)
}

fn carried_out(answer: &[String], command: &str) -> Result<(), Stop> {
    if answer.first().is_some_and(|first| first.starts_with("!done")) {
        return Ok(());
    }
    Err(Stop::Unsupported(format!("{command} in a session of its own: {}", answer.join(" · "))))
}

async fn held(bench: &Bench<'_>) -> Result<bool, Stop> {
    Ok(text(bench.rows("/safe-mode", &[]).await?.first(), "enabled") == "true")
}

/// Whether the holder's row is there, and whether safe mode is held.
async fn state(bench: &Bench<'_>) -> Result<String, Stop> {
    let there = !bench.rows(LIST, &["?name=bh-conf-held", "=.proplist=.id"]).await?.is_empty();
    Ok(format!("row {}, held: {}", if there { "kept" } else { "gone" }, held(bench).await?))
}

/// Does something while a session of its own holds safe mode, and sees to it that nobody holds it afterwards: what is
/// taken away then stays away.
async fn holding<T>(bench: &Bench<'_>, steps: impl AsyncFnOnce(&mut Raw) -> Result<T, Stop>) -> Result<T, Stop> {
    let mut session = holder(bench).await?;
    let outcome = steps(&mut session).await;
    // It may hold it no longer.
    let _ = session.ask(&["/safe-mode/release"]).await;
    drop(session);
    bench.until(NOTICED, || async { Ok(!held(bench).await?) }).await?;
    outcome
}

async fn shown(bench: &Bench<'_>, names: &[&str]) -> Result<Outcome, Stop> {
    let target = &bench.router.target;
    let service = match target.security {
        bulkhead_agent::io::routeros::Security::Plain => "api",
        bulkhead_agent::io::routeros::Security::Pinned { .. } => "api-ssl",
    };
    let (own, other) = holding(bench, async |session| {
        Ok((session.ask(&["/safe-mode/print"]).await?.concat(), bench.rows("/safe-mode", &[]).await?))
    })
    .await?;
    let (mut expected, mut got) = (Vec::new(), Vec::new());
    for name in names {
        let (by_holder, by_other) = match *name {
            "current" => ("true", "false"),
            "user" => (target.username.as_str(), target.username.as_str()),
            "owner" => (service, service),
            _ => ("true", "true"),
        };
        expected.push(format!("{name} {by_holder} {by_other}"));
        let shown = own.split(" =").find_map(|word| word.strip_prefix(&format!("{name}="))).unwrap_or_default();
        // The last word of a row is followed by the next sentence's first.
        let shown = shown.split('!').next().unwrap_or_default();
        got.push(format!("{name} {shown} {}", text(other.first(), name)));
    }
    Ok(Outcome::of(expected.join(", "), got.join(", ")))
}

async fn refused(bench: &Bench<'_>, take: &[&str], by_text: bool) -> Result<Outcome, Stop> {
    let (answer, state) = holding(bench, async |_| {
        let answer = bench.session().await?.ask(take).await?.join(" · ");
        Ok((answer, state(bench).await?))
    })
    .await?;
    if by_text {
        return Ok(Outcome::of(HELD, answer));
    }
    let good = answer.starts_with("!trap") && state == "row kept, held: true";
    Ok(Outcome::when(good, "a trap, and the first holds it still", format!("{answer}, {state}")))
}

async fn twice(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let answer = holding(bench, async |session| session.ask(TAKE).await).await?;
    Ok(Outcome::of("!done", answer.join(" · ")))
}

async fn toggle(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let states = holding(bench, async |session| {
        session.ask(&["/safe-mode/toggle"]).await?;
        let released = state(bench).await?;
        session.ask(&["/safe-mode/toggle"]).await?;
        Ok(format!("{released}; {}", state(bench).await?))
    });
    Ok(Outcome::of("row kept, held: false; row kept, held: true", states.await?))
}

/// The state once the holder's session has said its last word, or none.
async fn ended(bench: &Bench<'_>, words: &[&str], expected: &str) -> Result<Outcome, Stop> {
    let mut session = holder(bench).await?;
    if !words.is_empty() {
        session.ask(words).await?;
    }
    drop(session);
    bench.until(NOTICED, || async { Ok(!held(bench).await?) }).await?;
    Ok(Outcome::of(expected, state(bench).await?))
}

async fn others(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    const ENTRY: &[&str] = &["=list=bh-conf", "=address=192.0.2.1", "=disabled=yes"];
    let left = holding(bench, async |session| {
        let id = bench.add("/ip/firewall/address-list", ENTRY).await?;
        session.ask(&["/safe-mode/unroll"]).await?;
        bench.rows("/ip/firewall/address-list", &[&format!("?.id={id}")]).await
    });
    Ok(Outcome::of("0 rows of the other session", format!("{} rows of the other session", left.await?.len())))
}

async fn by_another(bench: &Bench<'_>, command: &str, expected: &str) -> Result<Outcome, Stop> {
    let state = holding(bench, async |_| {
        bench.session().await?.ask(&[command]).await?;
        state(bench).await
    });
    Ok(Outcome::of(expected, state.await?))
}

/// Actions of this check in the history.
async fn actions(bench: &Bench<'_>) -> Result<Vec<Row>, Stop> {
    let mark = bench.mark();
    let rows = bench.rows("/system/history", &[]).await?;
    Ok(rows.into_iter().filter(|row| text(Some(row), "redo").contains(&mark)).collect())
}

async fn floats(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let flag = |rows: &[Row]| text(rows.first(), "floating-undo");
    let under = holding(bench, async |_| actions(bench).await).await?;
    Ok(Outcome::of("true, then false", format!("{}, then {}", flag(&under), flag(&actions(bench).await?))))
}

async fn forgotten(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let left = holding(bench, async |session| {
        session.ask(&["/safe-mode/unroll"]).await?;
        actions(bench).await
    });
    Ok(Outcome::of("0 actions", format!("{} actions", left.await?.len())))
}

fn text(row: Option<&Row>, name: &str) -> String {
    row.and_then(|row| row.find(name)).map(str::to_owned).unwrap_or_default()
}
