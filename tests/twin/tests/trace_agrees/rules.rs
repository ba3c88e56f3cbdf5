//! Random rules of all four tables and both families.

use crate::{
    Router,
    chance::Chance,
    network::{LISTS, ROUTED},
};

pub(crate) fn build(router: &mut Router, chance: &mut Chance) {
    for family in ["ip", "ipv6"] {
        for (table, most) in [("raw", 6), ("mangle", 12), ("nat", 7), ("filter", 14)] {
            for _ in 0..chance.below(most) {
                let chain = chain(chance, table);
                let mut rule = format!("chain={chain} {}", action(chance, family, table, chain));
                for _ in 0..chance.below(3) {
                    rule = format!("{rule} {}", matcher(chance, family, table, chain));
                }
                if chance.one_in(10) {
                    rule.push_str(" disabled=yes");
                }
                // Of a matcher that was drawn twice the first counts.
                let mut names: Vec<&str> = Vec::new();
                let mut words: Vec<&str> = Vec::new();
                for word in rule.split_whitespace() {
                    let name = word.split('=').next().unwrap();
                    if !names.contains(&name) {
                        names.push(name);
                        words.push(word);
                    }
                }
                router.add(&format!("/{family}/firewall/{table}"), &words.join(" "));
            }
        }
    }
}

fn chain(chance: &mut Chance, table: &str) -> &'static str {
    let own: &[&str] = match table {
        "raw" => &["prerouting", "prerouting", "output"],
        "mangle" => &["prerouting", "prerouting", "input", "forward", "forward", "output", "postrouting"],
        "nat" => &["srcnat", "srcnat", "dstnat", "dstnat"],
        _ => &["input", "forward", "forward", "output"],
    };
    if chance.one_in(4) { chance.one_of(&["one", "two", "three"]) } else { chance.one_of(own) }
}

fn action(chance: &mut Chance, family: &str, table: &str, chain: &str) -> String {
    if chance.one_in(4) {
        return format!("action=jump jump-target={}", chance.one_of(&["one", "two", "three", "none"]));
    }
    let common = ["accept", "return", "log", "passthrough"];
    if chance.one_in(3) {
        return format!("action={}", chance.one_of(&common));
    }
    match table {
        "raw" => format!(
            "action={}",
            chance.one_of(&["drop", "notrack", "notrack", "add-src-to-address-list address-list=a1"])
        ),
        "filter" => format!(
            "action={}",
            chance.one_of(&[
                "drop",
                "drop",
                "reject",
                "fasttrack-connection",
                "add-dst-to-address-list address-list=a2"
            ])
        ),
        "mangle" => {
            let pass = chance.one_of(&["yes", "yes", "no"]);
            let does = chance.one_of(&[
                "mark-connection new-connection-mark=c1",
                "mark-connection new-connection-mark=c2",
                "mark-connection new-connection-mark=no-mark",
                "mark-packet new-packet-mark=p1",
                "mark-routing new-routing-mark=t1",
                "mark-routing new-routing-mark=t2",
                "mark-routing new-routing-mark=main",
                "change-mss new-mss=1300 protocol=tcp tcp-flags=syn",
            ]);
            format!("action={does} passthrough={pass}")
        }
        // Whether a chain of the user's that dstnat jumps to may hold a src-nat, nobody says: only what both may do.
        _ if !matches!(chain, "srcnat" | "dstnat") => "action=accept".to_owned(),
        _ => translation(chance, family, chain),
    }
}

fn translation(chance: &mut Chance, family: &str, chain: &str) -> String {
    let ports = chance.one_of(&["", "", "protocol=tcp to-ports=8080", "protocol=udp to-ports=5000-5010"]);
    let (source, destination): (&[&str], &[&str]) = if family == "ip" {
        (
            &[
                "masquerade",
                "masquerade",
                "src-nat to-addresses=203.0.113.77",
                "src-nat to-addresses=10.8.0.3-10.8.0.9",
                "netmap to-addresses=10.8.0.0/24",
            ],
            &[
                "redirect",
                "dst-nat to-addresses=192.168.88.20",
                "dst-nat to-addresses=10.2.0.5",
                "dst-nat to-addresses=10.1.0.9-10.1.0.20",
                "netmap to-addresses=192.168.88.0/24",
            ],
        )
    } else {
        (
            &["masquerade", "src-nat to-addresses=2001:db8:fe::77/128"],
            &["redirect", "dst-nat to-addresses=2001:db8:1::20/128"],
        )
    };
    let does = if chain == "dstnat" { chance.one_of(destination) } else { chance.one_of(source) };
    format!("action={does} {ports}")
}

fn matcher(chance: &mut Chance, family: &str, table: &str, chain: &str) -> String {
    let not = chance.one_of(&["", "", "!"]);
    let address = if family == "ip" {
        chance.one_of(&["192.168.88.0/24", "10.0.0.0/8", "8.8.8.8", "10.2.0.1-10.3.0.9", "203.0.113.0/24"])
    } else {
        chance.one_of(&["2001:db8:1::/48", "2001:db8:5::5/128", "::/0"])
    };
    let incoming = matches!(chain, "prerouting" | "input" | "forward" | "dstnat");
    let outgoing = matches!(chain, "forward" | "output" | "postrouting" | "srcnat");
    match chance.below(16) {
        0 => format!("src-address={not}{address}"),
        1 => format!("dst-address={not}{address}"),
        2 => format!("src-address-list={not}{}", chance.one_of(&["a1", "a2", "a3"])),
        3 => format!("dst-address-list={not}{}", chance.one_of(&["a1", "a2", "a3"])),
        4 => format!("protocol={}", chance.one_of(&["tcp", "udp", "!tcp", "gre", "1"])),
        5 => format!(
            "protocol={} dst-port={not}{}",
            chance.one_of(&["tcp", "udp"]),
            chance.one_of(&["53", "80,443", "1-1024"])
        ),
        6 => {
            format!("protocol=tcp {}", chance.one_of(&["src-port=5000", "port=22", "tcp-flags=syn", "tcp-flags=!ack"]))
        }
        7 | 8 if incoming => format!("in-interface={not}{}", chance.one_of(&ROUTED)),
        7 | 8 if outgoing => format!("out-interface={not}{}", chance.one_of(&ROUTED)),
        9 if incoming => format!("in-interface-list={not}{}", chance.one_of(&LISTS)),
        9 if outgoing => format!("out-interface-list={not}{}", chance.one_of(&LISTS)),
        10 if table != "raw" => {
            format!("connection-state={not}{}", chance.one_of(&["new", "established,related", "invalid", "untracked"]))
        }
        11 if table != "raw" => format!("connection-mark={not}{}", chance.one_of(&["c1", "c2", "no-mark"])),
        12 if table != "raw" => format!("packet-mark={not}{}", chance.one_of(&["p1", "no-mark"])),
        13 if table == "filter" => {
            format!("connection-nat-state={not}{}", chance.one_of(&["dstnat", "srcnat", "srcnat,dstnat"]))
        }
        14 => {
            let kinds = if family == "ip" {
                &["local", "broadcast", "unicast", "local,broadcast", "blackhole"][..]
            } else {
                &["local", "unicast"]
            };
            format!("{}-address-type={not}{}", chance.one_of(&["src", "dst"]), chance.one_of(kinds))
        }
        15 => chance
            .one_of(&[
                "limit=5,5:packet",
                "protocol=icmp",
                "content=x",
                "routing-mark=t1",
                "src-mac-address=02:00:00:00:00:01",
            ])
            .to_owned(),
        _ => String::new(),
    }
}
