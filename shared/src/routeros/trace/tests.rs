//! What RouterOS promises of a packet's way, case by case: a router as lines of its menus, packets as a line of text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests panic to fail")]

use super::*;
use crate::routeros::model::{Model, Row};

/// A LAN on a bridge, a WAN on ether1, a tunnel.
const HOME: &str = "
/interface name=ether1 type=ether running=true disabled=false
/interface name=ether2 type=ether running=true disabled=false
/interface name=ether3 type=ether running=false disabled=false
/interface name=bridge type=bridge running=true disabled=false
/interface name=wg type=wg running=true disabled=false
/interface/bridge name=bridge vlan-filtering=false pvid=1
/interface/bridge/port bridge=bridge interface=ether2 pvid=1
/interface/wireguard name=wg
/interface/wireguard/peers interface=wg allowed-address=0.0.0.0/0
/interface/list name=LAN
/interface/list name=WAN
/interface/list/member list=LAN interface=bridge
/interface/list/member list=WAN interface=ether1
/ip/address address=192.168.88.1/24 interface=bridge
/ip/address address=203.0.113.10/24 interface=ether1
/ip/address address=10.66.0.2/24 interface=wg
/ip/route dst-address=0.0.0.0/0 gateway=203.0.113.1 routing-table=main distance=1
/ipv6/address address=2001:db8:1::1/64 interface=bridge
/ipv6/address address=2001:db8:2::2/64 interface=ether1
/ipv6/route dst-address=::/0 gateway=2001:db8:2::1
/routing/table name=t fib=
";
const OUT: &str = "192.168.88.20:5000 8.8.8.8:53 udp in=bridge";
const IN: &str = "8.8.8.8:53 203.0.113.10:5000 udp in=ether1";

fn router(lines: &str) -> Model {
    let mut model = Model::default();
    for (id, line) in HOME.lines().chain(lines.lines()).filter(|line| !line.trim().is_empty()).enumerate() {
        let (menu, rest) = line.trim().split_once(' ').unwrap();
        let id = format!("*{id:X}");
        let values = rest.split(' ').map(|word| word.split_once('=').unwrap());
        model.insert(menu, usize::MAX, Row::new(values.chain([(".id", id.as_str())])));
    }
    model
}

fn packet(text: &str) -> Packet {
    let mut words = text.split(' ');
    let mut end = || {
        let text = words.next().unwrap();
        match text.parse::<std::net::SocketAddr>() {
            Ok(place) => (place.ip(), Some(place.port())),
            Err(_) => (text.parse().unwrap(), None),
        }
    };
    let ((src, src_port), (dst, dst_port)) = (end(), end());
    let plain = serde_json::json!({ "src": src, "dst": dst, "protocol": words.next().unwrap() });
    let mut packet = Packet { src_port, dst_port, ..serde_json::from_value(plain).unwrap() };
    for (name, value) in words.map(|word| word.split_once('=').unwrap()) {
        let text = Some(value.to_owned());
        match name {
            "in" => packet.in_interface = text,
            "mac" => packet.src_mac = text,
            "mark" => packet.routing_mark = text,
            "connection-mark" => packet.connection_mark = text,
            "state" => packet.connection_state = serde_json::from_value(value.into()).unwrap(),
            "fasttrack" => packet.fasttrack = true,
            other => panic!("{other}"),
        }
    }
    packet
}

/// `forward ether1`, `drop`, …
fn fate(lines: &str, text: &str) -> String {
    let trace = trace(&router(lines), &packet(text)).unwrap();
    let verdict = serde_json::to_value(trace.verdict).unwrap().as_str().unwrap().to_owned();
    trace.out_interface.map_or(verdict.clone(), |interface| format!("{verdict} {interface}"))
}

fn check(cases: &[(&str, &str, &str)]) {
    for (lines, packet, expected) in cases {
        assert_eq!(fate(lines, packet), *expected, "{packet} with {lines}");
    }
}

#[test]
fn a_packet_is_forwarded_delivered_or_unreachable() {
    check(&[
        ("", OUT, "forward ether1"),
        ("", IN, "local"),
        ("", "192.168.88.20:5 192.168.88.255:53 udp in=bridge", "local"),
        ("", "203.0.113.10:5 8.8.8.8:53 udp", "forward ether1"),
        ("", "[2001:db8:1::5]:5 [2001:db8:9::1]:53 udp in=bridge", "forward ether1"),
        ("/ip/settings ip-forward=false", OUT, "drop"),
        ("/ip/settings ip-forward=false", IN, "local"),
        ("/routing/rule action=unreachable dst-address=8.8.8.8/32", OUT, "unreachable"),
        ("/routing/rule action=drop dst-address=8.8.8.8/32", OUT, "drop"),
    ]);
}

