//! Who is on the LAN. Sources: RFC 2131 (when a lease is renewed), manual "Log" (the lines), a sample of 7.23.2 (hosts).

use bulkhead_twin::{device::Fields, schema};

use crate::router::Router;

const TABLET: &str = "02:00:5e:00:53:21";
const MINUTE: u64 = 60_000;

impl Router {
    fn comes(&mut self, mac: &str) {
        self.device.set_client(self.now, mac, "tablet", "ether3", true).unwrap();
    }

    fn goes(&mut self, mac: &str) {
        self.device.set_client(self.now, mac, "tablet", "ether3", false).unwrap();
    }

    /// The row of a menu with a MAC address.
    fn of(&mut self, menu: &str, mac: &str) -> Option<Fields> {
        let mac = ("mac-address".to_owned(), mac.to_ascii_uppercase());
        self.rows(menu).into_iter().find(|row| row.contains(&mac))
    }

    fn lease(&mut self, name: &str) -> Option<String> {
        self.of("/ip/dhcp-server/lease", TABLET).map(|row| value(&row, name))
    }
}

fn value(row: &Fields, name: &str) -> String {
    row.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn who_comes_gets_a_lease_and_is_in_both_tables_in_every_version() {
    for version in schema::versions() {
        let mut router = Router::new(version);
        router.comes(TABLET);
        let lease = router.of("/ip/dhcp-server/lease", TABLET).unwrap();
        for (name, expected) in [
            ("address", "192.168.88.251"),
            ("active-address", "192.168.88.251"),
            ("status", "bound"),
            ("host-name", "tablet"),
            ("expires-after", "30m"),
            ("last-seen", "0s"),
            ("dynamic", "true"),
        ] {
            assert_eq!(value(&lease, name), expected, "{version} {name}");
        }
        let arp = router.of("/ip/arp", TABLET).unwrap();
        for (name, expected) in [("interface", "bridge"), ("address", "192.168.88.251"), ("DHCP", "true")] {
            assert_eq!(value(&arp, name), expected, "{version} {name}");
        }
        let host = router.of("/interface/bridge/host", TABLET).unwrap();
        for (name, expected) in [("bridge", "bridge"), ("on-interface", "ether3"), ("local", "false")] {
            assert_eq!(value(&host, name), expected, "{version} {name}");
        }
        assert!(router.logged("defconf assigned 192.168.88.251 for 02:00:5E:00:53:21 tablet"), "{version}");
    }
}

#[test]
fn who_stays_renews_when_half_of_the_lease_is_over() {
    let mut router = Router::new("7.24");
    router.comes(TABLET);
    let mut seen = |minutes: u64| {
        router.pass(minutes * MINUTE);
        (router.lease("expires-after").unwrap(), router.lease("last-seen").unwrap())
    };
    assert_eq!(seen(14), ("16m".to_owned(), "14m".to_owned()));
    assert_eq!(seen(1), ("30m".to_owned(), "0s".to_owned()));
    assert_eq!(seen(24 * 60 + 4), ("26m".to_owned(), "4m".to_owned()));
}

#[test]
fn who_goes_leaves_the_tables_at_once_and_the_lease_when_it_runs_out() {
    let mut router = Router::new("7.21.4");
    router.comes(TABLET);
    router.pass(20 * MINUTE);
    router.goes(TABLET);
    assert!(router.of("/ip/arp", TABLET).is_none() && router.of("/interface/bridge/host", TABLET).is_none());
    assert_eq!(router.lease("expires-after").as_deref(), Some("25m"), "renewed five minutes ago");
    router.pass(24 * MINUTE);
    assert_eq!((router.lease("expires-after"), router.lease("last-seen")), (Some("1m".into()), Some("29m".into())));
    router.pass(2 * MINUTE);
    assert!(router.lease("address").is_none());
    assert!(router.logged("defconf deassigned 192.168.88.251 for 02:00:5E:00:53:21 tablet"));
}

#[test]
fn who_comes_back_in_time_has_the_lease_that_he_had() {
    let mut router = Router::new("7.24");
    router.comes(TABLET);
    router.goes(TABLET);
    router.comes("02:00:5e:00:53:22");
    router.pass(29 * MINUTE);
    router.comes(TABLET);
    router.pass(10 * MINUTE);
    assert_eq!(router.lease("address").as_deref(), Some("192.168.88.251"));
    assert_eq!(router.lease("expires-after").as_deref(), Some("20m"));
}

#[test]
fn a_dead_port_takes_its_clients_from_the_tables_and_lets_their_leases_run_out() {
    let mut router = Router::new("7.24");
    router.comes(TABLET);
    router.device.set_link(router.now, "ether3", false).unwrap();
    assert!(router.of("/ip/arp", TABLET).is_none());
    router.pass(10 * MINUTE);
    router.device.set_link(router.now, "ether3", true).unwrap();
    assert!(router.of("/ip/arp", TABLET).is_some());
    router.device.set_link(router.now, "ether3", false).unwrap();
    router.pass(31 * MINUTE);
    assert!(router.lease("address").is_none());
}

#[test]
fn an_empty_pool_gives_nothing_and_says_so() {
    let mut router = Router::new("7.24");
    router.ask("/ip/pool/set", &[("numbers", "default-dhcp"), ("ranges", "192.168.88.252-192.168.88.254")]).unwrap();
    router.comes(TABLET);
    assert!(router.lease("address").is_none());
    assert!(router.logged("defconf: failed to give out IP address: pool <default-dhcp> is empty"));
}

#[test]
fn a_lease_that_was_made_static_waits_for_its_client() {
    let mut router = Router::new("7.24");
    router.comes(TABLET);
    let id = router.lease(".id").unwrap();
    router.ask("/ip/dhcp-server/lease/make-static", &[("numbers", &id)]).unwrap();
    router.goes(TABLET);
    router.pass(40 * MINUTE);
    assert_eq!(router.lease("status").as_deref(), Some("waiting"));
    router.comes(TABLET);
    assert_eq!(router.lease("status").as_deref(), Some("bound"));
    assert_eq!(router.lease("address").as_deref(), Some("192.168.88.251"));
}

#[test]
fn leases_outlive_a_reboot_and_run_out_after_it() {
    let mut router = Router::new("7.24");
    router.comes(TABLET);
    router.goes(TABLET);
    router.pass(10 * MINUTE);
    router.device.reboot(router.now);
    assert_eq!(router.lease("expires-after").as_deref(), Some("20m"));
    router.pass(21 * MINUTE);
    assert!(router.lease("address").is_none());
}

#[test]
fn the_providers_gateway_is_in_the_arp_table_while_the_lease_holds() {
    let mut router = Router::new("7.24");
    let near = |router: &mut Router| {
        let rows = router.rows("/ip/arp");
        rows.iter().any(|row| value(row, "address") == "203.0.113.1" && value(row, "interface") == "ether1")
    };
    assert!(near(&mut router));
    router.device.set_link(router.now, "ether1", false).unwrap();
    assert!(!near(&mut router));
}
