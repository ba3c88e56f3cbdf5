//! A VIF: how its kill switch, its way out and its isolation are, what it carries, what happened to it.

use super::{App, Frame, Visit, ok, render, router::last_minute, see, words};
use crate::{
    controller::Deed,
    io::http::read::{self, Form, Params},
    problem::{self, Problem},
    view::{EventView, InterfaceView, RouterView, TrafficView, VifView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use shared::ids::{RouterId, VifId};
use std::collections::BTreeMap;

/// How many lines of its history a VIF's page has.
const LINES: usize = 20;

#[derive(Template)]
#[template(path = "vif.html")]
struct VifPage {
    frame: Frame,
    router: RouterView,
    trouble: Option<words::Message>,
    /// What became of a button.
    done: Option<words::Message>,
    status: words::Tone,
    kill_switch: words::Tone,
    says: String,
    mode: words::Tone,
    /// The VIF that it falls back to, with its name.
    fallback: Option<(String, String)>,
    gate: words::Tone,
    egress: words::Tone,
    latency: Option<String>,
    handshake: Option<String>,
    isolation: words::Tone,
    tripwires: words::Tone,
    totals: Vec<Total>,
    rate: Option<(String, String)>,
    samples_json: String,
    names_json: String,
    events: Vec<Line>,
    vif: VifView,
}

/// A line of the totals.
struct Total {
    what: &'static str,
    received: String,
    sent: String,
}

struct Line {
    severity: words::Tone,
    event: EventView,
}

#[derive(Template)]
#[template(path = "vif_gone.html")]
struct GonePage {
    frame: Frame,
    router: RouterView,
}

/// What a page is shown after.
#[derive(Default, Deserialize)]
pub(in crate::io::http) struct Done {
    done: Option<String>,
}

/// `GET /routers/{router}/vifs/{vif}`. A page that is open while its VIF goes away says so instead of staying as it was.
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
    Params(after): Params<Done>,
) -> Result<Response, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    match gather(&app, &router, &vif, &visit, after.done.as_deref().and_then(done)).await {
        Err(problem) if problem.code == problem::UNKNOWN_VIF.code && visit.look.part => {
            let router = app.controller().router(&router).await?;
            Ok(ok(&GonePage { frame: visit.frame().here("routers"), router }))
        }
        page => Ok(ok(&page?)),
    }
}

#[derive(Deserialize)]
pub(in crate::io::http) struct DeedForm {
    #[serde(rename = "do")]
    action: String,
}

/// `POST /routers/{router}/vifs/{vif}/do`
pub(in crate::io::http) async fn happen(
    State(app): State<App>,
    Path((router, vif)): Path<(String, String)>,
    visit: Visit,
    Form(form): Form<DeedForm>,
) -> Result<Response, Problem> {
    let (router, vif) = (read::router(&router)?, read::vif(&vif)?);
    let deed = match form.action.as_str() {
        "engage" => Deed::Engage,
        "release" => Deed::Release,
        "verify" => Deed::Verify,
        _ => return Err(super::answer::not_found()),
    };
    match app.controller().vif_deed(&router, &vif, deed).await {
        Ok(_) => Ok(see(&format!("/routers/{router}/vifs/{vif}?done={}", form.action))),
        Err(problem) if problem.status == 404 || problem.status == 500 => Err(problem),
        Err(problem) => {
            let title = match deed {
                Deed::Engage => "The kill switch could not be engaged.",
                Deed::Release => "The kill switch could not be released.",
                Deed::Verify => "The isolation could not be verified.",
            };
            let text = format!("{} {}", problem.detail, problem.hint);
            let message = words::Message { class: "bad", icon: "warn", title, text };
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Ok(render(status, &gather(&app, &router, &vif, &visit, Some(message)).await?))
        }
    }
}

/// What became of a button, by its word.
fn done(word: &str) -> Option<words::Message> {
    let message = |title, text: &str| words::Message { class: "good", icon: "good", title, text: text.to_owned() };
    Some(match word {
        "engage" => message("The kill switch was engaged.", "Nothing leaves this VIF until somebody releases it."),
        "release" => message(
            "The kill switch was released.",
            "The gate follows the way out again: it opens when that is known to be good.",
        ),
        "verify" => message("The isolation was verified.", "What was found stands under “Isolation”."),
        _ => return None,
    })
}

