//! What of a router is not as it should be, on the router's page.

use super::{App, see, words};
use crate::{
    io::http::read,
    problem::Problem,
    view::{AlteredView, DriftView},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use shared::drift;

/// A drift as the router's page shows it.
pub(super) struct Card {
    pub(super) state: words::Tone,
    pub(super) says: &'static str,
    /// What finds the row, in one line.
    pub(super) row: String,
    pub(super) lines: Vec<Line>,
    /// What the lines are, for those who hear them.
    pub(super) caption: &'static str,
    /// Whether the row is there, and has something instead of what is wanted.
    pub(super) there: bool,
    /// Whether a person may take what was found.
    pub(super) acceptable: bool,
    pub(super) drift: DriftView,
}

/// A property with what it should be and what it is.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) wanted: String,
    pub(super) found: String,
}

/// The drifts that last.
pub(super) fn cards(drifts: Vec<DriftView>) -> Vec<Card> {
    drifts.into_iter().map(card).collect()
}

fn card(drift: DriftView) -> Card {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(nothing)".to_owned());
    let line =
        |one: &AlteredView| Line { name: one.name.clone(), wanted: value(&one.wanted), found: value(&one.found) };
    let there = drift.kind != "missing";
    let says = match drift.kind.as_str() {
        "missing" => "The row is gone. It held:",
        "moved" => "The row stands in another place, which decides what it does.",
        "surplus" => "The row belongs to a VIF that is gone.",
        _ => "Somebody altered the row:",
    };
    let row: Vec<String> = drift.row.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Card {
        state: words::drift(drift.state),
        says,
        row: row.join(" "),
        caption: if there { "What differs" } else { "What it held" },
        there,
        lines: drift.properties.iter().map(line).collect(),
        acceptable: drift.change_set.is_some() && drift.state != drift::State::Reconciling,
        drift,
    }
}

/// `POST /routers/{router}/drift/{drift}/reconcile`
pub(in crate::io::http) async fn reconcile(
    State(app): State<App>,
    Path((router, drift)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    app.controller().reconcile_drift(&id, &read::drift(&drift)?).await?;
    Ok(see(&format!("/routers/{id}")))
}

/// `POST /routers/{router}/drift/{drift}/accept`
pub(in crate::io::http) async fn accept(
    State(app): State<App>,
    Path((router, drift)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    app.controller().accept_drift(&id, &read::drift(&drift)?).await?;
    Ok(see(&format!("/routers/{id}")))
}
