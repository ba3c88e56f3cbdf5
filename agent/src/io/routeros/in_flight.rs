//! What the router still owes, by tag.
//!
//! Pure bookkeeping: it takes replies and moments, delivers to whoever waits, and says what the connection must do.
//!
//! | entry     | waits for            | `!re`    | `!done`       | its time runs out                      |
//! | --------- | -------------------- | -------- | ------------- | -------------------------------------- |
//! | command   | its answer           | collect  | deliver       | read-only: cancel it; else: give up    |
//! | listener  | rows, for ever       | deliver  | ended         | never                                  |
//! | cancelled | its end, after that  | drop     | forget        | give up: the router is dead            |
//! | own       | our `/cancel`, probe | drop     | forget        | give up: the router is dead            |
//!
//! "Give up" closes the connection. A command that only reads may be given up alone, because nothing hangs on it; one
//! that may write cannot: whether the router will still carry it out is not known as long as the session lives.

use std::{collections::VecDeque, time::Duration};

use shared::routeros::sentence::Sentence;
use tokio::sync::oneshot;

use super::{
    answer::{Answer, Collected},
    error::{CloseReason, CommandError, Trap},
    handle::Tag,
    listener::{Fed, Feed},
    read_only::is_read_only,
};
use crate::io::clock::{self, Instant};

/// How long the router may take to end a command that was cancelled. It was seen to take 2 to 47 ms.
pub(super) const CANCEL_GRACE: Duration = Duration::from_secs(10);

pub(super) type Reply = oneshot::Sender<Result<Answer, CommandError>>;

/// Commands whose `!done` has not come.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// In the order in which they were written, which is about the order in which they end: few are passed over to
    /// find one.
    entries: VecDeque<Entry>,
    /// Entries that take a place in the window.
    windowed: usize,
    /// No entry's time runs out before this.
    earliest: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    tag: Tag,
    kind: Kind,
    deadline: Option<(Instant, Duration)>,
    windowed: bool,
}

#[derive(Debug)]
enum Kind {
    Command { collected: Collected, reply: Reply, sentence: Sentence },
    Listener { feed: Feed, traps: Vec<Trap> },
    Cancelled { feed: Option<Feed> },
    Own,
}

/// What a reply asks of the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Routed {
    /// Nothing.
    Taken,
    /// To cancel the command.
    Cancel(Tag),
    /// To count a sentence that belongs to nobody.
    Orphan,
}

impl InFlight {
    /// Places of the window that are taken.
    pub(super) fn windowed(&self) -> usize {
        self.windowed
    }

