//! Values that break a bound or a rule, and how that is worded.

use super::{
    form::{BRIDGE, Stand},
    traps::{Command, text},
};
use crate::check::{Check, Evidence};

const fn form(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "how bounds are worded")
}

const fn wording(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "a text not seen on the wire")
}

const SEEN: Evidence = Evidence::Seen("public configurations, scripts and their authors' notes");

const TOO_LONG: &str = "=log-prefix=a text of much more than the thirty-one bytes that the schema names";
const TWO_PORTS: Stand = &[BRIDGE, VLAN, OTHER];
const VLAN: (&str, &[&str]) =
    ("/interface/vlan", &["=name=bh-conf-vlan", "=interface=bh-conf-bridge", "=vlan-id=3990", "=disabled=yes"]);
const OTHER: (&str, &[&str]) = ("/interface/bridge", &["=name=bh-conf-other", "=protocol-mode=none"]);
const OF_BRIDGE: (&str, &[&str]) =
    ("/interface/bridge/vlan", &["=bridge=bh-conf-bridge", "=vlan-ids=3980-3985", "=disabled=yes"]);

pub(super) fn checks() -> Vec<Check> {
    [RULES, DURATIONS, VLANS].concat()
}

/// Too long and too short.
const DURATIONS: &[Check] = &[
    worded(
        "bound-of-a-duration-below",
        "A duration below its bounds is told both of them, too.",
        Evidence::Seen("the form, of `activation-timeout`, on 7.22"),
        ("/interface/bridge/add", &["=name=bh-conf-one", "=max-message-age=1s", "=disabled=yes"]),
        "value of max-message-age is out of range (00:00:06 .. 00:00:40)",
    ),
    worded(
        "bound-of-a-duration-in-days",
        "A bound of more than a day is told with its days.",
        Evidence::Seen("the form, of `activation-timeout`, on 7.22"),
        ("/interface/bridge/add", &["=name=bh-conf-one", "=ageing-time=5s", "=disabled=yes"]),
        "value of ageing-time is out of range (00:00:10 .. 11d13:46:40)",
    ),
    worded(
        "no-duration",
        "What is no duration is `invalid value for argument x`.",
        Evidence::Sourced("manual, \"REST API\" and \"API\", error texts"),
        ("/interface/bridge/add", &["=name=bh-conf-one", "=ageing-time=soon", "=disabled=yes"]),
        "invalid value for argument ageing-time",
    ),
];

/// A list that includes itself, over another.
const LOOP: Stand = &[
    ("/interface/list", &["=name=bh-conf-list"]),
    ("/interface/list", &["=name=bh-conf-two", "=include=bh-conf-list"]),
];

/// VLANs of a bridge, and lists.
const VLANS: &[Check] = &[
    text(
        "vlan-of-a-bridge-twice",
        "A VLAN id that a bridge's table has already is `vlan already added`.",
        SEEN,
        ("/interface/bridge/vlan/add", &["=bridge=bh-conf-bridge", "=vlan-ids=3985-3989", "=disabled=yes"]),
        &[BRIDGE, OF_BRIDGE],
        "failure: vlan already added",
    ),
    text(
        "vlan-tagged-and-untagged",
        "A port is in a VLAN tagged or untagged, not both.",
        SEEN,
        (
            "/interface/bridge/vlan/add",
            &[
                "=bridge=bh-conf-other",
                "=vlan-ids=3980",
                "=tagged=bh-conf-vlan",
                "=untagged=bh-conf-vlan",
                "=disabled=yes",
            ],
        ),
        TWO_PORTS,
        "failure: interface cannot be in tagged and untagged at the same time",
    ),
    text(
        "vlan-id-zero",
        "A VLAN id out of bounds in a bridge's table is `invalid value for argument x`.",
        form("15b"),
        ("/interface/bridge/vlan/add", &["=bridge=bh-conf-bridge", "=vlan-ids=4095", "=disabled=yes"]),
        &[BRIDGE],
        "invalid value for argument vlan-ids",
    ),
    text(
        "list-loop",
        "Interface lists that include each other are refused.",
        wording("6k"),
        ("/interface/list/set", &["=.id=bh-conf-list", "=include=bh-conf-two"]),
        LOOP,
        "failure: interface list loop",
    ),
];

/// Values that break a bound or a rule, and how that is worded.
const RULES: &[Check] = &[
    worded(
        "bound-of-a-text",
        "A text that is too long is `invalid value for argument x`.",
        form("15a"),
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", TOO_LONG]),
        "invalid value for argument log-prefix",
    ),
    worded(
        "bound-of-a-port",
        "A port out of bounds in a list is `invalid value for argument x`.",
        form("15b"),
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", "=protocol=tcp", "=dst-port=80,70000"]),
        "invalid value for argument dst-port",
    ),
    worded(
        "bound-of-a-duration",
        "A duration out of bounds is `value of x is out of range (a .. b)`, as clock times.",
        Evidence::Seen("`activation-timeout` on 7.22"),
        ("/interface/bridge/add", &["=name=bh-conf-ageing", "=forward-delay=1m", "=disabled=yes"]),
        "value of forward-delay is out of range (00:00:04 .. 00:00:30)",
    ),
    worded(
        "word-abbreviated",
        "An abbreviated word is refused.",
        Evidence::Guess("16b", "abbreviations of words"),
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", "=action=acc"]),
        "input does not match any value of action",
    ),
    worded(
        "rule-ports-without-protocol",
        "A rule with ports and without a protocol is refused.",
        wording("6l"),
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", "=dst-port=80"]),
        "failure: ports can be specified if proto is tcp,udp,udp-lite,dccp,sctp",
    ),
];

const fn worded(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    command: Command,
    message: &'static str,
) -> Check {
    text(id, promise, evidence, command, &[], message)
}
