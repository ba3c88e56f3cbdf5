//! `bulkhead-bench`: the figures of the agent's RouterOS client, beside a raw socket and clients that others wrote.
//!
//! Started by the programs in `scripts/bench.d`. Each figure goes to standard output as one line of five fields
//! parted by tabs (see `scripts/bench`); what is going on meanwhile goes to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

mod adds;
mod delay;
mod ours;
mod pairs;
mod peer;
mod raw;
mod router;
mod row;

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let measured = match name.as_str() {
        "adds" => adds::measure(),
        _ => Err(anyhow::anyhow!("usage: bulkhead-bench adds")),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-bench {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
