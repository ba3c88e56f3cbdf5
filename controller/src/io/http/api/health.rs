//! Whether we live.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether we live.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Ours.
    version: &'static str,
}

/// Whether the controller answers. Needs no sign-in.
#[utoipa::path(get, path = "/api/v1/health", tag = "controller", security(()), responses((status = 200, body = Health)))]
pub async fn show() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
