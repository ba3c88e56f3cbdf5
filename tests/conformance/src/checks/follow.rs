//! Answers that go on: listen, follow, interval, monitor.

use std::time::Duration;

use crate::{
    bench::Bench,
    check::{Area::Follow, Check, Evidence, Outcome, Stop},
    raw::Raw,
};

const LIVE: Evidence = Evidence::Seen("wire traces on 7.23 and 7.24; librouteros");
const LIST: &str = "/interface/list";

/// How long silence is listened to.
const SILENCE: Duration = Duration::from_millis(500);

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::reads("listen-is-silent", Follow, "A listener says nothing until something happens.", LIVE, |bench| {
            Box::pin(silent(bench))
        }),
        Check::writes(
            "listen-life-of-a-row",
            Follow,
            "A listener hears the whole row when it is made and changed, and `.dead=true` when it is gone.",
            LIVE,
            |bench| Box::pin(life_of_a_row(bench)),
        ),
        Check::writes(
            "follow-begins-with-all",
            Follow,
            "`follow` begins with the rows that are there.",
            LIVE,
            |bench| Box::pin(follow(bench)),
        ),
        Check::writes("follow-only-begins-with-none", Follow, "`follow-only` tells changes alone.", LIVE, |bench| {
            Box::pin(follow_only(bench))
        }),
        Check::reads(
            "interval-sections",
            Follow,
            "`interval` prints again and again, with `.section` one higher each time.",
            LIVE,
            |bench| Box::pin(sections(bench)),
        ),
        Check::reads(
            "monitor-once",
            Follow,
            "`monitor-traffic` with `once` is one row without `.section`, rates in bits a second.",
            LIVE,
            |bench| Box::pin(monitor_once(bench)),
        ),
        Check::reads(
            "monitor-for-a-time",
            Follow,
            "`monitor-traffic` with a `duration` numbers its rows from 0 by `.section` and ends by itself.",
            LIVE,
            |bench| Box::pin(monitor_for_a_time(bench)),
        ),
        Check::writes(
            "listen-entry-that-runs-out",
            Follow,
            "A list's entry that runs out is told as `.dead=true`.",
            Evidence::Seen("live tests on 7.23"),
            |bench| Box::pin(runs_out(bench)),
        ),
        Check::writes(
            "listen-to-a-move",
            Follow,
            "A listener is not told that a row was moved.",
            Evidence::Guess("49", "whether a move is told"),
            |bench| Box::pin(move_unheard(bench)),
        ),
    ]
}

async fn silent(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    raw.send(&["/routing/table/listen", ".tag=L"]).await?;
    let heard = raw.next_within(SILENCE).await?;
    Ok(Outcome::of("nothing", heard.map_or_else(|| "nothing".to_owned(), Option::unwrap_or_default)))
}

/// A session that listens to interface lists, and nothing said yet.
async fn listener(bench: &Bench<'_>, words: &[&str]) -> Result<Raw, Stop> {
    let mut raw = bench.session().await?;
    let all: Vec<&str> = words.iter().copied().chain(["=.proplist=.id,name", ".tag=L"]).collect();
    raw.send(&all).await?;
    // Once something that was sent later is answered, the listener is there.
    raw.send(&["/system/identity/print", "=.proplist=name", ".tag=x"]).await?;
    Ok(raw)
}

