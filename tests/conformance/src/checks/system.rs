//! What a router says of itself.

use shared::routeros::{model::Row, schema::Version, value::parse_duration};

use crate::{
    bench::Bench,
    check::{Area::System, Check, Evidence, Outcome, Stop},
};

const REFERENCE: Evidence = Evidence::Sourced("CLI reference");
const SEEN: Evidence = Evidence::Seen("prints of 7.x over the API and REST");

pub(super) fn checks() -> Vec<Check> {
    [itself(), versions(), packets()].concat()
}

fn itself() -> Vec<Check> {
    let reads = Check::reads;
    vec![
        reads("system-single-row", System, "A menu of one row prints it without an id.", SEEN, |bench| {
            Box::pin(single_row(bench))
        }),
        reads("system-resource", System, "`/system/resource` has what the agent reads.", REFERENCE, |bench| {
            Box::pin(resource(bench))
        }),
        reads("system-uptime", System, "Uptime is a duration with units.", SEEN, |bench| Box::pin(uptime(bench))),
        reads(
            "system-clock",
            System,
            "The clock's date is `2024-05-17`, its time `17:58:11`, its offset `+01:00`.",
            SEEN,
            |bench| Box::pin(clock(bench)),
        ),
        reads(
            "system-package",
            System,
            "`/system/package` names the package `routeros` and its version.",
            REFERENCE,
            |bench| Box::pin(package(bench)),
        ),
        reads(
            "system-device-mode",
            System,
            "`/system/device-mode` shows the mode and a boolean for `container`.",
            REFERENCE,
            |bench| Box::pin(device_mode(bench)),
        ),
        reads(
            "system-services",
            System,
            "`/ip/service` has `api` and `api-ssl` with their ports.",
            REFERENCE,
            |bench| Box::pin(services(bench)),
        ),
        reads(
            "system-active-user",
            System,
            "Our session is in `/user/active`, `via` its service.",
            REFERENCE,
            |bench| Box::pin(active_user(bench)),
        ),
        reads("system-log", System, "Log lines have a time, topics and a message.", REFERENCE, |bench| {
            Box::pin(log(bench))
        }),
    ]
}

/// What came and went with a version.
fn versions() -> Vec<Check> {
    let reads = Check::reads;
    vec![
        reads(
            "system-safe-mode",
            System,
            "`/safe-mode/print` shows `enabled` and `current`.",
            Evidence::Sourced("CLI reference; schema from 7.18 on"),
            |bench| Box::pin(safe_mode(bench)),
        )
        .from(Version::new(7, 18, 0)),
        reads(
            "system-no-safe-mode",
            System,
            "Before 7.18 there is no `/safe-mode`.",
            Evidence::Sourced("schemas"),
            |bench| Box::pin(no_safe_mode(bench)),
        )
        .before(Version::new(7, 18, 0)),
        reads(
            "root-ping-gone",
            System,
            "From 7.23 on `/ping` is no command of the root; `/tool/ping` is there.",
            Evidence::Sourced("schemas"),
            |bench| Box::pin(root_ping(bench)),
        )
        .from(Version::new(7, 23, 0)),
    ]
}

fn packets() -> Vec<Check> {
    let reads = Check::reads;
    vec![
        reads("interface-counters", System, "Interfaces show what they counted, as numbers.", REFERENCE, |bench| {
            Box::pin(interface_counters(bench))
        }),
        reads(
            "interfaces-that-run",
            System,
            "A query for `running=true` gives the interfaces that run.",
            SEEN,
            |bench| Box::pin(running_interfaces(bench)),
        ),
        reads(
            "fasttrack-dummy-first",
            System,
            "Where a filter rule fasttracks, a dynamic dummy row stands first in the filter.",
            Evidence::Seen("prints on 7.24.5"),
            |bench| Box::pin(dummies(bench, "/ip", "filter")),
        ),
        reads(
            "fasttrack-dummy-in-mangle",
            System,
            "Where a filter rule fasttracks, a dummy row stands first in mangle too.",
            Evidence::Guess("7a", "fasttrack's dummy rows"),
            |bench| Box::pin(dummies(bench, "/ip", "mangle")),
        ),
        reads(
            "fasttrack-dummy-in-raw",
            System,
            "Where a filter rule fasttracks, a dummy row stands first in raw too.",
            Evidence::Guess("7b", "fasttrack's dummy rows"),
            |bench| Box::pin(dummies(bench, "/ip", "raw")),
        ),
        reads(
            "fasttrack-dummy-v6",
            System,
            "Where an IPv6 filter rule fasttracks, a dummy row stands first in that filter.",
            Evidence::Guess("7c", "fasttrack's dummy rows"),
            |bench| Box::pin(dummies(bench, "/ipv6", "filter")),
        )
        .from(Version::new(7, 18, 0)),
    ]
}

async fn first(bench: &Bench<'_>, menu: &str) -> Result<Row, Stop> {
    Ok(bench.rows(menu, &[]).await?.into_iter().next().unwrap_or_default())
}

fn text(row: &Row, name: &str) -> String {
    row.find(name).map_or_else(|| "absent".to_owned(), str::to_owned)
}

