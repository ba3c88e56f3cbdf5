//! Entries of address lists that run out: the lease of an open gate is one.

use std::time::Duration;

use shared::routeros::value::parse_duration;

use crate::{
    bench::Bench,
    check::{Area::Lists, Check, Evidence, Outcome, Stop},
};

const MENU: &str = "/ip/firewall/address-list";
const MANUAL: Evidence = Evidence::Sourced("manual, \"Address-lists\"");

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::writes(
            "lease-is-dynamic",
            Lists,
            "An entry with a `timeout` is dynamic; one without is not and shows no `timeout`.",
            MANUAL,
            |bench| Box::pin(is_dynamic(bench)),
        ),
        Check::writes("lease-counts-down", Lists, "`timeout` shows what is left, in whole seconds.", MANUAL, |bench| {
            Box::pin(counts_down(bench))
        }),
        Check::writes("lease-runs-out", Lists, "An entry vanishes when its time is over.", MANUAL, |bench| {
            Box::pin(runs_out(bench))
        }),
        Check::writes(
            "lease-is-refreshed",
            Lists,
            "`set` of `timeout` gives an entry its time anew, and its id stays.",
            Evidence::Seen("a lease refreshed so on 7.24.5"),
            |bench| Box::pin(is_refreshed(bench)),
        ),
        Check::writes(
            "lease-can-be-removed",
            Lists,
            "An entry with a `timeout` can be removed before its time.",
            Evidence::Seen("a lease ended so on 7.24.5"),
            |bench| Box::pin(can_be_removed(bench)),
        ),
        Check::writes(
            "entry-creation-time",
            Lists,
            "An entry shows when it was made, as `2026-09-28 16:48:57`.",
            Evidence::Seen("prints of 7.x; the form since 7.10"),
            |bench| Box::pin(creation_time(bench)),
        ),
    ]
}

async fn entry(bench: &Bench<'_>, timeout: &str) -> Result<String, Stop> {
    bench.add(MENU, &["=list=bh-conf", "=address=192.0.2.1", &format!("=timeout={timeout}")]).await
}

async fn is_dynamic(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let leased = entry(bench, "1m").await?;
    let plain = bench.add(MENU, &["=list=bh-conf", "=address=192.0.2.2", "=disabled=yes"]).await?;
    let mut shown = Vec::new();
    for id in [&leased, &plain] {
        let row = bench.row(MENU, id).await?;
        let timeout = if row.find("timeout").is_some() { "a timeout" } else { "no timeout" };
        shown.push(format!("dynamic={} {timeout}", row.find("dynamic").unwrap_or_default()));
    }
    Ok(Outcome::of("dynamic=true a timeout, dynamic=false no timeout", shown.join(", ")))
}

async fn counts_down(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = entry(bench, "1h").await?;
    let shown = bench.value(MENU, &id, "timeout").await?.unwrap_or_default();
    let left = parse_duration(&shown).unwrap_or_default();
    let good = left > Duration::from_secs(3500) && left <= Duration::from_secs(3600) && !shown.contains("ms");
    Ok(Outcome::when(good, "a little less than 1h, such as 59m59s", shown))
}

async fn runs_out(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = entry(bench, "2s").await?;
    // The bound is generous: what is asked is that it goes, not when to the millisecond.
    for _ in 0..50 {
        if bench.rows(MENU, &["=.proplist=.id", &format!("?.id={id}")]).await?.is_empty() {
            return Ok(Outcome::Agree);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(Outcome::Differ { expected: "gone after 2s".to_owned(), got: "there after 10s".to_owned() })
}

async fn is_refreshed(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = entry(bench, "1m").await?;
    bench.run(&["/ip/firewall/address-list/set", &format!("=.id={id}"), "=timeout=1h"]).await?;
    let left = parse_duration(&bench.value(MENU, &id, "timeout").await?.unwrap_or_default()).unwrap_or_default();
    Ok(Outcome::when(left > Duration::from_secs(3500), "about 1h left", format!("{left:?} left")))
}

async fn can_be_removed(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = entry(bench, "1m").await?;
    bench.run(&["/ip/firewall/address-list/remove", &format!("=.id={id}")]).await?;
    let left = bench.rows(MENU, &["=.proplist=.id", &format!("?.id={id}")]).await?.len();
    Ok(Outcome::of(0, left))
}

async fn creation_time(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(MENU, &["=list=bh-conf", "=address=192.0.2.1", "=disabled=yes"]).await?;
    let shown = bench.value(MENU, &id, "creation-time").await?.unwrap_or_default();
    let form: String = shown.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    Ok(Outcome::of("0000-00-00 00:00:00", form))
}