#[test]
fn rules_are_asked_from_top_to_bottom_and_chains_return() {
    let jump = "/ip/firewall/filter chain=forward action=jump jump-target=own
/ip/firewall/filter chain=own action=return protocol=tcp
/ip/firewall/filter chain=own action=drop";
    check(&[
        (jump, OUT, "drop"),
        (jump, &OUT.replace("udp", "tcp"), "forward ether1"),
        (
            "/ip/firewall/filter chain=forward action=accept\n/ip/firewall/filter chain=forward action=drop",
            OUT,
            "forward ether1",
        ),
        ("/ip/firewall/filter chain=forward action=reject reject-with=tcp-reset", OUT, "reject"),
        ("/ip/firewall/filter chain=forward action=drop disabled=true", OUT, "forward ether1"),
        ("/ip/firewall/filter chain=input action=drop", OUT, "forward ether1"),
        ("/ip/firewall/filter chain=input action=drop", IN, "drop"),
        ("/ip/firewall/filter chain=output action=drop", "203.0.113.10:5 8.8.8.8:53 udp", "drop"),
        ("/ip/firewall/raw chain=prerouting action=drop", IN, "drop"),
        ("/ipv6/firewall/filter chain=forward action=drop", OUT, "forward ether1"),
        (
            "/ipv6/firewall/filter chain=forward action=drop",
            "[2001:db8:1::5]:5 [2001:db8:9::1]:53 udp in=bridge",
            "drop",
        ),
        (
            "/ip/firewall/filter chain=forward action=jump jump-target=a\n/ip/firewall/filter chain=a action=jump jump-target=a",
            OUT,
            "forward ether1",
        ),
    ]);
}

#[test]
fn a_rule_is_for_the_packets_that_all_its_matchers_mean() {
    let drop = |matcher: &str| fate(&format!("/ip/firewall/filter chain=forward action=drop {matcher}"), OUT) == "drop";
    for (matcher, expected) in [
        ("src-address=192.168.88.0/24", true),
        ("src-address=!192.168.88.0/24", false),
        ("dst-address=8.8.8.1-8.8.8.9", true),
        ("protocol=udp dst-port=50-53", true),
        ("protocol=udp dst-port=!53", false),
        ("protocol=tcp dst-port=53", false),
        ("protocol=17 port=5000", true),
        ("in-interface=bridge out-interface=ether1", true),
        ("in-interface-list=LAN", true),
        ("in-interface-list=!LAN", false),
        ("out-interface-list=WAN", true),
        ("in-interface-list=none", false),
        // A port of a bridge and what is not there make a rule invalid: even the opposite matches nothing.
        ("in-interface=!ether2", false),
        ("in-interface=!gone", false),
        ("in-interface-list=!gone", false),
        ("connection-state=new", true),
        ("connection-state=!established,related", true),
        ("connection-mark=no-mark", true),
        ("packet-mark=x", false),
        ("dst-address-type=unicast", true),
        ("src-address-type=local", false),
        ("icmp-options=8:0", true),
        ("limit=1,5:packet", true),
        ("connection-limit=10,32", false),
    ] {
        assert_eq!(drop(matcher), expected, "{matcher}");
    }
}

#[test]
fn lists_hold_what_they_include_and_what_their_entries_say() {
    let list = "/interface/list name=both include=LAN,WAN\n/interface/list name=one include=both exclude=LAN
/ip/firewall/address-list list=a address=192.168.88.0/28\n/ip/firewall/address-list list=a address=192.168.88.20
/ip/firewall/address-list list=b address=192.168.88.20 disabled=true";
    let drop = |matcher: &str| {
        fate(&format!("{list}\n/ip/firewall/filter chain=forward action=drop {matcher}"), OUT) == "drop"
    };
    assert!(drop("in-interface-list=both") && !drop("in-interface-list=one") && drop("out-interface-list=one"));
    assert!(drop("src-address-list=a") && !drop("src-address-list=!a") && !drop("dst-address-list=a"));
    assert!(!drop("src-address-list=b") && drop("src-address-list=!b"));
}

#[test]
fn what_one_packet_does_not_tell_is_passed_over_and_told() {
    let model = router("/ip/firewall/filter chain=forward action=drop content=secret comment=c");
    let way = trace(&model, &packet(OUT)).unwrap();
    let step = way.steps.iter().find(|step| step.comment.as_deref() == Some("c")).unwrap();
    assert!(!step.matched && step.note.as_deref() == Some("passed over: content cannot be judged"));
    assert_eq!(way.verdict, Verdict::Forward);
    let named = "/ip/firewall/address-list list=n address=example.org";
    let drop = "/ip/firewall/filter chain=forward action=drop dst-address-list=n";
    check(&[
        (&format!("{named}\n{drop}"), OUT, "forward ether1"),
        (&format!("{named}\n/ip/firewall/address-list list=n address=8.8.8.8 dynamic=true\n{drop}"), OUT, "drop"),
    ]);
}

