//! What decides over a packet and was not known.

use crate::view::TraceStepView;
use shared::routeros::trace::Packet;

/// Notes of steps that leave something open.
const OPEN: [&str; 2] = ["where it routes to is not followed", "the first of several gateways"];

/// What was not known, each in a sentence.
pub(super) fn unknown(asked: &Packet, steps: &[TraceStepView]) -> Vec<String> {
    let passed = steps
        .iter()
        .filter(|step| !step.matched)
        .map(|step| format!("{} was {}.", named(step), step.note.as_deref().unwrap_or("passed over")));
    let left_open = steps.iter().filter_map(|step| {
        let note = step.note.as_deref()?;
        OPEN.iter().find(|open| note.contains(**open)).map(|open| format!("{}: {open}.", named(step)))
    });
    let has_ports = matches!(asked.protocol.as_str(), "tcp" | "6" | "udp" | "17");
    let port = (has_ports && asked.dst_port.is_none())
        .then(|| "No destination port was given: rules that ask for one were passed over.".to_owned());
    passed.chain(left_open).chain(port).collect()
}

fn named(step: &TraceStepView) -> String {
    let place = step.menu.as_deref().zip(step.number).map(|(menu, number)| format!("{menu} {number}"));
    let place = place.unwrap_or_else(|| format!("{} {}", step.table, step.chain));
    step.comment.as_deref().map_or_else(|| place.clone(), |comment| format!("{place} (“{comment}”)"))
}
