//! Looking at a change set before the agent plans it: the router is read through the agent, and the stages run on that.

use super::{
    Controller,
    reading::{schema, unread},
};
use crate::{
    flow::{
        change_set::{
            ChangeSet,
            validate::{Administrator, Context, Device, Pages, Validation, model, reads, validate},
        },
        enrolment,
    },
    io::store::{StoreError, routers},
};
use shared::{
    change_set::{Item, Refusal},
    router::RouterState,
    routeros::{
        model::Row,
        schema::{Schema, Version, shipped},
    },
    wire::MenuRows,
};

/// What came of looking.
pub(super) enum Looked {
    /// The stages ran.
    Found {
        /// What they found.
        found: Validation,
        /// Items that remove what is not asked for any more, which the stages have seen too.
        gone: Vec<Item>,
    },
    /// The router or its agent did not answer.
    Silent(Refusal),
}

impl Controller {
    /// Reads what the items are about and whatever decides over it, and runs the stages.
    pub(super) async fn look(&self, change_set: &ChangeSet) -> Result<Looked, StoreError> {
        let id = change_set.router.clone();
        let known: Result<_, StoreError> =
            self.inner.store.call(move |tx| Ok((routers::one(tx, &id)?, routers::state(tx, &id)?))).await;
        let (router, state): (_, Option<RouterState>) = known?;
        let Some((router, state)) = router.zip(state) else {
            return Ok(Looked::Silent(unread("The agent has not told yet which version the router runs.")));
        };
        let (version, schema) = match schema(Some(&state)) {
            Ok(known) => known,
            Err(refusal) => return Ok(Looked::Silent(refusal)),
        };
        let read = match self
            .read(&change_set.router, Pages::new(reads(&change_set.items, &change_set.row_menus(), &schema)))
            .await
        {
            Ok(read) => read,
            Err(refusal) => return Ok(Looked::Silent(refusal)),
        };
        let usual = self.inner.setup.as_ref().map(|setup| setup.mqtt_url.as_str());
        let link = router.settings.mqtt_url.as_deref().or(usual).and_then(enrolment::broker);
        let administrator = change_set.seen_from.map(|address| Administrator { address });
        let session = enrolment::session(&router.settings);
        let (mut items, exactly) = (change_set.items.clone(), change_set.exactly.clone());
        let looking = tokio::task::spawn_blocking(move || {
            let others = others(version);
            let context = Context {
                version,
                schema: &schema,
                others: &others,
                device: Device::read(&read),
                agent: session,
                link,
                administrator,
                vifs: state.vifs.iter().map(Into::into).collect(),
            };
            let gone = exactly.map(|exactly| exactly.gone(&items, &model(&read))).unwrap_or_default();
            items.extend(gone.iter().cloned());
            Looked::Found { found: look(&items, &read, &context), gone }
        });
        Ok(looking.await.unwrap_or_else(|_| Looked::Silent(unread("The validation broke off."))))
    }
}

fn look(items: &[Item], read: &[MenuRows], context: &Context<'_>) -> Validation {
    let mut router = model(read);
    // The agent has just answered through it: its interface is up, whatever the rows say of it.
    if let Some(session) = &context.agent {
        for menu in ["/interface", "/interface/veth"] {
            let named = |row: &Row| row.get("name") == session.interface;
            if let Some(at) = router.rows(menu).iter().position(named) {
                router.set(menu, at, "running", "true");
            }
        }
    }
    validate(items, &router, context)
}

/// The schemas of other versions, to say which of them has what this one lacks.
fn others(version: Version) -> Vec<Schema> {
    let all = shipped::versions().into_iter().filter_map(shipped::shipped);
    all.filter(|schema| schema.version != version).collect()
}
