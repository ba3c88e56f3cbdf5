//! Menus whose order matters.

use shared::routeros::model::Row;

use crate::{
    bench::Bench,
    check::{Area::Order, Check, Evidence, Outcome, Stop},
};

const LIVE: Evidence = Evidence::Sourced("manual, \"REST API\"; live tests on 7.21");

const FILTER: &str = "/ip/firewall/filter";
const RULE: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes"];

/// Ordered menus, and what a row there needs.
const ORDERED: [(&str, &[&str]); 6] = [
    (FILTER, RULE),
    ("/ip/firewall/nat", RULE),
    ("/ip/firewall/mangle", RULE),
    ("/ip/firewall/raw", RULE),
    ("/ipv6/firewall/filter", RULE),
    ("/routing/rule", &["=src-address=192.0.2.2/32", "=action=lookup-only-in-table", "=table=main", "=disabled=yes"]),
];

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::writes(
            "order-place-before",
            Order,
            "`place-before` puts a new row above the named one, in every menu of rules; without it a row goes last.",
            LIVE,
            |bench| Box::pin(place_before(bench)),
        ),
        Check::writes(
            "order-place-before-nothing",
            Order,
            "`place-before` an id of no row is `no such item`.",
            LIVE,
            |bench| Box::pin(place_before_nothing(bench)),
        ),
        Check::writes("order-move", Order, "`move` puts a row above the `destination`.", LIVE, |bench| {
            Box::pin(move_one(bench))
        }),
        Check::writes(
            "order-move-several",
            Order,
            "`move` of several rows keeps the order in which they were named.",
            LIVE,
            |bench| Box::pin(move_several(bench)),
        ),
        Check::writes("order-move-last", Order, "`move` without a `destination` puts a row last.", LIVE, |bench| {
            Box::pin(move_last(bench))
        }),
        Check::writes(
            "order-next-id",
            Order,
            "Rows of rules carry `.nextid`: the id of the row below, `*FFFFFFFF` for the last.",
            Evidence::Seen("samples of routing rules; clients that leave it out of filter rules"),
            |bench| Box::pin(next_id(bench)),
        ),
        Check::writes(
            "order-next-id-on-demand",
            Order,
            "With `.proplist`, `.nextid` comes only where it is named.",
            Evidence::Seen("samples of routing rules"),
            |bench| Box::pin(next_id_on_demand(bench)),
        ),
        Check::writes("order-place-is-not-kept", Order, "`place-before` is no property of the row.", LIVE, |bench| {
            Box::pin(place_is_not_kept(bench))
        }),
    ]
}

async fn place_before(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut outcomes = Vec::new();
    for (menu, row) in ORDERED {
        let a = bench.add(menu, row).await?;
        let before = format!("=place-before={a}");
        let words: Vec<&str> = row.iter().copied().chain([before.as_str()]).collect();
        let b = bench.add(menu, &words).await?;
        let c = bench.add(menu, row).await?;
        let expected = format!("{menu}: {b} {a} {c}");
        outcomes.push(Outcome::of(expected, format!("{menu}: {}", ids(bench, menu).await?.join(" "))));
    }
    Ok(Outcome::all(outcomes))
}

async fn place_before_nothing(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let words: Vec<&str> = RULE.iter().copied().chain(["=place-before=*FFFFFFF0"]).collect();
    Ok(match bench.attempt_add(FILTER, &words).await? {
        Ok(id) => Outcome::Differ { expected: "no such item".to_owned(), got: format!("row {id}") },
        Err(traps) => Outcome::of("no such item", crate::check::joined(&traps)),
    })
}

async fn move_one(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let [a, b, c] = three(bench).await?;
    bench.run(&[&format!("{FILTER}/move"), &format!("=numbers={c}"), &format!("=destination={a}")]).await?;
    Ok(Outcome::of([c, a, b].join(" "), ids(bench, FILTER).await?.join(" ")))
}

async fn move_several(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let [a, b, c] = three(bench).await?;
    bench.run(&[&format!("{FILTER}/move"), &format!("=numbers={c},{b}"), &format!("=destination={a}")]).await?;
    Ok(Outcome::of([c, b, a].join(" "), ids(bench, FILTER).await?.join(" ")))
}

async fn move_last(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let [a, b, c] = three(bench).await?;
    bench.run(&[&format!("{FILTER}/move"), &format!("=numbers={a}")]).await?;
    Ok(Outcome::of([b, c, a].join(" "), ids(bench, FILTER).await?.join(" ")))
}

async fn next_id(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut outcomes = Vec::new();
    for (menu, row) in ORDERED {
        let a = bench.add(menu, row).await?;
        let b = bench.add(menu, row).await?;
        let expected = format!("{menu}: {b}, *FFFFFFFF");
        let mut got = Vec::new();
        for id in [&a, &b] {
            got.push(bench.value(menu, id, ".nextid").await?.unwrap_or_else(|| "none".to_owned()));
        }
        let got = format!("{menu}: {}", got.join(", "));
        outcomes.push(Outcome::of(expected, got));
    }
    Ok(Outcome::all(outcomes))
}

async fn next_id_on_demand(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, RULE).await?;
    let query = format!("?.id={id}");
    let without = bench.rows(FILTER, &["=.proplist=.id,chain", &query]).await?;
    let with = bench.rows(FILTER, &["=.proplist=.id,.nextid", &query]).await?;
    let has = |rows: &[Row]| rows.iter().any(|row| row.find(".nextid").is_some());
    Ok(Outcome::of("absent, present", format!("{}, {}", word(has(&without)), word(has(&with)))))
}

fn word(there: bool) -> &'static str {
    if there { "present" } else { "absent" }
}

async fn place_is_not_kept(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let a = bench.add(FILTER, RULE).await?;
    let before = format!("=place-before={a}");
    let b = bench.add(FILTER, &[RULE[0], RULE[1], RULE[2], &before]).await?;
    Ok(Outcome::of("absent", word(bench.value(FILTER, &b, "place-before").await?.is_some())))
}

async fn three(bench: &Bench<'_>) -> Result<[String; 3], Stop> {
    Ok([bench.add(FILTER, RULE).await?, bench.add(FILTER, RULE).await?, bench.add(FILTER, RULE).await?])
}

/// The ids of this check's rows, in their order.
async fn ids(bench: &Bench<'_>, menu: &str) -> Result<Vec<String>, Stop> {
    let rows = bench.rows(menu, &["=.proplist=.id", &format!("?comment={}", bench.mark())]).await?;
    Ok(rows.iter().filter_map(|row| row.find(".id").map(str::to_owned)).collect())
}
