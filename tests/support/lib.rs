//! What Bulkhead's tests share: a demo that runs as it does for people, and clients for its outside.
//!
//! Everything here talks over loopback, ends what it started, and waits by asking again until a bound, never for a
//! fixed time.

pub mod agent;
pub mod api;
pub mod change_lines;
pub mod clock;
pub mod control;
pub mod demo;
pub mod lockouts;
pub mod outside;
pub mod parts;
pub mod processes;
pub mod rest;

use std::io::Write as _;

/// Says a line to whoever runs the tests.
#[allow(clippy::print_stderr, reason = "the one place where tests speak")]
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// Says that a test cannot run here and why, and leaves it in the file that `scripts/test` counts.
pub fn skip(test: &str, reason: &str) {
    let line = format!("skipped: {test}: {reason}");
    say(&line);
    if let Some(path) = std::env::var_os("BULKHEAD_SKIPPED") {
        let file = std::fs::File::options().append(true).create(true).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        if let Err(error) = written {
            say(&format!("the list of skipped tests could not be written: {error}"));
        }
    }
}

/// Leaves a test, saying why, where a program that it needs is not on this machine.
#[macro_export]
macro_rules! needs {
    ($test:expr, $found:expr) => {
        match $found {
            Ok(found) => found,
            Err($crate::outside::Lacking(reason)) => {
                $crate::skip($test, &reason);
                return Ok(());
            }
        }
    };
}