/// The next line of the listener that is about this id, up to a bound of lines.
async fn about(raw: &mut Raw, id: &str) -> Result<String, Stop> {
    for _ in 0..100 {
        match raw.next().await? {
            Some(line) if line.contains(".tag=L") && line.contains(&format!("=.id={id}")) => {
                return Ok(line.replace(id, "ID"));
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok("nothing".to_owned())
}

async fn life_of_a_row(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = listener(bench, &["/interface/list/listen"]).await?;
    settled(&mut raw).await?;
    let id = bench.add(LIST, &["=name=bh-conf-list"]).await?;
    let born = about(&mut raw, &id).await?;
    bench.run(&["/interface/list/set", &format!("=.id={id}"), "=name=bh-conf-renamed"]).await?;
    let changed = about(&mut raw, &id).await?;
    bench.run(&["/interface/list/remove", &format!("=.id={id}")]).await?;
    let dead = about(&mut raw, &id).await?;
    Ok(Outcome::of(
        "!re .tag=L =.id=ID =name=bh-conf-list · !re .tag=L =.id=ID =name=bh-conf-renamed · !re .tag=L =.dead=true =.id=ID",
        [born, changed, dead].join(" · "),
    ))
}

/// Reads up to the answer to what was sent after the listener.
async fn settled(raw: &mut Raw) -> Result<(), Stop> {
    while let Some(line) = raw.next().await? {
        if line == "!done .tag=x" {
            break;
        }
    }
    Ok(())
}

async fn move_unheard(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    const FILTER: &str = "/ip/firewall/filter";
    let rule = ["=chain=bh-conf", "=action=accept", "=disabled=yes"];
    let (above, below) = (bench.add(FILTER, &rule).await?, bench.add(FILTER, &rule).await?);
    let mut raw = bench.session().await?;
    raw.send(&[&format!("{FILTER}/listen"), ".tag=L"]).await?;
    raw.send(&["/system/identity/print", "=.proplist=name", ".tag=x"]).await?;
    settled(&mut raw).await?;
    bench.run(&[&format!("{FILTER}/move"), &format!("=numbers={below}"), &format!("=destination={above}")]).await?;
    let heard = raw.next_within(SILENCE).await?;
    Ok(Outcome::of("nothing", heard.map_or_else(|| "nothing".to_owned(), Option::unwrap_or_default)))
}

async fn follow(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = bench.add(LIST, &["=name=bh-conf-list"]).await?;
    let mut raw = listener(bench, &["/interface/list/print", "=follow="]).await?;
    Ok(Outcome::of("!re .tag=L =.id=ID =name=bh-conf-list", about(&mut raw, &id).await?))
}

async fn follow_only(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let old = bench.add(LIST, &["=name=bh-conf-old"]).await?;
    let mut raw = listener(bench, &["/interface/list/print", "=follow-only="]).await?;
    settled(&mut raw).await?;
    let new = bench.add(LIST, &["=name=bh-conf-new"]).await?;
    let mut names = Vec::new();
    while let Some(line) = raw.next().await? {
        if line.contains(".tag=L") && [&old, &new].iter().any(|id| line.contains(&format!("=.id={id} "))) {
            names.push(line.rsplit('=').next().unwrap_or_default().to_owned());
        }
        if line.contains("bh-conf-new") {
            break;
        }
    }
    Ok(Outcome::of("bh-conf-new", names.join(" ")))
}

async fn sections(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = bench.session().await?;
    raw.send(&["/system/identity/print", "=interval=1", "=.proplist=name", ".tag=L"]).await?;
    let mut sections = Vec::new();
    while sections.len() < 2 {
        let Some(line) = raw.next().await? else { break };
        if let Some(trap) = line.strip_prefix("!trap") {
            return Ok(Outcome::Differ { expected: "rows with .section".to_owned(), got: trap.to_owned() });
        }
        sections.push(line.split_once("=.section=").map_or_else(
            || "no .section".to_owned(),
            |(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned(),
        ));
    }
    Ok(Outcome::of("0 1", sections.join(" ")))
}

/// The name of an interface that is there, whichever.
async fn an_interface(bench: &Bench<'_>) -> Result<String, Stop> {
    let rows = bench.rows("/interface", &["=.proplist=name"]).await?;
    let name = rows.first().and_then(|row| row.find("name")).map(str::to_owned);
    name.ok_or_else(|| Stop::Unsupported("the router has no interface".to_owned()))
}

async fn monitor_once(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let name = an_interface(bench).await?;
    let answer = bench.run(&["/interface/monitor-traffic", &format!("=interface={name}"), "=once="]).await?;
    let Some(row) = answer.rows.first() else {
        return Ok(Outcome::Differ { expected: "a row".to_owned(), got: "none".to_owned() });
    };
    let number = |name: &str| row.find(name).is_some_and(|text| text.parse::<u64>().is_ok());
    let good = answer.rows.len() == 1
        && row.find("name") == Some(name.as_str())
        && number("rx-bits-per-second")
        && number("tx-bits-per-second")
        && row.find(".section").is_none();
    Ok(Outcome::when(good, "one row with name and numbers of bits", format!("{:?}", answer.rows)))
}

async fn monitor_for_a_time(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let name = an_interface(bench).await?;
    let mut raw = bench.session().await?;
    let interface = format!("=interface={name}");
    let answer = raw.ask(&["/interface/monitor-traffic", &interface, "=duration=2s", ".tag=M"]).await?;
    let rows = answer.iter().filter(|line| line.starts_with("!re"));
    let numbered = rows.enumerate().all(|(at, line)| line.contains(&format!("=.section={at} ")));
    let ended = answer.last().is_some_and(|line| line == "!done .tag=M");
    Ok(Outcome::when(numbered && ended && answer.len() >= 2, ".section 0, 1, … and !done", answer.join(" · ")))
}

async fn runs_out(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let mut raw = listener(bench, &["/ip/firewall/address-list/listen"]).await?;
    settled(&mut raw).await?;
    let id = bench.add("/ip/firewall/address-list", &["=list=bh-conf", "=address=192.0.2.1", "=timeout=2s"]).await?;
    for _ in 0..100 {
        let line = about(&mut raw, &id).await?;
        if line.contains(".dead") || line == "nothing" {
            return Ok(Outcome::of("!re .tag=L =.dead=true =.id=ID", line));
        }
    }
    Ok(Outcome::Differ { expected: "the entry's end".to_owned(), got: "a hundred changes of it".to_owned() })
}
