//! VIFs.

use super::{Accepted, Planning, Window};
use crate::{
    io::http::{
        App,
        gate::Caller,
        read::{self, Json, Params},
    },
    problem::Problem,
    view::{NewVif, VifView},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};

type Made = (StatusCode, axum::Json<Accepted>);

/// The VIFs of a router, by their VLANs.
#[utoipa::path(get, path = "/api/v1/routers/{router}/vifs", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), Window),
    responses((status = 200, body = Vec<VifView>)))]
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Path(router): Path<String>,
    Params(window): Params<Window>,
) -> Result<axum::Json<Vec<VifView>>, Problem> {
    let vifs = app.controller().vifs(&read::router(&router)?).await?;
    window.of(vifs, |vif| &vif.id).map(axum::Json)
}

/// Makes a VIF by way of a change set, which confirms itself unless it is only planned.
#[utoipa::path(post, path = "/api/v1/routers/{router}/vifs", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), Planning), request_body = NewVif,
    responses((status = 202, body = Accepted)))]
pub(in crate::io::http) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(router): Path<String>,
    Params(planning): Params<Planning>,
    Json(new): Json<NewVif>,
) -> Result<Made, Problem> {
    let id = app.controller().create_vif(&read::router(&router)?, new, planning.plan, &caller.who()).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { change_set: id.to_string() })))
}

/// One VIF.
#[utoipa::path(get, path = "/api/v1/routers/{router}/vifs/{vif}", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id")),
    responses((status = 200, body = VifView)))]
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
) -> Result<axum::Json<VifView>, Problem> {
    app.controller().vif(&read::router(&router)?, &read::vif(&vif)?).await.map(axum::Json)
}

/// Removes a VIF by way of a change set, which confirms itself unless it is only planned.
#[utoipa::path(delete, path = "/api/v1/routers/{router}/vifs/{vif}", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id"),
        Planning),
    responses((status = 202, body = Accepted)))]
pub(in crate::io::http) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((router, vif)): Path<(String, String)>,
    Params(planning): Params<Planning>,
) -> Result<Made, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let id = app.controller().remove_vif(&router, &vif, planning.plan, &caller.who()).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { change_set: id.to_string() })))
}
