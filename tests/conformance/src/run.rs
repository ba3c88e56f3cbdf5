//! Checks, one after the other, against one router.

use crate::{
    bench::{Bench, Router},
    check::{Body, Check, Outcome, Stop, joined},
    report::{Finding, Report, Verdict},
    scratch,
};

/// Texts by which a router says that it is not able or not willing, rather than that we are wrong.
const UNABLE: [&str; 5] = [
    "not enough permissions",
    "not allowed",
    "no such command",
    "failure: not allowed by device-mode",
    "unknown parameter",
];

/// Runs one check, takes its scratch rows away, and says what came of it.
///
/// # Errors
/// [`Stop::Lost`] when the scratch rows could not be taken away, because the connection is gone.
pub async fn run(router: &Router, check: &Check) -> Result<Finding, Stop> {
    if let Some(why) = out_of_reach(router, check) {
        return Ok(Finding::of(check, Verdict::Unsupported { why }));
    }
    let bench = Bench::new(router, check.id);
    let outcome = match check.body {
        Body::Steps(steps) => steps(&bench).await,
        Body::Kept(kept) => kept.ask(&bench).await,
        Body::Refused(refused) => refused.ask(&bench).await,
        Body::Says(says) => says.ask(&bench).await,
    };
    let stayed = bench.clear().await?;
    let verdict = match outcome {
        Ok(Outcome::Agree) if !stayed.is_empty() => {
            let rows: Vec<String> = stayed.iter().map(|(row, why)| format!("{} {}: {why}", row.menu, row.id)).collect();
            Verdict::Differ { expected: "the check's rows can be removed".to_owned(), got: rows.join(", ") }
        }
        Ok(outcome) => outcome.into(),
        Err(stop) => verdict_of(stop),
    };
    Ok(Finding::of(check, verdict))
}

/// Why a check is not for this router.
fn out_of_reach(router: &Router, check: &Check) -> Option<String> {
    if !check.concerns(router.facts.number()) {
        return Some(format!("it is about {}", check.versions()));
    }
    let package = check.package.filter(|name| !router.facts.packages.iter().any(|package| package == name))?;
    Some(format!("the package {package} is not installed"))
}

fn verdict_of(stop: Stop) -> Verdict {
    match stop {
        Stop::Refused { command, traps } => {
            let got = joined(&traps);
            if UNABLE.iter().any(|text| got.starts_with(text)) {
                Verdict::Unsupported { why: format!("{command}: {got}") }
            } else {
                Verdict::Differ { expected: format!("{command}: carried out"), got }
            }
        }
        Stop::Unsupported(why) => Verdict::Unsupported { why },
        Stop::Lost(why) => Verdict::Broken { why },
    }
}

/// What of ours is on the router, removed; gives those rows that would not go.
///
/// # Errors
/// [`Stop::Lost`]
pub async fn sweep(router: &Router) -> Result<Vec<String>, Stop> {
    let rows = scratch::find(&router.client).await?;
    let stayed = scratch::remove(&router.client, &rows).await?;
    Ok(stayed.into_iter().map(|(row, why)| format!("{} {} ({}): {why}", row.menu, row.id, row.what)).collect())
}

/// Runs checks one after the other and, where any of them writes, takes away what may be left at the end. `told` hears of
/// each finding.
///
/// A connection that is lost is made anew once; where that fails, the rest of the checks are not run.
pub async fn all(mut router: Router, checks: &[Check], mut told: impl FnMut(&Finding)) -> Report {
    let facts = router.facts.clone();
    let writes = checks.iter().any(|check| check.writes);
    let mut findings = Vec::new();
    for check in checks {
        let finding = match run(&router, check).await {
            Ok(finding) => finding,
            Err(stop) => Finding::of(check, Verdict::Broken { why: stop.to_string() }),
        };
        told(&finding);
        let broken = matches!(finding.verdict, Verdict::Broken { .. });
        findings.push(finding);
        if broken {
            match again(&router, writes).await {
                Ok(anew) => router = anew,
                Err(stop) => {
                    let left = vec![format!("unknown, for the router is not reached any more ({stop}): use --clean")];
                    return Report { facts, findings, left };
                }
            }
        }
    }
    let left = if writes { sweep(&router).await } else { Ok(Vec::new()) };
    let left = left.unwrap_or_else(|stop| vec![format!("unknown ({stop}): use --clean")]);
    Report { facts, findings, left }
}

async fn again(router: &Router, writes: bool) -> Result<Router, Stop> {
    let router = Router { image: router.image.clone(), ..Router::connect(router.target.clone()).await? };
    if writes {
        sweep(&router).await?;
    }
    Ok(router)
}
