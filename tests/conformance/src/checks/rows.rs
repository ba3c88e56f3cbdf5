//! Rows: ids, ways to name them, flags, what is there and what is not.

use crate::{
    bench::Bench,
    check::{Area::Rows, Check, Evidence, Outcome, Stop},
};
use shared::routeros::value::RowId;

const MANUAL: Evidence = Evidence::Sourced("manual, \"API\" and \"REST API\"");
const SEEN: Evidence = Evidence::Seen("prints of 7.x over the API and REST");

const fn switches(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "how `fib` and `blackhole` are shown")
}

const FILTER: &str = "/ip/firewall/filter";
const RULE: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes"];
const BLACKHOLE: &[&str] = &["=dst-address=192.0.2.0/24", "=distance=254", "=disabled=yes", "=blackhole=yes"];
const ROUTE: &[&str] = &["=dst-address=192.0.2.0/24", "=distance=254", "=disabled=yes", "=gateway=192.0.2.1"];

pub(super) fn checks() -> Vec<Check> {
    [naming(), showing(), deriving()].concat()
}

fn naming() -> Vec<Check> {
    vec![
        Check::writes(
            "id-form",
            Rows,
            "`add` returns the new id in `ret`: `*` and upper-case hexadecimal.",
            MANUAL,
            |bench| Box::pin(id_form(bench)),
        ),
        Check::writes("id-is-not-given-again", Rows, "A row that is made again gets another id.", SEEN, |bench| {
            Box::pin(id_anew(bench))
        }),
        Check::writes(
            "row-by-name",
            Rows,
            "A row may be named instead of its id, in `.id` and in `numbers`.",
            MANUAL,
            |bench| Box::pin(by_name(bench)),
        ),
        Check::writes("rows-in-a-list", Rows, "Several rows are a comma list of ids and names.", MANUAL, |bench| {
            Box::pin(in_a_list(bench))
        }),
        Check::writes(
            "unset-takes-back",
            Rows,
            "`unset` with `value-name` takes a value away.",
            Evidence::Seen("live tests on 7.21"),
            |bench| Box::pin(unset(bench)),
        ),
        Check::writes(
            "empty-value-takes-back",
            Rows,
            "An empty value in `set` takes a value back to its default.",
            Evidence::Guess("14", "an empty value is `unset`"),
            |bench| Box::pin(empty_value(bench)),
        ),
        Check::writes("enable-and-disable", Rows, "`enable` and `disable` set the flag `disabled`.", MANUAL, |bench| {
            Box::pin(enable(bench))
        }),
        Check::writes("comment-command", Rows, "`comment` sets the comment.", MANUAL, |bench| Box::pin(comment(bench))),
        Check::writes(
            "all-rows-are-looked-for-first",
            Rows,
            "A command on several rows does nothing when one of them is not there.",
            Evidence::Guess("32a", "commands on several rows"),
            |bench| Box::pin(all_or_none(bench)),
        ),
        Check::writes(
            "dynamic-row-stays",
            Rows,
            "A dynamic route can neither be changed nor removed, in these words.",
            Evidence::Guess("6j", "texts not seen on the wire"),
            |bench| Box::pin(dynamic_row(bench)),
        ),
    ]
}

fn showing() -> Vec<Check> {
    vec![
        Check::writes(
            "flags-are-always-there",
            Rows,
            "`disabled`, `dynamic` and `invalid` of a rule are always there, as `true` or `false`.",
            SEEN,
            |bench| Box::pin(flags(bench)),
        ),
        Check::writes(
            "no-comment-no-property",
            Rows,
            "A row without a comment has no property `comment`.",
            SEEN,
            |bench| Box::pin(no_comment(bench)),
        ),
        Check::writes("fresh-rule-counts-zero", Rows, "A new rule has counted 0 bytes and 0 packets.", SEEN, |bench| {
            Box::pin(counters(bench))
        }),
        Check::writes(
            "blackhole-shown",
            Rows,
            "`blackhole` is present with an empty value where set.",
            switches("5a"),
            |bench| Box::pin(switch(bench, "/ip/route", BLACKHOLE, "blackhole", "``")),
        ),
        Check::writes("blackhole-absent", Rows, "`blackhole` is absent where not set.", switches("5b"), |bench| {
            Box::pin(switch(bench, "/ip/route", ROUTE, "blackhole", "absent"))
        }),
        Check::writes(
            "fib-shown",
            Rows,
            "`fib` is present with an empty value where set.",
            Evidence::Seen("prints of routing tables"),
            |bench| Box::pin(switch(bench, "/routing/table", &["=name=bh-conf-table", "=fib=yes"], "fib", "``")),
        ),
        Check::writes("fib-absent", Rows, "`fib` is absent where not set.", switches("5c"), |bench| {
            Box::pin(switch(bench, "/routing/table", &["=name=bh-conf-table"], "fib", "absent"))
        }),
    ]
}

