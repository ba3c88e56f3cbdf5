//! The controller's database. SQL stands here and in the modules below, nowhere else.
//!
//! One connection behind a lock; a call runs on a thread that may block. Each call is one transaction: either all of
//! it is on the disk when the call returns, or nothing.

pub use rusqlite::Transaction;
use rusqlite::{Connection, TransactionBehavior};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

pub mod change_sets;
pub mod drifts;
pub mod events;
pub mod idempotency;
pub mod mqtt_users;
pub mod routers;
pub mod sign_in;

/// The steps from an empty database to this version's, in order. A step that was released is never changed; the next
/// one is appended. The position, counted from 1, is SQLite's `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("store/migrations/0001_routers.sql"),
    include_str!("store/migrations/0002_sign_in.sql"),
    include_str!("store/migrations/0003_drift.sql"),
    include_str!("store/migrations/0004_scopes.sql"),
];

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Written by a later version.
    #[error("the database is of version {found}, this program knows {known}: start the newer program again")]
    Newer {
        /// What the file says.
        found: i64,
        /// What this program makes.
        known: i64,
    },
    /// SQLite.
    #[error("the database refused: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A column holds what no code of ours writes.
    #[error("the database holds a {what} that cannot be read: {reason}")]
    Corrupt {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The thread that ran the call is gone.
    #[error("the call to the database was cut off")]
    Gone,
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens or makes a database file and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a file of a later version; [`StoreError::Sqlite`] where it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::prepare(Connection::open(path)?)
    }

    /// A database that lives as long as this value.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, StoreError> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        migrate(&mut connection, MIGRATIONS)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs a call in one transaction, which is kept when it gives `Ok`.
    ///
    /// # Errors
    /// What the call gives, and [`StoreError`] where the transaction cannot be kept.
    pub async fn call<T, E>(&self, call: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(|error| E::from(error.into()))?;
            let value = call(&transaction)?;
            transaction.commit().map_err(|error| E::from(error.into()))?;
            Ok(value)
        });
        done.await.unwrap_or_else(|_| Err(E::from(StoreError::Gone)))
    }
}

/// Brings a database to the version of a list of migrations, each in a transaction of its own.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let done = usize::try_from(found).ok().filter(|&done| done <= migrations.len());
    let Some(done) = done else { return Err(StoreError::Newer { found, known }) };
    for (version, migration) in (found + 1..).zip(&migrations[done..]) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_later_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("db");
        drop(Store::open(&file).unwrap());
        let later = i64::try_from(MIGRATIONS.len()).unwrap() + 1;
        Connection::open(&file).unwrap().pragma_update(None, "user_version", later).unwrap();
        assert!(matches!(Store::open(&file), Err(StoreError::Newer { found, .. }) if found == later));
    }

    #[test]
    fn opening_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("db");
        drop(Store::open(&file).unwrap());
        drop(Store::open(&file).unwrap());
    }

    /// Each step is taken from the one before with a row in every table that was there.
    #[test]
    fn every_migration_keeps_what_the_ones_before_it_hold() {
        for steps in 1..=MIGRATIONS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, &MIGRATIONS[..steps]).unwrap();
            connection.execute_batch(testing::ROWS_OF_0001).unwrap();
            migrate(&mut connection, MIGRATIONS).unwrap();
            for table in ["router", "agent_mark", "router_state", "change_set", "event", "sequence", "mqtt_user"] {
                let rows: i64 =
                    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
                assert_eq!(rows, 1, "{table} after {steps} steps");
            }
        }
    }

    #[tokio::test]
    async fn a_call_that_fails_leaves_nothing_behind() {
        let store = Store::in_memory().unwrap();
        let failed: Result<(), StoreError> = store
            .call(|transaction| {
                transaction.execute("UPDATE sequence SET last = 5", [])?;
                Err(StoreError::Gone)
            })
            .await;
        assert!(failed.is_err());
        let last: Result<i64, StoreError> =
            store.call(|tx| Ok(tx.query_row("SELECT last FROM sequence", [], |row| row.get(0))?)).await;
        assert_eq!(last.unwrap(), 0);
    }
}
