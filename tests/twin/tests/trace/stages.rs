//! The order of the stages: the manual's *Packet Flow in RouterOS*, chains of each kind of packet.

use shared::routeros::trace::Verdict;

use crate::router::{packet, router, verdict, way};

/// A rule without matchers in every chain of every table, so that each shows where it stands on the way.
const EVERYWHERE: &str = "
/ip/firewall/filter/disable [/ip/firewall/filter/find action=fasttrack-connection]
/ip/firewall/raw/add chain=prerouting action=passthrough comment=r
/ip/firewall/raw/add chain=output action=passthrough comment=r
/ip/firewall/mangle/add chain=prerouting action=passthrough comment=m
/ip/firewall/mangle/add chain=input action=passthrough comment=m
/ip/firewall/mangle/add chain=forward action=passthrough comment=m
/ip/firewall/mangle/add chain=output action=passthrough comment=m
/ip/firewall/mangle/add chain=postrouting action=passthrough comment=m
/ip/firewall/nat/add chain=dstnat action=passthrough comment=n
/ip/firewall/filter/add chain=output action=passthrough comment=f
";

#[test]
fn a_forwarded_packet_goes_through_prerouting_forward_and_postrouting() {
    let expected = [
        "raw prerouting passthrough \"r\"",
        "mangle prerouting passthrough \"m\"",
        "nat dstnat passthrough \"n\"",
        "routing main forward",
        "mangle forward passthrough \"m\"",
        "mangle postrouting passthrough \"m\"",
        "nat srcnat masquerade \"defconf: masquerade\" (from 203.0.113.10:5000)",
        "forward ether1",
    ];
    assert_eq!(way(&router(EVERYWHERE), "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge"), expected);
}

#[test]
fn a_packet_for_the_router_goes_through_prerouting_and_input() {
    let expected = [
        "raw prerouting passthrough \"r\"",
        "mangle prerouting passthrough \"m\"",
        "nat dstnat passthrough \"n\"",
        "routing local local",
        "mangle input passthrough \"m\"",
        "local",
    ];
    assert_eq!(way(&router(EVERYWHERE), "192.168.88.20:5000 192.168.88.1:8728 tcp in=bridge"), expected);
}

#[test]
fn a_packet_of_the_router_goes_through_output_and_postrouting() {
    let expected = [
        "routing main forward",
        "raw output passthrough \"r\"",
        "mangle output passthrough \"m\"",
        "filter output passthrough \"f\"",
        "mangle postrouting passthrough \"m\"",
        "nat srcnat masquerade \"defconf: masquerade\"",
        "forward ether1",
    ];
    assert_eq!(way(&router(EVERYWHERE), "203.0.113.10:5000 198.51.100.80:443 tcp"), expected);
}

#[test]
fn only_the_first_packet_of_a_connection_meets_the_nat_table() {
    let later = way(&router(EVERYWHERE), "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge state=established");
    assert!(later.iter().all(|step| !step.starts_with("nat")), "{later:?}");
    let untracked = format!("{EVERYWHERE}\n/ip/firewall/raw/add chain=prerouting action=notrack");
    let way = way(&router(&untracked), "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge");
    assert!(way.iter().all(|step| !step.starts_with("nat")), "{way:?}");
}

#[test]
fn every_stage_can_stop_a_packet() {
    let (through, to, of) = (
        "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge",
        "192.168.88.20:5000 192.168.88.1:8728 tcp in=bridge",
        "192.168.88.1:8728 192.168.88.20:5000 tcp state=established",
    );
    for (table, chain, stopped, passing) in [
        ("raw", "prerouting", &[through, to][..], &[of][..]),
        ("raw", "output", &[of], &[through, to]),
        ("filter", "input", &[to], &[through, of]),
        ("filter", "forward", &[through], &[to, of]),
        ("filter", "output", &[of], &[through, to]),
    ] {
        let first = format!("[:pick [/ip/firewall/{table}/find where dynamic=no] 0]");
        let place = if table == "filter" { format!(" place-before={first}") } else { String::new() };
        let device = router(&format!("/ip/firewall/{table}/add chain={chain} action=drop{place}"));
        for text in stopped {
            assert_eq!(verdict(&device, text), "drop", "{table} {chain}: {text}");
        }
        for text in passing {
            assert_ne!(verdict(&device, text), "drop", "{table} {chain}: {text}");
        }
    }
}

