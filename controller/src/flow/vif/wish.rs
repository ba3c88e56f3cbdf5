//! What a person asks for, and what the agent is told.

use crate::{
    problem::{self, Problem},
    view::{EditedVif, EgressRequest, KillSwitchModeView, KillSwitchRequest, NewVif, PortView},
};
use shared::{
    ids::VifId,
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, PublishedPort, VifName, VifReport, VifSpec},
};
use std::{collections::BTreeSet, net::Ipv4Addr};

/// Published ports of one VIF at most: the order has to fit into one envelope.
const PORTS: usize = 64;

/// A VIF to be made, beside those that the router has. Its id is made of its name and a suffix that no other VIF has had.
///
/// # Errors
/// `field_invalid` with the field; `not_available_yet` for what a later version takes.
pub fn spec(new: &NewVif, suffix: &str, others: &[VifReport]) -> Result<VifSpec, Problem> {
    let name = VifName::new(new.name.as_str()).map_err(|error| {
        Problem::field("name", sentence(&error.to_string()), "Choose another name, such as `tor` or `vpn-nl`.")
    })?;
    if new.quota.is_some() {
        return Err(later("quota", "Quotas", "Leave `quota` out."));
    }
    let id = VifId::new(format!("{name}-{suffix}")).map_err(|error| Problem::internal(&error))?;
    Ok(VifSpec {
        egress: egress(&new.egress)?,
        kill_switch: kill_switch(&new.kill_switch, &id, others)?,
        resolver: new.resolver.as_deref().map(|text| resolver(text, None)).transpose()?,
        ports: ports(&new.ports, &id, others)?,
        id,
        name,
    })
}

/// A VIF as it is to be after an edit, beside all that the router has.
///
/// # Errors
/// `field_invalid` with the field; `not_available_yet` for what a later version takes.
pub fn updated(before: &VifReport, edited: &EditedVif, all: &[VifReport]) -> Result<VifSpec, Problem> {
    let mut spec = before.spec.clone();
    if let Some(asked) = &edited.egress {
        spec.egress = egress(asked)?;
    }
    if let Some(asked) = &edited.kill_switch {
        spec.kill_switch = kill_switch(asked, &spec.id, all)?;
        if let (false, Some(other)) = (spec.kill_switch == KillSwitchMode::Block, falls_back_to(&spec.id, all)) {
            let message = format!("The VIF `{other}` falls back to this one, so this one blocks.");
            return Err(Problem::field("kill_switch.mode", message, "Give the other one another mode first."));
        }
    }
    if let Some(asked) = &edited.resolver {
        spec.resolver = asked.as_deref().map(|text| resolver(text, Some(before.gateway_ip))).transpose()?;
    }
    if let Some(asked) = &edited.ports {
        spec.ports = ports(asked, &spec.id, all)?;
    }
    Ok(spec)
}

/// The name of a VIF that falls back to this one.
pub fn falls_back_to<'a>(id: &VifId, all: &'a [VifReport]) -> Option<&'a VifName> {
    all.iter().find(|other| other.spec.kill_switch.fallback() == Some(id)).map(|other| &other.spec.name)
}

fn egress(request: &EgressRequest) -> Result<Egress, Problem> {
    const WORKS: &str = "`{\"interface\": \"wg-vpn\"}` works.";
    match (&request.interface, &request.chain, request.direct) {
        (Some(name), None, None) => InterfaceName::new(name.as_str()).map(Egress::Interface).map_err(|error| {
            Problem::field("egress.interface", sentence(&error.to_string()), "Take a name from the router's list.")
        }),
        (None, Some(_), None) => Err(later("egress.chain", "Chains", WORKS)),
        (None, None, Some(_)) => Err(later("egress.direct", "The way out by the default route", WORKS)),
        _ => Err(Problem::field("egress", "A VIF has exactly one way out.", WORKS)),
    }
}

