//! What home automation reads: plain JSON under `bulkhead/<router>/…`, for people and programs that we did not write.
//!
//! Documents are flat, their keys are `snake_case` and keep their order, numbers are numbers with the unit in the key
//! where there is one, times are ISO 8601 in UTC. A key is never taken away or given another meaning.
//! [`Published`] remembers what was said, so that only what changed is said again.

mod document;
#[cfg(test)]
mod samples;
mod time;

use shared::{
    change_set::Report,
    ids::{RouterId, VifId},
    notice::Notice,
    router::RouterState,
    topic::Home,
    vif::{Gateway, Isolation, Traffic, VifReport},
};
use std::collections::BTreeMap;

/// What is to be published, retained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Where.
    pub topic: String,
    /// What; nothing takes the topic back.
    pub payload: Vec<u8>,
    /// Whether nothing but figures is news in it, which will be said again before long.
    pub figures: bool,
}

impl Publication {
    fn of(topic: &Home, payload: Vec<u8>) -> Self {
        Self { topic: topic.to_string(), payload, figures: false }
    }
}

/// Every retained topic of a router in this state, with the change under way or last ended.
pub fn topics(router: &RouterId, state: &RouterState, change: Option<&Report>) -> Vec<(Home, Vec<u8>)> {
    let mut topics = vec![(Home::State(router.clone()), document::state(state))];
    topics.extend(change.map(|report| (Home::Change(router.clone()), document::change(report))));
    topics.extend(state.vifs.iter().map(|vif| (Home::Vif(router.clone(), vif.spec.id.clone()), document::vif(vif))));
    topics
}

/// The payload of [`Home::Event`], which is not retained.
pub fn event(notice: &Notice) -> Vec<u8> {
    document::event(notice)
}

/// How often a VIF is published when nothing but what is counted and measured moves, in milliseconds. A router has dozens
/// of VIFs, and who reads this is often a small machine.
const FIGURES_EVERY: i64 = 60_000;

/// What was published last.
#[derive(Debug, Default)]
pub struct Published {
    router: Vec<u8>,
    change: Vec<u8>,
    vifs: BTreeMap<VifId, Vif>,
}

#[derive(Debug)]
struct Vif {
    report: VifReport,
    at: i64,
}

impl Published {
    /// What is to be published for a router in this state: what changed, and an empty payload for each VIF that is
    /// gone. A VIF of which only what is counted and measured moved waits for a minute.
    pub fn state(&mut self, router: &RouterId, state: &RouterState) -> Vec<Publication> {
        let mut all = Vec::new();
        if replace(&mut self.router, document::state(state)) {
            all.push(Publication::of(&Home::State(router.clone()), self.router.clone()));
        }
        let mut before = std::mem::take(&mut self.vifs);
        for report in &state.vifs {
            let id = report.spec.id.clone();
            let said = before.remove(&id);
            let news = said.as_ref().map_or(News::All, |said| said.news(report, state.at));
            let vif = if let (Some(said), News::None) = (said, news) {
                said
            } else {
                let whole = Publication::of(&Home::Vif(router.clone(), id.clone()), document::vif(report));
                all.push(Publication { figures: news == News::Figures, ..whole });
                Vif { report: report.clone(), at: state.at }
            };
            self.vifs.insert(id, vif);
        }
        all.extend(before.into_keys().map(|gone| Publication::of(&Home::Vif(router.clone(), gone), Vec::new())));
        all
    }

    /// What is to be published for a change that moved on.
    pub fn change(&mut self, router: &RouterId, report: &Report) -> Option<Publication> {
        let changed = replace(&mut self.change, document::change(report));
        changed.then(|| Publication::of(&Home::Change(router.clone()), self.change.clone()))
    }
}

/// What of a VIF is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    Figures,
    All,
}

impl Vif {
    fn news(&self, now: &VifReport, at: i64) -> News {
        let waited = at.saturating_sub(self.at).unsigned_abs() >= FIGURES_EVERY.unsigned_abs();
        if without_figures(&self.report) != without_figures(now) {
            News::All
        } else if waited && self.report != *now {
            News::Figures
        } else {
            News::None
        }
    }
}

