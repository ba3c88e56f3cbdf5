//! What the agent says, to the controller and to home automation alike.
//!
//! One call for each thing that is worth saying; where it goes, whether it waits for a broker that is away, and in
//! which form home automation reads it, is decided here and nowhere else.

use crate::{
    bus::{Gate, SpeakError, Speaker},
    home::{self, Publication},
    io::{mqtt::Bus, store::Store},
};
use shared::{
    change_set::{Refusal, Report},
    drift::DriftReport,
    ids::{ChangeSetId, RouterId, SenderId, VifId},
    notice::{Notice, Severity},
    router::{RouterState, TrafficSample},
    topic::{Home, Topic},
    wire::{Body, Event, Reply, SealError},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long a traffic sample is worth anything.
const SAMPLE_LIFE: Duration = Duration::from_secs(10);
/// How long an answer is waited for by whoever asked.
const REPLY_LIFE: Duration = Duration::from_secs(60);

/// The agent's mouth. Clones share it.
#[derive(Clone)]
pub struct Voice {
    router: RouterId,
    speaker: Speaker,
    gate: Arc<Gate>,
    bus: Bus,
    store: Store,
    home: Arc<Mutex<home::Published>>,
}

/// Something for the event list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// How much it matters.
    pub severity: Severity,
    /// Stable, `lower_snake`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The VIF that it is about.
    pub vif: Option<VifId>,
    /// The change set that it is about.
    pub change_set: Option<ChangeSetId>,
}

impl Voice {
    /// A voice on a bus.
    pub fn new(router: RouterId, speaker: Speaker, gate: Arc<Gate>, bus: Bus, store: Store) -> Self {
        Self { router, speaker, gate, bus, store, home: Arc::default() }
    }

    /// The router's summary: the newest replaces all before.
    pub fn state(&self, state: &RouterState, now: i64) {
        let topic = Topic::State(self.router.clone());
        match self.speaker.seal(Body::State(state.clone()), None, None, now) {
            Ok(sealed) => self.bus.retained(topic.to_string(), sealed.envelope),
            Err(error) => failed(&error),
        }
        self.publish_home(|published| published.state(&self.router, state));
    }

    /// A traffic sample: worth something only now.
    pub fn traffic(&self, sample: TrafficSample, now: i64) {
        let topic = Topic::Event(self.router.clone(), shared::topic::Noun::Router);
        match self.speaker.seal(Body::Traffic(sample), None, Some(SAMPLE_LIFE), now) {
            Ok(sealed) => self.bus.volatile(topic.to_string(), sealed.envelope),
            Err(error) => failed(&error),
        }
    }

    /// Where a change is; waits in the outbox for a controller that is away.
    pub fn change_set(&self, report: &Report, now: i64) {
        self.tell(Event::ChangeSet(report.clone()), now);
        self.publish_home(|published| published.change(&self.router, report));
    }

    /// A line for the event list.
    pub fn news(&self, news: News, now: i64) {
        let id = match self.store.next_sequence() {
            Ok(id) => id,
            Err(error) => return failed(&error.into()),
        };
        let News { severity, code, message, vif, change_set } = news;
        let notice = Notice { id, at: now, severity, code: code.to_owned(), message, vif, change_set };
        self.bus.volatile(Home::Event(self.router.clone()).to_string(), home::event(&notice));
        self.tell(Event::Notice(notice), now);
    }

    /// What is not as it should be any more, or is again; waits in the outbox for a controller that is away.
    pub fn drift(&self, report: DriftReport, now: i64) {
        self.tell(Event::Drift(report), now);
    }

    /// The answer to the request `to` of a controller. Its topic follows from who signed the request, not from what an
    /// unsigned property of MQTT asks for.
    pub fn reply(&self, controller: SenderId, to: u64, correlation: Option<Vec<u8>>, reply: Reply, now: i64) {
        let topic = Topic::Reply(self.router.clone(), controller);
        let seal = |reply| self.speaker.seal(Body::Reply(reply), Some(to), Some(REPLY_LIFE), now);
        let sealed = match seal(reply) {
            // Somebody waits for it: that it does not fit is an answer too.
            Err(SpeakError::Seal(SealError::TooLarge(bytes))) => {
                let message = format!("the answer takes {bytes} bytes, more than one message carries");
                seal(Reply::Refused(Refusal::new(
                    "answer_too_large",
                    message,
                    "Make several change sets of fewer items.",
                )))
            }
            other => other,
        };
        match sealed {
            Ok(sealed) => self.bus.reply(topic.to_string(), sealed.envelope, correlation),
            Err(error) => failed(&error),
        }
    }

    /// Envelopes that were refused, by reason; only reasons that occurred.
    pub fn refused(&self) -> Vec<(String, u64)> {
        self.gate.refused().into_iter().filter(|(_, count)| *count > 0).collect()
    }

    fn tell(&self, event: Event, now: i64) {
        match self.speaker.tell(event, now) {
            Ok(()) => self.bus.outbox_grew(),
            Err(error) => failed(&error),
        }
    }

    fn publish_home<P: IntoIterator<Item = Publication>>(&self, change: impl FnOnce(&mut home::Published) -> P) {
        let mut published = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        for Publication { topic, payload, figures } in change(&mut published) {
            if figures {
                self.bus.retained_figures(topic, payload);
            } else {
                self.bus.retained(topic, payload);
            }
        }
    }
}

/// What cannot be said is logged; what it was about goes on.
fn failed(error: &SpeakError) {
    tracing::error!(%error, "something could not be told");
}
