//! Change sets of all kinds, and the router that they are made for.

use crate::orders::{create, delete, unset, update};
use shared::change_set::{Attribute, Item, Position};

/// What is on the router beside the factory's and the installer's part.
pub const ROUTER: &str = r"
/interface/bridge/add name=guests comment=guests
/interface/vlan/add name=v20 interface=guests vlan-id=20 comment=v20
/interface/vlan/add name=v30 interface=guests vlan-id=30 comment=v30
/interface/list/add name=kids comment=kids
/interface/list/member/add list=kids interface=v30 comment=kids-v30
/ip/address/add address=10.20.0.1/24 interface=v20 comment=v20-address
/ip/route/add dst-address=10.77.0.0/16 gateway=10.20.0.9 comment=to-lab
/ip/firewall/address-list/add list=blocked address=198.51.100.66 comment=bad-1
/ip/firewall/address-list/add list=blocked address=198.51.100.67 comment=bad-2
/ip/firewall/filter/add chain=forward action=accept src-address-list=friends comment=f-friends
/ip/firewall/filter/add chain=forward action=jump jump-target=kids in-interface-list=kids comment=f-jump
/ip/firewall/filter/add chain=kids action=drop protocol=tcp dst-port=6881-6889 comment=f-torrents
/ip/firewall/filter/add chain=kids action=return comment=f-return
/ip/firewall/filter/add chain=forward action=drop dst-address-list=blocked comment=f-blocked
/ip/firewall/nat/add chain=dstnat action=dst-nat protocol=tcp dst-port=8443 to-addresses=192.168.88.20 to-ports=443 comment=n-web
/ip/firewall/mangle/add chain=prerouting action=mark-routing new-routing-mark=main src-address=10.20.0.0/24 comment=m-lab
/ip/firewall/raw/add chain=prerouting action=drop src-address=203.0.113.99 comment=r-bad
/routing/table/add name=lab fib comment=t-lab
/routing/rule/add src-address=10.20.0.0/24 action=lookup table=lab comment=rule-lab
/ip/dns/static/add name=nas.lan address=192.168.88.30 comment=nas
/queue/simple/add name=kids target=10.30.0.0/24 max-limit=10M/2M comment=q-kids
/ip/pool/add name=guests ranges=10.20.0.100-10.20.0.199 comment=p-guests
";

const FILTER: &str = "/ip/firewall/filter";
const LIST: &str = "/ip/firewall/address-list";

/// The row with this comment.
pub fn by(comment: &str) -> Vec<Attribute> {
    vec![("comment".to_owned(), comment.to_owned())]
}

fn above(comment: &str) -> Position {
    Position::Before(by(comment))
}

fn below(comment: &str) -> Position {
    Position::After(by(comment))
}

/// Every change set with its name.
pub fn all() -> Vec<(&'static str, Vec<Item>)> {
    [placed(), made(), altered(), removed(), moved(), mixed()].concat()
}

fn placed() -> Vec<(&'static str, Vec<Item>)> {
    let drop_ssh = [("chain", "input"), ("action", "drop"), ("protocol", "tcp"), ("dst-port", "22")];
    vec![
        ("a rule on top", vec![create("1", FILTER, &drop_ssh, Some(Position::First))]),
        ("a rule at the end", vec![create("1", FILTER, &drop_ssh, Some(Position::Last))]),
        ("a rule above one", vec![create("1", FILTER, &drop_ssh, Some(above("f-jump")))]),
        ("a rule below one", vec![create("1", FILTER, &drop_ssh, Some(below("f-jump")))]),
        (
            "rules one below the other",
            vec![
                create("1", FILTER, &drop_ssh, Some(above("f-blocked"))),
                create("2", FILTER, &[("chain", "input"), ("action", "log")], Some(below("bulkhead:row/t/1"))),
                create("3", FILTER, &[("chain", "input"), ("action", "accept")], Some(below("bulkhead:row/t/2"))),
            ],
        ),
        (
            "a chain with its jump",
            vec![
                create("1", FILTER, &[("chain", "iot"), ("action", "drop")], Some(Position::Last)),
                create(
                    "2",
                    FILTER,
                    &[("chain", "forward"), ("action", "jump"), ("jump-target", "iot"), ("in-interface", "v20")],
                    Some(Position::First),
                ),
            ],
        ),
    ]
}

