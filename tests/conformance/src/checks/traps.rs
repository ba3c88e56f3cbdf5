//! Refusals: their texts, and which of them carry a category.

use super::form::{BRIDGE, Part, Refused, Stand};
use crate::check::{Check, Evidence};

const QUOTED: Evidence = Evidence::Sourced("manual, \"REST API\" and \"API\", error texts");
const SEEN: Evidence = Evidence::Seen("clients' issues and live tests");
const CATEGORIES: Evidence = Evidence::Guess(1, "which traps carry a category");
const TEXTS: Evidence = Evidence::Guess(6, "texts not seen on the wire");
const FORMS: Evidence = Evidence::Guess(15, "how bounds are worded");

/// A command and its arguments.
type Command = (&'static str, &'static [&'static str]);

const UNKNOWN: Command = ("/interface/vlan/explode", &[]);
const UNKNOWN_MENU: Command = ("/no/such/menu/print", &[]);
const PARAMETER: Command = ("/interface/vlan/add", &["=colour=red"]);
const MISSING: Command = ("/interface/vlan/add", &["=vlan-id=5"]);
const NO_MATCH: Command = ("/interface/vlan/add", &["=vlan-id=5", "=interface=bh-conf-nothing"]);
const INVALID: Command = ("/interface/vlan/add", &["=vlan-id=x", "=interface=bh-conf-bridge", "=disabled=yes"]);
const RANGE: Command = ("/interface/vlan/add", &["=vlan-id=9999", "=interface=bh-conf-bridge", "=disabled=yes"]);
const NO_ITEM: Command = ("/interface/list/set", &["=.id=*FFFFFFF0", "=comment=bulkhead:conformance/nothing"]);
const TAKEN: Command = ("/interface/bridge/add", &["=name=bh-conf-bridge", "=protocol-mode=none"]);
const GATEWAY: Command = ("/ip/route/add", &["=dst-address=192.0.2.0/24", "=gateway=bh-conf-nothing", "=disabled=yes"]);

const VLAN: (&str, &[&str]) =
    ("/interface/vlan", &["=name=bh-conf-vlan", "=interface=bh-conf-bridge", "=vlan-id=3990", "=disabled=yes"]);

/// Scratch rows that are made twice.
const LIST: &[&str] = &["=name=bh-conf-list"];
const TABLE: &[&str] = &["=name=bh-conf-table", "=disabled=yes"];
const POOL: &[&str] = &["=name=bh-conf-pool", "=ranges=192.0.2.1-192.0.2.9"];
const SCRIPT: &[&str] = &["=name=bh-conf-script", "=source="];
const MEMBER: &[&str] = &["=list=bh-conf-list", "=interface=bh-conf-bridge", "=disabled=yes"];
const ENTRY: &[&str] = &["=list=bh-conf", "=address=192.0.2.1", "=disabled=yes"];
const ADDRESS: &[&str] = &["=address=192.0.2.1/30", "=interface=bh-conf-bridge", "=disabled=yes"];
const PORT: &[&str] = &["=bridge=bh-conf-other", "=interface=bh-conf-vlan", "=disabled=yes"];

const NAMED: &str = "failure: item with such name already exists";
const TOO_LONG: &str = "=log-prefix=a text of much more than the thirty-one bytes that the schema names";

pub(super) fn checks() -> Vec<Check> {
    [REFUSED, CATEGORY, TWICE, WORDED].concat()
}

const REFUSED: &[Check] = &[
    text("trap-command", "An unknown command is `no such command`.", QUOTED, UNKNOWN, &[], "no such command"),
    text(
        "trap-menu",
        "A command of an unknown menu is `no such command prefix`.",
        QUOTED,
        UNKNOWN_MENU,
        &[],
        "no such command prefix",
    ),
    text(
        "trap-parameter",
        "An unknown argument is `unknown parameter x`.",
        QUOTED,
        PARAMETER,
        &[],
        "unknown parameter colour",
    ),
    text("trap-missing", "A missing argument is `missing =x=`.", QUOTED, MISSING, &[], "missing =interface="),
    text(
        "trap-no-match",
        "A reference to nothing is `input does not match any value of x`.",
        QUOTED,
        NO_MATCH,
        &[],
        "input does not match any value of interface",
    ),
    text(
        "trap-invalid",
        "What is no value of its kind is `invalid value for argument x`.",
        QUOTED,
        INVALID,
        &[BRIDGE],
        "invalid value for argument vlan-id",
    ),
    text(
        "trap-range",
        "A number out of bounds is `value of x is out of range (a .. b)`.",
        Evidence::Seen("the form, of a duration, on 7.22"),
        RANGE,
        &[BRIDGE],
        "value of vlan-id is out of range (1 .. 4094)",
    ),
    text("trap-no-item", "An id of no row is `no such item`.", SEEN, NO_ITEM, &[], "no such item"),
    text(
        "trap-gateway",
        "A gateway that is neither address nor interface is `invalid value for argument gateway`.",
        SEEN,
        GATEWAY,
        &[],
        "invalid value for argument gateway",
    ),
    text(
        "trap-mac",
        "A wrong MAC address is `invalid value of x, mac address required`.",
        SEEN,
        ("/interface/bridge/add", &["=name=bh-conf-mac", "=admin-mac=02:aa:bb", "=disabled=yes"]),
        &[],
        "invalid value of admin-mac, mac address required",
    ),
    text(
        "trap-word",
        "A word that is not offered is `input does not match any value of x`.",
        QUOTED,
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=action=explode", "=disabled=yes"]),
        &[],
        "input does not match any value of action",
    ),
    text(
        "trap-listen-singleton",
        "`listen` on a menu of one row is `unknown parameter follow-only`.",
        Evidence::Seen("live tests on 7.23"),
        ("/system/identity/listen", &[]),
        &[],
        "unknown parameter follow-only",
    ),
];

const CATEGORY: &[Check] = &[
    category("category-command", "An unknown command has category 0.", UNKNOWN, &[], Some(0)),
    category("category-menu", "A command of an unknown menu has category 0.", UNKNOWN_MENU, &[], Some(0)),
    category("category-parameter", "An unknown argument has category 0.", PARAMETER, &[], Some(0)),
    category("category-no-item", "An id of no row has category 0.", NO_ITEM, &[], Some(0)),
    category("category-no-match", "A reference to nothing has category 1.", NO_MATCH, &[], Some(1)),
    category("category-invalid", "What is no value of its kind has category 1.", INVALID, &[BRIDGE], Some(1)),
    category("category-range", "A number out of bounds has category 1.", RANGE, &[BRIDGE], Some(1)),
    category("category-missing", "A missing argument has no category.", MISSING, &[], None),
    category("category-failure", "A `failure: …` has no category.", TAKEN, &[BRIDGE], None),
];

/// What may be there only once.
const TWICE: &[Check] = &[
    text(
        "taken-interface",
        "Two interfaces of one name: `already have interface with such name`.",
        SEEN,
        TAKEN,
        &[BRIDGE],
        "failure: already have interface with such name",
    ),
    text(
        "taken-address",
        "One address twice on an interface: `already have such address`.",
        QUOTED,
        ("/ip/address/add", ADDRESS),
        &[BRIDGE, ("/ip/address", ADDRESS)],
        "failure: already have such address",
    ),
    text(
        "taken-list-entry",
        "One address twice in a list: `already have such entry`.",
        QUOTED,
        ("/ip/firewall/address-list/add", ENTRY),
        &[("/ip/firewall/address-list", ENTRY)],
        "failure: already have such entry",
    ),
    text(
        "taken-list-member",
        "One interface twice in a list: `already have such entry`.",
        TEXTS,
        ("/interface/list/member/add", MEMBER),
        &[BRIDGE, ("/interface/list", LIST), ("/interface/list/member", MEMBER)],
        "failure: already have such entry",
    ),
    text(
        "taken-list",
        "Two interface lists of one name: `item with such name already exists`.",
        TEXTS,
        ("/interface/list/add", LIST),
        &[("/interface/list", LIST)],
        NAMED,
    ),
    text(
        "taken-table",
        "Two routing tables of one name: `item with such name already exists`.",
        TEXTS,
        ("/routing/table/add", TABLE),
        &[("/routing/table", TABLE)],
        NAMED,
    ),
    text(
        "taken-pool",
        "Two pools of one name: `item with such name already exists`.",
        TEXTS,
        ("/ip/pool/add", POOL),
        &[("/ip/pool", POOL)],
        NAMED,
    ),
    text(
        "taken-script",
        "Two scripts of one name: `item with such name already exists`.",
        TEXTS,
        ("/system/script/add", SCRIPT),
        &[("/system/script", SCRIPT)],
        NAMED,
    ),
    text(
        "taken-bridge-port",
        "One interface twice as a bridge port: `device already added as bridge port`.",
        SEEN,
        ("/interface/bridge/port/add", PORT),
        &[
            BRIDGE,
            VLAN,
            ("/interface/bridge", &["=name=bh-conf-other", "=protocol-mode=none"]),
            ("/interface/bridge/port", PORT),
        ],
        "failure: device already added as bridge port",
    ),
];

/// Values that break a bound or a rule, and how that is worded.
const WORDED: &[Check] = &[
    worded(
        "bound-of-a-text",
        "A text that is too long is `invalid value for argument x`.",
        FORMS,
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", TOO_LONG]),
        "invalid value for argument log-prefix",
    ),
    worded(
        "bound-of-a-port",
        "A port out of bounds in a list is `invalid value for argument x`.",
        FORMS,
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
        Evidence::Guess(16, "abbreviations of words"),
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", "=action=acc"]),
        "input does not match any value of action",
    ),
    worded(
        "rule-ports-without-protocol",
        "A rule with ports and without a protocol is refused.",
        TEXTS,
        ("/ip/firewall/filter/add", &["=chain=bh-conf", "=disabled=yes", "=dst-port=80"]),
        "failure: ports can be specified if proto is tcp,udp,udp-lite,dccp,sctp",
    ),
];

const fn text(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    (command, words): Command,
    stand: Stand,
    text: &'static str,
) -> Check {
    Check::refused(id, promise, evidence, Refused { command, words, stand, part: Part::Text(text) })
}

const fn worded(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    command: Command,
    message: &'static str,
) -> Check {
    text(id, promise, evidence, command, &[], message)
}

const fn category(
    id: &'static str,
    promise: &'static str,
    (command, words): Command,
    stand: Stand,
    category: Option<u8>,
) -> Check {
    Check::refused(id, promise, CATEGORIES, Refused { command, words, stand, part: Part::Category(category) })
}
