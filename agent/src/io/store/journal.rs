//! The journal: which VIFs there should be, and the change that is under way.
//!
//! It holds both ends of a change and not each write: every object of ours carries its mark from the write that made
//! it, so a read of the router says better than any log what was done. That keeps it at three writes to the flash for
//! a change that goes well.

use super::{Store, StoreError, drift};
use crate::flow::{
    change_set::{Change, Direction},
    vif::Vif,
};
use rusqlite::{Connection, OptionalExtension as _, types::Type};
use serde::{Serialize, de::DeserializeOwned};
use shared::{
    change_set::Report,
    ids::{ChangeSetId, VifId},
};

/// How many ended change sets are kept, so that a controller that was away can ask.
const KEPT: i64 = 200;

/// The journal in the agent's database. Clones share it.
#[derive(Clone)]
pub struct Journal {
    store: Store,
}

impl Journal {
    /// The journal of a database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The VIFs that there should be, by their VLAN.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn vifs(&self) -> Result<Vec<Vif>, StoreError> {
        let mut vifs: Vec<Vif> = self.store.with(|db| {
            db.prepare("SELECT vif FROM vif")?.query_map([], |row| parse(&row.get::<_, String>(0)?))?.collect()
        })?;
        vifs.sort_by_key(|vif| vif.vlan_id);
        Ok(vifs)
    }

    /// Writes a change down before anything of it is sent.
    ///
    /// # Errors
    /// [`StoreError`], also when another change is open.
    pub fn begin(&self, change: &Change, report: &Report) -> Result<(), StoreError> {
        let values = (change.id.as_str(), json(change), json(&Direction::Forward), json(report));
        self.store.with(|db| {
            let sql = "INSERT INTO change_set (id, change, direction, report, open) VALUES (?1, ?2, ?3, ?4, 1)";
            let transaction = db.transaction()?;
            transaction.execute(sql, values)?;
            let latest = "SELECT max(number) FROM change_set";
            let old = transaction.query_row(latest, [], |row| row.get::<_, i64>(0))?.saturating_sub(KEPT);
            drift::sum_up(&transaction, old)?;
            transaction.execute("DELETE FROM change_set WHERE number <= ?1", [old])?;
            transaction.commit()
        })
    }

    /// Notes where the open change is going. Written only when the direction or more than a step differs from what is
    /// there, so that a change of forty writes does not cost forty writes to the flash.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn progress(&self, direction: Direction, report: &Report) -> Result<(), StoreError> {
        self.store.with(|db| {
            let known = report_of(db, &report.id)?;
            let direction_known: Option<String> = db
                .query_row("SELECT direction FROM change_set WHERE id = ?1", [report.id.as_str()], |row| row.get(0))
                .optional()?;
            let same = known.is_some_and(|known| known.says_as(report))
                && direction_known.as_deref() == Some(&json(&direction));
            if same { Ok(()) } else { write(db, direction, report) }
        })
    }

    /// The same, whatever is there: an agent that takes an open change up again must count on from this report.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn take_up(&self, direction: Direction, report: &Report) -> Result<(), StoreError> {
        self.store.with(|db| write(db, direction, report))
    }

    /// Closes a change and makes the VIFs of one of its ends the ones that there should be, both or neither.
    ///
    /// # Errors
    /// [`StoreError`]; the change is still open then.
    pub fn end(&self, change: &Change, kept: Direction, report: &Report) -> Result<(), StoreError> {
        self.store.with(|db| {
            let transaction = db.transaction()?;
            transaction.execute("DELETE FROM vif", [])?;
            for vif in change.target(kept) {
                let values = (vif.spec.id.as_str(), json(vif));
                transaction.execute("INSERT INTO vif (id, vif) VALUES (?1, ?2)", values)?;
            }
            let sql = "UPDATE change_set SET direction = ?2, report = ?3, open = 0 WHERE id = ?1";
            transaction.execute(sql, (change.id.as_str(), json(&kept), json(report)))?;
            transaction.commit()
        })
    }

    /// The change that is under way, if any.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open_change(&self) -> Result<Option<(Change, Direction, Report)>, StoreError> {
        self.store.with(|db| {
            db.query_row("SELECT change, direction, report FROM change_set WHERE open = 1", [], |row| {
                let text = |at| row.get::<_, String>(at);
                Ok((parse(&text(0)?)?, parse(&text(1)?)?, parse(&text(2)?)?))
            })
            .optional()
        })
    }

    /// A change set that has ended, at both ends.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn change(&self, id: &ChangeSetId) -> Result<Option<Change>, StoreError> {
        self.store.with(|db| {
            let sql = "SELECT change FROM change_set WHERE id = ?1";
            db.query_row(sql, [id.as_str()], |row| parse(&row.get::<_, String>(0)?)).optional()
        })
    }

    /// Opens a change set once more, to undo it.
    ///
    /// # Errors
    /// [`StoreError`], also when another change is open.
    pub fn reopen(&self, change: &Change, report: &Report) -> Result<(), StoreError> {
        self.store.with(|db| {
            let sql = "UPDATE change_set SET change = ?2, direction = ?3, report = ?4, open = 1 WHERE id = ?1";
            db.execute(sql, (change.id.as_str(), json(change), json(&Direction::Back), json(report))).map(drop)
        })
    }

    /// How often an undo script of a change set was armed; 0 of one that is not known.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn armed(&self, id: &ChangeSetId) -> Result<u32, StoreError> {
        self.store.with(|db| {
            let sql = "SELECT armed FROM change_set WHERE id = ?1";
            db.query_row(sql, [id.as_str()], |row| row.get(0)).optional().map(Option::unwrap_or_default)
        })
    }

    /// Counts an undo script, before it is put on the router.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn arm(&self, id: &ChangeSetId) -> Result<u32, StoreError> {
        self.store.with(|db| {
            let sql = "UPDATE change_set SET armed = armed + 1 WHERE id = ?1 RETURNING armed";
            db.query_row(sql, [id.as_str()], |row| row.get(0))
        })
    }

    /// What was last said of a change set.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn report(&self, id: &ChangeSetId) -> Result<Option<Report>, StoreError> {
        self.store.with(|db| report_of(db, id))
    }

    /// What was said of the change set that was taken last.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn latest(&self) -> Result<Option<Report>, StoreError> {
        self.store.with(|db| {
            let sql = "SELECT report FROM change_set ORDER BY number DESC LIMIT 1";
            db.query_row(sql, [], |row| parse(&row.get::<_, String>(0)?)).optional()
        })
    }

    /// Whether a VIF is one that there should be.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn has(&self, vif: &VifId) -> Result<bool, StoreError> {
        self.store
            .with(|db| db.query_row("SELECT count(*) > 0 FROM vif WHERE id = ?1", [vif.as_str()], |row| row.get(0)))
    }
}

