//! The lab: whether real packets of a VIF's service get out of the Linux kernel by any way but its tunnel, whatever
//! happens. `scripts/lab` runs it.

mod agent;
mod bed;
mod capture;
mod clock;
mod hopping;
mod kernel;
mod lane;
mod marker;
mod mutants;
mod namespace;
mod network;
mod packet;
mod peers;
mod report;
mod run;
mod servers;
mod traffic;
mod transitions;
mod tunnel;

use lane::Lane;
use report::{Totals, say};
use std::{path::Path, process::ExitCode, sync::atomic::Ordering};

/// The exit status of a run that is not possible here.
const CANNOT: u8 = 77;

/// The part of a name by which mutants alone are chosen.
const MUTANTS: &str = "mutants";

/// Packets that may pass between a wire's counter and its first capture, and the like.
const MOST_MISSED: u64 = 20;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Order<'a> {
    short: bool,
    /// A part of the names of transitions; all where it is empty.
    only: &'a str,
    lane: Lane,
}

impl<'a> Order<'a> {
    /// By the words of the command line; nothing where they are wrong.
    fn of(words: &[&'a str]) -> Option<Self> {
        let mut order = Self { short: false, only: "", lane: Lane::Host };
        let mut rest = words;
        loop {
            rest = match rest {
                [] => return Some(order),
                ["--short", rest @ ..] => {
                    order.short = true;
                    rest
                }
                ["--only", part, rest @ ..] => {
                    order.only = part;
                    rest
                }
                ["--lane", lane, rest @ ..] => {
                    order.lane = Lane::named(lane)?;
                    rest
                }
                _ => return None,
            };
        }
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["agent", config] = words[..] {
        agent::run(Path::new(config))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(order) = Order::of(&words) else {
        say("usage: bulkhead-lab [--short | --only PART-OF-A-NAME] [--lane host|uml]");
        return Ok(ExitCode::from(2));
    };
    if let Some(reason) = lacking()? {
        say(&format!("the lab cannot run here: {reason}"));
        return Ok(ExitCode::from(CANNOT));
    }
    if let Some(ability) = lane::abilities().lacking().filter(|_| order.lane == Lane::Uml) {
        say(&format!("the kernel that was built for the lab has no {ability}"));
        return Ok(ExitCode::FAILURE);
    }
    lane::choose(order.lane);
    clock::be_patient(order.lane.patience());
    lab(order)
}

fn lab(Order { short, only, .. }: Order<'_>) -> anyhow::Result<ExitCode> {
    let mut bed = bed::Bed::new(short)?;
    let mut totals = Totals::default();
    if only.is_empty() {
        peers::compare(&mut bed, &mut totals)?;
    }
    let columns = ["probes", "in tunnel", "leaked", "reaction ms", "blocked ms", "beyond hold"];
    report::row("transition", &columns.map(str::to_owned));
    bed.traffic.desk.pace.store(lane::here().pace(short), Ordering::SeqCst);
    for (at, transition) in transitions::all().into_iter().enumerate().filter(|(_, (name, _))| name.contains(only)) {
        // One of two in a short run.
        if short && at % 2 == 1 && !transitions::CAUGHT.contains(&transition.0) {
            continue;
        }
        run::step(&mut bed, &mut totals, transition)?;
    }
    if only.is_empty() || only == MUTANTS {
        mutants::hunt(&mut bed, &mut totals)?;
        if lane::abilities().vlans {
            hopping::hunt(&mut bed, &mut totals)?;
        }
    }
    clock::pause(100);
    let missed = bed.network.missed(&bed.book)?;
    if missed > MOST_MISSED {
        totals.findings.push(format!("the captures have missed {missed} packets of the WAN wires: the run is void"));
    }
    totals.findings.append(&mut bed.findings);
    for finding in &totals.findings {
        say(&format!("finding: {finding}"));
    }
    if totals.exposed > 0 {
        say(&format!("exposed={} (see above: not part of leaked)", totals.exposed));
    }
    say(&totals.line());
    Ok(if totals.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What this machine lacks.
fn lacking() -> anyhow::Result<Option<String>> {
    const PROGRAMS: [&str; 6] = ["nft", "ip", "wg", "conntrack", "setpriv", "mount"];
    if !nix::unistd::geteuid().is_root() {
        return Ok(Some("network namespaces want root".to_owned()));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |program: &str| {
        let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
        folders.any(|folder| folder.join(program).is_file())
    };
    if let Some(program) = PROGRAMS.into_iter().find(|program| !there(program)) {
        return Ok(Some(format!("there is no program {program}")));
    }
    if let Err(error) = namespace::Namespace::new("trial") {
        return Ok(Some(format!("{error:#}")));
    }
    let can = lane::look()?;
    let instead =
        (!can.wireguard && !there("wireguard-go")).then_some("neither WireGuard in the kernel nor wireguard-go");
    Ok(instead.map(str::to_owned))
}
