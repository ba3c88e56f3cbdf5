//! The change carried out on the model: which writes it comes to, and what the router then looks like.
//!
//! What is there already as it is wanted makes no write. Rows that name a renamed one follow it, as they do on a router.

use shared::{
    change_set::{Attribute, Item, Position, Resource, RowChange, RowOperation, Verb},
    routeros::model::{Model, Row},
    routeros::value::RowId,
};

use super::{
    Finding,
    context::Context,
    edit::{self, Step},
    finding::{ALREADY_GONE, ALREADY_THERE, POSITION_UNKNOWN, ROW_AMBIGUOUS, ROW_DYNAMIC, ROW_NOT_FOUND},
    menu::known,
    rows::{fits, is_dynamic, rows, shown, text},
};

/// What came of it.
#[derive(Debug, Clone)]
pub(super) struct Rehearsal {
    /// The router afterwards.
    pub(super) after: Model,
    /// The writes in their order.
    pub(super) steps: Vec<Step>,
    /// What could not be carried out, and what need not be.
    pub(super) findings: Vec<Finding>,
}

/// Carries the items out in this order; `left_out` are those that make no sense and are passed over.
pub(super) fn rehearse(
    items: &[Item],
    order: &[usize],
    left_out: &[&str],
    router: &Model,
    context: &Context<'_>,
) -> Rehearsal {
    let mut run = Run {
        context,
        done: Rehearsal { after: router.clone(), steps: Vec::new(), findings: Vec::new() },
        made: 0,
        later: Vec::new(),
    };
    let ordered: Vec<&Item> =
        order.iter().filter_map(|at| items.get(*at)).filter(|item| !left_out.contains(&item.id.as_str())).collect();
    for (at, item) in ordered.iter().enumerate() {
        if let Resource::Row(row) = &item.resource {
            run.later = ordered[at + 1..].iter().filter_map(|item| appended(item)).cloned().collect();
            let before = run.done.steps.len();
            let found = run.done.findings.len();
            run.item(&item.id, row);
            if run.done.steps.len() == before && run.done.findings.len() == found {
                run.say(
                    &item.id,
                    "key",
                    Finding::new(&ALREADY_THERE, "The router is already like this.", "Nothing is written for it."),
                );
            }
        }
    }
    run.done
}

struct Run<'a> {
    context: &'a Context<'a>,
    done: Rehearsal,
    /// How many rows were made: they need ids of their own.
    made: u32,
    /// What later items make without a word of its place.
    later: Vec<RowChange>,
}

/// A row that an item makes without a word of its place. It goes to the end when it is made, below what had been put last
/// by an item before, and stays there.
fn appended(item: &Item) -> Option<&RowChange> {
    match &item.resource {
        Resource::Row(row) if row.operation == RowOperation::Create && row.position.is_none() => Some(row),
        Resource::Row(_) | Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
    }
}

