//! What the engine knows of values that it cannot read.

use super::Engine;
use crate::{flow::change_set::row::secret::Known, io::store::StoreError};
use shared::{change_set::MenuWords, routeros::secret::is_secret};

impl Engine {
    /// What is known of secrets in these menus. Most have none, and all kept changes are gone through for it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(super) fn secrets(&self, menus: &[MenuWords]) -> Result<Known, StoreError> {
        let has_secrets = menus.iter().flat_map(|words| &words.writable).any(|name| is_secret(name));
        if has_secrets { Ok(self.journal.owned()?.secrets()) } else { Ok(Known::default()) }
    }
}