fn kill_switch(asked: &KillSwitchRequest, own: &VifId, all: &[VifReport]) -> Result<KillSwitchMode, Problem> {
    let wrong = |message: String, hint: &str| Err(Problem::field("kill_switch.fallback", message, hint));
    let mode = match (asked.mode, &asked.fallback) {
        (KillSwitchModeView::Block, None) => return Ok(KillSwitchMode::Block),
        (KillSwitchModeView::Off, None) => return Ok(KillSwitchMode::Off),
        (KillSwitchModeView::Fallback, fallback) => fallback,
        (KillSwitchModeView::Block, Some(_)) => {
            return wrong("The mode `block` has no fallback.".to_owned(), "Leave `fallback` out.");
        }
        (KillSwitchModeView::Off, Some(_)) => {
            return wrong("The mode `off` has no fallback.".to_owned(), "Leave `fallback` out.");
        }
    };
    let choose = "Give the id of a VIF of this router whose mode is `block`.";
    let Some(id) = mode else {
        return wrong("The mode `fallback` needs the VIF whose way out it takes.".to_owned(), choose);
    };
    if id == own.as_str() {
        return wrong("A VIF does not fall back to itself.".to_owned(), choose);
    }
    let Some(other) = all.iter().find(|other| other.spec.id.as_str() == id) else {
        return wrong(format!("There is no VIF `{}` to fall back to.", shown(id)), choose);
    };
    if other.spec.kill_switch != KillSwitchMode::Block {
        return wrong(format!("The VIF `{}` does not block by itself.", other.spec.name), choose);
    }
    Ok(KillSwitchMode::Fallback(other.spec.id.clone()))
}

/// Where there is a VIF already, its own /30 is known by its gateway.
fn resolver(text: &str, gateway: Option<Ipv4Addr>) -> Result<Ipv4Addr, Problem> {
    let wrong =
        |message: String| Problem::field("resolver", message, "Give the resolver of the tunnel, such as `10.64.0.1`.");
    let address: Ipv4Addr = text.trim().parse().map_err(|_| wrong(format!("`{}` is no IPv4 address.", shown(text))))?;
    // RFC 1122 and RFC 1112: this network, loopback, groups, and what is reserved with the broadcast.
    if matches!(address.octets()[0], 0 | 127 | 224..) {
        return Err(wrong(format!("`{address}` is not the address of one host.")));
    }
    if gateway.is_some_and(|gateway| gateway.to_bits() >> 2 == address.to_bits() >> 2) {
        return Err(wrong(format!("`{address}` is in the VIF's own subnet; a resolver is behind the way out.")));
    }
    Ok(address)
}

fn ports(asked: &[PortView], own: &VifId, all: &[VifReport]) -> Result<Vec<PublishedPort>, Problem> {
    if asked.len() > PORTS {
        let message = format!("A VIF has {PORTS} published ports at most.");
        return Err(Problem::field("ports", message, "Publish fewer, or have two VIFs."));
    }
    let mut taken = BTreeSet::new();
    asked
        .iter()
        .enumerate()
        .map(|(index, port)| {
            let field = |name: &str| format!("ports[{index}].{name}");
            for (name, number) in [("port", port.port), ("to_port", port.to_port)] {
                if number == 0 {
                    return Err(Problem::field(&field(name), "0 is no port.", "Give 1 to 65535."));
                }
            }
            let word = format!("{} {}", port.protocol.as_str(), port.port);
            if !taken.insert((port.protocol, port.port)) {
                let message = format!("The port {word} is published twice.");
                return Err(Problem::field(&field("port"), message, "Publish each port of a protocol once."));
            }
            if let Some(other) = publishes(port, own, all) {
                let message = format!("The port {word} leads to the VIF `{other}`.");
                return Err(Problem::field(&field("port"), message, "Choose another port of the router."));
            }
            let from = InterfaceName::new(port.from.as_str()).map_err(|error| {
                Problem::field(&field("from"), sentence(&error.to_string()), "Give an interface list, such as `LAN`.")
            })?;
            Ok(PublishedPort { protocol: port.protocol, port: port.port, to_port: port.to_port, from })
        })
        .collect()
}

/// Another VIF that a port of the router leads to.
fn publishes<'a>(port: &PortView, own: &VifId, all: &'a [VifReport]) -> Option<&'a VifName> {
    let same = |known: &PublishedPort| known.protocol == port.protocol && known.port == port.port;
    let others = all.iter().filter(|other| other.spec.id != *own);
    others.map(|other| &other.spec).find(|spec| spec.ports.iter().any(same)).map(|spec| &spec.name)
}

fn later(field: &str, what: &str, works: &str) -> Problem {
    Problem::new(problem::NOT_AVAILABLE_YET, format!("{what} cannot be used in this version."), works)
        .with("field", field)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests;
