//! Every matcher: a packet that matches and one that does not. Sources: *Common Firewall Matchers and Actions*,
//! *Filter*, *Address-lists*, *Interface Lists*.

use crate::router::{router, verdict, way};

const FROM_LAN: &str = "192.168.88.20:5000 198.51.100.80:443 tcp in=bridge";
const FIRST: &str = "place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]";

/// A drop in `forward` with one matcher, on top; `lists` is what the router has beside it.
fn drops(lists: &str, matcher: &str, packet: &str) -> bool {
    let device = router(&format!("{lists}\n/ip/firewall/filter/add chain=forward action=drop {matcher} {FIRST}"));
    verdict(&device, packet) == "drop"
}

#[test]
fn a_rule_matches_what_its_matchers_say_and_nothing_else() {
    for (matcher, matching, other) in [
        ("src-address=192.168.88.0/24", FROM_LAN, "192.168.89.20:5000 198.51.100.80:443 tcp in=bridge"),
        ("src-address=!192.168.88.0/24", "192.168.89.20:5000 198.51.100.80:443 tcp in=bridge", FROM_LAN),
        ("dst-address=198.51.100.70-198.51.100.90", FROM_LAN, "192.168.88.20:5 198.51.100.91:443 tcp in=bridge"),
        ("protocol=tcp", FROM_LAN, "192.168.88.20:5 198.51.100.80:443 udp in=bridge"),
        ("protocol=6", FROM_LAN, "192.168.88.20:5 198.51.100.80:443 17 in=bridge"),
        ("protocol=!tcp", "192.168.88.20 198.51.100.80 gre in=bridge", FROM_LAN),
        ("protocol=tcp dst-port=80,440-450", FROM_LAN, "192.168.88.20:5 198.51.100.80:439 tcp in=bridge"),
        ("protocol=tcp dst-port=!443", "192.168.88.20:5 198.51.100.80:80 tcp in=bridge", FROM_LAN),
        ("protocol=tcp src-port=5000", FROM_LAN, "192.168.88.20:5001 198.51.100.80:443 tcp in=bridge"),
        ("protocol=tcp port=5000", FROM_LAN, "192.168.88.20:4 198.51.100.80:443 tcp in=bridge"),
        ("connection-state=new", FROM_LAN, "192.168.88.20:5 198.51.100.80:443 tcp in=bridge state=established"),
        ("connection-state=!new", "192.168.88.20:5 198.51.100.80:443 tcp in=bridge state=invalid", FROM_LAN),
        ("connection-state=related,invalid", "192.168.88.20:5 198.51.100.80:1 tcp in=bridge state=invalid", FROM_LAN),
        ("connection-mark=vip", "192.168.88.20:5 198.51.100.80:443 tcp in=bridge connection-mark=vip", FROM_LAN),
        ("connection-mark=no-mark", FROM_LAN, "192.168.88.20:5 198.51.100.80:1 tcp in=bridge connection-mark=vip"),
        ("packet-mark=!vip", FROM_LAN, "192.168.88.20:5 198.51.100.80:443 tcp in=bridge packet-mark=vip"),
        (
            "protocol=tcp tcp-flags=syn,!ack",
            FROM_LAN,
            "192.168.88.20:5 198.51.100.80:1 tcp in=bridge state=established",
        ),
        ("protocol=icmp icmp-options=8:0", "192.168.88.20 198.51.100.80 icmp in=bridge", FROM_LAN),
        (
            "src-mac-address=AA:BB:CC:00:00:01",
            "192.168.88.20 198.51.100.80 icmp in=bridge mac=aa:bb:cc:00:00:01",
            FROM_LAN,
        ),
        ("src-mac-address=3C:22:FB:00:00:01", "192.168.88.254 198.51.100.80 icmp in=bridge", FROM_LAN),
        ("in-interface=bridge", FROM_LAN, "10.66.0.9:5 192.168.88.20:80 tcp in=wg-vpn"),
        ("out-interface=!ether1", "10.66.0.9:5 192.168.88.20:80 tcp in=wg-vpn", FROM_LAN),
        ("in-interface-list=LAN", FROM_LAN, "10.66.0.9:5 192.168.88.20:80 tcp in=wg-vpn"),
        ("out-interface-list=!WAN", "10.66.0.9:5 192.168.88.20:80 tcp in=wg-vpn", FROM_LAN),
        ("in-interface=all-ethernet", "198.51.100.80:5 192.168.88.20:80 tcp in=ether1", FROM_LAN),
        ("ipsec-policy=in,none", FROM_LAN, "x"),
        ("limit=1,5:packet", FROM_LAN, "x"),
        ("fragment=no", FROM_LAN, "x"),
    ] {
        assert!(drops("", matcher, matching), "{matcher} matches {matching}");
        assert!(other == "x" || !drops("", matcher, other), "{matcher} does not match {other}");
    }
    for matcher in ["ipsec-policy=in,ipsec", "connection-limit=100,32", "fragment=yes", "in-interface=wg-vpn"] {
        assert!(!drops("", matcher, FROM_LAN), "{matcher}");
    }
}

