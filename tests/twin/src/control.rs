//! The control surface: plain HTTP with JSON by which the world around the device is changed and the device looked at.
//!
//! Only the twin has one. What cannot be done answers 422 with the reason.

mod client;
mod device_mode;
mod registry;
mod resource;
mod trace;
mod wan;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router as Routes,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{device::world::Impossible, fault::Fault, router::Router};

type Shared = State<Arc<Router>>;
type Body<T> = Result<Json<T>, JsonRejection>;
type Answer = Result<Json<Value>, Refusal>;

/// Serves the surface until the task is dropped.
pub async fn serve(router: Arc<Router>, listener: TcpListener) {
    let surface = Routes::new()
        .route("/link", post(link))
        .route("/peer", post(peer))
        .route("/traffic", post(traffic))
        .route("/fault", post(fault).delete(clear_faults))
        .route("/faults", get(faults))
        .route("/clock", post(clock))
        .route("/export", get(export))
        .route("/record", get(record))
        .route("/wan", post(wan::wan))
        .route("/client", post(client::client))
        .route("/registry", post(registry::registry))
        .route("/resource", post(resource::resource))
        .route("/device-mode", post(device_mode::device_mode))
        .route("/trace", post(trace::trace))
        .with_state(router);
    if let Err(error) = axum::serve(listener, surface).await {
        tracing::error!(%error, "the control surface has ended");
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    interface: String,
    up: bool,
}

async fn link(State(router): Shared, body: Body<Link>) -> Answer {
    let Json(link) = body?;
    router.device().set_link(router.clock.now(), &link.interface, link.up)?;
    router.notify();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    interface: String,
    alive: bool,
}

async fn peer(State(router): Shared, body: Body<Peer>) -> Answer {
    let Json(peer) = body?;
    router.device().set_peer(router.clock.now(), &peer.interface, peer.alive)?;
    router.notify();
    done()
}

/// Either an interface and its rates, or a firewall rule (by `.id` or comment) and its byte counter or rate.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Traffic {
    Interface {
        interface: String,
        #[serde(default)]
        rx_bps: u64,
        #[serde(default)]
        tx_bps: u64,
    },
    Rule {
        menu: String,
        rule: String,
        bytes: Option<u64>,
        bps: Option<u64>,
    },
}

async fn traffic(State(router): Shared, body: Body<Traffic>) -> Answer {
    let Json(traffic) = body?;
    let now = router.clock.now();
    match traffic {
        Traffic::Interface { interface, rx_bps, tx_bps } => {
            router.device().set_traffic(now, &interface, rx_bps, tx_bps)?;
        }
        Traffic::Rule { menu, rule, bytes, bps } => router.device().set_rule(now, &menu, &rule, bytes, bps)?,
    }
    done()
}

async fn fault(State(router): Shared, body: Body<Value>) -> Answer {
    let Json(wanted) = body?;
    let fault: Fault =
        serde_json::from_value(wanted).map_err(|error| Refusal(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    router.arm(fault);
    done()
}

async fn clear_faults(State(router): Shared) -> Answer {
    router.faults().clear();
    done()
}

async fn faults(State(router): Shared) -> Json<Vec<Fault>> {
    Json(router.faults().waiting().to_vec())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jump {
    advance_ms: u64,
}

async fn clock(State(router): Shared, body: Body<Jump>) -> Answer {
    let Json(jump) = body?;
    router.clock.advance(Duration::from_millis(jump.advance_ms));
    router.tick();
    done()
}

async fn export(State(router): Shared) -> Response {
    router.tick();
    let export = router.device().export();
    Json(export).into_response()
}

async fn record(State(router): Shared) -> Json<Value> {
    let count = router.record().count();
    Json(json!({ "sentences": count }))
}

#[expect(clippy::unnecessary_wraps, reason = "the good end of handlers that may refuse")]
fn done() -> Answer {
    Ok(Json(json!({})))
}

/// A request that was not fulfilled: `{"error": reason}`.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Impossible> for Refusal {
    fn from(impossible: Impossible) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, impossible.to_string())
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}
