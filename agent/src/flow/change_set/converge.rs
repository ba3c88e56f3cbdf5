//! From a router as it is to one as it should be, in the fewest writes that are safe one by one.
//!
//! Ours are found by their marks. What is missing is added in the order of ranks (what stops traffic first), what
//! differs is set, what stands in the wrong place is moved, and what is too much is removed in the opposite order.
//! In ordered menus our rows stand above every foreign row and in the order of the list; the installer's rows stand
//! above ours. Dynamic rows are RouterOS' own and are passed over.
//!
//! The router may stop answering between any two steps. Each prefix of the steps leaves every VIF closed: its rows
//! of high rank, which open something, are the last to come and the first to go.

use crate::flow::{
    object::{Marked, Menu, Object, Row, Snapshot, Switch},
    vif::objects::{GATE_IN, GATE_OUT, WAYS, part, rank},
};
use shared::change_set::{Operation, Verb};
use std::collections::{BTreeMap, BTreeSet};

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make an object.
    Add {
        /// What.
        object: Object,
        /// In front of which row; at the end where nothing is said.
        before: Option<Anchor>,
    },
    /// Put an object right.
    Set {
        /// The row's id.
        id: String,
        /// What it should be.
        object: Object,
        /// Whether somebody disabled it. Not every menu can: `/interface/list` has no such argument.
        enable: bool,
    },
    /// Take a matcher from an object that it must not have.
    Clear {
        /// The row's id.
        id: String,
        /// What it should be.
        object: Object,
        /// Which matcher.
        name: &'static str,
    },
    /// Shut the gate of a VIF whose way out is about to change: the keeper opens it again.
    Shut {
        /// The id of one of its drops.
        id: String,
        /// The drop's mark.
        mark: String,
    },
    /// Put a row of ours into its place.
    Move {
        /// Where.
        menu: Menu,
        /// The row's id.
        id: String,
        /// The row's mark, for people.
        mark: String,
        /// In front of which row; to the end where nothing is said.
        before: Option<Anchor>,
    },
    /// Take a row of ours away.
    Remove {
        /// Where.
        menu: Menu,
        /// The row's id.
        id: String,
        /// The row's mark, for people.
        mark: String,
    },
}

/// The row in front of which another is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// One of ours, which may have been added by an earlier step.
    Mark(String),
    /// The first foreign row: its id.
    Foreign(String),
}

impl Step {
    /// The write for the preview and the journal. A foreign row is named by its place, not by its id.
    pub fn operation(&self) -> Operation {
        let place = |name: &str, before: &Option<Anchor>| {
            let row = match before.as_ref()? {
                Anchor::Mark(mark) => mark.clone(),
                Anchor::Foreign(_) => "(first row that is not ours)".to_owned(),
            };
            Some((name.to_owned(), row))
        };
        let (verb, attributes) = match self {
            Self::Add { object, before } => {
                let made = object.made().map(|(name, value)| (name.to_owned(), value.into_owned()));
                (Verb::Add, made.chain(place("place-before", before)).collect())
            }
            Self::Set { object, .. } => (Verb::Set, owned(object)),
            Self::Clear { object, name, .. } => {
                (Verb::Set, vec![((*name).to_owned(), String::new()), ("comment".to_owned(), object.mark.clone())])
            }
            Self::Shut { mark, .. } => {
                (Verb::Set, vec![("disabled".to_owned(), "no".to_owned()), ("comment".to_owned(), mark.clone())])
            }
            Self::Move { mark, before, .. } => {
                let moved = [("comment".to_owned(), mark.clone())];
                (Verb::Move, moved.into_iter().chain(place("destination", before)).collect())
            }
            Self::Remove { mark, .. } => (Verb::Remove, vec![("comment".to_owned(), mark.clone())]),
        };
        Operation { verb, menu: self.menu().path().to_owned(), attributes, before: Vec::new(), item: String::new() }
    }

    /// The menu that is written to.
    pub fn menu(&self) -> Menu {
        match self {
            Self::Add { object, .. } | Self::Set { object, .. } | Self::Clear { object, .. } => object.menu,
            Self::Shut { .. } => Menu::Filter,
            Self::Move { menu, .. } | Self::Remove { menu, .. } => *menu,
        }
    }

