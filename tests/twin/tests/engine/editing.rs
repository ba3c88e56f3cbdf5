//! Adding, changing, moving and removing rows, and what is refused.

use crate::bench::Bench;

const FILTER: &str = "/ip/firewall/filter";

/// A menu, a command, its arguments, and the text of its refusal.
type Refused<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

fn five_rules(bench: &mut Bench) -> Vec<String> {
    ["a", "b", "c", "d", "e"].map(|name| bench.add(FILTER, &[("chain", "forward"), ("comment", name)])).to_vec()
}

#[test]
fn rows_move_in_the_order_in_which_they_are_named() {
    let cases: [(&str, &[usize], Option<usize>, &str); 8] = [
        ("one before another", &[3], Some(1), "adbce"),
        ("several, in the order named", &[4, 0], Some(2), "beacd"),
        ("without a destination to the end", &[1, 0], None, "cdeba"),
        ("before itself: nowhere", &[2], Some(2), "abcde"),
        ("with its own destination: before the next that stays", &[1, 2, 4], Some(2), "abced"),
        ("the last before the first", &[4], Some(0), "eabcd"),
        ("the first before the last", &[0], Some(4), "bcdae"),
        ("all", &[4, 3, 2, 1, 0], Some(0), "edcba"),
    ];
    for (what, rows, destination, expected) in cases {
        let mut bench = Bench::new("7.24");
        let ids = five_rules(&mut bench);
        let numbers = rows.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>().join(",");
        let mut arguments = vec![("numbers", numbers.as_str())];
        arguments.extend(destination.map(|at| ("destination", ids[at].as_str())));
        bench.run(FILTER, "move", &arguments);
        assert_eq!(bench.column(FILTER, "comment").concat(), expected, "{what}");
    }
}

#[test]
fn each_ordered_row_names_the_next_and_the_last_names_none() {
    let mut bench = Bench::new("7.24");
    let ids = five_rules(&mut bench);
    bench.run(FILTER, "move", &[("numbers", &ids[4]), ("destination", &ids[0])]);
    let last = "*FFFFFFFF".to_owned();
    let expected = [&ids[0], &ids[1], &ids[2], &ids[3], &last].map(Clone::clone);
    assert_eq!(bench.column(FILTER, ".nextid"), expected);
    // Where the order means nothing there is no such property.
    assert!(bench.print("/ip/firewall/address-list", &[]).iter().flatten().all(|(name, _)| name != ".nextid"));
}

#[test]
fn what_stands_in_the_way_of_order_is_refused() {
    let mut bench = Bench::new("7.24");
    let ids = five_rules(&mut bench);
    bench.run(FILTER, "set", &[(".id", &ids[4]), ("action", "fasttrack-connection")]);
    let dummy = bench.print(FILTER, &["dynamic=true"])[0][0].1.clone();
    let cases: [Refused<'_>; 8] = [
        (FILTER, "add", &[("chain", "input"), ("place-before", "*FFFF")], "0 no such item"),
        (FILTER, "add", &[("chain", "input"), ("place-before", &dummy)], "failure: can not move builtin"),
        (FILTER, "move", &[("numbers", &dummy)], "failure: can not move builtin"),
        (FILTER, "move", &[("numbers", &ids[1]), ("destination", &dummy)], "failure: can not move builtin"),
        (FILTER, "move", &[("numbers", "*FFFF")], "0 no such item"),
        (FILTER, "set", &[(".id", &dummy), ("comment", "x")], "failure: can not change dynamic"),
        ("/ip/firewall/address-list", "move", &[("numbers", "*1")], "0 no such command"),
        ("/ip/firewall/address-list", "add", &[("place-before", "*1")], "0 unknown parameter place-before"),
    ];
    for (menu, verb, arguments, expected) in cases {
        assert_eq!(bench.refusal(menu, verb, arguments), expected, "{menu}/{verb} {arguments:?}");
    }
    assert_eq!(bench.column(FILTER, "comment").concat(), "special dummy rule to show fasttrack countersabcde");
}

