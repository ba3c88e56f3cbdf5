//! Routers, and how far their agents' messages have been taken.

use super::StoreError;
use crate::flow::enrolment::Settings;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use shared::{ids::RouterId, router::RouterState};

/// A router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Router {
    /// Its id.
    pub id: RouterId,
    /// Its name for people.
    pub name: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// The Ed25519 public key by which its agent signs.
    pub agent_key: [u8; 32],
    /// SHA-256 of its agent's MQTT password.
    pub mqtt_secret: [u8; 32],
    /// Where its agent reaches router and broker.
    pub settings: Settings,
    /// Unix milliseconds.
    pub last_seen: Option<i64>,
}

/// The streams of an agent that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Durable events: each sequence is taken once.
    Event,
    /// Retained states: an equal or older one changes nothing.
    State,
}

const COLUMNS: &str = "id, name, created_at, agent_key, mqtt_secret, settings, last_seen";

/// All routers, by name.
///
/// # Errors
/// [`StoreError`]
pub fn all(transaction: &Transaction<'_>) -> Result<Vec<Router>, StoreError> {
    let mut statement = transaction.prepare(&format!("SELECT {COLUMNS} FROM router ORDER BY name, id"))?;
    let rows = statement.query_map([], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// One router.
///
/// # Errors
/// [`StoreError`]
pub fn one(transaction: &Transaction<'_>, id: &RouterId) -> Result<Option<Router>, StoreError> {
    let mut statement = transaction.prepare(&format!("SELECT {COLUMNS} FROM router WHERE id = ?1"))?;
    statement.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
}

fn read(row: &Row<'_>) -> Result<Router, StoreError> {
    let id: String = row.get(0)?;
    let settings: String = row.get(5)?;
    Ok(Router {
        id: RouterId::new(id).map_err(|error| corrupt("router id", &error))?,
        name: row.get(1)?,
        created_at: row.get(2)?,
        agent_key: row.get(3)?,
        mqtt_secret: row.get(4)?,
        settings: serde_json::from_str(&settings).map_err(|error| corrupt("router's settings", &error))?,
        last_seen: row.get(6)?,
    })
}

/// Adds a router; false where the id or the name is in use.
///
/// # Errors
/// [`StoreError`]
pub fn add(transaction: &Transaction<'_>, router: &Router) -> Result<bool, StoreError> {
    let settings = to_json("router's settings", &router.settings)?;
    let added = transaction.execute(
        "INSERT INTO router (id, name, created_at, agent_key, mqtt_secret, settings, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        params![
            router.id.as_str(),
            router.name,
            router.created_at,
            router.agent_key,
            router.mqtt_secret,
            settings,
            router.last_seen
        ],
    )?;
    Ok(added == 1)
}

/// Gives a router's agent new keys. Its epochs are forgotten with the old ones: nothing signed by those is taken.
///
/// # Errors
/// [`StoreError`]
pub fn rekey(transaction: &Transaction<'_>, router: &Router) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE router SET agent_key = ?2, mqtt_secret = ?3, settings = ?4 WHERE id = ?1",
        params![
            router.id.as_str(),
            router.agent_key,
            router.mqtt_secret,
            to_json("router's settings", &router.settings)?
        ],
    )?;
    Ok(())
}

/// Forgets a router and everything about it.
///
/// # Errors
/// [`StoreError`]
pub fn remove(transaction: &Transaction<'_>, id: &RouterId) -> Result<bool, StoreError> {
    Ok(transaction.execute("DELETE FROM router WHERE id = ?1", [id.as_str()])? == 1)
}

/// Notes when an agent last said something.
///
/// # Errors
/// [`StoreError`]
pub fn seen(transaction: &Transaction<'_>, id: &RouterId, now: i64) -> Result<(), StoreError> {
    transaction.execute("UPDATE router SET last_seen = ?2 WHERE id = ?1", params![id.as_str(), now])?;
    Ok(())
}

/// The newest state of a router.
///
/// # Errors
/// [`StoreError`]
pub fn state(transaction: &Transaction<'_>, id: &RouterId) -> Result<Option<RouterState>, StoreError> {
    let mut statement = transaction.prepare("SELECT body FROM router_state WHERE router = ?1")?;
    let body: Option<String> = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
    body.map(|body| serde_json::from_str(&body).map_err(|error| corrupt("router's state", &error))).transpose()
}

/// Replaces the state of a router.
///
/// # Errors
/// [`StoreError`]
pub fn set_state(transaction: &Transaction<'_>, id: &RouterId, state: &RouterState) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO router_state (router, body) VALUES (?1, ?2) ON CONFLICT (router) DO UPDATE SET body = excluded.body",
        params![id.as_str(), to_json("router's state", state)?],
    )?;
    Ok(())
}

