//! The task that owns a signed-in connection.
//!
//! It does one of four things at a time: take what arrives, write what is ready, accept requests, watch the clock.
//! All commands that are ready go out in one write, and places in the window are filled by the half rather than one by
//! one, so that a thousand commands cost some sixty writes. What is queued here is bounded by the window, what is
//! queued before it by the channel, and callers wait beyond that.

use std::{collections::VecDeque, io, sync::atomic::Ordering, time::Duration};

use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    time::sleep_until,
};

use super::{
    Target,
    error::{CloseReason, CommandError},
    handle::{self, Handle, Inbox, Request, Tag},
    in_flight::{InFlight, Routed},
    transport::Stream,
};
use crate::io::clock::{self, Instant};

/// Longest wait for more room in the window before a free place is filled. The commands ahead of it keep the router
/// busy meanwhile.
const GATHER: Duration = Duration::from_millis(4);
/// Bytes read at once.
const CHUNK: usize = 16 * 1024;
/// A write buffer larger than this is given back once it is empty.
const KEEP: usize = 64 * 1024;

/// One connection; lives in its task.
pub(super) struct Connection {
    decoder: Decoder,
    outgoing: Outgoing,
    inbox: Inbox,
    queue: VecDeque<Request>,
    in_flight: InFlight,
    window: usize,
    /// Since when free places of the window wait for more to become free.
    gather_until: Option<Instant>,
    heard: Instant,
    probe: Option<Probe>,
}

/// The sign of life asked for after silence.
struct Probe {
    every: Duration,
    timeout: Duration,
    next: Instant,
}

/// Bytes on their way out.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
    unflushed: bool,
}

impl Connection {
    /// Starts the task on a connection that has signed in.
    pub(super) fn spawn(stream: Stream, mut decoder: Decoder, target: &Target) -> Handle {
        decoder.set_limits(Limits::DEFAULT);
        let now = clock::now();
        let (handle, inbox) = handle::handle();
        let probe = target.idle_probe.map(|every| Probe {
            every,
            timeout: target.command_timeout,
            next: clock::after(now, every),
        });
        let connection = Self {
            decoder,
            outgoing: Outgoing::default(),
            inbox,
            queue: VecDeque::new(),
            in_flight: InFlight::default(),
            window: target.window.max(1),
            gather_until: None,
            heard: now,
            probe,
        };
        tokio::spawn(connection.run(stream));
        handle
    }

    async fn run(mut self, stream: Stream) {
        let (reader, writer) = tokio::io::split(stream);
        let why = match self.serve(reader, writer).await {
            Ok(never) => match never {},
            Err(why) => why,
        };
        tracing::debug!(%why, "the connection to the router ended");
        self.inbox.closed.send_replace(Some(why.clone()));
        self.in_flight.close(&why);
        self.inbox.requests.close();
        while let Ok(request) = self.inbox.requests.try_recv() {
            self.queue.push_back(request);
        }
        for request in self.queue.drain(..) {
            let closed = CommandError::Closed { why: why.clone(), sent: false };
            match request {
                // Whoever asked may have gone.
                Request::Run { command, .. } => drop(command.reply.send(Err(closed))),
                Request::Listen { feed, .. } => feed.end(Err(closed)),
            }
        }
    }

    async fn serve(
        &mut self,
        mut reader: ReadHalf<Stream>,
        mut writer: WriteHalf<Stream>,
    ) -> Result<std::convert::Infallible, CloseReason> {
        let mut chunk = vec![0; CHUNK];
        let mut taken = Vec::with_capacity(self.window);
        let timer = sleep_until(self.heard);
        tokio::pin!(timer);
        // What the peer sent along with the end of the sign-in.
        self.take(&[])?;
        loop {
            let now = clock::now();
            self.on_time(now)?;
            self.fill(now);
            let wake = self.wake();
            if let Some(at) = wake
                && timer.deadline() != at
            {
                timer.as_mut().reset(at);
            }
            let room = self.window.saturating_sub(self.queue.len());
            tokio::select! {
                read = reader.read(&mut chunk) => match read {
                    Ok(0) => return Err(CloseReason::ByPeer { mid_sentence: self.decoder.is_mid_sentence() }),
                    Ok(count) => self.take(&chunk[..count])?,
                    Err(error) => return Err(broken(&error, &self.decoder)),
                },
                written = self.outgoing.write(&mut writer), if self.outgoing.is_pending() => {
                    let written = written.map_err(|error| broken(&error, &self.decoder))?;
                    if self.outgoing.advance(written) {
                        self.inbox.counters.writes.fetch_add(1, Ordering::Relaxed);
                    }
                }
                count = self.inbox.requests.recv_many(&mut taken, room), if room > 0 => {
                    if count == 0 {
                        return Err(CloseReason::ByUs);
                    }
                    self.queue.extend(taken.drain(..));
                }
                Some(tag) = self.inbox.cancels.recv() => self.cancel_listener(tag),
                () = &mut timer, if wake.is_some() => {}
            }
        }
    }

