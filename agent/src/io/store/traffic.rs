//! What VIFs carried: totals, a day of minutes, 90 days of quarters of an hour.
//!
//! Written once a quarter of an hour, all VIFs in one transaction: thirty VIFs take some 35 kB of the log and the file
//! together, 3.4 MB a day. Minutes lie in a ring of 96 rows. The quarters of a day are summed up from them once,
//! when the first of them is about to be overwritten, and lie in a ring of 91 rows. As long as the minutes of a quarter
//! are there, they are the truth about it.

use super::{Store, StoreError};
use crate::flow::history::{Block, Cell, MINUTE_MS, MINUTES, QUARTER_MS, QUARTERS, cells, merge, sums};
use rusqlite::{Connection, OptionalExtension as _, params};
use shared::ids::VifId;
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Days of quarters that are kept: those of the longest span, which today is not one of as a whole.
const DAYS: i64 = 91;

/// A VIF's number in the blobs, and when it was made.
pub(crate) type Numbered = (u32, i64);

impl Store {
    /// The VIFs whose traffic is kept.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn traffic_vifs(&self) -> Result<BTreeMap<VifId, Numbered>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare("SELECT id, number, created_at FROM traffic_vif")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?))))?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            // What is no id was not written by us.
            Ok(rows.into_iter().filter_map(|(id, numbered)| Some((VifId::new(id).ok()?, numbered))).collect())
        })
    }

    /// Gives a VIF its number. One of the same id that was there before is forgotten.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn add_traffic_vif(&self, vif: &VifId, created_at: i64) -> Result<u32, StoreError> {
        self.with(|db| {
            let transaction = db.transaction()?;
            transaction.execute("DELETE FROM traffic_vif WHERE id = ?1", [vif.as_str()])?;
            let sql = "INSERT INTO traffic_vif (id, created_at) VALUES (?1, ?2) RETURNING number";
            let number = transaction.query_row(sql, params![vif.as_str(), created_at], |row| row.get(0))?;
            transaction.commit()?;
            Ok(number)
        })
    }

    /// Forgets a VIF's traffic.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn remove_traffic_vif(&self, vif: &VifId) -> Result<(), StoreError> {
        self.with(|db| db.execute("DELETE FROM traffic_vif WHERE id = ?1", [vif.as_str()]).map(drop))
    }

    /// The ledger as it was last written, empty before the first time, and the minutes that go with it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn traffic_ledger(&self) -> Result<(Vec<u8>, i64, Block), StoreError> {
        self.with(|db| {
            let read = |row: &rusqlite::Row<'_>| {
                let quarter = row.get(1)?;
                Ok((row.get(0)?, quarter, minutes(quarter, row.get_ref(2)?.as_blob()?, None)))
            };
            Ok(db
                .query_row("SELECT kept, quarter, cells FROM traffic_ledger", [], read)
                .optional()?
                .unwrap_or_default())
        })
    }

    /// Adds minutes, by their quarter, to what is there, and writes the ledger with the minutes of a quarter that is not
    /// over: all or nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn write_traffic(
        &self,
        over: &BTreeMap<i64, Block>,
        ledger: &[u8],
        (quarter, rest): (i64, &Block),
    ) -> Result<(), StoreError> {
        self.with(|db| {
            let transaction = db.transaction()?;
            for (quarter, block) in over {
                add_minutes(&transaction, *quarter, block)?;
            }
            let sql = "INSERT INTO traffic_ledger (id, kept, quarter, cells) VALUES (1, ?1, ?2, ?3)
                       ON CONFLICT (id) DO UPDATE
                       SET kept = excluded.kept, quarter = excluded.quarter, cells = excluded.cells";
            transaction.execute(sql, params![ledger, quarter, cells::encode(rest, quarter * MINUTES, MINUTE_MS)])?;
            transaction.commit()
        })
    }

    /// A VIF's minutes of some quarters, quarter by quarter.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn traffic_minutes(&self, quarters: RangeInclusive<i64>, vif: u32) -> Result<Vec<Block>, StoreError> {
        self.with(|db| {
            let mut statement =
                db.prepare("SELECT quarter, cells FROM traffic_minutes WHERE quarter BETWEEN ?1 AND ?2")?;
            let range = params![quarters.start(), quarters.end()];
            statement.query_map(range, |row| Ok(minutes(row.get(0)?, row.get_ref(1)?.as_blob()?, Some(vif))))?.collect()
        })
    }

    /// A VIF's quarters of those days whose minutes have been summed up, one after the other.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn traffic_quarters(
        &self,
        quarters: RangeInclusive<i64>,
        vif: u32,
        mut each: impl FnMut(i64, Cell),
    ) -> Result<(), StoreError> {
        let days = [quarters.start().div_euclid(QUARTERS), quarters.end().div_euclid(QUARTERS)];
        self.with(|db| {
            let mut statement = db.prepare("SELECT day, cells FROM traffic_quarters WHERE day BETWEEN ?1 AND ?2")?;
            let mut rows = statement.query(days)?;
            while let Some(row) = rows.next()? {
                let day = self::quarters(row.get(0)?, row.get_ref(1)?.as_blob()?, Some(vif));
                day.into_values().flatten().for_each(|(quarter, cell)| each(quarter, cell));
            }
            Ok(())
        })
    }
}

