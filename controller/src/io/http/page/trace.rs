//! Would this leave, and where?

use super::{App, Errors, Frame, Visit, form::given, percent, render, render_problem, words};
use crate::{
    controller::MAX_LIMIT,
    flow::trace::Example,
    io::http::read::{self, Params},
    problem::Problem,
    view::{RouterView, TraceRequest, TraceStepView, TraceView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use shared::{change_set::State as Stage, ids::RouterId};

#[derive(Template)]
#[template(path = "trace.html")]
struct TracePage {
    frame: Frame,
    router: RouterView,
    tab: &'static str,
    interfaces: Vec<String>,
    sources: Vec<Source>,
    changes: Vec<Source>,
    errors: Errors,
    form: TraceForm,
    found: Option<Found>,
    examples: Vec<Link>,
}

/// A question that fits the router, as an address of this page.
struct Link {
    words: String,
    address: String,
}

/// Something to choose: where a packet may come from, for those who do not know addresses by heart, or which change is
/// to be carried out before.
struct Source {
    value: String,
    name: String,
}

struct Found {
    tone: words::Tone,
    says: String,
    steps: Vec<TraceStepView>,
    unknown: Vec<String>,
    read_at: String,
    came_in: Option<String>,
    /// The change that is carried out before: its id and name.
    after: Option<(String, String)>,
}

/// The question, as the page's address carries it: an answer can be linked.
#[derive(Default, Deserialize)]
pub(in crate::io::http) struct TraceForm {
    #[serde(default)]
    src: String,
    #[serde(default)]
    dst: String,
    #[serde(default)]
    protocol: String,
    #[serde(default)]
    dst_port: String,
    #[serde(default)]
    in_interface: String,
    #[serde(default)]
    connection_state: String,
    #[serde(default)]
    change_set: String,
}

const FIELDS: [&str; 7] = ["src", "dst", "protocol", "dst_port", "in_interface", "connection_state", "change_set"];

impl TraceForm {
    fn is_asked(&self) -> bool {
        !self.src.trim().is_empty() || !self.dst.trim().is_empty()
    }

    fn request(&self) -> Result<TraceRequest, Problem> {
        let port = |text: String| {
            let hint = "Give a port from 0 to 65535, or none.";
            text.parse().map_err(|_| Problem::field("dst_port", format!("`{text}` is no port."), hint))
        };
        Ok(TraceRequest {
            src: self.src.trim().to_owned(),
            dst: self.dst.trim().to_owned(),
            protocol: given(&self.protocol),
            src_port: None,
            dst_port: given(&self.dst_port).map(port).transpose()?,
            in_interface: given(&self.in_interface),
            connection_state: given(&self.connection_state),
            change_set: given(&self.change_set),
        })
    }
}

/// `GET /routers/{router}/trace`
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Params(form): Params<TraceForm>,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    if !form.is_asked() {
        let mut page = page(&app, &id, &visit, form, Errors::default(), None).await?;
        // Where the router cannot be read there are none; whoever asks is told why.
        let examples = app.controller().trace_examples(&id).await.unwrap_or_default();
        page.examples = examples.into_iter().map(|example| link(&page.router.id, example)).collect();
        return Ok(render(StatusCode::OK, &page));
    }
    let answer = match form.request() {
        Ok(request) => app.controller().trace(&id, &request).await,
        Err(problem) => Err(problem),
    };
    match answer {
        Ok(found) => Ok(render(StatusCode::OK, &page(&app, &id, &visit, form, Errors::default(), Some(found)).await?)),
        Err(problem) if problem.status == 404 => Err(problem),
        Err(problem) => {
            let errors = Errors::of_problem(&problem, &FIELDS);
            Ok(render_problem(&problem, &page(&app, &id, &visit, form, errors, None).await?))
        }
    }
}

async fn page(
    app: &App,
    id: &RouterId,
    visit: &Visit,
    form: TraceForm,
    errors: Errors,
    found: Option<TraceView>,
) -> Result<TracePage, Problem> {
    let controller = app.controller();
    let router = controller.router(id).await?;
    let interfaces = controller.interfaces(id).await?.into_iter().map(|interface| interface.name).collect();
    let vifs = controller.vifs(id).await?;
    let sources = vifs
        .into_iter()
        .map(|vif| Source { name: format!("VIF {} ({})", vif.name, vif.service_ip), value: vif.name })
        .collect();
    let changes = open_changes(app, id, &form.change_set).await?;
    let found = found.map(|found| Found {
        tone: words::verdict(found.verdict),
        says: found.says,
        unknown: found.unknown,
        read_at: found.read_at,
        came_in: found.packet.in_interface.filter(|_| found.in_interface_inferred),
        steps: found.steps,
        after: changes.iter().find(|one| one.value == form.change_set).map(|one| (one.value.clone(), one.name.clone())),
    });
    let frame = visit.frame().here("routers");
    Ok(TracePage {
        frame,
        router,
        tab: "trace",
        interfaces,
        sources,
        changes,
        errors,
        form,
        found,
        examples: Vec::new(),
    })
}

/// The changes that are not carried out yet, and the one that is asked for.
async fn open_changes(app: &App, router: &RouterId, asked: &str) -> Result<Vec<Source>, Problem> {
    use Stage::{Confirming, Draft, Invalid, Previewing, Validating};
    let all = app.controller().change_sets(router, MAX_LIMIT, None).await?;
    let to_come = |state| matches!(state, Draft | Validating | Invalid | Previewing | Confirming);
    let open = all.into_iter().filter(|change| change.id == asked || to_come(change.state));
    Ok(open.map(|change| Source { value: change.id, name: change.name }).collect())
}

fn link(router: &str, example: Example) -> Link {
    Link { words: example.words, address: address(router, example.question) }
}

/// The address of this page with a question.
pub(super) fn address(router: &str, question: TraceRequest) -> String {
    let pairs = [
        ("src", Some(question.src)),
        ("dst", Some(question.dst)),
        ("protocol", question.protocol),
        ("dst_port", question.dst_port.map(|port| port.to_string())),
        ("in_interface", question.in_interface),
        ("connection_state", question.connection_state),
        ("change_set", question.change_set),
    ];
    let query: Vec<String> =
        pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", percent(&value?)))).collect();
    format!("/routers/{router}/trace?{}", query.join("&"))
}
