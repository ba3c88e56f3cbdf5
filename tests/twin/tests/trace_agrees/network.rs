//! Random interfaces, addresses, lists, tables, routes and routing rules.

use std::time::Duration;

use crate::{Router, chance::Chance};

pub(crate) const INTERFACES: [&str; 10] =
    ["ether1", "ether2", "ether3", "ether4", "ether5", "bridge", "b2", "v10", "v20", "wg1"];
/// What rules may name: interfaces that are no ports.
pub(crate) const ROUTED: [&str; 6] = ["ether1", "bridge", "b2", "v10", "v20", "wg1"];
pub(crate) const LISTS: [&str; 7] = ["WAN", "LAN", "l1", "l2", "l3", "all", "static"];
pub(crate) const TABLES: [&str; 3] = ["main", "t1", "t2"];

pub(crate) fn build(router: &mut Router, chance: &mut Chance) {
    interfaces(router, chance);
    ports(router, chance);
    addresses(router, chance);
    lists(router, chance);
    routes(router, chance);
    routing_rules(router, chance);
    settings(router, chance);
}

fn interfaces(router: &mut Router, chance: &mut Chance) {
    let filtering = chance.one_of(&["yes", "no"]);
    let frames = chance.one_of(&["", "frame-types=admit-only-vlan-tagged", "pvid=20"]);
    let frames = if filtering == "yes" { frames } else { "" };
    router.add("/interface/bridge", &format!("name=b2 vlan-filtering={filtering} {frames}"));
    for id in ["10", "20"] {
        let parent = chance.one_of(&["b2", "b2", "bridge", "ether1"]);
        let disabled = chance.one_of(&["no", "no", "no", "yes"]);
        router.add("/interface/vlan", &format!("name=v{id} vlan-id={id} interface={parent} disabled={disabled}"));
    }
    router.add("/interface/wireguard", "name=wg1 listen-port=13999");
    for key in ["A", "B"] {
        let allowed = chance.one_of(&["10.66.0.0/24", "0.0.0.0/0", "8.8.8.0/24,2001:db8:5::/48", "10.66.0.7/32,::/0"]);
        let disabled = chance.one_of(&["no", "no", "yes"]);
        let public = format!("{key}mXOC+F1FxEMF9dyiK2H5/1SUtzH0JuVo51h2wPfgyo=");
        router.add(
            "/interface/wireguard/peers",
            &format!("interface=wg1 public-key={public} allowed-address={allowed} disabled={disabled}"),
        );
    }
}

fn ports(router: &mut Router, chance: &mut Chance) {
    for port in ["ether4", "ether5"] {
        if chance.one_in(3) {
            continue;
        }
        let rows = router.print("/interface/bridge/port", ".id,interface");
        let id = rows.iter().find(|row| row[1].1 == port).map(|row| row[0].1.clone()).unwrap();
        router.run("/interface/bridge/port", "remove", &[(".id", &id)]);
        if chance.one_in(4) {
            continue; // A port of its own.
        }
        let pvid = chance.one_of(&["1", "10", "20", "30"]);
        let frames = chance.one_of(&["admit-all", "admit-all", "admit-only-vlan-tagged"]);
        router.add("/interface/bridge/port", &format!("bridge=b2 interface={port} pvid={pvid} frame-types={frames}"));
    }
    for ids in ["10", "20-30"] {
        let members = chance.one_of(&["tagged=b2", "tagged=b2,ether4", "untagged=ether5", "tagged=ether4"]);
        let disabled = chance.one_of(&["no", "no", "no", "yes"]);
        router.add("/interface/bridge/vlan", &format!("bridge=b2 vlan-ids={ids} {members} disabled={disabled}"));
    }
}

fn addresses(router: &mut Router, chance: &mut Chance) {
    for (net, interface) in [(1, "b2"), (2, "v10"), (3, "v20"), (4, "ether5"), (66, "wg1")] {
        if chance.one_in(6) {
            continue;
        }
        let disabled = chance.one_of(&["no", "no", "no", "no", "yes"]);
        let length = chance.one_of(&["24", "24", "16", "30"]);
        let (four, six) = match net {
            66 => ("10.66.0.1/24".to_owned(), "2001:db8:66::1/64".to_owned()),
            net => (format!("10.{net}.0.1/{length}"), format!("2001:db8:{net}::1/64")),
        };
        router.add("/ip/address", &format!("address={four} interface={interface} disabled={disabled}"));
        router.add("/ipv6/address", &format!("address={six} interface={interface} disabled={disabled} advertise=no"));
    }
    router.add("/ipv6/address", "address=2001:db8:fe::2/64 interface=ether1 advertise=no");
    for interface in ["ether1", "ether3", "v10", "b2"] {
        if chance.one_in(8) {
            let menu = match interface {
                "v10" => "/interface/vlan",
                "b2" => "/interface/bridge",
                _ => "/interface/ethernet",
            };
            router.run(menu, "set", &[(".id", interface), ("disabled", "yes")]);
        } else if interface.starts_with("ether") && chance.one_in(8) {
            router.device.set_link(Duration::ZERO, interface, false).unwrap();
        }
    }
}

