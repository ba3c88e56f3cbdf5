//! A change set: where it stands, what it writes, how it ended; and the list of them.

use super::{
    App, Errors, Frame, Visit, ok, render_problem, see,
    steps::{Step, steps},
    trace, words,
};
use crate::{
    io::http::{
        api,
        gate::step_up,
        read::{self, Form, Params},
    },
    problem::{self, Problem},
    view::{ChangeSetView, FindingView, OperationView, Risk, RouterView, StageStatus, TraceRequest},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use shared::change_set::{Event, Keep, Phase, State as Stage, Verb};

/// How many lines a page of a list has.
pub(super) const LINES: usize = 50;

/// What makes a new change set of this one, unlike the events.
const REVERT: &str = "revert";

#[derive(Template)]
#[template(path = "change_set.html")]
struct ChangePage {
    frame: Frame,
    router_name: String,
    risk: &'static str,
    state: words::Tone,
    says: &'static str,
    /// Whether something follows by itself: a draft that nobody has to validate is worked off in its turn.
    goes_on: bool,
    steps: Vec<Step>,
    waits_for: &'static str,
    progress: Option<Progress>,
    outcome: Option<words::Message>,
    actions: Vec<Action>,
    /// Why a button was not taken.
    wrong: Errors,
    findings: Vec<Finding>,
    /// Where what was asked for can be changed.
    again: Option<String>,
    /// Where it is written, of one that can be edited.
    write: Option<String>,
    plan_title: &'static str,
    operations: Vec<Operation>,
    history: Vec<Line>,
    change: ChangeSetView,
}

struct Progress {
    phase: &'static str,
    done: u32,
    total: u32,
    current: String,
}

struct Action {
    event: &'static str,
    word: &'static str,
    class: &'static str,
}

struct Finding {
    class: &'static str,
    stage: String,
    /// Where the packet that shows it is followed.
    trace: Option<String>,
    found: FindingView,
}

struct Operation {
    sign: &'static str,
    class: &'static str,
    word: &'static str,
    menu: String,
    attributes: Vec<Attribute>,
    /// Where it goes: `above row “drop all”`.
    place: Option<String>,
}

/// A property in the diff.
struct Attribute {
    name: String,
    /// What it is now, of one that changes.
    was: Option<String>,
    value: String,
}

struct Line {
    at: String,
    happened: &'static str,
    word: &'static str,
    by: String,
}

/// `GET /change-sets/{change_set}`
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let change = app.controller().change_set(&read::change_set(&id)?).await?;
    let name = app.controller().router(&read::router(&change.router)?).await?.name;
    Ok(ok(&page(visit.frame(), change, name)))
}

fn page(frame: Frame, change: ChangeSetView, router_name: String) -> ChangePage {
    let visited: Vec<Stage> = change.history.iter().map(|line| line.state).collect();
    let over = change.outcome.is_some() || change.state.is_final();
    ChangePage {
        frame: frame.here("routers").live(&change.router),
        router_name,
        risk: match change.risk {
            Risk::Low => "low",
            Risk::Normal => "normal",
            Risk::High => "high",
        },
        state: words::state(change.state),
        says: words::state_says(change.state),
        goes_on: change.state.is_processing()
            || change.state == Stage::Draft && !change.legal_events.contains(&Event::Validate),
        steps: steps(&visited, change.state),
        waits_for: match change.confirm.keep {
            Keep::Agent => "the agent's look at the router",
            Keep::Controller => "the controller's word",
            Keep::Person => "you to keep it",
        },
        progress: progress(&change),
        outcome: change.outcome.map(words::outcome),
        actions: actions(&change),
        wrong: Errors::default(),
        findings: findings(&change),
        again: again(&change),
        write: (change.legal_events.contains(&Event::Edit) && change.items.iter().all(|item| item.resource != "vif"))
            .then(|| format!("/change-sets/{}/write", change.id)),
        plan_title: if over { "What was planned" } else { "What is written to the router" },
        operations: operations(&change),
        history: change
            .history
            .iter()
            .map(|line| Line {
                at: line.at.clone(),
                happened: words::happened(line.event, line.state),
                word: words::state(line.state).word,
                by: line.by.clone(),
            })
            .collect(),
        change,
    }
}

fn progress(change: &ChangeSetView) -> Option<Progress> {
    let progress = change.progress.as_ref().filter(|_| change.state.is_processing())?;
    let phase = match progress.phase {
        Phase::Applying => "Writing",
        Phase::Verifying => "Reading back",
        Phase::RollingBack => "Undoing",
        Phase::Ended => return None,
    };
    let (done, total) = (progress.done, progress.total.max(1));
    Some(Progress { phase, done, total, current: progress.current.clone() })
}

/// One button for each thing that a person may do now.
fn actions(change: &ChangeSetView) -> Vec<Action> {
    let mut list: Vec<Action> = Vec::new();
    for (event, word, class) in change.legal_events.iter().filter_map(|&event| words::action(event)) {
        if !list.iter().any(|action| action.event == event) {
            list.push(Action { event, word, class });
        }
    }
    if change.state == Stage::Active {
        list.push(Action { event: REVERT, word: "Revert by a new change", class: "" });
    }
    list.sort_by_key(|action| action.class != "main-action");
    list
}

