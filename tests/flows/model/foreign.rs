//! What somebody else configures: rows above, among and below ours, in every menu that a packet's way depends on, and
//! changes of our own rows.

use super::{
    packets::{PLACES, PORTS},
    router::{Router, is_installers},
};
use bulkhead_agent::flow::{object::Menu, vif::objects::objects};
use bulkhead_flows::draw::Draw;

type Words = Vec<(&'static str, String)>;

/// Does one to six things; gives them in words.
pub(super) fn put(router: &mut Router, draw: &mut Draw) -> Vec<String> {
    (0..=draw.below(6)).map(|n| one(router, draw, n)).collect()
}

fn one(router: &mut Router, draw: &mut Draw, n: usize) -> String {
    let (menu, words) = match draw.below(20) {
        0 | 1 => ("/ip/firewall/raw", raw(draw)),
        2..=6 => ("/ip/firewall/mangle", mangle(draw)),
        7 | 8 => ("/ip/firewall/nat", nat(draw)),
        9..=11 => ("/ip/firewall/filter", filter(draw)),
        12 => ("/routing/rule", rule(draw)),
        13 => ("/ip/route", route(draw)),
        14 => ("/interface/list/member", member(draw)),
        15 => ("/ip/firewall/address-list", entry(draw)),
        16 => layer2(draw),
        17 => (["/ipv6/firewall/raw", "/ipv6/firewall/filter"][draw.below(2)], v6(draw)),
        _ => return ours(router, draw),
    };
    let comment = format!("foreign-{n}-");
    let mut words: Vec<(&str, &str)> = words.iter().map(|(name, value)| (*name, value.as_str())).collect();
    words.push(("comment", &comment));
    let rows = router.model.rows(menu);
    let top = rows.iter().position(|row| !is_installers(row)).unwrap_or(rows.len());
    let at = match draw.below(3) {
        0 => top,
        1 => top + draw.below(rows.len() + 1 - top),
        _ => usize::MAX,
    };
    router.add(menu, at, &words);
    format!("{menu} at {at}: {words:?}")
}

fn pick(draw: &mut Draw, words: &[&str]) -> String {
    words[draw.below(words.len())].to_owned()
}

/// What packets a rule is for.
fn matchers(draw: &mut Draw) -> Words {
    let mut words = Words::new();
    for _ in 0..draw.below(3) {
        let more = match draw.below(9) {
            0 => ("in-interface", pick(draw, &["bh-v100", "bh-v101", "wg-vpn", "wg-two", "ether1", "bridge"])),
            1 => ("in-interface-list", pick(draw, &["bulkhead-vif", "WAN", "LAN", "all", "!WAN"])),
            2 => ("src-address", pick(draw, &["172.16.64.2", "172.16.64.0/24", "203.0.113.0/24", "8.8.8.8"])),
            3 => ("dst-address", pick(draw, &["203.0.113.0/24", "8.8.8.8", "172.16.64.0/24", "0.0.0.0/0"])),
            4 => ("dst-address", pick(draw, &PLACES)),
            5 => {
                ("connection-state", pick(draw, &["new", "established,related", "established", "untracked", "invalid"]))
            }
            6 => ("connection-mark", pick(draw, &["foreign", "no-mark"])),
            7 => ("dst-address-list", "bulkhead-private".to_owned()),
            _ => ("protocol", pick(draw, &["tcp", "udp", "icmp"])),
        };
        if !words.iter().any(|(name, _)| *name == more.0) {
            words.push(more);
        }
    }
    let has_ports = words.iter().any(|(name, value)| *name == "protocol" && value != "icmp");
    if has_ports && draw.below(2) == 0 {
        words.push(("dst-port", PORTS[draw.below(PORTS.len())].to_string()));
    }
    words
}

/// Such a rule in a chain, one in ten in a chain of the stranger's own that nothing may jump to.
fn rule_in(draw: &mut Draw, chains: &[&str], action: &str) -> Words {
    let chain = if draw.below(10) == 0 { "strange".to_owned() } else { pick(draw, chains) };
    let mut words = matchers(draw);
    words.extend([("chain", chain), ("action", action.to_owned())]);
    if action == "jump" {
        words.push(("jump-target", pick(draw, &["strange", "bulkhead", "forward"])));
    }
    words
}

fn raw(draw: &mut Draw) -> Words {
    let action = pick(draw, &["accept", "drop", "notrack", "notrack", "jump"]);
    rule_in(draw, &["prerouting", "prerouting", "output"], &action)
}

fn mangle(draw: &mut Draw) -> Words {
    let action = pick(
        draw,
        &[
            "accept",
            "mark-routing",
            "mark-routing",
            "mark-routing",
            "mark-connection",
            "fasttrack-connection",
            "jump",
            "mark-packet",
        ],
    );
    let mut words = rule_in(
        draw,
        &["prerouting", "prerouting", "prerouting", "forward", "postrouting", "input", "output"],
        &action,
    );
    match &*action {
        "mark-routing" => words.push(("new-routing-mark", pick(draw, &["isp2", "isp2", "main", "bh-101"]))),
        "mark-connection" => words.push(("new-connection-mark", "foreign".to_owned())),
        "mark-packet" => words.push(("new-packet-mark", "foreign".to_owned())),
        _ => {}
    }
    if action.starts_with("mark-") {
        words.push(("passthrough", pick(draw, &["true", "false"])));
    }
    words
}

fn nat(draw: &mut Draw) -> Words {
    let action = pick(draw, &["dst-nat", "dst-nat", "redirect", "accept", "masquerade", "src-nat"]);
    let chain = if matches!(&*action, "masquerade" | "src-nat") { "srcnat" } else { "dstnat" };
    let mut words = rule_in(draw, &[chain], &action);
    if action.ends_with("-nat") {
        words.push(("to-addresses", pick(draw, &PLACES)));
    }
    words
}

fn filter(draw: &mut Draw) -> Words {
    let action = pick(draw, &["accept", "accept", "fasttrack-connection", "jump", "drop", "return", "log"]);
    rule_in(draw, &["forward", "forward", "forward", "input", "output", "bulkhead", "bulkhead-input"], &action)
}

fn rule(draw: &mut Draw) -> Words {
    let action = pick(draw, &["lookup", "lookup-only-in-table", "drop"]);
    let mut words = vec![("action", action), ("table", pick(draw, &["main", "isp2", "bh-101"]))];
    match draw.below(4) {
        0 => words.push(("src-address", "172.16.64.0/24".to_owned())),
        1 => words.push(("dst-address", "203.0.113.0/24".to_owned())),
        2 => words.push(("interface", "bh-v100".to_owned())),
        _ => {}
    }
    words
}

fn route(draw: &mut Draw) -> Words {
    vec![
        ("dst-address", pick(draw, &["0.0.0.0/0", "0.0.0.0/1", "203.0.113.0/24", "172.16.64.2/32", "172.16.64.0/24"])),
        ("gateway", pick(draw, &["198.51.100.1", "192.0.2.1", "wg-two", "192.168.88.20"])),
        ("routing-table", pick(draw, &["bh-100", "bh-100", "main", "isp2"])),
        ("distance", "1".to_owned()),
    ]
}

fn member(draw: &mut Draw) -> Words {
    let list = pick(draw, &["bh-100-egress", "bh-100-egress", "bh-101-egress", "bulkhead-vif", "WAN", "LAN"]);
    vec![("list", list), ("interface", pick(draw, &["ether1", "ether2", "bridge", "wg-two", "bh-v100"]))]
}

fn entry(draw: &mut Draw) -> Words {
    let list = pick(draw, &["bh-open", "bh-open", "bulkhead-private", "strange"]);
    vec![("list", list), ("address", pick(draw, &["172.16.64.2", "172.16.64.0/24", "0.0.0.0/0", "8.8.8.8"]))]
}

fn layer2(draw: &mut Draw) -> (&'static str, Words) {
    let bulkhead = ("bridge", "bulkhead".to_owned());
    match draw.below(3) {
        0 => {
            let (ids, ports) = (pick(draw, &["100", "90-110", "7"]), pick(draw, &["ether5", "ether2,ether5"]));
            ("/interface/bridge/vlan", vec![bulkhead, ("vlan-ids", ids), ("tagged", ports)])
        }
        1 => {
            let (pvid, filtered) = (pick(draw, &["100", "101", "1"]), pick(draw, &["true", "false"]));
            let words =
                vec![bulkhead, ("interface", "ether5".to_owned()), ("pvid", pvid), ("ingress-filtering", filtered)];
            ("/interface/bridge/port", words)
        }
        _ => {
            let parent = ("interface", "bulkhead".to_owned());
            ("/interface/vlan", vec![("name", "strange".to_owned()), parent, ("vlan-id", pick(draw, &["100", "7"]))])
        }
    }
}

fn v6(draw: &mut Draw) -> Words {
    let action = pick(draw, &["accept", "drop", "jump"]);
    let chain = pick(draw, &["prerouting", "forward"]);
    let mut words = vec![("chain", chain), ("action", action.clone())];
    if action == "jump" {
        words.push(("jump-target", "strange".to_owned()));
    }
    words
}

/// Does something to a row of ours.
fn ours(router: &mut Router, draw: &mut Draw) -> String {
    let all = objects(&router.vifs);
    let object = &all[draw.below(all.len())];
    let (menu, mark) = (object.menu, object.mark.as_str());
    let path = menu.path();
    let Some(at) = router.place(path, |row| row.get("comment") == mark) else {
        return format!("{mark} is gone already");
    };
    let what = match draw.below(5) {
        0 => {
            router.model.remove(path, at);
            "removed".to_owned()
        }
        1 if menu.is_ordered() => {
            let row = router.model.remove(path, at).expect("the row");
            let to = draw.below(router.model.rows(path).len() + 1);
            router.model.insert(path, to, row);
            format!("moved to {to}")
        }
        2 if menu.is_ordered() && menu != Menu::RoutingRule => {
            let (name, value) = matchers(draw).pop().unwrap_or(("src-port", "1".to_owned()));
            router.model.set(path, at, name, &value);
            format!("{name} set to {value}")
        }
        3 if !matches!(menu, Menu::InterfaceList) => {
            router.model.set(path, at, "disabled", "true");
            "disabled".to_owned()
        }
        _ => {
            let attributes: Vec<_> = object.attributes().collect();
            let (name, value) = &attributes[draw.below(attributes.len())];
            if **value == *"yes" || matches!(*name, "name" | "fib" | "blackhole") {
                router.model.remove(path, at);
                return format!("{mark} removed");
            }
            router.model.set(path, at, name, "*1A");
            if menu.is_ordered() {
                router.model.set(path, at, "invalid", "true");
            }
            format!("{name} left on a dead id")
        }
    };
    format!("{mark} {what}")
}
