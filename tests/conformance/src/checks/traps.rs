//! Refusals: their texts, and which of them carry a category.

use super::form::{BRIDGE, Part, Refused, Stand};
use crate::check::{Check, Evidence};

const QUOTED: Evidence = Evidence::Sourced("manual, \"REST API\" and \"API\", error texts");
const SEEN: Evidence = Evidence::Seen("clients' issues and live tests");

/// A command and its arguments.
pub(super) type Command = (&'static str, &'static [&'static str]);

const UNKNOWN: Command = ("/interface/vlan/explode", &[]);
const UNKNOWN_MENU: Command = ("/no/such/menu/print", &[]);
const PARAMETER: Command = ("/interface/vlan/add", &["=colour=red"]);
const MISSING: Command = ("/interface/vlan/add", &["=vlan-id=5"]);
const NO_MATCH: Command = ("/interface/vlan/add", &["=vlan-id=5", "=interface=bh-conf-nothing"]);
const INVALID: Command = ("/interface/vlan/add", &["=vlan-id=x", "=interface=bh-conf-bridge", "=disabled=yes"]);
const RANGE: Command = ("/interface/vlan/add", &["=vlan-id=9999", "=interface=bh-conf-bridge", "=disabled=yes"]);
const NO_ITEM: Command = ("/interface/list/set", &["=.id=*FFFFFFF0", "=comment=bulkhead:conformance/nothing"]);
pub(super) const TAKEN: Command = ("/interface/bridge/add", &["=name=bh-conf-bridge", "=protocol-mode=none"]);
const GATEWAY: Command = ("/ip/route/add", &["=dst-address=192.0.2.0/24", "=gateway=bh-conf-nothing", "=disabled=yes"]);

pub(super) fn checks() -> Vec<Check> {
    [REFUSED, CATEGORY].concat()
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
    category("category-command", "1a", "An unknown command has category 0.", UNKNOWN, &[], Some(0)),
    category("category-menu", "1a", "A command of an unknown menu has category 0.", UNKNOWN_MENU, &[], Some(0)),
    category("category-parameter", "1b", "An unknown argument has category 0.", PARAMETER, &[], Some(0)),
    category("category-no-item", "1c", "An id of no row has category 0.", NO_ITEM, &[], Some(0)),
    category("category-no-match", "1d", "A reference to nothing has category 1.", NO_MATCH, &[], Some(1)),
    category("category-invalid", "1d", "What is no value of its kind has category 1.", INVALID, &[BRIDGE], Some(1)),
    category("category-range", "1d", "A number out of bounds has category 1.", RANGE, &[BRIDGE], Some(1)),
    category("category-missing", "1f", "A missing argument has no category.", MISSING, &[], None),
    category("category-failure", "1e", "A `failure: …` has no category.", TAKEN, &[BRIDGE], None),
];

/// A check of a refusal's text.
pub(super) const fn text(
    id: &'static str,
    promise: &'static str,
    evidence: Evidence,
    (command, words): Command,
    stand: Stand,
    text: &'static str,
) -> Check {
    Check::refused(id, promise, evidence, Refused { command, words, stand, part: Part::Text(text) })
}

const fn category(
    id: &'static str,
    guess: &'static str,
    promise: &'static str,
    (command, words): Command,
    stand: Stand,
    category: Option<u8>,
) -> Check {
    let evidence = Evidence::Guess(guess, "which traps carry a category");
    Check::refused(id, promise, evidence, Refused { command, words, stand, part: Part::Category(category) })
}
