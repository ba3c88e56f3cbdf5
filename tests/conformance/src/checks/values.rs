//! Values as they are kept: what goes in, and what a print then shows.

use super::form::{BRIDGE, Kept, Stand};
use crate::check::{Check, Evidence};

pub(super) type Cases = &'static [(&'static str, &'static str)];

const SEEN: Evidence = Evidence::Seen("prints of 7.x over the API and REST");
const MANUAL: Evidence = Evidence::Sourced("manual, tables of properties");
const PAIRS: Evidence = Evidence::Guess("15d", "pairs");

/// A rule that nothing meets: disabled, in a chain that nothing jumps to.
pub(super) const RULE: &[&str] = &["=chain=bh-conf", "=action=accept", "=disabled=yes"];

const QUEUE: &[&str] = &["=name=bh-conf-queue", "=target=192.0.2.1/32", "=disabled=yes"];
const A_BRIDGE: &[&str] = &["=name=bh-conf-one", "=disabled=yes"];
const A_NAME: &[&str] = &["=name=bh-conf.invalid", "=address=192.0.2.1", "=disabled=yes"];

pub(super) fn checks() -> Vec<Check> {
    [PLAIN, OTHERS].concat()
}

const PLAIN: &[Check] = &[
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
];

const OTHERS: &[Check] = &[
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
];

pub(super) const fn filter(
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
pub(super) const fn on(
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
