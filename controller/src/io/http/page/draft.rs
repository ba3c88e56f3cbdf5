//! Writing a change set: the same text as in a file, checked with its errors at their lines.

use super::{App, Errors, Frame, Visit, ok, render, render_problem, see};
use crate::{
    flow::change_set::{GoesOn, asked::Misfit, written},
    io::http::read::{self, Form},
    problem::{self, Problem},
    view::{ChangeSetView, EditedChangeSet, NewChangeSet, RouterView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::change_set::Event;

/// What shows how it is written.
const EXAMPLE: &str = r#"name = "house rules"

[[items]]
id = "guests"
resource = "/ip/firewall/filter"
operation = "create"
attributes = { chain = "forward", src-address = "192.168.99.0/24", action = "drop", comment = "guests stay out" }
position = "first"
"#;

/// Lines of the field at least and at most; the text may be longer.
const ROWS: std::ops::RangeInclusive<usize> = 14..=40;

#[derive(Template)]
#[template(path = "change_set_write.html")]
struct WritePage {
    frame: Frame,
    router: RouterView,
    /// The draft that is edited; nothing of a new one.
    change: Option<ChangeSetView>,
    example: &'static str,
    rows: usize,
    errors: Errors,
    /// What the stages found, with the lines.
    findings: Vec<Found>,
    /// The text that somebody else saved meanwhile.
    theirs: Option<String>,
    form: WriteForm,
}

struct Found {
    line: Option<usize>,
    message: String,
    hint: String,
}

#[derive(Default, Deserialize)]
pub(in crate::io::http) struct WriteForm {
    #[serde(default)]
    text: String,
    /// The version that was seen.
    #[serde(default)]
    version: u32,
    #[serde(default, rename = "do")]
    action: String,
}

impl WriteForm {
    fn goes_on(&self) -> bool {
        self.action != "save"
    }

    /// What the text asks of a router.
    fn asked(&self, router: &str) -> Result<NewChangeSet, Problem> {
        let fields = |field: &str, message: String, hint: &str| Problem::field(field, message, hint);
        let mut map: Map<String, Value> =
            written::read(&self.text).map_err(|Misfit { field, message, hint }| fields(&field, message, &hint))?;
        map.remove("left_out");
        if let Some(other) = map.remove("router").filter(|named| named.as_str() != Some(router)) {
            let message = format!("The text is for the router {other}, and this page for `{router}`.");
            return Err(fields("router", message, "Take that line out, or write it on the other router's page."));
        }
        map.insert("source".to_owned(), "page".into());
        serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| {
            let path = error.path().to_string();
            // What the whole lacks is on no line.
            let field = if path == "." { "text" } else { &path };
            let hint = "A change has `name`, `items`, and may have `ensure`, `drift` and `confirm`.";
            fields(field, format!("That is no change: {}.", error.into_inner()), hint)
        })
    }

    /// What is wrong, with the line that it is on.
    fn errors(&self, problem: &Problem) -> Errors {
        let field = problem.extra.get("field").and_then(Value::as_str).unwrap_or_default();
        let said = format!("{} {}", problem.detail, problem.hint);
        match written::line_of(&self.text, field) {
            Some(line) => Errors::at("text", format!("Line {line}: {said}")),
            None if field.is_empty() || field == "text" => Errors::at("text", said),
            None => Errors::at("text", format!("{field}: {said}")),
        }
    }
}

/// `GET /routers/{router}/write-change`
pub(in crate::io::http) async fn blank(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let router = app.controller().router(&read::router(&router)?).await?;
    Ok(ok(&page(&visit, router, None, WriteForm::default(), Errors::default())))
}

/// `POST /routers/{router}/write-change`
pub(in crate::io::http) async fn create(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Form(form): Form<WriteForm>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    let router = app.controller().router(&id).await?;
    let goes_on = if form.goes_on() { GoesOn::Preview } else { GoesOn::Draft };
    let made = match form.asked(&router.id) {
        Ok(new) => app.controller().create_change_set(&id, new, goes_on, &visit.person()).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(see(&format!("/change-sets/{}", made.id))),
        Err(problem) => {
            let errors = form.errors(&problem);
            Ok(render_problem(&problem, &page(&visit, router, None, form, errors)))
        }
    }
}

/// `GET /change-sets/{change_set}/write`. What cannot be edited any more is shown instead.
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let change = app.controller().change_set(&read::change_set(&id)?).await?;
    let text = written::of(&change).filter(|_| change.legal_events.contains(&Event::Edit));
    let Some(text) = text else { return Ok(see(&format!("/change-sets/{}", change.id))) };
    let router = app.controller().router(&read::router(&change.router)?).await?;
    let form = WriteForm { text, version: change.version, action: String::new() };
    Ok(ok(&page(&visit, router, Some(change), form, Errors::default())))
}

