//! Accounts and their passwords, kept as argon2id.

use super::{Holder, SignInError, Store, checked_name};
use crate::io::random;
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use rusqlite::{OptionalExtension as _, params};
use tokio::sync::Semaphore;

/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 10;
/// The most: hashing a novel would be a way to keep the processor busy.
const MAX_PASSWORD: usize = 200;
/// How many hashes are made at once: each takes 19 MiB and a processor, and anybody may ask for one.
static HASHING: Semaphore = Semaphore::const_new(2);
/// The hash of a password that nobody has, so that an unknown name takes as long as a wrong password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$zV5sQPz1xT1yJ3m2Lr8v0bYk3o9cJm1n0d7h5p2q8rs";

/// Makes the first account. With `first` it is refused where somebody can sign in already, in the same transaction.
///
/// # Errors
/// [`SignInError::Name`], [`SignInError::Password`], [`SignInError::Taken`], [`SignInError::Secret`],
/// [`SignInError::Store`]
pub async fn create_account(
    store: &Store,
    name: &str,
    password: &str,
    first: bool,
    now: i64,
) -> Result<Holder, SignInError> {
    let name = checked_name(name)?;
    let hash = hashed(password.to_owned()).await?;
    store
        .call(move |db| {
            let known = "SELECT EXISTS (SELECT 1 FROM account) OR (?1 AND EXISTS (SELECT 1 FROM token))";
            if db.query_row(known, [first], |row| row.get(0))? {
                return Err(SignInError::Taken);
            }
            let make = "INSERT INTO account (name, password, created_at) VALUES (?1, ?2, ?3)";
            db.execute(make, params![name, hash, now])?;
            Ok(Holder::Account(name))
        })
        .await
}

/// Gives an account another password and ends all sessions.
///
/// # Errors
/// [`SignInError::Password`], [`SignInError::Secret`], [`SignInError::Store`]
pub async fn set_password(store: &Store, name: &str, password: &str) -> Result<(), SignInError> {
    let (name, hash) = (name.to_owned(), hashed(password.to_owned()).await?);
    store
        .call(move |db| {
            db.execute("UPDATE account SET password = ?2 WHERE name = ?1", params![name, hash])?;
            db.execute("DELETE FROM session", [])?;
            Ok(())
        })
        .await
}

/// Who signs in with this name and password; nothing where either is wrong, after the same time.
///
/// # Errors
/// [`SignInError::Store`]
pub async fn check_password(store: &Store, name: &str, password: &str) -> Result<Option<Holder>, SignInError> {
    let name = name.trim().to_owned();
    let wanted = name.clone();
    let kept = store
        .call(move |db| {
            let query = "SELECT password FROM account WHERE name = ?1";
            Ok::<_, SignInError>(db.query_row(query, [wanted], |row| row.get::<_, String>(0)).optional()?)
        })
        .await?;
    let known = kept.is_some();
    let password = password.to_owned();
    let place = HASHING.acquire().await.map_err(|error| SignInError::Secret(error.to_string()))?;
    let right = tokio::task::spawn_blocking(move || {
        let kept = kept.as_deref().unwrap_or(NOBODY);
        password.len() <= MAX_PASSWORD * 4
            && PasswordHash::new(kept)
                .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
    });
    let right = right.await.map_err(|error| SignInError::Secret(error.to_string()))?;
    drop(place);
    Ok((known && right).then_some(Holder::Account(name)))
}

/// Argon2id with the crate's defaults, which are OWASP's (19 MiB, two passes); on a thread that may block.
async fn hashed(password: String) -> Result<String, SignInError> {
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        return Err(SignInError::Password);
    }
    let failed = |reason: String| SignInError::Secret(reason);
    let place = HASHING.acquire().await.map_err(|error| failed(error.to_string()))?;
    let hash = tokio::task::spawn_blocking(move || {
        let salt: [u8; 16] = random::bytes().map_err(|error| error.to_string())?;
        let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(|error| error.to_string())?;
        Ok(hash.to_string())
    });
    let hash = hash.await.map_err(|error| failed(error.to_string()))?.map_err(failed);
    drop(place);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let params = argon2::Params::try_from(&nobody).unwrap();
        let default = argon2::Params::default();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (default.m_cost(), default.t_cost(), default.p_cost())
        );
        assert!(Argon2::default().verify_password(b"anything", &nobody).is_err());
    }
}
