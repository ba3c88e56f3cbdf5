//! `POST /wan`: the provider's side of the line.

use axum::extract::State;
use serde::Deserialize;

use super::{Answer, Body, Shared, done};
use crate::device::wan::{Dns, Lease};

/// What changes; the rest stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wan {
    up: Option<bool>,
    dhcp: Option<Lease>,
    internet: Option<bool>,
    dns: Option<Dns>,
}

pub(super) async fn wan(State(router): Shared, body: Body<Wan>) -> Answer {
    let wan = body?.0;
    router.device().set_wan(router.clock.now(), wan.up, wan.dhcp, wan.internet, wan.dns);
    router.notify();
    done()
}
