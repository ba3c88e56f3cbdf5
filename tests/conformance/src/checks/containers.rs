//! Containers: those that are there, scratch ones whose image cannot be had, and one that runs where an image was named.

use std::time::Duration;

use shared::routeros::{model::Row, schema::Version};

use crate::{
    bench::Bench,
    check::{Area::Containers, Check, Evidence, Outcome, Steps, Stop, joined},
};

/// From this version on a flag tells each state, before it one property `status`.
const FLAGS: Version = Version::new(7, 20, 0);
const REFERENCE: Evidence = Evidence::Sourced("CLI reference of 7.24; changelog of 7.20");
const MANUAL: Evidence = Evidence::Sourced("manual, \"Container\"");

const MENU: &str = "/container";
/// Nothing is below `.invalid` (RFC 6761), so nothing is fetched.
const NOWHERE: &str = "=remote-image=bh-conf.invalid/none:latest";

/// How long an image may take to be fetched, and how long a start or a stop.
const FETCH: Duration = Duration::from_secs(300);
const SOON: Duration = Duration::from_secs(30);

pub(super) fn checks() -> Vec<Check> {
    [there(), fetching(), operating()].concat()
}

fn there() -> Vec<Check> {
    vec![
        Check::reads(
            "container-status",
            Containers,
            "Before 7.20 a container tells its state by `status`.",
            Evidence::Seen("older manual; provider samples"),
            |bench| Box::pin(status(bench)),
        )
        .before(FLAGS)
        .package("container"),
        Check::reads(
            "container-flags",
            Containers,
            "From 7.20 on one flag of a container is `true`, that of its state, and no other state is there.",
            REFERENCE,
            |bench| Box::pin(flags(bench)),
        )
        .from(FLAGS)
        .package("container"),
    ]
}

fn fetching() -> Vec<Check> {
    vec![
        writes("container-without-archive", "An archive that is not there is no value of `file`.", ARCHIVE, |bench| {
            Box::pin(without_archive(bench))
        }),
        writes("container-is-fetched", "A new container fetches its image at once.", REFERENCE, |bench| {
            Box::pin(is_fetched(bench))
        }),
        writes(
            "container-fetch-fails",
            "An image that cannot be had leaves a state that says so.",
            REFERENCE,
            |bench| Box::pin(fetch_fails(bench)),
        ),
        writes(
            "container-failure-has-a-reason",
            "Where fetching failed, `.about` says why.",
            Evidence::Seen("a client's source, of 7.20 and later"),
            |bench| Box::pin(has_a_reason(bench)),
        )
        .from(FLAGS),
        writes(
            "container-removed-while-fetched",
            "A container whose image is being fetched may be removed.",
            Evidence::Guess("41c", "what may be removed"),
            |bench| Box::pin(removed_while_fetched(bench)),
        ),
        writes(
            "container-start-of-nothing",
            "A container without its image is not started: `container is not extracted`.",
            Evidence::Guess("41f", "texts of containers"),
            |bench| Box::pin(start_of_nothing(bench)),
        ),
        writes(
            "container-root-dir-twice",
            "Two containers have not the same root directory.",
            Evidence::Guess("42c", "root directories from 7.23 on"),
            |bench| Box::pin(root_dir_twice(bench)),
        )
        .from(Version::new(7, 23, 0)),
    ]
}

fn operating() -> Vec<Check> {
    vec![
        writes(
            "container-runs",
            "A container is stopped, started and stopped, and tells each state.",
            MANUAL,
            |bench| Box::pin(runs(bench)),
        ),
        writes(
            "container-running-stays",
            "A container that runs is not removed: `container is running, stop it first`.",
            Evidence::Guess("6n", "a text not seen on the wire"),
            |bench| Box::pin(running_stays(bench)),
        ),
    ]
}

const ARCHIVE: Evidence = Evidence::Seen("7.21.3");

const fn writes(id: &'static str, promise: &'static str, evidence: Evidence, steps: Steps) -> Check {
    Check::writes(id, Containers, promise, evidence, steps).package("container")
}

/// Words of a state, in either style.
const STATES: [&str; 10] = [
    "stopped",
    "starting",
    "running",
    "stopping",
    "downloading/extracting",
    "extracting",
    "deleting",
    "download/extract failed",
    "error",
    "starting-with-healthcheck",
];

/// What a container says of its state.
fn state(bench: &Bench<'_>, row: &Row) -> String {
    let text = |name: &str| row.find(name).map(str::to_owned).unwrap_or_default();
    if bench.version() < FLAGS {
        return text("status");
    }
    let on: Vec<&str> = STATES.into_iter().filter(|name| text(name) == "true").collect();
    on.join(" ")
}

/// The same, of the scratch container of this id.
async fn state_of(bench: &Bench<'_>, id: &str) -> Result<String, Stop> {
    Ok(state(bench, &bench.row(MENU, id).await?))
}

async fn all(bench: &Bench<'_>) -> Result<Vec<Row>, Stop> {
    let rows = bench.rows(MENU, &[]).await?;
    if rows.is_empty() { Err(Stop::Unsupported("no container is there".to_owned())) } else { Ok(rows) }
}

async fn status(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let states: Vec<String> = all(bench).await?.iter().map(|row| state(bench, row)).collect();
    let known = states.iter().all(|state| STATES.contains(&state.as_str()));
    Ok(Outcome::when(known, "known words", states.join(", ")))
}

