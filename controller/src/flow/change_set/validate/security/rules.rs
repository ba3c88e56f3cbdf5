//! What can be read off a write without tracing a packet.

use shared::{change_set::Verb, routeros::model::Row};

use crate::flow::change_set::validate::{
    Finding,
    edit::Step,
    finding::{BULKHEAD_ROW, FORWARD_OPEN, INPUT_OPEN, PASSWORD_EMPTY, PLAINTEXT_SERVICE, USER_UNRESTRICTED},
    rows::{shown, text},
};

/// What is found of a write.
pub(super) fn found(step: &Step) -> Vec<Finding> {
    let mut findings: Vec<Finding> = own(step).into_iter().collect();
    if let Some(row) = step.after.as_ref().filter(|row| super::in_force(row)) {
        match step.menu.as_str() {
            "/ip/firewall/filter" | "/ipv6/firewall/filter" => findings.extend(open(row)),
            "/ip/service" => findings.extend(plaintext(step, row)),
            "/user" if step.verb == Verb::Add => findings.extend(user(row)),
            _ => {}
        }
    }
    findings.into_iter().map(|finding| finding.of(&step.item)).collect()
}

/// Rows of our own protection are made and removed with what they protect.
fn own(step: &Step) -> Option<Finding> {
    let row = step.before.as_ref().filter(|row| super::isolates(row))?;
    let message = format!("{} protects VIFs or is the agent's way in.", shown(row));
    let hint = "Change or remove the VIF instead; the agent would put the row right again.";
    Some(Finding::new(&BULKHEAD_ROW, message, hint).at("key"))
}

/// Matchers that say from where, or to what, a rule lets packets in.
const NARROWING: [&str; 14] = [
    "src-address",
    "src-address-list",
    "src-mac-address",
    "dst-port",
    "dst-address",
    "dst-address-list",
    "connection-mark",
    "packet-mark",
    "routing-mark",
    "ipsec-policy",
    "in-interface",
    "in-interface-list",
    "connection-nat-state",
    "src-address-type",
];

/// A rule that lets new connections in from anywhere.
fn open(row: &Row) -> Option<Finding> {
    let narrowed = NARROWING.iter().any(|name| {
        let value = text(row, name);
        let outside = name.starts_with("in-interface") && matches!(value, "WAN" | "all" | "!LAN");
        !value.is_empty() && !outside && value != "0.0.0.0/0" && value != "::/0"
    });
    let state = text(row, "connection-state");
    let opens = state.is_empty() || state.split(',').any(|word| word == "new");
    let harmless = matches!(text(row, "protocol"), "icmp" | "icmpv6" | "1" | "58");
    if !matches!(text(row, "action"), "accept" | "") || narrowed || !opens || harmless {
        return None;
    }
    let hint = "Say from where: src-address, in-interface-list=LAN, or a list of addresses.";
    match text(row, "chain") {
        "input" => {
            let message = "The rule accepts new connections to the router from anywhere, the internet too.";
            Some(Finding::new(&INPUT_OPEN, message, hint).at("src-address"))
        }
        "forward" if text(row, "out-interface").is_empty() && text(row, "out-interface-list").is_empty() => {
            let message = "The rule accepts new connections from anywhere to everything behind the router.";
            Some(Finding::new(&FORWARD_OPEN, message, hint).at("src-address"))
        }
        _ => None,
    }
}

fn plaintext(step: &Step, row: &Row) -> Option<Finding> {
    let name = text(row, "name");
    let instead = match name {
        "telnet" | "ftp" => "ssh",
        "www" => "www-ssl",
        "api" => "api-ssl",
        _ => return None,
    };
    if step.before.as_ref().is_some_and(super::in_force) {
        return None;
    }
    let message = format!("`{name}` sends user names and passwords in the clear.");
    Some(Finding::new(&PLAINTEXT_SERVICE, message, format!("Use `{instead}`.")).at("disabled"))
}

fn user(row: &Row) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = text(row, "name");
    if text(row, "group") == "full" && text(row, "address").is_empty() {
        let message = format!("`{name}` may do everything, from every address.");
        let hint = "Give it the addresses that it signs in from.";
        findings.push(Finding::new(&USER_UNRESTRICTED, message, hint).at("address"));
    }
    if text(row, "password").is_empty() {
        let message = format!("`{name}` would have no password.");
        findings.push(Finding::new(&PASSWORD_EMPTY, message, "Give it one.").at("password"));
    }
    findings
}
