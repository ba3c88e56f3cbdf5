//! When putting back has to stop: somebody who undoes it again and again wants something, and a person has to find out
//! what.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often a row is put back within [`WINDOW_MS`] before it is left alone.
pub(super) const ROUNDS: usize = 3;
/// The time in which rounds count, in milliseconds.
pub(super) const WINDOW_MS: i64 = 10 * 60_000;

/// How a row fared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fight {
    /// When it was put back, Unix milliseconds.
    rounds: Vec<i64>,
    /// Whether it is left alone until a person acts.
    stopped: bool,
}

/// The rows that were put back, by their subjects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fights {
    rows: BTreeMap<String, Fight>,
}

impl Fights {
    /// Those that were written down.
    pub fn new(rows: impl IntoIterator<Item = (String, Fight)>) -> Self {
        Self { rows: rows.into_iter().collect() }
    }

    /// Whether a row is left alone.
    pub fn stopped(&self, subject: &str) -> bool {
        self.rows.get(subject).is_some_and(|fight| fight.stopped)
    }

    /// Begins a round, unless there were enough: then the row is left alone from now on.
    pub fn round(&mut self, subject: &str, now: i64) -> bool {
        let fight = self.rows.entry(subject.to_owned()).or_default();
        // A clock that went back must not make rounds last for ever.
        fight.rounds.retain(|at| (0..WINDOW_MS).contains(&(now - at)));
        fight.stopped |= fight.rounds.len() >= ROUNDS;
        if !fight.stopped {
            fight.rounds.push(now);
        }
        !fight.stopped
    }

    /// A person acted: everything begins anew.
    pub fn settle(&mut self, subject: &str) {
        self.rows.remove(subject);
    }

    /// What is to be written down.
    pub fn rows(&self) -> impl Iterator<Item = (&String, &Fight)> {
        self.rows.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_round_within_the_window_is_none_and_so_is_each_after_it() {
        let mut fights = Fights::default();
        for (now, expected) in [(0, true), (1, true), (2, true), (3, false), (WINDOW_MS * 9, false)] {
            assert_eq!(fights.round("x", now), expected, "at {now}");
        }
        assert!(fights.stopped("x") && !fights.stopped("y"));
        fights.settle("x");
        assert!(fights.round("x", WINDOW_MS * 9));
    }

    #[test]
    fn rounds_that_are_far_apart_are_no_fight_and_a_clock_that_went_back_makes_none() {
        let mut fights = Fights::default();
        for round in 0..20 {
            assert!(fights.round("x", round * WINDOW_MS / 2));
        }
        for now in [WINDOW_MS * 50, WINDOW_MS * 50 + 1, WINDOW_MS * 50 + 2, 0] {
            assert!(fights.round("z", now), "at {now}");
        }
    }
}
