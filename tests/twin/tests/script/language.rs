//! The language, by what scripts put out.

use std::time::Duration;

use bulkhead_twin::{
    device::{Device, Reply, caller::Caller, request::Request},
    schema,
    script::import,
};

/// A device with a few rows, and nothing from a factory.
fn device() -> Device {
    let mut device = Device::new(schema::shipped("7.24").unwrap(), Duration::from_secs(1_790_614_137));
    device.build("twin", "pw");
    let rows = r#"
/interface bridge
add name=br1 comment="first one"
add name=br2 disabled=yes
/interface vlan add name=v10 vlan-id=10 interface=br1
/ip address
add address=10.0.0.1/24 interface=br1
add address=10.0.1.1/24 interface=v10 comment="a; b"
/ip firewall filter add chain=input action=accept comment=one
/ip firewall filter add chain=input action=drop comment=two
"#;
    import(&mut device, Duration::ZERO, rows).unwrap();
    device
}

fn put_out(script: &str) -> String {
    let request = Request::new("", "execute", &[("script", script), ("as-string", "")]);
    let reply = device().perform(Duration::ZERO, &Caller::router(), &request).unwrap();
    let Reply::Done(Some(text)) = reply else { panic!("{script}: {reply:?}") };
    text.replace("\r\n", "|")
}

fn check(cases: &[(&str, &str)]) {
    for (script, expected) in cases {
        assert_eq!(put_out(script), *expected, "{script}");
    }
}

#[test]
fn values_are_computed_as_the_manual_says() {
    check(&[
        (":put (1 + 2 * 3)", "7"),
        (":put ((1 + 2) * 3)", "9"),
        (":put (7 / 2 . \"-\" . 7 % 4)", "3-3"),
        (":put (-3 + 1)", "-2"),
        (":put (10.0.0.250 + 10)", "10.0.1.4"),
        (":put (1m + 30s)", "00:01:30"),
        (":put (2h > 100m)", "true"),
        (":put (\"abc\" . 1 . true)", "abc1true"),
        (":put (1 = 1 and !(2 = 3) && (1 != 2 or false))", "true"),
        (":put (10.0.0.1 in 10.0.0.0/8)", "true"),
        (":put (10.0.0.0/16 in 10.1.0.0/16)", "false"),
        (":put (\"ether12\" ~ \"^ether[0-9]+\\$\")", "true"),
        (":put ({1;2;x=3}->\"x\")", "3"),
        (":put ({1;2;3}->1)", "2"),
        (":put [:len {1;2;3}]", "3"),
        (":put [:typeof [:find abc z]]", "nil"),
        (":put [:find abcab b 1]", "4"),
        (":put [:pick abcdef 1 3]", "bc"),
        (":put [:pick {1;2;3;4} 1 3]", "2;3"),
        (":put [:tonum \"12\"]", "12"),
        (":put [:len [:toarray \"a,b,c\"]]", "3"),
        (":put [:typeof 1.2.3.4]", "ip"),
        (":put (1,2,3)", "1;2;3"),
    ]);
}

