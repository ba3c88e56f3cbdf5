//! Sealed envelopes on their way to the broker: written before they are sent, deleted when they are acknowledged.
//!
//! It is bounded. When there is no room, what matters least and is oldest goes first; reports of change sets go last,
//! and even they are not lost, because the journal gives them again when the controller asks.

use super::{Inner, Store, StoreError, sequence};
use rusqlite::{Connection, OptionalExtension as _, params};
use shared::topic::{Noun, Topic};

/// What the outbox may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Most envelopes.
    pub rows: u64,
    /// Most bytes of envelopes together.
    pub bytes: u64,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 8 * 1024 * 1024 }
    }
}

/// An envelope that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place; rises in the order of delivery.
    pub id: i64,
    /// Where it goes.
    pub topic: String,
    /// The sealed envelope.
    pub envelope: Vec<u8>,
}

/// How much is in it. Counted along, because summing it up at each write would read it all.
pub(super) struct Size {
    limits: OutboxLimits,
    rows: u64,
    bytes: u64,
}

impl Size {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT count(*), coalesce(sum(length(envelope)), 0) FROM outbox";
        let (rows, bytes) = connection.query_row(sql, [], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
        Ok(Self { limits: OutboxLimits::default(), rows, bytes })
    }
}

impl Store {
    /// Writes an envelope down. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// [`StoreError`]; then it is not in the outbox.
    pub fn outbox_push(&self, topic: &Topic, sequence: u64, envelope: &[u8], now: i64) -> Result<(), StoreError> {
        self.with_inner(|Inner { connection, outbox, .. }| {
            let transaction = connection.transaction()?;
            let sql =
                "INSERT INTO outbox (sequence, topic, essential, envelope, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![sequence.cast_signed(), topic.to_string(), essential(topic), envelope, now];
            transaction.execute(sql, values)?;
            let (mut rows, mut bytes) = (outbox.rows + 1, outbox.bytes + envelope.len() as u64);
            let mut dropped = 0;
            while rows > outbox.limits.rows || bytes > outbox.limits.bytes {
                let Some(freed) = drop_least(&transaction)? else { break };
                (rows, bytes, dropped) = (rows - 1, bytes.saturating_sub(freed), dropped + 1);
            }
            if dropped > 0 {
                let before = sequence::read(&transaction, DROPPED)?.unwrap_or_default();
                sequence::write(&transaction, DROPPED, before + dropped)?;
            }
            transaction.commit()?;
            (outbox.rows, outbox.bytes) = (rows, bytes);
            Ok(())
        })
    }

    /// The first `n` envelopes.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn outbox_front(&self, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_after(0, n)
    }

    /// The first `n` envelopes behind the one with this id.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn outbox_after(&self, id: i64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.with(|db| {
            let sql = "SELECT id, topic, envelope FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2";
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            db.prepare(sql)?
                .query_map(params![id, n], |row| {
                    Ok(OutboxRow { id: row.get(0)?, topic: row.get(1)?, envelope: row.get(2)? })
                })?
                .collect()
        })
    }

    /// Removes an envelope that the broker has acknowledged. One that is not there any more does no harm.
    ///
    /// # Errors
    /// [`StoreError`]; then it is sent again later.
    pub fn outbox_delete(&self, id: i64) -> Result<(), StoreError> {
        self.with_inner(|Inner { connection, outbox, .. }| {
            let sql = "DELETE FROM outbox WHERE id = ?1 RETURNING length(envelope)";
            if let Some(freed) = connection.query_row(sql, [id], |row| unsigned(row, 0)).optional()? {
                outbox.rows = outbox.rows.saturating_sub(1);
                outbox.bytes = outbox.bytes.saturating_sub(freed);
            }
            Ok(())
        })
    }

    /// How many envelopes wait.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn outbox_len(&self) -> Result<u64, StoreError> {
        self.with_inner(|inner| Ok(inner.outbox.rows))
    }

    /// How many envelopes were dropped for want of room since this database was made.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn outbox_dropped(&self) -> Result<u64, StoreError> {
        self.with(|db| Ok(sequence::read(db, DROPPED)?.unwrap_or_default()))
    }

    /// Changes what the outbox may hold, from the next envelope on.
    ///
    /// # Errors
    /// None that a caller could meet.
    pub fn outbox_limit(&self, limits: OutboxLimits) -> Result<(), StoreError> {
        self.with_inner(|inner| {
            inner.outbox.limits = limits;
            Ok(())
        })
    }
}

