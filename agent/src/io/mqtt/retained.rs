//! The newest payload of each retained topic.
//!
//! A broker may lose what it retains, and some never keep it, so the truth is here and goes out again after each
//! connect.

use bytes::Bytes;
use rumqttc::QoS;
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
    /// How it is to be published, where it is.
    due: Option<QoS>,
}

impl Retained {
    /// Keeps a payload and makes it due; an empty one takes the topic back. Says whether there was room.
    pub(super) fn set(&mut self, topic: String, payload: Bytes, qos: QoS) -> bool {
        let known = self.topics.get(&topic);
        let room = self.topics.len() < MOST || known.is_some();
        if room {
            // What was to arrive has not left yet: so must what is newer.
            let due = known.and_then(|entry| entry.due).filter(|before| *before == QoS::AtLeastOnce).unwrap_or(qos);
            self.topics.insert(topic, Entry { payload, due: Some(due) });
        }
        room
    }

    /// Makes everything due: a new connection.
    pub(super) fn all_due(&mut self) {
        self.topics.values_mut().for_each(|entry| entry.due = Some(QoS::AtLeastOnce));
    }

    /// Takes the first that is due.
    pub(super) fn take_due(&mut self) -> Option<(String, Bytes, QoS)> {
        let (topic, entry) = self.topics.iter_mut().find(|(_, entry)| entry.due.is_some())?;
        let qos = entry.due.take()?;
        Some((topic.clone(), entry.payload.clone(), qos))
    }

    /// Puts one back that could not be sent.
    pub(super) fn not_sent(&mut self, topic: &str, qos: QoS) {
        if let Some(entry) = self.topics.get_mut(topic) {
            entry.due = Some(qos);
        }
    }

    /// The broker has it: a topic that was taken back can be forgotten, unless it was set again meanwhile.
    pub(super) fn arrived(&mut self, topic: &str) {
        if self.topics.get(topic).is_some_and(|entry| entry.due.is_none() && entry.payload.is_empty()) {
            self.topics.remove(topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(cache: &mut Retained) -> Vec<(String, Bytes)> {
        std::iter::from_fn(|| cache.take_due()).map(|(topic, payload, _)| (topic, payload)).collect()
    }

    fn set(cache: &mut Retained, topic: &str, payload: &'static str) -> bool {
        cache.set(topic.to_owned(), Bytes::from(payload), QoS::AtLeastOnce)
    }

    fn entry(topic: &str, payload: &'static str) -> (String, Bytes) {
        (topic.to_owned(), Bytes::from(payload))
    }

    #[test]
    fn the_newest_payload_of_each_topic_goes_out_once_and_again_after_a_connect() {
        let mut cache = Retained::default();
        for (topic, payload) in [("b", "1"), ("a", "1"), ("b", "2")] {
            assert!(set(&mut cache, topic, payload));
        }
        let all = [entry("a", "1"), entry("b", "2")];
        assert_eq!(due(&mut cache), all);
        assert_eq!(due(&mut cache), []);
        cache.not_sent("b", QoS::AtLeastOnce);
        assert_eq!(due(&mut cache), all[1..]);
        cache.all_due();
        assert_eq!(due(&mut cache), all);
    }

    #[test]
    fn a_topic_taken_back_is_forgotten_once_the_broker_knows() {
        let mut cache = Retained::default();
        set(&mut cache, "a", "");
        assert_eq!(due(&mut cache), [entry("a", "")]);
        cache.all_due();
        assert_eq!(due(&mut cache), [entry("a", "")], "not acknowledged: again");
        set(&mut cache, "a", "1");
        cache.arrived("a");
        assert_eq!(due(&mut cache), [entry("a", "1")], "set again meanwhile");
        set(&mut cache, "a", "");
        assert_eq!(due(&mut cache).len(), 1);
        cache.arrived("a");
        cache.all_due();
        assert_eq!(due(&mut cache), []);
    }

    #[test]
    fn what_has_to_arrive_is_not_made_less_by_what_need_not() {
        use QoS::{AtLeastOnce, AtMostOnce};
        let mut cache = Retained::default();
        let mut sent = |all: &[QoS]| {
            for qos in all {
                assert!(cache.set("a".to_owned(), Bytes::from("1"), *qos));
            }
            cache.take_due().map(|(.., qos)| qos)
        };
        assert_eq!(sent(&[AtMostOnce]), Some(AtMostOnce));
        assert_eq!(sent(&[AtLeastOnce, AtMostOnce]), Some(AtLeastOnce));
        assert_eq!(sent(&[AtMostOnce, AtLeastOnce]), Some(AtLeastOnce));
        assert_eq!(sent(&[AtMostOnce]), Some(AtMostOnce), "the one before has left");
        cache.all_due();
        assert_eq!(cache.take_due().map(|(.., qos)| qos), Some(AtLeastOnce), "a new connection");
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut cache = Retained::default();
        for number in 0..MOST {
            assert!(set(&mut cache, &number.to_string(), "1"));
        }
        assert!(!set(&mut cache, "more", "1"));
        assert!(set(&mut cache, "7", "2"), "what is there can change");
    }
}
