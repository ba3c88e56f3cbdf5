use super::*;
use shared::routeros::schema::{Version, shipped};

const AT: &str = "2026-01-01T00:00:00.000Z";

fn rows(rows: &[&[(&str, &str)]]) -> Vec<Row> {
    let row = |(at, pairs): (usize, &&[(&str, &str)])| {
        let id = format!("*{}", at + 1);
        Row::new([(".id", id.as_str())].into_iter().chain(pairs.iter().copied()))
    };
    rows.iter().enumerate().map(row).collect()
}

/// A small house: ether1 leads out and is masqueraded, `bridge` is the LAN, nobody comes in from outside.
fn house() -> Model {
    let up = |name: &'static str| vec![("name", name), ("type", "ether"), ("running", "true"), ("disabled", "false")];
    let (out, lan) = (up("ether1"), up("bridge"));
    Model::new([
        ("/interface", rows(&[&out, &lan])),
        (
            "/ip/address",
            rows(&[
                &[("address", "203.0.113.10/24"), ("network", "203.0.113.0"), ("interface", "ether1")],
                &[("address", "192.168.88.1/24"), ("network", "192.168.88.0"), ("interface", "bridge")],
            ]),
        ),
        ("/ip/route", rows(&[&[("dst-address", "0.0.0.0/0"), ("gateway", "203.0.113.1"), ("routing-table", "main")]])),
        ("/ip/settings", rows(&[&[("ip-forward", "true")]])),
        ("/routing/table", rows(&[&[("name", "main"), ("fib", "")]])),
        (
            "/ip/firewall/filter",
            rows(&[
                &[
                    ("chain", "forward"),
                    ("action", "drop"),
                    ("dst-port", "25"),
                    ("protocol", "tcp"),
                    ("comment", "no mail"),
                ],
                &[("chain", "input"), ("action", "accept"), ("layer7-protocol", "x")],
                &[("chain", "input"), ("action", "reject"), ("in-interface", "ether1")],
            ]),
        ),
        ("/ip/firewall/nat", rows(&[&[("chain", "srcnat"), ("action", "masquerade"), ("out-interface", "ether1")]])),
    ])
}

fn asked(src: &str, dst: &str, port: Option<u16>) -> TraceRequest {
    TraceRequest { src: src.to_owned(), dst: dst.to_owned(), dst_port: port, ..TraceRequest::default() }
}

fn says(asked: &TraceRequest) -> String {
    let packet = packet(asked, &[]).expect("a packet");
    answer(&house(), &packet, AT).expect("an answer").says
}

#[test]
fn what_becomes_of_a_packet_is_said_in_a_sentence_with_what_decided() {
    let from_outside =
        TraceRequest { in_interface: Some("ether1".to_owned()), ..asked("8.8.8.8", "203.0.113.10", Some(22)) };
    for (asked, expected) in [
        (asked("192.168.88.10", "1.1.1.1", Some(443)), "It would leave by ether1, as 203.0.113.10."),
        (asked("192.168.88.10", "1.1.1.1", None), "It would leave by ether1, as 203.0.113.10."),
        (asked("192.168.88.10", "1.1.1.1", Some(25)), "It would be dropped by /ip/firewall/filter 0 (“no mail”)."),
        (
            from_outside,
            "It would be refused with an answer by /ip/firewall/filter 2. One rule on its way could not be judged and may \
             decide otherwise.",
        ),
    ] {
        assert_eq!(says(&asked), expected, "{asked:?}");
    }
}

#[test]
fn a_step_names_its_row_as_the_router_prints_it() {
    let packet = packet(&asked("192.168.88.10", "1.1.1.1", Some(25)), &[]).expect("a packet");
    let found = answer(&house(), &packet, AT).expect("an answer");
    assert!(found.complete);
    let step = found.steps.last().expect("a step");
    assert_eq!((step.menu.as_deref(), step.number), (Some("/ip/firewall/filter"), Some(0)));
    assert_eq!(step.properties.join(" "), "action=drop chain=forward dst-port=25 protocol=tcp");
    let route = found.steps.iter().find(|step| step.table == "routing").expect("a route");
    assert_eq!((route.menu.as_deref(), route.number), (Some("/ip/route"), Some(0)));
}

#[test]
fn what_is_no_packet_is_told_at_its_field() {
    let field = |asked: &TraceRequest| -> String {
        let found = packet(asked, &[]).and_then(|packet| answer(&house(), &packet, AT));
        found.expect_err("a misfit").field
    };
    let with = |change: fn(&mut TraceRequest)| {
        let mut asked = asked("192.168.88.10", "1.1.1.1", Some(53));
        change(&mut asked);
        asked
    };
    for (asked, expected) in [
        (with(|asked| asked.dst = "example.org".to_owned()), "dst"),
        (with(|asked| asked.src = "nobody".to_owned()), "src"),
        (with(|asked| asked.dst = "2001:db8::1".to_owned()), "dst"),
        (with(|asked| asked.protocol = Some("icmp".to_owned())), "dst_port"),
        (with(|asked| asked.protocol = Some("gre".to_owned())), "dst_port"),
        (with(|asked| asked.protocol = Some("47".to_owned())), "dst_port"),
        (with(|asked| asked.protocol = Some("tpc".to_owned())), "protocol"),
        (with(|asked| asked.connection_state = Some("fresh".to_owned())), "connection_state"),
        (with(|asked| asked.in_interface = Some("ether9".to_owned())), "in_interface"),
    ] {
        assert_eq!(field(&asked), expected, "{asked:?}");
    }
    let lost = with(|asked| asked.in_interface = Some("ether9".to_owned()));
    let packet = packet(&lost, &[]).expect("a packet");
    let hint = answer(&house(), &packet, AT).expect_err("a misfit").hint;
    assert_eq!(hint, "Its interfaces: ether1, bridge.");
}

