//! Owned rows beside the rows that the router has.

use super::{Finding, Order, Owned, OwnedRow};
use crate::flow::{
    change_set::row::Reading,
    keyed::{Keyed, has},
    meaning::same,
    object::{MARK, Row},
};
use shared::{
    change_set::MenuWords,
    drift::{Altered, Difference},
    routeros::secret::is_secret,
};
use std::collections::BTreeMap;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// The ids of the owned rows that are there, by [`OwnedRow::subject`].
    pub ids: BTreeMap<String, String>,
    /// The order of each ordered menu that was compared, as it is.
    pub orders: BTreeMap<String, Order>,
}

/// Compares the owned rows of some menus with what was read of these. `ids` are those of the last comparison of this
/// session: a row whose key somebody altered is known by its id until the router boots. `orders` are those in which the
/// menus were last found right.
pub fn compare(
    owned: &Owned,
    menus: &[&MenuWords],
    reading: &Reading,
    ids: &BTreeMap<String, String>,
    orders: &BTreeMap<String, Order>,
) -> Compared {
    let mut compared = Compared::default();
    for words in menus {
        let own: Vec<&OwnedRow> = owned.rows.iter().filter(|row| row.menu == words.path).collect();
        let rows = Keyed::new(reading.rows(&words.path), own.iter().map(|row| &row.key));
        let mut places: BTreeMap<usize, String> = BTreeMap::new();
        for &row in &own {
            let subject = row.subject();
            let Some(at) = place(row, &rows, ids.get(&subject)) else {
                compared.findings.push(finding(row, Difference::Missing(row.whole.clone())));
                continue;
            };
            let altered = rows.at(at).map(|there| altered(row, there)).unwrap_or_default();
            if !altered.is_empty() {
                compared.findings.push(finding(row, Difference::Altered(altered)));
            }
            compared.ids.insert(subject.clone(), rows.at(at).map(|row| row.id().to_owned()).unwrap_or_default());
            places.insert(at, subject);
        }
        if words.ordered {
            let now = Order::of(rows.rows(), &places, words);
            let moved = orders.get(&words.path).map(|right| right.moved(&now)).unwrap_or_default();
            let rows = own.iter().filter(|row| moved.contains(&row.subject()));
            compared.findings.extend(rows.map(|row| finding(row, Difference::Moved)));
            compared.orders.insert(words.path.clone(), now);
        }
    }
    compared
}

/// Where an owned row is among the rows of its menu.
pub(super) fn place(row: &OwnedRow, rows: &Keyed<'_>, id: Option<&String>) -> Option<usize> {
    let same = |there: &Row| row.whole.iter().filter(|(name, value)| same(name, value, there.get(name))).count();
    let alike = |at: &usize| rows.at(*at).map_or(0, same);
    let by_key = rows.matching(&row.key).into_iter().max_by_key(|at| (alike(at), std::cmp::Reverse(*at)));
    by_key.or_else(|| rows.rows().iter().position(|there| id.is_some_and(|id| there.id() == id)))
}

/// Which properties of a row that is there are not as they should be, of those that can be read.
pub(super) fn altered(row: &OwnedRow, there: &Row) -> Vec<Altered> {
    let found = |name: &str| Some(there.get(name)).filter(|value| !value.is_empty()).map(str::to_owned);
    let wanted = row.wanted.iter().map(|(name, value)| (name, value.as_deref()));
    let named = |name: &String| row.wanted.iter().any(|(known, _)| known == name);
    let key = row.key.iter().filter(|(name, _)| !named(name)).map(|(name, value)| (name, Some(value.as_str())));
    wanted
        .chain(key)
        .filter(|(name, _)| !is_secret(name))
        .filter(|(name, value)| {
            let marked = *name == "comment" && value.is_some_and(|value| value.starts_with(MARK) && !named(name));
            let right = value.unwrap_or_default();
            if marked { !has(there, name, right) } else { !same(name, right, there.get(name)) }
        })
        .map(|(name, value)| Altered { property: name.clone(), wanted: value.map(str::to_owned), found: found(name) })
        .collect()
}

fn finding(row: &OwnedRow, difference: Difference) -> Finding {
    Finding {
        menu: row.menu.clone(),
        row: row.key.clone(),
        item: Some((row.change_set.clone(), row.item.clone())),
        vif: None,
        difference,
        policy: row.policy,
    }
}

#[cfg(test)]
mod tests;