fn deriving() -> Vec<Check> {
    vec![
        Check::writes("default-interface-name", Rows, "An interface without a name gets one.", SEEN, |bench| {
            Box::pin(default_name(bench))
        }),
        Check::writes(
            "address-network",
            Rows,
            "An address shows its network.",
            Evidence::Sourced("manual, \"IP Addressing\""),
            |bench| Box::pin(network(bench)),
        ),
        Check::writes(
            "bridge-runs-without-ports",
            Rows,
            "A bridge runs while it is enabled, without ports too.",
            Evidence::Guess("9a", "when a bridge runs"),
            |bench| Box::pin(bridge_runs(bench)),
        ),
        Check::writes(
            "address-on-a-slave",
            Rows,
            "An address on a bridge port is `invalid` and `slave`.",
            Evidence::Guess("9d", "addresses on slaves"),
            |bench| Box::pin(address_on_a_slave(bench, &["invalid", "slave"], "`true` `true`")),
        ),
        Check::writes(
            "actual-interface-of-a-slave",
            Rows,
            "The `actual-interface` of an address on a bridge port is the bridge.",
            Evidence::Guess("9e", "addresses on slaves"),
            |bench| Box::pin(address_on_a_slave(bench, &["actual-interface"], "`bh-conf-other`")),
        ),
        Check::writes(
            "port-of-a-list",
            Rows,
            "A bridge port that names an interface list has a dynamic row for each member.",
            Evidence::Guess("9b", "ports that name a list"),
            |bench| Box::pin(port_of_a_list(bench, false)),
        ),
        Check::writes(
            "port-of-a-list-is-active",
            Rows,
            "A bridge port that names an interface list is itself not inactive.",
            Evidence::Guess("9c", "ports that name a list"),
            |bench| Box::pin(port_of_a_list(bench, true)),
        ),
        Check::writes(
            "rule-on-a-slave",
            Rows,
            "A rule that matches a bridge port as `in-interface` is invalid.",
            Evidence::Seen("exports with `in/out-interface matcher not possible when interface is slave`"),
            |bench| Box::pin(rule_on_a_slave(bench)),
        ),
    ]
}

async fn id_form(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, RULE).await?;
    let good = id.parse::<RowId>().is_ok_and(|parsed| parsed.to_string() == id);
    Ok(Outcome::when(good, "an id such as *1A", id))
}

async fn id_anew(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let first = bench.add(FILTER, RULE).await?;
    bench.run(&["/ip/firewall/filter/remove", &format!("=.id={first}")]).await?;
    let second = bench.add(FILTER, RULE).await?;
    Ok(Outcome::when(first != second, format!("another id than {first}"), second))
}

async fn by_name(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.vlans(&["vlan"]).await?.concat();
    bench.run(&["/interface/vlan/set", "=.id=bh-conf-vlan", "=mtu=1400"]).await?;
    let first = bench.value("/interface/vlan", &id, "mtu").await?;
    bench.run(&["/interface/vlan/set", "=numbers=bh-conf-vlan", "=mtu=1300"]).await?;
    let second = bench.value("/interface/vlan", &id, "mtu").await?;
    Ok(Outcome::of("1400, 1300", format!("{}, {}", first.unwrap_or_default(), second.unwrap_or_default())))
}

async fn in_a_list(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let ids = bench.vlans(&["a", "b"]).await?;
    bench.run(&["/interface/vlan/set", &format!("=.id={},bh-conf-b", ids[0]), "=mtu=1400"]).await?;
    let (a, b) = (
        bench.value("/interface/vlan", &ids[0], "mtu").await?.unwrap_or_default(),
        bench.value("/interface/vlan", &ids[1], "mtu").await?.unwrap_or_default(),
    );
    Ok(Outcome::of("1400, 1400", format!("{a}, {b}")))
}

