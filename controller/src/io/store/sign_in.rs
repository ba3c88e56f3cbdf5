//! Who may sign in: accounts with passwords, sessions of browsers, tokens of programs.
//!
//! A session's or token's secret is 256 random bits; the database keeps its SHA-256, so a stolen copy signs nobody in.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

mod credential;
mod password;
mod scope;

pub use credential::{Credential, sha256};
pub use password::{MIN_PASSWORD, check_password, create_account, set_password};
pub use scope::Scope;

/// How long a session lives without being used, in milliseconds: 7 days.
pub const SESSION_MS: i64 = 7 * 24 * 3600 * 1000;
/// A session's end is moved at most once in this time, so that reading a page does not write to the disk.
const SLIDE_MS: i64 = 3600 * 1000;
/// The same for a token's last use.
const TOUCH_MS: i64 = 60 * 1000;
/// The longest name of an account or token, in characters.
pub const MAX_NAME: usize = 60;

/// Why a sign-in, account or token was not made.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Empty, too long or with control characters.
    #[error("a name has 1 to {MAX_NAME} characters")]
    Name,
    /// Too short.
    #[error("a password has {MIN_PASSWORD} characters or more, at most 200")]
    Password,
    /// Somebody has that name.
    #[error("the name is taken")]
    Taken,
    /// It would leave nobody who can sign in.
    #[error("this is the last way to sign in")]
    LastWayIn,
    /// The system gave no random bytes or the hash could not be made.
    #[error("no secret could be made: {0}")]
    Secret(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for SignInError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A person, by the account's name.
    Account(String),
    /// A program, or a browser that was signed in with a token.
    Token {
        /// The token's id.
        id: String,
        /// Its name.
        name: String,
    },
}

impl Holder {
    /// For people and histories.
    pub fn shown(&self) -> String {
        match self {
            Self::Account(name) => name.clone(),
            Self::Token { name, .. } => format!("token {name}"),
        }
    }

    /// Never the same for two holders.
    pub fn key(&self) -> String {
        match self {
            Self::Account(name) => format!("account:{name}"),
            Self::Token { id, .. } => format!("token:{id}"),
        }
    }
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// Who holds it.
    pub name: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds, exact to a minute.
    pub used_at: Option<i64>,
    /// What it may do beyond what every token may.
    pub scopes: Vec<Scope>,
}

/// Whether anybody can sign in.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn is_set_up(store: &Store) -> Result<bool, SignInError> {
    store
        .call(|db| {
            let known = "SELECT EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM token)";
            Ok(db.query_row(known, [], |row| row.get(0))?)
        })
        .await
}

/// The name of the first account; nothing before the setup.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn first_account(store: &Store) -> Result<Option<String>, SignInError> {
    let first = "SELECT name FROM account ORDER BY created_at, name LIMIT 1";
    store.call(move |db| Ok(db.query_row(first, [], |row| row.get(0)).optional()?)).await
}

/// Whether anybody can sign in by name and password.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn has_account(store: &Store) -> Result<bool, SignInError> {
    Ok(first_account(store).await?.is_some())
}

/// Makes a token; its secret is in what it gives and nowhere else.
///
/// # Errors
/// [`SignInError::Name`], [`SignInError::Taken`], [`SignInError::Secret`], [`SignInError::Store`]
pub async fn create_token(store: &Store, name: &str, scopes: &[Scope], now: i64) -> Result<Credential, SignInError> {
    let (name, scopes) = (checked_name(name)?, Scope::kept(scopes));
    let credential = Credential::random("bh_")?;
    let (id, fingerprint) = (credential.id().to_owned(), credential.fingerprint());
    store
        .call(move |db| {
            let make = "INSERT INTO token (id, name, secret, created_at, scopes) VALUES (?1, ?2, ?3, ?4, ?5)
                        ON CONFLICT DO NOTHING";
            let rows = db.execute(make, params![id, name, fingerprint.as_slice(), now, scopes])?;
            if rows == 0 { Err(SignInError::Taken) } else { Ok(()) }
        })
        .await?;
    Ok(credential)
}

