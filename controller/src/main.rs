//! `bulkhead`: the controller and its command line.

use bulkhead_controller::cli::{self, Cli};
use clap::Parser as _;
use std::{io::Write as _, process::ExitCode};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Without standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "bulkhead: {error:#}");
            ExitCode::FAILURE
        }
    }
}
