//! Every object of ours is taken out of the kernel alone, and the suite has to notice.
//!
//! Only the kernel lacks it: on the router it stands, so nobody repairs it. Where two layers hide each other, the mutant is
//! judged with the other one off, and the suite without the mutant has to be content in the same state. What VLAN filtering
//! does is judged by the links' model on a kernel without it, and counted apart.

mod senders;
mod situation;
mod table;

use crate::{
    bed::{Bed, TUNNEL},
    kernel::{
        Bend,
        rows::{Row, Rows},
    },
    report::{self, Totals},
};
use situation::Situation;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};
use table::Judge;

/// The comment of rules of somebody else's about answers.
const ANSWERED: &str = "foreign answers";

/// What a state without the mutant came to, so that it is looked at once.
type Content = BTreeMap<(Situation, &'static [&'static str]), Vec<String>>;

/// Takes away each object, or every fifth.
///
/// # Errors
/// The lab itself fails.
pub(crate) fn hunt(bed: &mut Bed, totals: &mut Totals) -> anyhow::Result<()> {
    bed.good()?;
    foreign(bed, true)?;
    let rows = Rows::of(&bed.bench.twin);
    let ours = rows.0.iter().flat_map(|(menu, rows)| rows.iter().map(move |row| (*menu, row)));
    let ours: Vec<(&str, String)> = ours
        .filter(|(menu, row)| *menu != "/interface" && is_ours(row) && !row.is("dynamic"))
        .map(|(menu, row)| (menu, row.text("comment").to_owned()))
        .collect();
    let step = if bed.short { 5 } else { 1 };
    report::row("object taken away", &["judged as", "killed"].map(str::to_owned));
    let (mut content, mut modelled) = (Content::new(), 0);
    for (menu, mark) in ours.iter().step_by(step) {
        let judges = table::judges(mark);
        modelled += usize::from(table::by_model(mark));
        let mut said = Vec::new();
        for judge in &judges {
            said = judged(bed, totals, &mut content, (menu, mark), judge)?;
            if !said.is_empty() {
                break;
            }
        }
        totals.mutants += 1;
        totals.killed += usize::from(!said.is_empty());
        let how = if table::by_model(mark) { "by model" } else { "packets" };
        let word = said.first().map_or("LIVES", String::as_str);
        report::row(&format!("{menu} {mark}"), &[how.to_owned(), word.to_owned()]);
    }
    foreign(bed, false)?;
    report::say(&format!("of {} mutants {modelled} are judged by the model of VLAN filtering", totals.mutants));
    Ok(())
}

/// Rows of somebody else's below ours, which do harm as soon as ours let packets come to them.
fn foreign(bed: &Bed, come: bool) -> anyhow::Result<()> {
    const RULES: [&[(&str, &str)]; 2] = [
        &[
            ("chain", "prerouting"),
            ("src-address", "172.16.64.0/24"),
            ("action", "mark-routing"),
            ("new-routing-mark", "foreign"),
        ],
        &[("chain", "forward"), ("connection-state", "established"), ("action", "fasttrack-connection")],
    ];
    const MARK: (&str, &str) = ("comment", situation::FOREIGN);
    // About whatever comes out of the tunnel, which is the router's own, too: what they count says nothing.
    const ANSWERS: [(&str, &[(&str, &str)]); 2] = [
        ("/ip/firewall/mangle", &[("action", "mark-connection"), ("new-connection-mark", "foreign")]),
        ("/ip/firewall/raw", &[("action", "passthrough")]),
    ];
    const OF_ANSWERS: [(&str, &str); 3] = [("chain", "prerouting"), ("in-interface", TUNNEL), ("comment", ANSWERED)];
    // Of the whole subnet: below ours it is about answers alone.
    const LOOKUP: [(&str, &str); 3] = [("dst-address", "172.16.64.0/24"), ("action", "lookup"), ("table", "foreign")];
    let route = [("dst-address", "0.0.0.0/0"), ("gateway", "198.18.2.1"), ("routing-table", "foreign"), MARK];
    if come {
        bed.admin("/routing/table", "add", &[("name", "foreign"), ("fib", "")])?;
        bed.admin("/ip/route", "add", &route)?;
        bed.admin("/routing/rule", "add", &[&LOOKUP[..], &[MARK]].concat())?;
        for rule in RULES {
            bed.admin("/ip/firewall/mangle", "add", &[rule, &[MARK]].concat())?;
        }
        for (menu, rule) in ANSWERS {
            bed.admin(menu, "add", &[rule, &OF_ANSWERS].concat())?;
        }
    } else {
        for menu in ["/ip/firewall/mangle", "/ip/firewall/raw", "/routing/rule", "/ip/route"] {
            for id in [bed.ids(menu, MARK.1), bed.ids(menu, ANSWERED)].concat() {
                bed.admin(menu, "remove", &[("numbers", &id)])?;
            }
        }
        bed.admin("/routing/table", "remove", &[("numbers", "foreign")])?;
    }
    bed.settle()
}

