//! Change sets.

use super::{
    StoreError,
    routers::{corrupt, to_json},
};
use crate::flow::change_set::{ChangeSet, Exactly, asked};
use rusqlite::{OptionalExtension as _, Transaction, params};
use shared::{
    change_set::{RowChange, State},
    ids::{ChangeSetId, RouterId},
};

/// How many are kept per router; older ones that are over go.
const KEPT: u32 = 1_000;

/// Writes a change set, new or known.
///
/// # Errors
/// [`StoreError`]
pub fn put(transaction: &Transaction<'_>, change_set: &ChangeSet) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO change_set (id, router, state, created_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
        params![
            change_set.id.as_str(),
            change_set.router.as_str(),
            word(change_set.state)?,
            change_set.created_at,
            to_json("change set", change_set)?
        ],
    )?;
    transaction.execute(
        "DELETE FROM change_set WHERE router = ?1 AND state IN ('idle', 'active', 'rolled_back') AND number <=
         (SELECT number FROM change_set WHERE router = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        params![change_set.router.as_str(), KEPT],
    )?;
    Ok(())
}

/// One change set.
///
/// # Errors
/// [`StoreError`]
pub fn one(transaction: &Transaction<'_>, id: &ChangeSetId) -> Result<Option<ChangeSet>, StoreError> {
    let mut statement = transaction.prepare("SELECT body FROM change_set WHERE id = ?1")?;
    let body: Option<String> = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
    body.as_deref().map(read).transpose()
}

/// The change set of an order, whichever of its attempts that was.
///
/// # Errors
/// [`StoreError`]
pub fn by_order(transaction: &Transaction<'_>, order: &ChangeSetId) -> Result<Option<ChangeSet>, StoreError> {
    match (one(transaction, order)?, ChangeSet::first_id(order)) {
        (None, Some(first)) => one(transaction, &first),
        (found, _) => Ok(found),
    }
}

/// The change sets of a router, newest first; with `after` those made before that one.
///
/// # Errors
/// [`StoreError`]
pub fn list(
    transaction: &Transaction<'_>,
    router: &RouterId,
    limit: u32,
    after: Option<&ChangeSetId>,
) -> Result<Vec<ChangeSet>, StoreError> {
    let mut statement = transaction.prepare(
        "SELECT body FROM change_set WHERE router = ?1
         AND (?2 IS NULL OR number < (SELECT number FROM change_set WHERE id = ?2)) ORDER BY number DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![router.as_str(), after.map(ChangeSetId::as_str), limit], text)?;
    rows.map(|body: rusqlite::Result<String>| read(&body?)).collect()
}

/// An owner's rows: the menus in which change sets of its name made any.
///
/// # Errors
/// [`StoreError`]
pub fn owned(transaction: &Transaction<'_>, router: &RouterId, owner: String) -> Result<Exactly, StoreError> {
    let mark = asked::mark(&owner, "");
    let known = list(transaction, router, u32::MAX, None)?;
    let marked = |row: &&RowChange| row.key.iter().any(|(_, value)| value.starts_with(&mark));
    let menus = known.iter().flat_map(ChangeSet::rows).filter(marked).map(|row| row.menu.clone()).collect();
    Ok(Exactly { owner, menus })
}

/// What the agent of a router is at work for, or else the oldest that waits for its turn.
///
/// # Errors
/// [`StoreError`]
pub fn current(transaction: &Transaction<'_>, router: &RouterId) -> Result<Option<ChangeSet>, StoreError> {
    if let Some(running) = running(transaction, router)? {
        return Ok(Some(running));
    }
    let mut statement =
        transaction.prepare("SELECT body FROM change_set WHERE router = ?1 AND state = 'draft' ORDER BY number")?;
    let drafts = statement.query_map([router.as_str()], text)?;
    for body in drafts {
        let draft = read(&body?)?;
        if draft.queued {
            return Ok(Some(draft));
        }
    }
    Ok(None)
}

/// What the agent of a router is at work for.
///
/// # Errors
/// [`StoreError`]
pub fn running(transaction: &Transaction<'_>, router: &RouterId) -> Result<Option<ChangeSet>, StoreError> {
    let mut statement = transaction.prepare(
        "SELECT body FROM change_set WHERE router = ?1
         AND state IN ('validating', 'applying', 'verifying', 'rollback') ORDER BY number LIMIT 1",
    )?;
    let body: Option<String> = statement.query_row([router.as_str()], text).optional()?;
    body.as_deref().map(read).transpose()
}

fn text(row: &rusqlite::Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

fn read(body: &str) -> Result<ChangeSet, StoreError> {
    serde_json::from_str(body).map_err(|error| corrupt("change set", &error))
}

fn word(state: State) -> Result<String, StoreError> {
    Ok(to_json("state", &state)?.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::change_set::{GoesOn, New};
    use crate::io::store::testing::{router, run};
    use shared::change_set::{Confirm, Event};

    fn made(transaction: &Transaction<'_>, router: &RouterId, id: &str) -> ChangeSet {
        let new = New {
            id: ChangeSetId::new(id).unwrap(),
            name: id.into(),
            router: router.clone(),
            items: vec![],
            exactly: None,
            confirm: Confirm::USUAL,
            goes_on: GoesOn::Through,
            who: "ann".into(),
        };
        let change_set = ChangeSet::new(new, "vif", 1);
        put(transaction, &change_set).unwrap();
        change_set
    }

    fn ids(change_sets: &[ChangeSet]) -> Vec<&str> {
        change_sets.iter().map(|change_set| change_set.id.as_str()).collect()
    }

    #[test]
    fn the_list_goes_back_in_time_page_by_page() {
        run(|transaction| {
            let router = router(transaction, "r1");
            for id in ["a", "b", "c"] {
                made(transaction, &router, id);
            }
            assert_eq!(ids(&list(transaction, &router, 2, None).unwrap()), ["c", "b"]);
            let after = ChangeSetId::new("b").unwrap();
            assert_eq!(ids(&list(transaction, &router, 2, Some(&after)).unwrap()), ["a"]);
        });
    }

    #[test]
    fn one_runs_the_oldest_waits_next_and_what_was_called_off_does_not() {
        run(|transaction| {
            let router = router(transaction, "r1");
            let mut first = made(transaction, &router, "a");
            let mut second = made(transaction, &router, "b");
            made(transaction, &router, "c");
            let now = |transaction| current(transaction, &router).unwrap().map(|found| found.id.to_string());
            second.begin(vec![], 2);
            put(transaction, &second).unwrap();
            assert_eq!(now(transaction).as_deref(), Some("b"));
            second.state = State::Active;
            put(transaction, &second).unwrap();
            assert_eq!(now(transaction).as_deref(), Some("a"));
            first.person(Event::Cancel, "ann", 3).unwrap();
            put(transaction, &first).unwrap();
            assert_eq!(now(transaction).as_deref(), Some("c"));
        });
    }

    #[test]
    fn old_ones_go_and_those_that_need_a_person_stay() {
        run(|transaction| {
            let router = router(transaction, "r1");
            let mut broken = made(transaction, &router, "broken");
            broken.state = State::Error;
            put(transaction, &broken).unwrap();
            for n in 0..KEPT + 5 {
                let mut change_set = made(transaction, &router, &format!("c{n}"));
                change_set.state = State::Active;
                put(transaction, &change_set).unwrap();
            }
            let left = list(transaction, &router, 2 * KEPT, None).unwrap();
            assert_eq!(left.len(), KEPT as usize + 1);
            assert_eq!(left.last().map(|oldest| oldest.id.as_str()), Some("broken"));
        });
    }
}
