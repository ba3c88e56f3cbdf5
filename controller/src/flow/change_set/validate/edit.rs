//! A write, and what it does to the model.

use shared::{
    change_set::Verb,
    routeros::model::{Model, Row},
};

use super::{
    menu::{INTERFACES, is_interfaces, referring},
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
        row.unset(name);
    } else {
        row.set(name, value);
    }
}

/// Carries a write out.
pub(super) fn apply(router: &mut Model, step: &Step) {
    let menu = step.menu.as_str();
    let at = |router: &Model| {
        let id = step.before.as_ref().map_or("", Row::id);
        router.rows(menu).iter().position(|row| row.id() == id)
    };
    match (step.verb, &step.after) {
        (Verb::Add, Some(row)) => insert(router, menu, row.clone(), step.above.as_deref()),
        (Verb::Set, Some(row)) => {
            let place = at(router);
            let _ = place.map(|at| router.remove(menu, at));
            router.insert(menu, place.unwrap_or(usize::MAX), row.clone());
        }
        (Verb::Move, _) => {
            if let Some(row) = at(router).and_then(|at| router.remove(menu, at)) {
                insert(router, menu, row, step.above.as_deref());
            }
        }
        (Verb::Remove, _) => {
            let _ = at(router).map(|at| router.remove(menu, at));
        }
        (Verb::Add | Verb::Set, None) => {}
    }
    let old = step.before.as_ref().map_or("", |row| text(row, "name"));
    let new = step.after.as_ref().map_or("", |row| text(row, "name"));
    if is_interfaces(menu) {
        mirror(router, step, old);
    }
    if !old.is_empty() && !new.is_empty() && old != new {
        rename(router, menu, old, new);
    }
}

/// At the end is before the dynamic rows that RouterOS keeps there.
fn insert(router: &mut Model, menu: &str, row: Row, above: Option<&str>) {
    let rows = router.rows(menu);
    let at = match above {
        Some(id) => rows.iter().position(|have| have.id() == id),
        None => rows.iter().rposition(|have| !is_dynamic(have)).map(|at| at + 1),
    };
    router.insert(menu, at.unwrap_or(usize::MAX), row);
}

/// An interface is a row of `/interface` and one of its kind's menu.
fn mirror(router: &mut Model, step: &Step, old: &str) {
    for menu in std::iter::once("/interface").chain(INTERFACES) {
        let named = |router: &Model| router.rows(menu).iter().position(|row| text(row, "name") == old);
        match (&step.after, step.verb) {
            (None, _) => {
                let _ = named(router).map(|at| router.remove(menu, at));
            }
            (Some(row), Verb::Set) => {
                let Some(at) = named(router) else { continue };
                let mut have = router.rows(menu)[at].clone();
                for name in ["name", "disabled", "mtu", "comment"] {
                    put(&mut have, name, text(row, name));
                }
                if is(row, "disabled") {
                    put(&mut have, "running", "false");
                }
                router.remove(menu, at);
                router.insert(menu, at, have);
            }
            (Some(row), Verb::Add) if menu == "/interface" && step.menu != menu => {
                let running = if is(row, "disabled") { "false" } else { "true" };
                let kind = step.menu.rsplit('/').next().unwrap_or_default();
                let mut twin = Row::new([(".id", row.id()), ("type", kind), ("running", running)]);
                for name in ["name", "disabled"] {
                    put(&mut twin, name, text(row, name));
                }
                router.insert(menu, usize::MAX, twin);
            }
            (Some(_), Verb::Add | Verb::Move | Verb::Remove) => {}
        }
    }
}

/// Whoever named a row names it still.
fn rename(router: &mut Model, menu: &str, old: &str, new: &str) {
    for (path, known) in referring() {
        for (attribute, _) in known.refers.iter().filter(|(_, target)| points_at(*target, path, menu)) {
            for at in 0..router.rows(path).len() {
                let value = text(&router.rows(path)[at], attribute);
                if mentions(value, old) {
                    let parts: Vec<String> = value.split(',').map(|part| renamed(part, old, new)).collect();
                    router.set(path, at, attribute, &parts.join(","));
                }
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
