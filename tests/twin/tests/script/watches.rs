//! `/tool/netwatch` on the twin's clock.

use std::time::Duration;

use bulkhead_twin::{Options, Twin};

fn lines(twin: &Twin, text: &str) -> usize {
    twin.rows("/log").iter().flatten().filter(|(name, value)| name == "message" && value == text).count()
}

fn value(twin: &Twin, name: &str) -> String {
    let rows = twin.rows("/tool/netwatch");
    rows.into_iter().flatten().find(|(key, _)| key == name).map(|(_, value)| value).unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

async fn watched(more: &[(&str, &str)]) -> Twin {
    let twin = Twin::start(Options { clock_stands: true, ..Options::default() }).await.unwrap();
    let mut add = vec![("host", "198.51.100.1"), ("up-script", ":log info up"), ("down-script", ":log info down")];
    add.extend(more);
    twin.run("/tool/netwatch", "add", &add).unwrap();
    twin
}

#[tokio::test]
async fn scripts_run_when_a_host_comes_or_goes_and_not_at_every_probe() {
    let twin = watched(&[("startup-delay", "0s")]).await;
    assert_eq!(value(&twin, "status"), "unknown");
    twin.advance(seconds(4));
    assert_eq!((value(&twin, "status").as_str(), lines(&twin, "up")), ("up", 1));
    twin.advance(seconds(100));
    assert_eq!((value(&twin, "done-tests").as_str(), lines(&twin, "up")), ("11", 1));
    twin.set_link("ether1", false).unwrap();
    twin.advance(seconds(14));
    assert_eq!((value(&twin, "status").as_str(), lines(&twin, "down")), ("down", 1));
    assert_ne!(value(&twin, "failed-tests"), "0");
    twin.set_link("ether1", true).unwrap();
    twin.advance(seconds(20));
    assert_eq!((value(&twin, "status").as_str(), lines(&twin, "up")), ("up", 2));
}

#[tokio::test]
async fn after_a_start_probing_waits_for_the_startup_delay() {
    let twin = watched(&[]).await;
    twin.advance(seconds(299 - 10));
    assert_eq!(value(&twin, "status"), "unknown");
    twin.advance(seconds(20));
    assert_eq!(value(&twin, "status"), "up");
    twin.reboot();
    twin.advance(seconds(200));
    assert_eq!(value(&twin, "status"), "unknown");
    twin.advance(seconds(110));
    assert_eq!(value(&twin, "status"), "up");
}

#[tokio::test]
async fn a_first_state_may_be_ignored_and_other_types_are_not_probed() {
    let twin = watched(&[("startup-delay", "0s"), ("ignore-initial-up", "yes")]).await;
    twin.advance(seconds(60));
    assert_eq!((value(&twin, "status").as_str(), lines(&twin, "up")), ("up", 0));
    let twin = watched(&[("startup-delay", "0s"), ("type", "tcp-conn"), ("port", "80")]).await;
    twin.advance(seconds(60));
    assert_eq!((value(&twin, "status").as_str(), lines(&twin, "up")), ("unknown", 0));
}

#[tokio::test]
async fn a_watch_may_write_and_not_what_wants_more() {
    let twin = watched(&[("startup-delay", "0s"), ("up-script", "/user/add name=x group=full password=y")]).await;
    twin.advance(seconds(10));
    assert_eq!(lines(&twin, "script error: not enough permissions (9) (/user/add; line 1)"), 1);
    let twin = watched(&[("startup-delay", "0s"), ("up-script", "/interface/list/add name=made")]).await;
    twin.advance(seconds(10));
    assert!(twin.rows("/interface/list").iter().flatten().any(|field| field.1 == "made"));
}

#[tokio::test]
async fn the_agents_veth_answers_while_its_container_runs() {
    let twin = Twin::start(Options { clock_stands: true, ..Options::default() }).await.unwrap();
    twin.run("/interface/veth", "add", &[("name", "bh-agent"), ("address", "172.16.63.2/30")]).unwrap();
    let add = [("host", "172.16.63.2"), ("startup-delay", "0s"), ("interval", "5s"), ("timeout", "1s")];
    twin.run("/tool/netwatch", "add", &add).unwrap();
    twin.advance(seconds(10));
    assert_eq!(value(&twin, "status"), "down");
}
