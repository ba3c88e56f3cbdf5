//! What an order is decided on.

use super::{Engine, storage};
use crate::flow::change_set::{Change, Sight, decide};
use shared::{
    change_set::{MenuWords, Refusal, Resource},
    wire::ChangeOrder,
};

impl Engine {
    pub(super) fn decide(&self, order: &ChangeOrder, sight: &Sight) -> Result<Change, Refusal> {
        let vifs = self.journal.vifs().map_err(|error| storage(&error))?;
        let known = self.secrets(&order.menus).map_err(|error| storage(&error))?;
        decide(order, &vifs, &self.pools, sight, &known, self.clock.unix_millis())
    }

    /// The router as an order has to know it.
    pub(super) async fn look(&mut self, order: &ChangeOrder) -> Result<Sight, Refusal> {
        let mut sight = self.read(&order.menus).await?;
        let writes = order.items.iter().any(|item| match item.resource {
            Resource::VifCreate(_) | Resource::VifUpdate(_) => true,
            Resource::VifRemove(_) | Resource::Row(_) => false,
        });
        if writes {
            sight.around = self.router.read_around().await.map_err(|failed| unread(failed.message()))?;
        }
        Ok(sight)
    }

    pub(super) async fn read(&mut self, menus: &[MenuWords]) -> Result<Sight, Refusal> {
        self.router.read(menus).await.map_err(|failed| unread(failed.message()))
    }
}

fn unread(why: &str) -> Refusal {
    let message = format!("the router cannot be read: {why}");
    Refusal::new("router_unreachable", message, "Run `bulkhead-agent check`; it says what is wrong.")
}
