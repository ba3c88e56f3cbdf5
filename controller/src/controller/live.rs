//! What happens, as a stream that can be resumed: a ring of the last items, and readers that follow it.

use crate::view::Live;
use futures_util::{Stream, stream};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// How many items are kept for those who come back.
const KEPT: usize = 2_000;

/// The ring.
#[derive(Clone)]
pub(super) struct Feed {
    ring: Arc<Mutex<Ring>>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    items: VecDeque<Live>,
    last: u64,
}

impl Default for Feed {
    fn default() -> Self {
        Self { ring: Arc::default(), newest: watch::Sender::new(0) }
    }
}

impl Feed {
    /// Appends an item.
    pub(super) fn push(&self, noun: &'static str, router: &str, data: serde_json::Value) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.last += 1;
        let id = ring.last;
        if ring.items.len() == KEPT {
            ring.items.pop_front();
        }
        ring.items.push_back(Live { id, noun, router: router.to_owned(), data });
        drop(ring);
        self.newest.send_replace(id);
    }

    /// Follows it: from now on, or from the item after `after`.
    pub(super) fn follow(&self, after: Option<u64>) -> impl Stream<Item = Live> + Send + use<> {
        let last = self.ring.lock().unwrap_or_else(PoisonError::into_inner).last;
        let reader = Reader {
            ring: Arc::clone(&self.ring),
            newest: self.newest.subscribe(),
            seen: after.unwrap_or(last),
            ready: VecDeque::new(),
        };
        stream::unfold(reader, |mut reader| async move { reader.next().await.map(|item| (item, reader)) })
    }
}

struct Reader {
    ring: Arc<Mutex<Ring>>,
    newest: watch::Receiver<u64>,
    seen: u64,
    ready: VecDeque<Live>,
}

impl Reader {
    async fn next(&mut self) -> Option<Live> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            self.newest.borrow_and_update();
            self.fetch();
            if self.ready.is_empty() {
                self.newest.changed().await.ok()?;
            }
        }
    }

    /// Takes what came after the last item seen. Ids of an earlier run of the controller, and ids that have left the
    /// ring, give one `resync`.
    fn fetch(&mut self) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = ring.items.front().map_or(ring.last + 1, |item| item.id);
        if self.seen > ring.last || self.seen + 1 < oldest {
            let data = serde_json::Value::Object(serde_json::Map::new());
            self.ready.push_back(Live { id: ring.last, noun: "resync", router: String::new(), data });
        } else {
            self.ready.extend(ring.items.iter().filter(|item| item.id > self.seen).cloned());
        }
        self.seen = ring.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use serde_json::json;

    #[tokio::test]
    async fn a_reader_that_comes_back_misses_nothing_that_is_kept() {
        let feed = Feed::default();
        for n in 0..5 {
            feed.push("event", "r1", json!(n));
        }
        let ids: Vec<u64> = feed.follow(Some(2)).take(3).map(|item| item.id).collect().await;
        assert_eq!(ids, [3, 4, 5]);
    }

    #[tokio::test]
    async fn a_reader_without_a_past_gets_what_comes() {
        let feed = Feed::default();
        feed.push("event", "r1", json!(1));
        let mut reader = Box::pin(feed.follow(None));
        feed.push("event", "r1", json!(2));
        assert_eq!(reader.next().await.map(|item| item.data), Some(json!(2)));
    }

    #[tokio::test]
    async fn a_reader_whose_past_is_gone_is_told_so_once() {
        let feed = Feed::default();
        for n in 0..KEPT + 10 {
            feed.push("event", "r1", json!(n));
        }
        for unknown in [3, 1_000_000] {
            let mut reader = Box::pin(feed.follow(Some(unknown)));
            assert_eq!(reader.next().await.map(|item| item.noun), Some("resync"), "{unknown}");
            feed.push("event", "r1", json!("next"));
            assert_eq!(reader.next().await.map(|item| item.data), Some(json!("next")), "{unknown}");
        }
    }
}
