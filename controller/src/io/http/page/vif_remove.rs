//! Removing a VIF.

use super::{App, Frame, Visit, ok, see};
use crate::{
    flow::change_set::GoesOn,
    io::http::read::{self, Form},
    problem::Problem,
    view::{RouterView, VifView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "vif_remove.html")]
struct RemovePage {
    frame: Frame,
    router: RouterView,
    vif: VifView,
}

/// `GET /routers/{router}/vifs/{vif}/remove`
pub(in crate::io::http) async fn confirm(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Problem> {
    let (id, vif) = (read::router(&router)?, read::vif(&vif)?);
    let (router, vif) = (app.controller().router(&id).await?, app.controller().vif(&id, &vif).await?);
    Ok(ok(&RemovePage { frame: visit.frame().here("routers"), router, vif }))
}

#[derive(Deserialize)]
pub(in crate::io::http) struct RemoveForm {
    #[serde(default, rename = "do")]
    action: String,
}

/// `POST /routers/{router}/vifs/{vif}/remove`
pub(in crate::io::http) async fn remove(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
    Form(form): Form<RemoveForm>,
) -> Result<Response, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let goes_on = if form.action == "preview" { GoesOn::Preview } else { GoesOn::Through };
    let change = app.controller().remove_vif(&router, &vif, goes_on, &visit.person()).await?;
    Ok(see(&format!("/change-sets/{change}")))
}
