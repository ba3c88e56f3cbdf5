//! Putting back what somebody else altered, by the same way as any change: journaled, within the rings, read back.
//!
//! The agent begins such a change by itself and keeps it by itself: a new sign-in that shows what was written is enough,
//! because that state was kept once already.

use super::{Begun, Engine, count, storage};
use crate::{
    flow::{
        change_set::{Change, Direction, Origin, left, row::secret::Taken},
        drift::{self, Order, Owned},
    },
    io::router::Rows,
};
use shared::{
    change_set::{Confirm, Keep, MenuWords, Phase, Refusal, Report},
    ids::ChangeSetId,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be put back.
#[derive(Debug, Clone, Copy)]
pub struct PutBack<'a> {
    /// What is owned.
    pub owned: &'a Owned,
    /// Which of its rows.
    pub subjects: &'a [String],
    /// Where they were last seen.
    pub ids: &'a BTreeMap<String, String>,
    /// The orders in which menus were last found right.
    pub orders: &'a BTreeMap<String, Order>,
    /// Whether it is about the objects of VIFs.
    pub isolation: bool,
}

impl Engine {
    /// Takes it into the journal; nothing where all is as it should be by now.
    ///
    /// # Errors
    /// The router cannot be read, Safe Mode is somebody else's, or the journal cannot be written.
    pub async fn put_back(&mut self, wanted: &PutBack<'_>) -> Result<Option<Begun>, Refusal> {
        let rows = wanted.owned.rows.iter().filter(|row| wanted.subjects.contains(&row.subject()));
        let paths: BTreeSet<&str> = rows.map(|row| row.menu.as_str()).collect();
        let menus: Vec<MenuWords> =
            wanted.owned.menus.iter().filter(|words| paths.contains(words.path.as_str())).cloned().collect();
        let sight = self.read(&menus).await?;
        let vifs = self.journal.vifs().map_err(|error| storage(&error))?;
        let number = self.journal.fresh_number().map_err(|error| storage(&error))?;
        let id = ChangeSetId::new(format!("put-back-{number}"));
        let change = Change {
            id: id.map_err(|error| Refusal::new("storage", error.to_string(), "Please report this."))?,
            before: vifs.clone(),
            after: vifs,
            rows: drift::pairs(wanted.owned, wanted.subjects, &sight.rows, wanted.ids, wanted.orders),
            menus,
            confirm: Confirm { keep: Keep::Agent, ..Confirm::USUAL },
            origin: Origin::PutBack,
        };
        let todo = left(&change, Direction::Forward, &sight, &Taken::default()).writes.len();
        if todo == 0 {
            return Ok(None);
        }
        self.rings(!change.rows.is_empty()).await?;
        let report = Report {
            id: change.id.clone(),
            phase: Phase::Applying,
            revision: 0,
            done: 0,
            total: count(todo),
            current: String::new(),
            outcome: None,
            error: None,
            differs: Vec::new(),
            evidence: Vec::new(),
            deadline: None,
            undone_by: None,
            at: self.clock.unix_millis(),
        };
        self.journal.begin(&change, &report).map_err(|error| storage(&error))?;
        Ok(Some(Begun {
            change,
            direction: Direction::Forward,
            rows: Rows::default(),
            taken: Taken::default(),
            report,
        }))
    }
}
