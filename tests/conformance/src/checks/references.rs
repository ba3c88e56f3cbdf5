//! Values that name other rows: what becomes of them when those are renamed, removed, or made again.

use crate::{
    bench::Bench,
    check::{Area::References, Check, Evidence, Outcome, Stop},
};

const STALE: Evidence = Evidence::Seen("routers whose rules and members show `*1A` where an interface was");
const fn others(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "what else leaves its id behind")
}

const FILTER: &str = "/ip/firewall/filter";
const MEMBER: &str = "/interface/list/member";

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::writes(
            "rename-is-followed",
            References,
            "Whoever names an interface, a list or a table names it still after it was renamed.",
            Evidence::Sourced("manual: references are by id; prints of 7.x"),
            |bench| Box::pin(rename(bench)),
        ),
        Check::writes(
            "stale-interface",
            References,
            "A removed interface leaves its id in rules and members.",
            STALE,
            |bench| Box::pin(stale_interface(bench)),
        ),
        Check::writes(
            "stale-interface-negated",
            References,
            "A negated interface that is removed leaves `!` and its id.",
            STALE,
            |bench| Box::pin(stale_negated(bench)),
        ),
        Check::writes(
            "stale-is-not-revived",
            References,
            "A new interface of the same name does not become what the dead id meant.",
            STALE,
            |bench| Box::pin(not_revived(bench)),
        ),
        Check::writes(
            "stale-list",
            References,
            "A removed interface list leaves its id in rules.",
            others("4a"),
            |bench| Box::pin(stale_list(bench)),
        ),
        Check::writes(
            "stale-table",
            References,
            "A removed routing table leaves its id in routing rules.",
            others("4b"),
            |bench| Box::pin(stale_table(bench)),
        ),
        Check::writes(
            "stale-pool",
            References,
            "A removed pool leaves its id in a DHCP server.",
            others("4c"),
            |bench| Box::pin(stale_pool(bench)),
        ),
        Check::writes(
            "stale-server",
            References,
            "A removed DHCP server leaves its id in a lease.",
            others("4d"),
            |bench| Box::pin(stale_server(bench)),
        ),
        Check::writes(
            "gateway-interface",
            References,
            "A route's gateway may be an interface.",
            Evidence::Sourced("manual, \"IP Routing\""),
            |bench| Box::pin(gateway(bench)),
        ),
    ]
}

/// A rule that matches an interface; disabled, in a chain that nothing jumps to.
async fn rule(bench: &Bench<'_>, matcher: &str) -> Result<String, Stop> {
    bench.add(FILTER, &["=chain=bh-conf", "=action=accept", "=disabled=yes", matcher]).await
}

async fn list(bench: &Bench<'_>) -> Result<String, Stop> {
    bench.add("/interface/list", &["=name=bh-conf-list"]).await
}

async fn member(bench: &Bench<'_>) -> Result<String, Stop> {
    bench.add(MEMBER, &["=list=bh-conf-list", "=interface=bh-conf-vlan", "=disabled=yes"]).await
}

async fn table(bench: &Bench<'_>) -> Result<String, Stop> {
    bench.add("/routing/table", &["=name=bh-conf-table", "=fib=yes"]).await
}

async fn lookup(bench: &Bench<'_>) -> Result<String, Stop> {
    let words = ["=src-address=192.0.2.2/32", "=action=lookup-only-in-table", "=table=bh-conf-table", "=disabled=yes"];
    bench.add("/routing/rule", &words).await
}

async fn rename(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let ids = bench.vlans(&["vlan"]).await?;
    let (list, member) = (list(bench).await?, member(bench).await?);
    let rule = rule(bench, "=in-interface=bh-conf-vlan").await?;
    let (table, lookup) = (table(bench).await?, lookup(bench).await?);
    bench.run(&["/interface/vlan/set", &format!("=.id={}", ids[0]), "=name=bh-conf-v2"]).await?;
    bench.run(&["/interface/list/set", &format!("=.id={list}"), "=name=bh-conf-l2"]).await?;
    bench.run(&["/routing/table/set", &format!("=.id={table}"), "=name=bh-conf-t2"]).await?;
    let shown = [
        shown(bench, FILTER, &rule, "in-interface").await?,
        shown(bench, MEMBER, &member, "interface").await?,
        shown(bench, MEMBER, &member, "list").await?,
        shown(bench, "/routing/rule", &lookup, "table").await?,
    ];
    Ok(Outcome::of("bh-conf-v2 bh-conf-v2 bh-conf-l2 bh-conf-t2", shown.join(" ")))
}

