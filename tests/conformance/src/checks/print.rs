//! Prints: properties, counts, queries.

use crate::{
    bench::Bench,
    check::{Area::Print, Check, Evidence, Outcome, Stop},
};

pub(super) fn checks() -> Vec<Check> {
    vec![Check::reads(
        "print-count-only",
        Print,
        "`count-only` returns the number of rows in `ret`.",
        Evidence::Sourced("manual, \"API\""),
        |bench| Box::pin(count_only(bench)),
    )]
}

async fn count_only(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/ip/service", &["=.proplist=.id"]).await?.len();
    let answer = bench.run(&["/ip/service/print", "=count-only="]).await?;
    let count = answer.ret().map(|count| String::from_utf8_lossy(count).into_owned());
    Ok(Outcome::of(rows, count.unwrap_or_else(|| "no ret".to_owned())))
}
