//! Which object is judged where, and with what off.

use super::situation::Situation;
use crate::lane;
use Situation::{
    Answer, Bypassed, Carries, FromLan, FromLanV6, Gone, LanAsService, Late, Mute, Published, RouterV6, Still, Strays,
    TripIn, TripIn6, TripOut, TripOut6, Unbridged, Unplugged, Untracked,
};

/// A state in which a mutant is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge {
    pub(super) situation: Situation,
    /// The ends of the marks of rows that are off, and `@lookup` (the routing rule goes on to the next table), `@open` (the
    /// factory's own drops are away), `@shut` (no lease), `@gate` (the gates are shut), `@notrack`
    /// (somebody takes what comes out of the tunnel out of connection tracking).
    pub(super) off: &'static [&'static str],
}

/// Properties by which one row names another.
pub(super) const NAMING: [&str; 11] = [
    "in-interface",
    "out-interface",
    "in-interface-list",
    "out-interface-list",
    "interface",
    "list",
    "table",
    "routing-table",
    "routing-mark",
    "new-routing-mark",
    "gateway",
];

const BOTH_JUMPS: &[&str] = &["jump-forward-in", "jump-forward-out"];

/// Objects, and the state in which their lack shows.
const TABLE: &[(&str, Situation, &[&str])] = &[
    ("list", Still, &["@shut"]),
    ("raw-in", Strays, &["forward-in", "rule-interface", "@open"]),
    ("forward-in", Strays, &["raw-in", "rule-interface", "@open"]),
    ("forward-out", FromLanV6, &[]),
    ("output-out", RouterV6, &[]),
    ("output-errors", Unplugged, &[]),
    ("jump-input", Strays, &["dns-udp", "@open"]),
    ("input-closed", Strays, &["dns-udp", "@open"]),
    ("input-established", Answer, &[]),
    ("jump-forward-in", Still, &["@shut"]),
    ("jump-forward-out", FromLan, &[]),
    ("closed", Still, &["@shut"]),
    ("gate-out", Still, &["@gate"]),
    ("gate-in", Mute, &["@gate", "gate-out"]),
    ("mangle-prerouting", Strays, BOTH_JUMPS),
    ("mangle-mark", Late, &[]),
    ("mangle-answers", Late, &[]),
    ("input-untracked", Untracked, &["@notrack"]),
    ("mangle-forward-in", Strays, &[]),
    ("mangle-forward-out", Strays, &[]),
    ("blackhole-main", Gone, &["stray"]),
    ("stray", Bypassed, &["blackhole-main"]),
    ("blackhole", Situation::Down, &["@lookup", "jump-forward-in", "jump-forward-out"]),
    ("rule", Situation::Down, &["rule-interface", "jump-forward-in", "jump-forward-out"]),
    ("rule-interface", Strays, &["raw-spoofed", "jump-forward-in", "jump-forward-out"]),
    ("vlan-member", Still, &["@shut"]),
    ("veth-member", Unbridged, &["raw-stray"]),
    ("raw-spoofed", Strays, &["rule-interface", "jump-forward-in", "jump-forward-out"]),
    ("raw-stray", LanAsService, &[]),
    ("tripwire-out", TripOut, &["@lookup", "blackhole", "jump-forward-in", "jump-forward-out"]),
    ("tripwire-in", TripIn, &["blackhole-main", "stray"]),
    ("tripwire-6-out", TripOut6, &["raw-in", "rule-interface"]),
    ("tripwire-6-in", TripIn6, &["forward-out"]),
    ("replies-10", Published, &[]),
    ("replies-172", Published, &[]),
    ("replies-192", Published, &[]),
    ("replies-table", Published, &[]),
    ("publish-route", Published, &[]),
    ("publish", Published, &[]),
    ("publish-in", Published, &[]),
    ("publish-out", Published, &[]),
    ("publish-reply", Published, &[]),
];

/// Where an object is judged; one that the table does not name has to be missed by what is carried or kept back in order.
pub(super) fn judges(mark: &str) -> Vec<Judge> {
    let part = part(mark);
    let named: Vec<Judge> = TABLE
        .iter()
        .filter(|(name, ..)| *name == part)
        .map(|(_, situation, off)| Judge { situation: *situation, off })
        .collect();
    if named.is_empty() {
        [Carries, Still]
            .map(|situation| Judge { situation, off: if situation == Still { &["@shut"] } else { &[] } })
            .into()
    } else {
        named
    }
}

/// The part of a mark that says what the object is for, without the published port that it is for.
pub(super) fn part(mark: &str) -> &str {
    let last = mark.rsplit('/').next().unwrap_or(mark);
    last.split_once('.').map_or(last, |(part, _)| part)
}

/// Whether an object is one of VLAN filtering, on a kernel without it.
pub(super) fn by_model(mark: &str) -> bool {
    !lane::abilities().vlans && ["/bridge-vlan", "/bridge-port", "/vlan"].iter().any(|part| mark.ends_with(part))
}

/// The name that others know an object by; empty for one without.
pub(super) fn named(mark: &str) -> String {
    let name = match mark.rsplit('/').next().unwrap_or_default() {
        "list" => "bulkhead-vif",
        "egress-list" => "bh-100-egress",
        "table" => "bh-100",
        "replies-table" => "bh-100-replies",
        "vlan" => "bh-v100",
        "veth" => "bh-tor",
        _ => "",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_a_judge() {
        for mark in ["bulkhead:base/closed", "bulkhead:vif/tor-1/accept-out", "bulkhead:vif/tor-1/from-the-future"] {
            assert!(!judges(mark).is_empty(), "{mark}");
        }
        assert_eq!(judges("bulkhead:vif/tor-1/publish-in.tcp-8443").len(), 1, "of any port");
        assert_eq!(judges("bulkhead:vif/tor-1/blackhole").len(), 1, "not that of the main table too");
    }
}
