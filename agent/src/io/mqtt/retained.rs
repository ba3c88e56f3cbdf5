//! The newest payload of each retained topic.
//!
//! A broker may lose what it retains, and some never keep it, so the truth is here and goes out again after each
//! connect.

use bytes::Bytes;
use std::collections::BTreeMap;

/// Most topics: every VIF that a router can have, and some.
const MOST: usize = 5000;

/// The cache. Topics go out in their alphabetical order, which does not depend on anything.
#[derive(Default)]
pub(super) struct Retained {
    topics: BTreeMap<String, Entry>,
}

struct Entry {
    payload: Bytes,
    /// To be published.
    due: bool,
}

impl Retained {
    /// Keeps a payload and makes it due; an empty one takes the topic back. Says whether there was room.
    pub(super) fn set(&mut self, topic: String, payload: Bytes) -> bool {
        let room = self.topics.len() < MOST || self.topics.contains_key(&topic);
        if room {
            self.topics.insert(topic, Entry { payload, due: true });
        }
        room
    }

    /// Makes everything due: a new connection.
    pub(super) fn all_due(&mut self) {
        self.topics.values_mut().for_each(|entry| entry.due = true);
    }

    /// Takes the first that is due.
    pub(super) fn take_due(&mut self) -> Option<(String, Bytes)> {
        let (topic, entry) = self.topics.iter_mut().find(|(_, entry)| entry.due)?;
        entry.due = false;
        Some((topic.clone(), entry.payload.clone()))
    }

    /// Puts one back that could not be sent.
    pub(super) fn not_sent(&mut self, topic: &str) {
        if let Some(entry) = self.topics.get_mut(topic) {
            entry.due = true;
        }
    }

    /// The broker has it: a topic that was taken back can be forgotten, unless it was set again meanwhile.
    pub(super) fn arrived(&mut self, topic: &str) {
        if self.topics.get(topic).is_some_and(|entry| !entry.due && entry.payload.is_empty()) {
            self.topics.remove(topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(cache: &mut Retained) -> Vec<(String, Bytes)> {
        std::iter::from_fn(|| cache.take_due()).collect()
    }

    fn entry(topic: &str, payload: &'static str) -> (String, Bytes) {
        (topic.to_owned(), Bytes::from(payload))
    }

    #[test]
    fn the_newest_payload_of_each_topic_goes_out_once_and_again_after_a_connect() {
        let mut cache = Retained::default();
        for (topic, payload) in [entry("b", "1"), entry("a", "1"), entry("b", "2")] {
            assert!(cache.set(topic, payload));
        }
        let all = [entry("a", "1"), entry("b", "2")];
        assert_eq!(due(&mut cache), all);
        assert_eq!(due(&mut cache), []);
        cache.not_sent("b");
        assert_eq!(due(&mut cache), all[1..]);
        cache.all_due();
        assert_eq!(due(&mut cache), all);
    }

    #[test]
    fn a_topic_taken_back_is_forgotten_once_the_broker_knows() {
        let mut cache = Retained::default();
        cache.set("a".to_owned(), Bytes::new());
        assert_eq!(due(&mut cache), [entry("a", "")]);
        cache.all_due();
        assert_eq!(due(&mut cache), [entry("a", "")], "not acknowledged: again");
        cache.set("a".to_owned(), Bytes::from("1"));
        cache.arrived("a");
        assert_eq!(due(&mut cache), [entry("a", "1")], "set again meanwhile");
        cache.set("a".to_owned(), Bytes::new());
        assert_eq!(due(&mut cache).len(), 1);
        cache.arrived("a");
        cache.all_due();
        assert_eq!(due(&mut cache), []);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut cache = Retained::default();
        for number in 0..MOST {
            assert!(cache.set(number.to_string(), Bytes::from("1")));
        }
        assert!(!cache.set("more".to_owned(), Bytes::from("1")));
        assert!(cache.set("7".to_owned(), Bytes::from("2")), "what is there can change");
    }
}