    /// The mark of the object that is written.
    pub fn mark(&self) -> &str {
        match self {
            Self::Add { object, .. } | Self::Set { object, .. } | Self::Clear { object, .. } => &object.mark,
            Self::Shut { mark, .. } | Self::Move { mark, .. } | Self::Remove { mark, .. } => mark,
        }
    }

    /// What is wrong as long as this step has not been done, for people.
    pub fn finding(&self) -> String {
        match self {
            Self::Add { object, .. } => format!("{} lacks `{}`", object.menu.path(), object.mark),
            Self::Set { object, .. } => {
                format!("{} has `{}` with other values, disabled or invalid", object.menu.path(), object.mark)
            }
            Self::Clear { object, name, .. } => {
                format!("{} has `{}` with `{name}`, which it must not have", object.menu.path(), object.mark)
            }
            Self::Shut { mark, .. } => format!("`{mark}` is open while the way out changes"),
            Self::Move { menu, mark, .. } => format!("{} has `{mark}` in the wrong place", menu.path()),
            Self::Remove { menu, mark, .. } => format!("{} still has `{mark}`", menu.path()),
        }
    }
}

fn owned(object: &Object) -> Vec<(String, String)> {
    object.arguments().map(|(name, value)| (name.to_owned(), value.into_owned())).collect()
}

/// The steps from `router` to `desired`; none when it is there already.
pub fn converge(desired: &[Object], router: &Snapshot) -> Vec<Step> {
    let mut writes: Vec<Step> = Vec::new();
    let mut removals: Vec<Step> = Vec::new();
    for menu in Menu::ALL.into_iter().filter(|menu| menu.is_written()) {
        let wanted: Vec<&Object> = desired.iter().filter(|object| object.menu == menu).collect();
        let ours = first_of_each_mark(router, menu);
        writes.extend(writes_of(menu, &wanted, &ours, router));
        removals.extend(removals_of(menu, &wanted, &ours, router));
    }
    writes.sort_by_key(|step| rank(step.mark()));
    removals.sort_by_key(|step| std::cmp::Reverse(rank(step.mark())));
    let steps: Vec<Step> = writes.into_iter().chain(removals).collect();
    let shut = to_shut(desired, &steps, router);
    shut.into_iter().chain(steps).collect()
}

/// The open gates of VIFs whose way out these steps change. Until that is done and read back nothing may pass: packets
/// of a connection that was translated for the one way would leave by the other.
fn to_shut(desired: &[Object], steps: &[Step], router: &Snapshot) -> Vec<Step> {
    let changing: BTreeSet<&str> =
        steps.iter().map(Step::mark).filter(|mark| WAYS.contains(&part(mark))).filter_map(owner).collect();
    let open = router.static_rows(Menu::Filter).filter(|row| row.is("disabled"));
    let gates = open.filter_map(|row| row.mark().map(|mark| (row, mark))).filter(|(_, mark)| {
        let kept = || desired.iter().any(|object| object.menu == Menu::Filter && object.mark == *mark);
        [GATE_OUT, GATE_IN].contains(&part(mark)) && owner(mark).is_some_and(|owner| changing.contains(owner)) && kept()
    });
    gates.map(|(row, mark)| Step::Shut { id: row.id().to_owned(), mark: mark.to_owned() }).collect()
}

/// Whose object it is, by its mark.
fn owner(mark: &str) -> Option<&str> {
    mark.rsplit_once('/').map(|(owner, _)| owner)
}

/// Our rows of a menu by mark. Where a mark stands twice (an add whose answer was lost and that was sent again),
/// the first counts and the others are removed.
fn first_of_each_mark(router: &Snapshot, menu: Menu) -> BTreeMap<&str, &Row> {
    let mut ours = BTreeMap::new();
    for row in router.static_rows(menu).filter(|row| row.is_vif_object()) {
        if let Some(mark) = row.mark() {
            ours.entry(mark).or_insert(row);
        }
    }
    ours
}