async fn gather(
    app: &App,
    id: &RouterId,
    vif: &VifId,
    visit: &Visit,
    done: Option<words::Message>,
) -> Result<VifPage, Problem> {
    let controller = app.controller();
    let router = controller.router(id).await?;
    let all = controller.vifs(id).await?;
    let known = all.iter().find(|known| known.id == vif.as_str()).cloned();
    let known = known.ok_or_else(|| Problem::unknown_vif(vif.as_str()))?;
    // The page does not wait for the agent to hear that somebody looks; the page's own stream says it again.
    let (agent, watched) = (controller.clone(), id.clone());
    tokio::spawn(async move { agent.watch(&watched).await });
    let seen = Seen {
        interfaces: controller.interfaces(id).await?,
        samples: controller.traffic(id).await?,
        events: controller.events(id, LINES, None, Some(vif)).await?,
        all,
    };
    Ok(page(visit.frame(), router, known, seen, done))
}

/// What a VIF's page shows beside the VIF itself.
struct Seen {
    interfaces: Vec<InterfaceView>,
    all: Vec<VifView>,
    samples: Vec<TrafficView>,
    events: Vec<EventView>,
}

fn page(frame: Frame, router: RouterView, vif: VifView, seen: Seen, done: Option<words::Message>) -> VifPage {
    let fallback = vif.kill_switch.fallback.clone().map(|id| {
        let name = seen.all.iter().find(|other| other.id == id).map_or_else(|| id.clone(), |other| other.name.clone());
        (id, name)
    });
    let samples: Vec<TrafficView> = seen.samples.into_iter().map(|sample| of_one(sample, &vif.id)).collect();
    let last = samples.last().and_then(|sample| sample.vifs.first());
    let names = BTreeMap::from([(&vif.id, &vif.name)]);
    VifPage {
        frame: frame.here("routers").live(&router.id).watching(),
        trouble: words::trouble(&router),
        done,
        status: words::status(vif.status),
        kill_switch: words::kill_switch(vif.kill_switch.state),
        says: words::kill_switch_says(&vif),
        mode: words::mode(vif.kill_switch.mode),
        fallback,
        gate: words::gate(vif.kill_switch.gate),
        egress: words::egress(&vif.egress.interface, &seen.interfaces),
        latency: vif.gateway.latency_ms.map(|latency| format!("{latency:.1} ms")),
        handshake: vif.gateway.handshake_s.map(|seconds| words::age(seconds.into())),
        isolation: words::isolation(&vif),
        tripwires: words::tripwires(vif.isolation.tripped),
        totals: totals(&vif),
        rate: last.map(|rate| (words::bits(rate.rx_bps), words::bits(rate.tx_bps))),
        samples_json: serde_json::to_string(last_minute(&samples))
            .unwrap_or_else(|_| "[]".to_owned())
            .replace('<', "\\u003c"),
        names_json: serde_json::to_string(&names).unwrap_or_else(|_| "{}".to_owned()),
        events: seen
            .events
            .into_iter()
            .map(|event| Line { severity: words::severity(event.severity), event })
            .collect(),
        router,
        vif,
    }
}

/// What a sample says of one VIF alone.
fn of_one(mut sample: TrafficView, vif: &str) -> TrafficView {
    sample.interfaces.clear();
    sample.vifs.retain(|rate| rate.id == vif);
    sample
}

fn totals(vif: &VifView) -> Vec<Total> {
    let traffic = &vif.traffic;
    let count = |what, received: u64, sent: u64| Total { what, received: received.to_string(), sent: sent.to_string() };
    vec![
        Total { what: "Bytes", received: words::bytes(traffic.rx_bytes), sent: words::bytes(traffic.tx_bytes) },
        count("Packets", traffic.rx_packets, traffic.tx_packets),
        count("Dropped", traffic.rx_drops, traffic.tx_drops),
        count("Errors", traffic.rx_errors, traffic.tx_errors),
    ]
}

#[cfg(test)]
mod tests;
