//! VIFs.

use super::{Accepted, Planning, Window};
use crate::{
    controller::Deed,
    flow::vif,
    io::http::{
        App,
        gate::{Caller, step_up::Proven},
        read::{self, Json, Params},
    },
    problem::Problem,
    view::{EditedVif, NewVif, TrafficHistoryView, VifView},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use shared::vif::Span;
use utoipa::IntoParams;

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

/// Makes a VIF by way of a change set, which confirms itself unless it is only planned. Without a kill switch it is
/// refused with 403 `step_up_required` unless the password comes along, or the token has the scope `kill_switch_off`.
#[utoipa::path(post, path = "/api/v1/routers/{router}/vifs", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), Planning,
        ("X-Step-Up" = Option<String>, Header, description = "The password, for `off`")), request_body = NewVif,
    responses((status = 202, body = Accepted)))]
pub(in crate::io::http) async fn create(
    State(app): State<App>,
    Proven(person): Proven,
    Path(router): Path<String>,
    Params(planning): Params<Planning>,
    Json(new): Json<NewVif>,
) -> Result<Made, Problem> {
    let id = app.controller().create_vif(&read::router(&router)?, new, planning.goes_on(), &person).await?;
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

/// Alters a VIF by way of a change set, which confirms itself unless it is only planned; what is not named stays. Where
/// it has no kill switch afterwards it is refused with 403 `step_up_required` unless the password comes along, or the
/// token has the scope `kill_switch_off`.
#[utoipa::path(patch, path = "/api/v1/routers/{router}/vifs/{vif}", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id"),
        Planning, ("X-Step-Up" = Option<String>, Header, description = "The password, for `off`")),
    request_body = EditedVif, responses((status = 202, body = Accepted)))]
pub(in crate::io::http) async fn update(
    State(app): State<App>,
    Proven(person): Proven,
    Path((router, vif)): Path<(String, String)>,
    Params(planning): Params<Planning>,
    Json(edited): Json<EditedVif>,
) -> Result<Made, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let id = app.controller().update_vif(&router, &vif, &edited, planning.goes_on(), &person).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { change_set: id.to_string() })))
}

/// Closes a VIF's gate until somebody releases it.
#[utoipa::path(post, path = "/api/v1/routers/{router}/vifs/{vif}/engage", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id")),
    responses((status = 200, body = VifView)))]
pub(in crate::io::http) async fn engage(State(app): State<App>, Path(at): Path<(String, String)>) -> Told {
    told(&app, &at, Deed::Engage).await
}

/// Leaves a VIF's gate to the state of its way out again.
#[utoipa::path(post, path = "/api/v1/routers/{router}/vifs/{vif}/release", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id")),
    responses((status = 200, body = VifView)))]
pub(in crate::io::http) async fn release(State(app): State<App>, Path(at): Path<(String, String)>) -> Told {
    told(&app, &at, Deed::Release).await
}

/// Verifies a VIF's isolation now; answered when it is done.
#[utoipa::path(post, path = "/api/v1/routers/{router}/vifs/{vif}/verify", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id")),
    responses((status = 200, body = VifView)))]
pub(in crate::io::http) async fn verify(State(app): State<App>, Path(at): Path<(String, String)>) -> Told {
    told(&app, &at, Deed::Verify).await
}

type Told = Result<axum::Json<VifView>, Problem>;

async fn told(app: &App, (router, vif): &(String, String), deed: Deed) -> Told {
    app.controller().vif_deed(&read::router(router)?, &read::vif(vif)?, deed).await.map(axum::Json)
}

/// How far back, and in which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Back {
    /// `1h`, `24h` (without it), `7d`, `30d` or `90d`.
    range: Option<String>,
    /// `json` (without it) or `csv`.
    format: Option<String>,
}

/// What a VIF carried, as its agent has kept it. Where nothing was measured there is no point: a gap, not a zero.
#[utoipa::path(get, path = "/api/v1/routers/{router}/vifs/{vif}/traffic", tag = "vifs",
    params(("router" = String, Path, description = "The router's id"), ("vif" = String, Path, description = "Its id"),
        Back),
    responses((status = 200, content(
        (TrafficHistoryView = "application/json"),
        (String = "text/csv", example = "at,over_ms,rx_bytes,tx_bytes,rx_packets,tx_packets,drops")))))]
pub(in crate::io::http) async fn traffic(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    Params(back): Params<Back>,
) -> Result<Response, Problem> {
    let span = vif::span(back.range.as_deref().unwrap_or(Span::Day.as_str()))?;
    let table = match back.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::field("format", "It is told as `json` or `csv`.", "Give one of the two.")),
    };
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let history = app.controller().vif_history(&router, &vif, span).await?;
    if !table {
        return Ok(axum::Json(history).into_response());
    }
    let mut response = vif::csv(&history).into_response();
    let name = format!("attachment; filename=\"{router}-{vif}-{}.csv\"", history.range);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    // Ids have no letter that would have to be quoted there.
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
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
    let id = app.controller().remove_vif(&router, &vif, planning.goes_on(), &caller.person()).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { change_set: id.to_string() })))
}