fn made() -> Vec<(&'static str, Vec<Item>)> {
    vec![
        ("an address list entry", vec![create("1", LIST, &[("list", "vips"), ("address", "10.1.1.1")], None)]),
        (
            "many entries",
            (1..=12)
                .map(|n| create(&n.to_string(), LIST, &[("list", "many"), ("address", &format!("10.1.2.{n}"))], None))
                .collect(),
        ),
        (
            "a VLAN with address, list and rule",
            vec![
                create("1", "/interface/vlan", &[("name", "v40"), ("interface", "guests"), ("vlan-id", "40")], None),
                create("2", "/ip/address", &[("address", "10.40.0.1/24"), ("interface", "v40")], None),
                create("3", "/interface/list/member", &[("list", "kids"), ("interface", "v40")], None),
                create("4", "/ip/pool", &[("name", "v40"), ("ranges", "10.40.0.10-10.40.0.20")], None),
            ],
        ),
        (
            "a tunnel with its secrets",
            vec![
                create(
                    "1",
                    "/interface/wireguard",
                    &[("name", "wg-lab"), ("private-key", "AHmHuKuqyXSTsDEvmFOPeFpWZPvQyqPEFSDCWCPfbHg=")],
                    None,
                ),
                create(
                    "2",
                    "/interface/wireguard/peers",
                    &[
                        ("interface", "wg-lab"),
                        ("public-key", "cIq0WqMrNDYJHOcuNDBUJyTPcsCmHmzCaGoDJ1qLbHY="),
                        ("preshared-key", "Nl7iZXVzQ0BGUmZRc1ZjYWJjZGVmZ2hpamtsbW5vcHE="),
                        ("allowed-address", "10.50.0.0/24"),
                    ],
                    None,
                ),
                create("3", "/ip/address", &[("address", "10.50.0.1/24"), ("interface", "wg-lab")], None),
            ],
        ),
        (
            "a table with route and rule",
            vec![
                create("1", "/routing/table", &[("name", "vpn"), ("fib", "")], None),
                create("2", "/ip/route", &[("gateway", "wg-vpn"), ("routing-table", "vpn")], None),
                create(
                    "3",
                    "/routing/rule",
                    &[("src-address", "10.20.0.7/32"), ("action", "lookup-only-in-table"), ("table", "vpn")],
                    Some(Position::First),
                ),
            ],
        ),
        (
            "a port forward with its comment",
            vec![create(
                "1",
                "/ip/firewall/nat",
                &[
                    ("chain", "dstnat"),
                    ("action", "dst-nat"),
                    ("protocol", "udp"),
                    ("dst-port", "51821"),
                    ("to-addresses", "192.168.88.21"),
                    ("comment", "für \"Oma\" $5?"),
                ],
                None,
            )],
        ),
    ]
}

fn altered() -> Vec<(&'static str, Vec<Item>)> {
    vec![
        ("a port", vec![update("1", FILTER, by("f-torrents"), &[("dst-port", "6881-6999,51413")], None)]),
        ("an action", vec![update("1", FILTER, by("f-blocked"), &[("action", "reject")], None)]),
        ("a rule switched off", vec![update("1", FILTER, by("f-friends"), &[("disabled", "yes")], None)]),
        ("a matcher taken away", vec![unset(update("1", FILTER, by("f-jump"), &[], None), "in-interface-list")]),
        ("a matcher added", vec![update("1", FILTER, by("f-friends"), &[("src-address", "10.20.0.0/24")], None)]),
        ("a comment, which is the key", vec![update("1", FILTER, by("f-return"), &[("comment", "back")], None)]),
        (
            "a name that others refer to",
            vec![update("1", "/interface/list", by("kids"), &[("name", "children")], None)],
        ),
        ("a single menu", vec![update("1", "/ip/dns", Vec::new(), &[("servers", "9.9.9.9,149.112.112.112")], None)]),
        ("the router's name", vec![update("1", "/system/identity", Vec::new(), &[("name", "home")], None)]),
        ("a queue", vec![update("1", "/queue/simple", by("q-kids"), &[("max-limit", "20M/5M")], None)]),
        ("an address", vec![update("1", "/ip/address", by("v20-address"), &[("address", "10.21.0.1/24")], None)]),
        (
            "a gateway",
            vec![update("1", "/ip/route", by("to-lab"), &[("gateway", "10.20.0.10"), ("distance", "5")], None)],
        ),
    ]
}

fn removed() -> Vec<(&'static str, Vec<Item>)> {
    vec![
        ("an entry removed", vec![delete("1", LIST, by("bad-1"))]),
        ("a rule removed", vec![delete("1", FILTER, by("f-jump"))]),
        (
            "neighbours removed",
            vec![
                delete("1", FILTER, by("f-jump")),
                delete("2", FILTER, by("f-torrents")),
                delete("3", FILTER, by("f-return")),
            ],
        ),
        ("what is not there", vec![delete("1", FILTER, by("f-nobody")), delete("2", LIST, by("bad-2"))]),
        (
            "a route and a rule",
            vec![delete("1", "/ip/route", by("to-lab")), delete("2", "/routing/rule", by("rule-lab"))],
        ),
        (
            "one of each",
            vec![
                delete("1", "/ip/firewall/nat", by("n-web")),
                delete("2", "/ip/firewall/mangle", by("m-lab")),
                delete("3", "/ip/firewall/raw", by("r-bad")),
                delete("4", "/ip/dns/static", by("nas")),
            ],
        ),
    ]
}

fn moved() -> Vec<(&'static str, Vec<Item>)> {
    vec![
        ("up", vec![update("1", FILTER, by("f-blocked"), &[], Some(Position::First))]),
        ("down", vec![update("1", FILTER, by("f-friends"), &[], Some(Position::Last))]),
        (
            "around",
            vec![
                update("1", FILTER, by("f-return"), &[], Some(above("f-friends"))),
                update("2", FILTER, by("f-jump"), &[], Some(below("f-blocked"))),
            ],
        ),
    ]
}

fn mixed() -> Vec<(&'static str, Vec<Item>)> {
    vec![
        (
            "a rule replaced",
            vec![
                create("1", FILTER, &[("chain", "kids"), ("action", "reject")], Some(above("f-torrents"))),
                delete("2", FILTER, by("f-torrents")),
            ],
        ),
        (
            "made, altered, moved and removed",
            vec![
                create("1", FILTER, &[("chain", "kids"), ("action", "log")], Some(below("f-jump"))),
                update(
                    "2",
                    FILTER,
                    by("f-torrents"),
                    &[("action", "reject"), ("dst-port", "6881")],
                    Some(Position::First),
                ),
                delete("3", FILTER, by("f-return")),
                create("4", LIST, &[("list", "blocked"), ("address", "198.51.100.68")], None),
                delete("5", LIST, by("bad-1")),
                update("6", "/ip/dns/static", by("nas"), &[("address", "192.168.88.31")], None),
            ],
        ),
    ]
}
