//! The agent's voice and ear on the bus: what it signs, and what it takes.
//!
//! [`Speaker`] gives each message its place in this agent's sequence and seals it. [`Gate`] takes the controller's
//! requests and nothing else, each once, and counts by name what it refuses. Neither touches a socket.

use crate::io::store::{Store, StoreError};
use ed25519_dalek::{SigningKey, VerifyingKey};
use portable_atomic::AtomicU64;
use shared::{
    ids::{IdError, RouterId, SenderId},
    topic::{Noun, Topic},
    wire::{self, Body, Event, Expect, Message, Rejected, SealError},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

/// 2025-01-01T00:00:00Z in Unix milliseconds. A clock before it was never set: this code is younger.
pub const EARLIEST_CLOCK: i64 = 1_735_689_600_000;

/// Seals what this agent says. Clones share one sequence.
#[derive(Clone)]
pub struct Speaker {
    sender: SenderId,
    router: RouterId,
    epoch: u64,
    key: Arc<SigningKey>,
    store: Store,
    /// Held while an event takes its sequence and its place in the outbox: the two orders must be one, because the
    /// controller takes no sequence below one that it has.
    telling: Arc<Mutex<()>>,
}

/// A sealed message and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its sequence.
    pub sequence: u64,
    /// What goes over the wire.
    pub envelope: Vec<u8>,
}

/// Why something was not said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeakError {
    /// It does not fit into an envelope.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Its sequence or the message itself could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why there is no speaker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeakerError {
    /// The router's id leaves no room for `agent-` before it.
    #[error("{0}: give the router a shorter id")]
    Id(#[from] IdError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Speaker {
    /// The voice of the agent of `router`, signing with `key`.
    ///
    /// # Errors
    /// [`SpeakerError`]
    pub fn new(router: RouterId, key: SigningKey, store: Store) -> Result<Self, SpeakerError> {
        let (sender, epoch) = (SenderId::agent(&router)?, store.epoch()?);
        Ok(Self { sender, router, epoch, key: Arc::new(key), store, telling: Arc::default() })
    }

    /// Seals a message, issued at `now` (Unix milliseconds) and good for `expires_in`, or until it is replaced.
    ///
    /// # Errors
    /// [`SpeakError`]
    pub fn seal(
        &self,
        body: Body,
        in_reply_to: Option<u64>,
        expires_in: Option<Duration>,
        now: i64,
    ) -> Result<Sealed, SpeakError> {
        let sequence = self.store.next_sequence()?;
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let message = Message {
            sender: self.sender.clone(),
            router: self.router.clone(),
            epoch: self.epoch,
            sequence,
            issued_at: now,
            expires_at: expires_in.map(|duration| now.saturating_add(millis(duration))),
            in_reply_to,
            body,
        };
        Ok(Sealed { sequence, envelope: wire::seal(&message, &self.key)? })
    }

    /// Seals an event and puts it into the outbox: once this returns it will reach the controller, in order. Say so
    /// to the bus ([`outbox_grew`](crate::io::mqtt::Bus::outbox_grew)).
    ///
    /// # Errors
    /// [`SpeakError`]; then it will not.
    pub fn tell(&self, event: Event, now: i64) -> Result<(), SpeakError> {
        let noun = match &event {
            Event::ChangeSet(_) => Noun::ChangeSet,
            Event::Notice(_) | Event::Drift(_) => Noun::Router,
        };
        let topic = Topic::Event(self.router.clone(), noun);
        let _one_at_a_time = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        let sealed = self.seal(Body::Event(event), None, None, now)?;
        Ok(self.store.outbox_push(&topic, sealed.sequence, &sealed.envelope, now)?)
    }
}

impl fmt::Debug for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speaker").field("sender", &self.sender).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// Takes the controller's requests to this router's agent.
pub struct Gate {
    router: RouterId,
    controller: SenderId,
    key: VerifyingKey,
    store: Store,
    refused: [AtomicU64; REASONS.len()],
}

/// The names under which refusals are counted: those of every envelope, and two that only an agent has.
const REASONS: [&str; Rejected::REASONS.len() + 2] = {
    let mut reasons = ["clock"; Rejected::REASONS.len() + 2];
    let mut at = 0;
    while at < Rejected::REASONS.len() {
        reasons[at] = Rejected::REASONS[at];
        at += 1;
    }
    reasons[at + 1] = "store";
    reasons
};

