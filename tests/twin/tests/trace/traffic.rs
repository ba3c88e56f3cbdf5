//! What rules count of modelled traffic, and the connections that it leaves.

use std::time::Duration;

use bulkhead_twin::device::{Device, caller::Caller, print::Depth, request::Request};

use crate::router::{packet, router};

/// A compartment as Bulkhead makes it, with the rules on top and an egress through the tunnel.
const VIF: &str = "
/interface/bridge/add name=b vlan-filtering=yes
/interface/vlan/add name=v100 interface=b vlan-id=100
/ip/address/add address=172.16.64.1/30 interface=v100
/routing/table/add name=t fib
/ip/route/add routing-table=t dst-address=0.0.0.0/0 blackhole distance=254
/ip/route/add routing-table=t dst-address=0.0.0.0/0 gateway=wg-vpn
/routing/rule/add src-address=172.16.64.2/32 action=lookup-only-in-table table=t
/ip/firewall/nat/add chain=srcnat src-address=172.16.64.2 out-interface=wg-vpn action=masquerade
/ip/firewall/filter/add chain=forward in-interface=v100 action=jump jump-target=bulkhead comment=jump-in place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]
/ip/firewall/filter/add chain=forward out-interface=v100 action=jump jump-target=bulkhead comment=jump-out place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]
/ip/firewall/filter/add chain=bulkhead in-interface=v100 out-interface=wg-vpn src-address-list=bh-open action=accept comment=out
/ip/firewall/filter/add chain=bulkhead out-interface=v100 in-interface=wg-vpn connection-state=established,related action=accept comment=in
/ip/firewall/filter/add chain=bulkhead action=drop comment=closed
";
const OPEN: &str = "/ip/firewall/address-list/add list=bh-open address=172.16.64.2 timeout=30s\n";
const MEGABYTE: u64 = 8_000_000;

fn rows(device: &Device, menu: &str) -> Vec<Vec<(String, String)>> {
    let rows = device.render_menu(&Caller::router(), &Request::new(menu, "print", &[]), Depth::Whole).unwrap();
    rows.into_iter().map(|(_, fields)| fields).collect()
}

fn value(row: &[(String, String)], name: &str) -> String {
    row.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Bytes of the rule of a comment, in whole megabytes.
fn counted(device: &Device, table: &str, comment: &str) -> u64 {
    let rows = rows(device, &format!("/ip/firewall/{table}"));
    let rules = rows.iter().filter(|row| value(row, "comment") == comment);
    rules.map(|row| value(row, "bytes").parse::<u64>().unwrap()).sum::<u64>() / 1_000_000
}

fn at(device: &mut Device, second: u64) {
    device.settle(Duration::from_secs(second));
}

fn run(device: &mut Device, second: u64, menu: &str, verb: &str, arguments: &[(&str, &str)]) {
    device.run(Duration::from_secs(second), &Request::new(menu, verb, arguments)).unwrap();
}

fn purge(device: &mut Device, second: u64) {
    for row in rows(device, "/ip/firewall/connection") {
        run(device, second, "/ip/firewall/connection", "remove", &[(".id", &value(&row, ".id"))]);
    }
}

#[test]
fn the_rules_of_a_compartment_count_both_directions_while_the_gate_is_open() {
    let mut device = router(&format!("{VIF}{OPEN}"));
    device.set_traffic(Duration::ZERO, "v100", MEGABYTE, 2 * MEGABYTE).unwrap();
    at(&mut device, 20);
    assert_eq!((counted(&device, "filter", "out"), counted(&device, "filter", "in")), (20, 40));
    assert_eq!((counted(&device, "filter", "jump-in"), counted(&device, "filter", "jump-out")), (20, 40));
    assert_eq!(counted(&device, "filter", "closed"), 0);
    at(&mut device, 50);
    // The lease ran out after 30 s: from then on each packet meets the drop, and nobody answers any more.
    assert_eq!((counted(&device, "filter", "out"), counted(&device, "filter", "in")), (30, 60));
    assert_eq!(counted(&device, "filter", "closed"), 20);
}

#[test]
fn traffic_on_the_way_out_is_that_of_the_compartment_whose_packets_leave_there() {
    let mut device = router(&format!("{VIF}{OPEN}"));
    device.set_traffic(Duration::ZERO, "wg-vpn", 3 * MEGABYTE, MEGABYTE).unwrap();
    at(&mut device, 10);
    assert_eq!((counted(&device, "filter", "out"), counted(&device, "filter", "in")), (10, 30));
    // Seen at both its ends, a connection is counted once.
    device.set_traffic(Duration::from_secs(10), "v100", MEGABYTE, 3 * MEGABYTE).unwrap();
    at(&mut device, 20);
    assert_eq!((counted(&device, "filter", "out"), counted(&device, "filter", "in")), (20, 60));
}

/// *FastTrack*: no rule of filter sees the packets; the dummy rows show them.
#[test]
fn fasttracked_bytes_are_counted_by_the_dummy_rows_alone() {
    let mut device = router("");
    let dummies = |device: &Device| {
        ["filter", "mangle", "raw"].map(|table| counted(device, table, "special dummy rule to show fasttrack counters"))
    };
    for (interface, rx, tx) in [("ether1", 0, 0), ("wg-vpn", 0, 0), ("bridge", MEGABYTE, MEGABYTE)] {
        device.set_traffic(Duration::ZERO, interface, rx, tx).unwrap();
    }
    let before = dummies(&device);
    at(&mut device, 10);
    let after = dummies(&device);
    assert_eq!(
        [after[0] - before[0], after[1] - before[1], after[2] - before[2]],
        [20, 60, 20],
        "one, three and one row"
    );
    assert_eq!(counted(&device, "filter", "defconf: fasttrack"), 0);
    assert_eq!(counted(&device, "filter", "defconf: accept established,related, untracked"), 0);
    // Excluded from fasttrack, the connection is seen again once its row is gone, and not before.
    let first = "[:pick [/ip/firewall/filter/find where dynamic=no] 0]";
    let accept = format!("/ip/firewall/filter/add chain=forward action=accept comment=slow place-before={first}");
    bulkhead_twin::script::import(&mut device, Duration::from_secs(10), &accept).unwrap();
    at(&mut device, 20);
    assert_eq!(counted(&device, "filter", "slow"), 0, "a fasttracked connection stays so");
    purge(&mut device, 20);
    at(&mut device, 30);
    assert_eq!(counted(&device, "filter", "slow"), 20);
}

#[test]
fn a_new_drop_cuts_no_open_connection_that_an_accept_above_lets_through_until_its_row_is_removed() {
    let script = "/ip/firewall/filter/disable [/ip/firewall/filter/find action=fasttrack-connection]
/ip/firewall/filter/add chain=forward action=accept connection-state=established comment=open place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]";
    let mut device = router(script);
    purge(&mut device, 0);
    device.set_traffic(Duration::ZERO, "bridge", MEGABYTE, 0).unwrap();
    at(&mut device, 10);
    assert_eq!(counted(&device, "filter", "open"), 10);
    run(
        &mut device,
        10,
        "/ip/firewall/filter",
        "add",
        &[("chain", "forward"), ("action", "drop"), ("comment", "late")],
    );
    at(&mut device, 20);
    assert_eq!((counted(&device, "filter", "open"), counted(&device, "filter", "late")), (20, 0));
    purge(&mut device, 20);
    at(&mut device, 30);
    assert_eq!((counted(&device, "filter", "open"), counted(&device, "filter", "late")), (20, 10));
}