#[test]
fn a_command_on_several_rows_touches_none_when_one_is_not_there() {
    let mut bench = Bench::new("7.24");
    let ids = five_rules(&mut bench);
    let several = format!("{},*FFFF,{}", ids[0], ids[1]);
    for (verb, arguments) in [("set", &[("comment", "x")][..]), ("remove", &[]), ("disable", &[]), ("move", &[])] {
        let arguments = [&[(if verb == "set" { ".id" } else { "numbers" }, several.as_str())], arguments].concat();
        assert_eq!(bench.refusal(FILTER, verb, &arguments), "0 no such item", "{verb}");
    }
    assert_eq!(bench.column(FILTER, "comment").concat(), "abcde");
    assert!(bench.print(FILTER, &["disabled=true"]).is_empty());
}

#[test]
fn a_name_with_a_comma_is_one_name() {
    let mut bench = Bench::new("7.24");
    bench.add("/interface/vlan", &[("name", "a,b"), ("vlan-id", "5"), ("interface", "bridge1")]);
    bench.run("/interface/vlan", "set", &[("numbers", "a,b"), ("comment", "found")]);
    assert_eq!(bench.value("/interface/vlan", "vlan-id=5", "comment").as_deref(), Some("found"));
    assert_eq!(bench.refusal("/interface/vlan", "remove", &[("numbers", "a,c")]), "0 no such item");
}

#[test]
fn a_copy_takes_over_all_but_what_a_row_has_for_itself() {
    let mut bench = Bench::new("7.24");
    let vlan = [("name", "guests"), ("vlan-id", "7"), ("interface", "bridge1"), ("comment", "first")];
    let id = bench.add("/interface/vlan", &vlan);
    bench.add("/interface/vlan", &[("copy-from", &id), ("comment", "second")]);
    assert_eq!(bench.value("/interface/vlan", "comment=second", "name").as_deref(), Some("vlan1"));
    assert_eq!(bench.value("/interface/vlan", "comment=second", "vlan-id").as_deref(), Some("7"));
}

#[test]
fn a_value_is_got_where_it_exists() {
    let mut bench = Bench::new("7.24");
    let id = bench.add("/interface/vlan", &[("name", "v"), ("vlan-id", "7"), ("interface", "bridge1")]);
    let mut got = |name: &str| bench.ask("/interface/vlan", "get", &[("number", &id), ("value-name", name)]);
    let done = |value: &str| Ok(bulkhead_twin::device::Reply::Done(Some(value.to_owned())));
    assert_eq!(got("vlan-id"), done("7"));
    assert_eq!(got("running"), done("true"));
    // Not set, yet there is such a property.
    assert_eq!(got("comment"), done(""));
    assert_eq!(got("colour"), Err("1 input does not match any value of value-name".to_owned()));
}

#[test]
fn what_cannot_stand_together_is_refused() {
    let mut bench = Bench::new("7.24");
    let vlan = "/interface/bridge/vlan";
    let ten = bench.add(vlan, &[("bridge", "bridge1"), ("vlan-ids", "10-12"), ("tagged", "bridge1")]);
    bench.add("/interface/list", &[("name", "one")]);
    bench.add("/interface/list", &[("name", "two"), ("include", "one")]);
    let cases: [Refused<'_>; 6] = [
        (vlan, "add", &[("bridge", "bridge1"), ("vlan-ids", "5,11")], "failure: vlan already added"),
        (
            vlan,
            "set",
            &[(".id", &ten), ("untagged", "bridge1")],
            "failure: interface cannot be in tagged and untagged at the same time",
        ),
        ("/interface/list", "set", &[("numbers", "one"), ("exclude", "two")], "failure: interface list loop"),
        (
            "/interface/vlan",
            "add",
            &[("vlan-id", "5"), ("interface", "all")],
            "1 input does not match any value of interface",
        ),
        (FILTER, "print", &[("oid", "")], "0 unknown parameter oid"),
        ("/interface/bridge/settings", "print", &[("follow-only", "")], "0 unknown parameter follow-only"),
    ];
    for (menu, verb, arguments, expected) in cases {
        assert_eq!(bench.refusal(menu, verb, arguments), expected, "{menu}/{verb} {arguments:?}");
    }
    // The same VLAN again in the same row is no second one.
    bench.run(vlan, "set", &[(".id", &ten), ("vlan-ids", "10-13")]);
}
