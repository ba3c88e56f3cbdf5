//! A router as a file of changes.

use crate::flow::change_set::asked::AskedItem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A router's configuration as a change set that asks for what is there: without `left_out` it can be planned as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExportView {
    /// A name for the change set.
    pub name: String,
    /// The router.
    pub router: String,
    /// Its rows, each an `update` with a key that finds it alone. Secrets are not among the values.
    pub items: Vec<AskedItem>,
    /// What is not in it.
    pub left_out: Vec<LeftOutView>,
}

/// Rows of a menu that are in no file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOutView {
    /// The menu.
    pub menu: String,
    /// How many.
    pub rows: usize,
    /// Why, after "n rows of the menu …".
    pub why: String,
}
