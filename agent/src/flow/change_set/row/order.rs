//! The order of a menu: where rows go, and the least moves that bring them there.

use super::{Content, Neighbour, Place};
use crate::flow::object::Row;
use shared::change_set::{Attribute, MenuWords};
use std::collections::{BTreeMap, BTreeSet};

/// How many of the rows below are remembered with a place: when the nearest is gone, the next one marks it.
const NEIGHBOURS: usize = 8;

/// A row in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// The row at this place of what was read.
    There(usize),
    /// The row of an item that is not there yet.
    New(String),
}

/// The order of a menu while the items of a change are gone through.
#[derive(Debug, Clone)]
pub(super) struct Order {
    slots: Vec<Slot>,
}

impl Order {
    /// That of so many rows as they were read.
    pub(super) fn of(rows: usize) -> Self {
        Self { slots: (0..rows).map(Slot::There).collect() }
    }

    pub(super) fn remove(&mut self, slot: &Slot) {
        self.slots.retain(|known| known != slot);
    }

    pub(super) fn at_end(&mut self, slot: Slot) {
        self.remove(&slot);
        self.slots.push(slot);
    }

    /// Whether all rows below one fit.
    pub(super) fn all_below(&self, slot: &Slot, fits: impl Fn(&Slot) -> bool) -> bool {
        let at = self.slots.iter().position(|known| known == slot);
        at.is_some_and(|at| self.slots[at + 1..].iter().all(fits))
    }

    /// Puts a row above the first other that fits, or to the end where none does.
    pub(super) fn above(&mut self, slot: Slot, fits: impl Fn(&Slot) -> bool) {
        self.remove(&slot);
        let at = self.slots.iter().position(fits).unwrap_or(self.slots.len());
        self.slots.insert(at, slot);
    }

    /// Puts a row below the first other that fits, or to the end where none does.
    pub(super) fn below(&mut self, slot: Slot, fits: impl Fn(&Slot) -> bool) {
        self.remove(&slot);
        let at = self.slots.iter().position(fits).map_or(self.slots.len(), |at| at + 1);
        self.slots.insert(at, slot);
    }

    /// Where a row stands, by its neighbours below. `items` says which rows are those of which items.
    pub(super) fn place(&self, slot: &Slot, rows: &[&Row], items: &BTreeMap<Slot, String>, words: &MenuWords) -> Place {
        let at = self.slots.iter().position(|known| known == slot).map_or(self.slots.len(), |at| at + 1);
        let neighbour = |slot: &Slot| match (items.get(slot), slot) {
            (Some(item), _) | (None, Slot::New(item)) => Neighbour::Item(item.clone()),
            (None, Slot::There(index)) => {
                Neighbour::Row(rows.get(*index).map_or_else(Content::nothing, |row| Content::of(row, words)))
            }
        };
        self.slots.iter().skip(at).take(NEIGHBOURS).map(neighbour).collect()
    }
}

impl Content {
    fn nothing() -> Self {
        Self { id: String::new(), attributes: Vec::<Attribute>::new() }
    }
}

/// A row that has a place to take.
pub(super) struct Placed<'a> {
    /// Whose it is.
    pub(super) item: &'a str,
    /// Where it is now, where it is there.
    pub(super) at: Option<usize>,
    /// Where it goes.
    pub(super) place: &'a Place,
}

