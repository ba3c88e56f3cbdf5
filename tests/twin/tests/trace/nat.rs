//! Translated addresses, and chains of the user's. Source: *NAT*, *Filter* (jump, return).

use crate::router::{packet, router, verdict, way};

#[test]
fn dstnat_comes_before_the_routing_decision_and_srcnat_after_it() {
    let device = router(
        "/ip/firewall/nat/add chain=dstnat dst-address=203.0.113.10 protocol=tcp dst-port=8080 \
             action=dst-nat to-addresses=192.168.88.20 to-ports=80",
    );
    let trace = device.trace(&packet("198.51.100.80:9 203.0.113.10:8080 tcp in=ether1")).unwrap();
    assert_eq!(trace.out_interface.as_deref(), Some("bridge"));
    assert_eq!((trace.packet.dst.to_string(), trace.packet.dst_port), ("192.168.88.20".to_owned(), Some(80)));
    // The factory drops what comes from a WAN and was not translated: `connection-nat-state=!dstnat`.
    assert_eq!(verdict(&device, "198.51.100.80:9 192.168.88.20:80 tcp in=ether1"), "drop");
}

#[test]
fn each_kind_of_translation_takes_the_address_that_its_rule_names() {
    let out = "192.168.88.20:5 198.51.100.80:443 tcp in=bridge";
    for (rule, packet_text, src, dst) in [
        (
            "chain=srcnat action=src-nat to-addresses=203.0.113.99 to-ports=700",
            out,
            "203.0.113.99:700",
            "198.51.100.80:443",
        ),
        ("chain=srcnat action=masquerade", out, "203.0.113.10:5", "198.51.100.80:443"),
        ("chain=srcnat action=netmap to-addresses=10.8.8.0/24", out, "10.8.8.20:5", "198.51.100.80:443"),
        ("chain=dstnat action=redirect to-ports=8053", out, "192.168.88.20:5", "192.168.88.1:8053"),
        (
            "chain=dstnat action=dst-nat to-addresses=192.168.88.30-192.168.88.39",
            out,
            "192.168.88.20:5",
            "192.168.88.30:443",
        ),
        ("chain=dstnat action=accept", out, "203.0.113.10:5", "198.51.100.80:443"),
    ] {
        let first = "place-before=[:pick [/ip/firewall/nat/find where dynamic=no] 0]";
        let protocol = if rule.contains("to-ports") { "protocol=tcp" } else { "" };
        let device = router(&format!("/ip/firewall/nat/add {rule} {protocol} {first}"));
        let left = device.trace(&packet(packet_text)).unwrap().packet;
        let place = |address, port: Option<u16>| std::net::SocketAddr::new(address, port.unwrap()).to_string();
        assert_eq!(
            (place(left.src, left.src_port), place(left.dst, left.dst_port)),
            (src.into(), dst.into()),
            "{rule}"
        );
    }
}

#[test]
fn packets_of_a_known_connection_are_translated_as_its_first_was() {
    let device = router("");
    // The factory's laptop, behind masquerade.
    let answer = device.trace(&packet("198.51.100.25:993 203.0.113.10:50124 tcp in=ether1 state=established")).unwrap();
    assert_eq!(answer.packet.dst.to_string(), "192.168.88.253");
    assert_eq!(answer.out_interface.as_deref(), Some("bridge"));
    let question =
        device.trace(&packet("192.168.88.253:50124 198.51.100.25:993 tcp in=bridge state=established")).unwrap();
    assert_eq!(question.packet.src.to_string(), "203.0.113.10");
}

#[test]
fn jumps_return_and_an_accept_inside_ends_the_table() {
    let device = router(
        "/ip/firewall/mangle/add chain=forward action=jump jump-target=one comment=jump
         /ip/firewall/mangle/add chain=forward action=passthrough comment=after
         /ip/firewall/mangle/add chain=one action=jump jump-target=two protocol=tcp comment=deeper
         /ip/firewall/mangle/add chain=one action=passthrough comment=back
         /ip/firewall/mangle/add chain=one action=accept protocol=tcp dst-port=443 comment=enough
         /ip/firewall/mangle/add chain=two action=return protocol=tcp dst-port=443 comment=return
         /ip/firewall/mangle/add chain=two action=passthrough comment=unseen",
    );
    let seen = |text: &str| {
        let steps = device.trace(&packet(text)).unwrap().steps;
        steps.into_iter().filter(|step| step.table == "mangle").filter_map(|step| step.comment).collect::<Vec<_>>()
    };
    assert_eq!(seen("192.168.88.20:5 198.51.100.80:443 tcp in=bridge"), ["jump", "deeper", "return", "back", "enough"]);
    assert_eq!(seen("192.168.88.20:5 198.51.100.80:443 udp in=bridge"), ["jump", "back", "after"]);
}

#[test]
fn chains_that_jump_in_a_circle_end() {
    let device = router(
        "/ip/firewall/mangle/add chain=forward action=jump jump-target=a
         /ip/firewall/mangle/add chain=a action=jump jump-target=b
         /ip/firewall/mangle/add chain=b action=jump jump-target=a",
    );
    let way = way(&device, "192.168.88.20:5 198.51.100.80:443 tcp in=bridge");
    assert!(way.iter().any(|step| step.ends_with("(the chains jump in a circle: not followed)")), "{way:?}");
    assert_eq!(way.last().unwrap(), "forward ether1");
}

#[test]
fn marks_are_seen_by_later_rules_and_passthrough_no_ends_the_table() {
    let device = router(
        "/ip/firewall/mangle/add chain=prerouting action=mark-connection new-connection-mark=c passthrough=yes
         /ip/firewall/mangle/add chain=prerouting action=mark-packet new-packet-mark=p connection-mark=c passthrough=no
         /ip/firewall/mangle/add chain=prerouting action=mark-packet new-packet-mark=late
         /ip/firewall/mangle/add chain=forward action=change-mss new-mss=1400 protocol=tcp tcp-flags=syn packet-mark=p comment=mss",
    );
    let trace = device.trace(&packet("192.168.88.20:5 198.51.100.80:443 tcp in=bridge")).unwrap();
    assert_eq!(trace.packet.connection_mark.as_deref(), Some("c"));
    assert_eq!(trace.packet.packet_mark.as_deref(), Some("p"));
    assert!(trace.steps.iter().any(|step| step.comment.as_deref() == Some("mss")));
}