#[test]
fn addresses_are_translated_where_packet_flow_says() {
    let end = |lines: &str, text: &str| {
        let packet = trace(&router(lines), &packet(text)).unwrap().packet;
        format!("{}:{} {}:{}", packet.src, packet.src_port.unwrap(), packet.dst, packet.dst_port.unwrap())
    };
    for (rule, text, expected) in [
        ("chain=srcnat action=masquerade", OUT, "203.0.113.10:5000 8.8.8.8:53"),
        ("chain=srcnat action=src-nat to-addresses=203.0.113.9 to-ports=700", OUT, "203.0.113.9:700 8.8.8.8:53"),
        ("chain=srcnat action=netmap to-addresses=10.8.0.0/24", OUT, "10.8.0.20:5000 8.8.8.8:53"),
        ("chain=dstnat action=redirect to-ports=5353", OUT, "192.168.88.20:5000 192.168.88.1:5353"),
        ("chain=dstnat action=dst-nat to-addresses=192.168.88.9", IN, "8.8.8.8:53 192.168.88.9:5000"),
    ] {
        assert_eq!(end(&format!("/ip/firewall/nat {rule}"), text), expected, "{rule}");
    }
    let dst = "/ip/firewall/nat chain=dstnat action=dst-nat to-addresses=192.168.88.9";
    check(&[
        (dst, IN, "forward bridge"),
        (dst, &format!("{IN} state=established"), "local"),
        (&format!("{dst}\n/ip/firewall/raw chain=prerouting action=notrack"), IN, "local"),
        (
            &format!("{dst}\n/ip/firewall/filter chain=forward action=drop connection-nat-state=!dstnat"),
            IN,
            "forward bridge",
        ),
    ]);
}

#[test]
fn the_longest_prefix_then_the_least_distance_of_an_active_route_wins() {
    let route = |rest: &str| format!("/ip/route {rest}");
    check(&[
        (&route("dst-address=8.8.8.0/24 gateway=wg"), OUT, "forward wg"),
        (&route("dst-address=8.8.8.0/24 gateway=wg disabled=true"), OUT, "forward ether1"),
        (&route("dst-address=8.8.8.0/24 gateway=ether3"), OUT, "forward ether1"),
        (&route("dst-address=8.8.8.0/24 gateway=10.9.9.9"), OUT, "forward ether1"),
        (&route("dst-address=8.8.8.0/24 blackhole="), OUT, "blackhole"),
        (&route("dst-address=0.0.0.0/0 gateway=wg distance=2"), OUT, "forward ether1"),
        (&route("dst-address=8.0.0.0/8 gateway=10.66.0.9%wg"), OUT, "forward wg"),
        (&route("dst-address=8.8.8.0/24 gateway=10.66.0.9 check-gateway=ping inactive=true"), OUT, "forward ether1"),
        (
            &route(
                "dst-address=8.8.8.0/24 gateway=9.9.9.9 target-scope=30\n/ip/route dst-address=9.9.9.9/32 gateway=wg",
            ),
            OUT,
            "forward wg",
        ),
    ]);
}

#[test]
fn marks_and_routing_rules_choose_the_table_and_leak_into_main() {
    let table = "/ip/route dst-address=0.0.0.0/0 gateway=wg routing-table=t";
    let mark = "/ip/firewall/mangle chain=prerouting action=mark-routing new-routing-mark=t";
    let only = "/routing/rule action=lookup-only-in-table table=t";
    check(&[
        (&format!("{table}\n{mark}"), OUT, "forward wg"),
        (mark, OUT, "forward ether1"),
        (&format!("{table}\n{only} src-address=192.168.88.0/24"), OUT, "forward wg"),
        (&format!("{only} src-address=192.168.88.0/24"), OUT, "unreachable"),
        (&format!("{only} interface=ether1"), OUT, "forward ether1"),
        ("/routing/rule action=lookup-only-in-table table=main min-prefix=0", OUT, "unreachable"),
        (&format!("{table}\n{mark}"), "192.168.88.20:5 192.168.88.1:53 udp in=bridge", "forward wg"),
        (
            &format!("{table}\n{mark}\n/routing/settings policy-rules=local,mangle,user,main"),
            "192.168.88.20:5 192.168.88.1:53 udp in=bridge",
            "local",
        ),
        (&format!("{table}\n{}", mark.replace("prerouting", "output")), "203.0.113.10:5 8.8.8.8:53 udp", "forward wg"),
    ]);
}

