//! Stage 5: who is let in, and who is locked out.
//!
//! What can be read off a rule is in `rules`. Whether the agent, its link to the controller and the administrator still
//! get through is asked of the model by tracing packets (`way`): as the router is, as it would be, and after every write
//! between. What becomes reachable from outside, and what a VIF could leak, is asked the same way (`exposure`).

mod exposure;
mod rules;
mod way;

use shared::routeros::model::{Model, Row};

use super::{
    Finding,
    context::Context,
    edit::{self, Step},
    finding::{LOCKOUT_BETWEEN, PATH_NOT_UNDERSTOOD},
    menu::is_interfaces,
    rehearsal::Rehearsal,
    rows::{is, text},
};
use way::{Closed, Way};

/// What the stage finds.
pub(super) fn stage(rehearsal: &Rehearsal, router: &Model, context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rehearsal.steps.iter().flat_map(rules::found).collect();
    if !rehearsal.steps.iter().any(|step| matters(&step.menu)) {
        return findings;
    }
    findings.extend(ways(rehearsal, router, context));
    findings.extend(exposure::found(rehearsal, router, context));
    findings
}

/// Whether a row keeps VIFs apart: those stay above all others.
pub(super) fn isolates(row: &Row) -> bool {
    ["bulkhead:base/", "bulkhead:vif/", "bulkhead:installer/"].iter().any(|mark| text(row, "comment").starts_with(mark))
}

/// Menus that have a say in where packets go and who may sign in.
fn matters(menu: &str) -> bool {
    const PLACES: [&str; 14] = [
        "/ip/address",
        "/ipv6/address",
        "/ip/route",
        "/ipv6/route",
        "/ip/settings",
        "/ipv6/settings",
        "/ip/service",
        "/ip/dns",
        "/ip/dhcp-client",
        "/user",
        "/user/group",
        "/certificate",
        "/ip/vrf",
        "/container",
    ];
    let under = |prefix: &str| menu.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    PLACES.contains(&menu)
        || is_interfaces(menu)
        || ["/interface", "/ip/firewall", "/ipv6/firewall", "/routing", "/ip/ipsec"].into_iter().any(under)
}

/// Ways that work today and would not.
fn ways(rehearsal: &Rehearsal, router: &Model, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for way in Way::all(router, context) {
        if let Err(Closed { why, .. }) = way.open(router, context) {
            let message = format!("{} works today, but not in the model of the router: {why}.", way.name());
            let hint = "A lock-out cannot be ruled out. Keep another way in open until you have seen it work.";
            findings.push(Finding::new(&PATH_NOT_UNDERSTOOD, message, hint));
            continue;
        }
        let Some((at, between, closed)) = first_closed(&way, rehearsal, router, context) else { continue };
        let step = &rehearsal.steps[at];
        let message = format!("{} is cut off: {}.", way.name(), closed.why);
        let finding = if between {
            let hint = "Let one item undo what the other needs: put what opens before what closes.";
            Finding::new(&LOCKOUT_BETWEEN, format!("{message} Later writes open it again."), hint)
        } else {
            Finding { packet: closed.packet, ..Finding::new(way.code(), message, way.hint()) }
        };
        findings.push(finding.of(&step.item).at("menu"));
    }
    findings
}

/// The write after which a way is closed for good, or else the first after which it is closed for a time.
fn first_closed(
    way: &Way,
    rehearsal: &Rehearsal,
    router: &Model,
    context: &Context<'_>,
) -> Option<(usize, bool, Closed)> {
    let mut model = router.clone();
    let mut closed: Option<(usize, Closed)> = None;
    let mut passing: Option<(usize, Closed)> = None;
    for (at, step) in rehearsal.steps.iter().enumerate() {
        edit::apply(&mut model, step);
        if !matters(&step.menu) {
            continue;
        }
        match (way.open(&model, context), closed.is_some()) {
            (Err(why), false) => closed = Some((at, why)),
            (Ok(()), true) => passing = passing.or(closed.take()),
            (Err(_), true) | (Ok(()), false) => {}
        }
    }
    let last = closed.map(|(at, why)| (at, false, why));
    last.or_else(|| passing.map(|(at, why)| (at, true, why)))
}

/// Whether a row is in force.
fn in_force(row: &Row) -> bool {
    !is(row, "disabled") && !is(row, "invalid")
}

/// The first write of which something new holds, for blame.
fn blame<'a>(rehearsal: &'a Rehearsal, router: &Model, holds: impl Fn(&Model) -> bool) -> Option<&'a Step> {
    let mut model = router.clone();
    rehearsal.steps.iter().find(|step| {
        edit::apply(&mut model, step);
        holds(&model)
    })
}
