//! What the agent owns, and what of it is not as it should be.
//!
//! Ownership is not written down a second time: it follows from the change sets that were kept. Those that are too old
//! to be kept themselves are summed up in `owned_row` before they go.

use super::{
    StoreError,
    journal::{Journal, json, parse},
};
use crate::flow::{
    change_set::{Change, Direction},
    drift::{Book, Fight, Fights, Order, Owned, fold},
    vif::verify::Tripwires,
};
use rusqlite::Connection;
use shared::{change_set::Report, drift::Drift};
use std::collections::BTreeMap;

impl Journal {
    /// The rows that kept changes left as they should be.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn owned(&self) -> Result<Owned, StoreError> {
        self.store().with(|db| Ok(fold(base(db)?, &kept(db, i64::MAX)?)))
    }

    /// Writes down what a person decided without a write to the router.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn accept(&self, change: &Change, report: &Report) -> Result<(), StoreError> {
        let values = (change.id.as_str(), json(change), json(&Direction::Forward), json(report));
        self.store().with(|db| {
            let sql = "INSERT INTO change_set (id, change, direction, report, open) VALUES (?1, ?2, ?3, ?4, 0)";
            db.execute(sql, values).map(drop)
        })
    }

    /// A number that no change set has had.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn fresh_number(&self) -> Result<i64, StoreError> {
        let sql = "SELECT ifnull(max(number), 0) + 1 FROM change_set";
        self.store().with(|db| db.query_row(sql, [], |row| row.get(0)))
    }

    /// The orders in which menus were last found right, by path.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn orders(&self) -> Result<BTreeMap<String, Order>, StoreError> {
        self.store().with(|db| pairs(db, "SELECT path, slots FROM menu_order"))
    }

    /// The drifts that last, and the rows that were put back.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn drifts(&self) -> Result<(Book, Fights), StoreError> {
        self.store().with(|db| {
            let drifts: BTreeMap<String, Drift> = pairs(db, "SELECT id, drift FROM drift")?;
            let fights: BTreeMap<String, Fight> = pairs(db, "SELECT subject, fight FROM fight")?;
            Ok((Book::new(drifts.into_values()), Fights::new(fights)))
        })
    }

    /// What the tripwires of VIFs have counted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn tripwires(&self) -> Result<Tripwires, StoreError> {
        self.store().with(|db| pairs(db, "SELECT mark, count FROM tripwire")).map(Tripwires::new)
    }

    /// Writes it down, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn set_tripwires(&self, tripwires: &Tripwires) -> Result<(), StoreError> {
        self.store().with(|db| {
            let transaction = db.transaction()?;
            transaction.execute("DELETE FROM tripwire", [])?;
            for (mark, count) in tripwires.counts() {
                transaction.execute("INSERT INTO tripwire (mark, count) VALUES (?1, ?2)", (mark, json(count)))?;
            }
            transaction.commit()
        })
    }

    /// Writes an order down.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn set_order(&self, path: &str, order: &Order) -> Result<(), StoreError> {
        let sql = "INSERT INTO menu_order (path, slots) VALUES (?1, ?2)
                   ON CONFLICT (path) DO UPDATE SET slots = excluded.slots";
        self.store().with(|db| db.execute(sql, (path, json(order))).map(drop))
    }

    /// Writes the drifts and fights down, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn set_drifts(&self, book: &Book, fights: &Fights) -> Result<(), StoreError> {
        self.store().with(|db| {
            let transaction = db.transaction()?;
            transaction.execute("DELETE FROM drift", [])?;
            for drift in book.drifts() {
                let values = (drift.id.as_str(), json(drift));
                transaction.execute("INSERT INTO drift (id, drift) VALUES (?1, ?2)", values)?;
            }
            transaction.execute("DELETE FROM fight", [])?;
            for (subject, fight) in fights.rows() {
                transaction.execute("INSERT INTO fight (subject, fight) VALUES (?1, ?2)", (subject, json(fight)))?;
            }
            transaction.commit()
        })
    }
}

/// Sums up what the change sets up to a number own, before they go.
pub(super) fn sum_up(db: &Connection, up_to: i64) -> rusqlite::Result<()> {
    let going = kept(db, up_to)?;
    if going.is_empty() {
        return Ok(());
    }
    let owned = fold(base(db)?, &going);
    db.execute_batch("DELETE FROM owned_row; DELETE FROM owned_menu;")?;
    for row in &owned.rows {
        db.execute("INSERT INTO owned_row (row) VALUES (?1)", [json(row)])?;
    }
    for words in &owned.menus {
        db.execute("INSERT INTO owned_menu (path, words) VALUES (?1, ?2)", (&words.path, json(words)))?;
    }
    Ok(())
}

fn base(db: &Connection) -> rusqlite::Result<Owned> {
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        db.prepare(sql)?.query_map([], |row| row.get::<_, String>(0))?.collect()
    };
    let rows = texts("SELECT row FROM owned_row ORDER BY number")?;
    let menus = texts("SELECT words FROM owned_menu ORDER BY path")?;
    Ok(Owned {
        rows: rows.iter().map(|text| parse(text)).collect::<Result<_, _>>()?,
        menus: menus.iter().map(|text| parse(text)).collect::<Result<_, _>>()?,
    })
}

/// The change sets with rows that are in force, in their order.
fn kept(db: &Connection, up_to: i64) -> rusqlite::Result<Vec<Change>> {
    let sql = "SELECT change FROM change_set WHERE open = 0 AND direction = ?1 AND number <= ?2 ORDER BY number";
    let mut statement = db.prepare(sql)?;
    let changes = statement.query_map((json(&Direction::Forward), up_to), |row| parse(&row.get::<_, String>(0)?))?;
    let changes: Vec<Change> = changes.collect::<rusqlite::Result<_>>()?;
    Ok(changes.into_iter().filter(|change| !change.rows.is_empty()).collect())
}

fn pairs<T: serde::de::DeserializeOwned>(db: &Connection, sql: &str) -> rusqlite::Result<BTreeMap<String, T>> {
    db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, parse(&row.get::<_, String>(1)?)?)))?.collect()
}

#[cfg(test)]
mod tests;
