//! The way to a connection's task: what can be asked of it, and how it is seen from outside.

use portable_atomic::AtomicU64;
use std::sync::{Arc, atomic::Ordering};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u64);

impl Tag {
    /// The tag in a reply; nothing for what cannot be ours.
    pub(super) fn parse(word: &[u8]) -> Option<Self> {
        let digit = |&byte: &u8| char::from(byte).to_digit(16).map(u64::from);
        let number = word.iter().try_fold(0_u64, |number, byte| Some(number.checked_mul(16)? | digit(byte)?));
        number.filter(|_| !word.is_empty()).map(Self)
    }

    /// The tag as it stands on the wire, written into `room`. Each command has one: formatting costs more than sending.
    pub(super) fn digits(self, room: &mut [u8; 16]) -> &[u8] {
        let (mut rest, mut at) = (self.0, room.len());
        loop {
            at -= 1;
            room[at] = b"0123456789abcdef"[usize::from(rest.to_le_bytes()[0] & 0xF)];
            rest >>= 4;
            if rest == 0 {
                return &room[at..];
            }
        }
    }
}

/// What is asked of the task.
#[derive(Debug)]
pub(super) enum Request {
    /// A command with an end. Its sentence carries no tag yet.
    Run { tag: Tag, command: Command },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_reads_back_from_its_digits_and_nothing_else_is_one() {
        for (number, digits) in [(0, "0"), (1, "1"), (0x1F, "1f"), (0x100, "100"), (u64::MAX, "ffffffffffffffff")] {
            let mut room = [0; 16];
            assert_eq!(Tag(number).digits(&mut room), digits.as_bytes());
            assert_eq!(Tag::parse(digits.as_bytes()), Some(Tag(number)));
        }
        for foreign in ["", "x", "1g", "+1", "10000000000000000"] {
            assert_eq!(Tag::parse(foreign.as_bytes()), None, "{foreign}");
        }
    }
}
