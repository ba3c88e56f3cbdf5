//! The form of a VIF: for one that is made, and for one that is altered.

use super::{App, Errors, Frame, Visit, form::given, ok, render, render_problem, see, words};
use crate::{
    flow::{change_set::GoesOn, vif},
    io::http::{
        gate::step_up,
        read::{self, Form},
    },
    problem::{self, Problem},
    view::{EditedVif, EgressRequest, KillSwitchModeView, KillSwitchRequest, NewVif, PortView, RouterView, VifView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use shared::ids::{RouterId, VifId};

/// Fields of the form at which a problem can stand.
const FIELDS: [&str; 5] = ["name", "egress", "kill_switch", "resolver", "ports"];

#[derive(Template)]
#[template(path = "vif_form.html")]
struct FormPage {
    frame: Frame,
    router: RouterView,
    /// The VIF that is altered; nothing for a new one.
    vif: Option<VifView>,
    interfaces: Vec<Choice>,
    /// VIFs to fall back to.
    fallbacks: Vec<VifView>,
    errors: Errors,
    form: VifForm,
}

struct Choice {
    name: String,
    kind: String,
    state: &'static str,
}

/// What a person typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::io::http) struct VifForm {
    name: String,
    egress: String,
    kill_switch: String,
    fallback: String,
    resolver: String,
    /// One a line.
    ports: String,
    /// The password, to switch the kill switch off. It is never shown again.
    step_up: String,
    #[serde(rename = "do")]
    action: String,
}

impl VifForm {
    /// A VIF as it is.
    fn of(vif: &VifView) -> Self {
        let mode = match vif.kill_switch.mode {
            KillSwitchModeView::Block => "block",
            KillSwitchModeView::Fallback => "fallback",
            KillSwitchModeView::Off => "off",
        };
        Self {
            name: vif.name.clone(),
            egress: vif.egress.interface.clone(),
            kill_switch: mode.to_owned(),
            fallback: vif.kill_switch.fallback.clone().unwrap_or_default(),
            resolver: vif.resolver.clone().unwrap_or_default(),
            ports: vif.ports.iter().map(vif::port_text).collect::<Vec<_>>().join("\n"),
            ..Self::default()
        }
    }

    fn is(&self, mode: &str) -> bool {
        self.kill_switch == mode || (self.kill_switch.is_empty() && mode == "block")
    }

    fn goes_on(&self) -> GoesOn {
        if self.action == "preview" { GoesOn::Preview } else { GoesOn::Through }
    }

    fn egress(&self) -> Result<EgressRequest, Errors> {
        if self.egress.is_empty() {
            return Err(Errors::at("egress", "Choose the interface by which it leaves."));
        }
        Ok(EgressRequest { interface: Some(self.egress.clone()), ..EgressRequest::default() })
    }

    fn kill_switch(&self) -> Result<KillSwitchRequest, Errors> {
        let (mode, fallback) = match self.kill_switch.as_str() {
            "" | "block" => (KillSwitchModeView::Block, None),
            "fallback" => (KillSwitchModeView::Fallback, given(&self.fallback)),
            "off" => (KillSwitchModeView::Off, None),
            _ => return Err(Errors::at("kill_switch", "Choose one of the three.")),
        };
        if mode == KillSwitchModeView::Fallback && fallback.is_none() {
            return Err(Errors::at("kill_switch", "Choose the VIF whose way out it takes."));
        }
        Ok(KillSwitchRequest { mode, fallback })
    }

    fn ports(&self) -> Result<Vec<PortView>, Errors> {
        let lines = self.ports.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| vif::port_from(line).map_err(|wrong| Errors::at("ports", wrong))).collect()
    }
}

/// `GET /routers/{router}/add-vif`; what is known already may be given in the query.
pub(in crate::io::http) async fn ask(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    read::Params(form): read::Params<VifForm>,
) -> Result<Response, Problem> {
    let form = VifForm { step_up: String::new(), ..form };
    Ok(ok(&page(&app, &read::router(&router)?, None, &visit, form, Errors::default()).await?))
}

/// `GET /routers/{router}/vifs/{vif}/edit`
pub(in crate::io::http) async fn edit(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let known = app.controller().vif(&router, &vif).await?;
    let form = VifForm::of(&known);
    Ok(ok(&page(&app, &router, Some(known), &visit, form, Errors::default()).await?))
}

