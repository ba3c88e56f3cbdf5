//! All firewall tables of both families as one load of nftables, which takes effect at once or not at all.

use super::{
    rows::{Row, Rows},
    rule::{self, FASTTRACKED, Place},
};
use crate::lane;
use anyhow::Context as _;
use shared::routeros::value::parse_duration;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Each chain of the packet flow: RouterOS' table and chain, and nftables' type, hook and priority. Raw comes before
/// connection tracking, mangle in postrouting before source NAT.
const CHAINS: [(&str, &str, &str); 11] = [
    ("raw", "prerouting", "type filter hook prerouting priority -300"),
    ("raw", "output", "type filter hook output priority -300"),
    ("mangle", "prerouting", "type filter hook prerouting priority -150"),
    ("mangle", "input", "type filter hook input priority -150"),
    ("mangle", "forward", "type filter hook forward priority -150"),
    ("mangle", "output", "type route hook output priority -150"),
    ("mangle", "postrouting", "type filter hook postrouting priority -150"),
    ("nat", "dstnat", "type nat hook prerouting priority -100"),
    ("nat", "srcnat", "type nat hook postrouting priority 100"),
    ("filter", "input", "type filter hook input priority 0"),
    ("filter", "forward", "type filter hook forward priority 0"),
];
const OUTPUT: (&str, &str, &str) = ("filter", "output", "type filter hook output priority 0");

const TABLES: [&str; 4] = ["raw", "mangle", "nat", "filter"];

/// The mark by which fasttracked packets are routed by `main` alone.
pub(crate) const FAST_MARK: &str = "0x40000000";

/// What is loaded, and what of it only says how long entries live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Firewall {
    /// All but the timed entries.
    pub(crate) text: String,
    /// Timed entries: family, list, address, milliseconds that are left.
    pub(crate) timed: BTreeMap<(&'static str, String, String), u64>,
    /// Counters by name: the menu and id of the row.
    pub(crate) counters: BTreeMap<String, (String, String)>,
}

impl Firewall {
    /// The whole load.
    pub(crate) fn load(&self) -> String {
        let mut text = self.text.clone();
        for ((family, list, address), left) in &self.timed {
            for table in TABLES.iter().filter(|table| has(family, table)) {
                let _ =
                    writeln!(text, "add element {family} {table} {} {{ {address} timeout {left}ms }}", rule::set(list));
            }
        }
        text
    }
}

/// All tables without a rule.
pub(crate) fn emptied() -> String {
    let tables = ["ip", "ip6"].into_iter().flat_map(|family| TABLES.map(|table| (family, table)));
    let kept = tables.filter(|(family, table)| has(family, table));
    kept.fold(String::new(), |text, (family, table)| text + &format!("flush table {family} {table}\n"))
}

fn has(family: &str, table: &str) -> bool {
    family == "ip" || table != "nat"
}

/// What the rows ask for. `epoch` tells counters of one boot from those of another.
///
/// # Errors
/// A rule or list that is not carried out, by its menu and comment.
pub(crate) fn wanted(rows: &Rows, epoch: u32, mark: &mut impl FnMut(&str) -> u32) -> anyhow::Result<Firewall> {
    let mut firewall = Firewall::default();
    for family in ["ip", "ip6"] {
        for table in TABLES.into_iter().filter(|table| has(family, table)) {
            let _ = writeln!(firewall.text, "add table {family} {table}\nflush table {family} {table}");
            sets(&mut firewall, rows, family, table)?;
            chains(&mut firewall, rows, (family, table, epoch), mark)?;
        }
    }
    Ok(firewall)
}

fn menu(family: &str, what: &str) -> String {
    format!("/{}/firewall/{what}", if family == "ip" { "ip" } else { "ipv6" })
}

fn sets(firewall: &mut Firewall, rows: &Rows, family: &'static str, table: &str) -> anyhow::Result<()> {
    let mut lists: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for rules in TABLES {
        for row in rows.menu(&menu(family, rules)) {
            for name in ["src-address-list", "dst-address-list"] {
                lists.entry(row.text(name).trim_start_matches('!')).or_default();
            }
        }
    }
    let path = menu(family, "address-list");
    for row in rows.menu(&path).iter().filter(|row| row.works()) {
        lists.entry(row.text("list")).or_default().push(row);
    }
    for (list, entries) in lists.into_iter().filter(|(list, _)| !list.is_empty()) {
        let (name, kind) = (rule::set(list), if family == "ip" { "ipv4_addr" } else { "ipv6_addr" });
        let is_timed = |row: &&Row| !row.text("timeout").is_empty();
        let ranges = entries.iter().any(|row| row.text("address").contains(['/', '-']));
        anyhow::ensure!(
            !ranges || !entries.iter().any(is_timed),
            "{path} {list}: prefixes beside entries that run out"
        );
        // A list that may hold either keeps its form for the whole run: ours that runs out never holds prefixes.
        let flags = if ranges || !list.contains("open") { "flags interval; auto-merge" } else { "flags timeout" };
        let _ = writeln!(firewall.text, "add set {family} {table} {name} {{ type {kind}; {flags}; }}");
        let _ = writeln!(firewall.text, "flush set {family} {table} {name}");
        for row in entries {
            if is_timed(&row) {
                let left = parse_duration(row.text("timeout")).context("a timeout that is none")?.as_millis();
                let key = (family, list.to_owned(), row.text("address").to_owned());
                firewall.timed.insert(key, u64::try_from(left)?.max(1));
            } else {
                let address = row.text("address");
                let _ = writeln!(firewall.text, "add element {family} {table} {name} {{ {address} }}");
            }
        }
    }
    Ok(())
}

