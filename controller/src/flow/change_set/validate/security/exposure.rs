//! What becomes reachable from outside, and what a VIF could leak.

use std::{collections::BTreeSet, net::IpAddr};

use shared::routeros::{
    model::Model,
    trace::{Packet, Verdict},
};

use super::way::{follow, service, tcp};
use crate::flow::change_set::validate::{
    Finding,
    context::{Context, Vif},
    finding::{LAN_EXPOSED, SERVICE_EXPOSED, VIF_LEAK},
    menu::INTERFACES,
    net::Net,
    rehearsal::Rehearsal,
    rows::{enabled, is, rows, text},
};

/// A host of the internet, and a port that is anybody's.
const OUTSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(9, 9, 9, 9));
const PORT: u16 = 50_100;

/// What is found of the whole change.
pub(super) fn found(rehearsal: &Rehearsal, router: &Model, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (before, after) = (services(router), services(&rehearsal.after));
    for exposed in after.difference(&before) {
        let step = super::blame(rehearsal, router, |model| services(model).contains(exposed));
        let message = format!("{} becomes reachable from the internet by `{}`.", exposed.what, exposed.wan);
        let hint = "Accept it from LAN or from known addresses only.";
        findings.push(blamed(Finding::new(&SERVICE_EXPOSED, message, hint), step));
    }
    let (before, after) = (hosts(router), hosts(&rehearsal.after));
    for exposed in after.difference(&before) {
        let step = super::blame(rehearsal, router, |model| hosts(model).contains(exposed));
        let message = format!("New connections from `{}` reach hosts of {}.", exposed.wan, exposed.what);
        let hint = "Keep the rule that drops what comes from outside and is not forwarded by dst-nat.";
        findings.push(blamed(Finding::new(&LAN_EXPOSED, message, hint), step));
    }
    for vif in &context.vifs {
        let Some(by) = leak(&rehearsal.after, vif).filter(|_| leak(router, vif).is_none()) else { continue };
        let step = super::blame(rehearsal, router, |model| leak(model, vif).is_some());
        let message = format!("Packets of the VIF `{}` would leave by `{by}` instead of `{}`.", vif.name, vif.egress);
        let hint = "Leave the VIF's rows and what stands above them as they are.";
        findings.push(blamed(Finding::new(&VIF_LEAK, message, hint), step));
    }
    findings
}

fn blamed(finding: Finding, step: Option<&super::Step>) -> Finding {
    match step {
        Some(step) => finding.of(&step.item).at("menu"),
        None => finding,
    }
}

/// Something that can be reached by an interface to the outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Exposed {
    what: String,
    wan: String,
}

/// The interfaces that lead outside: those of the list `WAN`, those with a DHCP client, those of default routes.
fn wans(router: &Model) -> BTreeSet<String> {
    let member = enabled(router, "/interface/list/member").filter(|row| text(row, "list") == "WAN");
    let client = enabled(router, "/ip/dhcp-client").filter(|row| !matches!(text(row, "add-default-route"), "no"));
    let mut wans: BTreeSet<String> = member.chain(client).map(|row| text(row, "interface").to_owned()).collect();
    let defaults = enabled(router, "/ip/route").filter(|row| text(row, "dst-address") == "0.0.0.0/0");
    let gateways = defaults.filter(|row| matches!(text(row, "routing-table"), "" | "main"));
    wans.extend(
        gateways.map(|row| text(row, "gateway").to_owned()).filter(|gateway| gateway.parse::<IpAddr>().is_err()),
    );
    wans.remove("");
    wans
}

/// Addresses of the router: by each interface to the outside its own, or any where it has none.
fn own(router: &Model) -> Vec<(String, IpAddr)> {
    let all: Vec<(&str, Net)> = enabled(router, "/ip/address")
        .filter_map(|row| Some((text(row, "interface"), Net::parse(text(row, "address"))?)))
        .collect();
    let at = |wan: &String| {
        let here = all.iter().find(|(interface, _)| interface == wan).or(all.first());
        here.map(|(_, net)| (wan.clone(), net.address))
    };
    wans(router).iter().filter_map(at).collect()
}

