//! Routers.

use super::Window;
use crate::{
    io::http::{
        App,
        gate::Caller,
        read::{self, Json, Params},
    },
    problem::Problem,
    view::{Enrolment, ExportView, InterfaceView, NewRouter, RouterView},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// All routers, by their names.
#[utoipa::path(get, path = "/api/v1/routers", tag = "routers", params(Window),
    responses((status = 200, body = Vec<RouterView>)))]
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Params(window): Params<Window>,
) -> Result<axum::Json<Vec<RouterView>>, Problem> {
    let routers = app.controller().routers().await?;
    window.of(routers, |router| &router.id).map(axum::Json)
}

/// Enrols a router. The answer holds secrets and is given once.
#[utoipa::path(post, path = "/api/v1/routers", tag = "routers", request_body = NewRouter,
    responses((status = 201, body = Enrolment)))]
pub(in crate::io::http) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewRouter>,
) -> Result<(StatusCode, axum::Json<Enrolment>), Problem> {
    let enrolment = app.controller().add_router(new, &caller.who()).await?;
    Ok((StatusCode::CREATED, axum::Json(enrolment)))
}

/// One router.
#[utoipa::path(get, path = "/api/v1/routers/{router}", tag = "routers",
    params(("router" = String, Path, description = "Its id")), responses((status = 200, body = RouterView)))]
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path(router): Path<String>,
) -> Result<axum::Json<RouterView>, Problem> {
    app.controller().router(&read::router(&router)?).await.map(axum::Json)
}

/// How a router is forgotten.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Forgetting {
    /// Even while it carries VIFs.
    #[serde(default)]
    force: bool,
}

/// Forgets a router. Nothing is removed from the router itself.
#[utoipa::path(delete, path = "/api/v1/routers/{router}", tag = "routers",
    params(("router" = String, Path, description = "Its id"), Forgetting), responses((status = 204)))]
pub(in crate::io::http) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(router): Path<String>,
    Params(how): Params<Forgetting>,
) -> Result<StatusCode, Problem> {
    app.controller().remove_router(&read::router(&router)?, how.force, &caller.who()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes all secrets of a router's agent anew; the old ones are void at once.
#[utoipa::path(post, path = "/api/v1/routers/{router}/rekey", tag = "routers",
    params(("router" = String, Path, description = "Its id")), responses((status = 200, body = Enrolment)))]
pub(in crate::io::http) async fn rekey(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(router): Path<String>,
) -> Result<axum::Json<Enrolment>, Problem> {
    app.controller().rekey_router(&read::router(&router)?, &caller.who()).await.map(axum::Json)
}

/// The interfaces that a VIF could leave by.
#[utoipa::path(get, path = "/api/v1/routers/{router}/interfaces", tag = "routers",
    params(("router" = String, Path, description = "Its id"), Window),
    responses((status = 200, body = Vec<InterfaceView>)))]
pub(in crate::io::http) async fn interfaces(
    State(app): State<App>,
    Path(router): Path<String>,
    Params(window): Params<Window>,
) -> Result<axum::Json<Vec<InterfaceView>>, Problem> {
    let interfaces = app.controller().interfaces(&read::router(&router)?).await?;
    window.of(interfaces, |interface| &interface.name).map(axum::Json)
}

/// What is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Exporting {
    /// Menus with commas between them; without it those that make up a router's network.
    #[serde(default)]
    menus: String,
}

/// What a router has, as a change set that asks for just that. Secrets are not in it.
#[utoipa::path(get, path = "/api/v1/routers/{router}/export", tag = "routers",
    params(("router" = String, Path, description = "Its id"), Exporting),
    responses((status = 200, body = ExportView)))]
pub(in crate::io::http) async fn export(
    State(app): State<App>,
    Path(router): Path<String>,
    Params(what): Params<Exporting>,
) -> Result<axum::Json<ExportView>, Problem> {
    let menus: Vec<String> =
        what.menus.split(',').map(str::trim).filter(|menu| !menu.is_empty()).map(str::to_owned).collect();
    app.controller().export(&read::router(&router)?, &menus).await.map(axum::Json)
}
