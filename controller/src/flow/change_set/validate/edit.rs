//! A write, and what it does to the model.

use shared::change_set::Verb;

use super::{
    menu::{INTERFACES, is_interfaces, referring},
    model::{Model, Row},
    order::{mentions, points_at},
    rows::{is, is_dynamic, text},
};

/// One write as the rehearsal made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The item that it is for.
    pub(super) item: String,
    /// The menu.
    pub(super) menu: String,
    /// What is done.
    pub(super) verb: Verb,
    /// The row before; nothing of one that is made.
    pub(super) before: Option<Row>,
    /// The row afterwards; nothing of one that goes.
    pub(super) after: Option<Row>,
    /// Of a row that is made or moved: the static row above which it comes; nothing at the end.
    pub(super) above: Option<String>,
}

/// Gives a row a value; an empty one takes it away.
pub(super) fn put(row: &mut Row, name: &str, value: &str) {
    if value.is_empty() {
        row.attributes.remove(name);
    } else {
        row.attributes.insert(name.to_owned(), value.to_owned());
    }
}

/// Carries a write out.
pub(super) fn apply(router: &mut Model, step: &Step) {
    let rows = router.menus.entry(step.menu.clone()).or_default();
    match (step.verb, &step.before, &step.after) {
        (Verb::Add, _, Some(row)) => insert(rows, row.clone(), step.above.as_deref()),
        (Verb::Set, Some(before), Some(row)) => match rows.iter_mut().find(|have| have.id == before.id) {
            Some(have) => have.clone_from(row),
            None => rows.push(row.clone()),
        },
        (Verb::Remove, Some(before), _) => rows.retain(|have| have.id != before.id),
        (Verb::Move, Some(before), _) => {
            if let Some(at) = rows.iter().position(|have| have.id == before.id) {
                let row = rows.remove(at);
                insert(rows, row, step.above.as_deref());
            }
        }
        (Verb::Add | Verb::Set | Verb::Remove | Verb::Move, ..) => {}
    }
    let old = step.before.as_ref().map_or("", |row| text(row, "name"));
    let new = step.after.as_ref().map_or("", |row| text(row, "name"));
    if is_interfaces(&step.menu) {
        mirror(router, step, old);
    }
    if !old.is_empty() && !new.is_empty() && old != new {
        rename(router, &step.menu, old, new);
    }
}

/// At the end is before the dynamic rows that RouterOS keeps there.
fn insert(rows: &mut Vec<Row>, row: Row, above: Option<&str>) {
    let at = match above {
        Some(id) => rows.iter().position(|have| have.id == id),
        None => rows.iter().rposition(|have| !is_dynamic(have)).map(|at| at + 1),
    };
    rows.insert(at.unwrap_or(rows.len()), row);
}

/// An interface is a row of `/interface` and one of its kind's menu.
fn mirror(router: &mut Model, step: &Step, old: &str) {
    for menu in std::iter::once("/interface").chain(INTERFACES) {
        let Some(rows) = router.menus.get_mut(menu) else { continue };
        match (&step.after, step.verb) {
            (None, _) => rows.retain(|row| text(row, "name") != old),
            (Some(row), Verb::Set) => {
                for have in rows.iter_mut().filter(|have| text(have, "name") == old) {
                    for name in ["name", "disabled", "mtu", "comment"] {
                        put(have, name, text(row, name));
                    }
                    if is(row, "disabled") {
                        put(have, "running", "false");
                    }
                }
            }
            (Some(row), Verb::Add | Verb::Move | Verb::Remove) if menu == "/interface" && step.menu != menu => {
                let kind = step.menu.rsplit('/').next().unwrap_or_default();
                let mut twin = Row { id: row.id.clone(), ..Row::default() };
                for name in ["name", "disabled"] {
                    put(&mut twin, name, text(row, name));
                }
                put(&mut twin, "type", kind);
                put(&mut twin, "running", if is(row, "disabled") { "false" } else { "true" });
                rows.push(twin);
            }
            (Some(_), _) => {}
        }
    }
}

/// Whoever named a row names it still.
fn rename(router: &mut Model, menu: &str, old: &str, new: &str) {
    for (path, known) in referring() {
        let Some(rows) = router.menus.get_mut(path) else { continue };
        for (attribute, _) in known.refers.iter().filter(|(_, target)| points_at(*target, path, menu)) {
            for row in rows.iter_mut().filter(|row| mentions(text(row, attribute), old)) {
                let parts: Vec<String> = text(row, attribute).split(',').map(|part| renamed(part, old, new)).collect();
                put(row, attribute, &parts.join(","));
            }
        }
    }
}

fn renamed(part: &str, old: &str, new: &str) -> String {
    match part.strip_suffix(old) {
        Some("") => new.to_owned(),
        Some(before) if before.ends_with(['!', '%', '@']) => format!("{before}{new}"),
        _ => part.to_owned(),
    }
}
