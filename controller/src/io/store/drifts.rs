//! What of a router is not as it should be, as its agent last told.

use super::{
    StoreError,
    routers::{corrupt, to_json},
};
use rusqlite::{OptionalExtension as _, Transaction, params};
use shared::{
    drift::{Drift, DriftReport, State},
    ids::{DriftId, RouterId},
};

/// How many that have ended are kept per router.
const KEPT: u32 = 200;

/// Takes what an agent told, and gives the drifts that are news.
///
/// # Errors
/// [`StoreError`]
pub fn take(transaction: &Transaction<'_>, router: &RouterId, report: &DriftReport) -> Result<Vec<Drift>, StoreError> {
    let mut news = Vec::new();
    for known in list(transaction, router, false)? {
        // Where not all fitted into the message, what is not in it may be one of the rest.
        if report.more == 0 && report.drifts.iter().all(|drift| drift.id != known.id) {
            news.push(Drift { state: State::Gone, last_seen: report.at, ..known });
        }
    }
    for drift in &report.drifts {
        if one(transaction, router, &drift.id)?.is_none_or(|known| differs(&known, drift)) {
            news.push(drift.clone());
        }
    }
    for drift in &news {
        transaction.execute(
            "INSERT INTO drift (router, id, open, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (router, id) DO UPDATE SET open = excluded.open, body = excluded.body",
            params![router.as_str(), drift.id.as_str(), !drift.state.is_final(), to_json("drift", drift)?],
        )?;
    }
    transaction.execute(
        "DELETE FROM drift WHERE router = ?1 AND open = 0 AND number <=
         (SELECT number FROM drift WHERE router = ?1 AND open = 0 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        params![router.as_str(), KEPT],
    )?;
    Ok(news)
}

fn differs(known: &Drift, told: &Drift) -> bool {
    Drift { last_seen: told.last_seen, ..known.clone() } != *told
}

/// The drifts of a router in the order in which they came; with `ended` those that have ended, too.
///
/// # Errors
/// [`StoreError`]
pub fn list(transaction: &Transaction<'_>, router: &RouterId, ended: bool) -> Result<Vec<Drift>, StoreError> {
    let sql = "SELECT body FROM drift WHERE router = ?1 AND (open = 1 OR ?2) ORDER BY number";
    let mut statement = transaction.prepare(sql)?;
    let rows = statement.query_map(params![router.as_str(), ended], |row| row.get::<_, String>(0))?;
    rows.map(|body| read(&body?)).collect()
}

/// One drift, whether it lasts or has ended.
///
/// # Errors
/// [`StoreError`]
pub fn one(transaction: &Transaction<'_>, router: &RouterId, id: &DriftId) -> Result<Option<Drift>, StoreError> {
    let sql = "SELECT body FROM drift WHERE router = ?1 AND id = ?2";
    let body: Option<String> =
        transaction.query_row(sql, params![router.as_str(), id.as_str()], |row| row.get(0)).optional()?;
    body.as_deref().map(read).transpose()
}

fn read(body: &str) -> Result<Drift, StoreError> {
    serde_json::from_str(body).map_err(|error| corrupt("drift", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::store::testing::{router, run};
    use shared::drift::{Difference, Policy};

    fn drift(id: &str, state: State) -> Drift {
        Drift {
            id: DriftId::new(id).unwrap(),
            menu: "/ip/dns".into(),
            row: Vec::new(),
            item: None,
            vif: None,
            difference: Difference::Moved,
            policy: Policy::Report,
            state,
            first_seen: 1,
            last_seen: 2,
        }
    }

    fn report(drifts: Vec<Drift>, more: u32) -> DriftReport {
        DriftReport { drifts, more, at: 9 }
    }

    fn ids(drifts: &[Drift]) -> Vec<&str> {
        drifts.iter().map(|drift| drift.id.as_str()).collect()
    }

    #[test]
    fn what_a_report_leaves_out_is_gone_and_what_it_repeats_is_no_news() {
        run(|transaction| {
            let router = router(transaction, "r1");
            let both = report(vec![drift("a", State::Open), drift("b", State::Open)], 0);
            assert_eq!(ids(&take(transaction, &router, &both).unwrap()), ["a", "b"]);
            assert_eq!(take(transaction, &router, &both).unwrap(), []);
            let cut = report(vec![drift("b", State::Fighting)], 1);
            assert_eq!(take(transaction, &router, &cut).unwrap(), [drift("b", State::Fighting)]);
            assert_eq!(ids(&list(transaction, &router, false).unwrap()), ["a", "b"], "there was more");
            let news = take(transaction, &router, &report(vec![drift("b", State::Fighting)], 0)).unwrap();
            assert_eq!(news, [Drift { last_seen: 9, ..drift("a", State::Gone) }]);
            assert_eq!(ids(&list(transaction, &router, false).unwrap()), ["b"]);
            assert_eq!(ids(&list(transaction, &router, true).unwrap()), ["a", "b"]);
            assert_eq!(ids(&take(transaction, &router, &both).unwrap()), ["a", "b"], "it is back");
        });
    }

    #[test]
    fn what_has_ended_does_not_pile_up() {
        run(|transaction| {
            let router = router(transaction, "r1");
            for n in 0..KEPT + 20 {
                take(transaction, &router, &report(vec![drift(&format!("d-{n}"), State::Gone)], 0)).unwrap();
            }
            assert_eq!(list(transaction, &router, true).unwrap().len(), KEPT as usize);
        });
    }
}
