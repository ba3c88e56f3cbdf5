//! Packets of each service on their way through what the router has, as if the gate were open: what would leak then must
//! be known before it is opened.

use super::{
    Fault, Remedy, named,
    packets::{Around, Way, alone, following, openings},
};
use crate::flow::vif::{
    Vif,
    objects::{GATE_IN, GATE_OUT, OPEN_LIST, mark},
};
use shared::{
    ids::VifId,
    routeros::{
        model::{Model, Row},
        trace::{ConnectionState, Packet, Step, Trace, Tracer, Verdict},
    },
    vif::KillSwitchMode,
};
use std::collections::BTreeMap;

/// Sentences about one VIF at most: a hole lets many packets pass.
const SAID: usize = 4;
/// Connections of all VIFs together that are followed at most, and those of each at least.
const CONNECTIONS: usize = 600;
const FEWEST: usize = 12;
const FASTTRACK: &str = "fasttrack-connection";
const FILTER: &str = "/ip/firewall/filter";
const LISTS: &str = "/ip/firewall/address-list";

/// What became of the packets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Followed {
    /// What passed that must not.
    pub(super) faults: Vec<Fault>,
    /// How many packets were followed, by VIF.
    pub(super) traced: BTreeMap<VifId, u32>,
}

/// Follows the packets of every VIF that has promised something.
pub(super) fn follow(vifs: &[Vif], mut model: Model) -> Followed {
    let promised: Vec<&Vif> = vifs.iter().filter(|vif| vif.spec.kill_switch != KillSwitchMode::Off).collect();
    open_gates(&promised, &mut model);
    let (tracer, around) = (Tracer::of(&model), Around::of(vifs, &model));
    let mut followed = Followed::default();
    let most = (CONNECTIONS / promised.len().max(1)).clamp(FEWEST, CONNECTIONS / 8);
    for vif in promised {
        let ways = ways_out(vif, vifs);
        let (mut count, mut said) = (0, Vec::new());
        for (way, packet) in packets(vif, &around, &tracer, most) {
            // An interface that is not there is what the comparison tells.
            let Ok(trace) = tracer.trace(&packet) else { continue };
            count += 1;
            let Some(what) = wrong(way, &trace, vif, &ways) else { continue };
            let text = format!("{} {what}: {}", told(&packet, way, vif), rows(&model, &packet, &trace));
            if !said.contains(&text) && said.len() < SAID {
                said.push(text);
            }
        }
        followed.traced.insert(vif.spec.id.clone(), count);
        let fault = |text| Fault { vif: Some(vif.spec.id.clone()), text, remedy: Remedy::Shut };
        followed.faults.extend(said.into_iter().map(fault));
    }
    followed
}

/// Connections from the packet that opens each, and what belongs to none.
fn packets(vif: &Vif, around: &Around, tracer: &Tracer<'_>, most: usize) -> Vec<(Way, Packet)> {
    let mut all = Vec::new();
    for opening in openings(vif, around).into_iter().take(most) {
        let mark = tracer.trace(&opening).ok().and_then(|trace| trace.packet.connection_mark);
        all.extend(following(vif, &opening, mark.as_ref()));
        all.push((Way::Out, opening));
    }
    all.extend(alone(vif, around));
    all
}

/// Leases of all, and no drop of the gates in force.
fn open_gates(vifs: &[&Vif], model: &mut Model) {
    for vif in vifs {
        let address = vif.service_ip().to_string();
        model.insert(LISTS, usize::MAX, Row::new([("list", OPEN_LIST), ("address", &*address)]));
        let gates = [GATE_OUT, GATE_IN].map(|part| mark(vif, part));
        let at = model.rows(FILTER).iter().enumerate();
        let shut: Vec<usize> =
            at.filter(|(_, row)| gates.iter().any(|gate| is_marked(row, gate))).map(|(at, _)| at).collect();
        for at in shut {
            model.set(FILTER, at, "disabled", "true");
        }
    }
}

fn is_marked(row: &Row, mark: &str) -> bool {
    row.get("comment").split_whitespace().next() == Some(mark)
}

