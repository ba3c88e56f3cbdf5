//! A router: how it is, its ways out, its VIFs, its traffic.

use super::{App, Frame, Visit, drift, ok, routers::device, words};
use crate::{
    io::http::read,
    problem::Problem,
    view::{DriftView, InterfaceView, RouterView, TrafficView, VifView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "router.html")]
struct RouterPage {
    frame: Frame,
    router: RouterView,
    tab: &'static str,
    health: words::Tone,
    device: String,
    uptime: Option<String>,
    memory: Option<String>,
    trouble: Option<words::Message>,
    drifts: Vec<drift::Card>,
    vifs: Vec<Card>,
    samples: Vec<TrafficView>,
    samples_json: String,
    names_json: String,
    rates: Vec<Rate>,
}

struct Card {
    status: words::Tone,
    kill_switch: words::Tone,
    kill_switch_words: String,
    mode: words::Tone,
    gate: words::Tone,
    egress: words::Tone,
    onward: words::Tone,
    isolation: words::Tone,
    received: String,
    sent: String,
    latency: Option<String>,
    /// The whole row of the picture in one sentence.
    way_in_words: String,
    vif: VifView,
}

struct Rate {
    key: String,
    name: String,
    down: String,
    up: String,
}

/// `GET /routers/{router}`
pub(in crate::io::http) async fn show(
    State(app): State<App>,
    Path(router): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let id = read::router(&router)?;
    let controller = app.controller();
    let router = controller.router(&id).await?;
    // The page does not wait for the agent to hear that somebody looks; the page's own stream says it again.
    let (agent, watched) = (controller.clone(), id.clone());
    tokio::spawn(async move { agent.watch(&watched).await });
    let (interfaces, vifs) = (controller.interfaces(&id).await?, controller.vifs(&id).await?);
    let samples = controller.traffic(&id).await?;
    let drifts = controller.drifts(&id, false).await?;
    Ok(ok(&page(visit.frame(), router, &interfaces, vifs, drifts, samples)))
}

fn page(
    frame: Frame,
    router: RouterView,
    interfaces: &[InterfaceView],
    vifs: Vec<VifView>,
    drifts: Vec<DriftView>,
    samples: Vec<TrafficView>,
) -> RouterPage {
    let names: BTreeMap<String, String> = vifs.iter().map(|vif| (vif.id.clone(), vif.name.clone())).collect();
    let json = serde_json::to_string(last_minute(&samples)).unwrap_or_else(|_| "[]".to_owned());
    let memory = router.memory_free.zip(router.memory_total);
    RouterPage {
        frame: frame.here("routers").live(&router.id).watching(),
        tab: "overview",
        health: words::health(&router),
        device: device(&router),
        uptime: router.uptime_s.map(words::span),
        memory: memory.map(|(free, total)| format!("{} of {}", words::bytes(free), words::bytes(total))),
        trouble: words::trouble(&router),
        drifts: drift::cards(drifts),
        rates: samples.last().map(|last| rates(last, &names)).unwrap_or_default(),
        // Inside a script element nothing but `<` could end it.
        samples_json: json.replace('<', "\\u003c"),
        names_json: serde_json::to_string(&names).unwrap_or_else(|_| "{}".to_owned()),
        vifs: vifs.into_iter().map(|vif| card(vif, interfaces)).collect(),
        samples,
        router,
    }
}

/// What comes with the page itself, which has to be light; the script asks for the rest.
pub(super) fn last_minute(samples: &[TrafficView]) -> &[TrafficView] {
    samples.get(samples.len().saturating_sub(60)..).unwrap_or_default()
}

fn card(vif: VifView, interfaces: &[InterfaceView]) -> Card {
    let egress = words::egress(&vif.egress.interface, interfaces);
    let (gate, kill_switch) = (words::gate(vif.kill_switch.gate), words::kill_switch(vif.kill_switch.state));
    let onward = words::onward(&vif, egress);
    let way_in_words = format!(
        "{}: kill switch {}, gate {}, leaves by {} ({}), internet {}",
        vif.name,
        kill_switch.word.to_lowercase(),
        gate.word.to_lowercase(),
        vif.egress.interface,
        egress.word,
        onward.word
    );
    Card {
        status: words::status(vif.status),
        kill_switch,
        kill_switch_words: words::kill_switch_says(&vif),
        mode: words::mode(vif.kill_switch.mode),
        gate,
        egress,
        onward,
        isolation: words::isolation(&vif),
        received: words::bytes(vif.traffic.rx_bytes),
        sent: words::bytes(vif.traffic.tx_bytes),
        latency: vif.gateway.latency_ms.map(|latency| format!("{latency:.1} ms")),
        way_in_words,
        vif,
    }
}

fn rates(sample: &TrafficView, names: &BTreeMap<String, String>) -> Vec<Rate> {
    let rate = |key, name, rx, tx| Rate { key, name, down: words::bits(rx), up: words::bits(tx) };
    let interfaces = sample.interfaces.iter();
    let interfaces =
        interfaces.map(|line| rate(format!("i:{}", line.name), line.name.clone(), line.rx_bps, line.tx_bps));
    let vifs = sample.vifs.iter().map(|line| {
        let name = names.get(&line.id).unwrap_or(&line.id);
        rate(format!("v:{}", line.id), format!("VIF {name}"), line.rx_bps, line.tx_bps)
    });
    interfaces.chain(vifs).collect()
}

#[cfg(test)]
pub(super) mod tests;
