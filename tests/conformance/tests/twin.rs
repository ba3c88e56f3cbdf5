//! The list against the twin.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where the twin does not follow"
)]

use bulkhead_agent::io::routeros::{Security, Target};
use bulkhead_conformance::{bench::Router, checks, report::Verdict, run};
use bulkhead_twin::{Options, Twin, schema};

async fn router(version: &str) -> (Twin, Router) {
    let twin = Twin::start(Options { routeros_version: version.to_owned(), ..Options::default() }).await.unwrap();
    let mut target = Target::new("127.0.0.1", Security::Plain, "admin", "admin");
    target.port = twin.api.port();
    let router = Router::connect(target).await.unwrap();
    (twin, router)
}

#[tokio::test]
async fn the_twin_keeps_every_promise_in_every_version() {
    let mut findings = Vec::new();
    for version in schema::versions() {
        let (_twin, router) = router(version).await;
        for check in checks::all() {
            let finding = run::run(&router, &check).await.unwrap();
            let of_another_version =
                matches!(finding.verdict, Verdict::Unsupported { .. }) && !check.concerns(router.facts.number());
            if finding.verdict != Verdict::Agree && !of_another_version {
                findings.push(format!("{version} {}: {:?}", check.id, finding.verdict));
            }
        }
        assert_eq!(run::sweep(&router).await.unwrap(), Vec::<String>::new());
    }
    assert!(findings.is_empty(), "\n  {}\n", findings.join("\n  "));
}