/// `POST /change-sets/{change_set}/write`. Who was outrun sees what the other saved beside what they typed.
pub(in crate::io::http) async fn edit(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
    Form(mut form): Form<WriteForm>,
) -> Result<Response, Problem> {
    let id = read::change_set(&id)?;
    let known = app.controller().change_set(&id).await?;
    let router = app.controller().router(&read::router(&known.router)?).await?;
    let edited = match form.asked(&router.id) {
        Ok(new) => app.controller().edit_change_set(&id, edit_of(new, form.version), &visit.person()).await,
        Err(problem) => Err(problem),
    };
    let problem = match edited {
        Ok(_) if form.goes_on() => {
            let asked = app.controller().change_set_event(&id, Event::Validate, &visit.person()).await;
            return match asked {
                Err(problem) if problem.code != problem::ILLEGAL_EVENT.code => Err(problem),
                // It is saved; whoever was faster with a button has their way.
                _ => Ok(see(&format!("/change-sets/{id}"))),
            };
        }
        Ok(_) => return Ok(see(&format!("/change-sets/{id}"))),
        Err(problem) => problem,
    };
    let change = app.controller().change_set(&id).await?;
    if problem.code != problem::VERSION_CONFLICT.code {
        let errors = form.errors(&problem);
        return Ok(render_problem(&problem, &page(&visit, router, Some(change), form, errors)));
    }
    form.version = change.version;
    let theirs = written::of(&change);
    let errors = Errors::above(
        "Somebody else saved this change while you wrote. Nothing of yours is lost: take over \
         from below what you want of theirs, then save again, which replaces it.",
    );
    let page = WritePage { theirs, ..page(&visit, router, Some(change), form, errors) };
    Ok(render(StatusCode::CONFLICT, &page))
}

fn edit_of(new: NewChangeSet, version: u32) -> EditedChangeSet {
    EditedChangeSet {
        version,
        name: Some(new.name),
        items: Some(new.items),
        ensure: Some(new.ensure.unwrap_or_else(|| "present".to_owned())),
        drift: new.drift,
        confirm: new.confirm,
    }
}

fn page(
    visit: &Visit,
    router: RouterView,
    change: Option<ChangeSetView>,
    form: WriteForm,
    errors: Errors,
) -> WritePage {
    let rows = (form.text.lines().count() + 3).clamp(*ROWS.start(), *ROWS.end());
    let findings = change.as_ref().map(|change| found(change, &form.text)).unwrap_or_default();
    let frame = visit.frame().here("routers");
    WritePage { frame, router, change, example: EXAMPLE, rows, errors, findings, theirs: None, form }
}

fn found(change: &ChangeSetView, text: &str) -> Vec<Found> {
    let all = change.stages.iter().flat_map(|stage| &stage.findings);
    all.map(|finding| {
        let at = finding.item.as_ref().and_then(|item| written::items(change).position(|known| known.id == *item));
        let field = at.map(|at| format!("items[{at}].{}", finding.field.as_deref().unwrap_or_default()));
        Found {
            line: field.and_then(|field| written::line_of(text, &field)),
            message: finding.message.clone(),
            hint: finding.hint.clone(),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests;