#[test]
fn a_rejected_packet_is_told_with_the_answer_that_its_sender_gets() {
    let first = "place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]";
    let device = router(&format!("/ip/firewall/filter/add chain=forward action=reject reject-with=tcp-reset {first}"));
    let way = way(&device, "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge");
    assert_eq!(way[way.len() - 2..], ["filter forward reject (tcp-reset)", "reject"]);
}

/// *Connection tracking*, FastTrack: such packets pass by firewall, connection tracking and mangle. The rule itself
/// lets its packet go on, which is why the manual puts an accept behind it.
#[test]
fn a_fasttracked_connection_meets_no_rule_and_its_first_packets_do() {
    let drop = "/ip/firewall/mangle/add chain=forward action=passthrough comment=m";
    let device = router(drop);
    let first = way(&device, "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge state=established");
    assert!(first.iter().any(|step| step.starts_with("filter forward fasttrack-connection")), "{first:?}");
    assert!(first.iter().any(|step| step.starts_with("filter forward accept")), "{first:?}");
    let later = way(&device, "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge state=established fasttrack=yes");
    let expected = [
        "fasttrack prerouting fasttrack-connection (no rule sees this packet)",
        "routing main forward",
        "forward ether1",
    ];
    assert_eq!(later, expected);
}

#[test]
fn ipv6_has_rules_and_routes_of_its_own() {
    let device = router(
        "/ipv6/address/add address=2001:db8:1::1/64 interface=bridge
         /ipv6/address/add address=2001:db8:2::2/64 interface=ether1
         /ipv6/route/add dst-address=::/0 gateway=2001:db8:2::1
         /ipv6/firewall/raw/add chain=prerouting dst-address=2001:db8:9::/48 action=drop comment=raw
         /ipv6/firewall/mangle/add chain=postrouting action=passthrough comment=m",
    );
    let packet = "[2001:db8:1::20]:5000 [2001:db8:5::1]:443 tcp in=bridge";
    let expected = ["routing main forward", "mangle postrouting passthrough \"m\"", "forward ether1"];
    assert_eq!(way(&device, packet), expected);
    assert_eq!(verdict(&device, "[2001:db8:1::20]:5000 [2001:db8:9::1]:443 tcp in=bridge"), "drop");
    assert_eq!(verdict(&device, "[2001:db8:1::20]:5000 [2001:db8:1::1]:22 tcp in=bridge"), "local");
    assert_eq!(verdict(&device, "[2001:db8:5::1]:5000 [2001:db8:1::20]:22 tcp in=ether1"), "drop");
    assert_eq!(verdict(&router(""), packet), "unreachable", "no address, no route");
}

#[test]
fn a_router_that_does_not_forward_drops_what_is_for_others() {
    let device = router("/ip/settings/set ip-forward=no");
    assert_eq!(verdict(&device, "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge"), "drop");
    assert_eq!(verdict(&device, "192.168.88.20:5000 192.168.88.1:80 tcp in=bridge"), "local");
}

#[test]
fn a_packet_that_cannot_be_is_refused_with_the_reason() {
    let device = router("");
    for (text, reason) in [
        ("192.168.88.20 2001:db8::1 tcp", "different families"),
        ("192.168.88.20 198.51.100.80 tcp in=ether99", "the router has no interface `ether99`"),
        ("192.168.88.20 198.51.100.80 tpc in=bridge", "`tpc` is no protocol"),
    ] {
        let refusal = device.trace(&packet(text)).unwrap_err().to_string();
        assert!(refusal.contains(reason), "{text}: {refusal}");
    }
    let alone = router("/ip/dhcp-client/remove [/ip/dhcp-client/find interface=ether1]");
    let refusal = alone.trace(&packet("198.51.100.80 192.168.88.1 icmp")).unwrap_err().to_string();
    assert!(refusal.contains("say in_interface"), "{refusal}");
    assert_eq!(device.trace(&packet("198.51.100.80 192.168.88.1 17")).unwrap().verdict, Verdict::Drop);
}