/// The order that a menu is to have: the rows that stay, in the order in which they are, and the placed ones between
/// them. `leaving` are the rows that go.
pub(super) fn target(
    rows: &[&Row],
    placed: &[Placed<'_>],
    others: &BTreeMap<&str, usize>,
    leaving: &BTreeSet<usize>,
    words: &MenuWords,
) -> Vec<Slot> {
    let moving: BTreeSet<usize> = placed.iter().filter_map(|placed| placed.at).collect();
    let stays = |index: &usize| !moving.contains(index) && !leaving.contains(index);
    let mut order: Vec<Slot> = (0..rows.len()).filter(stays).map(Slot::There).collect();
    let named: BTreeMap<&str, usize> = placed.iter().enumerate().map(|(at, placed)| (placed.item, at)).collect();
    let near = |neighbour: &Neighbour| match neighbour {
        Neighbour::Item(item) => {
            let other = || others.get(item.as_str()).map(|&at| Near::Slot(Slot::There(at)));
            named.get(item.as_str()).map(|&at| Near::Placed(at)).or_else(other)
        }
        Neighbour::Row(content) => content.find(rows, words).map(|at| Near::Slot(Slot::There(at))),
    };
    let neighbours: Vec<Vec<Near>> = placed.iter().map(|one| one.place.iter().filter_map(near).collect()).collect();
    let slots: Vec<Slot> = placed.iter().map(slot).collect();
    let mut waiting: Vec<usize> = (0..placed.len()).collect();
    let mut waits = vec![true; placed.len()];
    while !waiting.is_empty() {
        let stands = |order: &[Slot], near: &Near| match near {
            Near::Placed(at) => order.iter().position(|slot| *slot == slots[*at]),
            Near::Slot(slot) => order.iter().position(|known| known == slot),
        };
        // One whose nearest neighbour has its place already; all follow one order, so there always is one.
        let next = waiting.iter().position(|candidate| {
            let blocks = |near: &Near| matches!(near, Near::Placed(at) if waits[*at]);
            let nearest = neighbours[*candidate].iter().find(|near| blocks(near) || stands(&order, near).is_some());
            !nearest.is_some_and(blocks)
        });
        let candidate = waiting.remove(next.unwrap_or(0));
        let anchor = neighbours[candidate].iter().find_map(|near| stands(&order, near));
        order.insert(anchor.unwrap_or(order.len()), slots[candidate].clone());
        waits[candidate] = false;
    }
    order
}

/// A neighbour that is there, or will be.
enum Near {
    /// Another row that has a place to take.
    Placed(usize),
    /// One that stays.
    Slot(Slot),
}

fn slot(placed: &Placed<'_>) -> Slot {
    placed.at.map_or_else(|| Slot::New(placed.item.to_owned()), Slot::There)
}

/// Which of the rows that may move need not, so that as few as possible do: between each two that stay, the longest run
/// that already stands in order there.
pub(super) fn keep(order: &[Slot], moving: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    let mut gap: Vec<usize> = Vec::new();
    let mut above = None;
    let mut close = |gap: &mut Vec<usize>, above: Option<usize>, below: Option<usize>| {
        let within = |at: &usize| above.is_none_or(|above| above < *at) && below.is_none_or(|below| *at < below);
        let candidates: Vec<usize> = gap.drain(..).filter(within).collect();
        kept.extend(longest_rising(&candidates).into_iter().filter_map(|index| candidates.get(index).copied()));
    };
    for slot in order {
        match slot {
            Slot::There(at) if moving.contains(at) => gap.push(*at),
            Slot::There(at) => {
                close(&mut gap, above, Some(*at));
                above = Some(*at);
            }
            Slot::New(_) => {}
        }
    }
    close(&mut gap, above, None);
    kept
}

/// The indices of a longest run of rising values.
pub(in crate::flow) fn longest_rising(values: &[usize]) -> Vec<usize> {
    // The index of the least value that ends a run of each length, and whom each value follows in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut follows: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let length = ends.partition_point(|&end| values[end] < *value);
        follows.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        if length == ends.len() { ends.push(index) } else { ends[length] = index }
    }
    let mut run: Vec<usize> = std::iter::successors(ends.last().copied(), |&index| follows[index]).collect();
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_rises_and_none_is_longer() {
        for (values, length) in [
            (vec![], 0),
            (vec![5], 1),
            (vec![3, 1, 2], 2),
            (vec![1, 2, 3, 4], 4),
            (vec![4, 3, 2, 1], 1),
            (vec![2, 9, 3, 8, 4, 7, 5, 6], 5),
        ] {
            let run = longest_rising(&values);
            assert!(run.windows(2).all(|pair| pair[0] < pair[1] && values[pair[0]] < values[pair[1]]), "{values:?}");
            assert_eq!(run.len(), length, "{values:?}");
        }
    }

    #[test]
    fn rows_that_stay_cut_the_run_into_gaps() {
        // 0 and 3 stay; of 1, 2 and 4, which may move, 4 belongs above 3 now.
        let order = [Slot::There(0), Slot::There(4), Slot::There(1), Slot::There(2), Slot::There(3)];
        assert_eq!(keep(&order, &BTreeSet::from([1, 2, 4])), BTreeSet::from([1, 2]));
    }
}
