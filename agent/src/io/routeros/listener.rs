//! The rows of an endless command, from the connection's task to whoever reads them.
//!
//! The queue between the two is bounded in rows and in bytes. A reader that is too slow loses the listener, with an
//! error that says so, rather than stalling the connection or growing the queue: events that were missed cannot be
//! made up for, only read anew.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use shared::routeros::sentence::Sentence;
use tokio::sync::{mpsc, oneshot};

use crate::io::clock::{self, Instant};

use super::{
    error::CommandError,
    handle::{Handle, Tag},
};

/// Rows that may wait to be read.
const ROWS: usize = 1024;
/// Bytes that they may take, about.
const BYTES: usize = 1024 * 1024;

/// What a row costs beside its bytes: its place in the queue and its allocation, about.
const OVERHEAD: usize = 48;

/// Memory that a row takes, about, in bytes.
fn weight(row: &Sentence) -> usize {
    row.size() + OVERHEAD
}

/// An endless command: `listen`, `print follow`, `monitor` with an interval.
///
/// Dropping it cancels the command on the router.
#[derive(Debug)]
pub struct Listener {
    tag: Tag,
    rows: mpsc::Receiver<(Instant, Sentence)>,
    bytes: Arc<AtomicUsize>,
    end: Option<oneshot::Receiver<Result<(), CommandError>>>,
    connection: Handle,
}

impl Listener {
    /// The next row. `None` once the command has ended by itself; an error, once, when it ended by one.
    ///
    /// A command that the router refuses shows here, not at [`Client::listen`](super::Client::listen): a listener on a
    /// quiet menu is silent from the start, so there is nothing to wait for.
    pub async fn next(&mut self) -> Option<Result<Sentence, CommandError>> {
        Some(self.next_heard().await?.map(|(_, row)| row))
    }

    /// The same, with the moment at which the row came from the socket, however long it waited to be read since.
    pub async fn next_heard(&mut self) -> Option<Result<(Instant, Sentence), CommandError>> {
        if let Some((heard, row)) = self.rows.recv().await {
            self.bytes.fetch_sub(weight(&row), Ordering::Relaxed);
            return Some(Ok((heard, row)));
        }
        let end = self.end.take()?.await;
        end.unwrap_or_else(|_| Err(self.connection.closed_error(true))).err().map(Err)
    }

    /// Cancels the command and waits until the router has ended it, or the connection is gone.
    pub async fn cancel(mut self) {
        self.rows.close();
        self.connection.cancel(self.tag);
        if let Some(end) = self.end.take() {
            // However it ends, it has ended.
            let _ended = end.await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Unless it has ended or `cancel` has seen to it.
        if self.end.is_some() {
            self.connection.cancel(self.tag);
        }
    }
}

/// The connection's end of a [`Listener`].
#[derive(Debug)]
pub(super) struct Feed {
    rows: mpsc::Sender<(Instant, Sentence)>,
    bytes: Arc<AtomicUsize>,
    end: oneshot::Sender<Result<(), CommandError>>,
}

/// What became of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// It waits to be read.
    Queued,
    /// It found no room: so many wait already.
    Full {
        /// Rows that wait.
        rows: usize,
    },
    /// Nobody reads any more.
    Gone,
}

impl Feed {
    pub(super) fn row(&self, row: Sentence) -> Fed {
        let weight = weight(&row);
        if self.bytes.fetch_add(weight, Ordering::Relaxed) + weight > BYTES {
            return self.full();
        }
        match self.rows.try_send((clock::now(), row)) {
            Ok(()) => Fed::Queued,
            Err(mpsc::error::TrySendError::Full(_)) => self.full(),
            Err(mpsc::error::TrySendError::Closed(_)) => Fed::Gone,
        }
    }

    fn full(&self) -> Fed {
        Fed::Full { rows: self.rows.max_capacity() - self.rows.capacity() }
    }

    /// Whether nobody reads any more.
    pub(super) fn is_gone(&self) -> bool {
        self.rows.is_closed()
    }

    /// No rows any more.
    pub(super) fn end(self, how: Result<(), CommandError>) {
        // A reader that is gone does not want to know.
        let _gone = self.end.send(how);
    }
}

/// Both ends of a listener on the command with this tag.
pub(super) fn listener(tag: Tag, connection: Handle) -> (Feed, Listener) {
    let (rows_in, rows) = mpsc::channel(ROWS);
    let (end_in, end) = oneshot::channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let feed = Feed { rows: rows_in, bytes: bytes.clone(), end: end_in };
    (feed, Listener { tag, rows, bytes, end: Some(end), connection })
}