fn is_ours(row: &Row) -> bool {
    let comment = row.text("comment");
    comment.starts_with("bulkhead:vif/") || comment.starts_with("bulkhead:base/")
}

/// What the suite says to a mutant in a state; nothing where it does not notice.
fn judged(
    bed: &mut Bed,
    totals: &mut Totals,
    content: &mut Content,
    (menu, mark): (&str, &str),
    judge: &Judge,
) -> anyhow::Result<Vec<String>> {
    let key = (judge.situation, judge.off);
    if let Entry::Vacant(vacant) = content.entry(key) {
        let said = situation::look(bed, judge.situation, off(judge.off), None)?;
        anew(bed)?;
        if !said.is_empty() {
            totals.findings.push(format!("without a mutant, {:?} with {:?} off: {}", key.0, key.1, said.join("; ")));
        }
        vacant.insert(said);
    }
    if content.get(&key).is_some_and(|said| !said.is_empty()) {
        return Ok(Vec::new());
    }
    let said = situation::look(bed, judge.situation, off(judge.off), Some(without(menu, mark)))?;
    if ["/veth", "/vlan"].iter().any(|part| mark.ends_with(part)) {
        bed.traffic.plug_in(&bed.book)?;
    }
    // What got out, or was fasttracked, may go on by itself: connections begin anew.
    anew(bed)?;
    Ok(said)
}

/// Connections begin anew, once the gate is open.
fn anew(bed: &mut Bed) -> anyhow::Result<()> {
    bed.network.router.command("conntrack", &["-F"])?;
    bed.good().or_else(|_| bed.good())
}

/// Everything but one row, and what names it.
fn without(menu: &str, mark: &str) -> Bend {
    let (menu, mark) = (menu.to_owned(), mark.to_owned());
    let name = std::sync::Mutex::new(String::new());
    Arc::new(move |of, row| {
        if of == menu && row.text("comment") == mark {
            return None;
        }
        // An interface's own row and those that name a list, a table or an interface that is gone are gone too.
        let Ok(mut name) = name.lock() else { return None };
        if name.is_empty() {
            *name = table::named(&mark);
        }
        let names = |property: &str| row.text(property).trim_start_matches('!') == name.as_str();
        let dead = !name.is_empty()
            && (table::NAMING.iter().any(|property| names(property)) || (of == "/interface" && names("name")));
        (!dead).then(|| row.clone())
    })
}

/// Layers that are off: rows by the end of their marks, and `@` words for what is bent.
fn off(parts: &'static [&'static str]) -> Vec<Bend> {
    vec![Arc::new(move |menu: &str, row: &Row| {
        let comment = row.text("comment");
        let gone = is_ours(row) && parts.contains(&table::part(comment));
        let open = parts.contains(&"@open") && (comment.contains("LAN") && row.text("action") == "drop");
        let shut = parts.contains(&"@shut") && menu.ends_with("/address-list") && row.text("list") == "bh-open";
        let mut row = row.clone();
        if parts.contains(&"@gate") && comment.contains("/gate-") {
            row.0.insert("disabled".to_owned(), "false".to_owned());
        }
        if parts.contains(&"@notrack") && comment == ANSWERED && menu.ends_with("/raw") {
            row.0.insert("action".to_owned(), "notrack".to_owned());
        }
        if parts.contains(&"@lookup") && menu == "/routing/rule" {
            row.0.insert("action".to_owned(), "lookup".to_owned());
        }
        (!(gone || open || shut)).then_some(row)
    })]
}
