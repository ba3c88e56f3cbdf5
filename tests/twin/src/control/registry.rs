//! `POST /registry`: where container images come from.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;

use super::{Answer, Body, Shared, done};
use crate::device::containers::Image;

/// What changes; the rest stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registry {
    reachable: Option<bool>,
    no_space: Option<bool>,
    #[serde(default)]
    images: BTreeMap<String, Image>,
}

pub(super) async fn registry(State(router): Shared, body: Body<Registry>) -> Answer {
    let wanted = body?.0;
    {
        let now = router.clock.now();
        let mut device = router.device();
        device.settle(now);
        let registry = &mut device.world.registry;
        registry.reachable = wanted.reachable.unwrap_or(registry.reachable);
        registry.no_space = wanted.no_space.unwrap_or(registry.no_space);
        registry.images.extend(wanted.images);
    }
    done()
}
