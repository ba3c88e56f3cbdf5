//! What is known of the agents at this moment and lost with the process: who is there, and the last rates.

use crate::view::{Presence, TrafficView};
use shared::ids::RouterId;
use std::collections::{BTreeMap, VecDeque};

/// Samples that are kept per router: five minutes of one a second.
const SAMPLES: usize = 300;

/// The memory.
#[derive(Default)]
pub(super) struct Seen {
    agents: BTreeMap<RouterId, Agent>,
}

#[derive(Default)]
struct Agent {
    there: Option<bool>,
    last_seen: Option<i64>,
    traffic: VecDeque<TrafficView>,
    watched_at: Option<i64>,
}

impl Seen {
    /// Notes whether an agent is there; true when that is news.
    pub(super) fn set_there(&mut self, router: &RouterId, there: bool) -> bool {
        let agent = self.agents.entry(router.clone()).or_default();
        let news = agent.there != Some(there);
        agent.there = Some(there);
        news
    }

    /// Nobody's presence is known any more.
    pub(super) fn forget_presence(&mut self) -> Vec<RouterId> {
        let known = self.agents.iter_mut().filter_map(|(router, agent)| agent.there.take().map(|_| router.clone()));
        known.collect()
    }

    /// Whether an agent is there; nothing where that is not known.
    pub(super) fn there(&self, router: &RouterId) -> Option<bool> {
        self.agents.get(router)?.there
    }

    /// The same for people: what is not known counts as away.
    pub(super) fn presence(&self, router: &RouterId) -> Presence {
        if self.there(router) == Some(true) { Presence::Online } else { Presence::Offline }
    }

    /// Notes that an agent has said something now.
    pub(super) fn heard(&mut self, router: &RouterId, now: i64) {
        self.agents.entry(router.clone()).or_default().last_seen = Some(now);
    }

    /// When it last did, since the controller started.
    pub(super) fn last_seen(&self, router: &RouterId) -> Option<i64> {
        self.agents.get(router)?.last_seen
    }

    /// Keeps a sample.
    pub(super) fn sampled(&mut self, router: &RouterId, sample: TrafficView) {
        let traffic = &mut self.agents.entry(router.clone()).or_default().traffic;
        if traffic.len() == SAMPLES {
            traffic.pop_front();
        }
        traffic.push_back(sample);
    }

    /// The samples, oldest first.
    pub(super) fn traffic(&self, router: &RouterId) -> Vec<TrafficView> {
        self.agents.get(router).map(|agent| agent.traffic.iter().cloned().collect()).unwrap_or_default()
    }

    /// Whether the agent has to be told again that somebody is looking; it was told at most every `every` ms.
    pub(super) fn watch_is_due(&mut self, router: &RouterId, now: i64, every: i64) -> bool {
        let agent = self.agents.entry(router.clone()).or_default();
        let due = agent.watched_at.is_none_or(|at| now - at >= every || now < at);
        if due {
            agent.watched_at = Some(now);
        }
        due
    }

    /// Forgets a router.
    pub(super) fn remove(&mut self, router: &RouterId) {
        self.agents.remove(router);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_of_samples_are_kept() {
        let (mut seen, router) = (Seen::default(), RouterId::new("r1").unwrap());
        for n in 0..SAMPLES + 5 {
            let sample =
                TrafficView { router: "r1".into(), at: n.to_string(), over_ms: 1000, interfaces: vec![], vifs: vec![] };
            seen.sampled(&router, sample);
        }
        let kept = seen.traffic(&router);
        assert_eq!((kept.len(), kept[0].at.as_str()), (SAMPLES, "5"));
    }

    #[test]
    fn presence_is_news_only_when_it_changes() {
        let (mut seen, router) = (Seen::default(), RouterId::new("r1").unwrap());
        assert!(seen.set_there(&router, true));
        assert!(!seen.set_there(&router, true));
        assert!(seen.set_there(&router, false));
        assert_eq!(seen.forget_presence(), std::slice::from_ref(&router));
        assert_eq!((seen.there(&router), seen.presence(&router)), (None, Presence::Offline));
    }

    #[test]
    fn an_agent_is_told_of_a_watcher_now_and_then_not_each_time() {
        let (mut seen, router) = (Seen::default(), RouterId::new("r1").unwrap());
        let mut due = |now| seen.watch_is_due(&router, now, 10);
        assert!(due(100) && !due(109) && due(110) && due(50));
    }
}
