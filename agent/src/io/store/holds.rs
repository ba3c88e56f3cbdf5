//! VIFs whose kill switch a person engaged. What a person closed opens by a person's word alone, whatever restarts.

use super::{StoreError, journal::Journal};
use shared::ids::VifId;
use std::collections::BTreeMap;

impl Journal {
    /// The VIFs that are held, and since when, Unix milliseconds.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn holds(&self) -> Result<BTreeMap<VifId, i64>, StoreError> {
        self.store().with(|db| {
            let mut statement = db.prepare("SELECT vif, since FROM hold")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(rows.into_iter().filter_map(|(vif, since)| Some((VifId::new(vif).ok()?, since))).collect())
        })
    }

    /// Remembers that a person holds a VIF; the first time counts.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn hold(&self, vif: &VifId, now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO hold (vif, since) VALUES (?1, ?2) ON CONFLICT (vif) DO NOTHING";
        self.store().with(|db| db.execute(sql, (vif.as_str(), now)).map(drop))
    }

    /// Forgets it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn release(&self, vif: &VifId) -> Result<(), StoreError> {
        self.store().with(|db| db.execute("DELETE FROM hold WHERE vif = ?1", [vif.as_str()]).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::store::Store;

    #[test]
    fn a_hold_lasts_until_it_is_released_and_counts_from_its_first_moment() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.db");
        let open = || Journal::new(Store::open(&path).expect("a store"));
        let (tor, vpn) = (VifId::new("tor-1").expect("an id"), VifId::new("vpn-1").expect("an id"));
        let journal = open();
        journal.hold(&tor, 5).expect("held");
        journal.hold(&tor, 9).expect("held again");
        journal.hold(&vpn, 6).expect("held");
        drop(journal);
        let journal = open();
        assert_eq!(journal.holds(), Ok(BTreeMap::from([(tor.clone(), 5), (vpn.clone(), 6)])));
        journal.release(&tor).expect("released");
        journal.release(&tor).expect("released again");
        assert_eq!(journal.holds(), Ok(BTreeMap::from([(vpn, 6)])));
    }
}
