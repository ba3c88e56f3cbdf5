//! Values as they are kept: what goes in, and what a print then shows.

use super::form::{BRIDGE, Kept, Stand};
use crate::check::{Check, Evidence};

type Cases = &'static [(&'static str, &'static str)];

const SEEN: Evidence = Evidence::Seen("prints of 7.x over the API and REST");
const MANUAL: Evidence = Evidence::Sourced("manual, tables of properties");
const MATCHERS: Evidence = Evidence::Guess(10, "how matchers are printed");
const PAIRS: Evidence = Evidence::Guess(15, "pairs and lists");

/// A rule that nothing meets: disabled, in a chain that nothing jumps to.
const RULE: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes"];
const TCP: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes", "=protocol=tcp"];

const QUEUE: &[&str] = &["=name=bh-conf-queue", "=target=192.0.2.1/32", "=disabled=yes"];
const A_BRIDGE: &[&str] = &["=name=bh-conf-one", "=disabled=yes"];
const A_NAME: &[&str] = &["=name=bh-conf.invalid", "=address=192.0.2.1", "=disabled=yes"];

pub(super) fn checks() -> Vec<Check> {
    [plain(), rules(), addresses(), others()].concat()
}

fn plain() -> Vec<Check> {
    vec![
        filter(
            "value-boolean",
            "Booleans are taken as `yes`, `no`, `true`, `false` and printed as `true`, `false`.",
            SEEN,
            RULE,
            "log",
            &[("yes", "true"), ("no", "false"), ("true", "true"), ("false", "false")],
        ),
        on(
            "value-vlan-id",
            "A VLAN id is taken in decimal and hexadecimal and printed in decimal.",
            Evidence::Sourced("manual, \"REST API\", numbers"),
            "/interface/vlan",
            &["=name=bh-conf-vlan", "=interface=bh-conf-bridge", "=disabled=yes"],
            &[BRIDGE],
            "vlan-id",
            &[("100", "100"), ("4094", "4094"), ("0x64", "100")],
        ),
        on(
            "value-duration",
            "Durations are taken as seconds, as clock times and with units, and printed with units.",
            SEEN,
            "/ip/dns/static",
            A_NAME,
            &[],
            "ttl",
            &[("00:01:00", "1m"), ("1d 02:00:00", "1d2h"), ("86400", "1d"), ("7d", "1w"), ("1w2d3h4m5s", "1w2d3h4m5s")],
        ),
        on(
            "value-hexadecimal",
            "A bridge's priority is printed in hexadecimal.",
            Evidence::Seen("`priority=0x80` of a bridge port"),
            "/interface/bridge",
            A_BRIDGE,
            &[],
            "priority",
            &[("32768", "0x8000"), ("0x1000", "0x1000")],
        ),
        on(
            "value-duration-of-a-bridge",
            "A bridge's ageing time is taken as a number of seconds.",
            MANUAL,
            "/interface/bridge",
            A_BRIDGE,
            &[],
            "ageing-time",
            &[("300", "5m"), ("00:10:00", "10m")],
        ),
        on(
            "value-number-or-word",
            "A bridge's MTU is a number or `auto`.",
            MANUAL,
            "/interface/bridge",
            A_BRIDGE,
            &[],
            "mtu",
            &[("auto", "auto"), ("1400", "1400")],
        ),
        on(
            "value-mac",
            "A MAC address is printed in upper case with colons.",
            SEEN,
            "/interface/bridge",
            &["=name=bh-conf-one", "=auto-mac=no", "=disabled=yes"],
            &[],
            "admin-mac",
            &[("02:aa:bb:cc:dd:ee", "02:AA:BB:CC:DD:EE"), ("02-aa-bb-cc-dd-ee", "02:AA:BB:CC:DD:EE")],
        ),
        filter(
            "value-text",
            "A text keeps its blanks, its equals signs and its letters of any language.",
            SEEN,
            RULE,
            "comment",
            &[
                ("bulkhead:conformance/value-text  two  words ", "bulkhead:conformance/value-text  two  words "),
                ("bulkhead:conformance/value-text a=b=c", "bulkhead:conformance/value-text a=b=c"),
                ("bulkhead:conformance/value-text Zürich 東京", "bulkhead:conformance/value-text Zürich 東京"),
            ],
        ),
    ]
}

fn rules() -> Vec<Check> {
    vec![
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
            MATCHERS,
            RULE,
            "src-address",
            &[("192.0.2.2", "192.0.2.2"), ("192.0.2.2/32", "192.0.2.2"), ("!192.0.2.2/32", "!192.0.2.2")],
        ),
        filter(
            "value-matcher-host-bits",
            "Host bits of a network that a rule matches are cleared.",
            MATCHERS,
            RULE,
            "src-address",
            &[("192.0.2.77/24", "192.0.2.0/24")],
        ),
        filter(
            "value-connection-states",
            "Connection states are printed in the order in which they were given.",
            MATCHERS,
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
            "Ports keep the order in which they were given, and neighbours stay apart.",
            PAIRS,
            TCP,
            "dst-port",
            &[("443,80", "443,80"), ("80,81,82", "80,81,82")],
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
    ]
}

fn addresses() -> Vec<Check> {
    const ROUTE: &[&str] = &["=blackhole=yes", "=distance=254", "=disabled=yes"];
    vec![
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
            MATCHERS,
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
    ]
}

fn others() -> Vec<Check> {
    vec![
        on(
            "value-rates",
            "A queue's rates are taken with k, M and G and printed in bits a second.",
            SEEN,
            "/queue/simple",
            QUEUE,
            &[],
            "max-limit",
            &[("10M/5M", "10000000/5000000"), ("64k/2G", "64000/2000000000")],
        ),
        on(
            "value-rate-alone",
            "One rate alone stands for upload and download.",
            PAIRS,
            "/queue/simple",
            QUEUE,
            &[],
            "max-limit",
            &[("10M", "10000000/10000000")],
        ),
        on(
            "value-priority-pair",
            "A queue's priority is printed for upload and download.",
            SEEN,
            "/queue/simple",
            QUEUE,
            &[],
            "priority",
            &[("8/8", "8/8"), ("1/2", "1/2")],
        ),
        on(
            "value-date",
            "A date is taken and printed as year, month and day.",
            Evidence::Sourced("changelog of 7.10"),
            "/system/scheduler",
            &["=name=bh-conf-scheduler", "=on-event=", "=disabled=yes"],
            &[],
            "start-date",
            &[("2030-09-28", "2030-09-28")],
        ),
        on(
            "value-policies",
            "A group lists the policies that it has, then those that it lacks, negated.",
            Evidence::Seen("prints of `/user/group` on 7.x"),
            "/user/group",
            &["=name=bh-conf-group"],
            &[],
            "policy",
            &[(
                "write,read,api",
                "read,write,api,!local,!telnet,!ssh,!ftp,!reboot,!policy,!test,!winbox,!password,!web,!sniff,\
                 !sensitive,!romon,!rest-api",
            )],
        )
        .policies("write,policy"),
    ]
}

fn filter(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    row: &'static [&'static str],
    name: &'static str,
    cases: Cases,
) -> Check {
    on(id, promise, evidence, "/ip/firewall/filter", row, &[], name, cases)
}

#[expect(clippy::too_many_arguments, reason = "a row of the table")]
fn on(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    menu: &'static str,
    row: &'static [&'static str],
    stand: Stand,
    name: &'static str,
    cases: Cases,
) -> Check {
    Check::kept(id, promise, evidence, Kept { menu, row, stand, name, cases })
}