fn write(db: &Connection, direction: Direction, report: &Report) -> rusqlite::Result<()> {
    let sql = "UPDATE change_set SET direction = ?2, report = ?3 WHERE id = ?1 AND open = 1";
    db.execute(sql, (report.id.as_str(), json(&direction), json(report))).map(drop)
}

fn report_of(db: &Connection, id: &ChangeSetId) -> rusqlite::Result<Option<Report>> {
    let sql = "SELECT report FROM change_set WHERE id = ?1";
    db.query_row(sql, [id.as_str()], |row| parse(&row.get::<_, String>(0)?)).optional()
}

/// Our own types have no map with keys that are no text, the only thing that JSON could refuse.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::change_set::Origin;
    use shared::{
        change_set::{Confirm, Outcome, Phase},
        net::{InterfaceName, VlanId},
        vif::{Egress, KillSwitchMode, VifName, VifSpec},
    };

    fn vif(n: u16) -> Vif {
        Vif {
            spec: VifSpec {
                id: VifId::new(format!("v-{n}")).expect("an id"),
                name: VifName::new(format!("svc{n}")).expect("a name"),
                egress: Egress::Interface(InterfaceName::new("wg-vpn").expect("a name")),
                kill_switch: KillSwitchMode::Block,
                resolver: None,
                ports: Vec::new(),
            },
            vlan_id: VlanId::new(100 + n).expect("a VLAN id"),
            subnet: "172.16.64.0/30".parse().expect("a subnet"),
            created_at: 7,
        }
    }

    fn change(id: &str) -> Change {
        Change {
            id: ChangeSetId::new(id).expect("an id"),
            before: vec![vif(0)],
            after: vec![vif(0), vif(1)],
            rows: Vec::new(),
            menus: Vec::new(),
            confirm: Confirm::USUAL,
            origin: Origin::Order,
        }
    }

    fn report(id: &str, phase: Phase, outcome: Option<Outcome>) -> Report {
        Report {
            id: ChangeSetId::new(id).expect("an id"),
            phase,
            revision: 1,
            done: 0,
            total: 3,
            current: String::new(),
            outcome,
            error: None,
            differs: Vec::new(),
            evidence: Vec::new(),
            deadline: None,
            undone_by: None,
            at: 0,
        }
    }

    fn journal() -> Journal {
        Journal::new(Store::in_memory().expect("a store"))
    }

    #[test]
    fn a_begun_change_is_found_open_until_it_ends_and_the_vifs_come_with_its_end() {
        let journal = journal();
        journal.begin(&change("c1"), &report("c1", Phase::Applying, None)).expect("begun");
        assert_eq!(journal.vifs(), Ok(vec![]));
        let (found, direction, _) = journal.open_change().expect("a journal").expect("an open change");
        assert_eq!((found, direction), (change("c1"), Direction::Forward));

        let ended = report("c1", Phase::Ended, Some(Outcome::Confirmed));
        journal.end(&change("c1"), Direction::Forward, &ended).expect("ended");
        assert_eq!(journal.open_change(), Ok(None));
        assert_eq!(journal.vifs(), Ok(vec![vif(0), vif(1)]));
        assert_eq!(journal.report(&ended.id), Ok(Some(ended.clone())));
        assert_eq!(journal.latest(), Ok(Some(ended)));
    }

    #[test]
    fn a_change_that_was_undone_leaves_the_vifs_that_were_there() {
        let journal = journal();
        journal.begin(&change("c1"), &report("c1", Phase::Applying, None)).expect("begun");
        let ended = report("c1", Phase::Ended, Some(Outcome::Reverted));
        journal.end(&change("c1"), Direction::Back, &ended).expect("ended");
        assert_eq!(journal.vifs(), Ok(vec![vif(0)]));
        assert!(!journal.has(&VifId::new("v-1").expect("an id")).expect("a journal"));
    }

    #[test]
    fn two_changes_are_never_open_at_once() {
        let journal = journal();
        journal.begin(&change("c1"), &report("c1", Phase::Applying, None)).expect("begun");
        assert!(journal.begin(&change("c2"), &report("c2", Phase::Applying, None)).is_err());
        assert_eq!(journal.report(&ChangeSetId::new("c2").expect("an id")), Ok(None));
    }

    #[test]
    fn a_turn_is_remembered_and_a_step_is_not_written() {
        let journal = journal();
        journal.begin(&change("c1"), &report("c1", Phase::Applying, None)).expect("begun");
        let mut step = report("c1", Phase::Applying, None);
        step.done = 2;
        journal.progress(Direction::Forward, &step).expect("noted");
        assert_eq!(journal.latest().expect("a journal").expect("a report").done, 0);
        journal.progress(Direction::Back, &report("c1", Phase::RollingBack, None)).expect("noted");
        let (_, direction, kept) = journal.open_change().expect("a journal").expect("an open change");
        assert_eq!((direction, kept.phase), (Direction::Back, Phase::RollingBack));
    }

    #[test]
    fn only_the_last_change_sets_are_kept() {
        let journal = journal();
        for n in 0..KEPT + 5 {
            let id = format!("c{n}");
            journal.begin(&change(&id), &report(&id, Phase::Applying, None)).expect("begun");
            journal
                .end(&change(&id), Direction::Back, &report(&id, Phase::Ended, Some(Outcome::Reverted)))
                .expect("ended");
        }
        assert_eq!(journal.report(&ChangeSetId::new("c0").expect("an id")), Ok(None));
        assert!(journal.report(&ChangeSetId::new("c100").expect("an id")).expect("a journal").is_some());
    }
}
