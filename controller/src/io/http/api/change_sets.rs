//! Change sets, and what a person lets happen to them.

use super::Window;
use crate::{
    flow::change_set::{GoesOn, Person},
    io::http::{
        App, answer,
        gate::{Caller, step_up::Proven},
        read::{self, Json, Params},
    },
    problem::Problem,
    view::{ChangeSetView, EditedChangeSet, NewChangeSet},
};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use shared::{
    change_set::{Confirm, Event, State as Stage},
    ids::ChangeSetId,
};
use utoipa::{IntoParams, ToSchema};

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

/// How far a new change set goes by itself.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Going {
    /// `draft` (without it), `plan` or `apply`.
    go: Option<String>,
}

impl Going {
    fn on(&self) -> Result<GoesOn, Problem> {
        match self.go.as_deref() {
            None | Some("draft") => Ok(GoesOn::Draft),
            Some("plan") => Ok(GoesOn::Preview),
            Some("apply") => Ok(GoesOn::Through),
            Some(_) => {
                Err(Problem::field("go", "A change set goes on to `draft`, `plan` or `apply`.", "Give one of them."))
            }
        }
    }
}

/// Makes a change set of rows: a draft, or with `go` one that is validated or carried out in its turn.
#[utoipa::path(post, path = "/api/v1/routers/{router}/change-sets", tag = "change sets",
    params(("router" = String, Path, description = "The router's id"), Going), request_body = NewChangeSet,
    responses((status = 201, body = ChangeSetView)))]
pub(in crate::io::http) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(router): Path<String>,
    Params(going): Params<Going>,
    Json(new): Json<NewChangeSet>,
) -> Result<(StatusCode, axum::Json<ChangeSetView>), Problem> {
    let goes_on = going.on()?;
    let made = app.controller().create_change_set(&read::router(&router)?, new, goes_on, &caller.person()).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Alters a draft, or a change set that was looked at and not begun. Answers 409 `version_conflict` where somebody else
/// was faster.
#[utoipa::path(patch, path = "/api/v1/change-sets/{change_set}", tag = "change sets",
    params(("change_set" = String, Path, description = "Its id")), request_body = EditedChangeSet,
    responses((status = 200, body = ChangeSetView)))]
pub(in crate::io::http) async fn edit(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(edited): Json<EditedChangeSet>,
) -> Result<axum::Json<ChangeSetView>, Problem> {
    app.controller().edit_change_set(&read::change_set(&id)?, edited, &caller.person()).await.map(axum::Json)
}

/// Calls a change set off that was not begun. It stays in the history as `idle`.
#[utoipa::path(delete, path = "/api/v1/change-sets/{change_set}", tag = "change sets",
    params(("change_set" = String, Path, description = "Its id")), responses((status = 200, body = ChangeSetView)))]
pub(in crate::io::http) async fn discard(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<axum::Json<ChangeSetView>, Problem> {
    step(&app, &read::change_set(&id)?, "cancel", &caller.person()).await.map(axum::Json)
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
    /// Of `validate`: codes of findings to go on past, of those that may be overruled. The change is a high risk then and
    /// a person has to keep it.
    #[serde(default)]
    force: Vec<String>,
    /// Of `extend`: seconds from now, 15 to 3600.
    #[serde(default)]
    seconds: Option<u32>,
}

/// Lets something happen to a change set: `validate`, `confirm`, `acknowledge`, `keep`, `extend`, `cancel`, `rollback`,
/// `retry` or `reset`. Answers 409 with `legal_events` where the state does not allow it. `revert` makes a new change set
/// that takes a kept one back, and answers with that one: it waits for `confirm`, with what others have altered since
/// among its findings. What stands in `step_up_events` leads to a VIF without a kill switch: it is refused with 403
/// `step_up_required` unless the password comes along, or the token has the scope `kill_switch_off`.
#[utoipa::path(post, path = "/api/v1/change-sets/{change_set}/{event}", tag = "change sets",
    params(("change_set" = String, Path, description = "Its id"),
        ("event" = String, Path, description = "`validate`, `confirm`, `acknowledge`, `keep`, `extend`, `cancel`, `rollback`, `retry`, `reset` or `revert`"),
        ("X-Step-Up" = Option<String>, Header, description = "The password, for what is in `step_up_events`")),
    request_body(content = Option<Consent>), responses((status = 200, body = ChangeSetView)))]
pub(in crate::io::http) async fn happen(
    State(app): State<App>,
    Proven(person): Proven,
    Path((id, event)): Path<(String, String)>,
    body: Bytes,
) -> Result<axum::Json<ChangeSetView>, Problem> {
    let consent = if body.is_empty() { Consent::default() } else { read::json(&body)? };
    let id = read::change_set(&id)?;
    if !consent.force.is_empty() {
        if event != "validate" {
            let hint = "Give `force` with `validate`: what is overruled is looked at once more.";
            return Err(Problem::field("force", "Findings are overruled when it is validated.", hint));
        }
        return app.controller().force_change_set(&id, consent.force, &person).await.map(axum::Json);
    }
    if event == "revert" {
        return app.controller().revert_change_set(&id, &person).await.map(axum::Json);
    }
    if event == "extend" {
        let seconds = consent.seconds.unwrap_or(Confirm::USUAL.deadline_s);
        return app.controller().extend_change_set(&id, seconds).await.map(axum::Json);
    }
    step(&app, &id, &event, &person).await.map(axum::Json)
}

/// Lets an event happen by its word; `rollback` means what undoes in the state that the change set is in.
pub(in crate::io::http) async fn step(
    app: &App,
    id: &ChangeSetId,
    word: &str,
    who: &Person,
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