    /// When the clock has something to say next.
    fn wake(&self) -> Option<Instant> {
        let probe = self.probe.as_ref().map(|probe| probe.next);
        [self.in_flight.earliest(), self.gather_until, probe].into_iter().flatten().min()
    }

    fn on_time(&mut self, now: Instant) -> Result<(), CloseReason> {
        for tag in self.in_flight.expire(now)? {
            self.send_cancel(tag, now);
        }
        let Some(probe) = self.probe.as_mut().filter(|probe| probe.next <= now) else { return Ok(()) };
        let due = clock::after(self.heard, probe.every);
        let timeout = probe.timeout;
        if due > now {
            probe.next = due;
            return Ok(());
        }
        // An answer moves `heard`; no answer closes the connection before the next one is due to matter.
        probe.next = clock::after(now, probe.every.max(timeout));
        let question = Sentence::new("/system/identity/print").attribute(".proplist", "name");
        self.send_own(&question, now, timeout);
        Ok(())
    }

    /// Moves commands from the queue into the window, unless it is better to wait for more room.
    fn fill(&mut self, now: Instant) {
        let free = self.window.saturating_sub(self.in_flight.windowed());
        let wanted = self.queue.len().min(self.window.div_ceil(2));
        if free < wanted && free > 0 && *self.gather_until.get_or_insert(now + GATHER) > now {
            return;
        }
        self.gather_until = None;
        while self.in_flight.windowed() < self.window
            && let Some(request) = self.queue.pop_front()
        {
            self.start(request, now);
        }
    }

    fn start(&mut self, request: Request, now: Instant) {
        match request {
            Request::Run { tag, command } => {
                self.write(&command.sentence, tag);
                self.in_flight.command(tag, command, now);
            }
            // Dropped before it was sent: nobody would ever cancel it.
            Request::Listen { feed, .. } if feed.is_gone() => {}
            Request::Listen { tag, sentence, feed } => {
                self.in_flight.listener(tag, feed);
                self.write(&sentence, tag);
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), CloseReason> {
        let now = clock::now();
        self.heard = now;
        self.decoder.push(bytes);
        while let Some(sentence) = self.decoder.next_sentence()? {
            if sentence.first() == b"!fatal" {
                return Err(CloseReason::Fatal(fatal_text(&sentence)));
            }
            match self.in_flight.route(sentence, now) {
                Routed::Taken => {}
                Routed::Cancel(tag) => self.send_cancel(tag, now),
                Routed::Orphan => {
                    self.inbox.counters.orphans.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }

    fn cancel_listener(&mut self, tag: Tag) {
        let now = clock::now();
        if self.in_flight.cancel_listener(tag, now) {
            self.send_cancel(tag, now);
        }
    }

    fn send_cancel(&mut self, tag: Tag, now: Instant) {
        let cancel = Sentence::new("/cancel").attribute("tag", tag.digits(&mut [0; 16]));
        self.send_own(&cancel, now, super::in_flight::CANCEL_GRACE);
    }

    fn send_own(&mut self, sentence: &Sentence, now: Instant, timeout: Duration) {
        let tag = self.inbox.tag();
        self.in_flight.own(tag, now, timeout);
        self.write(sentence, tag);
    }

    fn write(&mut self, sentence: &Sentence, tag: Tag) {
        // Cannot fail: the client refuses words that are too long, and ours are short.
        if sentence.encode_tagged(tag.digits(&mut [0; 16]), &mut self.outgoing.bytes).is_ok() {
            self.inbox.counters.commands.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Outgoing {
    fn is_pending(&self) -> bool {
        self.unflushed || !self.bytes.is_empty()
    }

    /// Writes some of it, or flushes once all is written. May be dropped and called again.
    async fn write(&self, writer: &mut WriteHalf<Stream>) -> io::Result<usize> {
        if self.bytes.is_empty() {
            writer.flush().await?;
            return Ok(0);
        }
        match writer.write(&self.bytes[self.written..]).await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => Ok(count),
        }
    }

    /// Notes what [`Outgoing::write`] did; whether it wrote.
    fn advance(&mut self, count: usize) -> bool {
        self.written += count;
        self.unflushed = count > 0;
        if self.written == self.bytes.len() {
            self.written = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEEP {
                self.bytes = Vec::new();
            }
        } else if self.written > KEEP {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        count > 0
    }
}

fn broken(error: &io::Error, decoder: &Decoder) -> CloseReason {
    // TLS without a close message is a cut like any other.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        CloseReason::ByPeer { mid_sentence: decoder.is_mid_sentence() }
    } else {
        CloseReason::Broken(error.to_string())
    }
}

/// What `!fatal` says: a bare word on every device that was seen, `=message=` in some records.
pub(super) fn fatal_text(sentence: &Sentence) -> String {
    let bare = || {
        let words = sentence.words().skip(1).filter(|word| !word.starts_with(b".tag="));
        words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    };
    sentence.text("message").map_or_else(bare, std::borrow::Cow::into_owned)
}
