//! A router's configuration in memory: menus by their path, each with its rows in print order, as read over the API.
//!
//! It is plain data that can be edited, so that a change can be tried on it; nothing follows from an edit but the edit
//! itself. What the router would make of it (connected routes, active ones) is for those who read it to judge.

mod row;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use row::{Row, Rows};
use table::Table;

/// A router's configuration, or the part of it that was read. A menu that was not read is one without rows.
///
/// Written down (JSON or postcard), each menu names its properties once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Table>", into = "Vec<Table>")]
pub struct Model {
    menus: BTreeMap<Box<str>, Vec<Row>>,
}

impl Model {
    /// A router of these menus (`/ip/firewall/filter`) and rows, in the router's order.
    pub fn new<P: AsRef<str>>(menus: impl IntoIterator<Item = (P, Vec<Row>)>) -> Self {
        let mut model = Self::default();
        for (path, rows) in menus {
            model.put(path.as_ref(), rows);
        }
        model
    }

    /// Sets a menu's rows, in the router's order. A menu of one row, like `/ip/settings`, has that row.
    pub fn put(&mut self, path: &str, rows: Vec<Row>) {
        self.menus.insert(path.into(), rows);
    }

    /// The menus that are there, with their rows.
    pub fn menus(&self) -> impl Iterator<Item = (&str, &[Row])> {
        self.menus.iter().map(|(path, rows)| (&**path, rows.as_slice()))
    }

    /// A menu's rows in the router's order, dynamic ones too.
    pub fn rows(&self, path: &str) -> &[Row] {
        self.menus.get(path).map_or(&[], Vec::as_slice)
    }

    /// A property of a menu that has one row only; empty where it is not there.
    pub fn setting(&self, path: &str, name: &str) -> &str {
        self.rows(path).first().map_or("", |row| row.get(name))
    }

    /// Inserts a row so that it is the `at`-th (from 0); at the end where there are fewer.
    pub fn insert(&mut self, path: &str, at: usize, row: Row) {
        let rows = self.menus.entry(path.into()).or_default();
        rows.insert(at.min(rows.len()), row);
    }

    /// Sets a property of the `at`-th row; says whether there is such a row.
    pub fn set(&mut self, path: &str, at: usize, name: &str, value: &str) -> bool {
        self.row_mut(path, at).map(|row| row.set(name, value)).is_some()
    }

    /// Takes a property from the `at`-th row; says whether there is such a row.
    pub fn unset(&mut self, path: &str, at: usize, name: &str) -> bool {
        self.row_mut(path, at).map(|row| row.unset(name)).is_some()
    }

    /// Takes the `at`-th row out, and gives it.
    pub fn remove(&mut self, path: &str, at: usize) -> Option<Row> {
        let rows = self.menus.get_mut(path)?;
        (at < rows.len()).then(|| rows.remove(at))
    }

    /// Moves the `from`-th row so that it is the `to`-th afterwards; says whether both places are there.
    pub fn move_row(&mut self, path: &str, from: usize, to: usize) -> bool {
        let Some(rows) = self.menus.get_mut(path) else { return false };
        if from.max(to) >= rows.len() {
            return false;
        }
        let row = rows.remove(from);
        rows.insert(to, row);
        true
    }

    fn row_mut(&mut self, path: &str, at: usize) -> Option<&mut Row> {
        self.menus.get_mut(path)?.get_mut(at)
    }
}

impl From<Vec<Table>> for Model {
    fn from(tables: Vec<Table>) -> Self {
        Self { menus: tables.into_iter().map(Table::into_rows).collect() }
    }
}

impl From<Model> for Vec<Table> {
    fn from(model: Model) -> Self {
        model.menus.iter().map(|(path, rows)| Table::of(path, rows)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILTER: &str = "/ip/firewall/filter";

    fn model(comments: &[&str]) -> Model {
        Model::new([(FILTER, comments.iter().map(|text| Row::new([("comment", *text)])).collect())])
    }

    fn comments(model: &Model) -> Vec<&str> {
        model.rows(FILTER).iter().map(|row| row.get("comment")).collect()
    }

    #[test]
    fn rows_are_edited_by_their_place() {
        let mut model = model(&["a", "b", "c"]);
        model.insert(FILTER, 1, Row::new([("comment", "new")]));
        assert_eq!(comments(&model), ["a", "new", "b", "c"]);
        assert!(model.move_row(FILTER, 3, 0) && comments(&model) == ["c", "a", "new", "b"]);
        assert!(model.move_row(FILTER, 0, 2) && comments(&model) == ["a", "new", "c", "b"]);
        assert_eq!(model.remove(FILTER, 1).map(|row| row.get("comment").to_owned()).as_deref(), Some("new"));
        assert!(model.set(FILTER, 0, "comment", "z") && model.unset(FILTER, 1, "comment"));
        assert_eq!(comments(&model), ["z", "", "b"]);
        model.insert(FILTER, 99, Row::new([("comment", "last")]));
        assert_eq!(comments(&model), ["z", "", "b", "last"]);
        assert!(!model.move_row(FILTER, 0, 4) && !model.set(FILTER, 4, "a", "b") && model.remove(FILTER, 4).is_none());
        assert!(model.rows("/ip/address").is_empty() && !model.unset("/ip/address", 0, "a"));
    }

    #[test]
    fn a_model_reads_back_as_it_was_written_and_names_its_properties_once() {
        let rows = vec![
            Row::new([(".id", "*1"), ("chain", "forward"), ("action", "drop")]),
            Row::new([(".id", "*2"), ("chain", ""), ("src-address-list", "ä")]),
        ];
        let model = Model::new([(FILTER, rows), ("/ip/settings", vec![Row::new([("ip-forward", "true")])])]);
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(text.matches("chain").count(), 1, "{text}");
        assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), model);
        let bytes = postcard::to_allocvec(&model).unwrap();
        assert_eq!(postcard::from_bytes::<Model>(&bytes).unwrap(), model);
    }
}
