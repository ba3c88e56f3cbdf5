//! Answers to writes that carried an `Idempotency-Key`, so that a repeated request is not done twice.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, params};

/// How long an answer is kept, in milliseconds: 24 hours.
pub const KEPT_MS: i64 = 24 * 3600 * 1000;

/// A request as it is recognised again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Who asks; keys of two holders never meet.
    pub who: String,
    /// The `Idempotency-Key`.
    pub key: String,
    /// Method and path with its query.
    pub route: String,
    /// SHA-256 of the body.
    pub body: [u8; 32],
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is reserved for the caller now, who must [`settle`] or [`release`] it.
    New,
    /// It is being done at this moment.
    UnderWay,
    /// It was done, and this was the answer: the HTTP status and the JSON.
    Done(u16, Vec<u8>),
    /// It was done, and the answer held a secret that is not kept.
    Withheld(u16),
    /// The key belongs to another request.
    Other,
}

/// Looks a request up and reserves its key where it is new. Answers older than [`KEPT_MS`] go.
///
/// # Errors
/// [`StoreError`]
pub async fn reserve(store: &Store, request: Fingerprint, now: i64) -> Result<Known, StoreError> {
    store
        .call(move |db| {
            db.execute("DELETE FROM idempotency WHERE created_at <= ?1", [now - KEPT_MS])?;
            let query = "SELECT route, body, status, answer FROM idempotency WHERE who = ?1 AND key = ?2";
            let row = db.query_row(query, [&request.who, &request.key], |row| {
                let same = row.get::<_, String>(0)? == request.route && row.get::<_, Vec<u8>>(1)? == request.body;
                Ok((same, row.get::<_, Option<u16>>(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
            });
            Ok(match row.optional()? {
                Some((false, ..)) => Known::Other,
                Some((true, None, _)) => Known::UnderWay,
                Some((true, Some(status), Some(answer))) => Known::Done(status, answer),
                Some((true, Some(status), None)) => Known::Withheld(status),
                None => {
                    db.execute(
                        "INSERT INTO idempotency (who, key, route, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                        params![request.who, request.key, request.route, request.body.as_slice(), now],
                    )?;
                    Known::New
                }
            })
        })
        .await
}

/// Keeps the answer; none where it holds a secret.
///
/// # Errors
/// [`StoreError`]
pub async fn settle(
    store: &Store,
    request: Fingerprint,
    status: u16,
    answer: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    store
        .call(move |db| {
            let keep = "UPDATE idempotency SET status = ?3, answer = ?4 WHERE who = ?1 AND key = ?2";
            db.execute(keep, params![request.who, request.key, status, answer])?;
            Ok(())
        })
        .await
}

/// Gives a key free whose request came to nothing, so that it can be tried again.
///
/// # Errors
/// [`StoreError`]
pub async fn release(store: &Store, request: Fingerprint) -> Result<(), StoreError> {
    store
        .call(move |db| {
            let free = "DELETE FROM idempotency WHERE who = ?1 AND key = ?2 AND status IS NULL";
            db.execute(free, [request.who, request.key])?;
            Ok(())
        })
        .await
}

/// Gives all keys free whose requests were cut off by the end of the program. Called once, before the first request.
///
/// # Errors
/// [`StoreError`]
pub async fn release_cut_off(store: &Store) -> Result<(), StoreError> {
    store.call(|db| Ok(db.execute("DELETE FROM idempotency WHERE status IS NULL", []).map(drop)?)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: u8) -> Fingerprint {
        Fingerprint { who: "account:anna".into(), key: "k1".into(), route: "POST /x".into(), body: [body; 32] }
    }

    #[tokio::test]
    async fn a_repeated_request_gets_the_first_answer() {
        let store = Store::in_memory().unwrap();
        assert_eq!(reserve(&store, request(1), 0).await.unwrap(), Known::New);
        assert_eq!(reserve(&store, request(1), 0).await.unwrap(), Known::UnderWay);
        settle(&store, request(1), 202, Some(b"{}".to_vec())).await.unwrap();
        assert_eq!(reserve(&store, request(1), 1).await.unwrap(), Known::Done(202, b"{}".to_vec()));
    }

    #[tokio::test]
    async fn a_key_belongs_to_one_request_of_one_holder() {
        let store = Store::in_memory().unwrap();
        reserve(&store, request(1), 0).await.unwrap();
        assert_eq!(reserve(&store, request(2), 0).await.unwrap(), Known::Other);
        let elsewhere = Fingerprint { route: "POST /y".into(), ..request(1) };
        assert_eq!(reserve(&store, elsewhere, 0).await.unwrap(), Known::Other);
        let bob = Fingerprint { who: "account:bob".into(), ..request(2) };
        assert_eq!(reserve(&store, bob, 0).await.unwrap(), Known::New);
    }

    #[tokio::test]
    async fn an_answer_is_forgotten_after_a_day() {
        let store = Store::in_memory().unwrap();
        reserve(&store, request(1), 0).await.unwrap();
        settle(&store, request(1), 202, None).await.unwrap();
        assert_eq!(reserve(&store, request(1), KEPT_MS - 1).await.unwrap(), Known::Withheld(202));
        assert_eq!(reserve(&store, request(1), KEPT_MS).await.unwrap(), Known::New);
    }

    #[tokio::test]
    async fn what_came_to_nothing_can_be_tried_again() {
        let store = Store::in_memory().unwrap();
        reserve(&store, request(1), 0).await.unwrap();
        release(&store, request(1)).await.unwrap();
        assert_eq!(reserve(&store, request(1), 0).await.unwrap(), Known::New);
        release_cut_off(&store).await.unwrap();
        assert_eq!(reserve(&store, request(1), 0).await.unwrap(), Known::New);
    }
}
