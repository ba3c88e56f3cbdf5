//! The way of a packet through a router, as it is configured at this moment.

use super::{Controller, reading, validation::as_it_runs};
use crate::{
    flow::{
        change_set::{
            ChangeSet,
            validate::{Context, Pages, carried_out, model},
        },
        enrolment,
        trace::{self, Example},
    },
    io::store::routers,
    problem::Problem,
    view::{TraceRequest, TraceView, iso},
};
use shared::{
    change_set::Item,
    ids::{ChangeSetId, RouterId},
    router::RouterState,
    routeros::model::Model,
};

impl Controller {
    /// What would become of a packet.
    ///
    /// # Errors
    /// `unknown_router`; `field_invalid` where there is no such packet, or no such change set of this router; `no_answer`,
    /// `refused` where the router cannot be read.
    pub async fn trace(&self, router: &RouterId, asked: &TraceRequest) -> Result<TraceView, Problem> {
        let known = self.known(router).await?;
        let (id, session) = (known.id, enrolment::session(&known.settings));
        let of = id.clone();
        let state: Option<RouterState> =
            self.inner.store.call(move |tx| Ok::<_, Problem>(routers::state(tx, &of)?)).await?;
        let vifs = state.as_ref().map(|state| state.vifs.as_slice()).unwrap_or_default();
        let packet = trace::packet(asked, vifs)?;
        let (version, schema) = reading::schema(state.as_ref()).map_err(reading::problem)?;
        let at = iso(self.clock().unix_millis());
        let mut found = if let Some(change_set) = &asked.change_set {
            let change_set = self.of_router(&id, change_set).await?;
            let after = move |items: &[Item], _: &[Item], router: &Model, context: &Context<'_>| {
                trace::answer(&carried_out(items, router, context), &packet, &at)
            };
            let found = self.on_its_router(&change_set, after).await?;
            let mut found = found.map_err(reading::problem)??;
            if change_set.has_vifs() {
                found.unknown.push("VIFs that the change makes or removes are not carried out here.".to_owned());
            }
            found
        } else {
            let read = self.read(&id, Pages::new(trace::reads(&schema))).await.map_err(reading::problem)?;
            // Thousands of rules take milliseconds, which others should not wait for.
            let found =
                tokio::task::spawn_blocking(move || trace::answer(&as_it_runs(&read, session.as_ref()), &packet, &at))
                    .await;
            found.map_err(|error| Problem::internal(&error))??
        };
        if version != schema.version {
            found.unknown.push(format!("The router runs {version}; what is known here is {}.", schema.version));
        }
        found.complete = found.unknown.is_empty();
        Ok(found)
    }

    /// A change set that a question names.
    async fn of_router(&self, router: &RouterId, change_set: &str) -> Result<ChangeSet, Problem> {
        let none = || {
            let hint = "Give the id of one of its change sets, or none for the router as it is.";
            Problem::field("change_set", "This router has no such change set.", hint)
        };
        let id = ChangeSetId::new(change_set.trim()).map_err(|_| none())?;
        match self.stored(&id).await {
            Ok(found) if found.router == *router => Ok(found),
            Ok(_) => Err(none()),
            Err(problem) if problem.status == 404 => Err(none()),
            Err(problem) => Err(problem),
        }
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