async fn flags(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let rows = all(bench).await?;
    let shown = |row: &Row| STATES.into_iter().filter(|name| row.find(name).is_some()).collect::<Vec<_>>().join(" ");
    let one = |row: &Row| STATES.contains(&state(bench, row).as_str()) && shown(row) == state(bench, row);
    let other = rows.iter().find(|row| !one(row)).map(shown);
    Ok(Outcome::of("one state each", other.unwrap_or_else(|| "one state each".to_owned())))
}

async fn veth(bench: &Bench<'_>) -> Result<(), Stop> {
    bench.add("/interface/veth", &["=name=bh-conf-veth", "=address=192.0.2.2/30", "=gateway=192.0.2.1"]).await?;
    Ok(())
}

/// A container whose image cannot be had.
async fn scratch(bench: &Bench<'_>) -> Result<String, Stop> {
    veth(bench).await?;
    bench.add(MENU, &["=interface=bh-conf-veth", NOWHERE]).await
}

async fn without_archive(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    veth(bench).await?;
    let words = ["=interface=bh-conf-veth", "=file=bh-conf-nothing.tar"];
    let got = match bench.attempt_add(MENU, &words).await? {
        Ok(_) => "added".to_owned(),
        Err(traps) => joined(&traps),
    };
    Ok(Outcome::of("input does not match any value of file", got))
}

fn is_fetching(state: &str) -> bool {
    matches!(state, "downloading/extracting" | "extracting")
}

async fn is_fetched(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = scratch(bench).await?;
    let state = state_of(bench, &id).await?;
    Ok(Outcome::when(is_fetching(&state), "it is fetched", state))
}

/// Waits until it is known that the image cannot be had.
async fn failed(bench: &Bench<'_>, id: &str) -> Result<String, Stop> {
    bench.until(FETCH, || async { Ok(!is_fetching(&state_of(bench, id).await?)) }).await?;
    state_of(bench, id).await
}

async fn fetch_fails(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = scratch(bench).await?;
    let expected = if bench.version() < FLAGS { "error" } else { "download/extract failed" };
    Ok(Outcome::of(expected, failed(bench, &id).await?))
}

async fn has_a_reason(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = scratch(bench).await?;
    failed(bench, &id).await?;
    let about = bench.value(MENU, &id, ".about").await?.unwrap_or_default();
    Ok(Outcome::when(!about.is_empty(), "a reason", about))
}

async fn removed_while_fetched(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = scratch(bench).await?;
    let state = state_of(bench, &id).await?;
    if !is_fetching(&state) {
        return Err(Stop::Unsupported(format!("it is {state} already")));
    }
    let refusal = bench.attempt(&["/container/remove", &format!("=.id={id}")]).await?.err();
    Ok(Outcome::of("removed", refusal.map_or_else(|| "removed".to_owned(), |traps| joined(&traps))))
}

async fn start_of_nothing(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = scratch(bench).await?;
    failed(bench, &id).await?;
    let refusal = bench.attempt(&["/container/start", &format!("=.id={id}")]).await?.err();
    let got = refusal.map_or_else(|| "started".to_owned(), |traps| joined(&traps));
    Ok(Outcome::of("failure: container is not extracted", got))
}

async fn root_dir_twice(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    veth(bench).await?;
    let words = ["=interface=bh-conf-veth", NOWHERE, "=root-dir=bh-conf-root"];
    bench.add(MENU, &words).await?;
    let refused = bench.attempt_add(MENU, &words).await?.is_err();
    Ok(Outcome::of("refused: true", format!("refused: {refused}")))
}

/// A container of the image that was named for it, stopped.
async fn of_the_image(bench: &Bench<'_>) -> Result<String, Stop> {
    let Some(image) = &bench.router.image else {
        return Err(Stop::Unsupported(
            "no image was named: --image NAME lets a scratch container be fetched".to_owned(),
        ));
    };
    veth(bench).await?;
    let words = ["=interface=bh-conf-veth", &format!("=remote-image={image}"), "=dns=192.0.2.1"];
    let id = bench.add(MENU, &words).await?;
    if reaches(bench, &id, "stopped", FETCH).await? {
        return Ok(id);
    }
    Err(Stop::Unsupported(format!("the image {image} does not come: {}", state_of(bench, &id).await?)))
}

async fn reaches(bench: &Bench<'_>, id: &str, wanted: &str, bound: Duration) -> Result<bool, Stop> {
    bench.until(bound, || async { Ok(state_of(bench, id).await? == wanted) }).await
}

async fn runs(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = of_the_image(bench).await?;
    let number = format!("=.id={id}");
    bench.run(&["/container/start", &number]).await?;
    let ran = reaches(bench, &id, "running", SOON).await?;
    bench.run(&["/container/stop", &number]).await?;
    let stopped = reaches(bench, &id, "stopped", SOON).await?;
    Ok(Outcome::of("ran: true, stopped: true", format!("ran: {ran}, stopped: {stopped}")))
}

async fn running_stays(bench: &Bench<'_>) -> Result<Outcome, Stop> {
    let id = of_the_image(bench).await?;
    let number = format!("=.id={id}");
    bench.run(&["/container/start", &number]).await?;
    if !reaches(bench, &id, "running", SOON).await? {
        return Err(Stop::Unsupported("the image does not keep running".to_owned()));
    }
    let refusal = bench.attempt(&["/container/remove", &number]).await?.err();
    let got = refusal.map_or_else(|| "removed".to_owned(), |traps| joined(&traps));
    bench.run(&["/container/stop", &number]).await?;
    reaches(bench, &id, "stopped", SOON).await?;
    Ok(Outcome::of("failure: container is running, stop it first", got))
}
