//! The router of the cases, and the schemas of all versions that there are.

use std::{collections::BTreeMap, sync::LazyLock};

use shared::routeros::{
    model::{Model, Row},
    schema::{
        Schema,
        shipped::{nearest, shipped, versions},
    },
};

use super::change_lines;

/// The rows of `router.txt`, and some more.
pub(crate) fn model(more: &str) -> Model {
    let mut menus: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let lines = include_str!("router.txt").lines().chain(more.lines());
    for (at, line) in lines.filter(|line| line.starts_with('/')).enumerate() {
        let words = change_lines::words(line);
        let id = (".id".to_owned(), format!("*{:X}", at + 1));
        let row = Row::new(change_lines::pairs(&words[1..]).into_iter().chain([id]));
        menus.entry(words[0].clone()).or_default().push(row);
    }
    Model::new(menus)
}

/// The schemas of all versions, oldest first.
pub(super) fn schemas() -> &'static [Schema] {
    static ALL: LazyLock<Vec<Schema>> = LazyLock::new(|| versions().into_iter().filter_map(shipped).collect());
    &ALL
}

/// The schema of a version, or of the nearest.
pub(super) fn schema(version: &str) -> Schema {
    nearest(version.parse().unwrap()).unwrap()
}