/// Takes a sequence of a stream, in the transaction of its effect: false where it, or a later one of its epoch, was
/// taken already, or its epoch is retired.
///
/// # Errors
/// [`StoreError`]
pub fn take(
    transaction: &Transaction<'_>,
    id: &RouterId,
    epoch: u64,
    stream: Stream,
    sequence: u64,
) -> Result<bool, StoreError> {
    let epoch = epoch.to_be_bytes();
    let known: Option<([u8; 8], [u8; 8], bool)> = transaction
        .prepare("SELECT event, state, retired FROM agent_mark WHERE router = ?1 AND epoch = ?2")?
        .query_row(params![id.as_str(), epoch], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if known.is_none() {
        transaction.execute("UPDATE agent_mark SET retired = 1 WHERE router = ?1", [id.as_str()])?;
        transaction.execute(
            "INSERT INTO agent_mark (router, epoch, event, state, retired) VALUES (?1, ?2, ?3, ?3, 0)",
            params![id.as_str(), epoch, 0_u64.to_be_bytes()],
        )?;
    }
    let (event, state, retired) = known.unwrap_or_default();
    let (mark, column) = match stream {
        Stream::Event => (event, "event"),
        Stream::State => (state, "state"),
    };
    if retired || sequence <= u64::from_be_bytes(mark) {
        return Ok(false);
    }
    transaction.execute(
        &format!("UPDATE agent_mark SET {column} = ?3 WHERE router = ?1 AND epoch = ?2"),
        params![id.as_str(), epoch, sequence.to_be_bytes()],
    )?;
    Ok(true)
}

/// The sequence that the controller signs with next: above every one before, over restarts and clock jumps too.
///
/// # Errors
/// [`StoreError`]
pub fn next_sequence(transaction: &Transaction<'_>, unix_micros: u64) -> Result<u64, StoreError> {
    let last: i64 = transaction.query_row("SELECT last FROM sequence WHERE only = 1", [], |row| row.get(0))?;
    let next = i64::try_from(unix_micros).unwrap_or(0).max(last.saturating_add(1));
    transaction.execute("UPDATE sequence SET last = ?1 WHERE only = 1", [next])?;
    u64::try_from(next).map_err(|error| corrupt("sequence", &error))
}

pub(super) fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(what, &error))
}

pub(super) fn corrupt(what: &'static str, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::store::testing::{router, run};

    #[test]
    fn a_sequence_is_taken_once_and_a_state_apart_from_events() {
        run(|transaction| {
            let id = router(transaction, "r1");
            let take = |epoch, stream, sequence| take(transaction, &id, epoch, stream, sequence).unwrap();
            assert!(take(7, Stream::Event, 5));
            assert!(!take(7, Stream::Event, 5) && !take(7, Stream::Event, 4));
            assert!(take(7, Stream::State, 3));
            assert!(take(7, Stream::Event, 6));
        });
    }

    #[test]
    fn a_new_epoch_retires_the_one_before_for_good() {
        run(|transaction| {
            let id = router(transaction, "r1");
            let take = |epoch, sequence| take(transaction, &id, epoch, Stream::State, sequence).unwrap();
            assert!(take(u64::MAX, 900));
            assert!(take(1, 1));
            assert!(!take(u64::MAX, 901));
            assert!(take(1, u64::MAX));
        });
    }

    #[test]
    fn the_controllers_sequence_rises_when_its_clock_falls() {
        run(|transaction| {
            assert_eq!(next_sequence(transaction, 1_000).unwrap(), 1_000);
            assert_eq!(next_sequence(transaction, 10).unwrap(), 1_001);
            assert_eq!(next_sequence(transaction, 5_000).unwrap(), 5_000);
        });
    }

    #[test]
    fn an_id_or_name_in_use_is_not_given_twice() {
        run(|transaction| {
            router(transaction, "r1");
            let known = one(transaction, &RouterId::new("r1").unwrap()).unwrap().unwrap();
            assert!(!add(transaction, &known).unwrap());
            let other = Router { id: RouterId::new("r2").unwrap(), ..known };
            assert!(!add(transaction, &other).unwrap());
        });
    }

    #[test]
    fn nothing_of_a_forgotten_router_stays() {
        run(|transaction| {
            let id = router(transaction, "r1");
            take(transaction, &id, 1, Stream::Event, 1).unwrap();
            assert!(remove(transaction, &id).unwrap());
            let left: i64 = transaction.query_row("SELECT count(*) FROM agent_mark", [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0);
        });
    }
}