#[test]
fn a_connection_has_its_addresses_translations_and_bytes() {
    let mut device = router(&format!("{VIF}{OPEN}"));
    device.set_traffic(Duration::ZERO, "v100", MEGABYTE, 2 * MEGABYTE).unwrap();
    at(&mut device, 10);
    let rows = rows(&device, "/ip/firewall/connection");
    let row = rows.iter().find(|row| value(row, "src-address") == "172.16.64.2:50124").expect("the service's row");
    assert_eq!(value(row, "dst-address"), "198.51.100.80:443");
    assert_eq!(
        (value(row, "reply-src-address"), value(row, "reply-dst-address")),
        ("198.51.100.80:443".into(), "10.66.0.2:50124".into())
    );
    assert_eq!(
        (value(row, "srcnat"), value(row, "dstnat"), value(row, "fasttrack")),
        ("true".into(), "false".into(), "false".into())
    );
    assert_eq!((value(row, "orig-bytes"), value(row, "repl-bytes")), ("10000000".into(), "20000000".into()));
    let back = device.trace(&packet("198.51.100.80:443 10.66.0.2:50124 tcp in=wg-vpn state=established")).unwrap();
    assert_eq!((back.out_interface.as_deref(), back.packet.dst.to_string().as_str()), (Some("v100"), "172.16.64.2"));
}

#[test]
fn an_idle_connection_is_forgotten_after_its_time() {
    let mut device = router(&format!("{VIF}{OPEN}/ip/firewall/connection/tracking/set tcp-established-timeout=1m"));
    device.set_traffic(Duration::ZERO, "v100", MEGABYTE, MEGABYTE).unwrap();
    at(&mut device, 10);
    let there = |device: &Device| {
        rows(device, "/ip/firewall/connection").iter().any(|row| value(row, "src-address") == "172.16.64.2:50124")
    };
    assert!(there(&device));
    for interface in ["v100", "wg-vpn"] {
        device.set_traffic(Duration::from_secs(10), interface, 0, 0).unwrap();
    }
    at(&mut device, 60);
    assert!(there(&device));
    at(&mut device, 80);
    assert!(!there(&device));
}
