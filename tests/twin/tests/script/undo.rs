//! The stored undo script with a delayed job, as an agent arms it on the router against its own lock-out.

use std::time::Duration;

use bulkhead_twin::{Options, Twin};

/// Waits, and runs the stored script unless it has been removed.
const ARMED: &str = ":delay 150s; :if ([:len [/system/script/find name=\"bulkhead-undo-7\"]]>0) \
                     do={/system/script/run bulkhead-undo-7}";

async fn armed() -> (Twin, String) {
    let twin = Twin::start(Options { clock_stands: true, ..Options::default() }).await.unwrap();
    let source = ":do {/interface/bridge/remove none-such} on-error={}\n\
                  :do {/interface/bridge/remove [find name=locked-out]} on-error={}";
    twin.run("/system/script", "add", &[("name", "bulkhead-undo-7"), ("source", source)]).unwrap();
    let job = twin.run("", "execute", &[("script", ARMED)]).unwrap().unwrap();
    twin.run("/interface/bridge", "add", &[("name", "locked-out")]).unwrap();
    (twin, job)
}

fn is_there(twin: &Twin) -> bool {
    twin.rows("/interface/bridge").iter().flatten().any(|field| field.1 == "locked-out")
}

fn jobs(twin: &Twin) -> Vec<String> {
    twin.rows("/system/script/job")
        .iter()
        .flatten()
        .filter(|(name, _)| name == ".id")
        .map(|(_, id)| id.clone())
        .collect()
}

#[tokio::test]
async fn the_undo_fires_after_its_delay_and_not_before() {
    let (twin, job) = armed().await;
    assert_eq!(jobs(&twin), [job]);
    twin.advance(Duration::from_secs(140));
    assert!(is_there(&twin));
    twin.advance(Duration::from_secs(10));
    assert!(!is_there(&twin));
    assert_eq!(jobs(&twin), Vec::<String>::new());
    let record = twin.recorded();
    let removed = ["/interface/bridge/remove", ".script"];
    assert!(
        record.iter().any(|words| removed.iter().all(|word| words.iter().any(|found| found == word))),
        "{record:?}"
    );
}

#[tokio::test]
async fn the_undo_is_disarmed_by_removing_its_script() {
    let (twin, _) = armed().await;
    twin.run("/system/script", "remove", &[("numbers", "bulkhead-undo-7")]).unwrap();
    twin.advance(Duration::from_secs(600));
    assert!(is_there(&twin));
    assert_eq!(jobs(&twin), Vec::<String>::new(), "the job has come to its end without doing anything");
}

#[tokio::test]
async fn the_undo_is_disarmed_by_removing_its_job() {
    let (twin, job) = armed().await;
    twin.run("/system/script/job", "remove", &[("numbers", &job)]).unwrap();
    twin.advance(Duration::from_secs(600));
    assert!(is_there(&twin));
}

#[tokio::test]
async fn the_undo_dies_with_a_reboot() {
    let (twin, _) = armed().await;
    twin.reboot();
    assert_eq!(jobs(&twin), Vec::<String>::new());
    twin.advance(Duration::from_secs(600));
    assert!(is_there(&twin), "a job outlived the reboot");
}
