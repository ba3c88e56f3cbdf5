//! `/system/history`: what has been changed by whom, and `/undo` and `/redo` (manual, "Configuration Management").
//!
//! One command is one action, however many rows it concerns; what a script does is its commands. An action holds the
//! rows that it touched as they were and as they became, nothing else. What lives in memory alone (dynamic rows, entries
//! that run out, files) is no history: a guess.

mod words;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use shared::routeros::value::RowId;

use super::{
    Device, Reply,
    caller::Caller,
    request::Request,
    row::{Note, Origin, Row},
    safe_mode::Hold,
    system::date_time,
    trap::Trap,
};

/// How many actions are kept (manual, "Console": "up to 100 most recent actions").
pub(super) const KEPT: usize = 100;

const MENU: &str = "/system/history";

/// Stores whose rows are no configuration.
const NO_HISTORY: [&str; 3] = ["/file", "/.contents", MENU];

/// One part of an action, to be made so.
#[derive(Debug, Clone)]
enum Step {
    Row(String, Box<Note>),
    Single(String, BTreeMap<String, String>),
}

#[derive(Debug)]
struct Action {
    row: RowId,
    at: Duration,
    /// Done under safe mode: undone with it.
    floating: bool,
    undo: Vec<Step>,
    redo: Vec<Step>,
}

/// The actions, oldest first, and who holds safe mode.
#[derive(Debug, Default)]
pub(super) struct History {
    actions: VecDeque<Action>,
    /// How many of the newest have been undone and can be redone.
    undone: usize,
    /// What single menus were before the command that is being carried out.
    singles: Vec<(String, BTreeMap<String, String>)>,
    pub(super) hold: Option<Hold>,
}

impl Device {
    /// Begins a history, as at the start of a router: one empty action (shown in the manual, "Configuration
    /// Management") that nobody can undo.
    pub fn begin_history(&mut self) {
        self.history = History::default();
        self.forget_notes();
        self.store_mut(MENU).rows.clear();
        self.history_row(["---", "", "", ""]);
        self.show_history();
    }

    /// A single menu is about to be set.
    pub(super) fn note_single(&mut self, menu: &str) {
        let before = self.singles.get(menu).cloned().unwrap_or_default();
        self.history.singles.push((menu.to_owned(), before));
    }

    /// What has changed until now is no action of anybody.
    pub(super) fn forget_notes(&mut self) {
        self.history.singles.clear();
        for store in self.stores.values_mut().filter(|store| !store.notes.is_empty()) {
            store.notes.clear();
        }
    }

    /// Makes an action of what a command has changed, if it has changed anything.
    pub(super) fn write_history(&mut self, caller: &Caller, request: &Request) {
        let (undo, redo) = self.steps();
        let row = match undo.first() {
            None => return,
            // What it is called now, or was where it is gone.
            Some(Step::Row(store, note)) => self.store(store).row(note.id).cloned().or_else(|| note.before.clone()),
            Some(Step::Single(..)) => None,
        };
        while self.history.undone > 0 {
            self.history.undone -= 1;
            self.drop_newest();
        }
        let spec = self.specs.get(&request.menu);
        let text = words::action(&request.menu, &request.verb, row.as_ref());
        let redo_text = words::redo(spec, request);
        let undo_text = words::undo(spec, request, &words::former(&undo));
        let id = self.history_row([&text, &caller.user, &redo_text, &undo_text]);
        let floating = self.history.hold.is_some();
        self.history.actions.push_back(Action { row: id, at: self.now, floating, undo, redo });
        self.make_room();
        self.show_history();
    }

    /// What undoes and what does again all that was noted.
    fn steps(&mut self) -> (Vec<Step>, Vec<Step>) {
        let (mut undo, mut redo) = (Vec::new(), Vec::new());
        for (path, store) in &mut self.stores {
            let notes = std::mem::take(&mut store.notes);
            if notes.is_empty() || NO_HISTORY.contains(&path.as_str()) {
                continue;
            }
            let mut moved: BTreeMap<RowId, bool> = BTreeMap::new();
            for note in &notes {
                *moved.entry(note.id).or_default() |= note.moved;
            }
            let mut after: BTreeMap<RowId, Note> =
                moved.into_iter().map(|(id, moved)| (id, store.state(id, moved))).collect();
            let mut changed = BTreeSet::new();
            for note in notes.into_iter().rev() {
                let now = after.get(&note.id).and_then(|state| state.before.as_ref());
                if note.moved || !same(note.before.as_ref(), now) {
                    changed.insert(note.id);
                    undo.push(Step::Row(path.clone(), Box::new(note)));
                }
            }
            after.retain(|id, _| changed.contains(id));
            // Who goes goes first, then from the last place to the first: each finds the row that follows it.
            let mut after: Vec<Note> = after.into_values().collect();
            after.sort_by_cached_key(|state| Reverse(store.position(state.id).unwrap_or(usize::MAX)));
            redo.extend(after.into_iter().map(|state| Step::Row(path.clone(), Box::new(state))));
        }
        for (menu, before) in std::mem::take(&mut self.history.singles) {
            let now = self.singles.get(&menu).cloned().unwrap_or_default();
            if now != before {
                undo.push(Step::Single(menu.clone(), before));
                redo.push(Step::Single(menu, now));
            }
        }
        (undo, redo)
    }

