//! What the warden says: every drift once as it comes, changes and goes, and a line for people.

use super::Warden;
use crate::voice::News;
use shared::{
    change_set::Attribute,
    drift::{Altered, Difference, Drift, State},
    notice::Severity,
    routeros::secret::{hidden, told},
};

/// Lines of one comparison at most; what is more is told by one line.
const LINES: usize = 5;
/// Characters of a value that a line shows.
const SHOWN: usize = 60;

impl Warden {
    /// Says what is news and writes it down. In this order: what was said twice does no harm, what was never said does.
    pub(super) fn tell(&mut self, news: &[Drift]) {
        if news.is_empty() {
            return;
        }
        let now = self.clock.unix_millis();
        let mut report = self.book.report(news, now);
        report.drifts = report.drifts.iter().map(without_secrets).collect();
        self.voice.drift(report, now);
        let mut lines: Vec<News> = news.iter().map(without_secrets).filter_map(|drift| line(&drift)).collect();
        if lines.len() > LINES {
            let more = lines.len() - LINES;
            lines.truncate(LINES);
            lines.push(News {
                severity: Severity::Warning,
                code: "drift_found",
                message: format!("And {more} more rows are not as they should be, or are again."),
                vif: None,
                change_set: None,
            });
        }
        for line in lines {
            self.voice.news(line, now);
        }
        self.write_down();
    }

    /// Writes the drifts and fights down.
    pub(super) fn write_down(&self) {
        if let Err(error) = self.journal.set_drifts(&self.book, &self.fights) {
            tracing::error!(%error, "drifts could not be written down");
        }
    }
}

/// A drift as it may leave the router. What is wanted and found stays as it is in the agent's own book.
fn without_secrets(drift: &Drift) -> Drift {
    let difference = match &drift.difference {
        Difference::Altered(all) => Difference::Altered(all.iter().map(altered).collect()),
        Difference::Missing(row) => Difference::Missing(hidden(row)),
        other @ (Difference::Moved | Difference::Surplus) => other.clone(),
    };
    Drift { difference, row: hidden(&drift.row), ..drift.clone() }
}

fn altered(one: &Altered) -> Altered {
    let told = |value: &Option<String>| value.as_deref().map(|value| told(&one.property, value).to_owned());
    Altered { property: one.property.clone(), wanted: told(&one.wanted), found: told(&one.found) }
}

/// The line for the event list; that a row is being put back needs none.
fn line(drift: &Drift) -> Option<News> {
    let row = format!("{} {}", drift.menu, named(&drift.row));
    let (severity, code, message) = match drift.state {
        State::Open => {
            (Severity::Warning, "drift_found", format!("Not as it should be: {row}: {}.", said(&drift.difference)))
        }
        State::Gone => (Severity::Info, "drift_gone", format!("As it should be again: {row}.")),
        State::Accepted => (Severity::Info, "drift_accepted", format!("Taken for what is wanted: {row}.")),
        State::Fighting => {
            let message = format!(
                "Left alone: {row} was put back again and again and differs still: {}. Find out who alters it, then put \
                 it back or accept it.",
                said(&drift.difference)
            );
            (Severity::Warning, "drift_fighting", message)
        }
        State::Reconciling => return None,
    };
    let change_set = drift.item.as_ref().map(|(change_set, _)| change_set.clone());
    Some(News { severity, code, message, vif: drift.vif.clone(), change_set })
}

fn named(row: &[Attribute]) -> String {
    row.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join(" ")
}

fn said(difference: &Difference) -> String {
    let value =
        |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |value| format!("`{}`", shown(value)));
    let one = |one: &Altered| format!("{} is {} instead of {}", one.property, value(&one.found), value(&one.wanted));
    match difference {
        Difference::Altered(all) => all.iter().map(one).collect::<Vec<_>>().join(", "),
        Difference::Missing(_) => "it is gone".to_owned(),
        Difference::Moved => "it stands in another place".to_owned(),
        Difference::Surplus => "it should be gone".to_owned(),
    }
}

fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}
