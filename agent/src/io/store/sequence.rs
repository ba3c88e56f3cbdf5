//! Who this agent is on the bus, how far it has counted, and how far others have.

use super::{Inner, Store, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};
use shared::ids::SenderId;

/// Sequences are written down so many at a time: one write to the flash for each such block. What is left of a block
/// when the agent ends is never used; a gap does no harm.
const BLOCK: u64 = 1000;

/// The sequences that may be handed out without writing.
pub(super) struct Block {
    next: u64,
    end: u64,
}

impl Block {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        if read(connection, "epoch")?.is_none() {
            write(connection, "epoch", getrandom::u64().map_err(no_randomness)?)?;
        }
        let end = read(connection, "sequence")?.unwrap_or(1);
        Ok(Self { next: end, end })
    }
}

impl Store {
    /// The number made with this database, which every envelope of this agent carries.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn epoch(&self) -> Result<u64, StoreError> {
        self.with(|db| Ok(read(db, "epoch")?.unwrap_or_default()))
    }

    /// A sequence, from 1, that this database never gave before and never gives again.
    ///
    /// # Errors
    /// [`StoreError`]; then none was taken.
    pub fn next_sequence(&self) -> Result<u64, StoreError> {
        self.with_inner(|Inner { connection, sequence, .. }| {
            if sequence.next == sequence.end {
                let end = sequence.end.saturating_add(BLOCK);
                write(connection, "sequence", end)?;
                sequence.end = end;
            }
            sequence.next += 1;
            Ok(sequence.next - 1)
        })
    }

    /// The highest sequence taken of a sender; nothing before the first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn mark(&self, sender: &SenderId) -> Result<Option<u64>, StoreError> {
        self.with(|db| mark(db, sender))
    }

    /// Takes a sequence of a sender, if it is above the mark: says whether it was. Nothing at or below it is taken
    /// from then on, not even after a crash.
    ///
    /// # Errors
    /// [`StoreError`]; then it must count as not taken.
    pub fn raise_mark(&self, sender: &SenderId, sequence: u64) -> Result<bool, StoreError> {
        self.with(|db| {
            // Compared here: SQLite would compare the bits as a signed number.
            if mark(db, sender)?.is_some_and(|taken| sequence <= taken) {
                return Ok(false);
            }
            let sql = "INSERT INTO sender_mark (sender, sequence) VALUES (?1, ?2)
                       ON CONFLICT (sender) DO UPDATE SET sequence = excluded.sequence";
            db.execute(sql, params![sender.as_str(), sequence.cast_signed()])?;
            Ok(true)
        })
    }
}

fn mark(connection: &Connection, sender: &SenderId) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT sequence FROM sender_mark WHERE sender = ?1";
    connection.query_row(sql, [sender.as_str()], |row| row.get(0).map(i64::cast_unsigned)).optional()
}

/// A number of the table `meta`.
pub(super) fn read(connection: &Connection, key: &str) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    connection.query_row(sql, [key], |row| row.get(0).map(i64::cast_unsigned)).optional()
}

/// Sets a number of the table `meta`.
pub(super) fn write(connection: &Connection, key: &str, value: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(sql, params![key, value.cast_signed()]).map(drop)
}

fn no_randomness(error: getrandom::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(name: &str) -> SenderId {
        SenderId::new(name).expect("an id")
    }

    #[test]
    fn a_sequence_never_comes_twice_not_even_after_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.db");
        let mut last = 0;
        for lifetime in [1, 999, 1000, 1001, 3] {
            let store = Store::open(&path).expect("a store");
            for _ in 0..lifetime {
                let next = store.next_sequence().expect("a sequence");
                assert!(next > last, "{next} after {last}");
                last = next;
            }
        }
    }

    #[test]
    fn a_thousand_sequences_cost_one_write() {
        let store = Store::in_memory().expect("a store");
        let writes = || store.with(|db| Ok(db.total_changes())).expect("a count");
        let before = writes();
        for _ in 0..BLOCK {
            store.next_sequence().expect("a sequence");
        }
        assert_eq!(writes() - before, 1);
    }

    #[test]
    fn two_databases_have_two_epochs() {
        let epoch = || Store::in_memory().and_then(|store| store.epoch()).expect("an epoch");
        assert_ne!(epoch(), epoch());
    }

    #[test]
    fn a_mark_only_rises_and_is_kept_for_each_sender_alone() {
        let store = Store::in_memory().expect("a store");
        let (a, b) = (sender("controller"), sender("other"));
        assert_eq!(store.mark(&a), Ok(None));
        for (sender, sequence, taken) in [
            (&a, 5, true),
            (&a, 5, false),
            (&a, 4, false),
            (&b, 1, true),
            (&a, 6, true),
            (&a, u64::MAX, true),
            (&a, 7, false),
        ] {
            assert_eq!(store.raise_mark(sender, sequence), Ok(taken), "{sender} {sequence}");
        }
        assert_eq!(store.mark(&a), Ok(Some(u64::MAX)));
        assert_eq!(store.mark(&b), Ok(Some(1)));
    }
}
