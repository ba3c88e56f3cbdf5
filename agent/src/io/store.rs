//! The agent's database: what must not be lost when the router loses power.
//!
//! One SQLite file and one connection, held exclusively: two agents on one database would hand out the same
//! sequence twice. Every write is on the flash when its call returns (`synchronous=FULL`), so nothing that is written
//! often belongs here. Calls are short and block; callers make them inline.
//!
//! | file           | what it keeps                                            |
//! | -------------- | -------------------------------------------------------- |
//! | `migration.rs` | the schema, version by version                           |
//! | `sequence.rs`  | epoch, sequence, the marks against replays               |
//! | `outbox.rs`    | sealed envelopes until the broker acknowledges them      |
//! | `pin.rs`       | the router's certificate                                 |
//! | `journal.rs`   | the VIFs, and the change under way                       |
//! | `drift.rs`     | what is owned, and what of it is not as it should be     |
//! | `traffic.rs`   | what VIFs carried                                        |

mod drift;
mod holds;
pub mod journal;
mod migration;
mod outbox;
mod pin;
mod sequence;
mod traffic;

pub use outbox::{OutboxLimits, OutboxRow};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The file inside the data folder.
pub const FILE: &str = "agent.db";

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    path: Arc<Path>,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    connection: Connection,
    sequence: sequence::Block,
    outbox: outbox::Size,
}

/// Why the database did not do what it was asked, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or written.
    #[error(
        "the database {} cannot be opened for writing ({reason}): check that its folder exists, is on the container's \
         mount, and is writable for the agent", path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The disk is full or broken.
    #[error(
        "the database {} could not be written ({reason}): free space on the router's disk (`/file print`, \
         `/disk print`); the agent changes nothing until then", path.display()
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// It is damaged, or no database of ours.
    #[error(
        "the database {} is damaged ({reason}): stop the agent, move the file and those beside it that begin with its \
         name away (keep them), and start again. The journal of changes is in them: look at the router's VIFs \
         afterwards", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// Another agent holds it.
    #[error("the database {} is in use: another agent runs on it; stop that one first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A later version of the agent wrote it.
    #[error(
        "the database {} has schema {found}, this agent knows {known}: update the agent, or give it an empty data \
         folder", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Our schema.
        known: u32,
    },
    /// Anything else; a mistake of ours.
    #[error("the database {}: {reason}: please report this", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
}

impl StoreError {
    fn new(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Unwritable { path, reason }
            }
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::NoRoom { path, reason },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, reason },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { path },
            Some(_) | None => Self::Failed { path, reason },
        }
    }
}

impl Store {
    /// Opens the database file, makes it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]; a newer or damaged database is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| StoreError::new(path, &error))?;
        Self::prepare(path, connection)
    }

    /// A database that is forgotten with its last clone.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = Path::new(":memory:");
        let connection = Connection::open_in_memory().map_err(|error| StoreError::new(path, &error))?;
        Self::prepare(path, connection)
    }

    fn prepare(path: &Path, mut connection: Connection) -> Result<Self, StoreError> {
        let failed = |error| StoreError::new(path, &error);
        set_up(&connection).map_err(failed)?;
        if let Some(found) = migration::newer(&connection).map_err(failed)? {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: migration::LATEST });
        }
        if let Some(reason) = damage(&connection).map_err(failed)? {
            return Err(StoreError::Damaged { path: path.to_owned(), reason });
        }
        migration::run(&mut connection, migration::LATEST).map_err(failed)?;
        let sequence = sequence::Block::load(&connection).map_err(failed)?;
        let outbox = outbox::Size::load(&connection).map_err(failed)?;
        let inner = Arc::new(Mutex::new(Inner { connection, sequence, outbox }));
        Ok(Self { path: path.into(), inner })
    }

    /// Runs something on the connection, alone.
    pub(crate) fn with<T>(&self, run: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.with_inner(|inner| run(&mut inner.connection))
    }

    fn with_inner<T>(&self, run: impl FnOnce(&mut Inner) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        // A panic elsewhere cannot have left a transaction half done: rusqlite rolls it back when it is dropped.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        run(&mut inner).map_err(|error| StoreError::new(&self.path, &error))
    }
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(2))?;
    // Exclusive before WAL: without other readers SQLite needs no shared memory, which not every mount offers.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A router has little memory and little flash: an eighth of a MiB of pages, and a log that shrinks again.
    connection.pragma_update(None, "cache_size", -128)?;
    connection.pragma_update(None, "wal_autocheckpoint", 128)?;
    connection.pragma_update(None, "journal_size_limit", 1024 * 1024)
}