#[test]
fn without_a_protocol_a_port_means_tcp_and_none_means_a_ping() {
    let protocol = |dst: &str, src: &str, port| packet(&asked(src, dst, port), &[]).expect("a packet").protocol;
    assert_eq!(protocol("1.1.1.1", "10.0.0.1", Some(53)), "tcp");
    assert_eq!(protocol("1.1.1.1", "10.0.0.1", None), "icmp");
    assert_eq!(protocol("2001:db8::1", "2001:db8::2", None), "icmpv6");
}

#[test]
fn every_menu_of_a_trace_is_one_of_its_version() {
    let schema = shipped::nearest(Version::new(7, 16, 2)).expect("a schema");
    let reads = reads(&schema);
    assert!(reads.len() > 20);
    assert!(
        reads
            .iter()
            .all(|read| schema.command(&format!("{}/print", read.path)).is_some() && !read.properties.is_empty())
    );
}

#[test]
fn what_decided_and_what_was_not_known_are_told_apart() {
    let found = |asked: &TraceRequest| answer(&house(), &packet(asked, &[]).expect("a packet"), AT).expect("an answer");
    let mail = found(&asked("192.168.88.10", "1.1.1.1", Some(25)));
    assert_eq!(mail.by.and_then(|by| by.comment).as_deref(), Some("no mail"));
    assert!(mail.complete && mail.in_interface_inferred);
    let portless = found(&TraceRequest { protocol: Some("tcp".to_owned()), ..asked("192.168.88.10", "1.1.1.1", None) });
    assert!(!portless.complete && portless.by.is_none(), "{portless:?}");
    let local = found(&asked("192.168.88.10", "192.168.88.1", Some(22)));
    assert_eq!(local.unknown, ["/ip/firewall/filter 1 was passed over: layer7-protocol cannot be judged."]);
}

#[test]
fn the_row_of_a_route_is_not_taken_from_the_routing_rule_of_the_same_id() {
    let mut router = house();
    let rule =
        [(".id", "*1"), ("action", "lookup-only-in-table"), ("table", "main"), ("src-address", "192.168.88.0/24")];
    router.put("/routing/rule", vec![Row::new(rule)]);
    let row = |dst: &str| {
        let packet = packet(&asked("192.168.88.10", dst, Some(80)), &[]).expect("a packet");
        let found = answer(&router, &packet, AT).expect("an answer");
        let step = found.steps.into_iter().find(|step| step.table == "routing").expect("a decision");
        (step.menu, step.number)
    };
    // A route that follows from an address has no row: the rule that asked for it is named, not the default route.
    assert_eq!(row("203.0.113.77"), (Some("/routing/rule".to_owned()), Some(0)));
}

#[test]
fn a_rule_that_refuses_is_named_where_no_route_is_missing() {
    let mut router = house();
    let rule = [(".id", "*1"), ("action", "unreachable"), ("src-address", "192.168.88.66/32"), ("comment", "guest")];
    router.put("/routing/rule", vec![Row::new(rule)]);
    let packet = packet(&asked("192.168.88.66", "1.1.1.1", Some(80)), &[]).expect("a packet");
    let found = answer(&router, &packet, AT).expect("an answer");
    assert_eq!(found.says, "It would be told that there is no way by /routing/rule 0 (“guest”).");
    let packet = super::packet(&asked("192.168.88.66", "::1", None), &[]);
    assert!(packet.is_ok_and(|packet| answer(&router, &packet, AT).is_err_and(|misfit| misfit.field == "dst")));
}

#[test]
fn examples_are_of_this_router_and_each_has_an_answer() {
    let mut router = house();
    router.put("/interface/list", rows(&[&[("name", "LAN")], &[("name", "WAN")]]));
    let members = [&[("list", "LAN"), ("interface", "bridge")][..], &[("list", "WAN"), ("interface", "ether1")]];
    router.put("/interface/list/member", rows(&members));
    let found = examples(&router, &[]);
    assert_eq!(found.len(), 3, "{found:?}");
    for example in found {
        let packet = packet(&example.question, &[]).expect("a packet");
        assert!(answer(&router, &packet, AT).is_ok(), "{example:?}");
    }
    assert_eq!(examples(&Model::default(), &[]), []);
}
