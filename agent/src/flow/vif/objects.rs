//! The objects of all VIFs on the router, as data.
//!
//! The form is reasoned in RouterOS' packet flow: jumps and drops stand above every foreign rule, because a fasttrack
//! or an `accept established` above ours would carry packets past them; a mark or a rule alone leaks when its table
//! has no route, so each VIF has a blackhole in its own table, a rule that looks nowhere else, and a forward accept
//! that names the way out. IPv6 is another firewall: VIFs have none, and it is dropped.
//!
//! The order of a table here is the order of the rows inside each ordered menu, top to bottom. The order in which
//! objects are made is another one, their rank: what stops traffic, or is needed by others, has a low one and comes
//! first; what opens something comes last. Removal runs from the highest rank down.

mod compartment;
mod frame;
#[cfg(test)]
mod tests;

use super::Vif;
use crate::flow::object::{Names, Object, Switch};
use compartment::{COMPARTMENT, When};
use frame::{ABOVE, BELOW};
use shared::vif::{KillSwitchMode, PublishedPort};
use std::sync::Arc;

/// The interface list of every interface behind which a service lives.
pub const VIF_LIST: &str = "bulkhead-vif";
/// The address list of services whose egress is known to be good. Its entries live 30 s unless refreshed, so an
/// agent that dies closes every gate, and a router that boots starts closed.
pub const OPEN_LIST: &str = "bh-open";

/// The address list of networks that no service may reach.
pub const PRIVATE_LIST: &str = "bulkhead-private";
/// All address lists of ours.
pub const ADDRESS_LISTS: [&str; 2] = [OPEN_LIST, PRIVATE_LIST];

/// The part of a VIF's mark that names the drop of what its service sends.
pub const GATE_OUT: &str = "gate-out";
/// The part that names the drop of what is sent to it.
pub const GATE_IN: &str = "gate-in";
/// The part that names the route by its own egress.
pub const ROUTE: &str = "route";
/// The part that names the route by the egress of the VIF that it falls back to.
pub const ROUTE_FALLBACK: &str = "route-fallback";
/// The part that names its egress in the list of its ways out.
const EGRESS: &str = "egress-member";
/// The part that names the other egress there.
const EGRESS_FALLBACK: &str = "egress-member-fallback";

/// The parts that decide by which way a VIF's packets leave. While one of them changes, its gate is shut.
pub const WAYS: [&str; 4] = [EGRESS, EGRESS_FALLBACK, ROUTE, ROUTE_FALLBACK];

/// The mark of one object of a VIF.
pub fn mark(vif: &Vif, part: &str) -> String {
    format!("bulkhead:vif/{}/{part}", vif.spec.id)
}

/// The rank of parts that this version does not know: they belong to a later one, go first and never come.
const UNKNOWN: u8 = u8::MAX;

/// Every object of these VIFs; nothing at all without a VIF.
pub fn objects(vifs: &[Vif]) -> Vec<Object> {
    if vifs.is_empty() {
        return Vec::new();
    }
    let none = Arc::new(Names::new());
    let base = |(menu, part, _, template): &frame::Line| Object {
        menu: *menu,
        mark: format!("bulkhead:base/{part}"),
        template,
        names: none.clone(),
        switch: Switch::On,
    };
    let above = ABOVE.iter().map(base);
    let below = BELOW.iter().map(base);
    above.chain(vifs.iter().flat_map(|vif| compartment(vif, vifs))).chain(below).collect()
}

/// When an object is made, by its mark: lower first.
pub fn rank(mark: &str) -> u8 {
    let wanted = part(mark);
    parts().find(|(part, _)| *part == wanted).map_or(UNKNOWN, |(_, rank)| rank)
}

/// The part of a mark that says what the object is for, without the published port that it is for.
pub fn part(mark: &str) -> &str {
    let last = mark.rsplit('/').next().unwrap_or(mark);
    last.split_once('.').map_or(last, |(part, _)| part)
}

