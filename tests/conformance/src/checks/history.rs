//! `/system/history`, `/undo` and `/redo`. What is undone here was done by the check itself the moment before.

use shared::routeros::model::Row;

use crate::{
    bench::Bench,
    check::{Area::History, Check, Evidence, Outcome, Steps, Stop},
};

const SHOWN: Evidence = Evidence::Sourced("manual, \"Configuration Management\", with the rows that it shows");

const MENU: &str = "/system/history";
const FILTER: &str = "/ip/firewall/filter";
const RULE: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes"];
const LIST: &str = "/interface/list";

pub(super) fn checks() -> Vec<Check> {
    [rows(), undoing()].concat()
}

fn rows() -> Vec<Check> {
    vec![
        Check::reads(
            "history-of-a-hundred",
            History,
            "The history has no more than a hundred actions, beside the empty one of the start.",
            Evidence::Sourced("manual, \"Console\""),
            |bench| Box::pin(a_hundred(bench)),
        ),
        Check::reads("history-newest-first", History, "The newest action is the first row.", SHOWN, |bench| {
            Box::pin(newest_first(bench))
        }),
        writes("history-row", "An action shows what was done, by whom, and that it can be undone.", SHOWN, |bench| {
            Box::pin(row(bench))
        }),
        writes("history-undo-text", "The action of an `add` tells the command that removes the row.", SHOWN, |bench| {
            Box::pin(undo_text(bench))
        }),
        writes("history-redo-text", "The action of an `add` tells that command again.", SHOWN, |bench| {
            Box::pin(redo_text(bench))
        }),
        writes("history-words", "Adding an interface list is `list … added`.", words("34g"), |bench| {
            Box::pin(list_words(bench))
        }),
        writes(
            "history-undo-text-of-a-set",
            "The action of a `set` tells the command that sets the former value.",
            words("34h"),
            |bench| Box::pin(undo_text_of_a_set(bench)),
        ),
        writes(
            "history-of-what-runs-out",
            "An entry that runs out is no action.",
            Evidence::Guess("34a", "what is no action"),
            |bench| Box::pin(runs_out(bench)),
        ),
    ]
}

fn undoing() -> Vec<Check> {
    vec![
        writes("undo-takes-back", "`/undo` takes the newest action back; it can be done again then.", SHOWN, |bench| {
            Box::pin(takes_back(bench))
        }),
        writes("redo-brings-back", "`/redo` brings back what was undone.", SHOWN, |bench| {
            Box::pin(brings_back(bench, false))
        }),
        writes(
            "redo-keeps-the-id",
            "A row that is brought back has its id again.",
            Evidence::Guess("34d", "ids that come back"),
            |bench| Box::pin(brings_back(bench, true)),
        ),
        writes(
            "action-ends-redos",
            "After a new action nothing can be done again.",
            Evidence::Guess("34c", "what ends the redos"),
            |bench| Box::pin(ends_redos(bench)),
        ),
    ]
}

const fn words(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "the words of an action")
}

const fn writes(id: &'static str, promise: &'static str, evidence: Evidence, steps: Steps) -> Check {
    Check::writes(id, History, promise, evidence, steps)
}

async fn history(bench: &Bench<'_>) -> Result<Vec<Row>, Stop> {
    bench.rows(MENU, &[]).await
}

/// The newest action that tells of this check.
async fn ours(bench: &Bench<'_>) -> Result<Row, Stop> {
    let mark = bench.mark();
    let found = history(bench).await?.into_iter().find(|row| text(row, "redo").contains(&mark));
    found.ok_or_else(|| Stop::Unsupported("the history shows no action with this check's mark in `redo`".to_owned()))
}

/// Undoes what this check did last, if that is the last that anybody did.
async fn undo(bench: &Bench<'_>) -> Result<(), Stop> {
    bench.alone().await?;
    let rows = history(bench).await?;
    let newest = rows.iter().find(|row| text(row, "undoable") == "true");
    if newest.is_none_or(|row| !text(row, "redo").contains(&bench.mark())) {
        return Err(Stop::Unsupported("somebody else has done something meanwhile".to_owned()));
    }
    bench.run(&["/undo"]).await.map(drop)
}

