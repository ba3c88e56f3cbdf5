//! The routing decision. Sources: *IP Routing*, *Policy Routing*; `policy-rules` is in the schema from 7.22 on.

use crate::router::{of_version, packet, router, verdict, way};

/// A table `t` whose default leads into the tunnel.
const TABLE: &str = "/routing/table/add name=t fib
/ip/route/add routing-table=t dst-address=0.0.0.0/0 gateway=wg-vpn";
const OUT: &str = "192.168.88.20:5 8.8.8.8:53 udp in=bridge";

fn with(script: &str) -> String {
    verdict(&router(&format!("{TABLE}\n{script}")), OUT)
}

#[test]
fn the_longest_prefix_wins_then_the_least_distance() {
    for (script, expected) in [
        ("", "forward ether1"),
        ("/ip/route/add dst-address=8.8.8.0/24 gateway=wg-vpn", "forward wg-vpn"),
        ("/ip/route/add dst-address=8.8.8.0/24 gateway=wg-vpn disabled=yes", "forward ether1"),
        ("/ip/route/add dst-address=8.8.8.0/24 blackhole", "blackhole"),
        (
            "/ip/route/add dst-address=8.8.8.0/24 blackhole\n/ip/route/add dst-address=8.8.8.8/32 gateway=wg-vpn",
            "forward wg-vpn",
        ),
        (
            "/ip/route/add dst-address=8.8.8.0/24 gateway=wg-vpn distance=2\n/ip/route/add dst-address=8.8.8.0/24 blackhole distance=3",
            "forward wg-vpn",
        ),
        (
            "/ip/route/add dst-address=8.8.8.0/24 gateway=wg-vpn distance=3\n/ip/route/add dst-address=8.8.8.0/24 blackhole distance=2",
            "blackhole",
        ),
    ] {
        assert_eq!(with(script), expected, "{script}");
    }
}

#[test]
fn without_any_route_the_packet_is_unreachable() {
    assert_eq!(with("/ip/dhcp-client/remove [/ip/dhcp-client/find interface=ether1]"), "unreachable");
}

#[test]
fn routing_rules_are_asked_in_their_order() {
    for (script, expected) in [
        ("/routing/rule/add src-address=192.168.88.0/24 action=lookup table=t", "forward wg-vpn"),
        ("/routing/rule/add src-address=192.168.89.0/24 action=lookup table=t", "forward ether1"),
        ("/routing/rule/add dst-address=8.8.8.8 action=lookup table=t", "forward wg-vpn"),
        ("/routing/rule/add interface=bridge action=lookup table=t", "forward wg-vpn"),
        ("/routing/rule/add interface=ether1 action=lookup table=t", "forward ether1"),
        ("/routing/rule/add interface=bridge action=lookup table=t disabled=yes", "forward ether1"),
        ("/routing/rule/add dst-address=8.8.8.8 action=drop", "drop"),
        ("/routing/rule/add dst-address=8.8.8.8 action=unreachable", "unreachable"),
        (
            "/routing/rule/add dst-address=8.8.8.8 action=drop\n/routing/rule/add interface=bridge action=lookup table=t",
            "drop",
        ),
        (
            "/routing/rule/add interface=bridge action=lookup table=t\n/routing/rule/add dst-address=8.8.8.8 action=drop",
            "forward wg-vpn",
        ),
    ] {
        assert_eq!(with(script), expected, "{script}");
    }
}

#[test]
fn only_lookup_only_in_table_and_blackholes_keep_packets_from_main() {
    let empty = "/routing/table/add name=e fib\n";
    for (script, expected) in [
        ("/routing/rule/add interface=bridge action=lookup table=e", "forward ether1"),
        ("/routing/rule/add interface=bridge action=lookup-only-in-table table=e", "unreachable"),
        (
            "/ip/route/add routing-table=e dst-address=0.0.0.0/0 blackhole distance=254\n/routing/rule/add interface=bridge action=lookup table=e",
            "blackhole",
        ),
        ("/routing/rule/add interface=bridge action=lookup-only-in-table table=main min-prefix=0", "unreachable"),
        (
            "/routing/rule/add interface=bridge action=lookup table=main min-prefix=0\n/routing/rule/add interface=bridge action=lookup table=t",
            "forward wg-vpn",
        ),
        ("/ip/firewall/mangle/add chain=prerouting action=mark-routing new-routing-mark=e", "forward ether1"),
        ("/ip/firewall/mangle/add chain=prerouting action=mark-routing new-routing-mark=t", "forward wg-vpn"),
        (
            "/ip/firewall/mangle/add chain=prerouting action=mark-routing new-routing-mark=e\n/routing/rule/add routing-mark=e action=lookup-only-in-table table=e",
            "unreachable",
        ),
    ] {
        assert_eq!(with(&format!("{empty}{script}")), expected, "{script}");
    }
}

