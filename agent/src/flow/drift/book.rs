//! The drifts that are known, and which words about them are news: one that lasts is told once.

use super::{Fights, Finding};
use shared::{
    drift::{Drift, DriftReport, State},
    ids::DriftId,
};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of names and values that one report holds at most.
const ROOM: usize = 128 * 1024;

/// The drifts of a router that last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    known: BTreeMap<DriftId, Drift>,
}

impl Book {
    /// Those that were written down.
    pub fn new(drifts: impl IntoIterator<Item = Drift>) -> Self {
        Self { known: drifts.into_iter().map(|drift| (drift.id.clone(), drift)).collect() }
    }

    /// The drifts that last.
    pub fn drifts(&self) -> impl Iterator<Item = &Drift> {
        self.known.values()
    }

    /// One of them.
    pub fn get(&self, id: &DriftId) -> Option<&Drift> {
        self.known.get(id)
    }

    /// Takes a comparison of the rows that `looked` is about, and gives the drifts that are news: new, in another state,
    /// or gone.
    pub fn compared(
        &mut self,
        findings: &[Finding],
        looked: impl Fn(&Drift) -> bool,
        fights: &Fights,
        now: i64,
    ) -> Vec<Drift> {
        let mut news = Vec::new();
        let mut seen: BTreeSet<DriftId> = BTreeSet::new();
        for finding in findings {
            let Some(id) = finding.id() else { continue };
            seen.insert(id.clone());
            let state = if fights.stopped(&finding.subject()) { State::Fighting } else { State::Open };
            let fresh = || drift(finding, id.clone(), state, now);
            let known = self.known.entry(id.clone()).or_insert_with(|| {
                news.push(fresh());
                fresh()
            });
            let told = known.clone();
            known.last_seen = now;
            known.policy = finding.policy;
            known.item.clone_from(&finding.item);
            known.state = state;
            if told.state != known.state || told.policy != known.policy || told.item != known.item {
                news.push(known.clone());
            }
        }
        let gone: Vec<DriftId> = self
            .known
            .values()
            .filter(|drift| looked(drift) && !seen.contains(&drift.id))
            .map(|d| d.id.clone())
            .collect();
        news.extend(gone.iter().filter_map(|id| self.end(id, State::Gone, now)));
        news
    }

    /// Puts a drift into another state; gives it where that is news.
    pub fn set(&mut self, id: &DriftId, state: State, now: i64) -> Option<Drift> {
        let drift = self.known.get_mut(id).filter(|drift| drift.state != state)?;
        (drift.state, drift.last_seen) = (state, now);
        Some(drift.clone())
    }

    /// Ends a drift; gives it as it ended.
    pub fn end(&mut self, id: &DriftId, state: State, now: i64) -> Option<Drift> {
        self.known.remove(id).map(|drift| Drift { state, last_seen: now, ..drift })
    }

    /// All that last and those that have just ended, as far as they fit into one message.
    pub fn report(&self, news: &[Drift], now: i64) -> DriftReport {
        let ended = news.iter().filter(|drift| drift.state.is_final());
        let mut room = ROOM;
        let mut report = DriftReport { drifts: Vec::new(), more: 0, at: now };
        for drift in self.known.values().chain(ended) {
            let size = serde_json::to_string(drift).map_or(ROOM, |text| text.len());
            if size > room {
                report.more += 1;
            } else {
                room -= size;
                report.drifts.push(drift.clone());
            }
        }
        report
    }
}

fn drift(finding: &Finding, id: DriftId, state: State, now: i64) -> Drift {
    Drift {
        id,
        menu: finding.menu.clone(),
        row: finding.row.clone(),
        item: finding.item.clone(),
        vif: finding.vif.clone(),
        difference: finding.difference.clone(),
        policy: finding.policy,
        state,
        first_seen: now,
        last_seen: now,
    }
}

#[cfg(test)]
mod tests;
