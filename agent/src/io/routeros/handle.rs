//! The way to a connection's task: what can be asked of it, and how it is seen from outside.

use portable_atomic::AtomicU64;
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use shared::routeros::sentence::Sentence;
use tokio::sync::{mpsc, watch};

use super::{
    error::{CloseReason, CommandError},
    in_flight::Command,
    listener::Feed,
};

/// Requests that may wait for the task. Beyond it, callers wait: nothing queues without bound.
const WAITING: usize = 64;

/// Name of a command within one connection: a number that is never given twice, in hexadecimal on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tag(u64);

impl Tag {
    /// The tag in a reply; nothing for what cannot be ours.
    pub(super) fn parse(word: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(word).ok()?;
        u64::from_str_radix(digits, 16).ok().map(Self)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// What is asked of the task.
#[derive(Debug)]
pub(super) enum Request {
    /// A command with an end. `sentence` carries no tag yet.
    Run { tag: Tag, sentence: Sentence, command: Command },
    /// An endless command.
    Listen { tag: Tag, sentence: Sentence, feed: Feed },
}

/// What a connection has done so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commands: AtomicU64,
    pub(super) writes: AtomicU64,
    pub(super) orphans: AtomicU64,
}

/// A connection's task, seen from outside. The task ends when the last of these is dropped.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    requests: mpsc::Sender<Request>,
    /// Unbounded, yet bounded by the number of listeners: a drop cannot wait for room.
    cancels: mpsc::UnboundedSender<Tag>,
    closed: watch::Receiver<Option<CloseReason>>,
    last_tag: Arc<AtomicU64>,
    counters: Arc<Counters>,
}

/// The task's ends of a [`Handle`].
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) cancels: mpsc::UnboundedReceiver<Tag>,
    pub(super) closed: watch::Sender<Option<CloseReason>>,
    pub(super) counters: Arc<Counters>,
    last_tag: Arc<AtomicU64>,
}

/// Both sides.
pub(super) fn handle() -> (Handle, Inbox) {
    let (requests, requests_out) = mpsc::channel(WAITING);
    let (cancels, cancels_out) = mpsc::unbounded_channel();
    let (closed_in, closed) = watch::channel(None);
    let last_tag = Arc::new(AtomicU64::new(0));
    let counters = Arc::new(Counters::default());
    let handle = Handle { requests, cancels, closed, last_tag: last_tag.clone(), counters: counters.clone() };
    (handle, Inbox { requests: requests_out, cancels: cancels_out, closed: closed_in, counters, last_tag })
}

impl Inbox {
    /// A tag for a command of the task's own.
    pub(super) fn tag(&self) -> Tag {
        next(&self.last_tag)
    }
}

impl Handle {
    pub(super) fn tag(&self) -> Tag {
        next(&self.last_tag)
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Hands a request to the task, waiting for room.
    pub(super) async fn ask(&self, request: Request) -> Result<(), CommandError> {
        self.requests.send(request).await.map_err(|_| self.closed_error(false))
    }

    /// Asks to cancel a listener's command.
    pub(super) fn cancel(&self, tag: Tag) {
        // A connection that is gone has cancelled everything.
        let _gone = self.cancels.send(tag);
    }

    /// Why the connection ended, once it has.
    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        self.closed.borrow().clone().or_else(|| self.requests.is_closed().then_some(CloseReason::ByUs))
    }

    /// Waits for the end.
    pub(super) async fn closed(&self) -> CloseReason {
        let mut closed = self.closed.clone();
        match closed.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or(CloseReason::ByUs),
            Err(_) => CloseReason::ByUs,
        }
    }

    /// The error of a command on a connection that has ended.
    pub(super) fn closed_error(&self, sent: bool) -> CommandError {
        CommandError::Closed { why: self.close_reason().unwrap_or(CloseReason::ByUs), sent }
    }
}

fn next(last: &AtomicU64) -> Tag {
    Tag(last.fetch_add(1, Ordering::Relaxed) + 1)
}
