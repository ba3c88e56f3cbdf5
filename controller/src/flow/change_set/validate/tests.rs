//! The table of codes against what raises each of them, on one router.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use shared::routeros::{schema::Schema, trace::trace};

use super::*;
use router::{model, schema, schemas};

#[allow(unreachable_pub, reason = "the tests of the whole have it as a public module")]
#[path = "../../../../../tests/support/change_lines.rs"]
mod change_lines;
#[allow(unreachable_pub, dead_code, reason = "the tests of the whole have it as a public module")]
#[path = "../../../../../tests/support/lockouts.rs"]
mod lockouts;
pub(crate) mod router;

/// A code's case in `cases.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    raises: String,
    passes: String,
    #[serde(default)]
    router: String,
    #[serde(default)]
    context: Known,
    #[serde(default)]
    raising: Known,
    #[serde(default)]
    passing: Known,
    /// How often the lines are repeated, with `{n}` counting: to raise it, and not to.
    #[serde(default)]
    repeat: Option<(u32, u32)>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Known {
    version: Option<String>,
    packages: Option<Vec<String>>,
    mode: Vec<String>,
    architecture: Option<String>,
    memory: Option<u64>,
    storage: Option<u64>,
    agent: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cases {
    case: BTreeMap<String, Case>,
}

static CASES: LazyLock<BTreeMap<String, Case>> =
    LazyLock::new(|| toml::from_str::<Cases>(include_str!("tests/cases.toml")).expect("cases").case);

/// Items from lines, for the tests of the modules below.
pub(super) fn lines(lines: &str) -> Vec<Item> {
    change_lines::items(lines)
}

/// The newest schema.
pub(super) fn newest() -> &'static Schema {
    &schemas()[schemas().len() - 1]
}

/// What is known of the router, with what a case says otherwise.
fn context<'a>(known: [&Known; 2], schema: &'a Schema, others: &'a [Schema]) -> Context<'a> {
    let said = |pick: &dyn Fn(&Known) -> Option<String>| known.into_iter().find_map(pick);
    let mode = known.into_iter().flat_map(|known| &known.mode);
    Context {
        version: said(&|known| known.version.clone()).map_or(schema.version, |text| text.parse().expect("a version")),
        schema,
        others,
        device: Device {
            architecture: said(&|known| known.architecture.clone()).unwrap_or_else(|| "arm64".to_owned()),
            free_memory: known.into_iter().find_map(|known| known.memory).or(Some(512 << 20)),
            free_storage: known.into_iter().find_map(|known| known.storage).or(Some(64 << 20)),
            packages: known.into_iter().find_map(|known| known.packages.clone()),
            device_mode: mode.filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect(),
        },
        agent: Some(Session {
            address: said(&|known| known.agent.clone())
                .as_deref()
                .unwrap_or("172.16.63.2")
                .parse()
                .expect("an address"),
            router: "172.16.63.1".parse().expect("an address"),
            port: 8729,
            service: "api-ssl".into(),
            user: "bulkhead".into(),
            interface: "bh-agent".into(),
        }),
        link: Some(Link { address: "192.168.88.10".parse().expect("an address"), port: 8883 }),
        administrator: Some(Administrator { address: "192.168.88.10".parse().expect("an address") }),
        vifs: vec![Vif {
            id: "tor".into(),
            name: "tor".into(),
            interface: "bh-v100".into(),
            source: "172.16.64.2".parse().expect("an address"),
            egress: "wg-vpn".into(),
        }],
    }
}

/// The codes that items raise, each with its item.
fn codes(lines: &str, rows: &str, known: [&Known; 2]) -> Vec<(&'static str, Option<String>)> {
    let version = known.into_iter().find_map(|known| known.version.as_deref()).unwrap_or("7.24");
    let (schema, others) = (&schema(version), schemas());
    let found = validate(&change_lines::items(lines), &model(rows), &context(known, schema, others));
    let findings = found.stages.iter().flat_map(|stage| &stage.findings);
    findings.map(|finding| (finding.code.code, finding.item.clone())).collect()
}

