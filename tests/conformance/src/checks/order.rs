//! Menus whose order matters.

use crate::{
    bench::Bench,
    check::{Area::Order, Check, Evidence, Outcome, Stop},
};

pub(super) fn checks() -> Vec<Check> {
    vec![Check::writes(
        "order-place-before",
        Order,
        "`place-before` puts a new rule above the named one; without it a rule goes last.",
        Evidence::Sourced("manual, \"REST API\"; live tests on 7.21"),
        |bench| Box::pin(place_before(bench)),
    )]
}

async fn place_before(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let a = rule(bench, &[]).await?;
    let b = rule(bench, &[&format!("=place-before={a}")]).await?;
    let c = rule(bench, &[]).await?;
    Ok(Outcome::of([b, a, c].join(" "), ids(bench).await?.join(" ")))
}

async fn rule(bench: &Bench<'_>, words: &[&str]) -> Result<String, Stop> {
    let all: Vec<&str> =
        ["=chain=bh-conf", "=action=accept", "=disabled=yes"].into_iter().chain(words.iter().copied()).collect();
    bench.add("/ip/firewall/filter", &all).await
}

/// The ids of this check's rules, in their order.
async fn ids(bench: &Bench<'_>) -> Result<Vec<String>, Stop> {
    let rows = bench.rows("/ip/firewall/filter", &["=.proplist=.id", &format!("?comment={}", bench.mark())]).await?;
    Ok(rows.iter().filter_map(|row| row.text(".id").map(std::borrow::Cow::into_owned)).collect())
}
