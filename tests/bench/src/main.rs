//! `bulkhead-bench`: the figures of the agent's RouterOS client, beside a raw socket and clients that others wrote, and
//! what the agent writes to the flash.
//!
//! Started by the programs in `scripts/bench.d`. Each figure goes to standard output as one line of five fields
//! parted by tabs (see `scripts/bench`); what is going on meanwhile goes to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

mod adds;
mod counted;
mod counts;
mod delay;
mod flash;
mod instructions;
mod ours;
mod pairs;
mod peer;
mod plan;
mod raw;
mod router;
mod row;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let name = arguments.first().copied().unwrap_or_default();
    let measured = match arguments[..] {
        ["adds"] => adds::measure(),
        ["counts"] => counts::print(),
        ["flash"] => flash::measure(),
        ["flash-day"] => flash::day().map(|(written, _)| println!("{written}")),
        ["instructions"] => instructions::measure(),
        ["plan"] => plan::measure(),
        ["wire"] => wire::measure(),
        ["client", work, router, count] => ours::work(work, router, count),
        _ => Err(anyhow::anyhow!(
            "usage: bulkhead-bench adds|counts|flash|flash-day|instructions|plan|wire|client WORK ROUTER COUNT"
        )),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-bench {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
