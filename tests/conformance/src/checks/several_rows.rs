//! Commands on several rows, rows made after others, and what prints and queries take.

use shared::routeros::model::Row;

use crate::{
    bench::Bench,
    check::{Area::Rows, Check, Evidence, Outcome, Stop},
};

const FILTER: &str = "/ip/firewall/filter";
const VLAN: &str = "/interface/vlan";

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::writes(
            "earlier-rows-stay-changed",
            Rows,
            "When a command is refused for a later row, the earlier ones stay changed.",
            Evidence::Guess("32b", "commands on several rows"),
            |bench| Box::pin(earlier_rows(bench)),
        ),
        Check::writes(
            "move-before-one-that-moves",
            Rows,
            "Rows that are moved before one of themselves go before the next that stays.",
            Evidence::Guess("32c", "commands on several rows"),
            |bench| Box::pin(move_before_itself(bench)),
        ),
        Check::writes(
            "copy-from-takes-values",
            Rows,
            "`copy-from` takes over what is not said, but neither name nor MAC address.",
            Evidence::Guess("32d", "what `copy-from` takes over"),
            |bench| Box::pin(copy_from(bench)),
        ),
        Check::writes(
            "query-compares-numbers",
            Rows,
            "`?>` and `?<` compare numbers as numbers.",
            Evidence::Guess("33c", "what queries compare"),
            |bench| Box::pin(compares(bench)),
        ),
        Check::reads(
            "print-takes-detail-and-stats",
            Rows,
            "`print` takes `detail` and `stats` in menus that have nothing to count.",
            Evidence::Guess("33d", "what `print` takes"),
            |bench| Box::pin(detail_and_stats(bench)),
        ),
    ]
}

async fn earlier_rows(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let ids = bench.vlans(&["a", "b"]).await?;
    let set = ["/interface/vlan/set", &format!("=.id={}", ids.join(",")), "=name=bh-conf-x"];
    let refused = bench.attempt(&set).await?.is_err();
    let name = bench.value(VLAN, &ids[0], "name").await?.unwrap_or_default();
    Ok(Outcome::of("refused: true, bh-conf-x", format!("refused: {refused}, {name}")))
}

async fn move_before_itself(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(bench.add(FILTER, &["=chain=bh-conf", "=action=accept", "=disabled=yes"]).await?);
    }
    let rows = format!("=numbers={},{}", ids[3], ids[1]);
    bench.run(&["/ip/firewall/filter/move", &rows, &format!("=destination={}", ids[1])]).await?;
    let rows = bench.rows(FILTER, &[&format!("?comment={}", bench.mark()), "=.proplist=.id"]).await?;
    let order: Vec<String> = rows.iter().map(|row| text(row, ".id")).collect();
    Ok(Outcome::of([&*ids[0], &*ids[3], &*ids[1], &*ids[2]].join(" "), order.join(" ")))
}

async fn copy_from(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    const BRIDGE: &str = "/interface/bridge";
    let words = ["=name=bh-conf-one", "=ageing-time=10m", "=disabled=yes"];
    let first = bench.add(BRIDGE, &words).await?;
    let second = bench.add(BRIDGE, &["=name=bh-conf-two", &format!("=copy-from={first}")]).await?;
    let (first, second) = (bench.row(BRIDGE, &first).await?, bench.row(BRIDGE, &second).await?);
    let same_mac = text(&first, "mac-address") == text(&second, "mac-address");
    let got =
        format!("{} {}, the same MAC address: {same_mac}", text(&second, "ageing-time"), text(&second, "disabled"));
    Ok(Outcome::of("10m true, the same MAC address: false", got))
}

async fn compares(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let ids = bench.vlans(&["a", "b"]).await?;
    bench.run(&["/interface/vlan/set", &format!("=.id={}", ids[0]), "=mtu=900"]).await?;
    let names = |rows: Vec<Row>| rows.iter().map(|row| text(row, "name")).collect::<Vec<_>>().join(" ");
    let ours = format!("?comment={}", bench.mark());
    let more = names(bench.rows(VLAN, &[&ours, "?>mtu=1000", "=.proplist=name"]).await?);
    let less = names(bench.rows(VLAN, &[&ours, "?<mtu=1000", "=.proplist=name"]).await?);
    Ok(Outcome::of("more: bh-conf-b, less: bh-conf-a", format!("more: {more}, less: {less}")))
}

async fn detail_and_stats(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut counts = Vec::new();
    for words in [&["=detail="][..], &["=stats="], &[]] {
        counts.push(match bench.attempt(&[&["/interface/list/print"], words].concat()).await? {
            Ok(answer) => answer.rows.len().to_string(),
            Err(traps) => crate::check::joined(&traps),
        });
    }
    Ok(Outcome::of(format!("{0} {0}", counts[2]), format!("{} {}", counts[0], counts[1])))
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map(str::to_owned).unwrap_or_default()
}