fn lists(router: &mut Router, chance: &mut Chance) {
    for name in ["l1", "l2", "l3"] {
        let included = chance.one_of(&["", "include=WAN", "include=LAN", "include=WAN,LAN"]);
        let excluded = chance.one_of(&["", "", "exclude=WAN", "exclude=LAN"]);
        router.add("/interface/list", &format!("name={name} {included} {excluded}"));
        for interface in ROUTED {
            if chance.one_in(3) {
                let disabled = chance.one_of(&["no", "no", "no", "yes"]);
                router.add("/interface/list/member", &format!("list={name} interface={interface} disabled={disabled}"));
            }
        }
    }
    for _ in 0..6 {
        let list = chance.one_of(&["a1", "a2"]);
        let four = chance.one_of(&["192.168.88.20", "10.1.0.0/16", "8.8.8.8", "10.2.0.5-10.3.0.9", "203.0.113.0/24"]);
        let six = chance.one_of(&["2001:db8:1::/48", "2001:db8:5::5", "2001:db8:2::/64"]);
        let disabled = chance.one_of(&["no", "no", "no", "yes"]);
        router.run("/ip/firewall/address-list", "add", &[("list", list), ("address", four), ("disabled", disabled)]);
        router.run("/ipv6/firewall/address-list", "add", &[("list", list), ("address", six), ("disabled", disabled)]);
    }
}

fn routes(router: &mut Router, chance: &mut Chance) {
    for name in ["t1", "t2"] {
        router.add("/routing/table", &format!("name={name} fib=yes"));
    }
    for _ in 0..chance.below(12) {
        let table = chance.one_of(&TABLES);
        let distance = chance.one_of(&["1", "2", "3", "10"]);
        let disabled = chance.one_of(&["no", "no", "no", "yes"]);
        let to =
            chance.one_of(&["0.0.0.0/0", "8.8.8.0/24", "8.8.8.8/32", "8.8.0.0/16", "10.0.0.0/8", "192.168.88.0/25"]);
        let way = chance.one_of(&[
            "gateway=203.0.113.1",
            "gateway=192.168.88.77",
            "gateway=10.1.0.2",
            "gateway=10.2.0.2",
            "gateway=10.66.0.3",
            "gateway=10.99.0.1",
            "gateway=wg1",
            "gateway=v20",
            "gateway=10.1.0.2%b2",
            "blackhole=yes",
        ]);
        router.add(
            "/ip/route",
            &format!("dst-address={to} {way} distance={distance} routing-table={table} disabled={disabled}"),
        );
    }
    for _ in 0..chance.below(8) {
        let table = chance.one_of(&TABLES);
        let distance = chance.one_of(&["1", "2", "3"]);
        let to = chance.one_of(&["::/0", "2001:db8:5::/48", "2001:db8:5::5/128", "2001:db8::/32"]);
        let way = chance.one_of(&[
            "gateway=2001:db8:fe::1",
            "gateway=2001:db8:1::2",
            "gateway=2001:db8:99::2",
            "gateway=wg1",
            "gateway=fe80::1%b2",
            "blackhole=yes",
        ]);
        router.add("/ipv6/route", &format!("dst-address={to} {way} distance={distance} routing-table={table}"));
    }
}

fn routing_rules(router: &mut Router, chance: &mut Chance) {
    for _ in 0..chance.below(5) {
        let what = chance.one_of(&[
            "src-address=192.168.88.0/24",
            "src-address=10.1.0.0/16",
            "dst-address=8.8.8.8/32",
            "interface=bridge",
            "interface=b2",
            "routing-mark=t1",
            "src-address=2001:db8:1::/48",
            "dst-address=2001:db8:5::/48",
            "",
        ]);
        let does = chance.one_of(&[
            "action=lookup table=t1",
            "action=lookup table=t2",
            "action=lookup-only-in-table table=t2",
            "action=lookup-only-in-table table=main min-prefix=0",
            "action=lookup table=main min-prefix=8",
            "action=drop",
            "action=unreachable",
        ]);
        let disabled = chance.one_of(&["no", "no", "no", "yes"]);
        router.add("/routing/rule", &format!("{what} {does} disabled={disabled}"));
    }
}

fn settings(router: &mut Router, chance: &mut Chance) {
    let modes = chance.one_of(&["no", "no", "loose", "strict"]);
    let forward = chance.one_of(&["yes", "yes", "yes", "yes", "yes", "no"]);
    router.run("/ip/settings", "set", &[("rp-filter", modes), ("ip-forward", forward)]);
    if chance.one_in(6) {
        let order = chance.one_of(&["local,mangle,user,main", "mangle,user,local,main", "user,mangle,local,main"]);
        router.run("/routing/settings", "set", &[("policy-rules", order)]);
    }
    let tracking = chance.one_of(&["auto", "auto", "yes", "no"]);
    router.run("/ip/firewall/connection/tracking", "set", &[("enabled", tracking)]);
    if chance.one_in(10) {
        router.run("/ipv6/settings", "set", &[("forward", "no")]);
    }
}
