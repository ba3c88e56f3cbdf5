//! `POST /client`: somebody on the LAN comes, goes or moves.

use axum::extract::State;
use serde::Deserialize;

use super::{Answer, Body, Shared, done};

/// Who, and where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    mac: String,
    #[serde(default)]
    name: String,
    #[serde(default = "ether2")]
    interface: String,
    present: bool,
}

fn ether2() -> String {
    "ether2".to_owned()
}

pub(super) async fn client(State(router): Shared, body: Body<Client>) -> Answer {
    let Client { mac, name, interface, present } = body?.0;
    let now = router.clock.now();
    router.device().set_client(now, &mac, &name, &interface, present)?;
    router.notify();
    done()
}
