//! The provider's side: leases, the Internet behind a live gateway, names.

use bulkhead_twin::device::wan::{Dns, Lease};

use crate::router::Router;

fn bound(router: &mut Router) -> [bool; 3] {
    let has = |rows: Vec<Vec<(String, String)>>, name: &str, value: &str| {
        rows.iter().flatten().any(|(key, found)| key == name && found == value)
    };
    [
        has(router.rows("/ip/address"), "address", "203.0.113.10/24"),
        has(router.rows("/ip/route"), "dst-address", "0.0.0.0/0"),
        has(router.rows("/ip/dns"), "dynamic-servers", "203.0.113.1"),
    ]
}

#[test]
fn with_the_lease_go_address_route_and_resolver_and_with_it_they_come_back() {
    let cases = [
        (Lease::Searching, "searching...", false),
        (Lease::Requesting, "requesting...", false),
        (Lease::Renewing, "renewing...", true),
        (Lease::Rebinding, "rebinding...", true),
        (Lease::Stopped, "stopped", false),
        (Lease::Error, "error", false),
        (Lease::Bound, "bound", true),
    ];
    let mut router = Router::new("7.24");
    for (lease, status, held) in cases {
        router.device.set_wan(router.now, None, Some(lease), None, None);
        assert_eq!(router.value("/ip/dhcp-client", "status").as_deref(), Some(status));
        assert_eq!(bound(&mut router), [held; 3], "{status}");
    }
    assert!(router.logged("dhcp-client on ether1 lost IP address 203.0.113.10"));
    assert!(router.logged("dhcp-client on ether1 got IP address 203.0.113.10"));
}

#[test]
fn a_pulled_cable_ends_the_lease() {
    let mut router = Router::new("7.18.2");
    router.device.set_wan(router.now, Some(false), None, None, None);
    assert_eq!(bound(&mut router), [false; 3]);
    router.device.set_wan(router.now, Some(true), None, None, None);
    assert_eq!(bound(&mut router), [true; 3]);
}

#[test]
fn the_gateway_lives_on_while_the_internet_behind_it_is_dead() {
    let mut router = Router::new("7.24");
    let mut alive = |internet: bool, host: &str, interface: Option<&str>| {
        router.device.set_wan(router.now, None, None, Some(internet), None);
        let mut arguments = vec![("address", host)];
        arguments.extend(interface.map(|name| ("interface", name)));
        let request = bulkhead_twin::device::request::Request::new("/tool", "ping", &arguments);
        router.device.ping_row(&request, 0, 0).1
    };
    for (host, interface, without) in [
        ("203.0.113.1", None, true),
        ("9.9.9.9", None, false),
        ("9.9.9.9", Some("ether1"), false),
        ("9.9.9.9", Some("wg-vpn"), false),
        ("192.168.88.1", None, true),
        ("192.168.88.254", None, true),
    ] {
        assert!(alive(true, host, interface), "{host} {interface:?}");
        assert_eq!(alive(false, host, interface), without, "{host} {interface:?}");
    }
}

#[test]
fn without_a_route_a_ping_says_so() {
    let mut router = Router::new("7.24");
    router.device.set_wan(router.now, None, Some(Lease::Stopped), None, None);
    let request = bulkhead_twin::device::request::Request::new("/tool", "ping", &[("address", "9.9.9.9")]);
    let (row, answered) = router.device.ping_row(&request, 0, 0);
    assert!(!answered && row.contains(&("status".to_owned(), "no route to host".to_owned())), "{row:?}");
}

#[test]
fn names_are_found_as_far_as_the_servers_answer() {
    let mut router = Router::new("7.24");
    let ask = |router: &mut Router, name: &str, server: Option<&str>| {
        let mut arguments = vec![("domain-name", name)];
        arguments.extend(server.map(|server| ("server", server)));
        match router.ask("/resolve", &arguments) {
            Ok(bulkhead_twin::device::Reply::Done(Some(address))) => address,
            Ok(other) => panic!("{other:?}"),
            Err(trap) => trap,
        }
    };
    assert_eq!(ask(&mut router, "example.com", None), "198.51.100.80");
    assert_eq!(ask(&mut router, "router.lan", None), "192.168.88.1");
    assert_eq!(ask(&mut router, "no.invalid", None), "failure: dns name does not exist");
    for (dns, text) in [(Dns::Timeout, "failure: dns server timeout"), (Dns::Servfail, "failure: dns server failure")] {
        router.device.set_wan(router.now, None, None, None, Some(dns));
        assert_eq!(ask(&mut router, "example.com", None), text);
        assert_eq!(ask(&mut router, "example.com", Some("9.9.9.9")), "198.51.100.80", "another server still answers");
        assert_eq!(ask(&mut router, "router.lan", None), "192.168.88.1", "kept here");
    }
    router.device.set_wan(router.now, None, None, Some(false), None);
    assert_eq!(ask(&mut router, "example.com", Some("9.9.9.9")), "failure: dns server timeout");
}

#[test]
fn load_memory_and_warmth_are_what_the_world_says() {
    let mut router = Router::new("7.24");
    router.device.set_resource(router.now, Some(93), Some(75), Some(81)).unwrap();
    assert_eq!(router.value("/system/resource", "cpu-load").as_deref(), Some("93"));
    assert_eq!(router.value("/system/resource", "free-memory").as_deref(), Some("268435456"));
    let warmth = router.rows("/system/health").concat();
    assert!(warmth.contains(&("value".to_owned(), "81".to_owned())), "{warmth:?}");
    assert!(router.device.set_resource(router.now, Some(101), None, None).is_err());
}
