//! The lab: whether real packets of a VIF's service get out of the Linux kernel by any way but its tunnel, whatever
//! happens. `scripts/lab` runs it.

mod agent;
mod bed;
mod capture;
mod clock;
mod kernel;
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

use report::{Totals, say};
use std::{path::Path, process::ExitCode, sync::atomic::Ordering};

/// The exit status of a run that is not possible here.
const CANNOT: u8 = 77;

/// Packets that may pass between a wire's counter and its first capture, and the like.
const MOST_MISSED: u64 = 20;

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["agent", config] => {
            agent::run(Path::new(config))?;
            Ok(ExitCode::SUCCESS)
        }
        [] => lab(false, ""),
        ["--short"] => lab(true, ""),
        ["--only", part] => lab(false, part),
        _ => {
            say("usage: bulkhead-lab [--short | --only PART-OF-A-NAME]");
            Ok(ExitCode::from(2))
        }
    }
}

fn lab(short: bool, only: &str) -> anyhow::Result<ExitCode> {
    if let Some(reason) = lacking() {
        say(&format!("the lab cannot run here: {reason}"));
        return Ok(ExitCode::from(CANNOT));
    }
    let mut bed = bed::Bed::new(short)?;
    let mut totals = Totals::default();
    if only.is_empty() {
        peers::compare(&mut bed, &mut totals)?;
    }
    let columns = ["probes", "in tunnel", "leaked", "reaction ms", "blocked ms", "beyond hold"];
    report::row("transition", &columns.map(str::to_owned));
    bed.traffic.desk.pace.store(if short { 5 } else { 15 }, Ordering::SeqCst);
    for (at, transition) in transitions::all().into_iter().enumerate().filter(|(_, (name, _))| name.contains(only)) {
        // One of two in a short run.
        if short && at % 2 == 1 && !transitions::CAUGHT.contains(&transition.0) {
            continue;
        }
        run::step(&mut bed, &mut totals, transition)?;
    }
    mutants::hunt(&mut bed, &mut totals)?;
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
fn lacking() -> Option<String> {
    const PROGRAMS: [&str; 7] = ["nft", "ip", "wg", "wireguard-go", "conntrack", "setpriv", "mount"];
    if !nix::unistd::geteuid().is_root() {
        return Some("network namespaces want root".to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |program: &&str| {
        let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
        folders.any(|folder| folder.join(program).is_file())
    };
    if let Some(program) = PROGRAMS.iter().find(|program| !there(program)) {
        return Some(format!("there is no program {program}"));
    }
    namespace::Namespace::new("trial").err().map(|error| format!("{error:#}"))
}
