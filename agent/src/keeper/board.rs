//! What both halves of the keeper know of the router, and how it is said.

use super::sight::{Sight, essence};
use crate::{
    io::clock::{Clock, Instant},
    voice::{News, Voice},
};
use shared::router::{RouterState, TrafficSample};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How often the summary is said where nothing but figures moves and nobody looks: each time is a packet of some
/// kilobytes, an acknowledgement, and what the controller does with both.
const FIGURES_EVERY: Duration = Duration::from_secs(60);

/// The one place where the summary is made from. Clones share it.
#[derive(Clone)]
pub(super) struct Board {
    inner: Arc<Mutex<Inner>>,
    voice: Voice,
    clock: Clock,
    period: Duration,
}

#[derive(Default)]
struct Inner {
    sight: Sight,
    said: Option<(RouterState, Instant)>,
    watched_until: Option<Instant>,
}

impl Inner {
    fn is_watched(&self, now: Instant) -> bool {
        self.watched_until.is_some_and(|until| now < until)
    }
}

impl Board {
    pub(super) fn new(voice: Voice, clock: Clock, period: Duration) -> Self {
        Self { inner: Arc::default(), voice, clock, period }
    }

    /// Looks at what is known, or adds to it.
    pub(super) fn with<T>(&self, run: impl FnOnce(&mut Sight) -> T) -> T {
        run(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner).sight)
    }

    /// The next [`Board::say`] says the summary whatever is in it.
    pub(super) fn say_again(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).said = None;
    }

    /// Somebody looks until then.
    pub(super) fn watch(&self, until: Instant) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).watched_until = Some(until);
    }

    /// Whether somebody looks.
    pub(super) fn is_watched(&self) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).is_watched(self.clock.now())
    }

    /// Says what happened, and the summary when it is another. Where only figures moved, once a period while somebody
    /// looks, to whom traffic samples tell what moves faster, and seldom otherwise.
    pub(super) fn say(&self) {
        let now = self.clock.unix_millis();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for news in inner.sight.news() {
            self.voice.news(news, now);
        }
        let state = inner.sight.state(self.voice.refused(), now);
        let essence = essence(&state);
        let moment = self.clock.now();
        let every = if inner.is_watched(moment) { self.period } else { self.period.max(FIGURES_EVERY) };
        let fresh =
            inner.said.as_ref().is_some_and(|(said, at)| *said == essence && moment.duration_since(*at) < every);
        if !fresh {
            self.voice.state(&state, now);
            inner.said = Some((essence, moment));
        }
    }

    /// A line for the event list.
    pub(super) fn news(&self, news: News) {
        self.voice.news(news, self.clock.unix_millis());
    }

    pub(super) fn traffic(&self, sample: TrafficSample) {
        self.voice.traffic(sample, self.clock.unix_millis());
    }
}
