//! The event list.

use super::{
    StoreError,
    routers::{corrupt, to_json},
};
use crate::view::{EventView, iso};
use rusqlite::{Row, Transaction, params};
use shared::{
    ids::{RouterId, VifId},
    notice::Severity,
};

/// How many lines are kept per router.
const KEPT: u32 = 10_000;

/// A line that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it happened, Unix milliseconds of who saw it.
    pub at: i64,
    /// How much it matters.
    pub severity: Severity,
    /// Stable, `lower_snake`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The VIF that it is about.
    pub vif: Option<String>,
    /// The change set that it is about.
    pub change_set: Option<String>,
}

/// Appends a line and gives it as it is shown.
///
/// # Errors
/// [`StoreError`]
pub fn append(transaction: &Transaction<'_>, router: &RouterId, line: &Line) -> Result<EventView, StoreError> {
    let severity = to_json("severity", &line.severity)?;
    transaction.execute(
        "INSERT INTO event (router, at, severity, code, message, vif, change_set) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            router.as_str(),
            line.at,
            severity.trim_matches('"'),
            line.code,
            line.message,
            line.vif,
            line.change_set
        ],
    )?;
    let id = transaction.last_insert_rowid();
    transaction.execute(
        "DELETE FROM event WHERE router = ?1 AND id <=
         (SELECT id FROM event WHERE router = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![router.as_str(), KEPT],
    )?;
    Ok(EventView {
        id: u64::try_from(id).map_err(|error| corrupt("event", &error))?,
        at: iso(line.at),
        router: router.to_string(),
        severity: line.severity,
        code: line.code.clone(),
        message: line.message.clone(),
        vif: line.vif.clone(),
        change_set: line.change_set.clone(),
    })
}

/// The lines of a router, newest first; with `after` those before that one, with `about` those of one VIF.
///
/// # Errors
/// [`StoreError`]
pub fn list(
    transaction: &Transaction<'_>,
    router: &RouterId,
    limit: u32,
    after: Option<u64>,
    about: Option<&VifId>,
) -> Result<Vec<EventView>, StoreError> {
    let mut statement = transaction.prepare(
        "SELECT id, at, severity, code, message, vif, change_set FROM event
         WHERE router = ?1 AND id < ?2 AND (?4 IS NULL OR vif = ?4) ORDER BY id DESC LIMIT ?3",
    )?;
    let below = after.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
    let rows = statement
        .query_map(params![router.as_str(), below, limit, about.map(VifId::as_str)], |row| Ok(read(router, row)))?;
    rows.map(|row| row?).collect()
}

fn read(router: &RouterId, row: &Row<'_>) -> Result<EventView, StoreError> {
    let severity: String = row.get(2)?;
    Ok(EventView {
        id: u64::try_from(row.get::<_, i64>(0)?).map_err(|error| corrupt("event", &error))?,
        at: iso(row.get(1)?),
        router: router.to_string(),
        severity: serde_json::from_value(serde_json::Value::String(severity))
            .map_err(|error| corrupt("severity", &error))?,
        code: row.get(3)?,
        message: row.get(4)?,
        vif: row.get(5)?,
        change_set: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::store::testing::{router, run};

    fn line(n: i64) -> Line {
        Line {
            at: n,
            severity: Severity::Warning,
            code: "test".into(),
            message: n.to_string(),
            vif: Some("tor-1".into()),
            change_set: None,
        }
    }

    #[test]
    fn the_list_goes_back_in_time_and_shows_what_was_written() {
        run(|transaction| {
            let router = router(transaction, "r1");
            let mut written: Vec<EventView> = (0..5).map(|n| append(transaction, &router, &line(n)).unwrap()).collect();
            written.reverse();
            let first = list(transaction, &router, 2, None, None).unwrap();
            assert_eq!(first, written[..2]);
            assert_eq!(list(transaction, &router, 9, Some(first[1].id), None).unwrap(), written[2..]);
        });
    }

    #[test]
    fn the_history_of_a_vif_is_its_own_lines_alone() {
        run(|transaction| {
            let router = router(transaction, "r1");
            for vif in [Some("tor-1"), Some("dns-1"), None, Some("tor-1")] {
                append(transaction, &router, &Line { vif: vif.map(str::to_owned), ..line(1) }).unwrap();
            }
            let of = |vif: &str| list(transaction, &router, 9, None, Some(&VifId::new(vif).unwrap())).unwrap();
            let lines: Vec<u64> = of("tor-1").iter().map(|line| line.id).collect();
            assert_eq!((lines.as_slice(), of("none-1").len()), (&[4, 1][..], 0));
        });
    }

    #[test]
    fn the_list_does_not_grow_without_end_and_one_router_does_not_push_out_another() {
        run(|transaction| {
            let (quiet, loud) = (router(transaction, "r1"), router(transaction, "r2"));
            append(transaction, &quiet, &line(0)).unwrap();
            transaction
                .execute(
                    "INSERT INTO event (router, at, severity, code, message)
                     WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10100)
                     SELECT 'r2', n, 'info', 'x', 'x' FROM n",
                    [],
                )
                .unwrap();
            append(transaction, &loud, &line(0)).unwrap();
            assert_eq!(list(transaction, &loud, 2 * KEPT, None, None).unwrap().len(), KEPT as usize);
            assert_eq!(list(transaction, &quiet, 9, None, None).unwrap().len(), 1);
        });
    }
}