#[test]
fn a_route_whose_gateway_is_gone_gives_way() {
    let mut device = router(&format!("{TABLE}\n/routing/rule/add interface=bridge action=lookup table=t"));
    device.set_link(std::time::Duration::ZERO, "wg-vpn", false).unwrap();
    assert_eq!(verdict(&device, OUT), "forward ether1");
}

/// From 7.22 on the order can be set; before it is the same and fixed.
#[test]
fn a_mark_is_asked_before_the_routers_own_addresses_unless_the_order_says_otherwise() {
    let script = format!("{TABLE}\n/ip/firewall/mangle/add chain=prerouting action=mark-routing new-routing-mark=t");
    let own = "192.168.88.20:5 192.168.88.1:53 udp in=bridge";
    assert_eq!(verdict(&of_version("7.16.2", &script), own), "forward wg-vpn");
    assert_eq!(verdict(&of_version("7.24", &script), own), "forward wg-vpn");
    let ordered = format!("{script}\n/routing/settings/set policy-rules=local,mangle,user,main");
    assert_eq!(verdict(&of_version("7.24", &ordered), own), "local");
}

#[test]
fn a_packet_of_the_router_marked_in_output_is_routed_anew() {
    let device =
        router(&format!("{TABLE}\n/ip/firewall/mangle/add chain=output action=mark-routing new-routing-mark=t"));
    let way = way(&device, "203.0.113.10:5 8.8.8.8:53 udp");
    let routed: Vec<&String> = way.iter().filter(|step| step.starts_with("routing")).collect();
    assert_eq!(routed, ["routing main forward", "routing t forward (by its routing mark)"]);
    assert_eq!(way.last().unwrap(), "forward wg-vpn");
}

#[test]
fn a_tunnel_takes_what_its_peers_allow() {
    let script =
        "/interface/wireguard/peers/set [/interface/wireguard/peers/find interface=wg-vpn] allowed-address=10.66.0.0/24
/ip/route/add dst-address=8.8.8.0/24 gateway=wg-vpn";
    assert_eq!(with(script), "unreachable");
    let device = router(script);
    assert_eq!(verdict(&device, "8.8.8.8:53 10.66.0.2:5 udp in=wg-vpn"), "drop", "nor lets it others in");
}

#[test]
fn reverse_path_filtering_drops_what_would_be_answered_elsewhere() {
    let forged = "192.168.88.20:5 203.0.113.10:53 udp in=ether1 state=established";
    for (mode, expected) in [("no", "local"), ("loose", "local"), ("strict", "drop")] {
        let device = router(&format!("/ip/settings/set rp-filter={mode}"));
        assert_eq!(verdict(&device, forged), expected, "{mode}");
    }
    let lonely =
        router("/ip/settings/set rp-filter=loose\n/ip/dhcp-client/remove [/ip/dhcp-client/find interface=ether1]");
    assert_eq!(verdict(&lonely, "8.8.8.8:5 192.168.88.1:53 udp in=bridge"), "drop");
}

#[test]
fn a_packet_without_an_interface_comes_in_where_it_would_be_answered() {
    let device = router("");
    assert_eq!(
        device.trace(&packet("192.168.88.20:5 8.8.8.8:53 udp")).unwrap().packet.in_interface.as_deref(),
        Some("bridge")
    );
    assert_eq!(
        device.trace(&packet("8.8.8.8:53 203.0.113.10:5 udp")).unwrap().packet.in_interface.as_deref(),
        Some("ether1")
    );
    assert_eq!(device.trace(&packet("192.168.88.1:53 192.168.88.20:5 udp")).unwrap().packet.in_interface, None);
}
