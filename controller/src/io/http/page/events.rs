//! The event list of a router.

use super::{
    App, Frame, Visit, answer,
    change_set::{After, LINES},
    ok, words,
};
use crate::{
    io::http::read::{self, Params},
    problem::Problem,
    view::{EventView, RouterView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    frame: Frame,
    router: RouterView,
    tab: &'static str,
    events: Vec<Line>,
    older: Option<u64>,
}

struct Line {
    severity: words::Tone,
    event: EventView,
}

/// `GET /routers/{router}/events`
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Params(part): Params<After>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    let router = app.controller().router(&id).await?;
    let after = part.after.map(|after| after.parse().map_err(|_| answer::not_found())).transpose()?;
    let events = app.controller().events(&id, LINES, after, None).await?;
    let older = events.last().filter(|_| events.len() == LINES).map(|last| last.id);
    let events = events.into_iter().map(|event| Line { severity: words::severity(event.severity), event }).collect();
    let frame = visit.frame().here("routers").live(&router.id);
    Ok(ok(&EventsPage { frame, router, tab: "events", events, older }))
}