fn minutes(quarter: i64, bytes: &[u8], vif: Option<u32>) -> Block {
    cells::decode(bytes, quarter.saturating_mul(MINUTES), MINUTE_MS, vif)
}

fn quarters(day: i64, bytes: &[u8], vif: Option<u32>) -> Block {
    cells::decode(bytes, day.saturating_mul(QUARTERS), QUARTER_MS, vif)
}

fn add_minutes(db: &Connection, quarter: i64, more: &Block) -> rusqlite::Result<()> {
    let slot = quarter.rem_euclid(QUARTERS);
    let sql = "SELECT quarter, cells FROM traffic_minutes WHERE slot = ?1";
    let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
        let quarter = row.get(0)?;
        Ok((quarter, minutes(quarter, row.get_ref(1)?.as_blob()?, None)))
    };
    let mut block = Block::new();
    match db.query_row(sql, [slot], read).optional()? {
        Some((known, there)) if known == quarter => block = there,
        Some((before, there)) => sum_up_once(db, before, &there)?,
        None => {}
    }
    merge(&mut block, more, MINUTE_MS);
    let bytes = cells::encode(&block, quarter * MINUTES, MINUTE_MS);
    let sql = "INSERT INTO traffic_minutes (slot, quarter, cells) VALUES (?1, ?2, ?3)
               ON CONFLICT (slot) DO UPDATE SET quarter = excluded.quarter, cells = excluded.cells";
    db.execute(sql, params![slot, quarter, bytes]).map(drop)
}

/// Sums the day of a quarter up, unless it has been since that quarter's minutes were last written.
fn sum_up_once(db: &Connection, quarter: i64, minutes_of_it: &Block) -> rusqlite::Result<()> {
    let day = quarter.div_euclid(QUARTERS);
    let slot = day.rem_euclid(DAYS);
    let sql = "SELECT cells FROM traffic_quarters WHERE slot = ?1 AND day = ?2";
    let known = db.query_row(sql, [slot, day], |row| Ok(quarters(day, row.get_ref(0)?.as_blob()?, None))).optional()?;
    let mut block = known.unwrap_or_default();
    if sums(minutes_of_it).iter().all(|(vif, sum)| block.get(vif).and_then(|series| series.get(&quarter)) == Some(sum))
    {
        return Ok(());
    }
    let mut statement = db.prepare("SELECT quarter, cells FROM traffic_minutes WHERE quarter BETWEEN ?1 AND ?2")?;
    let mut rows = statement.query([day * QUARTERS, (day + 1) * QUARTERS - 1])?;
    while let Some(row) = rows.next()? {
        let quarter = row.get(0)?;
        for (vif, sum) in sums(&minutes(quarter, row.get_ref(1)?.as_blob()?, None)) {
            block.entry(vif).or_default().insert(quarter, sum);
        }
    }
    let bytes = cells::encode(&block, day * QUARTERS, QUARTER_MS);
    let sql = "INSERT INTO traffic_quarters (slot, day, cells) VALUES (?1, ?2, ?3)
               ON CONFLICT (slot) DO UPDATE SET day = excluded.day, cells = excluded.cells";
    db.execute(sql, params![slot, day, bytes]).map(drop)
}