    /// `/undo`: takes back the newest action that is not undone yet, whoever did it.
    pub(super) fn undo(&mut self) -> Result<Reply, Trap> {
        let left = self.history.actions.len() - self.history.undone;
        let action = left.checked_sub(1).and_then(|at| self.history.actions.get(at));
        let steps = action.ok_or_else(|| Trap::failure("nothing to undo"))?.undo.clone();
        self.carry_out(&steps);
        self.history.undone += 1;
        self.show_history();
        Ok(Reply::Done(None))
    }

    /// `/redo`: does again what was undone last.
    pub(super) fn redo(&mut self) -> Result<Reply, Trap> {
        let at = self.history.actions.len() - self.history.undone;
        let action = self.history.actions.get(at).ok_or_else(|| Trap::failure("nothing to redo"))?;
        let steps = action.redo.clone();
        self.carry_out(&steps);
        self.history.undone -= 1;
        self.show_history();
        Ok(Reply::Done(None))
    }

    /// Takes back all that was done after a moment, as if it had never been.
    pub(super) fn undo_newer(&mut self, moment: Duration) {
        while self.history.actions.back().is_some_and(|action| action.at > moment) {
            self.take_back_newest();
        }
    }

    /// Takes back all that was done under safe mode, other sessions' changes too, and forgets it.
    pub(super) fn undo_floating(&mut self) {
        while self.history.actions.back().is_some_and(|action| action.floating) {
            self.take_back_newest();
        }
        self.show_history();
    }

    fn take_back_newest(&mut self) {
        if self.history.undone > 0 {
            self.history.undone -= 1;
        } else if let Some(steps) = self.history.actions.back().map(|action| action.undo.clone()) {
            self.carry_out(&steps);
        }
        self.drop_newest();
    }

    /// What was done under safe mode is kept: each action can be undone by itself again.
    pub(super) fn keep_floating(&mut self) {
        self.history.actions.iter_mut().for_each(|action| action.floating = false);
        self.show_history();
    }

    fn carry_out(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Row(store, note) => self.store_mut(store).bring_back(note),
                Step::Single(menu, values) => {
                    self.singles.insert(menu.clone(), values.clone());
                }
            }
        }
        self.forget_notes();
        self.unsettled = true;
    }

    fn drop_newest(&mut self) {
        if let Some(action) = self.history.actions.pop_back() {
            self.store_mut(MENU).remove(action.row);
        }
    }

    /// The oldest actions drop off. When one of them was done under safe mode, safe mode ends and nothing is undone
    /// (manual, "Console").
    fn make_room(&mut self) {
        while self.history.actions.len() > KEPT {
            let Some(oldest) = self.history.actions.pop_front() else { return };
            self.store_mut(MENU).remove(oldest.row);
            if oldest.floating {
                self.history.hold = None;
                self.keep_floating();
            }
        }
    }

    /// A row at the top: the newest comes first.
    fn history_row(&mut self, [action, by, redo, undo]: [&str; 4]) -> RowId {
        let time = date_time(self.epoch + self.now);
        let values =
            [("action", action), ("by", by), ("policy", "write"), ("redo", redo), ("time", &time), ("undo", undo)];
        let attributes = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let origin = Origin::Dynamic("history".to_owned());
        self.store_mut(MENU).insert(Some(0), "", origin, attributes)
    }

    /// Brings the flags up to date.
    fn show_history(&mut self) {
        let done = self.history.actions.len() - self.history.undone;
        let states: BTreeMap<RowId, (bool, bool)> = self
            .history
            .actions
            .iter()
            .enumerate()
            .map(|(at, action)| (action.row, (at < done, action.floating)))
            .collect();
        let store = self.store_mut(MENU);
        for row in &mut store.rows {
            // The empty action at the start of all is shown as one that could be undone.
            let (done, floating) = states.get(&row.id).copied().unwrap_or((true, false));
            row.flag("undoable", done && !floating);
            row.flag("redoable", !done);
            row.flag("floating-undo", done && floating);
        }
        store.swept();
    }
}

fn same(one: Option<&Row>, other: Option<&Row>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.attributes == other.attributes && one.origin == other.origin,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
