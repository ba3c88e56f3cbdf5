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

    /// Whether a summary is to be said: at once where something happened; where only figures moved, once a period while
    /// somebody looks, to whom traffic samples tell what moves faster, and seldom otherwise.
    fn is_due(&self, essence: &RouterState, now: Instant, period: Duration) -> bool {
        let every = if self.is_watched(now) { period } else { period.max(FIGURES_EVERY) };
        self.said.as_ref().is_none_or(|(said, at)| said != essence || now.duration_since(*at) >= every)
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

    /// Says what happened, and the summary when that is due.
    pub(super) fn say(&self) {
        let now = self.clock.unix_millis();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for news in inner.sight.news() {
            self.voice.news(news, now);
        }
        let state = inner.sight.state(self.voice.refused(), now);
        let essence = essence(&state);
        let moment = self.clock.now();
        if inner.is_due(&essence, moment, self.period) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::clock;

    #[test]
    fn figures_alone_are_said_seldom_while_nobody_looks_and_what_happened_at_once() {
        let period = Duration::from_secs(10);
        let start = clock::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let essence = Sight::default().state(Vec::new(), 0);
        let mut inner = Inner::default();
        assert!(inner.is_due(&essence, start, period), "nothing was said yet");
        inner.said = Some((essence.clone(), start));
        assert!(!inner.is_due(&essence, after(59), period) && inner.is_due(&essence, after(60), period));
        let other = RouterState { refused: vec![("forged".to_owned(), 1)], ..essence.clone() };
        assert!(inner.is_due(&other, after(1), period));
        inner.watched_until = Some(after(30));
        assert!(!inner.is_due(&essence, after(9), period) && inner.is_due(&essence, after(10), period));
        assert!(!inner.is_due(&essence, after(40), period), "they look no more");
    }
}
