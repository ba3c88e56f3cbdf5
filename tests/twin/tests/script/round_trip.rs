//! Whatever is configured, an export of it, imported into a device without configuration, gives the same again.

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, caller::Caller, request::Request, rsc::Look},
    schema,
    script::{self, parse, quote, syntax, tree::Tree, value::Value},
    text,
};
use proptest::{collection::vec, prelude::*, sample::select};

/// One change, in the words of a request. Rows are named by their place, so that a failing case shrinks to few changes.
#[derive(Debug, Clone)]
enum Change {
    Add(&'static str, Vec<(&'static str, String)>),
    Set(&'static str, usize, Vec<(&'static str, String)>),
    Remove(&'static str, usize),
    Move(&'static str, usize, usize),
}

/// Menus whose rows nothing names: they may be removed without leaving anything behind.
const LEAVES: [&str; 9] = [
    "/interface/list/member",
    "/ip/address",
    "/ip/route",
    "/routing/rule",
    "/ip/firewall/filter",
    "/ip/firewall/nat",
    "/ip/firewall/mangle",
    "/ip/firewall/address-list",
    "/system/script",
];

const ORDERED: [&str; 5] =
    ["/routing/rule", "/ip/firewall/filter", "/ip/firewall/nat", "/ip/firewall/mangle", "/ip/firewall/raw"];

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "plain",
            "two words",
            "say \"hi\"",
            "$x [find]",
            "a;b{c}",
            "back\\slash",
            "line\none",
            "ümläut 🦀",
            "#no",
            " lead",
            "?",
            "\t\r\n",
            "x=y",
            "yes",
            "*1",
            "007"
        ])
        .prop_map(str::to_owned),
        vec(any::<u8>(), 1..90).prop_map(|bytes| text::from_wire(&bytes)),
    ]
}