#[test]
fn texts_hold_escapes_and_what_is_put_into_them() {
    check(&[
        (r#":put "a\"b\\c\$d\_e""#, "a\"b\\c$d e"),
        (":local x 5; :put \"x is $x, twice $(2 * $x), rows $[:len [/interface find]]\"", "x is 5, twice 10, rows 13"),
        (":put \"\\41\\C3\\A4\"", "Aä"),
        (":put \"one \\\n    line\"", "one line"),
        (":local \"a b\" 1; :put $\"a b\"", "1"),
    ]);
}

#[test]
fn blocks_loops_and_functions_run() {
    check(&[
        (":local s 0; :for i from=1 to=4 do={ :set s ($s + $i) }; :put $s", "10"),
        (":for i from=6 to=1 step=-2 do={ :put $i }", "6|4|2"),
        (":foreach k,v in={a=1;b=2} do={ :put \"$k-$v\" }", "a-1|b-2"),
        (":local i 0; :while ($i < 3) do={ :set i ($i + 1) }; :put $i", "3"),
        (":local i 0; :do { :set i ($i + 1) } while=($i < 5); :put $i", "5"),
        (":if (1 = 2) do={ :put a } else={ :put b }", "b"),
        (":local f do={ :return ($1 * $by) }; :put [$f 6 by=7]", "42"),
        (":do { :error \"no\" } on-error={ :put caught }", "caught"),
        (":onerror e in={ :error \"no\" } do={ :put \"because $e\" }", "because no"),
        (":foreach i in={1;2;3} do={ :do { :if ($i = 2) do={ :error x }; :put $i } on-error={ :put bad } }", "1|bad|3"),
        (":local x 1; { :local x 2; :put $x }; :put $x", "2|1"),
        (":global g 7; { :global g; :put $g }; :local f do={ :return $g }; :put [:typeof [$f]]", "7|nothing"),
        ("# nothing\n:put 1 ;; :put 2\n", "1|2"),
        (":put [:typeof $unset]", "nothing"),
    ]);
}

#[test]
fn rows_are_found_read_and_changed() {
    check(&[
        (":put [:len [/interface/bridge/find]]", "2"),
        (":put [/interface bridge get [find name=br1] comment]", "first one"),
        (":put [/interface/bridge/get br2 disabled]", "true"),
        (":put [:len [/interface bridge find where disabled]]", "1"),
        (":put [:len [/interface bridge find where !disabled]]", "1"),
        (":put [:len [/interface bridge find disabled=no name=br1]]", "1"),
        (":put [:len [/ip address find where address~\"^10\\\\.0\" && interface!=v10]]", "1"),
        (":put [:len [/ip address find where (interface=br1 or interface=v10) comment=\"a; b\"]]", "1"),
        (":local n br1; :put [:len [/ip address find where interface=$n]]", "1"),
        (":put [/ip/firewall/filter/print count-only where chain=input]", "2|2"),
        (":put ([/interface/vlan/print as-value]->0->\"vlan-id\")", "10"),
        (":put ([/interface/vlan/get v10]->\"interface\")", "br1"),
        ("/interface bridge; set [find name=br1] name=brX; :put [get brX comment]", "first one"),
        ("/interface bridge set br1 !comment; :put [:len [/interface bridge get br1 comment]]", "0"),
        (
            "/ip firewall filter move [find comment=two] [find comment=one]; \
             :foreach i in=[/ip firewall filter find] do={ :put [/ip firewall filter get $i comment] }",
            "two|one",
        ),
        (":put [/system/identity/get name]", "twin"),
        (":local id [/interface list add name=l1]; :put [:typeof $id]; :put [/interface list get $id name]", "id|l1"),
        (
            "/routing/table/add name=t1 fib; /ip/route/add dst-address=0.0.0.0/0 routing-table=t1 blackhole; :put ok",
            "ok",
        ),
        (":log info \"hello\"; :put [:len [/log find where message=hello topics~\"script\"]]", "1"),
        ("/in br pr count-only", "2"),
    ]);
}

#[test]
fn what_is_wrong_is_told_in_the_consoles_words_before_anything_runs() {
    check(&[
        (":put 1; /interface/brige/add", "bad command name brige (line 1 column 20)"),
        ("/ip address add foo=bar", "expected end of command (line 1 column 17)"),
        (":put 1\n:put (1 +\n", "syntax error (line 3 column 1)"),
        ("/routing table add name=x fib=yes", "expected end of command (line 1 column 30)"),
        ("/export terse show-sensitive=no", "expected end of command (line 1 column 29)"),
        ("/export hide-sensitive=yes", "expected end of command (line 1 column 23)"),
        (":put \"open", "syntax error (line 1 column 11)"),
        ("{ :put 1", "syntax error (line 1 column 9)"),
        (":put 1 2", "expected end of command (line 1 column 8)"),
        (":foo", "bad command name foo (line 1 column 2)"),
    ]);
}

#[test]
fn what_fails_while_it_runs_is_told_with_its_place_and_what_came_before_stays() {
    check(&[
        (
            ":put 1\n/interface/bridge/add name=br1",
            "1|failure: already have interface with such name (/interface/bridge/add; line 2)",
        ),
        ("/ip address remove *FFF", "no such item (/ip/address/remove; line 1)"),
        ("/interface bridge remove [find name=none]; :put ok", "ok"),
        (":put (1 / 0)", "division by zero"),
        (":if (5) do={}", "conditional not boolean"),
        (":local n 1; /import nowhere.rsc", "Cannot open import file, file does not exist (/import; line 1)"),
    ]);
}

#[test]
fn a_script_that_never_waits_is_stopped() {
    assert!(put_out(":while (true) do={}").contains("never waits"));
    assert!(put_out(":local f do={ :global f; [$f] }; :global f do={ :global f; $f }; $f").contains("too many nested"));
    let deep = format!(":put {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(put_out(&deep).starts_with("syntax error"), "deep nesting is refused, not followed");
}