#[test]
fn address_lists_hold_addresses_networks_and_ranges_while_their_entries_live() {
    let entry = |address: &str| format!("/ip/firewall/address-list/add list=l address={address}");
    for (address, is_in) in [
        ("192.168.88.20", true),
        ("192.168.88.0/24", true),
        ("192.168.88.10-192.168.88.30", true),
        ("192.168.88.21", false),
        ("192.168.88.21-192.168.88.30", false),
    ] {
        assert_eq!(drops(&entry(address), "src-address-list=l", FROM_LAN), is_in, "{address}");
        assert_eq!(drops(&entry(address), "src-address-list=!l", FROM_LAN), !is_in, "{address}");
    }
    let off = entry("192.168.88.20 disabled=yes");
    assert!(!drops(&off, "src-address-list=l", FROM_LAN), "a disabled entry");
    assert!(!drops("", "src-address-list=l", FROM_LAN), "an empty list");
    let device = &mut router(&format!(
        "{} timeout=30s\n/ip/firewall/filter/add chain=forward action=drop src-address-list=l {FIRST}",
        entry("192.168.88.20")
    ));
    assert_eq!(verdict(device, FROM_LAN), "drop");
    device.settle(std::time::Duration::from_secs(31));
    assert_eq!(verdict(device, FROM_LAN), "forward ether1");
}

#[test]
fn interface_lists_take_in_what_they_include_and_leave_out_what_they_exclude() {
    let lists = "
/interface/list/add name=both include=LAN,WAN
/interface/list/add name=one include=both exclude=WAN
/interface/list/add name=own include=both exclude=LAN
/interface/list/member/add list=own interface=bridge";
    for (list, is_in) in [("both", true), ("one", true), ("own", true), ("WAN", false), ("all", true), ("none", false)]
    {
        assert_eq!(drops(lists, &format!("in-interface-list={list}"), FROM_LAN), is_in, "{list}");
    }
    assert!(drops("", "in-interface-list=static", FROM_LAN) && !drops("", "in-interface-list=dynamic", FROM_LAN));
}

#[test]
fn address_types_follow_the_routers_addresses_and_routes() {
    let raw = |matcher: &str, packet: &str| {
        let device = router(&format!(
            "/ip/route/add dst-address=192.0.2.0/24 blackhole
             /ip/firewall/raw/add chain=prerouting action=drop dst-address-type={matcher} comment=t"
        ));
        way(&device, packet).iter().any(|step| step.contains("\"t\""))
    };
    for (kind, dst) in [
        ("local", "192.168.88.1"),
        ("broadcast", "192.168.88.255"),
        ("broadcast", "255.255.255.255"),
        ("multicast", "224.0.0.251"),
        ("unicast", "198.51.100.80"),
        ("blackhole", "192.0.2.7"),
    ] {
        let packet = format!("192.168.88.20:5 {dst}:53 udp in=bridge");
        for other in ["local", "broadcast", "multicast", "unicast", "blackhole"] {
            assert_eq!(raw(other, &packet), other == kind, "{dst} is {kind}, asked for {other}");
        }
        assert!(!raw(&format!("!{kind}"), &packet), "{dst} is {kind}");
    }
}

#[test]
fn a_rule_that_nobody_can_judge_is_passed_over_and_told() {
    let device = router(&format!("/ip/firewall/filter/add chain=forward action=drop content=secret comment=c {FIRST}"));
    let way = way(&device, FROM_LAN);
    assert!(way.contains(&"filter forward drop \"c\" (passed over: content cannot be judged)".to_owned()), "{way:?}");
    assert_eq!(way.last().unwrap(), "forward ether1");
    let both = format!("/ip/firewall/filter/add chain=forward action=drop content=x protocol=udp comment=c {FIRST}");
    let quiet = crate::router::way(&router(&both), FROM_LAN);
    assert!(!quiet.iter().any(|step| step.contains("\"c\"")), "another matcher settles it: {quiet:?}");
}

#[test]
fn disabled_and_invalid_rules_match_nothing() {
    assert!(!drops("", "disabled=yes", FROM_LAN));
    // A port of a bridge in a rule makes it invalid, so even its negation matches nothing.
    assert!(!drops("", "in-interface=!ether2", FROM_LAN));
    let gone = format!(
        "/interface/list/add name=gone
         /ip/firewall/filter/add chain=forward action=drop in-interface-list=!gone {FIRST}
         /interface/list/remove [/interface/list/find name=gone]"
    );
    assert_eq!(verdict(&router(&gone), FROM_LAN), "forward ether1");
}