async fn unset(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, &[RULE[0], RULE[1], RULE[2], "=src-address=192.0.2.1"]).await?;
    bench.run(&["/ip/firewall/filter/unset", &format!("=.id={id}"), "=value-name=src-address"]).await?;
    Ok(Outcome::of("absent", shown(bench, FILTER, &id, "src-address").await?))
}

async fn empty_value(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rule = bench.add(FILTER, &[RULE[0], RULE[1], RULE[2], "=src-address=192.0.2.1"]).await?;
    bench.run(&["/ip/firewall/filter/set", &format!("=.id={rule}"), "=src-address="]).await?;
    let bridge = bench.add("/interface/bridge", &["=name=bh-conf-one", "=ageing-time=10m", "=disabled=yes"]).await?;
    bench.run(&["/interface/bridge/set", &format!("=.id={bridge}"), "=ageing-time="]).await?;
    let got = [
        shown(bench, FILTER, &rule, "src-address").await?,
        shown(bench, "/interface/bridge", &bridge, "ageing-time").await?,
    ];
    Ok(Outcome::of("src-address absent, ageing-time `5m`", format!("src-address {}, ageing-time {}", got[0], got[1])))
}

async fn all_or_none(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.vlans(&["vlan"]).await?.concat();
    let set = ["/interface/vlan/set", &format!("=.id={id},*FFFFFFF0"), "=mtu=1300"];
    let refused = bench.attempt(&set).await?.is_err();
    let mtu = bench.value("/interface/vlan", &id, "mtu").await?.unwrap_or_default();
    Ok(Outcome::of("refused: true, 1500", format!("refused: {refused}, {mtu}")))
}

async fn enable(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add("/ip/firewall/address-list", &["=list=bh-conf", "=address=192.0.2.1"]).await?;
    let mut seen = Vec::new();
    for verb in ["disable", "enable"] {
        bench.run(&[&format!("/ip/firewall/address-list/{verb}"), &format!("=.id={id}")]).await?;
        seen.push(shown(bench, "/ip/firewall/address-list", &id, "disabled").await?);
    }
    Ok(Outcome::of("`true` `false`", seen.join(" ")))
}

async fn comment(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, RULE).await?;
    let text = format!("{} changed", bench.mark());
    bench.run(&["/ip/firewall/filter/comment", &format!("=numbers={id}"), &format!("=comment={text}")]).await?;
    Ok(Outcome::of(format!("`{text}`"), shown(bench, FILTER, &id, "comment").await?))
}

async fn dynamic_row(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    bench.bridge().await?;
    bench.add("/ip/address", &["=address=192.0.2.1/30", "=interface=bh-conf-bridge"]).await?;
    let routes = bench.rows("/ip/route", &["=.proplist=.id", "?dst-address=192.0.2.0/30", "?dynamic=true"]).await?;
    let Some(id) = routes.first().and_then(|row| row.find(".id")) else {
        return Ok(Outcome::Differ { expected: "a connected route".to_owned(), got: "none".to_owned() });
    };
    let id = format!("=.id={id}");
    let refusal = |answer: Result<_, Vec<_>>| match answer {
        Ok(()) => "carried out".to_owned(),
        Err(traps) => crate::check::joined(&traps),
    };
    let set = refusal(bench.attempt(&["/ip/route/set", &id, "=distance=9"]).await?.map(drop));
    let remove = refusal(bench.attempt(&["/ip/route/remove", &id]).await?.map(drop));
    Ok(Outcome::of(
        "failure: can not change dynamic, failure: can not remove dynamic object",
        format!("{set}, {remove}"),
    ))
}

async fn flags(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, RULE).await?;
    let mut seen = Vec::new();
    for flag in ["disabled", "dynamic", "invalid"] {
        seen.push(shown(bench, FILTER, &id, flag).await?);
    }
    Ok(Outcome::of("`true` `false` `false`", seen.join(" ")))
}

async fn no_comment(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add("/interface/list", &["=name=bh-conf-list", "=comment="]).await?;
    Ok(Outcome::of("absent", shown(bench, "/interface/list", &id, "comment").await?))
}