fn findings(change: &ChangeSetView) -> Vec<Finding> {
    let found = change.stages.iter().flat_map(|stage| {
        let class = if stage.status == StageStatus::Failed { "bad" } else { "warn" };
        stage.findings.iter().map(move |finding| Finding {
            class,
            stage: stage.name.clone(),
            trace: finding.trace.clone().map(|question| traced(change, question)),
            found: finding.clone(),
        })
    });
    found.collect()
}

/// Where the way of a packet is shown as it would be after the change.
fn traced(change: &ChangeSetView, question: TraceRequest) -> String {
    trace::address(&change.router, TraceRequest { change_set: Some(change.id.clone()), ..question })
}

/// The form with what was typed, for a VIF that could not be made; that of the VIF for one that could not be altered.
fn again(change: &ChangeSetView) -> Option<String> {
    let item = change.items.iter().find(|item| item.resource == "vif" && item.operation != "delete")?;
    if item.operation == "update" {
        let vif = item.key.as_ref().and_then(serde_json::Value::as_str)?;
        return Some(format!("/routers/{}/vifs/{}/edit", change.router, super::percent(vif)));
    }
    let text = |value: &serde_json::Value| super::percent(value.as_str().unwrap_or_default());
    let (name, egress) = (text(&item.attributes["name"]), text(&item.attributes["egress"]["interface"]));
    Some(format!("/routers/{}/add-vif?name={name}&egress={egress}", change.router))
}

fn operations(change: &ChangeSetView) -> Vec<Operation> {
    let plan = change.plan.iter().flat_map(|plan| &plan.operations);
    plan.map(|operation| {
        let (sign, class, word) = words::verb(operation.verb);
        let place = operation.place();
        Operation { sign, class, word, menu: operation.menu.clone(), attributes: attributes(operation), place }
    })
    .collect()
}

/// What changes with its value of now; of a row that goes or moves what it holds, so that people know it.
fn attributes(operation: &OperationView) -> Vec<Attribute> {
    let was = |name: &str| operation.before.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let plain = |(name, value): &(String, String)| Attribute { name: name.clone(), was: None, value: value.clone() };
    match operation.verb {
        Verb::Add => operation.own().map(plain).collect(),
        Verb::Set => {
            let changed = |(name, value): &(String, String)| Attribute {
                name: name.clone(),
                was: was(name),
                value: if value.is_empty() { "(nothing)".to_owned() } else { value.clone() },
            };
            operation.attributes.iter().map(changed).collect()
        }
        Verb::Remove | Verb::Move => operation.before.iter().chain(operation.own()).map(plain).collect(),
    }
}

#[derive(Deserialize)]
pub(in crate::io::http) struct EventForm {
    event: String,
    /// The password, for what leaves a VIF without a kill switch.
    #[serde(default)]
    step_up: String,
}

/// `POST /change-sets/{change_set}`. Whoever comes too late with a button sees where the change stands now.
pub(in crate::io::http) async fn happen(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
    Form(form): Form<EventForm>,
) -> Result<Response, Problem> {
    let change = read::change_set(&id)?;
    if form.event == REVERT {
        let made = app.controller().revert_change_set(&change, &visit.person()).await?;
        return Ok(see(&format!("/change-sets/{}", made.id)));
    }
    let now = app.controller().change_set(&change).await?;
    // A browser fills a password in where nobody needs it.
    let needed =
        now.step_up_events.iter().any(|&event| words::action(event).is_some_and(|(word, ..)| word == form.event));
    let password = if needed { form.step_up.as_str() } else { "" };
    let done = match step_up::person(&app, &visit.caller, password).await {
        Ok(person) => api::change_sets::step(&app, &change, &form.event, &person).await,
        Err(problem) => Err(problem),
    };
    match done {
        Err(problem) if [problem::STEP_UP_REQUIRED.code, problem::RATE_LIMITED.code].contains(&problem.code) => {
            let said = if password.is_empty() {
                "Type your password: without a kill switch packets leave in the clear.".to_owned()
            } else {
                format!("{} {}", problem.detail, problem.hint)
            };
            let name = app.controller().router(&read::router(&now.router)?).await?.name;
            let shown = ChangePage { wrong: Errors::at("step_up", said), ..page(visit.frame(), now, name) };
            Ok(render_problem(&problem, &shown))
        }
        Err(problem) if problem.code != problem::ILLEGAL_EVENT.code => Err(problem),
        _ => Ok(see(&format!("/change-sets/{change}"))),
    }
}

#[derive(Template)]
#[template(path = "change_sets.html")]
struct ListPage {
    frame: Frame,
    router: RouterView,
    tab: &'static str,
    changes: Vec<Row>,
    older: Option<String>,
}

struct Row {
    state: words::Tone,
    change: ChangeSetView,
}

/// Which part of a list.
#[derive(Default, Deserialize)]
pub(in crate::io::http) struct After {
    pub(super) after: Option<String>,
}

/// `GET /routers/{router}/changes`
pub(in crate::io::http) async fn list(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Params(part): Params<After>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    let router = app.controller().router(&id).await?;
    let after = part.after.as_deref().map(read::change_set).transpose()?;
    let changes = app.controller().change_sets(&id, LINES, after.as_ref()).await?;
    let older = changes.last().filter(|_| changes.len() == LINES).map(|last| last.id.clone());
    let changes = changes.into_iter().map(|change| Row { state: words::state(change.state), change }).collect();
    let frame = visit.frame().here("routers").live(&router.id);
    Ok(ok(&ListPage { frame, router, tab: "changes", changes, older }))
}

#[cfg(test)]
mod tests;