fn row() -> impl Strategy<Value = (&'static str, Vec<(&'static str, String)>)> {
    const LINKS: &[&str] = &["ether2", "br1", "br2", "v1", "v2", "ether5"];
    // No VLANs on VLANs: what a router says to a loop of them is in no source.
    const UNDER: &[&str] = &["ether2", "br1", "br2", "ether5"];
    const LISTS: &[&str] = &["l1", "l2", "all"];
    let net = || (0_u8..3, 0_u8..4).prop_map(|(a, b)| format!("10.{a}.{b}.1/24"));
    let rule = |menu: &'static str, chains: &'static [&'static str], actions: &'static [&'static str]| {
        (word(chains), word(actions), word(LISTS), net(), odd_text()).prop_map(
            move |(chain, action, list, net, comment)| {
                let values = vec![
                    ("chain", chain),
                    ("action", action),
                    ("in-interface-list", format!("!{list}")),
                    ("src-address", net),
                    ("comment", comment),
                ];
                (menu, values)
            },
        )
    };
    prop_oneof![
        (word(&["br1", "br2"]), odd_text())
            .prop_map(|(name, comment)| ("/interface/bridge", vec![("name", name), ("comment", comment)])),
        (word(&["v1", "v2", "v3"]), word(UNDER), 1_u16..4000).prop_map(|(name, on, id)| {
            ("/interface/vlan", vec![("name", name), ("interface", on), ("vlan-id", id.to_string())])
        }),
        (word(&["l1", "l2", "l 3"]), odd_text())
            .prop_map(|(name, comment)| ("/interface/list", vec![("name", name), ("comment", comment)])),
        (word(LISTS), word(LINKS), word(&["yes", "no"])).prop_map(|(list, interface, disabled)| {
            ("/interface/list/member", vec![("list", list), ("interface", interface), ("disabled", disabled)])
        }),
        (net(), word(LINKS)).prop_map(|(address, on)| ("/ip/address", vec![("address", address), ("interface", on)])),
        word(&["t1", "t 2"]).prop_map(|name| ("/routing/table", vec![("name", name), ("fib", String::new())])),
        (net(), word(&["t1", "main"]), word(LINKS), 1_u8..5).prop_map(|(dst, table, gateway, distance)| {
            let values = vec![
                ("dst-address", dst),
                ("routing-table", table),
                ("gateway", gateway),
                ("distance", distance.to_string()),
            ];
            ("/ip/route", values)
        }),
        net().prop_map(|dst| ("/ip/route", vec![("dst-address", dst), ("blackhole", String::new())])),
        (net(), word(&["lookup", "lookup-only-in-table", "drop"]), word(&["t1", "main"])).prop_map(
            |(src, action, table)| ("/routing/rule", vec![("src-address", src), ("action", action), ("table", table)])
        ),
        rule("/ip/firewall/filter", &["input", "forward", "mine"], &["accept", "drop", "log"]),
        rule("/ip/firewall/nat", &["dstnat", "srcnat"], &["accept", "return"]),
        rule("/ip/firewall/mangle", &["prerouting", "forward"], &["accept", "passthrough"]),
        rule("/ip/firewall/raw", &["prerouting"], &["accept", "notrack", "drop"]),
        (word(&["a1", "a 2"]), net(), odd_text()).prop_map(|(list, address, comment)| {
            ("/ip/firewall/address-list", vec![("list", list), ("address", address), ("comment", comment)])
        }),
        (word(&["s1", "s2"]), odd_text())
            .prop_map(|(name, source)| ("/system/script", vec![("name", name), ("source", source)])),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => row().prop_map(|(menu, values)| Change::Add(menu, values)),
        2 => (row(), 0_usize..4).prop_map(|((menu, values), at)| Change::Set(menu, at, values)),
        1 => (select(LEAVES.as_slice()), 0_usize..4).prop_map(|(menu, at)| Change::Remove(menu, at)),
        1 => (select(ORDERED.as_slice()), 0_usize..4, 0_usize..4).prop_map(|(menu, a, b)| Change::Move(menu, a, b)),
    ]
}

fn fresh(version: &str) -> Device {
    let mut device = Device::new(schema::shipped(version).unwrap(), Duration::ZERO);
    device.build("twin", "pw");
    device
}

/// Makes a change. One that the router refuses changes nothing, which is as good a state as any.
fn apply(device: &mut Device, change: &Change) {
    let row = |menu: &str, at: usize| {
        device.static_rows(menu).get(at).map_or_else(|| "*0".to_owned(), |row| row.id.to_string())
    };
    let request = match change {
        Change::Add(menu, values) => {
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Request::new(menu, "add", &values)
        }
        Change::Set(menu, at, values) => {
            let id = row(menu, *at);
            let mut values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            values.push(("numbers", &id));
            Request::new(menu, "set", &values)
        }
        Change::Remove(menu, at) => Request::new(menu, "remove", &[("numbers", &row(menu, *at))]),
        Change::Move(menu, from, to) => {
            Request::new(menu, "move", &[("numbers", &row(menu, *from)), ("destination", &row(menu, *to))])
        }
    };
    let _ = device.perform(Duration::ZERO, &Caller::router(), &request);
}

fn check(version: &str, changes: &[Change], look: Look) -> Result<(), TestCaseError> {
    let mut device = fresh(version);
    for change in changes {
        apply(&mut device, change);
    }
    let exported = device.export_text("", look);
    let mut again = fresh(version);
    let imported = script::import(&mut again, Duration::ZERO, &exported);
    prop_assert!(imported.is_ok(), "{}\n{exported}", imported.unwrap_err());
    prop_assert_eq!(again.export_text("", look), exported);
    prop_assert_eq!(again.export(), device.export());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_imported_elsewhere_is_the_same_configuration(changes in vec(change(), 0..25), terse: bool, verbose: bool) {
        let version = if terse { "7.16.2" } else { "7.24" };
        check(version, &changes, Look { terse, verbose, sensitive: true })?;
    }
}

fn tree() -> Tree {
    Tree::new(schema::shipped("7.24").unwrap())
}

/// The text that `:put` is given.
fn put(tree: &Tree, script: &str) -> Option<Value> {
    let block = parse::parse(tree, script, 1).ok()?;
    let syntax::Kind::Built(syntax::Built::Put, values) = &block.first()?.kind else { return None };
    let syntax::Expression::Literal(value) = values.first()? else { return None };
    Some(value.clone())
}

#[test]
fn any_text_in_quotes_reads_as_itself_and_no_text_upsets_the_reader() {
    let tree = tree();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let texts = vec(any::<u8>(), 0..60).prop_map(|bytes| text::from_wire(&bytes));
    let done = runner.run(&texts, |text| {
        let quoted = format!(":put {}", quote::quoted(&text));
        prop_assert_eq!(put(&tree, &quoted), Some(Value::Text(text.clone())));
        let _ = parse::parse(&tree, &text, 1);
        Ok(())
    });
    done.unwrap();
    let noise =
        "[ -~\n]{0,80}|(\\$|\\[|\\(|\\{|\"|:if |:foreach |do=|/ip address |find |where |=|~|&&|\\)|\\]|\\}| |x){0,40}";
    runner
        .run(&proptest::string::string_regex(noise).unwrap(), |text| {
            let _ = parse::parse(&tree, &text, 1);
            Ok(())
        })
        .unwrap();
}
