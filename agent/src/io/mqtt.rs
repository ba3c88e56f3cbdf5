//! The connection to the broker.
//!
//! [`start`] leaves one task that connects, serves, and connects again for ever; everybody else holds a [`Bus`].
//! Nothing here knows what is said: payloads are sealed envelopes or JSON, made elsewhere.
//!
//! The client library keeps what was published in memory only, keeps queues across connections, waits when a queue is
//! full, and sometimes waits for ever. So nothing depends on its memory: each connection has a client of its own that
//! is thrown away with it ([`connection`]), what must arrive lies in the outbox of the [`Store`] until its own
//! acknowledgement, what is retained lies in a cache that is published again after each connect ([`retained`]), and
//! what is worth something only now is dropped while there is no connection.
//!
//! | file            | what it is                                                       |
//! | --------------- | ---------------------------------------------------------------- |
//! | `options.rs`    | where the broker is, who we are to it, and all limits            |
//! | `connection.rs` | one connection, from CONNECT to its end                          |
//! | `connection/publish.rs` | what is published on it, as far as there is room           |
//! | `phase.rs`      | how far a connection has come                                    |
//! | `flight.rs`     | what was published and not acknowledged yet                      |
//! | `retained.rs`   | the newest payload of each retained topic                        |
//! | `session.rs`    | resuming the broker's session without a memory of our own        |
//! | `probe.rs`      | signing in and out again, to see whether it works                |
//! | `failure.rs`    | why there is no connection, in words                             |

mod connection;
mod failure;
mod flight;
mod options;
mod phase;
mod probe;
mod retained;
mod session;

pub use options::{Dial, Duplex, Options, StartError};
pub use probe::probe;

use super::{backoff, clock::Clock, store::Store};
use crate::config::Config;
use bytes::Bytes;
use connection::End;
use portable_atomic::AtomicU64;
use retained::Retained;
use rumqttc::QoS;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{Notify, mpsc, watch};

/// Most messages that wait to be taken from the [`start`]ed bus, and most of ours that wait to be sent beside the
/// outbox. More are dropped and counted.
const QUEUE: usize = 64;

/// How long [`Bus::close`] may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection that lasted so long was a good one: the next failure begins with the shortest wait again.
const GOOD: Duration = Duration::from_secs(60);

/// A message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Where it was published.
    pub topic: String,
    /// What was.
    pub payload: Bytes,
    /// Where its sender would like the answer. Nobody signed this: answer on the topic of whom the envelope names.
    pub response_topic: Option<String>,
    /// What the answer should carry along.
    pub correlation: Option<Vec<u8>>,
}

/// Whether there is a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Signed in and subscribed.
    Connected,
    /// Not.
    Failing {
        /// Since when, Unix milliseconds.
        since: i64,
        /// What is wrong and what to do, for people.
        error: String,
    },
}

/// What was dropped since the start, for want of room or of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Messages that came in faster than they were taken.
    pub inbound: u64,
    /// Retained messages on request topics: a request is meant now or not at all.
    pub retained_inbound: u64,
    /// Messages of [`Bus::volatile`] and [`Bus::reply`].
    pub outbound: u64,
    /// Messages that are larger than the broker takes, or that it said are not allowed.
    pub refused: u64,
}

/// The way to the broker. Clones are the same way; when the last is dropped, it closes as by [`Bus::close`].
#[derive(Clone)]
pub struct Bus {
    shared: Arc<Shared>,
    loose: mpsc::Sender<Loose>,
    link: watch::Receiver<Link>,
    close: Arc<watch::Sender<bool>>,
}

/// What handles and task have in common.
#[derive(Default)]
struct Shared {
    retained: Mutex<Retained>,
    /// The outbox or the retained topics have something new.
    wake: Notify,
    /// The connection is to be given up for a new one.
    renew: Notify,
    inbound_dropped: AtomicU64,
    retained_ignored: AtomicU64,
    outbound_dropped: AtomicU64,
    refused: AtomicU64,
}

impl Shared {
    fn retained(&self) -> MutexGuard<'_, Retained> {
        self.retained.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that is sent once or not at all.
struct Loose {
    topic: String,
    payload: Bytes,
    kind: LooseKind,
}

enum LooseKind {
    Volatile,
    Reply(Option<Bytes>),
}

/// What the task works with.
struct Line {
    options: Options,
    store: Store,
    clock: Clock,
    shared: Arc<Shared>,
    loose: mpsc::Receiver<Loose>,
    inbound: mpsc::Sender<Inbound>,
    link: watch::Sender<Link>,
    close: watch::Receiver<bool>,
}

/// Starts to connect with the options of a configuration, on the machine's clock: see [`start_with`].
///
/// # Errors
/// [`StartError`]: what is wrong with the files that the configuration names.
pub fn start(config: &Config, store: Store) -> Result<(Bus, mpsc::Receiver<Inbound>), StartError> {
    Ok(start_with(Options::load(config)?, store, Clock::system()))
}

/// Starts to connect; messages to the agent come out of the receiver. Needs a tokio runtime.
pub fn start_with(options: Options, store: Store, clock: Clock) -> (Bus, mpsc::Receiver<Inbound>) {
    let shared = Arc::new(Shared::default());
    let (loose, loose_receiver) = mpsc::channel(QUEUE);
    let (inbound, inbound_receiver) = mpsc::channel(QUEUE);
    let error = format!("not connected to the broker {} yet", options.address());
    let (link, link_receiver) = watch::channel(Link::Failing { since: clock.unix_millis(), error });
    let (close, close_receiver) = watch::channel(false);
    let task = Line {
        options,
        store,
        clock,
        shared: shared.clone(),
        loose: loose_receiver,
        inbound,
        link,
        close: close_receiver,
    };
    tokio::spawn(task.run());
    (Bus { shared, loose, link: link_receiver, close: Arc::new(close) }, inbound_receiver)
}

impl Bus {
    /// Publishes at most once (QoS 0, gone after 10 s); dropped without a connection.
    pub fn volatile(&self, topic: impl Into<String>, payload: impl Into<Bytes>) {
        self.send(Loose { topic: topic.into(), payload: payload.into(), kind: LooseKind::Volatile });
    }