/// All tokens, by their names.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn tokens(store: &Store) -> Result<Vec<TokenRow>, SignInError> {
    store
        .call(|db| {
            let mut query = db.prepare("SELECT id, name, created_at, used_at, scopes FROM token ORDER BY name, id")?;
            let rows = query.query_map([], |row| {
                Ok(TokenRow {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    created_at: row.get(2)?,
                    used_at: row.get(3)?,
                    scopes: Scope::read(&row.get::<_, String>(4)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
}

/// Whether a token was made with a scope; false for one that is revoked.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn token_may(store: &Store, id: &str, scope: Scope) -> Result<bool, SignInError> {
    let id = id.to_owned();
    store
        .call(move |db| {
            let query = "SELECT scopes FROM token WHERE id = ?1";
            let kept: Option<String> = db.query_row(query, [id], |row| row.get(0)).optional()?;
            Ok(kept.is_some_and(|kept| Scope::read(&kept).contains(&scope)))
        })
        .await
}

/// Revokes a token and ends the sessions that it opened; false where there is none of this id.
///
/// # Errors
/// [`SignInError::LastWayIn`] for the last token where there is no account; [`SignInError::Store`]
pub async fn revoke_token(store: &Store, id: &str) -> Result<bool, SignInError> {
    let id = id.to_owned();
    store
        .call(move |db| {
            let gone = db.execute("DELETE FROM token WHERE id = ?1", [&id])? > 0;
            let left = "SELECT EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM token)";
            let left: bool = db.query_row(left, [], |row| row.get(0))?;
            if gone && !left { Err(SignInError::LastWayIn) } else { Ok(gone) }
        })
        .await
}

/// Who holds a token; nothing for one that is unknown or revoked.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn holder_of_token(store: &Store, token: &str, now: i64) -> Result<Option<Holder>, SignInError> {
    let Some(token) = Credential::parse("bh_", token) else { return Ok(None) };
    store
        .call(move |db| {
            let query = "SELECT name, secret, used_at FROM token WHERE id = ?1";
            let row = db.query_row(query, [token.id()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Option<i64>>(2)?))
            });
            let Some((name, secret, used_at)) = row.optional()? else { return Ok(None) };
            if !same(&secret, &token.fingerprint()) {
                return Ok(None);
            }
            if used_at.is_none_or(|at| at + TOUCH_MS <= now) {
                db.execute("UPDATE token SET used_at = ?2 WHERE id = ?1", params![token.id(), now])?;
            }
            Ok(Some(Holder::Token { id: token.id().to_owned(), name }))
        })
        .await
}

/// Opens a session; sessions that have ended go.
///
/// # Errors
/// [`SignInError::Secret`], [`SignInError::Store`]
pub async fn open_session(store: &Store, holder: &Holder, now: i64) -> Result<Credential, SignInError> {
    let credential = Credential::random("")?;
    let (id, fingerprint) = (credential.id().to_owned(), credential.fingerprint());
    let (account, token) = match holder {
        Holder::Account(name) => (Some(name.clone()), None),
        Holder::Token { id, .. } => (None, Some(id.clone())),
    };
    store
        .call(move |db| {
            db.execute("DELETE FROM session WHERE ends_at <= ?1", [now])?;
            db.execute(
                "INSERT INTO session (id, secret, account, token, created_at, ends_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, fingerprint.as_slice(), account, token, now, now + SESSION_MS],
            )?;
            Ok::<_, SignInError>(())
        })
        .await?;
    Ok(credential)
}

/// Who a session belongs to; its end moves on. Nothing for one that is unknown or has ended.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn holder_of_session(store: &Store, cookie: &str, now: i64) -> Result<Option<Holder>, SignInError> {
    let Some(session) = Credential::parse("", cookie) else { return Ok(None) };
    store.call(move |db| find_session(db, &session, now)).await
}

fn find_session(db: &Transaction<'_>, session: &Credential, now: i64) -> Result<Option<Holder>, SignInError> {
    let query = "SELECT s.secret, s.ends_at, s.account, s.token, t.name FROM session s
                 LEFT JOIN token t ON t.id = s.token WHERE s.id = ?1";
    let row = db.query_row(query, [session.id()], |row| {
        let token: Option<String> = row.get(3)?;
        let holder = match token {
            Some(id) => Holder::Token { id, name: row.get::<_, Option<String>>(4)?.unwrap_or_default() },
            None => Holder::Account(row.get::<_, Option<String>>(2)?.unwrap_or_default()),
        };
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, holder))
    });
    let Some((secret, ends_at, holder)) = row.optional()? else { return Ok(None) };
    if !same(&secret, &session.fingerprint()) || ends_at <= now {
        return Ok(None);
    }
    if ends_at - now < SESSION_MS - SLIDE_MS {
        db.execute("UPDATE session SET ends_at = ?2 WHERE id = ?1", params![session.id(), now + SESSION_MS])?;
    }
    Ok(Some(holder))
}

/// Ends one session.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn end_session(store: &Store, cookie: &str) -> Result<(), SignInError> {
    let Some(session) = Credential::parse("", cookie) else { return Ok(()) };
    store.call(move |db| Ok(db.execute("DELETE FROM session WHERE id = ?1", [session.id()]).map(drop)?)).await
}

/// Ends every session.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn end_all_sessions(store: &Store) -> Result<(), SignInError> {
    store.call(|db| Ok(db.execute("DELETE FROM session", []).map(drop)?)).await
}

/// How many sessions live.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn count_sessions(store: &Store, now: i64) -> Result<u32, SignInError> {
    let count = "SELECT count(*) FROM session WHERE ends_at > ?1";
    store.call(move |db| Ok(db.query_row(count, [now], |row| row.get(0))?)).await
}

fn same(kept: &[u8], given: &[u8]) -> bool {
    kept.ct_eq(given).into()
}

fn checked_name(name: &str) -> Result<String, SignInError> {
    let name = name.trim();
    let good = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if good { Ok(name.to_owned()) } else { Err(SignInError::Name) }
}

/// SHA-256 of some text.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests;
