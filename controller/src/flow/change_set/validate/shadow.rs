//! Rules that never meet a packet, because another one above takes everything that they would match.

use shared::routeros::model::{Model, Row};

use std::collections::BTreeSet;

use super::{
    Finding,
    context::Context,
    finding::{SHADOWED_RULE, SHADOWING_RULE},
    net::Range,
    rows::{enabled, is, is_dynamic, shown, text},
    value::number,
};

/// Attributes that match nothing.
const NO_MATCHERS: [&str; 26] = [
    ".about",
    ".id",
    ".nextid",
    "action",
    "address-list",
    "address-list-timeout",
    "bytes",
    "chain",
    "comment",
    "disabled",
    "dynamic",
    "hw-offload",
    "invalid",
    "jump-target",
    "log",
    "log-prefix",
    "new-connection-mark",
    "new-mss",
    "new-packet-mark",
    "new-routing-mark",
    "packets",
    "passthrough",
    "randomise-ports",
    "reject-with",
    "to-addresses",
    "to-ports",
];

/// Matchers that let some packets of the same kind pass.
const PARTIAL: [&str; 12] = [
    "connection-bytes",
    "connection-limit",
    "connection-rate",
    "content",
    "dst-limit",
    "limit",
    "layer7-protocol",
    "nth",
    "per-connection-classifier",
    "psd",
    "random",
    "time",
];

/// Actions after which the table asks no further rule.
const FINAL: [&str; 12] = [
    "accept",
    "drop",
    "reject",
    "return",
    "tarpit",
    "src-nat",
    "masquerade",
    "dst-nat",
    "redirect",
    "netmap",
    "same",
    "endpoint-independent-nat",
];

/// What is found of a rule in its place.
pub(super) fn found(menu: &str, rule: &Row, after: &Model, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if is(rule, "disabled") {
        return findings;
    }
    let chain: Vec<&Row> = enabled(after, menu)
        .filter(|row| text(row, "chain") == text(rule, "chain") && !is_dynamic(row) && !is(row, "invalid"))
        .collect();
    let Some(at) = chain.iter().position(|row| row.id() == rule.id()) else { return findings };
    if let Some(above) = chain[..at].iter().find(|above| takes_all(menu, above, rule, context)) {
        let message = format!("{} stands above and takes every packet that this rule would match.", shown(above));
        let hint = "Move this rule above it, or leave it out.";
        findings.push(Finding::new(&SHADOWED_RULE, message, hint).at("position"));
    }
    if let Some(below) = chain[at + 1..].iter().find(|below| takes_all(menu, rule, below, context)) {
        let message = format!("{} stands below and would never be met again.", shown(below));
        findings.push(Finding::new(&SHADOWING_RULE, message, "Move this rule below it, or narrow it.").at("position"));
    }
    findings
}

/// What a rule matches: names and values.
fn matchers(rule: &Row) -> impl Iterator<Item = (&str, &str)> {
    rule.properties().filter(|(name, value)| !value.is_empty() && !NO_MATCHERS.contains(name))
}

fn takes_all(menu: &str, above: &Row, below: &Row, context: &Context<'_>) -> bool {
    let action = text(above, "action");
    if !(FINAL.contains(&action) || action.is_empty()) {
        return false;
    }
    for (name, wide) in matchers(above) {
        let narrow = text(below, name);
        if PARTIAL.contains(&name) || narrow.is_empty() {
            return false;
        }
        let (wide, narrow) = (context.canonical(menu, name, wide), context.canonical(menu, name, narrow));
        if wide != narrow && !holds(name, &wide, &narrow) {
            return false;
        }
    }
    true
}

/// Whether whatever matches the narrow value matches the wide one.
fn holds(name: &str, wide: &str, narrow: &str) -> bool {
    if wide.starts_with('!') || narrow.starts_with('!') {
        return false;
    }
    match name {
        "src-address" | "dst-address" => match (Range::parse(wide), Range::parse(narrow)) {
            (Some(wide), Some(narrow)) => wide.covers(&narrow),
            _ => false,
        },
        "src-port" | "dst-port" | "port" => {
            let (wide, narrow) = (spans(wide), spans(narrow));
            narrow.iter().all(|(from, to)| wide.iter().any(|(least, most)| least <= from && to <= most))
        }
        "connection-state" | "connection-nat-state" => {
            let wide: BTreeSet<&str> = wide.split(',').collect();
            narrow.split(',').all(|word| wide.contains(word))
        }
        _ => false,
    }
}

fn spans(list: &str) -> Vec<(u64, u64)> {
    let one = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some((number(from)?, number(to)?))
    };
    list.split(',').filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_value_holds_a_narrower_one() {
        for (name, wide, narrow, expected) in [
            ("src-address", "10.0.0.0/8", "10.1.0.1-10.1.0.9", true),
            ("src-address", "10.1.0.0/16", "10.0.0.0/8", false),
            ("dst-port", "80-90,443", "81,443", true),
            ("dst-port", "80", "80,443", false),
            ("connection-state", "established,new,related", "new", true),
            ("connection-state", "new", "established,new", false),
            ("in-interface-list", "LAN", "WAN", false),
            ("src-address", "!10.0.0.0/8", "11.0.0.1", false),
        ] {
            assert_eq!(holds(name, wide, narrow), expected, "{name}: {wide} over {narrow}");
        }
    }
}