/// What SQLite finds wrong with the file, where it does.
fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // It has gone through all pages, few of which are asked for again.
    connection.execute_batch("PRAGMA shrink_memory")?;
    Ok(Some(verdict).filter(|verdict| verdict != "ok"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn what_was_written_is_there_after_it_was_opened_again() {
        let folder = folder();
        let path = folder.path().join(FILE);
        let epoch = Store::open(&path).and_then(|store| store.epoch()).expect("an epoch");
        assert_eq!(Store::open(&path).and_then(|store| store.epoch()), Ok(epoch));
    }

    #[test]
    fn writes_are_on_the_flash_when_they_return() {
        let folder = folder();
        let store = Store::open(&folder.path().join(FILE)).expect("a store");
        let pragma = |name: &str| store.with(|db| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)));
        assert_eq!(pragma("synchronous"), Ok(2));
        assert_eq!(pragma("foreign_keys"), Ok(1));
        let mode = store.with(|db| db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)));
        assert_eq!(mode.as_deref(), Ok("wal"));
    }

    #[test]
    fn a_database_without_room_says_so_and_goes_on_when_there_is_some() {
        let store = Store::in_memory().expect("a store");
        let grow =
            || store.with(|db| db.execute_batch("CREATE TABLE more (x); INSERT INTO more VALUES (zeroblob(99999));"));
        let pages = |most: i64| store.with(|db| db.pragma_update_and_check(None, "max_page_count", most, |_| Ok(())));
        pages(1).expect("as few as there are");
        let full = grow().expect_err("no room");
        assert!(matches!(full, StoreError::NoRoom { .. }), "{full}");
        pages(1 << 20).expect("more");
        store.with(|db| db.execute_batch("DROP TABLE IF EXISTS more")).expect("room");
        assert_eq!(grow(), Ok(()));
    }

    #[test]
    fn a_second_agent_on_the_same_database_is_told_so() {
        let folder = folder();
        let path = folder.path().join(FILE);
        let first = Store::open(&path).expect("a store");
        assert_eq!(Store::open(&path).err(), Some(StoreError::InUse { path: path.clone() }));
        drop(first);
        assert!(Store::open(&path).is_ok());
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let folder = folder();
        let path = folder.path().join(FILE);
        drop(Store::open(&path).expect("a store"));
        let newer = migration::LATEST + 1;
        let db = Connection::open(&path).expect("a database");
        db.pragma_update(None, "user_version", newer).expect("a version");
        drop(db);
        let error = Store::open(&path).err().expect("refused");
        assert_eq!(error, StoreError::Newer { path, found: newer, known: migration::LATEST });
        assert!(error.to_string().contains("update the agent"));
    }

    #[test]
    fn a_damaged_database_is_refused_with_what_to_do() {
        let folder = folder();
        let path = folder.path().join(FILE);
        fs::write(&path, "not a database, but long enough to be taken for the header of one by its size")
            .expect("a file");
        let error = Store::open(&path).err().expect("refused");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("move the file"), "{error}");

        fs::remove_file(&path).expect("removed");
        drop(Store::open(&path).expect("a store"));
        let mut bytes = fs::read(&path).expect("a file");
        for byte in bytes.iter_mut().skip(4096) {
            *byte = 0xff;
        }
        fs::write(&path, bytes).expect("a file");
        let error = Store::open(&path).err().expect("refused");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_folder_that_is_missing_or_closed_is_named() {
        let folder = folder();
        let missing = folder.path().join("missing").join(FILE);
        let error = Store::open(&missing).err().expect("refused");
        assert!(error.to_string().contains("missing/agent.db"), "{error}");
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");

        let closed = folder.path().join("closed");
        fs::create_dir(&closed).expect("a folder");
        drop(Store::open(&closed.join(FILE)).expect("a store"));
        fs::set_permissions(closed.join(FILE), fs::Permissions::from_mode(0o400)).expect("a mode");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("a mode");
        let opened = Store::open(&closed.join(FILE));
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("a mode");
        // Root may write everywhere; nobody else may.
        if !nix::unistd::geteuid().is_root() {
            assert!(matches!(opened.err(), Some(StoreError::Unwritable { .. })));
        }
    }
}
