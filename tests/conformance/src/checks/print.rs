//! Prints: properties, counts, queries.

use crate::{
    bench::Bench,
    check::{Area::Print, Check, Evidence, Outcome, Stop},
};

const MANUAL: Evidence = Evidence::Sourced("manual, \"API\"");
const GROUPS: &str = "/user/group";

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::reads("print-count-only", Print, "`count-only` returns the number of rows in `ret`.", MANUAL, |bench| {
            Box::pin(count_only(bench))
        }),
        Check::reads(
            "print-count-of-a-query",
            Print,
            "`count-only` counts the rows that a query keeps.",
            MANUAL,
            |bench| Box::pin(count_of_a_query(bench)),
        ),
        Check::reads("print-getall", Print, "`getall` is `print`.", MANUAL, |bench| Box::pin(getall(bench))),
        Check::reads(
            "print-proplist",
            Print,
            "`.proplist` leaves out what it does not name; a name that the row lacks is missing.",
            MANUAL,
            |bench| Box::pin(proplist(bench)),
        ),
        Check::reads(
            "print-empty-row",
            Print,
            "A row of which nothing is asked that it has is a bare `!re`.",
            Evidence::Seen("librouteros"),
            |bench| Box::pin(empty_row(bench)),
        ),
        Check::reads(
            "print-switch-without-value",
            Print,
            "A switch may be given without its second equals sign.",
            Evidence::Seen("client sources"),
            |bench| Box::pin(switch_without_value(bench)),
        ),
        Check::reads(
            "query-words",
            Print,
            "Query words push what they find, and a row stays while nothing false is left.",
            MANUAL,
            |bench| Box::pin(queries(bench, &WORDS)),
        ),
        Check::reads(
            "query-operations",
            Print,
            "`?#` works on the stack of results: `!`, `&`, `|`, an index, `.`.",
            MANUAL,
            |bench| Box::pin(queries(bench, &OPERATIONS)),
        ),
        Check::writes(
            "print-counters",
            Print,
            "A rule's `bytes` and `packets` are printed without `stats`.",
            Evidence::Guess("50a", "whether counters want `stats`"),
            |bench| Box::pin(counters(bench)),
        ),
        Check::writes(
            "query-by-id",
            Print,
            "`?.id=` finds the row of an id.",
            Evidence::Seen("clients that read rows back by it"),
            |bench| Box::pin(by_id(bench)),
        ),
        Check::reads("get-one-value", Print, "`get` with `value-name` returns the value in `ret`.", MANUAL, |bench| {
            Box::pin(get_one_value(bench))
        }),
    ]
}

async fn count_only(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows(GROUPS, &["=.proplist=.id"]).await?.len();
    Ok(Outcome::of(rows, counted(bench, &[]).await?))
}

async fn count_of_a_query(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    Ok(Outcome::of(2, counted(bench, &["?name=read", "?name=write", "?#|"]).await?))
}

async fn counted(bench: &Bench<'_>, query: &[&str]) -> Result<String, Stop> {
    let words: Vec<&str> = ["/user/group/print", "=count-only="].into_iter().chain(query.iter().copied()).collect();
    let answer = bench.run(&words).await?;
    Ok(answer.ret().map_or_else(|| "no ret".to_owned(), |count| String::from_utf8_lossy(count).into_owned()))
}

async fn getall(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let print = raw.ask(&["/user/group/print", "?name=read"]).await?;
    let getall = raw.ask(&["/user/group/getall", "?name=read"]).await?;
    Ok(Outcome::of(print.join(" · "), getall.join(" · ")))
}

async fn proplist(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/user/group/print", "=.proplist=name,nothing-of-this-name", "?name=read"]).await?;
    Ok(Outcome::of("!re =name=read · !done", answer.join(" · ")))
}

async fn empty_row(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/user/group/print", "=.proplist=nothing-of-this-name", "?name=read"]).await?;
    Ok(Outcome::of("!re · !done", answer.join(" · ")))
}

async fn counters(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    const FILTER: &str = "/ip/firewall/filter";
    let id = bench.add(FILTER, &["=chain=bh-conf", "=action=accept", "=disabled=yes"]).await?;
    let rows = bench.rows(FILTER, &[&format!("?.id={id}"), "=.proplist=bytes,packets"]).await?;
    let told: Vec<String> = ["bytes", "packets"]
        .iter()
        .map(|name| rows.first().and_then(|row| row.find(name)).map_or_else(|| "none".to_owned(), str::to_owned))
        .collect();
    Ok(Outcome::of("0 0", told.join(" ")))
}

async fn switch_without_value(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    let answer = raw.ask(&["/user/group/print", "=count-only", "?name=read"]).await?;
    Ok(Outcome::of("!done =ret=1", answer.join(" · ")))
}

/// Query words, and which of the groups `full`, `read` and `write` they keep.
type Query = (&'static [&'static str], &'static str);

const WORDS: [Query; 8] = [
    (&[], "full read write"),
    (&["?name"], "full read write"),
    (&["?-name"], ""),
    (&["?-nothing-of-this-name"], "full read write"),
    (&["?name=read"], "read"),
    (&["?=name=read"], "read"),
    (&["?name=read", "?name=write"], ""),
    (&["?>name=full", "?<name=write"], "read"),
];

const OPERATIONS: [Query; 7] = [
    (&["?name=read", "?name=write", "?#|"], "read write"),
    (&["?name=read", "?name=write", "?#&"], ""),
    (&["?name=read", "?#!"], "full write"),
    (&["?name=read", "?name=write", "?#|!"], "full"),
    // An index at the end leaves that result alone; before another sign it copies it.
    (&["?name=write", "?name=read", "?#1"], "write"),
    (&["?name=read", "?name=full", "?#1|", "?#0"], "full read"),
    (&["?name=read", "?#.!|"], "full read write"),
];

async fn queries(bench: &Bench<'_>, cases: &[Query]) -> Result<Outcome, Stop> {
    let mut outcomes = Vec::new();
    for (query, kept) in cases {
        let words: Vec<&str> = ["=.proplist=name"].into_iter().chain(query.iter().copied()).collect();
        let rows = bench.rows(GROUPS, &words).await?;
        let mut names: Vec<String> = rows
            .iter()
            .filter_map(|row| row.find("name").map(str::to_owned))
            // A router may have groups of its own.
            .filter(|name| matches!(name.as_str(), "full" | "read" | "write"))
            .collect();
        names.sort_unstable();
        outcomes.push(Outcome::of(format!("{query:?}: {kept}"), format!("{query:?}: {}", names.join(" "))));
    }
    Ok(Outcome::all(outcomes))
}

async fn by_id(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add("/interface/list", &["=name=bh-conf-list"]).await?;
    let rows = bench.rows("/interface/list", &[&format!("?.id={id}")]).await?;
    let names: Vec<_> = rows.iter().filter_map(|row| row.find("name")).collect();
    Ok(Outcome::of("bh-conf-list", names.join(" ")))
}

async fn get_one_value(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/system/identity", &[]).await?;
    let name = rows.first().and_then(|row| row.find("name")).unwrap_or_default();
    let answer = bench.run(&["/system/identity/get", "=value-name=name"]).await?;
    Ok(Outcome::of(name, answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy)))
}
