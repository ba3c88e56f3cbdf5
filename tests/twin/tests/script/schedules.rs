//! `/system/scheduler` on the twin's clock.

use std::time::Duration;

use bulkhead_twin::{Options, Twin};

async fn twin() -> Twin {
    Twin::start(Options { clock_stands: true, ..Options::default() }).await.unwrap()
}

/// How many lines of the log a script has written.
fn lines(twin: &Twin, text: &str) -> usize {
    twin.rows("/log").iter().flatten().filter(|(name, value)| name == "message" && value == text).count()
}

/// A property of the first schedule.
fn value(twin: &Twin, name: &str) -> Option<String> {
    let first = twin.rows("/system/scheduler").swap_remove(0);
    first.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test]
async fn an_interval_runs_again_and_again_by_source_or_by_name() {
    let twin = twin().await;
    twin.run("/system/scheduler", "add", &[("interval", "1m"), ("on-event", ":log info tick")]).unwrap();
    twin.run("/system/script", "add", &[("name", "named"), ("source", ":log info named")]).unwrap();
    twin.run("/system/scheduler", "add", &[("interval", "90s"), ("on-event", "named")]).unwrap();
    assert_eq!(value(&twin, "run-count").as_deref(), Some("0"));
    twin.advance(seconds(50));
    assert_eq!(lines(&twin, "tick"), 0);
    twin.advance(seconds(140));
    assert_eq!((lines(&twin, "tick"), lines(&twin, "named")), (3, 2), "each at its moment, though the clock jumped");
    assert_eq!(value(&twin, "run-count").as_deref(), Some("3"));
    assert!(value(&twin, "next-run").is_some());
    twin.run("/system/scheduler", "disable", &[("numbers", "schedule1")]).unwrap();
    twin.advance(seconds(600));
    assert_eq!(lines(&twin, "tick"), 3);
    assert_eq!(value(&twin, "next-run"), None);
}

#[tokio::test]
async fn a_startup_schedule_runs_once_after_each_start() {
    let twin = twin().await;
    let add = [("start-time", "startup"), ("on-event", ":log info started")];
    twin.advance(seconds(10));
    twin.run("/system/scheduler", "add", &add).unwrap();
    twin.advance(seconds(100));
    assert_eq!(lines(&twin, "started"), 0);
    for runs in 1..=2 {
        twin.reboot();
        twin.advance(seconds(100));
        assert_eq!(lines(&twin, "started"), 1, "after reboot {runs}, which empties the log");
    }
}

#[tokio::test]
async fn a_moment_that_is_named_comes_once_and_one_that_is_past_never() {
    let twin = twin().await;
    for (date, event) in [("2098-01-01", ":log info future"), ("1999-01-01", ":log info past")] {
        let add = [("start-date", date), ("start-time", "00:00:00"), ("on-event", event)];
        twin.run("/system/scheduler", "add", &add).unwrap();
    }
    twin.advance(seconds(400 * 86_400));
    assert_eq!((lines(&twin, "future"), lines(&twin, "past")), (0, 0));
    twin.advance(seconds(80 * 366 * 86_400));
    assert_eq!((lines(&twin, "future"), lines(&twin, "past")), (1, 0));
}

#[tokio::test]
async fn a_schedule_does_what_its_policy_allows_and_tells_the_log_of_failures() {
    let twin = twin().await;
    let add = [("interval", "1m"), ("policy", "read"), ("on-event", "/interface list add name=x"), ("name", "weak")];
    twin.run("/system/scheduler", "add", &add).unwrap();
    twin.advance(seconds(61));
    assert_eq!(lines(&twin, "script error: not enough permissions (9) (/interface/list/add; line 1)"), 1);
}
