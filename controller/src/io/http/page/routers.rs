//! The list of routers; adding, rekeying and forgetting one.

use super::{App, Errors, Frame, Visit, form::given, ok, render, render_problem, see, words};
use crate::{
    io::http::read::{self, Form},
    problem::Problem,
    view::{Enrolment, NewRouter, RouterView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "routers.html")]
struct RoutersPage {
    frame: Frame,
    routers: Vec<Card>,
}

struct Card {
    router: RouterView,
    health: words::Tone,
    device: String,
}

/// `GET /`
pub(in crate::io::http) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let routers = app.controller().routers().await?.into_iter();
    let routers = routers.map(|router| Card { health: words::health(&router), device: device(&router), router });
    Ok(ok(&RoutersPage { frame: visit.frame().here("routers").live(""), routers: routers.collect() }))
}

/// Board, architecture and version in one line, as far as they are known.
pub(super) fn device(router: &RouterView) -> String {
    let version = router.routeros_version.as_ref().map(|version| format!("RouterOS {version}"));
    let parts = [router.board.clone(), router.architecture.clone(), version];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    if known.is_empty() { "Nothing known of the device yet".to_owned() } else { known.join(" · ") }
}

#[derive(Template)]
#[template(path = "router_add.html")]
struct AddPage {
    frame: Frame,
    errors: Errors,
    form: AddForm,
}

#[derive(Default, Deserialize)]
pub(in crate::io::http) struct AddForm {
    name: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    routeros: String,
    #[serde(default)]
    mqtt_url: String,
    #[serde(default)]
    routeros_version: String,
}

#[derive(Template)]
#[template(path = "enrolment.html")]
struct EnrolmentPage {
    frame: Frame,
    /// The file name of [`Enrolment::rsc`].
    script: String,
    enrolment: Enrolment,
}

impl EnrolmentPage {
    fn new(frame: Frame, enrolment: Enrolment) -> Self {
        Self { frame, script: format!("{}.rsc", enrolment.router), enrolment }
    }
}

/// `GET /add-router`
pub(in crate::io::http) async fn ask(visit: Visit) -> Response {
    ok(&AddPage { frame: visit.frame().here("routers"), errors: Errors::default(), form: AddForm::default() })
}

/// `POST /add-router`. The answer is the page itself: what it shows is kept nowhere and could not be shown again.
pub(in crate::io::http) async fn add(State(app): State<App>, visit: Visit, Form(form): Form<AddForm>) -> Response {
    let new = NewRouter {
        name: form.name.trim().to_owned(),
        id: given(&form.id),
        routeros: given(&form.routeros),
        mqtt_url: given(&form.mqtt_url),
        routeros_version: given(&form.routeros_version),
    };
    let frame = visit.frame().here("routers");
    match app.controller().add_router(new, &visit.who()).await {
        Ok(enrolment) => render(StatusCode::CREATED, &EnrolmentPage::new(frame, enrolment)),
        Err(problem) => {
            let errors = Errors::of_problem(&problem, &["name", "routeros_version", "id", "routeros", "mqtt_url"]);
            render_problem(&problem, &AddPage { frame, errors, form })
        }
    }
}

#[derive(Template)]
#[template(path = "router_settings.html")]
struct SettingsPage {
    frame: Frame,
    router: RouterView,
    tab: &'static str,
    errors: Errors,
}

/// `GET /routers/{router}/settings`
pub(in crate::io::http) async fn settings(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let router = app.controller().router(&read::router(&router)?).await?;
    let frame = visit.frame().here("routers");
    Ok(ok(&SettingsPage { frame, router, tab: "settings", errors: Errors::default() }))
}

/// `POST /routers/{router}/rekey`
pub(in crate::io::http) async fn rekey(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let enrolment = app.controller().rekey_router(&read::router(&router)?, &visit.who()).await?;
    Ok(ok(&EnrolmentPage::new(visit.frame().here("routers"), enrolment)))
}

#[derive(Deserialize)]
pub(in crate::io::http) struct ForgetForm {
    #[serde(default)]
    force: bool,
}

/// `POST /routers/{router}/forget`
pub(in crate::io::http) async fn forget(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Form(form): Form<ForgetForm>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    match app.controller().remove_router(&id, form.force, &visit.who()).await {
        Ok(()) => Ok(see("/")),
        Err(problem) if problem.status == 409 => {
            let router = app.controller().router(&id).await?;
            let (frame, errors) = (visit.frame().here("routers"), Errors::of_problem(&problem, &[]));
            Ok(render(StatusCode::CONFLICT, &SettingsPage { frame, router, tab: "settings", errors }))
        }
        Err(problem) => Err(problem),
    }
}
