//! Would this packet leave, and where: from what is asked to a packet, and from its way to an answer for people.

mod examples;
#[cfg(test)]
mod tests;
mod unknown;

use super::change_set::asked::Misfit;
use crate::view::{TraceRequest, TraceStepView, TraceView};
use shared::{
    routeros::{
        model::{Model, Row},
        schema::Schema,
        trace::{ConnectionState, Impossible, MENUS, Packet, Step, Trace, Verdict, properties, trace},
    },
    vif::VifReport,
    wire::MenuRead,
};
use std::net::IpAddr;

pub use examples::{Example, examples};

/// What has to be read of a router.
pub fn reads(schema: &Schema) -> Vec<MenuRead> {
    let there = MENUS.iter().filter(|menu| schema.command(&format!("{menu}/print")).is_some());
    there
        .map(|menu| MenuRead {
            path: (*menu).to_owned(),
            properties: properties(menu).split(',').map(str::to_owned).collect(),
            from: 0,
        })
        .collect()
}

/// The packet that is asked for, on a router with these VIFs.
///
/// # Errors
/// [`Misfit`] at the field of the request.
pub fn packet(asked: &TraceRequest, vifs: &[VifReport]) -> Result<Packet, Misfit> {
    let dst: IpAddr = asked.dst.trim().parse().map_err(|_| {
        let message = format!("`{}` is no address.", shown(&asked.dst));
        misfit("dst", message, "Give an IPv4 or IPv6 address, such as 1.1.1.1; names are not looked up.")
    })?;
    let vif = vifs.iter().find(|vif| [vif.spec.name.to_string(), vif.spec.id.to_string()].contains(&asked.src));
    let src: IpAddr = match (asked.src.trim().parse(), vif) {
        (_, Some(vif)) => vif.service_ip.into(),
        (Ok(address), None) => address,
        (Err(_), None) => {
            let message = format!("`{}` is neither an address nor a VIF.", shown(&asked.src));
            return Err(misfit("src", message, "Give an address, or the name of a VIF of this router."));
        }
    };
    let port = asked.src_port.or(asked.dst_port);
    let protocol = asked.protocol.as_deref().map(str::trim).filter(|protocol| !protocol.is_empty());
    let protocol = match (protocol.map(str::to_lowercase).as_deref(), port, dst) {
        (None, Some(_), _) => "tcp".to_owned(),
        (None | Some("icmp"), _, IpAddr::V6(_)) => "icmpv6".to_owned(),
        (None, None, IpAddr::V4(_)) => "icmp".to_owned(),
        (Some(protocol), _, _) => protocol.to_owned(),
    };
    if port.is_some() && is_portless(&protocol) {
        let field = if asked.dst_port.is_some() { "dst_port" } else { "src_port" };
        let message = format!("`{}` has no ports.", shown(&protocol));
        return Err(misfit(field, message, "Leave the port out, or ask for tcp or udp."));
    }
    Ok(Packet {
        src,
        dst,
        protocol,
        src_port: asked.src_port,
        dst_port: asked.dst_port,
        in_interface: asked.in_interface.clone().or_else(|| vif.map(|vif| vif.interface.to_string())),
        src_mac: None,
        connection_state: state(asked.connection_state.as_deref())?,
        connection_nat_state: Vec::new(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        fasttrack: false,
    })
}

/// The question about a packet; nothing where no question can name all of it.
pub fn question(packet: &Packet) -> Option<TraceRequest> {
    if !packet.connection_nat_state.is_empty() {
        return None;
    }
    let state = packet.connection_state;
    Some(TraceRequest {
        src: packet.src.to_string(),
        dst: packet.dst.to_string(),
        protocol: Some(packet.protocol.clone()),
        src_port: packet.src_port,
        dst_port: packet.dst_port,
        in_interface: packet.in_interface.clone(),
        connection_state: (state != ConnectionState::New).then(|| state.as_str().to_owned()),
        change_set: None,
    })
}

fn state(word: Option<&str>) -> Result<ConnectionState, Misfit> {
    Ok(match word.unwrap_or("new") {
        "new" | "" => ConnectionState::New,
        "established" => ConnectionState::Established,
        "related" => ConnectionState::Related,
        "invalid" => ConnectionState::Invalid,
        "untracked" => ConnectionState::Untracked,
        other => {
            let message = format!("`{}` is no state of a connection.", shown(other));
            return Err(misfit("connection_state", message, "Give new, established, related, invalid or untracked."));
        }
    })
}

/// Whether packets of a protocol have no ports. Of one that is no protocol, the trace says so.
fn is_portless(protocol: &str) -> bool {
    matches!(protocol, "icmp" | "icmpv6" | "igmp" | "gre" | "ipip" | "ipsec-esp" | "ipsec-ah" | "ospf" | "pim" | "vrrp")
        || protocol.parse::<u8>().is_ok_and(|number| !matches!(number, 6 | 17 | 33 | 132 | 136))
}

fn misfit(field: &str, message: String, hint: &str) -> Misfit {
    Misfit { field: field.to_owned(), message, hint: hint.to_owned() }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// What becomes of a packet on a router that was read at `read_at` (RFC 3339).
///
/// # Errors
/// [`Misfit`] where there is no such packet on this router.
pub fn answer(router: &Model, packet: &Packet, read_at: &str) -> Result<TraceView, Misfit> {
    let found = trace(router, packet).map_err(|impossible| no_packet(&impossible, router))?;
    let family = if packet.dst.is_ipv4() { "/ip" } else { "/ipv6" };
    let steps: Vec<TraceStepView> = found.steps.iter().map(|step| told(step, family, router)).collect();
    let unknown = unknown::unknown(packet, &steps);
    Ok(TraceView {
        verdict: found.verdict,
        says: sentence(packet, &found, &steps),
        out_interface: found.out_interface,
        packet: found.packet,
        in_interface_inferred: packet.in_interface.is_none(),
        by: decides(found.verdict, &steps).cloned(),
        complete: unknown.is_empty(),
        unknown,
        read_at: read_at.to_owned(),
        steps,
    })
}

fn no_packet(impossible: &Impossible, router: &Model) -> Misfit {
    let names: Vec<&str> = router.rows("/interface").iter().map(|row| row.get("name")).collect();
    let interfaces = format!("Its interfaces: {}.", names.join(", "));
    match impossible {
        Impossible::Families => misfit(
            "dst",
            "Source and destination are of different families.".to_owned(),
            "Give two IPv4 or two IPv6 addresses.",
        ),
        Impossible::Protocol(name) => {
            let message = format!("`{}` is no protocol.", shown(name));
            misfit("protocol", message, "Give tcp, udp, icmp, … or a number from 0 to 255.")
        }
        Impossible::Interface(name) => {
            misfit("in_interface", format!("The router has no interface `{}`.", shown(name)), &interfaces)
        }
        Impossible::Entry(src) => {
            let message = format!("The router has no route to {src}, so nothing says where the packet comes in.");
            misfit("in_interface", message, &format!("Say where. {interfaces}"))
        }
    }
}

/// The menu in which the row of a step is.
fn menu(step: &Step, family: &str) -> Option<String> {
    match (step.table.as_str(), step.chain.as_str()) {
        ("raw" | "mangle" | "nat" | "filter", _) => Some(format!("{family}/firewall/{}", step.table)),
        ("routing", "user") => Some("/routing/rule".to_owned()),
        ("routing", _) => Some(format!("{family}/route")),
        ("wireguard", _) => Some("/interface/wireguard/peers".to_owned()),
        _ => None,
    }
}

/// The row of a step: menu, number and the row itself.
fn place<'m>(step: &Step, family: &str, router: &'m Model) -> Option<(String, usize, &'m Row)> {
    let id = step.rule.as_deref()?;
    let found = |menu: String, is_it: &dyn Fn(&Row) -> bool| {
        let number = router.rows(&menu).iter().position(|row| row.id() == id && is_it(row))?;
        router.rows(&menu).get(number).map(|row| (menu, number, row))
    };
    let menu = menu(step, family)?;
    if !menu.ends_with("/route") {
        return found(menu, &|_| true);
    }
    // Where a rule asked a table whose route follows from an address, the id is the rule's: ids are a menu's own.
    let asked_by = format!("by routing rule {id}");
    let of_table = |row: &Row| row.get("routing-table") == step.chain || step.chain == "main";
    let by_rule = || found("/routing/rule".to_owned(), &|row| row.get("table") == step.chain);
    let is_rules = step.note.as_deref().is_some_and(|note| note.contains(&asked_by));
    if is_rules { by_rule().or_else(|| found(menu, &of_table)) } else { found(menu, &of_table) }
}

fn told(step: &Step, family: &str, router: &Model) -> TraceStepView {
    let place = place(step, family, router);
    TraceStepView {
        table: step.table.clone(),
        chain: step.chain.clone(),
        menu: place.as_ref().map(|(menu, _, _)| menu.clone()),
        number: place.as_ref().map(|(_, number, _)| *number),
        rule: step.rule.clone(),
        comment: step.comment.clone().filter(|comment| !comment.is_empty()),
        properties: place.map(|(_, _, row)| words(row)).unwrap_or_default(),
        action: step.action.clone(),
        matched: step.matched,
        note: step.note.clone(),
    }
}

/// What of a row matters to a packet.
fn words(row: &Row) -> Vec<String> {
    let matters = |(name, value): &(&str, &str)| {
        !matches!(*name, ".id" | "comment" | "disabled" | "dynamic" | "invalid" | "inactive" | "scope" | "target-scope")
            && !value.is_empty()
    };
    row.properties().filter(matters).map(|(name, value)| format!("{name}={value}")).collect()
}

/// The step that decided: the last one of what was stopped, of what passes the filter's rule that let it.
fn decides(verdict: Verdict, steps: &[TraceStepView]) -> Option<&TraceStepView> {
    match verdict {
        Verdict::Forward | Verdict::Local => {
            steps.iter().rfind(|step| step.table == "filter" && step.matched && step.action == "accept")
        }
        Verdict::Drop | Verdict::Reject | Verdict::Unreachable | Verdict::Blackhole => {
            steps.iter().rfind(|step| step.matched)
        }
    }
}

fn sentence(asked: &Packet, found: &Trace, steps: &[TraceStepView]) -> String {
    let by = steps.iter().rev().find(|step| step.matched).map(decided).unwrap_or_default();
    let text = match found.verdict {
        Verdict::Forward => {
            let out = found.out_interface.as_deref().unwrap_or("an interface that is not known");
            format!("It would leave by {out}{}.", translated(asked, &found.packet))
        }
        Verdict::Local => format!("It would reach the router itself{}.", translated(asked, &found.packet)),
        Verdict::Drop => format!("It would be dropped{by}."),
        Verdict::Reject => format!("It would be refused with an answer{by}."),
        Verdict::Unreachable if by == ": no route" => {
            format!("It would not leave: no route leads to {}.", found.packet.dst)
        }
        Verdict::Unreachable => format!("It would be told that there is no way{by}."),
        Verdict::Blackhole => format!("It would vanish in a blackhole{by}."),
    };
    match steps.iter().filter(|step| !step.matched).count() {
        0 => text,
        1 => format!("{text} One rule on its way could not be judged and may decide otherwise."),
        passed => format!("{text} {passed} rules on its way could not be judged and may decide otherwise."),
    }
}

fn decided(step: &TraceStepView) -> String {
    let place = match (&step.menu, step.number) {
        (Some(menu), Some(number)) => format!(" by {menu} {number}"),
        _ if step.table == "interface" => format!(" at {}", step.chain),
        _ => return step.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default(),
    };
    match (&step.comment, &step.note) {
        (Some(comment), _) => format!("{place} (“{comment}”)"),
        (None, Some(note)) => format!("{place} ({note})"),
        (None, None) => place,
    }
}

fn translated(asked: &Packet, found: &Packet) -> String {
    let to = (found.dst, found.dst_port);
    let to = if to == (asked.dst, asked.dst_port) { String::new() } else { format!(", to {}", socket(to.0, to.1)) };
    let from = if found.src == asked.src { String::new() } else { format!(", as {}", found.src) };
    to + &from
}

fn socket(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (_, None) => address.to_string(),
        (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
        (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
    }
}
