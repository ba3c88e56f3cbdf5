//! Change sets, and what a person lets happen to them.

use super::Window;
use crate::{
    io::http::{
        App, answer,
        gate::Caller,
        read::{self, Params},
    },
    problem::{self, Problem},
    view::ChangeSetView,
};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use shared::{
    change_set::{Event, State as Stage},
    ids::ChangeSetId,
};
use utoipa::ToSchema;

/// The change sets of a router, newest first.
#[utoipa::path(get, path = "/api/v1/routers/{router}/change-sets", tag = "change sets",
    params(("router" = String, Path, description = "The router's id"), Window),
    responses((status = 200, body = Vec<ChangeSetView>)))]
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Path(router): Path<String>,
    Params(window): Params<Window>,
) -> Result<axum::Json<Vec<ChangeSetView>>, Problem> {
    let after = window.after.as_deref().map(read::change_set).transpose()?;
    app.controller().change_sets(&read::router(&router)?, window.limit(), after.as_ref()).await.map(axum::Json)
}

/// One change set.
#[utoipa::path(get, path = "/api/v1/change-sets/{change_set}", tag = "change sets",
    params(("change_set" = String, Path, description = "Its id")), responses((status = 200, body = ChangeSetView)))]
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<axum::Json<ChangeSetView>, Problem> {
    app.controller().change_set(&read::change_set(&id)?).await.map(axum::Json)
}

/// What may come along with `confirm`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Codes of findings to go on past. A later version takes it.
    #[serde(default)]
    force: Vec<String>,
}

/// Lets something happen to a change set: `validate`, `confirm`, `acknowledge`, `keep`, `cancel`, `rollback`, `retry`
/// or `reset`. Answers 409 with `legal_events` where the state does not allow it.
#[utoipa::path(post, path = "/api/v1/change-sets/{change_set}/{event}", tag = "change sets",
    params(("change_set" = String, Path, description = "Its id"),
        ("event" = String, Path, description = "`validate`, `confirm`, `acknowledge`, `keep`, `cancel`, `rollback`, `retry` or `reset`")),
    request_body(content = Option<Consent>), responses((status = 200, body = ChangeSetView)))]
pub(in crate::io::http) async fn happen(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, event)): Path<(String, String)>,
    body: Bytes,
) -> Result<axum::Json<ChangeSetView>, Problem> {
    let consent = if body.is_empty() { Consent::default() } else { read::json(&body)? };
    if !consent.force.is_empty() {
        return Err(Problem::new(
            problem::NOT_AVAILABLE_YET,
            "Findings cannot be overruled in this version.",
            "Change what was asked for, or leave `force` out.",
        )
        .with("field", "force"));
    }
    step(&app, &read::change_set(&id)?, &event, &caller.who()).await.map(axum::Json)
}

/// Lets an event happen by its word; `rollback` means what undoes in the state that the change set is in.
pub(in crate::io::http) async fn step(
    app: &App,
    id: &ChangeSetId,
    word: &str,
    who: &str,
) -> Result<ChangeSetView, Problem> {
    let event = match word {
        "validate" => Event::Validate,
        "confirm" => Event::Confirm,
        "acknowledge" => Event::Acknowledge,
        "keep" => Event::Keep,
        "cancel" => Event::Cancel,
        "retry" => Event::Retry,
        "reset" => Event::Reset,
        "rollback" => match app.controller().change_set(id).await?.state {
            Stage::Active => Event::Undo,
            Stage::Error => Event::ForceRollback,
            Stage::Idle
            | Stage::Draft
            | Stage::Validating
            | Stage::Invalid
            | Stage::Previewing
            | Stage::Confirming
            | Stage::Applying
            | Stage::Verifying
            | Stage::Rollback
            | Stage::RolledBack => Event::Roll,
        },
        _ => return Err(answer::not_found()),
    };
    app.controller().change_set_event(id, event, who).await
}