fn writes_of(menu: Menu, wanted: &[&Object], ours: &BTreeMap<&str, &Row>, router: &Snapshot) -> Vec<Step> {
    let foreign = first_foreign(menu, router).filter(|_| menu.is_ordered());
    let misplaced = if menu.is_ordered() { out_of_place(menu, wanted, ours, router) } else { Vec::new() };
    let mut in_order: Vec<usize> = (0..wanted.len()).collect();
    in_order.sort_by_key(|&at| rank(&wanted[at].mark));
    // Which of the wanted rows stand where they belong by the time of the next step.
    let mut placed: Vec<bool> = wanted.iter().map(|object| ours.contains_key(object.mark.as_str())).collect();
    for &at in &misplaced {
        placed[at] = false;
    }
    let mut steps = Vec::new();
    for at in in_order {
        let object = wanted[at];
        let below = (at + 1..wanted.len()).find(|&next| placed[next] && menu.is_ordered());
        let before = below.map(|next| Anchor::Mark(wanted[next].mark.clone())).or_else(|| foreign.clone());
        match ours.get(object.mark.as_str()) {
            None => steps.push(Step::Add { object: object.clone(), before }),
            Some(row) => {
                let id = row.id().to_owned();
                if !object.is_held_by(row) {
                    let enable = row.is("disabled") && object.switch == Switch::On;
                    steps.push(Step::Set { id: id.clone(), object: object.clone(), enable });
                }
                let surplus = object.surplus(row);
                steps.extend(surplus.map(|name| Step::Clear { id: id.clone(), object: object.clone(), name }));
                if misplaced.contains(&at) {
                    steps.push(Step::Move { menu, id, mark: object.mark.clone(), before });
                }
            }
        }
        placed[at] = true;
    }
    steps
}

/// The first static row that has no part in isolation.
fn first_foreign(menu: Menu, router: &Snapshot) -> Option<Anchor> {
    router.static_rows(menu).find(|row| !row.is_isolation()).map(|row| Anchor::Foreign(row.id().to_owned()))
}

/// Which of the wanted rows must move: all but the longest run that already stands in order above the foreign rows.
fn out_of_place(menu: Menu, wanted: &[&Object], ours: &BTreeMap<&str, &Row>, router: &Snapshot) -> Vec<usize> {
    let rows: Vec<&Row> = router.static_rows(menu).collect();
    let top = rows.iter().position(|row| !row.is_isolation()).unwrap_or(rows.len());
    let place = |mark: &str| {
        let id = ours.get(mark)?.id();
        rows.iter().position(|row| row.id() == id)
    };
    let present: Vec<(usize, usize)> =
        wanted.iter().enumerate().filter_map(|(at, object)| place(&object.mark).map(|place| (at, place))).collect();
    let above: Vec<(usize, usize)> = present.iter().copied().filter(|(_, place)| *place < top).collect();
    let keep = longest_rising(&above);
    present.iter().map(|(at, _)| *at).filter(|at| !keep.contains(at)).collect()
}

/// The indices of a longest run whose places rise.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut best: Vec<Vec<usize>> = Vec::with_capacity(pairs.len());
    for (index, (at, place)) in pairs.iter().enumerate() {
        let mut run = (0..index)
            .filter(|&earlier| pairs[earlier].1 < *place)
            .map(|earlier| &best[earlier])
            .max_by_key(|run| run.len())
            .cloned()
            .unwrap_or_default();
        run.push(*at);
        best.push(run);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

/// Rows with a mark of ours that nobody wants, and all but the first of a mark that stands twice.
fn removals_of(menu: Menu, wanted: &[&Object], ours: &BTreeMap<&str, &Row>, router: &Snapshot) -> Vec<Step> {
    router
        .static_rows(menu)
        .filter(|row| row.is_vif_object())
        .filter_map(|row| {
            let mark = row.mark()?;
            let first = ours.get(mark).is_some_and(|kept| kept.id() == row.id());
            let needed = first && wanted.iter().any(|object| object.mark == mark);
            (!needed).then(|| Step::Remove { menu, id: row.id().to_owned(), mark: mark.to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests;