/// `POST /routers/{router}/add-vif`
pub(in crate::io::http) async fn add(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
    Form(form): Form<VifForm>,
) -> Result<Response, Problem> {
    submit(&app, &read::router(&router)?, None, &visit, form).await
}

/// `POST /routers/{router}/vifs/{vif}/edit`
pub(in crate::io::http) async fn alter(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
    Form(form): Form<VifForm>,
) -> Result<Response, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let known = app.controller().vif(&router, &vif).await?;
    submit(&app, &router, Some((vif, known)), &visit, form).await
}

async fn submit(
    app: &App,
    router: &RouterId,
    known: Option<(VifId, VifView)>,
    visit: &Visit,
    form: VifForm,
) -> Result<Response, Problem> {
    let (id, known) = known.unzip();
    match wish(app, router, id.as_ref(), visit, &form).await {
        Ok(Ok(change)) => Ok(see(&format!("/change-sets/{change}"))),
        Ok(Err(errors)) => {
            let page = page(app, router, known, visit, form, errors).await?;
            Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(problem) if problem.status == 404 => Err(problem),
        Err(problem) => {
            let errors = match problem.code {
                code if code == problem::STEP_UP_REQUIRED.code && form.step_up.is_empty() => {
                    Errors::at("step_up", "Type your password: without a kill switch packets leave in the clear.")
                }
                code if [problem::STEP_UP_REQUIRED.code, problem::RATE_LIMITED.code].contains(&code) => {
                    Errors::at("step_up", format!("{} {}", problem.detail, problem.hint))
                }
                _ => Errors::of_problem(&problem, &FIELDS),
            };
            let page = page(app, router, known, visit, form, errors).await?;
            Ok(render_problem(&problem, &page))
        }
    }
}

/// The id of the change set that a form comes to, or what is wrong with the form.
async fn wish(
    app: &App,
    router: &RouterId,
    vif: Option<&VifId>,
    visit: &Visit,
    form: &VifForm,
) -> Result<Result<String, Errors>, Problem> {
    let (egress, kill_switch, ports) = match (form.egress(), form.kill_switch(), form.ports()) {
        (Ok(egress), Ok(kill_switch), Ok(ports)) => (egress, kill_switch, ports),
        (Err(errors), _, _) | (_, Err(errors), _) | (_, _, Err(errors)) => return Ok(Err(errors)),
    };
    // A browser fills a password in where nobody needs it.
    let password = if kill_switch.mode == KillSwitchModeView::Off { form.step_up.as_str() } else { "" };
    let person = step_up::person(app, &visit.caller, password).await?;
    let (resolver, controller) = (given(&form.resolver), app.controller());
    let change = if let Some(vif) = vif {
        let edited = EditedVif {
            egress: Some(egress),
            kill_switch: Some(kill_switch),
            resolver: Some(resolver),
            ports: Some(ports),
        };
        controller.update_vif(router, vif, &edited, form.goes_on(), &person).await?
    } else {
        let name = form.name.trim().to_owned();
        let new = NewVif { name, egress, kill_switch, resolver, ports, quota: None };
        controller.create_vif(router, new, form.goes_on(), &person).await?
    };
    Ok(Ok(change.to_string()))
}

async fn page(
    app: &App,
    router: &RouterId,
    vif: Option<VifView>,
    visit: &Visit,
    form: VifForm,
    errors: Errors,
) -> Result<FormPage, Problem> {
    let controller = app.controller();
    let interfaces = controller.interfaces(router).await?.into_iter().map(|interface| Choice {
        state: words::interface(&interface).word,
        name: interface.name,
        kind: interface.kind,
    });
    let own = vif.as_ref().map(|vif| vif.id.clone());
    let mut fallbacks = controller.vifs(router).await?;
    fallbacks.retain(|other| other.kill_switch.mode == KillSwitchModeView::Block && Some(&other.id) != own.as_ref());
    Ok(FormPage {
        frame: visit.frame().here("routers"),
        router: controller.router(router).await?,
        vif,
        interfaces: interfaces.collect(),
        fallbacks,
        errors,
        form,
    })
}