fn services(router: &Model) -> BTreeSet<Exposed> {
    let mut ports: Vec<(String, &str, u16)> = enabled(router, "/ip/service")
        .filter(|row| !is(row, "dynamic") && service(router, text(row, "name"), None, OUTSIDE).is_ok())
        .filter_map(|row| {
            Some((format!("The service `{}`", text(row, "name")), "tcp", text(row, "port").parse().ok()?))
        })
        .collect();
    if rows(router, "/ip/dns").first().is_some_and(|row| is(row, "allow-remote-requests")) {
        ports.push(("The router's DNS".to_owned(), "udp", 53));
    }
    let mut found = BTreeSet::new();
    for (wan, address) in own(router) {
        for (what, protocol, port) in &ports {
            let packet = Packet {
                protocol: (*protocol).to_owned(),
                in_interface: Some(wan.clone()),
                ..tcp(OUTSIDE, address, PORT, *port)
            };
            if follow(router, &packet).is_ok_and(|trace| trace.verdict == Verdict::Local) {
                found.insert(Exposed { what: what.clone(), wan: wan.clone() });
            }
        }
    }
    found
}

/// Networks behind the router into which new connections come from outside without being forwarded on purpose.
fn hosts(router: &Model) -> BTreeSet<Exposed> {
    let wans = wans(router);
    let inside = enabled(router, "/ip/address").filter(|row| !wans.contains(text(row, "interface")));
    let nets: Vec<Net> =
        inside.filter_map(|row| Net::parse(text(row, "address"))).filter(|net| net.length < 31).collect();
    let mut found = BTreeSet::new();
    for net in nets {
        let Some(host) = some_host(net) else { continue };
        for wan in &wans {
            let packet = Packet { in_interface: Some(wan.clone()), ..tcp(OUTSIDE, host, PORT, 445) };
            if follow(router, &packet).is_ok_and(|trace| trace.verdict == Verdict::Forward) {
                found.insert(Exposed { what: net.network(), wan: wan.clone() });
            }
        }
    }
    found
}

/// An address of a network that is not the router's.
fn some_host(net: Net) -> Option<IpAddr> {
    let (IpAddr::V4(first), IpAddr::V4(own)) = (net.first(), net.address) else { return None };
    let mut hosts = (1..=3).map(|n| std::net::Ipv4Addr::from_bits(first.to_bits().wrapping_add(n)));
    hosts.find(|host| *host != own).map(IpAddr::V4)
}

/// The interface by which a VIF's packets would leave, other than its egress: as the router is, and with the egress
/// down.
fn leak(router: &Model, vif: &Vif) -> Option<String> {
    let mut down = router.clone();
    for menu in std::iter::once("/interface").chain(INTERFACES) {
        let place = rows(&down, menu).iter().position(|row| text(row, "name") == vif.egress);
        if let Some(at) = place {
            down.set(menu, at, "disabled", "true");
            down.set(menu, at, "running", "false");
        }
    }
    [router, &down].into_iter().find_map(|model| leaves(model, vif))
}

fn leaves(router: &Model, vif: &Vif) -> Option<String> {
    let gateways = enabled(router, "/ip/route").filter_map(|row| text(row, "gateway").parse::<IpAddr>().ok());
    let targets: BTreeSet<IpAddr> = gateways.filter(IpAddr::is_ipv4).chain([OUTSIDE]).collect();
    for target in targets {
        for (protocol, port) in [("tcp", 443), ("udp", 53)] {
            let packet = Packet {
                protocol: protocol.to_owned(),
                in_interface: Some(vif.interface.clone()),
                ..tcp(vif.source, target, PORT, port)
            };
            let Ok(trace) = follow(router, &packet) else { continue };
            let out = trace.out_interface.filter(|_| trace.verdict == Verdict::Forward);
            if let Some(out) = out.filter(|out| *out != vif.egress) {
                return Some(out);
            }
        }
    }
    None
}
