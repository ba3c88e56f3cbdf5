//! Who may sign in at the embedded broker beside the controller and the agents.

use super::StoreError;
use rusqlite::{OptionalExtension as _, Transaction, params};

/// A user of home automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttUser {
    /// The name.
    pub name: String,
    /// SHA-256 of the password, which has 256 random bits.
    pub secret: [u8; 32],
    /// Whether it may send commands under `bulkhead/+/+/set`.
    pub may_write: bool,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// All users, by name.
///
/// # Errors
/// [`StoreError`]
pub fn all(transaction: &Transaction<'_>) -> Result<Vec<MqttUser>, StoreError> {
    let mut statement =
        transaction.prepare("SELECT name, secret, may_write, created_at FROM mqtt_user ORDER BY name")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One user.
///
/// # Errors
/// [`StoreError`]
pub fn one(transaction: &Transaction<'_>, name: &str) -> Result<Option<MqttUser>, StoreError> {
    let mut statement =
        transaction.prepare("SELECT name, secret, may_write, created_at FROM mqtt_user WHERE name = ?1")?;
    Ok(statement.query_row([name], read).optional()?)
}

/// Adds a user, or gives a known one a new password and rights.
///
/// # Errors
/// [`StoreError`]
pub fn put(transaction: &Transaction<'_>, user: &MqttUser) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO mqtt_user (name, secret, may_write, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET secret = excluded.secret, may_write = excluded.may_write",
        params![user.name, user.secret, user.may_write, user.created_at],
    )?;
    Ok(())
}

/// Removes a user; false where there is none.
///
/// # Errors
/// [`StoreError`]
pub fn remove(transaction: &Transaction<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(transaction.execute("DELETE FROM mqtt_user WHERE name = ?1", [name])? == 1)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<MqttUser> {
    Ok(MqttUser { name: row.get(0)?, secret: row.get(1)?, may_write: row.get(2)?, created_at: row.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::store::testing::run;

    #[test]
    fn a_user_is_kept_replaced_and_removed() {
        run(|transaction| {
            let user = MqttUser { name: "ha".into(), secret: [1; 32], may_write: false, created_at: 5 };
            put(transaction, &user).unwrap();
            let changed = MqttUser { may_write: true, secret: [2; 32], ..user };
            put(transaction, &changed).unwrap();
            assert_eq!(one(transaction, "ha").unwrap(), Some(changed.clone()));
            assert_eq!(all(transaction).unwrap(), [changed]);
            assert!(remove(transaction, "ha").unwrap() && !remove(transaction, "ha").unwrap());
        });
    }
}