/// A count or a length; SQLite has signed numbers only.
fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

const DROPPED: &str = "outbox_dropped";

fn essential(topic: &Topic) -> bool {
    matches!(topic, Topic::Event(_, Noun::ChangeSet))
}

/// Deletes the oldest of what matters least; its bytes. The newest is never deleted: it has just come.
fn drop_least(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let sql = "DELETE FROM outbox WHERE id =
                 (SELECT id FROM outbox WHERE id < (SELECT max(id) FROM outbox) ORDER BY essential, id LIMIT 1)
               RETURNING length(envelope)";
    connection.query_row(sql, [], |row| unsigned(row, 0)).optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::RouterId;

    fn topic(noun: Noun) -> Topic {
        Topic::Event(RouterId::new("r1").expect("an id"), noun)
    }

    fn push(store: &Store, noun: Noun, envelope: &[u8]) {
        store.outbox_push(&topic(noun), 1, envelope, 0).expect("pushed");
    }

    fn envelopes(store: &Store) -> Vec<String> {
        let rows = store.outbox_front(100).expect("rows");
        rows.into_iter().map(|row| String::from_utf8(row.envelope).expect("text")).collect()
    }

    #[test]
    fn envelopes_come_out_in_order_until_they_are_deleted() {
        let store = Store::in_memory().expect("a store");
        for text in ["a", "b", "c"] {
            push(&store, Noun::Router, text.as_bytes());
        }
        let rows = store.outbox_front(2).expect("rows");
        assert_eq!(rows.iter().map(|row| row.envelope.as_slice()).collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(rows[0].topic, "bulkhead-bus/v1/r1/event/router");
        assert_eq!(store.outbox_after(rows[1].id, 9).expect("rows")[0].envelope, b"c");
        store.outbox_delete(rows[0].id).expect("deleted");
        store.outbox_delete(rows[0].id).expect("deleted before");
        assert_eq!(envelopes(&store), ["b", "c"]);
        assert_eq!(store.outbox_len(), Ok(2));
    }

    #[test]
    fn an_id_is_never_used_again() {
        let store = Store::in_memory().expect("a store");
        push(&store, Noun::Router, b"a");
        let first = store.outbox_front(1).expect("rows")[0].id;
        store.outbox_delete(first).expect("deleted");
        push(&store, Noun::Router, b"b");
        assert!(store.outbox_front(1).expect("rows")[0].id > first);
    }

    #[test]
    fn without_room_the_oldest_that_matters_least_goes_and_is_counted() {
        let store = Store::in_memory().expect("a store");
        store.outbox_limit(OutboxLimits { rows: 3, bytes: 1000 }).expect("limits");
        for (noun, text) in [
            (Noun::ChangeSet, "c1"),
            (Noun::Router, "r1"),
            (Noun::Router, "r2"),
            (Noun::Router, "r3"),
            (Noun::ChangeSet, "c2"),
        ] {
            push(&store, noun, text.as_bytes());
        }
        assert_eq!(envelopes(&store), ["c1", "r3", "c2"]);
        assert_eq!(store.outbox_dropped(), Ok(2));
        push(&store, Noun::ChangeSet, b"c3");
        push(&store, Noun::ChangeSet, b"c4");
        assert_eq!(envelopes(&store), ["c2", "c3", "c4"]);
        push(&store, Noun::Router, b"r4");
        assert_eq!(envelopes(&store), ["c3", "c4", "r4"], "the newest is kept");
        assert_eq!(store.outbox_dropped(), Ok(5));
        assert_eq!(store.outbox_len(), Ok(3));
    }

    #[test]
    fn bytes_are_bounded_too_and_counted_over_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.db");
        let limits = OutboxLimits { rows: 100, bytes: 10 };
        let store = Store::open(&path).expect("a store");
        push(&store, Noun::Router, b"four");
        push(&store, Noun::Router, b"more");
        drop(store);
        let store = Store::open(&path).expect("a store");
        store.outbox_limit(limits).expect("limits");
        push(&store, Noun::Router, b"last");
        assert_eq!(envelopes(&store), ["more", "last"]);
        push(&store, Noun::Router, b"larger than everything allowed");
        assert_eq!(envelopes(&store), ["larger than everything allowed"], "one is always let through");
    }
}