/// The form of a text: every digit as `0`.
fn form(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

async fn single_row(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/system/identity", &[]).await?;
    let ids = rows.iter().filter(|row| row.find(".id").is_some()).count();
    Ok(Outcome::of("1 rows, 0 ids", format!("{} rows, {ids} ids", rows.len())))
}

async fn resource(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let row = first(bench, "/system/resource").await?;
    let texts = ["version", "architecture-name", "board-name", "uptime", "build-time"];
    let numbers = ["cpu-load", "cpu-count", "free-memory", "total-memory", "free-hdd-space", "total-hdd-space"];
    let missing = texts.iter().filter(|name| row.get(name).is_empty());
    let no_number = numbers.iter().filter(|name| text(&row, name).parse::<u64>().is_err());
    let wrong: Vec<&str> = missing.chain(no_number).copied().collect();
    Ok(Outcome::of("", wrong.join(" ")))
}

async fn uptime(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let shown = text(&first(bench, "/system/resource").await?, "uptime");
    let good = parse_duration(&shown).is_ok() && shown.ends_with(['w', 'd', 'h', 'm', 's']) && !shown.contains(':');
    Ok(Outcome::when(good, "a duration such as 1w2d3h4m5s", shown))
}

async fn clock(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let row = first(bench, "/system/clock").await?;
    let offset = text(&row, "gmt-offset").replace('-', "+");
    let shown = [form(&text(&row, "date")), form(&text(&row, "time")), form(&offset)];
    Ok(Outcome::of("0000-00-00 00:00:00 +00:00", shown.join(" ")))
}

async fn package(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/system/package", &["?name=routeros"]).await?;
    let version = rows.first().map_or_else(|| "no row".to_owned(), |row| text(row, "version"));
    let number = version.parse::<Version>();
    Ok(Outcome::when(number == Ok(bench.version()), bench.version(), version))
}

async fn device_mode(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let row = first(bench, "/system/device-mode").await?;
    let (mode, container) = (text(&row, "mode"), text(&row, "container"));
    let good = mode != "absent" && matches!(container.as_str(), "true" | "false");
    Ok(Outcome::when(good, "a mode, and container true or false", format!("{mode}, {container}")))
}

async fn services(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut wrong = Vec::new();
    for name in ["api", "api-ssl"] {
        let rows = bench.rows("/ip/service", &[&format!("?name={name}")]).await?;
        if !rows.iter().any(|row| text(row, "port").parse::<u16>().is_ok()) {
            wrong.push(name);
        }
    }
    Ok(Outcome::of("", wrong.join(" ")))
}

async fn active_user(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/user/active", &[&format!("?name={}", bench.router.target.username)]).await?;
    let via: Vec<String> = rows.iter().map(|row| text(row, "via")).collect();
    let service = match bench.router.target.security {
        bulkhead_agent::io::routeros::Security::Plain => "api",
        bulkhead_agent::io::routeros::Security::Pinned { .. } => "api-ssl",
    };
    Ok(Outcome::when(via.iter().any(|via| via == service), service, via.join(" ")))
}

async fn log(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = bench.rows("/log", &["=.proplist=.id,time,topics,message"]).await?;
    let Some(row) = rows.last() else { return Ok(Outcome::Unsupported { why: "the log is empty".to_owned() }) };
    let missing: Vec<&str> =
        ["time", "topics", "message"].into_iter().filter(|name| row.find(name).is_none()).collect();
    Ok(Outcome::of("", missing.join(" ")))
}

async fn safe_mode(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let row = first(bench, "/safe-mode").await?;
    let shown: Vec<String> = ["enabled", "current"].iter().map(|name| text(&row, name)).collect();
    let boolean = |text: &String| matches!(text.as_str(), "true" | "false");
    Ok(Outcome::when(shown.iter().all(boolean), "two booleans", shown.join(" ")))
}

async fn no_safe_mode(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let refused = bench.attempt(&["/safe-mode/print"]).await?.is_err();
    Ok(Outcome::when(refused, "a trap", "an answer"))
}

async fn root_ping(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let ping = |command: &'static str| async move {
        let answer = bench.attempt(&[command, "=address=127.0.0.1", "=count=1"]).await?;
        Ok::<_, Stop>(match answer {
            Ok(_) => "answered".to_owned(),
            Err(traps) => crate::check::joined(&traps),
        })
    };
    let (root, tool) = (ping("/ping").await?, ping("/tool/ping").await?);
    Ok(Outcome::of("no such command, answered", format!("{root}, {tool}")))
}

async fn interface_counters(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let row = first(bench, "/interface").await?;
    let names = ["rx-byte", "tx-byte", "rx-packet", "tx-packet"];
    let wrong: Vec<&str> = names.into_iter().filter(|name| text(&row, name).parse::<u64>().is_err()).collect();
    Ok(Outcome::of("", wrong.join(" ")))
}

async fn running_interfaces(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let names = |rows: &[Row]| rows.iter().map(|row| text(row, "name")).collect::<Vec<_>>().join(" ");
    let mut all = bench.rows("/interface", &["=.proplist=name,running"]).await?;
    all.retain(|row| text(row, "running") == "true");
    let asked = bench.rows("/interface", &["=.proplist=name", "?running=true"]).await?;
    Ok(Outcome::of(names(&all), names(&asked)))
}

async fn dummies(bench: &Bench<'_>, family: &str, table: &str) -> Result<Outcome, Stop> {
    let fasttrack = ["?action=fasttrack-connection", "?disabled=false", "=.proplist=.id"];
    if bench.rows(&format!("{family}/firewall/filter"), &fasttrack).await?.is_empty() {
        return Err(Stop::Unsupported("no filter rule of that family fasttracks here".to_owned()));
    }
    let row = first(bench, &format!("{family}/firewall/{table}")).await?;
    let shown = [text(&row, "dynamic"), text(&row, "action"), text(&row, "comment")].join(" ");
    Ok(Outcome::of("true passthrough special dummy rule to show fasttrack counters", shown))
}
