//! A router on a random walk through changes of all kinds: asked for the same once more, there is nothing to write.
//!
//! `BULKHEAD_WALK=17` walks from another seed.

use bulkhead_flows::{
    Bench,
    draw::Draw,
    orders::{create, delete, order, update},
};
use shared::change_set::{Attribute, Item, Outcome, Position};
use std::collections::BTreeMap;

/// Changes of a walk.
const STEPS: usize = 1_000;
/// Rows that come and go.
const ROWS: usize = 40;

/// Menus, and values that their rows have: of each property one.
type Choices = &'static [(&'static str, &'static [&'static str])];
const MENUS: [(&str, Choices); 6] = [
    (
        "/ip/firewall/filter",
        &[
            ("chain", &["forward"]),
            ("action", &["accept", "drop"]),
            ("src-address", &["10.1.0.0/16", "10.2.3.4"]),
            ("protocol", &["tcp", "udp"]),
            ("log", &["yes", "no"]),
        ],
    ),
    (
        "/ip/firewall/mangle",
        &[("chain", &["forward"]), ("action", &["accept"]), ("connection-state", &["new", "established,related"])],
    ),
    ("/ip/firewall/address-list", &[("list", &["one", "two"]), ("disabled", &["yes", "no"])]),
    ("/ip/dns/static", &[("address", &["10.0.0.8", "10.0.0.9"]), ("ttl", &["1d", "1w", "7d"])]),
    ("/ip/route", &[("gateway", &["192.168.88.7", "192.168.88.8"]), ("distance", &["2", "3"])]),
    ("/ip/pool", &[("ranges", &["10.9.0.2-10.9.0.9", "10.9.1.2-10.9.1.9,10.9.2.2-10.9.2.9"])]),
];

fn menu(row: usize) -> (&'static str, Choices) {
    MENUS[row % MENUS.len()]
}

fn key(row: usize) -> Vec<Attribute> {
    vec![("comment".to_owned(), format!("bulkhead:row/t/{row}"))]
}

/// Values for a row; those that have to differ between rows follow from its number.
fn values(draw: &mut Draw, row: usize) -> Vec<(&'static str, String)> {
    let (path, choices) = menu(row);
    let own = match path {
        "/ip/firewall/address-list" => Some(("address", format!("10.77.0.{row}"))),
        "/ip/dns/static" => Some(("name", format!("host-{row}.lan"))),
        "/ip/route" => Some(("dst-address", format!("10.80.{row}.0/24"))),
        "/ip/pool" => Some(("name", format!("pool-{row}"))),
        _ => None,
    };
    own.into_iter()
        .chain(choices.iter().map(|(name, values)| (*name, values[draw.below(values.len())].to_owned())))
        .collect()
}

/// Items for a few rows of which some are there; what will be there afterwards is noted.
fn items(draw: &mut Draw, there: &mut BTreeMap<usize, bool>) -> Vec<Item> {
    let mut rows: Vec<usize> = (0..=draw.below(6)).map(|_| draw.below(ROWS)).collect();
    rows.sort_unstable();
    rows.dedup();
    let chosen = rows.clone();
    let mut made = Vec::new();
    for row in rows {
        let (path, id) = (menu(row).0, row.to_string());
        if there.get(&row) == Some(&true) && draw.below(3) == 0 {
            made.push(delete(&id, path, key(row)));
            there.insert(row, false);
            continue;
        }
        let values = values(draw, row);
        let attributes: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // A row to stand by that is there and that this change does not touch.
        let by = there.iter().find(|(other, is)| **is && !chosen.contains(other) && menu(**other).0 == path);
        let by = by.map(|(other, _)| key(*other));
        let position = match (path.contains("/firewall/") && !path.ends_with("address-list"), draw.below(5), by) {
            (true, 0, _) => Some(Position::First),
            (true, 1, _) => Some(Position::Last),
            (true, 2, Some(key)) => Some(Position::Before(key)),
            (true, 3, Some(key)) => Some(Position::After(key)),
            _ => None,
        };
        if there.insert(row, true) == Some(true) && draw.below(2) == 0 {
            made.push(update(&id, path, key(row), &attributes, position));
        } else {
            made.push(create(&id, path, &attributes, position));
        }
    }
    made
}

#[tokio::test]
async fn what_was_applied_once_is_not_written_again() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut agent = bench.agent().await?;
    let seed = std::env::var("BULKHEAD_WALK").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let (mut draw, mut there) = (Draw::new(seed), BTreeMap::new());
    let mut writes = 0;
    for step in 0..STEPS {
        let items = items(&mut draw, &mut there);
        let order_once = order(items.clone());
        let plan = agent.engine.plan(&order_once).await?;
        if !plan.operations.is_empty() {
            writes += plan.operations.len();
            let report = agent.change(&order_once).await?;
            assert_eq!(report.outcome, Some(Outcome::Confirmed), "step {step}: {report:?} {items:#?}");
        }
        let again = agent.engine.plan(&order(items.clone())).await?;
        assert!(again.operations.is_empty(), "step {step}: {:#?} after {items:#?}", again.operations);
    }
    assert!(writes > 2 * STEPS, "a walk of {writes} writes only");
    Ok(())
}
