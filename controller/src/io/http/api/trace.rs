//! Would this leave, and where?

use crate::{
    io::http::{
        App,
        read::{self, Json},
    },
    problem::Problem,
    view::{TraceRequest, TraceView},
};
use axum::extract::{Path, State};

/// The way of a packet through the router's rules as they are now, rule by rule. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/routers/{router}/trace", tag = "routers",
    params(("router" = String, Path, description = "Its id")), request_body = TraceRequest,
    responses((status = 200, body = TraceView)))]
pub(in crate::io::http) async fn trace(
    State(app): State<App>,
    Path(router): Path<String>,
    Json(asked): Json<TraceRequest>,
) -> Result<axum::Json<TraceView>, Problem> {
    app.controller().trace(&read::router(&router)?, &asked).await.map(axum::Json)
}
