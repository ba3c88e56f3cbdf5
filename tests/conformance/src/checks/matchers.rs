//! Addresses, and what rules match: what goes in, and what a print then shows.

use super::{
    form::BRIDGE,
    values::{RULE, filter, on},
};
use crate::check::{Check, Evidence};

const SEEN: Evidence = Evidence::Seen("prints of 7.x over the API and REST");
const MANUAL: Evidence = Evidence::Sourced("manual, tables of properties");
const fn matchers(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "how matchers are printed")
}

const fn lists(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "how lists are printed")
}

const TCP: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes", "=protocol=tcp"];
const ROUTE: &[&str] = &["=blackhole=yes", "=distance=254", "=disabled=yes"];

pub(super) fn checks() -> Vec<Check> {
    [RULES, ADDRESSES].concat()
}

const RULES: &[Check] = &[
    filter(
        "value-matcher-range",
        "A rule matches a range of addresses, negated or not, as given.",
        MANUAL,
        RULE,
        "dst-address",
        &[("192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9"), ("!192.0.2.0/24", "!192.0.2.0/24")],
    ),
    filter(
        "value-matcher-address",
        "A rule's single address is printed without `/32`.",
        matchers("10c"),
        RULE,
        "src-address",
        &[("192.0.2.2", "192.0.2.2"), ("192.0.2.2/32", "192.0.2.2"), ("!192.0.2.2/32", "!192.0.2.2")],
    ),
    filter(
        "value-matcher-host-bits",
        "Host bits of a network that a rule matches are cleared.",
        matchers("10b"),
        RULE,
        "src-address",
        &[("192.0.2.77/24", "192.0.2.0/24")],
    ),
    filter(
        "value-connection-states",
        "Connection states are printed in the order in which they were given.",
        matchers("10a"),
        RULE,
        "connection-state",
        &[("established,related", "established,related"), ("related,established", "related,established")],
    ),
    filter(
        "value-connection-state-negated",
        "A connection state may be negated.",
        MANUAL,
        RULE,
        "connection-state",
        &[("!invalid", "!invalid")],
    ),
    filter(
        "value-tcp-flags",
        "TCP flags are a list, each negated or not.",
        MANUAL,
        TCP,
        "tcp-flags",
        &[("syn", "syn"), ("syn,!ack", "syn,!ack")],
    ),
    filter(
        "value-ports",
        "Ports are a list of numbers and ranges, negated as a whole.",
        MANUAL,
        TCP,
        "dst-port",
        &[("80", "80"), ("1000-2000", "1000-2000"), ("!22", "!22")],
    ),
    filter(
        "value-ports-order",
        "Ports keep the order in which they were given.",
        lists("15e"),
        TCP,
        "dst-port",
        &[("443,80", "443,80"), ("900-999,22", "900-999,22")],
    ),
    filter(
        "value-ports-apart",
        "Neighbours in a list of ports are not joined to a range.",
        lists("15f"),
        TCP,
        "dst-port",
        &[("80,81,82", "80,81,82")],
    ),
    filter(
        "value-source-mac",
        "A rule's MAC address may be negated and is printed in upper case.",
        MANUAL,
        RULE,
        "src-mac-address",
        &[("!02:aa:bb:cc:dd:ee", "!02:AA:BB:CC:DD:EE")],
    ),
    filter(
        "value-icmp-options",
        "ICMP options are type and code with a colon.",
        MANUAL,
        &["=chain=bh-conf", "=action=accept", "=disabled=yes", "=protocol=icmp"],
        "icmp-options",
        &[("8:0", "8:0")],
    ),
    filter(
        "value-limit",
        "A limit keeps rate, burst and unit.",
        MANUAL,
        RULE,
        "limit",
        &[("5,5:packet", "5,5:packet")],
    ),
];

const ADDRESSES: &[Check] = &[
    on(
        "value-route-destination",
        "Host bits of a route's destination are cleared.",
        MANUAL,
        "/ip/route",
        ROUTE,
        &[],
        "dst-address",
        &[("192.0.2.0/24", "192.0.2.0/24"), ("198.51.100.77/24", "198.51.100.0/24")],
    ),
    on(
        "value-rule-source",
        "A routing rule's single address keeps its `/32`.",
        matchers("10d"),
        "/routing/rule",
        &["=action=lookup-only-in-table", "=table=main", "=disabled=yes"],
        &[],
        "src-address",
        &[("192.0.2.2", "192.0.2.2/32"), ("192.0.2.2/32", "192.0.2.2/32")],
    ),
    on(
        "value-address",
        "An interface's address keeps its host bits and is printed with its prefix length.",
        MANUAL,
        "/ip/address",
        &["=interface=bh-conf-bridge", "=disabled=yes"],
        &[BRIDGE],
        "address",
        &[("192.0.2.1/30", "192.0.2.1/30"), ("192.0.2.5/255.255.255.252", "192.0.2.5/30")],
    ),
    on(
        "value-list-address-v6",
        "IPv6 addresses are printed in their short form, a single one of a list with `/128`.",
        SEEN,
        "/ipv6/firewall/address-list",
        &["=list=bh-conf", "=disabled=yes"],
        &[],
        "address",
        &[("2001:DB8:0:0::1", "2001:db8::1/128"), ("2001:db8::/32", "2001:db8::/32")],
    ),
    on(
        "value-list-address",
        "A list holds addresses, networks and ranges.",
        MANUAL,
        "/ip/firewall/address-list",
        &["=list=bh-conf", "=disabled=yes"],
        &[],
        "address",
        &[
            ("192.0.2.1", "192.0.2.1"),
            ("198.51.100.0/24", "198.51.100.0/24"),
            ("203.0.113.1-203.0.113.9", "203.0.113.1-203.0.113.9"),
        ],
    ),
    on(
        "value-pool",
        "A pool keeps its ranges in the order given, single addresses too.",
        MANUAL,
        "/ip/pool",
        &["=name=bh-conf-pool"],
        &[],
        "ranges",
        &[("192.0.2.10-192.0.2.20,192.0.2.30", "192.0.2.10-192.0.2.20,192.0.2.30")],
    ),
];