async fn counters(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(FILTER, RULE).await?;
    let got = [shown(bench, FILTER, &id, "bytes").await?, shown(bench, FILTER, &id, "packets").await?];
    Ok(Outcome::of("`0` `0`", got.join(" ")))
}

async fn switch(
    bench: &Bench<'_>,
    menu: &'static str,
    words: &[&str],
    name: &str,
    expected: &str,
) -> Result<Outcome, Stop> {
    let id = bench.add(menu, words).await?;
    Ok(Outcome::of(expected, shown(bench, menu, &id, name).await?))
}

async fn default_name(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add("/interface/bridge", &["=disabled=yes"]).await?;
    let name = bench.value("/interface/bridge", &id, "name").await?.unwrap_or_default();
    let good = name.strip_prefix("bridge").is_some_and(|rest| rest.parse::<u32>().is_ok());
    Ok(Outcome::when(good, "a name such as bridge1", name))
}

async fn network(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    bench.bridge().await?;
    let words = ["=address=192.0.2.5/30", "=interface=bh-conf-bridge", "=disabled=yes"];
    let id = bench.add("/ip/address", &words).await?;
    Ok(Outcome::of("`192.0.2.4`", shown(bench, "/ip/address", &id, "network").await?))
}

async fn bridge_runs(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add("/interface/bridge", &["=name=bh-conf-one", "=protocol-mode=none"]).await?;
    Ok(Outcome::of("`true`", shown(bench, "/interface/bridge", &id, "running").await?))
}

/// `bh-conf-vlan` as a port of `bh-conf-other`.
async fn slave(bench: &Bench<'_>) -> Result<(), Stop> {
    bench.vlans(&["vlan"]).await?;
    bench.add("/interface/bridge", &["=name=bh-conf-other", "=protocol-mode=none"]).await?;
    bench.add("/interface/bridge/port", &["=bridge=bh-conf-other", "=interface=bh-conf-vlan"]).await?;
    Ok(())
}

async fn address_on_a_slave(bench: &Bench<'_>, names: &[&str], expected: &str) -> Result<Outcome, Stop> {
    slave(bench).await?;
    let id = bench.add("/ip/address", &["=address=192.0.2.1/30", "=interface=bh-conf-vlan"]).await?;
    let mut seen = Vec::new();
    for name in names {
        seen.push(shown(bench, "/ip/address", &id, name).await?);
    }
    Ok(Outcome::of(expected, seen.join(" ")))
}

async fn port_of_a_list(bench: &Bench<'_>, itself: bool) -> Result<Outcome, Stop> {
    const PORT: &str = "/interface/bridge/port";
    bench.vlans(&["vlan"]).await?;
    bench.add("/interface/list", &["=name=bh-conf-list"]).await?;
    bench.add("/interface/list/member", &["=list=bh-conf-list", "=interface=bh-conf-vlan"]).await?;
    bench.add("/interface/bridge", &["=name=bh-conf-other", "=protocol-mode=none"]).await?;
    let id = bench.add(PORT, &["=bridge=bh-conf-other", "=interface=bh-conf-list"]).await?;
    if itself {
        return Ok(Outcome::of("`false`", shown(bench, PORT, &id, "inactive").await?));
    }
    let rows = bench.rows(PORT, &["?bridge=bh-conf-other", "?dynamic=true", "=.proplist=interface"]).await?;
    let names: Vec<_> = rows.iter().filter_map(|row| row.find("interface")).collect();
    Ok(Outcome::of("bh-conf-vlan", names.join(" ")))
}

async fn rule_on_a_slave(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    slave(bench).await?;
    // Enabled, for a disabled rule need not be judged; nothing jumps to its chain.
    let id = bench.add(FILTER, &["=chain=bh-conf", "=action=accept", "=in-interface=bh-conf-vlan"]).await?;
    Ok(Outcome::of("`true`", shown(bench, FILTER, &id, "invalid").await?))
}

/// A property in backquotes, or `absent`.
async fn shown(bench: &Bench<'_>, menu: &str, id: &str, name: &str) -> Result<String, Stop> {
    Ok(bench.value(menu, id, name).await?.map_or_else(|| "absent".to_owned(), |value| format!("`{value}`")))
}