async fn shown(bench: &Bench<'_>, menu: &str, id: &str, name: &str) -> Result<String, Stop> {
    Ok(bench.value(menu, id, name).await?.unwrap_or_else(|| "absent".to_owned()))
}

async fn remove(bench: &Bench<'_>, menu: &str, id: &str) -> Result<(), Stop> {
    bench.run(&[&format!("{menu}/remove"), &format!("=.id={id}")]).await.map(drop)
}

async fn stale_interface(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let vlan = bench.vlans(&["vlan"]).await?.concat();
    list(bench).await?;
    let member = member(bench).await?;
    let rule = rule(bench, "=in-interface=bh-conf-vlan").await?;
    remove(bench, "/interface/vlan", &vlan).await?;
    let got = [shown(bench, FILTER, &rule, "in-interface").await?, shown(bench, MEMBER, &member, "interface").await?];
    Ok(Outcome::of(format!("{vlan} {vlan}"), got.join(" ")))
}

async fn stale_negated(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let vlan = bench.vlans(&["vlan"]).await?.concat();
    let rule = rule(bench, "=in-interface=!bh-conf-vlan").await?;
    remove(bench, "/interface/vlan", &vlan).await?;
    Ok(Outcome::of(format!("!{vlan}"), shown(bench, FILTER, &rule, "in-interface").await?))
}

async fn not_revived(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let vlan = bench.vlans(&["vlan"]).await?.concat();
    let rule = rule(bench, "=in-interface=bh-conf-vlan").await?;
    remove(bench, "/interface/vlan", &vlan).await?;
    let words = ["=name=bh-conf-vlan", "=interface=bh-conf-bridge", "=vlan-id=3990", "=disabled=yes"];
    bench.add("/interface/vlan", &words).await?;
    Ok(Outcome::of(vlan, shown(bench, FILTER, &rule, "in-interface").await?))
}

async fn stale_list(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let list = list(bench).await?;
    let rule = rule(bench, "=in-interface-list=bh-conf-list").await?;
    remove(bench, "/interface/list", &list).await?;
    Ok(Outcome::of(list, shown(bench, FILTER, &rule, "in-interface-list").await?))
}

async fn stale_table(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let table = table(bench).await?;
    let lookup = lookup(bench).await?;
    remove(bench, "/routing/table", &table).await?;
    Ok(Outcome::of(table, shown(bench, "/routing/rule", &lookup, "table").await?))
}

/// A DHCP server, off, on a bridge without ports.
async fn server(bench: &Bench<'_>) -> Result<(String, String), Stop> {
    bench.bridge().await?;
    let pool = bench.add("/ip/pool", &["=name=bh-conf-pool", "=ranges=192.0.2.1-192.0.2.9"]).await?;
    let words = ["=name=bh-conf-dhcp", "=interface=bh-conf-bridge", "=address-pool=bh-conf-pool", "=disabled=yes"];
    Ok((pool, bench.add("/ip/dhcp-server", &words).await?))
}

async fn stale_pool(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let (pool, server) = server(bench).await?;
    remove(bench, "/ip/pool", &pool).await?;
    Ok(Outcome::of(pool, shown(bench, "/ip/dhcp-server", &server, "address-pool").await?))
}

async fn stale_server(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let (_, server) = server(bench).await?;
    let words = ["=address=192.0.2.2", "=mac-address=02:00:00:00:00:02", "=server=bh-conf-dhcp", "=disabled=yes"];
    let lease = bench.add("/ip/dhcp-server/lease", &words).await?;
    remove(bench, "/ip/dhcp-server", &server).await?;
    Ok(Outcome::of(server, shown(bench, "/ip/dhcp-server/lease", &lease, "server").await?))
}

async fn gateway(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    bench.bridge().await?;
    let words = ["=dst-address=192.0.2.0/24", "=gateway=bh-conf-bridge", "=disabled=yes"];
    let route = bench.add("/ip/route", &words).await?;
    Ok(Outcome::of("bh-conf-bridge", shown(bench, "/ip/route", &route, "gateway").await?))
}
