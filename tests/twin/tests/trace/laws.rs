//! Laws that hold for every rule set and every packet.

use bulkhead_twin::device::{Device, request::Request};
use proptest::prelude::*;
use shared::routeros::trace::{Trace, Verdict};

use crate::router::{packet, router};

const CHAINS: [&str; 5] = ["forward", "input", "output", "one", "two"];

/// One rule of filter: chain, matcher, action.
fn rule() -> impl Strategy<Value = String> {
    let chain = prop::sample::select(CHAINS.to_vec());
    let matcher = prop::sample::select(vec![
        "",
        "protocol=tcp",
        "protocol=udp",
        "src-address=192.168.88.0/25",
        "src-address=!192.168.88.20",
        "dst-address-list=some",
        "connection-state=established,related",
        "connection-state=!established",
        "protocol=tcp dst-port=80-443",
        "limit=5,5:packet",
        "content=x",
        "disabled=yes",
    ]);
    let action = prop::sample::select(vec![
        "accept",
        "drop",
        "reject",
        "passthrough",
        "log",
        "return",
        "jump jump-target=one",
        "jump jump-target=two",
        "jump jump-target=none",
        "fasttrack-connection",
    ]);
    (chain, matcher, action).prop_map(|(chain, matcher, action)| format!("chain={chain} {matcher} action={action}"))
}

fn packets() -> impl Strategy<Value = String> {
    let ends = prop::sample::select(vec![
        ("192.168.88.20:5", "198.51.100.80:443", "in=bridge"),
        ("192.168.88.200:5", "198.51.100.80:80", "in=ether3"),
        ("198.51.100.80:443", "192.168.88.20:5", "in=ether1"),
        ("192.168.88.20:5", "192.168.88.1:80", "in=bridge"),
        ("192.168.88.1:80", "192.168.88.20:5", "mark=main"),
    ]);
    let protocol = prop::sample::select(vec!["tcp", "udp"]);
    let state = prop::sample::select(vec!["new", "established", "invalid"]);
    (ends, protocol, state)
        .prop_map(|((src, dst, place), protocol, state)| format!("{src} {dst} {protocol} {place} state={state}"))
}

/// A router with these rules instead of the factory's.
fn with(rules: &[String]) -> Device {
    let lines: Vec<String> = rules
        .iter()
        .enumerate()
        .map(|(at, rule)| format!("/ip/firewall/filter/add {rule} comment=rule-{at}"))
        .collect();
    router(&format!(
        "/ip/firewall/filter/remove [/ip/firewall/filter/find where dynamic=no]
         /ip/firewall/address-list/add list=some address=198.51.100.0/24
         {}",
        lines.join("\n")
    ))
}

/// What came of a packet, apart from how it was told.
fn outcome(trace: &Trace) -> (Verdict, Option<String>, shared::routeros::trace::Packet) {
    (trace.verdict, trace.out_interface.clone(), trace.packet.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whoever stops a packet is told last, and nobody who was told before stopped it.
    #[test]
    fn the_last_step_is_the_verdict(rules in prop::collection::vec(rule(), 0..14), text in packets()) {
        let trace = with(&rules).trace(&packet(&text)).unwrap();
        let stops = |action: &str| matches!(action, "drop" | "reject" | "tarpit" | "unreachable" | "blackhole");
        let matched: Vec<&str> =
            trace.steps.iter().filter(|step| step.matched).map(|step| step.action.as_str()).collect();
        let last = matched.last().copied().unwrap_or_default();
        match trace.verdict {
            Verdict::Forward | Verdict::Local => prop_assert!(!matched.iter().any(|action| stops(action)), "{matched:?}"),
            Verdict::Drop => prop_assert_eq!(last, "drop"),
            Verdict::Reject => prop_assert_eq!(last, "reject"),
            Verdict::Unreachable => prop_assert_eq!(last, "unreachable"),
            Verdict::Blackhole => prop_assert_eq!(last, "blackhole"),
        }
        let stopping = matched.iter().filter(|action| stops(action)).count();
        prop_assert!(stopping <= 1);
        prop_assert_eq!(trace.out_interface.is_some(), trace.verdict == Verdict::Forward);
    }

    /// A rule that the packet did not meet has no say: without all of them the way is the same.
    #[test]
    fn rules_that_were_not_met_change_nothing(rules in prop::collection::vec(rule(), 0..14), text in packets()) {
        let whole = with(&rules).trace(&packet(&text)).unwrap();
        let met = |at: usize| {
            let name = format!("rule-{at}");
            whole.steps.iter().any(|step| step.matched && step.comment.as_deref() == Some(name.as_str()))
        };
        let kept: Vec<String> = rules.iter().enumerate().filter(|(at, _)| met(*at)).map(|(_, rule)| rule.clone()).collect();
        let least = with(&kept).trace(&packet(&text)).unwrap();
        prop_assert_eq!(outcome(&whole), outcome(&least));
    }

    /// What only looks changes nothing, wherever it stands.
    #[test]
    fn rules_that_only_count_change_nothing(
        rules in prop::collection::vec(rule(), 0..14), text in packets(), at in any::<prop::sample::Index>(), chain in 0..5_usize,
    ) {
        let without = with(&rules).trace(&packet(&text)).unwrap();
        let mut more = rules.clone();
        more.insert(at.index(rules.len() + 1), format!("chain={} action=log", CHAINS[chain]));
        let with_it = with(&more).trace(&packet(&text)).unwrap();
        prop_assert_eq!(outcome(&without), outcome(&with_it));
    }

    /// A drop on top of a chain that the packet goes through ends it there.
    #[test]
    fn a_drop_on_top_decides(rules in prop::collection::vec(rule(), 0..14), text in packets()) {
        let hook = match text.as_str() {
            text if text.contains("192.168.88.1:80 tcp in=") || text.contains("192.168.88.1:80 udp in=") => "input",
            text if text.starts_with("192.168.88.1:") => "output",
            _ => "forward",
        };
        let mut closed = rules.clone();
        closed.insert(0, format!("chain={hook} action=drop"));
        let trace = with(&closed).trace(&packet(&text)).unwrap();
        prop_assert_eq!(trace.verdict, Verdict::Drop);
        prop_assert_eq!(trace.steps.last().and_then(|step| step.comment.clone()), Some("rule-0".to_owned()));
    }

    /// Asking changes nothing: neither a counter, nor a connection, nor the next answer.
    #[test]
    fn asking_changes_nothing(rules in prop::collection::vec(rule(), 0..8), text in packets()) {
        let mut device = with(&rules);
        let rows = |device: &mut Device| {
            ["/ip/firewall/filter", "/ip/firewall/connection", "/ip/firewall/address-list"].map(|menu| {
                device.run(std::time::Duration::ZERO, &Request::new(menu, "print", &[])).unwrap()
            })
        };
        let before = rows(&mut device);
        let first = device.trace(&packet(&text)).unwrap();
        prop_assert_eq!(&first, &device.trace(&packet(&text)).unwrap());
        prop_assert!(before == rows(&mut device));
    }
}
