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

/// Topics and payloads; an empty payload takes a topic back.
pub type Topics = Vec<(String, Vec<u8>)>;

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
    pub fn state(&mut self, router: &RouterId, state: &RouterState) -> Topics {
        let mut topics = Topics::new();
        if replace(&mut self.router, document::state(state)) {
            topics.push((Home::State(router.clone()).to_string(), self.router.clone()));
        }
        let mut before = std::mem::take(&mut self.vifs);
        for report in &state.vifs {
            let id = report.spec.id.clone();
            let vif = match before.remove(&id) {
                Some(said) if !said.is_old(report, state.at) => said,
                Some(_) | None => {
                    topics.push((Home::Vif(router.clone(), id.clone()).to_string(), document::vif(report)));
                    Vif { report: report.clone(), at: state.at }
                }
            };
            self.vifs.insert(id, vif);
        }
        topics.extend(before.into_keys().map(|gone| (Home::Vif(router.clone(), gone).to_string(), Vec::new())));
        topics
    }

    /// What is to be published for a change that moved on.
    pub fn change(&mut self, router: &RouterId, report: &Report) -> Topics {
        let changed = replace(&mut self.change, document::change(report));
        changed.then(|| (Home::Change(router.clone()).to_string(), self.change.clone())).into_iter().collect()
    }
}

impl Vif {
    fn is_old(&self, now: &VifReport, at: i64) -> bool {
        let waited = at.saturating_sub(self.at).unsigned_abs() >= FIGURES_EVERY.unsigned_abs();
        if waited { self.report != *now } else { without_figures(&self.report) != without_figures(now) }
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

    fn router() -> RouterId {
        RouterId::new("r1").expect("an id")
    }

    fn names(topics: &Topics) -> Vec<&str> {
        topics.iter().map(|(topic, _)| topic.as_str()).collect()
    }

    #[test]
    fn only_what_changed_is_published_again() {
        let (mut published, mut state) = (Published::default(), samples::state());
        let all = ["bulkhead/r1/state", "bulkhead/r1/vif/tor-1/state"];
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
            if names(&published.state(&router(), &state)).contains(&"bulkhead/r1/vif/tor-1/state") {
                said.push(second);
            }
        }
        assert_eq!(said, [60, 120]);
        state.vifs[0].gateway.lost = 1;
        assert!(names(&published.state(&router(), &state)).contains(&"bulkhead/r1/vif/tor-1/state"), "at once");
    }

    #[test]
    fn a_vif_that_is_gone_is_taken_back_once_and_may_come_again() {
        let (mut published, state) = (Published::default(), samples::state());
        let without = RouterState { vifs: Vec::new(), ..state.clone() };
        published.state(&router(), &state);
        let gone = published.state(&router(), &without);
        assert!(gone.contains(&("bulkhead/r1/vif/tor-1/state".to_owned(), Vec::new())));
        assert_eq!(names(&published.state(&router(), &without)), [""; 0]);
        assert!(names(&published.state(&router(), &state)).contains(&"bulkhead/r1/vif/tor-1/state"));
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
