//! What a run comes to, and how it is said.

use std::{fmt::Write as _, io::Write as _};

/// The figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) transitions: u64,
    pub(crate) probes: u64,
    pub(crate) in_tunnel: u64,
    pub(crate) leaked: u64,
    /// What got out while the only layer against it was taken away by hand.
    pub(crate) exposed: u64,
    /// How long packets were held back once all was well again, beyond the hold of a kill switch that had engaged.
    pub(crate) overblock: Vec<u64>,
    /// Whether a hold was waited out.
    pub(crate) held: bool,
    pub(crate) reaction: Vec<u64>,
    pub(crate) killed: usize,
    pub(crate) mutants: usize,
    pub(crate) control_leaks: bool,
    /// What makes the run fail beside the figures.
    pub(crate) findings: Vec<String>,
}

impl Totals {
    /// The last line of a run.
    pub(crate) fn line(&self) -> String {
        format!(
            "transitions={} probes={} in_tunnel={} leaked={} overblock_p95_ms={} reaction_p95_ms={} mutants={}/{} control={}",
            self.transitions,
            self.probes,
            self.in_tunnel,
            self.leaked,
            p95(&self.overblock),
            p95(&self.reaction),
            self.killed,
            self.mutants,
            if self.control_leaks { "leaks" } else { "dry" },
        )
    }

    /// Whether the run shows what it is for.
    pub(crate) fn good(&self) -> bool {
        self.leaked == 0 && self.killed == self.mutants && self.control_leaks && self.findings.is_empty()
    }
}

/// The value that 95 of a hundred do not exceed.
pub(crate) fn p95(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0)
}

/// Says a line.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody is left to be told that nobody listens.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A table's row: the name, then its columns.
pub(crate) fn row(name: &str, columns: &[String]) {
    let mut line = format!("{name:<58}");
    for column in columns {
        let _ = write!(line, " {column:>11}");
    }
    say(&line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_good_only_when_nothing_leaked_and_the_control_did() {
        let good = Totals { control_leaks: true, ..Totals::default() };
        assert!(good.good());
        assert!(!Totals { leaked: 1, control_leaks: true, ..Totals::default() }.good());
        assert!(!Totals { mutants: 2, killed: 1, control_leaks: true, ..Totals::default() }.good());
        assert!(!Totals::default().good(), "a control that is dry makes the run void");
    }

    #[test]
    fn p95_is_one_of_the_values() {
        assert_eq!(p95(&[]), 0);
        assert_eq!(p95(&[7]), 7);
        assert_eq!(p95(&(1..=100).collect::<Vec<_>>()), 95);
    }
}
