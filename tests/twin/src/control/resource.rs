//! `POST /resource`: how much of the router is in use, and how warm it is.

use axum::extract::State;
use serde::Deserialize;

use super::{Answer, Body, Shared, done};

/// What changes; the rest stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    cpu_percent: Option<u64>,
    memory_percent: Option<u64>,
    temperature: Option<u64>,
}

pub(super) async fn resource(State(router): Shared, body: Body<Resource>) -> Answer {
    let wanted = body?.0;
    let now = router.clock.now();
    router.device().set_resource(now, wanted.cpu_percent, wanted.memory_percent, wanted.temperature)?;
    router.notify();
    done()
}
