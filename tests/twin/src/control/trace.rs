//! `POST /trace`: the way of a packet through the modelled firewall and routing.

use axum::{Json, extract::State};
use shared::routeros::trace::{Packet, Trace};

use super::{Body, Refusal, Shared};

/// Answers 422 for a packet that cannot be: two families, an unknown interface or protocol, no way to tell where it
/// comes in.
pub(super) async fn trace(State(router): Shared, body: Body<Packet>) -> Result<Json<Trace>, Refusal> {
    let Json(packet) = body?;
    let now = router.clock.now();
    let mut device = router.device();
    device.settle(now);
    Ok(Json(device.trace(&packet)?))
}
