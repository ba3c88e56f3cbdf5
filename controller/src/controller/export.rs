//! A router as a file of changes.

use super::{Controller, reading};
use crate::{
    flow::{change_set::validate::Pages, export},
    io::store::routers,
    problem::Problem,
    view::{ExportView, LeftOutView},
};
use shared::{ids::RouterId, router::RouterState};

impl Controller {
    /// What a router has in these menus, or in the usual ones where none is named, as a file that asks for just that.
    ///
    /// # Errors
    /// `unknown_router`, `field_invalid`, `no_answer`, `refused`
    pub async fn export(&self, router: &RouterId, menus: &[String]) -> Result<ExportView, Problem> {
        let router = self.known(router).await?.id;
        let id = router.clone();
        let state: Option<RouterState> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(routers::state(tx, &id)?)).await?;
        let (_, schema) = reading::schema(state.as_ref()).map_err(reading::problem)?;
        let menus = export::menus(menus, &schema).map_err(|menu| {
            let message = format!("RouterOS {} has no menu `{menu}` in which something is configured.", schema.version);
            Problem::field("menus", message, "Write menus as /ip/firewall/filter, with commas between them.")
        })?;
        let read = self.read(&router, Pages::new(export::reads(&menus))).await.map_err(reading::problem)?;
        let found = export::exported(&menus, &read);
        Ok(ExportView {
            name: format!("{router}-as-it-is"),
            router: router.to_string(),
            items: found.items,
            left_out: found
                .left_out
                .into_iter()
                .map(|left| LeftOutView { menu: left.menu, rows: left.rows, why: left.why.words().to_owned() })
                .collect(),
        })
    }
}
