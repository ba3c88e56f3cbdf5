//! From what differs to a change that puts it back, and to one that takes it for what is wanted.

use super::{
    Order, Owned, OwnedRow,
    compare::{altered, place},
};
use crate::flow::{
    change_set::row::{Content, End, Neighbour, Place, Reading, RowPair},
    keyed::Keyed,
    object::Row,
};
use shared::{
    change_set::MenuWords,
    drift::{Altered, Difference, Drift},
};
use std::collections::BTreeMap;

/// How many of the rows below mark a place, as in a change that a person asks for.
const NEIGHBOURS: usize = 8;

/// The rows that have to be put back, at both ends: as they are, and as they should be. `subjects` says which.
pub fn pairs(
    owned: &Owned,
    subjects: &[String],
    reading: &Reading,
    ids: &BTreeMap<String, String>,
    orders: &BTreeMap<String, Order>,
) -> Vec<RowPair> {
    let mut pairs = Vec::new();
    for words in &owned.menus {
        let own: Vec<(&OwnedRow, String)> =
            owned.rows.iter().filter(|row| row.menu == words.path).map(|row| (row, row.subject())).collect();
        let rows = Keyed::new(reading.rows(&words.path), own.iter().map(|(row, _)| &row.key));
        let at = |row: &OwnedRow, subject: &String| place(row, &rows, ids.get(subject));
        let places: BTreeMap<usize, String> =
            own.iter().filter_map(|(row, subject)| Some((at(row, subject)?, subject.clone()))).collect();
        let now = Order::of(rows.rows(), &places, words);
        let right = orders.get(&words.path).filter(|_| words.ordered);
        let moved = right.map(|right| right.moved(&now)).unwrap_or_default();
        for (row, subject) in own.iter().filter(|(_, subject)| subjects.contains(subject)) {
            let goes =
                || right.and_then(|right| right.below(subject, &now)).map(|below| spot(&below, rows.rows(), words));
            match at(row, subject).and_then(|at| Some((at, rows.at(at)?))) {
                None => pairs.push(made_again(row, goes())),
                Some((at, there)) => {
                    let differs = altered(row, there);
                    let goes = if moved.contains(subject) { goes() } else { None };
                    if differs.is_empty() && goes.is_none() {
                        continue;
                    }
                    let stands = goes
                        .as_ref()
                        .map(|_| spot(&(at + 1..rows.rows().len()).collect::<Vec<_>>(), rows.rows(), words));
                    pairs.push(put_right(row, there, &differs, (stands, goes), words));
                }
            }
        }
    }
    pairs
}

fn spot(below: &[usize], rows: &[&Row], words: &MenuWords) -> Place {
    let neighbours = below.iter().take(NEIGHBOURS).filter_map(|at| rows.get(*at));
    neighbours.map(|row| Neighbour::Row(Content::of(row, words))).collect()
}

fn made_again(row: &OwnedRow, place: Option<Place>) -> RowPair {
    let attributes = row.whole.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
    RowPair {
        item: row.subject(),
        menu: row.menu.clone(),
        key: row.key.clone(),
        was: None,
        before: End::Absent,
        after: End::Present { attributes, place },
        drift: row.policy,
    }
}

fn put_right(
    row: &OwnedRow,
    there: &Row,
    differs: &[Altered],
    (stands, goes): (Option<Place>, Option<Place>),
    words: &MenuWords,
) -> RowPair {
    let end = |value: fn(&Altered) -> &Option<String>, place| End::Present {
        attributes: differs.iter().map(|one| (one.property.clone(), value(one).clone())).collect(),
        place,
    };
    RowPair {
        item: row.subject(),
        menu: row.menu.clone(),
        key: row.key.clone(),
        was: Some(Content::of(there, words)),
        before: end(|one| &one.found, stands),
        after: end(|one| &one.wanted, goes),
        drift: row.policy,
    }
}

/// The row of a drift with what was found as what is wanted; nothing of a drift that is no row's, or of a place.
pub fn accepted(owned: &Owned, drift: &Drift) -> Option<RowPair> {
    let row = owned.rows.iter().find(|row| row.menu == drift.menu && row.key == drift.row)?;
    let before: Vec<(String, Option<String>)> = row.wanted.clone();
    let after = match &drift.difference {
        Difference::Altered(all) => {
            let attributes = all.iter().map(|one| (one.property.clone(), one.found.clone())).collect();
            End::Present { attributes, place: None }
        }
        Difference::Missing(_) => End::Absent,
        Difference::Moved | Difference::Surplus => return None,
    };
    Some(RowPair {
        item: row.item.clone(),
        menu: row.menu.clone(),
        key: row.key.clone(),
        was: Some(Content { id: String::new(), attributes: row.whole.clone() }),
        before: End::Present { attributes: before, place: None },
        after,
        drift: row.policy,
    })
}
