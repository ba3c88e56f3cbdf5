//! A router's rows in memory, by menu, in the router's order.

use std::collections::BTreeMap;

use shared::wire::MenuRows;

/// The rows of the menus that were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    pub(super) menus: BTreeMap<String, Vec<Row>>,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Its `.id`; empty in a menu that is one set of values.
    pub(super) id: String,
    /// Its properties and flags that have a value.
    pub(super) attributes: BTreeMap<String, String>,
}

impl Model {
    /// What an agent read; pieces of one menu in their order.
    pub fn new<'a>(read: impl IntoIterator<Item = &'a MenuRows>) -> Self {
        let mut model = Self::default();
        for menu in read {
            let rows = model.menus.entry(menu.path.clone()).or_default();
            rows.extend(menu.rows.iter().map(|row| {
                let mut attributes: BTreeMap<String, String> = row.iter().cloned().collect();
                let id = attributes.remove(".id").unwrap_or_default();
                Row { id, attributes }
            }));
        }
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_menu_stand_one_after_the_other() {
        let piece = |ids: &[&str]| MenuRows {
            path: "/ip/pool".into(),
            rows: ids.iter().map(|id| vec![(".id".into(), (*id).into()), ("name".into(), "p".into())]).collect(),
            next: None,
            hash: [0; 32],
        };
        let model = Model::new(&[piece(&["*1", "*2"]), piece(&["*3"])]);
        let ids: Vec<&str> = model.menus["/ip/pool"].iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["*1", "*2", "*3"]);
        assert!(model.menus["/ip/pool"].iter().all(|row| row.attributes.len() == 1));
    }
}
