//! The agent's view of its own network, on the kernel that the test runs on.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's script stops where it is not followed")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::{
    net::{IpAddr, Ipv4Addr},
    process::{Command, Stdio},
    time::Duration,
};

use bulkhead_agent::io::netlink::{self, Changes, Place};

/// Generous: the kernel takes microseconds.
const BOUND: Duration = Duration::from_secs(20);
/// Set in the process that runs inside the namespace.
const INSIDE: &str = "BULKHEAD_TEST_NAMESPACE";

#[tokio::test]
async fn reading_works_without_privileges_wherever_the_test_runs() {
    let place = netlink::read().await.expect("a place");
    if let Some(address) = place.towards_gateway() {
        assert!(place.addresses.contains(&address), "{place:?}");
    }
    assert!(place.interface.is_some() || place.addresses.is_empty(), "{place:?}");
    assert_ne!(place.interface.as_deref(), Some("lo"));
}

#[test]
fn a_namespace_with_only_a_loopback_has_no_interface_and_that_is_no_error() {
    inside("a_namespace_with_only_a_loopback_has_no_interface_and_that_is_no_error", || async {
        assert_eq!(netlink::read().await, Ok(Place::default()));
    });
}

#[test]
fn address_route_and_link_changes_are_seen_as_they_happen() {
    inside("address_route_and_link_changes_are_seen_as_they_happen", || async {
        let (first, mut changes) = netlink::watch().await.expect("a place");
        assert_eq!(first, Place::default());

        ip("link add veth0 type veth peer name veth1");
        ip("link set veth1 up");
        ip("link set veth0 up");
        ip("address add 172.17.0.2/24 dev veth0");
        until(&mut changes, |place| {
            place.interface.as_deref() == Some("veth0") && place.link_up && place.addresses.len() == 1
        })
        .await;

        ip("route add default via 172.17.0.1");
        let place = until(&mut changes, |place| place.gateway.is_some()).await;
        assert_eq!(place.gateway, Some(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1))));
        assert_eq!(place.towards_gateway().map(|own| own.to_string()).as_deref(), Some("172.17.0.2/24"));
        assert!(place.mac.is_some());
        assert_eq!(netlink::read().await, Ok(place));

        ip("address add 172.18.0.9/16 dev veth0");
        until(&mut changes, |place| place.addresses.len() == 2).await;

        ip("link set veth1 down");
        until(&mut changes, |place| !place.link_up).await;

        ip("address flush dev veth0");
        until(&mut changes, |place| place.gateway.is_none() && place.addresses.is_empty()).await;
    });
}

async fn until(changes: &mut Changes, wanted: impl Fn(&Place) -> bool) -> Place {
    let found = async {
        loop {
            let place = changes.next().await.expect("a place");
            if wanted(&place) {
                return place;
            }
        }
    };
    tokio::time::timeout(BOUND, found).await.expect("the change is seen")
}

/// Runs a test's body in a network namespace of its own: this test again, in a process that `ip netns exec` starts.
fn inside<F: Future<Output = ()>>(test: &str, body: impl FnOnce() -> F) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(body());
        return;
    }
    let Some(namespace) = Namespace::new(test) else {
        eprintln!("skipped: {test} needs root and the command `ip`");
        return;
    };
    let this = std::env::current_exe().expect("the test's own file");
    let status = Command::new("ip")
        .args(["netns", "exec", &namespace.0])
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status();
    assert!(status.expect("it ran").success(), "{test} failed inside the namespace");
}

/// A network namespace; removed when dropped.
struct Namespace(String);

impl Namespace {
    /// Nothing where this is not allowed or not possible.
    fn new(test: &str) -> Option<Self> {
        let name = format!("bulkhead-{}-{}", test.len(), std::process::id());
        let added = Command::new("ip").args(["netns", "add", &name]).stderr(Stdio::null()).status();
        added.is_ok_and(|status| status.success()).then_some(Self(name))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let removed = Command::new("ip").args(["netns", "delete", &self.0]).status();
        assert!(removed.is_ok_and(|status| status.success()), "the namespace {} is left behind", self.0);
    }
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    assert!(status.expect("ip").success(), "ip {arguments}");
}
