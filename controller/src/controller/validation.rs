//! Looking at a change set before the agent plans it: the router is read through the agent, and the stages run on that.

use super::{
    Controller,
    reading::{schema, unread},
};
use crate::{
    flow::{
        change_set::{
            ChangeSet,
            validate::{Administrator, Context, Device, Pages, Session, Validation, model, reads, validate},
        },
        enrolment,
    },
    io::store::{StoreError, routers},
};
use shared::{
    change_set::{Item, Refusal},
    router::RouterState,
    routeros::{
        model::{Model, Row},
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
        let looked = self.on_its_router(change_set, |items, gone, router, context| Looked::Found {
            found: validate(items, router, context),
            gone: gone.to_vec(),
        });
        Ok(looked.await?.unwrap_or_else(Looked::Silent))
    }

    /// Does some work with the items of a change set, those of them that remove what is not asked for any more, the rows
    /// of the router, and what is known beside them. A router that cannot be read is a [`Refusal`].
    pub(super) async fn on_its_router<T: Send + 'static>(
        &self,
        change_set: &ChangeSet,
        work: impl FnOnce(&[Item], &[Item], &Model, &Context<'_>) -> T + Send + 'static,
    ) -> Result<Result<T, Refusal>, StoreError> {
        let id = change_set.router.clone();
        let known: Result<_, StoreError> =
            self.inner.store.call(move |tx| Ok((routers::one(tx, &id)?, routers::state(tx, &id)?))).await;
        let (router, state): (_, Option<RouterState>) = known?;
        let Some((router, state)) = router.zip(state) else {
            return Ok(Err(unread("The agent has not told yet which version the router runs.")));
        };
        let (version, schema) = match schema(Some(&state)) {
            Ok(known) => known,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let wanted = Pages::new(reads(&change_set.items, &change_set.row_menus(), &schema));
        let read = match self.read(&change_set.router, wanted).await {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let usual = self.inner.setup.as_ref().map(|setup| setup.mqtt_url.as_str());
        let link = router.settings.mqtt_url.as_deref().or(usual).and_then(enrolment::broker);
        let administrator = change_set.seen_from.map(|address| Administrator { address });
        let session = enrolment::session(&router.settings);
        let (mut items, exactly) = (change_set.items.clone(), change_set.exactly.clone());
        // Thousands of rules take a while, which others should not wait for.
        let working = tokio::task::spawn_blocking(move || {
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
            work(&items, &gone, &as_it_runs(&read, context.agent.as_ref()), &context)
        });
        Ok(working.await.map_err(|_| unread("The validation broke off.")))
    }
}

/// The router's rows. The agent has just answered through its interface: that is up, whatever the rows say of it.
pub(super) fn as_it_runs(read: &[MenuRows], agent: Option<&Session>) -> Model {
    let mut router = model(read);
    if let Some(session) = agent {
        for menu in ["/interface", "/interface/veth"] {
            let named = |row: &Row| row.get("name") == session.interface;
            if let Some(at) = router.rows(menu).iter().position(named) {
                router.set(menu, at, "running", "true");
            }
        }
    }
    router
}

/// The schemas of other versions, to say which of them has what this one lacks.
fn others(version: Version) -> Vec<Schema> {
    let all = shipped::versions().into_iter().filter_map(shipped::shipped);
    all.filter(|schema| schema.version != version).collect()
}