fn repeated(lines: &str, times: Option<u32>) -> String {
    let Some(times) = times else { return lines.to_owned() };
    (1..=times).map(|n| lines.replace("{n}", &n.to_string())).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_code_is_raised_by_what_it_means_and_not_by_what_is_like_it() {
    for code in CODES {
        let case = CASES.get(code.code).unwrap_or_else(|| panic!("cases.toml has no case of {}", code.code));
        let raised =
            codes(&repeated(&case.raises, case.repeat.map(|r| r.0)), &case.router, [&case.raising, &case.context]);
        assert!(raised.iter().any(|(found, _)| *found == code.code), "{} is not raised: {raised:?}", code.code);
        let passed =
            codes(&repeated(&case.passes, case.repeat.map(|r| r.1)), &case.router, [&case.passing, &case.context]);
        assert!(!passed.iter().any(|(found, _)| *found == code.code), "{} is raised all the same", code.code);
    }
    let unknown: Vec<&String> = CASES.keys().filter(|name| CODES.iter().all(|code| code.code != *name)).collect();
    assert!(unknown.is_empty(), "cases of no code: {unknown:?}");
}

#[test]
fn what_raises_one_code_raises_no_other_of_its_stage_by_chance() {
    // A case is a plain example: what fails beside the code that it shows would hide which of the two was meant.
    for code in CODES {
        let case = &CASES[code.code];
        let lines = repeated(&case.passes, case.repeat.map(|r| r.1));
        let passed = codes(&lines, &case.router, [&case.passing, &case.context]);
        let same = passed.iter().filter(|(found, _)| {
            CODES
                .iter()
                .any(|other| other.code == *found && other.stage == code.stage && other.severity == Severity::Failed)
        });
        let same: Vec<_> = same.collect();
        assert!(same.is_empty(), "{}: {same:?}", code.code);
    }
}

/// The whole answer to items, on the router of the cases.
fn validated(lines: &str) -> Validation {
    let nothing = Known::default();
    validate(&change_lines::items(lines), &model(""), &context([&nothing, &nothing], newest(), schemas()))
}

#[test]
fn the_summary_tells_what_would_be_on_the_router() {
    let found = validated(
        r#"
        delete /ip/pool name=none-such
        update /ip/service name=ssh : port=2222 disabled=no
        update /ip/firewall/filter comment="defconf: accept ICMP" : log=yes @ last
        create /ip/firewall/address-list comment=bulkhead:list/x : list=blocked address=10.3.0.7/32
        "#,
    );
    let lines: Vec<String> = found
        .diff
        .iter()
        .flat_map(|menu| menu.rows.iter().map(move |row| (menu, row)))
        .map(|(menu, row)| format!("{} {:?} moved={} {:?} {:?}", menu.menu, row.verb, row.moved, row.before, row.after))
        .collect();
    expect_test::expect![[r#"
        [
            "/ip/service Set moved=false [(\"port\", \"22\")] [(\"port\", \"2222\")]",
            "/ip/firewall/filter Set moved=true [] [(\"log\", \"true\")]",
            "/ip/firewall/address-list Add moved=false [] [(\"address\", \"10.3.0.7\"), (\"comment\", \"bulkhead:list/x\"), (\"list\", \"blocked\")]",
        ]
    "#]].assert_debug_eq(&lines);
    assert_eq!((found.operations, found.order.join(",")), (4, "2,3,4,1".to_owned()));
    assert_eq!(found.risk, Risk::High);
    assert!(found.estimated_ms > 3_000);
    let names: Vec<&str> = found.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["syntax", "conflicts", "dependencies", "platform", "security", "addresses", "summary"]);
}

#[test]
fn risk_follows_what_is_touched() {
    for (lines, risk) in [
        ("create /ip/firewall/address-list comment=bulkhead:x : list=blocked address=10.3.0.7", Risk::Low),
        ("update /ip/dns : servers=9.9.9.9", Risk::Normal),
        ("update /ip/pool name=default-dhcp : ranges=192.168.88.20-192.168.88.30", Risk::Normal),
        ("update /ip/address interface=wg-vpn : disabled=yes", Risk::High),
        ("create /ip/firewall/filter comment=bulkhead:x : chain=input action=accept protocol=tcp", Risk::High),
    ] {
        let found = validated(lines);
        assert_eq!(found.risk, risk, "{lines}: {:?}", found.reasons);
        assert_eq!(found.reasons.is_empty(), risk == Risk::Low, "{lines}");
    }
}

#[test]
fn what_may_be_overruled_stops_without_force_and_not_with_it() {
    let found = validated("create /ip/firewall/filter comment=bulkhead:x : chain=input action=accept protocol=tcp");
    assert!(stops(&found, false) && !stops(&found, true));
    let found = validated("create /ip/firewall/filter comment=bulkhead:x : chain=input action=deny");
    assert!(stops(&found, false) && stops(&found, true));
    assert!(!stops(&validated("update /ip/dns : servers=9.9.9.9"), false));
}

#[test]
fn a_second_look_after_the_change_finds_nothing_to_write() {
    let lines = r#"
        update /ip/service name=ssh : port=2222
        update /ip/firewall/filter comment="defconf: accept ICMP" : log=yes @ last
        create /ip/firewall/raw comment=bulkhead:rule/x : chain=prerouting action=drop src-address=10.3.0.1/32 @ first
        create /interface/bridge name=guests : comment=bulkhead:bridge/guests
        create /ip/address comment=bulkhead:address/x : address=10.20.0.1/24 interface=guests
    "#;
    let (items, nothing) = (change_lines::items(lines), Known::default());
    let context = context([&nothing, &nothing], newest(), schemas());
    let (order, _) = order::order(&items);
    let first = rehearsal::rehearse(&items, &order, &[], &model(""), &context);
    let second = rehearsal::rehearse(&items, &order, &[], &first.after, &context);
    assert_eq!((first.steps.len(), second.steps.len()), (6, 0), "{:?}", second.steps);
    assert_eq!(second.after, first.after);
}

#[test]
fn a_renamed_row_is_followed_by_those_that_name_it() {
    let nothing = Known::default();
    let items = change_lines::items("update /interface/list name=LAN : name=HOME");
    let context = context([&nothing, &nothing], newest(), schemas());
    let after = rehearsal::rehearse(&items, &[0], &[], &model(""), &context).after;
    let rule =
        rows::rows(&after, "/ip/firewall/filter").iter().find(|row| rows::text(row, "in-interface-list") == "!HOME");
    assert!(rule.is_some());
    assert!(rows::rows(&after, "/interface/list/member").iter().any(|row| rows::text(row, "list") == "HOME"));
}

#[test]
fn every_way_to_lock_oneself_out_is_named_with_the_rule_that_does_it() {
    let ways = lockouts::lockouts();
    assert!(ways.len() >= 40, "{}", ways.len());
    let mut shown = 0;
    for way in ways {
        let (schema, nothing, router) = (newest(), Known::default(), model(""));
        let context = context([&nothing, &nothing], schema, schemas());
        let found = validate(&way.items, &router, &context);
        let security = &found.stages[4];
        let named = security.findings.iter().find(|finding| finding.code.code == way.code);
        assert!(named.is_some(), "{}: {:?}", way.name, security.findings);
        assert!(named.is_some_and(|finding| finding.item.is_some() && finding.message.contains(": ")), "{}", way.name);
        assert_eq!(found.risk, Risk::High, "{}", way.name);
        assert!(stops(&found, false) && found.stages[0].findings.is_empty(), "{}: {:?}", way.name, found.stages[0]);
        // The packet that shows it goes another way then.
        if let Some(packet) = named.and_then(|finding| finding.packet.as_deref()) {
            let goes = |router: &Model| trace(router, packet).map(|way| (way.verdict, way.out_interface)).ok();
            assert_ne!(goes(&carried_out(&way.items, &router, &context)), goes(&router), "{}: {packet:?}", way.name);
            shown += 1;
        }
    }
    assert!(shown >= 20, "{shown} ways have a packet");
}

/// Whether a validation stops the change; with `force` what nobody may overrule.
fn stops(found: &Validation, force: bool) -> bool {
    found.stopping().any(|finding| !(force && finding.code.force))
}

#[test]
fn what_was_put_last_stays_above_what_was_made_after_it() {
    let made = |row: &str| format!("/ip/firewall/filter chain=forward action=drop comment=bulkhead:row/t/{row}");
    let asked = |last: &str, other: &str| {
        let item =
            |row: &str| format!("create /ip/firewall/filter comment=bulkhead:row/t/{row} : chain=forward action=drop");
        let nothing = Known::default();
        let items = change_lines::items(&format!("{} @ last\n{}", item(last), item(other)));
        let router = model(&[made("1"), made("2")].join("\n"));
        validate(&items, &router, &context([&nothing, &nothing], newest(), schemas())).operations
    };
    assert_eq!(asked("1", "2"), 0, "as it was carried out the first time");
    assert_eq!(asked("2", "1"), 0, "it is the last");
}
