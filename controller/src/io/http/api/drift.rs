//! What of a router is not as it should be.

use crate::{
    io::http::{
        App,
        read::{self, Params},
    },
    problem::Problem,
    view::DriftView,
};
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which drifts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those that have ended, too.
    #[serde(default)]
    all: bool,
}

/// Rows that are not as kept changes left them, and objects of VIFs that are not as they should be.
#[utoipa::path(get, path = "/api/v1/routers/{router}/drift", tag = "drift",
    params(("router" = String, Path, description = "The router's id"), Which),
    responses((status = 200, body = Vec<DriftView>)))]
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Path(router): Path<String>,
    Params(which): Params<Which>,
) -> Result<axum::Json<Vec<DriftView>>, Problem> {
    app.controller().drifts(&read::router(&router)?, which.all).await.map(axum::Json)
}

/// Writes what is wanted again. Answered once the router was read back.
#[utoipa::path(post, path = "/api/v1/routers/{router}/drift/{drift}/reconcile", tag = "drift",
    params(("router" = String, Path, description = "The router's id"), ("drift" = String, Path, description = "Its id")),
    responses((status = 200, body = DriftView)))]
pub(in crate::io::http) async fn reconcile(
    State(app): State<App>,
    Path((router, drift)): Path<(String, String)>,
) -> Result<axum::Json<DriftView>, Problem> {
    app.controller().reconcile_drift(&read::router(&router)?, &read::drift(&drift)?).await.map(axum::Json)
}

/// Takes what was found for what is wanted; nothing is written to the router.
#[utoipa::path(post, path = "/api/v1/routers/{router}/drift/{drift}/accept", tag = "drift",
    params(("router" = String, Path, description = "The router's id"), ("drift" = String, Path, description = "Its id")),
    responses((status = 200, body = DriftView)))]
pub(in crate::io::http) async fn accept(
    State(app): State<App>,
    Path((router, drift)): Path<(String, String)>,
) -> Result<axum::Json<DriftView>, Problem> {
    app.controller().accept_drift(&read::router(&router)?, &read::drift(&drift)?).await.map(axum::Json)
}
