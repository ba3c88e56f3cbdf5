//! The way of a packet through a router, as it is configured at this moment.

use super::{Controller, reading};
use crate::{
    flow::{
        change_set::validate::{Pages, model},
        trace::{self, Example},
    },
    io::store::routers,
    problem::Problem,
    view::{TraceRequest, TraceView, iso},
};
use shared::{ids::RouterId, router::RouterState};

impl Controller {
    /// What would become of a packet.
    ///
    /// # Errors
    /// `unknown_router`; `field_invalid` where there is no such packet; `no_answer`, `refused` where the router cannot be
    /// read.
    pub async fn trace(&self, router: &RouterId, asked: &TraceRequest) -> Result<TraceView, Problem> {
        let id = self.known(router).await?.id;
        let of = id.clone();
        let state: Option<RouterState> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(routers::state(tx, &of)?)).await?;
        let vifs = state.as_ref().map(|state| state.vifs.as_slice()).unwrap_or_default();
        let packet = trace::packet(asked, vifs)?;
        let (version, schema) = reading::schema(state.as_ref()).map_err(reading::problem)?;
        let read = self.read(&id, Pages::new(trace::reads(&schema))).await.map_err(reading::problem)?;
        let at = iso(self.clock().unix_millis());
        // Thousands of rules take milliseconds, which others should not wait for.
        let found = tokio::task::spawn_blocking(move || trace::answer(&model(&read), &packet, &at)).await;
        let mut found = found.map_err(|error| Problem::internal(&error))??;
        if version != schema.version {
            found.unknown.push(format!("The router runs {version}; what is known here is {}.", schema.version));
            found.complete = false;
        }
        Ok(found)
    }

    /// Questions that fit a router.
    ///
    /// # Errors
    /// `unknown_router`; `no_answer`, `refused` where the router cannot be read.
    pub async fn trace_examples(&self, router: &RouterId) -> Result<Vec<Example>, Problem> {
        let id = self.known(router).await?.id;
        let of = id.clone();
        let state: Option<RouterState> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(routers::state(tx, &of)?)).await?;
        let (_, schema) = reading::schema(state.as_ref()).map_err(reading::problem)?;
        let read = self.read(&id, Pages::new(trace::reads(&schema))).await.map_err(reading::problem)?;
        let vifs = state.as_ref().map(|state| state.vifs.as_slice()).unwrap_or_default();
        Ok(trace::examples(&model(&read), vifs))
    }
}