fn chains(
    firewall: &mut Firewall,
    rows: &Rows,
    (family, table, epoch): (&'static str, &'static str, u32),
    mark: &mut impl FnMut(&str) -> u32,
) -> anyhow::Result<()> {
    let path = menu(family, table);
    let hooks: Vec<_> = CHAINS.into_iter().chain([OUTPUT]).filter(|(of, ..)| *of == table).collect();
    for (_, name, hook) in &hooks {
        let _ = writeln!(firewall.text, "add chain {family} {table} {} {{ {hook}; }}", rule::chain(name));
        fast(&mut firewall.text, (family, table, name));
    }
    let rules: Vec<&Row> = rows.menu(&path).iter().filter(|row| row.works() && !is_dummy(row)).collect();
    let own = rules.iter().flat_map(|row| [row.text("chain"), row.text("jump-target")]);
    for chain in own.filter(|chain| !chain.is_empty() && !hooks.iter().any(|(_, name, _)| name == chain)) {
        let _ = writeln!(firewall.text, "add chain {family} {table} {}", rule::chain(chain));
    }
    for row in rules {
        let counter = format!("n{epoch}-{}", row.text(".id").trim_start_matches('*'));
        let place = Place { family, table, counter: &counter };
        let text = rule::text(place, row, rows, mark)
            .with_context(|| format!("{path} {} ({})", row.text(".id"), row.text("comment")))?;
        let Some(text) = text else { continue };
        let _ = writeln!(firewall.text, "add counter {family} {table} {counter}");
        let _ = writeln!(firewall.text, "add rule {family} {table} {} {text}", rule::chain(row.text("chain")));
        firewall.counters.insert(format!("{family} {table} {counter}"), (path.clone(), row.text(".id").to_owned()));
    }
    Ok(())
}

/// Fasttracked packets meet no mangle and no filter. By a kernel with flow tables, a connection that is marked so becomes a
/// flow there, by a packet without a mark for routing, as fasttrack knows no table but `main`: its packets meet nothing
/// more, and go the way that they went. Without, all of them are let pass, and are routed by `main`; they do meet raw,
/// which here comes before the connection is known.
fn fast(text: &mut String, (family, table, chain): (&str, &str, &str)) {
    let flows = lane::abilities().flowtables;
    let verdict = match (table, chain) {
        ("filter", "forward") if flows => {
            let _ = writeln!(text, "{}", flowtable(family, &BTreeSet::new()));
            format!("meta mark 0 flow add @{FLOWS}")
        }
        _ if flows => return,
        ("mangle", "prerouting") => format!("meta mark set {FAST_MARK} accept"),
        ("mangle" | "filter", "forward") | ("mangle", "postrouting") => "accept".to_owned(),
        _ => return,
    };
    let chain = rule::chain(chain);
    let _ = writeln!(text, "add rule {family} {table} {chain} ct mark & {FASTTRACKED} == {FASTTRACKED} {verdict}");
}

/// The flow table's name.
const FLOWS: &str = "fast";

fn flowtable(family: &str, interfaces: &BTreeSet<String>) -> String {
    let names: Vec<String> = interfaces.iter().map(|name| format!("\"{name}\"")).collect();
    let devices = if names.is_empty() { String::new() } else { format!(" devices = {{ {} }};", names.join(", ")) };
    format!("add flowtable {family} filter {FLOWS} {{ hook ingress priority 0;{devices} }}")
}

/// What lets flows be taken out at these interfaces; nothing where there are none.
pub(crate) fn flows_at(interfaces: &BTreeSet<String>) -> Option<String> {
    let can = lane::abilities().flowtables && !interfaces.is_empty();
    can.then(|| ["ip", "ip6"].map(|family| flowtable(family, interfaces) + "\n").concat())
}

/// The row by which RouterOS shows what fasttrack counted: no rule.
fn is_dummy(row: &Row) -> bool {
    row.is("dynamic") && row.text("comment").contains("dummy rule")
}
