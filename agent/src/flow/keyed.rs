//! Rows of a menu, found by what they hold: a key is some properties that one row has all of.
//!
//! Menus of thousands of rows are gone through with as many keys, on a router, again and again. Rows are therefore put
//! into an index by the first property of the keys, and only those that fit there are compared.

use crate::flow::{
    meaning::{meaning, same},
    object::{MARK, Marked, Row},
};
use shared::change_set::Attribute;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// The rows of a menu, in the router's order, with an index.
pub struct Keyed<'a> {
    rows: Vec<&'a Row>,
    columns: BTreeMap<&'a str, Column<'a>>,
}

/// The places of the rows that have a value, by what it means; of marked rows also by their mark.
type Column<'a> = BTreeMap<Cow<'a, str>, Vec<usize>>;

impl<'a> Keyed<'a> {
    /// An index for such keys; others find their rows too, but slowly.
    pub fn new(rows: Vec<&'a Row>, keys: impl IntoIterator<Item = &'a Vec<Attribute>>) -> Self {
        let first: BTreeSet<&str> = keys.into_iter().filter_map(|key| Some(key.first()?.0.as_str())).collect();
        let columns = first.into_iter().map(|name| (name, column(name, &rows))).collect();
        Self { rows, columns }
    }

    /// All rows.
    pub fn rows(&self) -> &[&'a Row] {
        &self.rows
    }

    /// The row at a place.
    pub fn at(&self, place: usize) -> Option<&'a Row> {
        self.rows.get(place).copied()
    }

    /// The places of the rows that have all of a key, from above.
    pub fn matching(&self, key: &[Attribute]) -> Vec<usize> {
        let fits = |at: &usize| self.at(*at).is_some_and(|row| key.iter().all(|(name, value)| has(row, name, value)));
        match key.first() {
            Some((name, value)) => self.perhaps(name, [value.as_str()]).into_iter().filter(fits).collect(),
            None => (0..self.rows.len()).collect(),
        }
    }

    /// The places of the rows that may have one of these values, from above: none that has one is left out.
    pub fn perhaps<'v>(&self, name: &str, values: impl IntoIterator<Item = &'v str>) -> BTreeSet<usize> {
        let Some(column) = self.columns.get(name) else { return (0..self.rows.len()).collect() };
        let value = |value: &'v str| mark_of(name, value).map_or_else(|| meaning(name, value), Cow::Borrowed);
        values.into_iter().filter_map(|one| column.get(&value(one))).flatten().copied().collect()
    }
}

fn column<'a>(name: &str, rows: &[&'a Row]) -> Column<'a> {
    let mut column = Column::new();
    for (at, row) in rows.iter().enumerate() {
        column.entry(meaning(name, row.get(name))).or_default().push(at);
        if let Some(mark) = row.mark().filter(|_| name == "comment") {
            column.entry(Cow::Borrowed(mark)).or_default().push(at);
        }
    }
    column
}

/// The mark that a key's value asks for: the first word of a comment.
fn mark_of<'v>(name: &str, value: &'v str) -> Option<&'v str> {
    value.split_whitespace().next().filter(|word| name == "comment" && word.starts_with(MARK))
}

/// Whether a row has what a key asks for.
pub fn has(row: &Row, name: &str, value: &str) -> bool {
    match mark_of(name, value) {
        Some(mark) => row.mark() == Some(mark),
        None => same(name, value, row.get(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, value: &str) -> Vec<Attribute> {
        vec![(name.to_owned(), value.to_owned())]
    }

    fn row(attributes: &[(&str, &str)]) -> Row {
        Row::new(attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn an_index_finds_what_a_search_finds() {
        let rows = [
            row(&[("comment", "bulkhead:row/a mine"), ("address", "10.0.0.1"), ("timeout", "1w")]),
            row(&[("comment", "bulkhead:row/a"), ("address", "10.0.0.1/32"), ("disabled", "true")]),
            row(&[("comment", "bulkhead:row/b"), ("address", "10.0.0.2"), ("timeout", "7d")]),
            row(&[("comment", "mine"), ("address", "10.0.0.0/24"), ("mac-address", "02:AA:00:00:00:01")]),
            row(&[("address", "")]),
        ];
        let keys = [
            ("comment", "bulkhead:row/a", vec![0, 1]),
            ("comment", "bulkhead:row/a his", vec![0, 1]),
            ("comment", "mine", vec![3]),
            ("comment", "", vec![4]),
            ("address", "10.0.0.1", vec![0, 1]),
            ("address", "10.0.0.0/24", vec![3]),
            ("timeout", "7d00:00:00", vec![0, 2]),
            ("mac-address", "02:aa:00:00:00:01", vec![3]),
            ("disabled", "no", vec![0, 2, 3, 4]),
            ("absent", "x", vec![]),
        ];
        for (name, value, expected) in keys {
            let key = key(name, value);
            for keys in [vec![&key], Vec::new()] {
                let keyed = Keyed::new(rows.iter().collect(), keys);
                assert_eq!(keyed.matching(&key), expected, "{name}={value}");
            }
        }
    }

    #[test]
    fn all_of_a_key_has_to_fit_and_none_fits_all() {
        let rows = [row(&[("list", "a"), ("address", "10.0.0.1")]), row(&[("list", "a"), ("address", "10.0.0.2")])];
        let both = [key("list", "a"), key("address", "10.0.0.2")].concat();
        let keyed = Keyed::new(rows.iter().collect(), [&both]);
        assert_eq!(keyed.matching(&both), [1]);
        assert_eq!(keyed.matching(&[]), [0, 1]);
        assert_eq!(keyed.perhaps("list", ["b", "a"]), BTreeSet::from([0, 1]));
    }
}
