//! What a change in one menu does to others.

use crate::bench::Bench;

const PORT: &str = "/interface/bridge/port";

#[test]
fn an_interface_that_goes_leaves_its_dead_id_behind_wherever_it_was_named() {
    let mut bench = Bench::new("7.24");
    let vlan = [("name", "v"), ("vlan-id", "5"), ("interface", "bridge1")];
    let id = bench.add("/interface/vlan", &vlan);
    bench.add("/interface/vlan", &[("name", "inner"), ("vlan-id", "6"), ("interface", "v")]);
    bench.add("/interface/list", &[("name", "mine")]);
    bench.add("/interface/list/member", &[("list", "mine"), ("interface", "v")]);
    bench.add("/ip/address", &[("address", "10.0.0.1/24"), ("interface", "v")]);
    bench.add("/ip/dhcp-server", &[("name", "d"), ("interface", "v")]);
    bench.add("/ip/firewall/filter", &[("chain", "forward"), ("in-interface", "v"), ("comment", "rule")]);
    bench.add("/ip/route", &[("dst-address", "192.0.2.0/24"), ("gateway", "v")]);
    assert_eq!(bench.value("/ip/route", "dst-address=192.0.2.0/24", "active").as_deref(), Some("true"));
    bench.run("/interface/vlan", "remove", &[("numbers", "v")]);
    // A namesake is another interface (trap of re-created interfaces: from memory of devices).
    bench.add("/interface/vlan", &vlan);
    let cases = [
        ("/interface/list/member", "list=mine", "interface", id.as_str()),
        ("/interface/vlan", "name=inner", "interface", &id),
        ("/interface/vlan", "name=inner", "running", "false"),
        ("/ip/address", "address=10.0.0.1/24", "interface", &id),
        ("/ip/address", "address=10.0.0.1/24", "invalid", "true"),
        ("/ip/dhcp-server", "name=d", "invalid", "true"),
        ("/ip/firewall/filter", "comment=rule", "in-interface", &id),
        ("/ip/firewall/filter", "comment=rule", "invalid", "true"),
        ("/ip/route", "dst-address=192.0.2.0/24", "inactive", "true"),
    ];
    for (menu, query, name, expected) in cases {
        assert_eq!(bench.value(menu, query, name).as_deref(), Some(expected), "{menu} ?{query} {name}");
    }
    assert!(bench.print("/ip/route", &["dst-address=10.0.0.0/24"]).is_empty(), "its connected route is gone");
}

#[test]
fn a_new_name_is_followed_by_all_who_named_the_old_one() {
    let mut bench = Bench::new("7.24");
    bench.add("/ip/pool", &[("name", "p"), ("ranges", "10.0.0.2-10.0.0.9")]);
    bench.add("/ip/dhcp-server", &[("name", "d"), ("interface", "bridge1"), ("address-pool", "p")]);
    bench.add("/ip/dhcp-server/lease", &[("address", "10.0.0.3"), ("server", "d")]);
    bench.add("/routing/table", &[("name", "t"), ("fib", "")]);
    bench.add("/routing/rule", &[("action", "lookup"), ("table", "t")]);
    for (menu, name, new) in [("/ip/pool", "p", "q"), ("/ip/dhcp-server", "d", "e"), ("/routing/table", "t", "u")] {
        bench.run(menu, "set", &[("numbers", name), ("name", new)]);
    }
    assert_eq!(bench.value("/ip/dhcp-server", "name=e", "address-pool").as_deref(), Some("q"));
    assert_eq!(bench.value("/ip/dhcp-server/lease", "address=10.0.0.3", "server").as_deref(), Some("e"));
    assert_eq!(bench.value("/routing/rule", "action=lookup", "table").as_deref(), Some("u"));
    bench.run("/ip/pool", "remove", &[("numbers", "q")]);
    assert_eq!(bench.value("/ip/dhcp-server", "name=e", "address-pool").as_deref(), Some("*1"));
    let refused = bench.refusal("/ip/dhcp-server", "set", &[("numbers", "e"), ("address-pool", "q")]);
    assert_eq!(refused, "1 input does not match any value of address-pool");
}

#[test]
fn a_port_that_names_a_list_has_a_row_for_each_member() {
    let mut bench = Bench::new("7.24");
    bench.add("/interface/veth", &[("name", "veth2")]);
    bench.add("/interface/list", &[("name", "mine")]);
    bench.add("/interface/list/member", &[("list", "mine"), ("interface", "veth1")]);
    bench.add(PORT, &[("bridge", "bridge1"), ("interface", "mine"), ("pvid", "7")]);
    bench.add("/interface/list/member", &[("list", "mine"), ("interface", "veth2")]);
    assert_eq!(bench.column(PORT, "interface"), ["mine", "veth1", "veth2"]);
    assert_eq!(bench.value(PORT, "interface=veth2", "dynamic").as_deref(), Some("true"));
    assert_eq!(bench.value(PORT, "interface=veth2", "pvid").as_deref(), Some("7"));
    assert_eq!(bench.value("/interface", "name=veth2", "slave").as_deref(), Some("true"));
    bench.run("/interface/list/member", "remove", &[("numbers", "*1")]);
    assert_eq!(bench.column(PORT, "interface"), ["mine", "veth2"]);
}

#[test]
fn the_ports_of_a_bridge_that_goes_are_inactive_and_no_slaves() {
    let mut bench = Bench::new("7.24");
    bench.add(PORT, &[("bridge", "bridge1"), ("interface", "veth1")]);
    assert_eq!(bench.value("/interface", "name=veth1", "slave").as_deref(), Some("true"));
    bench.run("/interface/bridge", "remove", &[("numbers", "bridge1")]);
    assert_eq!(bench.value("/interface", "name=veth1", "slave"), None);
    assert_eq!(bench.value(PORT, "interface=veth1", "inactive").as_deref(), Some("true"));
    assert_eq!(bench.value(PORT, "interface=veth1", "bridge").as_deref(), Some("*1"));
}

#[test]
fn of_the_routes_to_one_place_the_nearest_that_can_be_used_is_active() {
    let mut bench = Bench::new("7.24");
    let route = |distance: &'static str| {
        [("dst-address", "192.0.2.0/24"), ("blackhole", "yes"), ("distance", distance), ("comment", distance)]
    };
    bench.add("/ip/route", &route("10"));
    bench.add("/ip/route", &route("5"));
    let active = |bench: &mut Bench| {
        let rows = bench.print("/ip/route", &["active=true"]);
        rows.iter().flatten().filter(|(name, _)| name == "distance").map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(active(&mut bench), ["5"]);
    bench.run("/ip/route", "disable", &[("numbers", "*80000002")]);
    assert_eq!(active(&mut bench), ["10"]);
    bench.run("/ip/route", "enable", &[("numbers", "*80000002")]);
    bench.run("/ip/route", "set", &[("numbers", "*80000002"), ("dst-address", "198.51.100.0/24")]);
    assert_eq!(active(&mut bench), ["10", "5"], "the place that it left is judged anew, too");
    bench.run("/ip/route", "remove", &[("numbers", "*80000001")]);
    assert_eq!(active(&mut bench), ["5"]);
}