impl Run<'_> {
    fn say(&mut self, item: &str, field: &str, finding: Finding) {
        self.done.findings.push(finding.of(item).at(field));
    }

    fn write(&mut self, step: Step) {
        edit::apply(&mut self.done.after, &step);
        self.done.steps.push(step);
    }

    fn item(&mut self, item: &str, change: &RowChange) {
        match change.operation {
            RowOperation::Create => match self.find(change, &change.key) {
                Found::One(row) => self.set(item, change, &row),
                Found::None | Found::Dynamic => self.add(item, change),
                Found::Many(count) => self.ambiguous(item, "key", count),
            },
            RowOperation::Update => match self.find(change, &change.key) {
                Found::One(row) => self.set(item, change, &row),
                Found::None => self.say(
                    item,
                    "key",
                    Finding::new(
                        &ROW_NOT_FOUND,
                        format!("{} has no row with {}.", change.menu, pairs(&change.key)),
                        "Look at the router's rows: another key may be meant, or the row is to be made.",
                    ),
                ),
                Found::Dynamic => self.dynamic(item, change),
                Found::Many(count) => self.ambiguous(item, "key", count),
            },
            RowOperation::Delete => match self.find(change, &change.key) {
                Found::One(row) => {
                    self.write(Step {
                        item: item.to_owned(),
                        menu: change.menu.clone(),
                        verb: Verb::Remove,
                        before: Some(row),
                        after: None,
                        above: None,
                    });
                }
                Found::None => self.say(
                    item,
                    "key",
                    Finding::new(
                        &ALREADY_GONE,
                        format!("{} has no row with {}.", change.menu, pairs(&change.key)),
                        "Nothing is written for it.",
                    ),
                ),
                Found::Dynamic => self.dynamic(item, change),
                Found::Many(count) => self.ambiguous(item, "key", count),
            },
        }
    }

    fn dynamic(&mut self, item: &str, change: &RowChange) {
        let finding = Finding::new(
            &ROW_DYNAMIC,
            format!("RouterOS itself made the row with {}.", pairs(&change.key)),
            "Change what it was made from: a DHCP client, a lease, an address.",
        );
        self.say(item, "key", finding);
    }

    fn ambiguous(&mut self, item: &str, field: &str, count: usize) {
        let finding = Finding::new(
            &ROW_AMBIGUOUS,
            format!("{count} rows fit the {field}."),
            "Add properties to it until one row is left; a comment is best.",
        );
        self.say(item, field, finding);
    }

    fn find(&self, change: &RowChange, key: &[Attribute]) -> Found {
        let all = rows(&self.done.after, &change.menu);
        if self.context.is_single(&change.menu) {
            return all.first().cloned().map_or_else(|| Found::One(Row::default()), Found::One);
        }
        if key.is_empty() {
            return Found::None;
        }
        let fitting: Vec<&Row> = all.iter().filter(|row| fits(row, &change.menu, key, self.context)).collect();
        let fixed: Vec<&&Row> = fitting.iter().filter(|row| !is_dynamic(row)).collect();
        match fixed[..] {
            [row] => Found::One((*row).clone()),
            [] if fitting.is_empty() => Found::None,
            [] => Found::Dynamic,
            _ => Found::Many(fixed.len()),
        }
    }

    fn add(&mut self, item: &str, change: &RowChange) {
        self.made += 1;
        let mut row = Row::new([(".id", RowId(NEW - self.made).to_string())]);
        for (name, value) in known(&change.menu).defaults {
            edit::put(&mut row, name, value);
        }
        for (name, value) in change.key.iter().chain(&change.attributes) {
            edit::put(&mut row, name, &self.context.canonical(&change.menu, name, value));
        }
        let above = change.position.as_ref().and_then(|position| self.above(item, change, position, ""));
        self.write(Step {
            item: item.to_owned(),
            menu: change.menu.clone(),
            verb: Verb::Add,
            before: None,
            after: Some(row),
            above,
        });
    }

    fn set(&mut self, item: &str, change: &RowChange, row: &Row) {
        let mut wanted = row.clone();
        for (name, value) in &change.attributes {
            let value = self.context.canonical(&change.menu, name, value);
            if self.context.canonical(&change.menu, name, &Self::or_default(row, &change.menu, name)) != value {
                edit::put(&mut wanted, name, &value);
            }
        }
        for name in &change.unset {
            edit::put(&mut wanted, name, "");
        }
        if wanted != *row {
            self.write(Step {
                item: item.to_owned(),
                menu: change.menu.clone(),
                verb: Verb::Set,
                before: Some(row.clone()),
                after: Some(wanted.clone()),
                above: None,
            });
        }
        let Some(position) = &change.position else { return };
        let above = self.above(item, change, position, row.id());
        if self.below(&change.menu, row.id()).first() != above.as_ref() {
            self.write(Step {
                item: item.to_owned(),
                menu: change.menu.clone(),
                verb: Verb::Move,
                before: Some(row.clone()),
                after: Some(wanted),
                above,
            });
        }
    }

    fn or_default(row: &Row, menu: &str, name: &str) -> String {
        let have = text(row, name);
        let default = || known(menu).defaults.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        let have = if have.is_empty() { default() } else { have };
        if have.is_empty() && name == "disabled" { "false".to_owned() } else { have.to_owned() }
    }

    /// The id of the static row above which a row comes to stand; nothing at the end.
    fn above(&mut self, item: &str, change: &RowChange, position: &Position, own: &str) -> Option<String> {
        let fixed: Vec<String> = rows(&self.done.after, &change.menu)
            .iter()
            .filter(|row| !is_dynamic(row) && row.id() != own)
            .map(|row| row.id().to_owned())
            .collect();
        let (key, below) = match position {
            Position::Last => {
                let later = |id: &String| {
                    let row = rows(&self.done.after, &change.menu).iter().find(|row| row.id() == *id);
                    let is_its =
                        |later: &RowChange| row.is_some_and(|row| fits(row, &later.menu, &later.key, self.context));
                    self.later.iter().filter(|later| later.menu == change.menu).any(is_its)
                };
                let below = self.below(&change.menu, own);
                return if below.iter().all(later) { below.first().cloned() } else { None };
            }
            // Rows that isolate VIFs stay on top, whoever wants to be first.
            Position::First => {
                let isolates = |id: &&String| {
                    let row = rows(&self.done.after, &change.menu).iter().find(|row| row.id() == **id);
                    row.is_some_and(super::security::isolates)
                };
                return fixed.iter().find(|id| !isolates(id)).cloned();
            }
            Position::Before(key) => (key, false),
            Position::After(key) => (key, true),
        };
        match self.find(change, key) {
            Found::One(row) => {
                let at = fixed.iter().position(|id| *id == row.id())?;
                fixed.get(at + usize::from(below)).cloned()
            }
            Found::Many(count) => {
                self.ambiguous(item, "position", count);
                None
            }
            Found::None | Found::Dynamic => {
                let finding = Finding::new(
                    &POSITION_UNKNOWN,
                    format!("{} has no static row with {}.", change.menu, pairs(key)),
                    "Name a row that is there, or use first or last.",
                );
                self.say(item, "position", finding);
                None
            }
        }
    }

    /// The static rows below one; none below one that is not there.
    fn below(&self, menu: &str, id: &str) -> Vec<String> {
        let mut fixed = rows(&self.done.after, menu).iter().filter(|row| !is_dynamic(row));
        fixed.by_ref().find(|row| row.id() == id);
        fixed.map(|row| row.id().to_owned()).collect()
    }
}

/// Ids of rows that the rehearsal makes count down from here: no router is that old.
const NEW: u32 = 0xFFFF_0000;

enum Found {
    One(Row),
    None,
    Dynamic,
    Many(usize),
}

fn pairs(key: &[Attribute]) -> String {
    let words: Vec<String> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("`{}`", words.join(" "))
}

/// A row in words, for messages about one that a step concerns.
pub(super) fn concerned(step: &Step) -> String {
    step.before.as_ref().or(step.after.as_ref()).map(shown).unwrap_or_default()
}
