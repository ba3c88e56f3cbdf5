//! Creating and removing a VIF.

use super::{App, Errors, Frame, Visit, ok, render, render_problem, see, words};
use crate::{
    io::http::read::{self, Form},
    problem::Problem,
    view::{EgressRequest, KillSwitchRequest, NewVif, RouterView, VifView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use shared::ids::RouterId;

#[derive(Template)]
#[template(path = "vif_add.html")]
struct AddPage {
    frame: Frame,
    router: RouterView,
    interfaces: Vec<Choice>,
    errors: Errors,
    form: AddForm,
}

struct Choice {
    name: String,
    kind: String,
    state: &'static str,
}

#[derive(Default, Deserialize)]
pub(in crate::io::http) struct AddForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    egress: String,
    #[serde(default, rename = "do")]
    action: String,
}

/// `GET /routers/{router}/add-vif`; a name and an egress may be given in the query.
pub(in crate::io::http) async fn ask(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    read::Params(form): read::Params<AddForm>,
) -> Result<Response, Problem> {
    let page = add_page(&app, &read::router(&router)?, &visit, form, Errors::default()).await?;
    Ok(ok(&page))
}

/// `POST /routers/{router}/add-vif`
pub(in crate::io::http) async fn add(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Form(form): Form<AddForm>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    if form.egress.is_empty() {
        let errors = Errors::at("egress", "Choose the interface by which it leaves.");
        return Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &add_page(&app, &id, &visit, form, errors).await?));
    }
    let new = NewVif {
        name: form.name.trim().to_owned(),
        egress: EgressRequest { interface: Some(form.egress.clone()), ..EgressRequest::default() },
        kill_switch: KillSwitchRequest::default(),
        quota: None,
    };
    match app.controller().create_vif(&id, new, form.action == "preview", &visit.who()).await {
        Ok(change) => Ok(see(&format!("/change-sets/{change}"))),
        Err(problem) if problem.status == 404 => Err(problem),
        Err(problem) => {
            let errors = Errors::of_problem(&problem, &["name", "egress", "kill_switch"]);
            Ok(render_problem(&problem, &add_page(&app, &id, &visit, form, errors).await?))
        }
    }
}

async fn add_page(app: &App, id: &RouterId, visit: &Visit, form: AddForm, errors: Errors) -> Result<AddPage, Problem> {
    let router = app.controller().router(id).await?;
    let interfaces = app.controller().interfaces(id).await?.into_iter().map(|interface| Choice {
        state: words::interface(&interface).word,
        name: interface.name,
        kind: interface.kind,
    });
    Ok(AddPage { frame: visit.frame().here("routers"), router, interfaces: interfaces.collect(), errors, form })
}

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
    let change = app.controller().remove_vif(&router, &vif, form.action == "preview", &visit.who()).await?;
    Ok(see(&format!("/change-sets/{change}")))
}