/// The interfaces that a VIF may leave by.
fn ways_out<'a>(vif: &'a Vif, vifs: &'a [Vif]) -> Vec<&'a str> {
    let fallback = vif.spec.kill_switch.fallback().and_then(|id| vifs.iter().find(|other| other.spec.id == *id));
    [Some(vif), fallback].into_iter().flatten().map(|vif| vif.spec.egress.interface().as_str()).collect()
}

/// What is wrong with where a packet ended.
fn wrong(way: Way, trace: &Trace, vif: &Vif, ways: &[&str]) -> Option<String> {
    let by = trace.out_interface.as_deref().unwrap_or_default();
    let lives = matches!(trace.verdict, Verdict::Forward | Verdict::Local);
    if way != Way::In && lives && trace.steps.iter().any(|step| step.matched && step.action == FASTTRACK) {
        return Some("has its connection fasttracked past every rule".to_owned());
    }
    match (way, trace.verdict) {
        (Way::Out, Verdict::Forward) if !ways.contains(&by) => Some(format!("leaves by `{by}`")),
        // Answers to the router's own connections, and pings of its gateway, are let in.
        (Way::Out, Verdict::Local) if !is_let_in(&trace.packet) => Some("reaches the router itself".to_owned()),
        (Way::Back, Verdict::Forward) if by != vif.interface() => Some(format!("leaves by `{by}`")),
        (Way::In, Verdict::Forward) if by == vif.interface() => Some("reaches the service".to_owned()),
        (Way::Out | Way::Back | Way::In, _) => None,
    }
}

fn is_let_in(packet: &Packet) -> bool {
    let answers = matches!(packet.connection_state, ConnectionState::Established | ConnectionState::Related);
    answers || packet.protocol == "icmp"
}

fn told(packet: &Packet, way: Way, vif: &Vif) -> String {
    let port = packet.dst_port.map(|port| format!(" port {port}")).unwrap_or_default();
    let whose = match way {
        Way::Out => "from",
        Way::Back => "in answer to",
        Way::In => "by a stranger for",
    };
    let (name, state) = (&vif.spec.name, packet.connection_state.as_str());
    format!("{} ({state}, to {}{port}) {whose} {name}", packet.protocol, packet.dst)
}

/// The rows of others that the packet met; all that decided where there are none.
fn rows(model: &Model, packet: &Packet, trace: &Trace) -> String {
    let family = if packet.src.is_ipv4() { "/ip" } else { "/ipv6" };
    let decided: Vec<&Step> = trace.steps.iter().filter(|step| step.matched && step.rule.is_some()).collect();
    let foreign = |step: &&&Step| !step.comment.as_ref().is_some_and(|comment| comment.starts_with("bulkhead:"));
    let others: Vec<&Step> = decided.iter().filter(foreign).copied().collect();
    let told = if others.is_empty() { decided } else { others };
    let rules = trace.steps.iter().filter_map(|step| routing_rule(model, step));
    let mut names: Vec<String> = told.iter().map(|step| name(model, family, step)).chain(rules).collect();
    names.dedup();
    if names.is_empty() { "no row stops it".to_owned() } else { format!("let through by {}", names.join(", ")) }
}

/// The rule of somebody else's that named the table whose route was taken; it is in the step's note.
fn routing_rule(model: &Model, step: &Step) -> Option<String> {
    const MENU: &str = "/routing/rule";
    let id = step.note.as_ref()?.split_once("routing rule ")?.1.split(',').next()?;
    let rows = model.rows(MENU);
    let at = rows.iter().position(|row| row.id() == id && !row.get("comment").starts_with("bulkhead:"))?;
    rows.get(at).map(|row| named::row(MENU, at, row.get("comment")))
}

fn name(model: &Model, family: &str, step: &Step) -> String {
    let id = step.rule.as_deref().unwrap_or_default();
    let menus = match step.table.as_str() {
        "routing" => vec![format!("{family}/route"), "/routing/rule".to_owned()],
        table => vec![format!("{family}/firewall/{table}")],
    };
    let comment = step.comment.as_deref().unwrap_or_default();
    let is_it = |row: &Row| row.id() == id && row.get("comment") == comment;
    let found = menus.iter().find_map(|menu| Some((menu, model.rows(menu).iter().position(is_it)?)));
    found.map_or_else(|| step.table.clone(), |(menu, at)| named::row(menu, at, comment))
}