/// A report as far as it changes only when something happens.
fn without_figures(report: &VifReport) -> VifReport {
    let settled = |isolation: &Isolation| Isolation { verified_at: 0, took_ms: 0, traced: 0, ..isolation.clone() };
    let gateway = Gateway { lost: report.gateway.lost, ..Gateway::default() };
    let isolation = report.isolation.as_ref().map(settled);
    VifReport { traffic: Traffic::default(), gateway, isolation, ..report.clone() }
}

fn replace(last: &mut Vec<u8>, payload: Vec<u8>) -> bool {
    let changed = *last != payload;
    *last = payload;
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIF: &str = "bulkhead/r1/vif/tor-1/state";

    fn router() -> RouterId {
        RouterId::new("r1").expect("an id")
    }

    fn names<'a>(all: impl IntoIterator<Item = &'a Publication>) -> Vec<&'a str> {
        all.into_iter().map(|one| one.topic.as_str()).collect()
    }

    #[test]
    fn only_what_changed_is_published_again() {
        let (mut published, mut state) = (Published::default(), samples::state());
        let all = ["bulkhead/r1/state", VIF];
        assert_eq!(names(&published.state(&router(), &state)), all);
        assert_eq!(names(&published.state(&router(), &state)), [""; 0]);
        state.device = None;
        state.vifs[0].kill_switch.active = true;
        assert_eq!(names(&published.state(&router(), &state)), all);
    }

    #[test]
    fn figures_alone_are_published_once_a_minute() {
        let (mut published, mut state) = (Published::default(), samples::state());
        published.state(&router(), &state);
        let mut said = Vec::new();
        for second in (10..=130_u32).step_by(10) {
            state.at += 10_000;
            state.vifs[0].traffic.rx_bytes += 1;
            state.vifs[0].gateway.latency_us = Some(9_000 + second);
            state.vifs[0].gateway.handshake_s = Some(second);
            state.vifs[0].gateway.checked_at = Some(state.at);
            if let Some(isolation) = &mut state.vifs[0].isolation {
                isolation.verified_at = state.at;
                isolation.took_ms = second;
            }
            let of_vif = published.state(&router(), &state).into_iter().find(|one| one.topic == VIF);
            said.extend(of_vif.map(|one| (second, one.figures)));
        }
        assert_eq!(said, [(60, true), (120, true)]);
        state.vifs[0].gateway.lost = 1;
        let of_vif = published.state(&router(), &state).into_iter().find(|one| one.topic == VIF);
        assert_eq!(of_vif.map(|one| one.figures), Some(false), "at once, and it has to arrive");
    }

    #[test]
    fn a_vif_that_is_gone_is_taken_back_once_and_may_come_again() {
        let (mut published, state) = (Published::default(), samples::state());
        let without = RouterState { vifs: Vec::new(), ..state.clone() };
        published.state(&router(), &state);
        let gone = published.state(&router(), &without);
        assert!(gone.contains(&Publication { topic: VIF.to_owned(), payload: Vec::new(), figures: false }));
        assert_eq!(names(&published.state(&router(), &without)), [""; 0]);
        assert!(names(&published.state(&router(), &state)).contains(&VIF));
    }

    #[test]
    fn a_change_is_published_as_it_moves_on() {
        let (mut published, mut report) = (Published::default(), samples::report());
        assert_eq!(names(&published.change(&router(), &report)), ["bulkhead/r1/change/state"]);
        assert_eq!(names(&published.change(&router(), &report)), [""; 0]);
        report.done += 1;
        assert_eq!(names(&published.change(&router(), &report)), ["bulkhead/r1/change/state"]);
    }

    #[test]
    fn an_agent_may_publish_every_topic_that_it_has() {
        let (state, report) = (samples::state(), samples::report());
        for (topic, _) in topics(&router(), &state, Some(&report)) {
            assert!(shared::topic::agent_may_publish(&router(), &topic.to_string()), "{topic}");
        }
    }
}
