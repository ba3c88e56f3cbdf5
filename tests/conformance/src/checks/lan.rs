//! Who is on the LAN, and what the log takes.

use shared::routeros::{model::Row, value::parse_duration};

use super::scripts::POLICIES;
use crate::{
    bench::Bench,
    check::{Area::System, Check, Evidence, Outcome, Stop},
};

const REFERENCE: Evidence = Evidence::Sourced("CLI reference");
const LOG: Evidence = Evidence::Sourced("manual, \"Log\"");

const LEASES: &str = "/ip/dhcp-server/lease";
const HOSTS: &str = "/interface/bridge/host";
const RULES: &str = "/system/logging";

pub(super) fn checks() -> Vec<Check> {
    [clients(), log()].concat()
}

fn clients() -> Vec<Check> {
    let reads = Check::reads;
    vec![
        reads("lease-bound", System, "A bound lease tells who has it and how long still.", REFERENCE, |bench| {
            Box::pin(bound(bench))
        }),
        reads(
            "lease-waiting",
            System,
            "A lease that nobody has had is `waiting`, last seen `never`.",
            Evidence::Guess("45d", "leases without a client"),
            |bench| Box::pin(waiting(bench)),
        ),
        reads(
            "arp-row",
            System,
            "A complete row of `/ip/arp` has address, MAC address and interface.",
            REFERENCE,
            |bench| Box::pin(arp(bench)),
        ),
        reads(
            "bridge-host-learned",
            System,
            "A host behind a port is told with its bridge and `on-interface`.",
            Evidence::Seen("a provider's sample of 7.23.2"),
            |bench| Box::pin(learned(bench)),
        ),
        reads(
            "bridge-host-own",
            System,
            "A bridge's own ports are among its hosts, with `local`.",
            Evidence::Guess("45e", "a bridge's own addresses"),
            |bench| Box::pin(own(bench)),
        ),
        reads("link-downs", System, "An ethernet port tells how often its link went.", REFERENCE, |bench| {
            Box::pin(link_downs(bench))
        }),
    ]
}

fn log() -> Vec<Check> {
    vec![
        Check::reads("logging-actions", System, "There are actions memory, disk, echo and remote.", LOG, |bench| {
            Box::pin(actions(bench))
        }),
        Check::reads(
            "logging-rules",
            System,
            "A rule has topics and an action, and names one that is there.",
            LOG,
            |bench| Box::pin(rules(bench)),
        ),
        Check::writes("log-wants-a-rule", System, "What no rule takes is not in the log.", LOG, |bench| {
            Box::pin(wants_a_rule(bench))
        })
        .policies(POLICIES),
        Check::reads(
            "log-prefix",
            System,
            "A rule's prefix, a colon and a blank stand before the message.",
            Evidence::Guess("46a", "how a prefix is written"),
            |bench| Box::pin(prefix(bench)),
        ),
    ]
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map(str::to_owned).unwrap_or_default()
}

fn unsupported<T>(why: &str) -> Result<T, Stop> {
    Err(Stop::Unsupported(why.to_owned()))
}

async fn bound(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows(LEASES, &["?status=bound"]).await?;
    let Some(row) = rows.first() else { return unsupported("no lease is bound") };
    let spans = ["expires-after", "last-seen"].into_iter().filter(|name| parse_duration(&text(row, name)).is_err());
    let texts = ["active-address", "active-mac-address", "active-server"];
    let texts = texts.into_iter().filter(|name| text(row, name).is_empty());
    Ok(Outcome::of("", spans.chain(texts).collect::<Vec<_>>().join(" ")))
}

async fn waiting(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows(LEASES, &["?status=waiting", "?last-seen=never"]).await?;
    if !rows.is_empty() {
        return Ok(Outcome::Agree);
    }
    let others = bench.rows(LEASES, &["?dynamic=false", "=.proplist=status,last-seen"]).await?;
    let Some(row) = others.iter().find(|row| text(row, "status") != "bound") else {
        return unsupported("no lease waits for its client");
    };
    Ok(Outcome::of("waiting, a time or never", format!("{}, {}", text(row, "status"), text(row, "last-seen"))))
}