    /// When to call [`InFlight::expire`] again, at the latest.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.earliest
    }

    /// A command that is being written at `now`.
    pub(super) fn command(&mut self, tag: Tag, command: Command, now: Instant) {
        let Command { sentence, reply, limit, timeout } = command;
        let kind = Kind::Command { collected: Collected::new(limit), reply, sentence };
        self.windowed += 1;
        self.insert(Entry { tag, kind, deadline: Some((clock::after(now, timeout), timeout)), windowed: true });
    }

    /// An endless command that is being written.
    pub(super) fn listener(&mut self, tag: Tag, feed: Feed) {
        let kind = Kind::Listener { feed, traps: Vec::new() };
        self.insert(Entry { tag, kind, deadline: None, windowed: false });
    }

    /// A command of the connection's own, whose answer must come but does not matter.
    pub(super) fn own(&mut self, tag: Tag, now: Instant, timeout: Duration) {
        let deadline = Some((clock::after(now, timeout), timeout));
        self.insert(Entry { tag, kind: Kind::Own, deadline, windowed: false });
    }

    /// Marks a listener as cancelled. Whether there was one, so that `/cancel` must be sent.
    pub(super) fn cancel_listener(&mut self, tag: Tag, now: Instant) -> bool {
        if !self.entry(tag).is_some_and(|entry| matches!(entry.kind, Kind::Listener { .. })) {
            return false;
        }
        if let Kind::Listener { feed, .. } = self.cancelled(tag, now)
            && let Some(entry) = self.entry(tag)
        {
            entry.kind = Kind::Cancelled { feed: Some(feed) };
        }
        true
    }

    /// Hands a reply to whom it belongs.
    pub(super) fn route(&mut self, sentence: Sentence, now: Instant) -> Routed {
        let Some(tag) = sentence.tag_word().and_then(Tag::parse) else { return Routed::Orphan };
        let Some(entry) = self.entry(tag) else { return Routed::Orphan };
        match sentence.first() {
            b"!re" => self.row(tag, sentence, now),
            b"!trap" => {
                entry.trap(&sentence);
                Routed::Taken
            }
            b"!done" => {
                self.done(tag, sentence);
                Routed::Taken
            }
            // Says that there are no rows; `!done` follows.
            b"!empty" => Routed::Taken,
            _ => Routed::Orphan,
        }
    }

    /// Gives up what has run out of time at `now`: the commands to cancel, or why to close the connection.
    pub(super) fn expire(&mut self, now: Instant) -> Result<Vec<Tag>, CloseReason> {
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return Ok(Vec::new());
        }
        let late: Vec<(Tag, Duration)> = self
            .entries
            .iter()
            .filter_map(|entry| entry.deadline.filter(|(at, _)| *at <= now).map(|(_, after)| (entry.tag, after)))
            .collect();
        let mut cancel = Vec::new();
        for (tag, after) in late {
            match self.cancelled(tag, now) {
                Kind::Command { reply, sentence, .. } => {
                    answer(reply, Err(CommandError::TimedOut { after }));
                    if !is_read_only(&sentence) {
                        let command = String::from_utf8_lossy(sentence.first()).into_owned();
                        return Err(CloseReason::TimedOut { command, after });
                    }
                    cancel.push(tag);
                }
                Kind::Cancelled { feed } => {
                    if let Some(feed) = feed {
                        feed.end(Ok(()));
                    }
                    return Err(CloseReason::Silent { after });
                }
                Kind::Own => return Err(CloseReason::Silent { after }),
                // Has no deadline.
                Kind::Listener { .. } => {}
            }
        }
        self.earliest = self.entries.iter().filter_map(|entry| entry.deadline.map(|(at, _)| at)).min();
        Ok(cancel)
    }

    /// Tells everybody that the connection is gone.
    pub(super) fn close(&mut self, why: &CloseReason) {
        let closed = || CommandError::Closed { why: why.clone(), sent: true };
        for entry in std::mem::take(&mut self.entries) {
            match entry.kind {
                Kind::Command { reply, .. } => answer(reply, Err(closed())),
                Kind::Listener { feed, .. } => feed.end(Err(closed())),
                Kind::Cancelled { feed: Some(feed) } => feed.end(Ok(())),
                Kind::Cancelled { feed: None } | Kind::Own => {}
            }
        }
        self.windowed = 0;
        self.earliest = None;
    }

    fn insert(&mut self, entry: Entry) {
        if let Some((at, _)) = entry.deadline {
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        }
        self.entries.push_back(entry);
    }

    fn entry(&mut self, tag: Tag) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.tag == tag)
    }

    /// Leaves the entry waiting for its end only, and returns what it was. It keeps its place in the window: the
    /// router is still at it.
    fn cancelled(&mut self, tag: Tag, now: Instant) -> Kind {
        let deadline = clock::after(now, CANCEL_GRACE);
        self.earliest = Some(self.earliest.map_or(deadline, |earliest| earliest.min(deadline)));
        let ended = Kind::Cancelled { feed: None };
        match self.entry(tag) {
            Some(entry) => {
                entry.deadline = Some((deadline, CANCEL_GRACE));
                std::mem::replace(&mut entry.kind, ended)
            }
            None => ended,
        }
    }

    fn row(&mut self, tag: Tag, row: Sentence, now: Instant) -> Routed {
        let Some(entry) = self.entry(tag) else { return Routed::Orphan };
        match &mut entry.kind {
            // Nobody waits for the answer: let the command end, keep nothing.
            Kind::Command { reply, .. } if reply.is_closed() => Routed::Taken,
            Kind::Command { collected, .. } => match collected.row(&row) {
                Ok(()) => Routed::Taken,
                Err(error) => self.stop(tag, Err(error), now),
            },
            Kind::Listener { feed, .. } => match feed.row(row) {
                Fed::Queued => Routed::Taken,
                Fed::Full { rows } => self.stop(tag, Err(CommandError::Overflow { rows }), now),
                Fed::Gone => self.stop(tag, Ok(()), now),
            },
            Kind::Cancelled { .. } | Kind::Own => Routed::Taken,
        }
    }

    /// Ends a command before the router does, and has it cancelled.
    fn stop(&mut self, tag: Tag, how: Result<(), CommandError>, now: Instant) -> Routed {
        match self.cancelled(tag, now) {
            Kind::Command { reply, .. } => answer(reply, how.map(|()| Answer::default())),
            Kind::Listener { feed, .. } => feed.end(how),
            Kind::Cancelled { .. } | Kind::Own => {}
        }
        Routed::Cancel(tag)
    }

    fn done(&mut self, tag: Tag, done: Sentence) {
        let place = self.entries.iter().position(|entry| entry.tag == tag);
        let Some(entry) = place.and_then(|place| self.entries.remove(place)) else { return };
        if entry.windowed {
            self.windowed -= 1;
        }
        match entry.kind {
            Kind::Command { collected, reply, .. } => answer(reply, collected.done(done)),
            Kind::Listener { feed, traps } if traps.is_empty() => feed.end(Ok(())),
            Kind::Listener { feed, traps } => feed.end(Err(CommandError::Trap(traps))),
            Kind::Cancelled { feed: Some(feed) } => feed.end(Ok(())),
            Kind::Cancelled { feed: None } | Kind::Own => {}
        }
    }
}

/// A command as the window knows it.
#[derive(Debug)]
pub(super) struct Command {
    /// What was asked, for when its time runs out.
    pub(super) sentence: Sentence,
    /// Who waits for the answer.
    pub(super) reply: Reply,
    /// Bytes that the answer may take.
    pub(super) limit: usize,
    /// Time that it has from when it is written.
    pub(super) timeout: Duration,
}

impl Entry {
    fn trap(&mut self, trap: &Sentence) {
        match &mut self.kind {
            Kind::Command { collected, .. } => collected.trap(trap),
            Kind::Listener { traps, .. } if traps.len() < 16 => traps.push(Trap::of(trap)),
            Kind::Listener { .. } | Kind::Cancelled { .. } | Kind::Own => {}
        }
    }
}

fn answer(reply: Reply, how: Result<Answer, CommandError>) {
    // Whoever asked may have gone.
    let _gone = reply.send(how);
}
