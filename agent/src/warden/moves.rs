//! Rows that were moved. No source says that RouterOS tells those who listen of a move, so the order is looked at: ids
//! alone, which costs a router little.

use crate::io::router::{Failed, RouterPort, print};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// The order of the rows of each menu when it was last looked at, as a hash of their ids.
#[derive(Debug, Default)]
pub(super) struct Orders(BTreeMap<String, u64>);

impl Orders {
    /// Those of the menus whose rows stand in another order than at the last look. A menu that was never looked at is
    /// not among them.
    ///
    /// # Errors
    /// [`Failed`]
    pub(super) async fn changed(
        &mut self,
        router: &RouterPort,
        menus: BTreeSet<String>,
    ) -> Result<Vec<String>, Failed> {
        let ids = |menu: &String| print(menu, ".id").query("dynamic=true").query("#!");
        let read = router.batch(menus.iter().map(ids).collect()).await?;
        let now: BTreeMap<String, u64> = menus
            .into_iter()
            .zip(read)
            .map(|(menu, rows)| {
                let mut hasher = DefaultHasher::new();
                for row in &rows {
                    row.id().hash(&mut hasher);
                }
                (menu, hasher.finish())
            })
            .collect();
        let before = std::mem::replace(&mut self.0, now);
        let moved = self.0.iter().filter(|(menu, order)| before.get(*menu).is_some_and(|before| before != *order));
        Ok(moved.map(|(menu, _)| menu.clone()).collect())
    }
}
