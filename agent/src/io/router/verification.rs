//! What VIFs are verified by, read in one batch.

use super::{Failed, RouterPort, print};
use crate::flow::{
    object::{Marked, Menu, Row, Snapshot},
    vif::{Vif, objects::ADDRESS_LISTS, verify::Reading},
};
use crate::io::routeros::Sentence;
use shared::routeros::trace;
use std::collections::{BTreeMap, BTreeSet};

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The menus.
    pub reading: Reading,
    /// The rows of mangle that only count, with their counters: tripwires are among them.
    pub counters: Vec<Row>,
}

/// Menus that decide over a packet's way and that VIFs have no objects in. Of IPv6, which VIFs have none of, no address
/// list is asked: they may be long, and what a rule says by one stands below ours.
fn more() -> impl Iterator<Item = &'static str> {
    let ours = |path: &str| Menu::ALL.iter().any(|menu| menu.path() == path);
    trace::MENUS.iter().copied().filter(move |path| !ours(path) && *path != "/ipv6/firewall/address-list")
}

pub(super) async fn read(router: &RouterPort, vifs: &[Vif]) -> Result<Read, Failed> {
    if vifs.is_empty() {
        // What is left of one that is gone.
        let router = router.read_isolation().await?;
        return Ok(Read { reading: Reading { router, more: Vec::new() }, counters: Vec::new() });
    }
    let counters = print("/ip/firewall/mangle", ".id,packets,comment").query("action=passthrough");
    let ours = Menu::ALL.into_iter().map(|menu| command(menu, vifs));
    let others = more().map(others);
    let mut rows = router.batch(ours.chain(others).chain([counters]).collect()).await?.into_iter();
    let mut menus: BTreeMap<Menu, Vec<Row>> = Menu::ALL.into_iter().zip(rows.by_ref()).collect();
    let lists = asked_by(menus.get(&Menu::Mangle).map_or(&[], Vec::as_slice));
    if !lists.is_empty() {
        let print = print(Menu::AddressList.path(), Menu::AddressList.properties());
        let entries = router.batch(vec![any(print, lists.iter().map(|list| format!("list={list}")))]).await?;
        menus.entry(Menu::AddressList).or_default().extend(entries.into_iter().flatten());
    }
    let snapshot = Snapshot::new(menus);
    let more = more().zip(rows.by_ref()).collect();
    let counters = rows.next().unwrap_or_default();
    Ok(Read { reading: Reading { router: snapshot, more }, counters })
}

/// The lists that marks of others depend on: rules above the routing decision that ours cannot stand before, because
/// they may see an answer before anything says whose it is.
fn asked_by(mangle: &[Row]) -> BTreeSet<String> {
    let foreign = mangle.iter().filter(|row| !row.is_isolation() && !row.is("disabled"));
    let lists = foreign.flat_map(|row| [row.get("src-address-list"), row.get("dst-address-list")]);
    lists.map(|list| list.trim_start_matches('!')).filter(|list| !list.is_empty()).map(str::to_owned).collect()
}

fn command(menu: Menu, vifs: &[Vif]) -> Sentence {
    let print = print(menu.path(), menu.properties());
    if menu == Menu::IpRoute {
        let tables = vifs.iter().flat_map(|vif| [vif.table(), vif.replies_table()]);
        let tables = tables.map(|table| format!("routing-table={table}"));
        return any(static_or(print), ["dst-address=0.0.0.0/0".to_owned()].into_iter().chain(tables)).query("#|");
    }
    if menu != Menu::AddressList {
        return print;
    }
    any(print, ADDRESS_LISTS.iter().map(|list| format!("list={list}")))
}

fn others(path: &str) -> Sentence {
    let print = print(path, trace::properties(path));
    match path {
        "/ipv6/route" => static_or(print).query("dst-address=::/0").query("#|"),
        _ => print,
    }
}

/// Rows that somebody configured.
fn static_or(print: Sentence) -> Sentence {
    print.query("dynamic=true").query("#!")
}

/// Rows that one of these is true of (manual, "API": queries are a stack).
fn any(print: Sentence, queries: impl Iterator<Item = String>) -> Sentence {
    let (mut print, mut count) = (print, 0);
    for query in queries {
        print = print.query(&query);
        count += 1;
        if count > 1 {
            print = print.query("#|");
        }
    }
    print
}
