//! What happened on a router, and how much it carries.

use super::{Window, unknown_after};
use crate::{
    io::http::{
        App,
        read::{self, Params},
    },
    problem::Problem,
    view::{EventView, TrafficView},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// About what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct About {
    /// Only what is about this VIF.
    vif: Option<String>,
}

/// The event list of a router, newest first.
#[utoipa::path(get, path = "/api/v1/routers/{router}/events", tag = "events",
    params(("router" = String, Path, description = "The router's id"), Window, About),
    responses((status = 200, body = Vec<EventView>)))]
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Path(router): Path<String>,
    Params(window): Params<Window>,
    Params(about): Params<About>,
) -> Result<Json<Vec<EventView>>, Problem> {
    let after = window.after.as_deref().map(|after| after.parse().map_err(|_| unknown_after(after))).transpose()?;
    let about = about.vif.as_deref().map(read::vif).transpose()?;
    app.controller().events(&read::router(&router)?, window.limit(), after, about.as_ref()).await.map(Json)
}

/// The samples of the last five minutes, oldest first, as far as somebody was watching.
#[utoipa::path(get, path = "/api/v1/routers/{router}/traffic", tag = "events",
    params(("router" = String, Path, description = "The router's id")),
    responses((status = 200, body = Vec<TrafficView>)))]
pub(in crate::io::http) async fn traffic(
    State(app): State<App>,
    Path(router): Path<String>,
) -> Result<Json<Vec<TrafficView>>, Problem> {
    app.controller().traffic(&read::router(&router)?).await.map(Json)
}
