//! The twin keeps its promises, and a twin that breaks one is caught.

use std::time::Duration;

use bulkhead_conformance::{bench::Router, check::Check, checks, report::Verdict, run, scratch};
use bulkhead_twin::{
    Twin,
    fault::{Fault, FaultKind},
    schema,
};
use futures_util::future::join_all;

use crate::{router, twin};

/// What some checks want to see on a router: a container that runs, IPv6 that is fasttracked where it can be, a lease that
/// waits, a prefix in the log.
fn furnished(twin: &Twin) {
    twin.run("/interface/veth", "add", &[("name", "veth-service"), ("address", "172.16.9.2/30")]).unwrap();
    let container = [("interface", "veth-service"), ("remote-image", "example/service"), ("dns", "192.0.2.53")];
    let id = twin.run("/container", "add", &container).unwrap().unwrap();
    twin.advance(Duration::from_secs(10));
    twin.run("/container", "start", &[("numbers", &id)]).unwrap();
    let lease = [("address", "192.168.88.9"), ("mac-address", "02:00:5E:00:53:09"), ("server", "defconf")];
    twin.run("/ip/dhcp-server/lease", "add", &lease).unwrap();
    let prefixed = [("topics", "interface"), ("action", "memory"), ("prefix", "bh")];
    twin.run("/system/logging", "add", &prefixed).unwrap();
    twin.set_link("ether4", false).unwrap();
    let fasttrack = [("chain", "forward"), ("action", "fasttrack-connection")];
    // Not before 7.18.
    drop(twin.run("/ipv6/firewall/filter", "add", &fasttrack));
}

/// What of the list a version does not agree with, and does not leave out for its number.
async fn findings(version: &str) -> Vec<String> {
    let twin = twin(version).await;
    furnished(&twin);
    let before = twin.export();
    let router = Router { image: Some("example/service".to_owned()), ..router(&twin).await };
    let number = router.facts.number();
    let report = run::all(router, &checks::all(), |_| ()).await;
    assert_eq!(report.left, Vec::<String>::new(), "{version}");
    assert_eq!(twin.export(), before, "{version}: the run left something behind");
    let another_version =
        |check: &Check, verdict: &Verdict| matches!(verdict, Verdict::Unsupported { .. }) && !check.concerns(number);
    report
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Agree && !another_version(&finding.check, &finding.verdict))
        .map(|finding| format!("{version} {}: {:?}", finding.check.id, finding.verdict))
        .collect()
}

#[tokio::test]
async fn the_twin_keeps_every_promise_in_every_version() {
    let findings = join_all(schema::versions().into_iter().map(findings)).await.concat();
    assert!(findings.is_empty(), "\n  {}\n", findings.join("\n  "));
}

fn check(id: &str) -> Check {
    *checks::all().iter().find(|check| check.id == id).unwrap()
}

/// What a check says of a twin whose next command of this path is answered by a trap.
async fn mutated(twin: &Twin, router: &Router, id: &str, command: &str) -> Verdict {
    twin.fault(Fault::new(FaultKind::Trap, command));
    let verdict = run::run(router, &check(id)).await.unwrap().verdict;
    assert!(twin.faults().is_empty(), "{id} never sent {command}");
    assert_eq!(scratch::find(&router.client).await.unwrap(), [], "{id}");
    verdict
}

#[tokio::test]
async fn a_router_that_answers_otherwise_is_said_to_differ_and_nothing_stays_on_it() {
    let twin = twin("7.24").await;
    let router = router(&twin).await;
    for (id, command) in [
        ("order-move", "/ip/firewall/filter/move"),
        ("rename-is-followed", "/routing/table/set"),
        ("stale-table", "/routing/table/remove"),
        ("value-vlan-id", "/interface/vlan/add"),
        ("vif-objects-read-back", "/ip/firewall/mangle/add"),
        ("trap-missing", "/interface/vlan/add"),
        ("lease-runs-out", "/ip/firewall/address-list/print"),
        ("wrong-password", "/login"),
        ("system-clock", "/system/clock/print"),
        ("undo-takes-back", "/undo"),
        ("history-row", "/system/history/print"),
        ("safe-mode-is-shown", "/safe-mode/print"),
        ("removed-job-stops", "/system/script/job/remove"),
        ("schedule-runs", "/system/scheduler/add"),
        ("container-is-fetched", "/container/print"),
    ] {
        let verdict = mutated(&twin, &router, id, command).await;
        assert!(matches!(verdict, Verdict::Differ { .. }), "{id}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_router_that_goes_away_in_the_middle_is_reached_again_and_cleaned() {
    let twin = twin("7.24").await;
    let router = router(&twin).await;
    let watcher = crate::router(&twin).await;
    twin.fault(Fault::new(FaultKind::Disconnect, "/ip/firewall/filter/move"));
    let list = [check("order-move"), check("order-move-last")];
    let report = run::all(router, &list, |_| ()).await;
    assert!(matches!(report.findings[0].verdict, Verdict::Broken { .. }), "{:?}", report.findings[0].verdict);
    assert_eq!(report.findings[1].verdict, Verdict::Agree);
    assert_eq!(report.left, Vec::<String>::new());
    assert_eq!(scratch::find(&watcher.client).await.unwrap(), []);
}

#[tokio::test]
async fn what_a_user_may_not_do_is_unsupported_and_not_wrong() {
    let twin = twin("7.24").await;
    twin.run("/user", "add", &[("name", "eye"), ("group", "read"), ("password", "look")]).unwrap();
    let mut target = router(&twin).await.target;
    (target.username, target.password) = ("eye".to_owned(), "look".to_owned());
    let router = Router::connect(target).await.unwrap();
    let verdict = run::run(&router, &check("order-move")).await.unwrap().verdict;
    assert!(matches!(verdict, Verdict::Unsupported { .. }), "{verdict:?}");
    assert_eq!(run::run(&router, &check("system-clock")).await.unwrap().verdict, Verdict::Agree);
}
