//! A menu as it is written down: each name once, and for each row which of them it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Row, Rows};

/// A menu: its path, the names that occur in it, and per row the values with their names' places in that list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Table {
    path: Box<str>,
    names: Vec<Box<str>>,
    rows: Vec<Vec<(u16, Box<str>)>>,
}

impl Table {
    /// The table of a menu's rows.
    pub(super) fn of(path: &str, rows: &[Row]) -> Self {
        let mut places: BTreeMap<&str, u16> = BTreeMap::new();
        let mut names = Vec::new();
        let mut table = Vec::with_capacity(rows.len());
        for row in rows {
            let mut values = Vec::new();
            for (name, value) in row.properties() {
                let place = *places.entry(name).or_insert_with(|| {
                    names.push(name.into());
                    // No menu has more than a few hundred properties.
                    u16::try_from(names.len() - 1).unwrap_or(u16::MAX)
                });
                values.push((place, value.into()));
            }
            table.push(values);
        }
        Self { path: path.into(), names, rows: table }
    }

    /// The path and the rows. A value without a name, which nobody writes, is left out.
    pub(super) fn into_rows(self) -> (Box<str>, Vec<Row>) {
        let Self { path, names, rows } = self;
        let mut read = Rows::default();
        for row in rows {
            read.push(row.into_iter().filter_map(|(place, value)| Some((names.get(usize::from(place))?, value))));
        }
        (path, read.finish())
    }
}
