//! The router's certificate, as it was at first use.

use super::{Store, StoreError};
use rusqlite::OptionalExtension as _;

impl Store {
    /// SHA-256 of the pinned certificate (DER); nothing before the first use.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn pin(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.with(|db| db.query_row("SELECT fingerprint FROM pin", [], |row| row.get(0)).optional())
    }

    /// Pins a certificate instead of the one before.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn set_pin(&self, fingerprint: &[u8; 32]) -> Result<(), StoreError> {
        let sql = "INSERT INTO pin (id, fingerprint) VALUES (1, ?1)
                   ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint";
        self.with(|db| db.execute(sql, [fingerprint.as_slice()]).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pin_counts() {
        let store = Store::in_memory().expect("a store");
        assert_eq!(store.pin(), Ok(None));
        store.set_pin(&[1; 32]).expect("pinned");
        store.set_pin(&[2; 32]).expect("pinned");
        assert_eq!(store.pin(), Ok(Some([2; 32])));
    }
}