    /// Answers a request (QoS 1, gone after 30 s); dropped without a connection, since who asked will ask again.
    pub fn reply(&self, topic: impl Into<String>, payload: impl Into<Bytes>, correlation: Option<Vec<u8>>) {
        self.send(Loose {
            topic: topic.into(),
            payload: payload.into(),
            kind: LooseKind::Reply(correlation.map(Bytes::from)),
        });
    }

    fn send(&self, loose: Loose) {
        let connected = *self.link.borrow() == Link::Connected;
        if !connected || self.loose.try_send(loose).is_err() {
            self.shared.outbound_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Keeps a payload as the newest of its topic: published (QoS 1, retained) now or as soon as there is a
    /// connection, and after each connect. An empty one takes the topic back, which is then forgotten.
    pub fn retained(&self, topic: impl Into<String>, payload: impl Into<Bytes>) {
        self.keep(topic.into(), payload.into(), QoS::AtLeastOnce);
    }

    /// The same for what is said again before long: published at most once (QoS 0), so that no broker has to say that it
    /// has it; after a connect, like all that is retained.
    pub fn retained_figures(&self, topic: impl Into<String>, payload: impl Into<Bytes>) {
        self.keep(topic.into(), payload.into(), QoS::AtMostOnce);
    }

    fn keep(&self, topic: String, payload: Bytes, qos: QoS) {
        if !self.shared.retained().set(topic, payload, qos) {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.shared.wake.notify_one();
    }

    /// Says that something was put into the outbox.
    pub fn outbox_grew(&self) {
        self.shared.wake.notify_one();
    }

    /// Whether there is a connection, now and from now on.
    pub fn connected(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    /// Gives the connection up for a new one; the future ends when the broker has let the agent in anew.
    pub fn renew(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut link = self.link.clone();
        link.mark_unchanged();
        let connected = *link.borrow() == Link::Connected;
        if connected {
            self.shared.renew.notify_one();
        }
        async move {
            while link.changed().await.is_ok() {
                if *link.borrow_and_update() == Link::Connected {
                    return;
                }
            }
            std::future::pending::<()>().await;
        }
    }

    /// What was dropped so far.
    pub fn dropped(&self) -> Dropped {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Dropped {
            inbound: read(&self.shared.inbound_dropped),
            retained_inbound: read(&self.shared.retained_ignored),
            outbound: read(&self.shared.outbound_dropped),
            refused: read(&self.shared.refused),
        }
    }

    /// Publishes `offline`, signs out and ends, within 2 s. What is in the outbox stays there.
    pub async fn close(&self) {
        self.close.send_replace(true);
        let mut link = self.link.clone();
        let ended = async { while link.changed().await.is_ok() {} };
        if tokio::time::timeout(FAREWELL, ended).await.is_err() {
            tracing::warn!("the broker did not take leave in time");
        }
    }
}

impl Line {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let started = self.clock.now();
            match connection::serve(&mut self).await {
                End::Closed => return,
                End::Renewed => {
                    let (since, error) = (self.clock.unix_millis(), "signing in anew".to_owned());
                    self.link.send_replace(Link::Failing { since, error });
                    continue;
                }
                End::Failed(error) => self.failing(error),
            }
            if self.clock.now().duration_since(started) > GOOD {
                attempt = 0;
            }
            let wait = backoff::backoff(attempt, jitter());
            attempt = attempt.saturating_add(1);
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = closing(&mut self.close) => return,
            }
        }
    }

    fn failing(&self, error: String) {
        let now = self.clock.unix_millis();
        self.link.send_if_modified(|link| {
            let since = match link {
                Link::Failing { error: known, .. } if *known == error => return false,
                Link::Failing { since, .. } => *since,
                Link::Connected => now,
            };
            tracing::warn!(%error, "no connection to the broker");
            *link = Link::Failing { since, error };
            true
        });
    }
}

/// Waits until the bus is closed or nobody holds it any more.
async fn closing(close: &mut watch::Receiver<bool>) {
    let _ = close.wait_for(|close| *close).await;
}

/// From 0 to 1; without randomness 1, the longest wait.
fn jitter() -> f64 {
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}