async fn rule(bench: &Bench<'_>) -> Result<String, Stop> {
    bench.add(FILTER, RULE).await
}

async fn a_hundred(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let count = history(bench).await?.len();
    Ok(Outcome::when(count <= 101, "at most 101 rows", count))
}

async fn newest_first(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let times: Vec<String> = history(bench).await?.iter().map(|row| text(row, "time")).collect();
    let sorted = times.is_sorted_by(|one, other| one >= other);
    Ok(Outcome::when(sorted, "times that fall", times.join(", ")))
}

async fn row(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    rule(bench).await?;
    let row = ours(bench).await?;
    let shown = ["action", "by", "undoable", "redoable"].map(|name| text(&row, name));
    Ok(Outcome::of(format!("filter rule added, {}, true, false", bench.router.target.username), shown.join(", ")))
}

async fn undo_text(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = rule(bench).await?;
    Ok(Outcome::of(format!("/ip firewall filter remove {id}"), text(&ours(bench).await?, "undo")))
}

async fn redo_text(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    rule(bench).await?;
    let shown = text(&ours(bench).await?, "redo");
    let missing: Vec<&str> = ["/ip firewall filter add ", "chain=bh-conf", "action=accept", "disabled=yes"]
        .into_iter()
        .filter(|part| !shown.contains(part))
        .collect();
    Ok(Outcome::when(missing.is_empty(), format!("with {}", missing.join(", ")), shown))
}

async fn list_words(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    bench.add(LIST, &["=name=bh-conf-list"]).await?;
    Ok(Outcome::of("list bh-conf-list added", text(&ours(bench).await?, "action")))
}

async fn undo_text_of_a_set(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, &[RULE[0], RULE[1], RULE[2], "=src-address=192.0.2.1"]).await?;
    let comment = format!("=comment={} set", bench.mark());
    bench.run(&["/ip/firewall/filter/set", &format!("=.id={id}"), "=src-address=192.0.2.2", &comment]).await?;
    let shown = text(&ours(bench).await?, "undo");
    let good = shown.starts_with(&format!("/ip firewall filter set {id} ")) && shown.contains("src-address=192.0.2.1");
    Ok(Outcome::when(good, format!("/ip firewall filter set {id} … src-address=192.0.2.1"), shown))
}

async fn runs_out(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    bench.add("/ip/firewall/address-list", &["=list=bh-conf", "=address=192.0.2.1", "=timeout=1m"]).await?;
    let mark = bench.mark();
    let told = history(bench).await?.into_iter().find(|row| text(row, "redo").contains(&mark));
    Ok(Outcome::of("no action", told.map_or_else(|| "no action".to_owned(), |row| text(&row, "action"))))
}

async fn takes_back(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = rule(bench).await?;
    undo(bench).await?;
    let gone = bench.rows(FILTER, &[&format!("?.id={id}")]).await?.is_empty();
    let row = ours(bench).await?;
    let got = format!("gone: {gone}, undoable {}, redoable {}", text(&row, "undoable"), text(&row, "redoable"));
    Ok(Outcome::of("gone: true, undoable false, redoable true", got))
}

async fn brings_back(bench: &Bench<'_>, by_id: bool) -> Result<Outcome, Stop> {
    let id = rule(bench).await?;
    undo(bench).await?;
    bench.run(&["/redo"]).await?;
    let query = if by_id { format!("?.id={id}") } else { format!("?comment={}", bench.mark()) };
    let rows = bench.rows(FILTER, &[&query, "=.proplist=.id"]).await?;
    for row in &rows {
        bench.adopt(FILTER, &text(row, ".id"));
    }
    Ok(Outcome::of("1 rows", format!("{} rows", rows.len())))
}

async fn ends_redos(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    rule(bench).await?;
    undo(bench).await?;
    rule(bench).await?;
    let rows = history(bench).await?;
    let left = rows.iter().filter(|row| text(row, "redoable") == "true").count();
    Ok(Outcome::of("0 to do again", format!("{left} to do again")))
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map(str::to_owned).unwrap_or_default()
}