#[test]
fn a_fasttracked_connection_meets_no_rule_and_no_mark() {
    let lines = "/ip/firewall/filter chain=forward action=drop\n/ip/firewall/raw chain=prerouting action=drop";
    check(&[
        (lines, &format!("{OUT} state=established fasttrack=yes"), "forward ether1"),
        (lines, &format!("{OUT} state=established"), "drop"),
        (
            "/ip/route dst-address=0.0.0.0/0 gateway=wg routing-table=t",
            &format!("{OUT} state=established fasttrack=yes mark=t"),
            "forward ether1",
        ),
        (
            "/ip/firewall/filter chain=forward action=fasttrack-connection",
            &format!("{OUT} state=established"),
            "forward ether1",
        ),
    ]);
}

#[test]
fn a_tunnel_takes_what_its_peers_allow() {
    let route = "/ip/route dst-address=8.8.8.0/24 gateway=wg2\n/interface name=wg2 type=wg running=true
/interface/wireguard name=wg2\n/interface/wireguard/peers interface=wg2 allowed-address=";
    check(&[
        (&format!("{route}8.8.0.0/16"), OUT, "forward wg2"),
        (&format!("{route}9.9.9.0/24"), OUT, "unreachable"),
        (&format!("{route}8.8.0.0/16 disabled=true"), OUT, "unreachable"),
        (&format!("{route}9.9.9.0/24"), "8.8.8.8:5 192.168.88.20:5 udp in=wg2", "drop"),
    ]);
}

#[test]
fn a_frame_at_a_port_reaches_the_interface_of_its_vlan() {
    let lines = |port: &str, vlan: &str| {
        format!(
            "/interface name=ether5 type=ether running=true\n/interface/bridge name=b vlan-filtering=true pvid=1
/interface/bridge/port bridge=b interface=ether5 {port}\n/interface/bridge/vlan bridge=b {vlan}
/interface/vlan name=v7 interface=b vlan-id=7\n/ip/address address=10.7.0.1/24 interface=v7"
        )
    };
    let text = "10.7.0.2:5 10.7.0.1:53 udp in=ether5";
    let at = |port: &str, vlan: &str| trace(&router(&lines(port, vlan)), &packet(text)).unwrap();
    assert_eq!(at("pvid=7", "vlan-ids=5-9 tagged=b").verdict, Verdict::Local);
    for (port, vlan) in [
        ("pvid=7", "vlan-ids=7 untagged=ether5"),
        ("pvid=7", "vlan-ids=8 tagged=b"),
        ("pvid=7", "vlan-ids=7 tagged=b disabled=true"),
        ("pvid=8", "vlan-ids=7,8 tagged=b"),
        ("pvid=7 frame-types=admit-only-vlan-tagged", "vlan-ids=7 tagged=b"),
    ] {
        assert_eq!(at(port, vlan).verdict, Verdict::Drop, "{port} {vlan}");
    }
    check(&[(
        "/ip/firewall/raw chain=prerouting action=drop in-interface=bridge",
        "192.168.88.20 8.8.8.8 icmp in=ether2",
        "drop",
    )]);
}

#[test]
fn reverse_path_filtering_drops_what_would_be_answered_elsewhere() {
    let forged = "192.168.88.20:5 203.0.113.10:53 udp in=ether1";
    check(&[
        ("/ip/settings rp-filter=no", forged, "local"),
        ("/ip/settings rp-filter=loose", forged, "local"),
        ("/ip/settings rp-filter=strict", forged, "drop"),
        ("/ip/settings rp-filter=strict", OUT, "forward ether1"),
    ]);
}

#[test]
fn a_planned_change_is_judged_without_what_the_router_saw_before_it() {
    let mut model =
        router("/ip/route dst-address=192.168.88.0/24 gateway=bridge connect=true dynamic=true active=true");
    assert_eq!(trace(&model, &packet(IN)).unwrap().verdict, Verdict::Local);
    // Without its address the WAN's gateway is out of reach: the default route, not yet seen inactive, is none.
    assert!(model.remove("/ip/address", 1).is_some());
    assert_eq!(trace(&model, &packet(OUT)).unwrap().verdict, Verdict::Unreachable);
    // And without the LAN's the connected route that the router showed is gone.
    assert!(model.remove("/ip/address", 0).is_some());
    assert_eq!(trace(&model, &packet("10.66.0.5 192.168.88.20 icmp in=wg")).unwrap().verdict, Verdict::Unreachable);
}

#[test]
fn a_packet_that_cannot_be_is_refused_with_the_reason() {
    for (text, reason) in [
        ("192.168.88.20 2001:db8::1 tcp", Impossible::Families),
        ("192.168.88.20 8.8.8.8 tpc in=bridge", Impossible::Protocol("tpc".to_owned())),
        ("192.168.88.20 8.8.8.8 tcp in=ether9", Impossible::Interface("ether9".to_owned())),
    ] {
        assert_eq!(trace(&router(""), &packet(text)).unwrap_err(), reason, "{text}");
    }
}