async fn arp(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/ip/arp", &["?complete=true"]).await?;
    let Some(row) = rows.first() else { return unsupported("the ARP table has no complete row") };
    let names = ["address", "mac-address", "interface", "dynamic", "DHCP", "published", "invalid"];
    let missing = names.into_iter().filter(|name| text(row, name).is_empty());
    Ok(Outcome::of("", missing.collect::<Vec<_>>().join(" ")))
}

async fn learned(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows(HOSTS, &["?local=false"]).await?;
    let Some(row) = rows.first() else { return unsupported("no bridge has learned of a host") };
    let names = ["bridge", "mac-address", "on-interface", "dynamic", "external"];
    let missing = names.into_iter().filter(|name| text(row, name).is_empty());
    Ok(Outcome::of("", missing.collect::<Vec<_>>().join(" ")))
}

async fn own(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let ports = bench.rows("/interface/bridge/port", &["?inactive=false", "?disabled=false"]).await?;
    if ports.is_empty() {
        return unsupported("no bridge has an active port");
    }
    let rows = bench.rows(HOSTS, &["?local=true"]).await?;
    Ok(Outcome::when(!rows.is_empty(), "rows with local", format!("{} rows", rows.len())))
}

async fn link_downs(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/interface", &["?type=ether"]).await?;
    let Some(row) = rows.first() else { return unsupported("there is no ethernet port") };
    let shown = text(row, "link-downs");
    Ok(Outcome::when(shown.parse::<u64>().is_ok(), "a number", shown))
}

async fn actions(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/system/logging/action", &[]).await?;
    let names: Vec<String> = rows.iter().map(|row| text(row, "name")).collect();
    let missing = ["memory", "disk", "echo", "remote"].into_iter().filter(|name| !names.iter().any(|own| own == name));
    Ok(Outcome::of("", missing.collect::<Vec<_>>().join(" ")))
}

async fn rules(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let names = bench.rows("/system/logging/action", &["=.proplist=name"]).await?;
    let rows = bench.rows(RULES, &[]).await?;
    let known = |row: &Row| names.iter().any(|name| text(name, "name") == text(row, "action"));
    let wrong = rows.iter().filter(|row| text(row, "topics").is_empty() || !known(row)).count();
    Ok(Outcome::when(wrong == 0 && !rows.is_empty(), "rules with both", format!("{wrong} of {} without", rows.len())))
}

async fn wants_a_rule(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rules = bench.rows(RULES, &["?disabled=false", "=.proplist=topics"]).await?;
    let takes = |row: &Row| {
        let topics = text(row, "topics");
        topics.split(',').all(|topic| matches!(topic, "script" | "debug") || topic.starts_with('!'))
    };
    if rules.iter().any(takes) {
        return unsupported("a rule of this router takes what scripts debug");
    }
    let mark = bench.mark();
    bench.run(&["/execute", &format!("=script=:log debug \"{mark}\""), "=as-string="]).await?;
    let lines = bench.rows("/log", &[&format!("?message={mark}"), "=.proplist=.id"]).await?.len();
    Ok(Outcome::of("0 lines", format!("{lines} lines")))
}

async fn prefix(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rules = bench.rows(RULES, &["?disabled=false", "?action=memory", "=.proplist=prefix"]).await?;
    let Some(prefix) = rules.iter().map(|row| text(row, "prefix")).find(|prefix| !prefix.is_empty()) else {
        return unsupported("no rule of this router has a prefix");
    };
    let lines = bench.rows("/log", &["=.proplist=message"]).await?;
    let Some(line) = lines.iter().map(|row| text(row, "message")).find(|line| line.starts_with(&prefix)) else {
        return unsupported("no line of the log has the prefix");
    };
    Ok(Outcome::when(line.starts_with(&format!("{prefix}: ")), format!("{prefix}: …"), line))
}
