//! The log and its rules. Source: manual, "Log"; the lines of links as in logs that people show.

use bulkhead_twin::{device::Fields, schema};

use crate::router::Router;

fn value(row: &Fields, name: &str) -> String {
    row.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn lines(router: &mut Router, buffer: &str) -> Vec<String> {
    let rows = router.rows("/log");
    rows.iter().filter(|row| value(row, "buffer") == buffer).map(|row| value(row, "message")).collect()
}

#[test]
fn a_link_that_goes_and_comes_is_logged_and_counted_in_every_version() {
    for version in schema::versions() {
        let mut router = Router::new(version);
        for up in [false, true, false, true] {
            router.pass(1000);
            router.device.set_link(router.now, "ether1", up).unwrap();
        }
        let said: Vec<String> = lines(&mut router, "memory").into_iter().filter(|line| line.contains("link")).collect();
        let (down, up) = ("ether1 link down", "ether1 link up (speed 1G, full duplex)");
        assert_eq!(said, [down, up, down, up], "{version}");
        let row = router.rows("/interface").into_iter().find(|row| value(row, "name") == "ether1").unwrap();
        assert_eq!(value(&row, "link-downs"), "2", "{version}");
        assert_eq!(value(&row, "last-link-down-time"), "1970-01-01 00:00:03", "{version}");
        assert_eq!(value(&row, "last-link-up-time"), "1970-01-01 00:00:04", "{version}");
    }
}

#[test]
fn a_device_is_born_with_four_rules_and_four_actions() {
    let mut router = Router::new("7.24");
    let rules: Vec<_> = router.rows("/system/logging").iter().map(|row| value(row, "topics")).collect();
    assert_eq!(rules, ["info", "error", "warning", "critical"]);
    let actions: Vec<_> = router.rows("/system/logging/action").iter().map(|row| value(row, "name")).collect();
    assert_eq!(actions, ["memory", "disk", "echo", "remote"]);
}

#[test]
fn what_no_rule_takes_is_not_logged() {
    let mut router = Router::new("7.24");
    router.ask("/log/debug", &[("message", "quiet")]).unwrap();
    router.ask("/log/warning", &[("message", "loud")]).unwrap();
    assert_eq!(lines(&mut router, "memory").last().unwrap(), "loud");
    assert!(!router.logged("quiet"));
    router.add("/system/logging", &[("topics", "script,debug"), ("action", "memory")]);
    router.ask("/log/debug", &[("message", "heard")]).unwrap();
    assert!(router.logged("heard"));
}

#[test]
fn a_rule_that_is_off_takes_nothing_and_a_topic_with_a_sign_is_left_out() {
    let mut router = Router::new("7.24");
    router.add("/system/logging/action", &[("name", "calm"), ("target", "memory")]);
    let rule = router.add("/system/logging", &[("topics", "info,!dhcp"), ("action", "calm")]);
    router.device.set_link(router.now, "ether1", false).unwrap();
    assert_eq!(lines(&mut router, "calm"), ["ether1 link down"], "and not that the lease is lost");
    router.ask("/system/logging/disable", &[("numbers", &rule)]).unwrap();
    router.device.set_link(router.now, "ether1", true).unwrap();
    assert_eq!(lines(&mut router, "calm").len(), 1);
}

#[test]
fn an_action_of_memory_has_its_own_buffer_prefix_and_length() {
    let mut router = Router::new("7.24");
    router.add("/system/logging/action", &[("name", "few"), ("target", "memory"), ("memory-lines", "2")]);
    router.add("/system/logging", &[("topics", "script"), ("action", "few"), ("prefix", "bh")]);
    for message in ["one", "two", "three"] {
        router.ask("/log/info", &[("message", message)]).unwrap();
    }
    assert_eq!(lines(&mut router, "few"), ["bh: two", "bh: three"]);
    assert_eq!(lines(&mut router, "memory").last().unwrap(), "three");
}

#[test]
fn from_7_18_a_rule_may_ask_for_a_pattern() {
    let mut router = Router::new("7.18.2");
    router.add("/system/logging/action", &[("name", "links"), ("target", "memory")]);
    router.add("/system/logging", &[("topics", "interface"), ("action", "links"), ("regex", "down$")]);
    for up in [false, true] {
        router.device.set_link(router.now, "ether1", up).unwrap();
    }
    assert_eq!(lines(&mut router, "links"), ["ether1 link down"]);
    let arguments = [("topics", "interface"), ("action", "memory"), ("regex", "x")];
    let mut older = Router::new("7.16.2");
    assert_eq!(older.ask("/system/logging/add", &arguments).unwrap_err(), "unknown parameter regex");
}

#[test]
fn an_action_that_is_not_there_is_refused() {
    let mut router = Router::new("7.24");
    let refused = router.ask("/system/logging/add", &[("topics", "info"), ("action", "nowhere")]).unwrap_err();
    assert_eq!(refused, "input does not match any value of action");
}