fn parts() -> impl Iterator<Item = (&'static str, u8)> {
    let base = ABOVE.iter().chain(BELOW).map(|line| (line.1, line.2));
    base.chain(COMPARTMENT.iter().map(|line| (line.2, line.3)))
}

/// The VIF that another falls back to.
pub fn fallback<'a>(vif: &Vif, vifs: &'a [Vif]) -> Option<&'a Vif> {
    let other = vif.spec.kill_switch.fallback()?;
    vifs.iter().find(|vif| vif.spec.id == *other)
}

fn compartment(vif: &Vif, vifs: &[Vif]) -> Vec<Object> {
    let fallback = fallback(vif, vifs).map(|other| other.spec.egress.interface().to_string());
    let has_fallback = fallback.is_some();
    let names = Arc::new(names(vif, fallback.unwrap_or_default()));
    let protected = vif.spec.kill_switch != KillSwitchMode::Off;
    let has_resolver = vif.spec.resolver.is_some();
    let once = [(String::new(), names.clone())];
    let each: Vec<(String, Arc<Names>)> = vif.spec.ports.iter().map(|port| of_port(port, &names)).collect();
    let times = |when: When| -> &[(String, Arc<Names>)] {
        match when {
            When::Always => &once,
            When::Protected if protected => &once,
            When::Off if !protected => &once,
            When::Fallback if has_fallback => &once,
            When::Resolver if has_resolver => &once,
            When::ResolverProtected if has_resolver && protected => &once,
            When::ResolverOff if has_resolver && !protected => &once,
            When::Published if !each.is_empty() => &once,
            When::Port => &each,
            When::PortProtected if protected => &each,
            When::Protected
            | When::Off
            | When::Fallback
            | When::Resolver
            | When::ResolverProtected
            | When::ResolverOff
            | When::Published
            | When::PortProtected => &[],
        }
    };
    let lines = COMPARTMENT.iter().flat_map(|line| times(line.0).iter().map(move |time| (line, time)));
    let made = lines.map(|((_, menu, part, _, template), (port, names))| Object {
        menu: *menu,
        mark: mark(vif, &format!("{part}{port}")),
        template,
        names: names.clone(),
        switch: switch(part, has_fallback),
    });
    made.collect()
}

/// What the names in braces stand for.
fn names(vif: &Vif, fallback: String) -> Names {
    vec![
        ("{egress}", vif.spec.egress.interface().to_string()),
        ("{egress-list}", vif.egress_list()),
        ("{fallback}", fallback),
        ("{gateway}", vif.gateway_ip().to_string()),
        ("{replies}", vif.replies_table()),
        ("{resolver}", vif.spec.resolver.map(|address| address.to_string()).unwrap_or_default()),
        ("{service}", vif.service_ip().to_string()),
        ("{subnet}", vif.subnet.to_string()),
        ("{table}", vif.table()),
        ("{veth}", vif.veth()),
        ("{vlan}", vif.interface()),
        ("{vlan-id}", vif.vlan_id.to_string()),
    ]
}

/// What tells a port's objects from those of other ports, at the end of their marks; and what its names stand for beside
/// those of its VIF.
fn of_port(port: &PublishedPort, names: &Names) -> (String, Arc<Names>) {
    let own = [
        ("{from}", port.from.to_string()),
        ("{port}", port.port.to_string()),
        ("{protocol}", port.protocol.as_str().to_owned()),
        ("{to-port}", port.to_port.to_string()),
    ];
    let all = names.iter().cloned().chain(own).collect();
    (format!(".{}-{}", port.protocol.as_str(), port.port), Arc::new(all))
}

/// Whose the `disabled` of a row is. With one way out alone its route is always in force.
fn switch(part: &str, has_fallback: bool) -> Switch {
    match part {
        GATE_OUT | GATE_IN => Switch::Keeper { disabled: false },
        ROUTE if has_fallback => Switch::Keeper { disabled: false },
        ROUTE_FALLBACK => Switch::Keeper { disabled: true },
        _ => Switch::On,
    }
}