/// Why an envelope was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not what it should be.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The router's clock was never set, so it is not known whether the request is still meant.
    #[error("this clock was never set: switch on NTP on the router (`/system/ntp/client set enabled=yes`)")]
    Clock,
    /// It could not be written down that it was taken, so it is not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refused {
    /// The name under which it is counted.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Rejected(rejected) => rejected.reason(),
            Self::Clock => "clock",
            Self::Store(_) => "store",
        }
    }
}

impl Gate {
    /// A gate for the requests that `controller` signs with `key` to the agent of `router`.
    pub fn new(router: RouterId, controller: SenderId, key: VerifyingKey, store: Store) -> Self {
        Self { router, controller, key, store, refused: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Opens an envelope at `now` (Unix milliseconds): a [`Body::Request`], or a request of a later version as
    /// [`Body::Unknown`], which wants [`Unsupported`](wire::Reply::Unsupported) as its answer.
    ///
    /// The mark against replays is on the flash before the message is handed out: a crash in between loses a request
    /// and never carries one out twice.
    ///
    /// # Errors
    /// [`Refused`], counted.
    pub fn open(&self, envelope: &[u8], now: i64) -> Result<Message, Refused> {
        self.judge(envelope, now).inspect_err(|refused| {
            let reasons = REASONS.iter().zip(&self.refused);
            for (_, count) in reasons.filter(|(reason, _)| **reason == refused.reason()) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// How many envelopes were refused since the start, by reason, in an order that stays.
    pub fn refused(&self) -> Vec<(String, u64)> {
        let counts = self.refused.iter().map(|count| count.load(Ordering::Relaxed));
        REASONS.iter().map(ToString::to_string).zip(counts).collect()
    }

    fn judge(&self, envelope: &[u8], now: i64) -> Result<Message, Refused> {
        let key = |sender: &SenderId| (*sender == self.controller).then_some(self.key);
        // Replays are looked for below, where looking and raising the mark are one.
        let expect = Expect { key: &key, router: &self.router, now, taken: &|_| None };
        let message = wire::open(envelope, &expect).map_err(|rejected| {
            let unset = now < EARLIEST_CLOCK && matches!(rejected, Rejected::FromTheFuture(_));
            if unset { Refused::Clock } else { Refused::Rejected(rejected) }
        })?;
        let is_request = match &message.body {
            Body::Request(_) => true,
            Body::Unknown(kind) => kind.starts_with("request/"),
            Body::Reply(_) | Body::Event(_) | Body::Traffic(_) | Body::State(_) => false,
        };
        // A request that never expires could be kept back and let loose when it does harm.
        if !is_request || message.expires_at.is_none() {
            return Err(Rejected::Malformed.into());
        }
        if self.store.raise_mark(&message.sender, message.sequence)? {
            Ok(message)
        } else {
            Err(Rejected::Replayed(message.sequence).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::{
        notice::{Notice, Severity},
        wire::Request,
    };

    const NOW: i64 = 1_790_000_000_000;

    fn router(id: &str) -> RouterId {
        RouterId::new(id).expect("an id")
    }

    fn controller() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn gate(store: &Store) -> Gate {
        let sender = SenderId::new("controller").expect("an id");
        Gate::new(router("r1"), sender, controller().verifying_key(), store.clone())
    }

    fn request() -> Message {
        Message {
            sender: SenderId::new("controller").expect("an id"),
            router: router("r1"),
            epoch: 0,
            sequence: 7,
            issued_at: NOW,
            expires_at: Some(NOW + 10_000),
            in_reply_to: None,
            body: Body::Request(Request::Refresh),
        }
    }

    fn sealed(message: &Message) -> Vec<u8> {
        wire::seal(message, &controller()).expect("sealed")
    }

    fn reason(gate: &Gate, message: &Message, now: i64) -> &'static str {
        gate.open(&sealed(message), now).map_or_else(|refused| refused.reason(), |_| "taken")
    }

    #[test]
    fn a_request_is_taken_once_even_across_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.db");
        let store = Store::open(&path).expect("a store");
        assert_eq!(gate(&store).open(&sealed(&request()), NOW), Ok(request()));
        drop(store);
        let store = Store::open(&path).expect("a store");
        let gate = gate(&store);
        assert_eq!(reason(&gate, &request(), NOW), "replayed");
        assert_eq!(reason(&gate, &Message { sequence: 6, ..request() }, NOW), "replayed");
        assert_eq!(reason(&gate, &Message { sequence: 8, ..request() }, NOW), "taken");
    }

    #[test]
    fn what_is_no_request_of_the_controller_is_refused_by_name_and_counted() {
        let gate = gate(&Store::in_memory().expect("a store"));
        let other = SenderId::new("agent-r2").expect("an id");
        let cases = [
            (Message { sender: other, ..request() }, NOW, "unknown_sender"),
            (Message { router: router("r2"), ..request() }, NOW, "foreign"),
            (request(), NOW + 10_001, "stale"),
            (request(), NOW - 60_001, "from_the_future"),
            (request(), 0, "clock"),
            (request(), EARLIEST_CLOCK - 1, "clock"),
            (request(), EARLIEST_CLOCK, "from_the_future"),
            (Message { expires_at: None, ..request() }, NOW, "malformed"),
            (Message { expires_at: None, ..request() }, 0, "malformed"),
            (Message { body: Body::Reply(wire::Reply::Done), ..request() }, NOW, "malformed"),
            (Message { body: Body::Unknown("event/x".to_owned()), ..request() }, NOW, "malformed"),
            (Message { body: Body::Unknown("request/x".to_owned()), ..request() }, NOW, "taken"),
            (request(), NOW, "replayed"),
        ];
        for (message, now, expected) in &cases {
            assert_eq!(reason(&gate, message, *now), *expected, "{message:?}");
        }
        let mut forged = sealed(&request());
        forged[10] ^= 1;
        assert_eq!(gate.open(&forged, NOW).map_err(|refused| refused.reason()), Err("forged"));
        for (reason, count) in gate.refused() {
            let expected = cases.iter().filter(|(_, _, expected)| *expected == reason).count();
            assert_eq!(count, expected as u64 + u64::from(reason == "forged"), "{reason}");
        }
        assert_eq!(gate.refused().len(), 11);
    }

    #[test]
    fn a_refused_envelope_leaves_no_mark() {
        let gate = gate(&Store::in_memory().expect("a store"));
        assert_eq!(reason(&gate, &request(), 0), "clock");
        assert_eq!(reason(&gate, &request(), NOW + 99_999), "stale");
        assert_eq!(reason(&gate, &request(), NOW), "taken");
    }

    #[test]
    fn without_a_database_nothing_is_taken() {
        let store = Store::in_memory().expect("a store");
        let gate = gate(&store);
        store.with(|db| db.execute_batch("DROP TABLE sender_mark")).expect("dropped");
        assert_eq!(reason(&gate, &request(), NOW), "store");
    }

    #[test]
    fn what_the_agent_says_opens_with_its_key_and_its_sequence_rises() {
        let store = Store::in_memory().expect("a store");
        let key = SigningKey::from_bytes(&[2; 32]);
        let speaker = Speaker::new(router("r1"), key.clone(), store.clone()).expect("a speaker");
        let say = |expires_in| {
            let sealed = speaker.seal(Body::Reply(wire::Reply::Done), Some(7), expires_in, NOW).expect("sealed");
            let key = |sender: &SenderId| (sender.as_str() == "agent-r1").then(|| key.verifying_key());
            let expect = Expect { key: &key, router: &router("r1"), now: NOW, taken: &|_| None };
            wire::open(&sealed.envelope, &expect).expect("opened")
        };
        let (first, second) = (say(None), say(Some(Duration::from_secs(10))));
        assert_eq!((first.sequence, first.expires_at, first.in_reply_to), (1, None, Some(7)));
        assert_eq!((second.sequence, second.expires_at), (2, Some(NOW + 10_000)));
        assert_eq!(Ok(first.epoch), store.epoch());
    }

    #[test]
    fn events_of_several_threads_lie_in_the_outbox_in_the_order_of_their_sequence() {
        let store = Store::in_memory().expect("a store");
        let speaker = Speaker::new(router("r1"), SigningKey::from_bytes(&[2; 32]), store.clone()).expect("a speaker");
        let notice = |id| Notice {
            id,
            at: NOW,
            severity: Severity::Info,
            code: "vif_created".to_owned(),
            message: String::new(),
            vif: None,
            change_set: None,
        };
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (speaker, notice) = (&speaker, &notice);
                scope.spawn(move || {
                    for id in 0..25 {
                        speaker.tell(Event::Notice(notice(thread * 25 + id)), NOW).expect("told");
                    }
                });
            }
        });
        let sql = "SELECT sequence FROM outbox ORDER BY id";
        let sequences: Vec<i64> =
            store.with(|db| db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()).expect("rows");
        assert_eq!(sequences, (1..=100).collect::<Vec<_>>());
    }
}
