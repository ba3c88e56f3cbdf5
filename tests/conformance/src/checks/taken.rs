//! What may be there only once, and how a second one is refused.

use super::{
    form::BRIDGE,
    traps::{TAKEN, text},
};
use crate::check::{Check, Evidence};

const QUOTED: Evidence = Evidence::Sourced("manual, \"REST API\" and \"API\", error texts");
const SEEN: Evidence = Evidence::Seen("clients' issues and live tests");

const fn wording(guess: &'static str) -> Evidence {
    Evidence::Guess(guess, "a text not seen on the wire")
}

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
const CLIENT: &[&str] = &["=interface=bh-conf-bridge", "=disabled=yes"];
const LEASE: &[&str] = &["=address=192.0.2.2", "=mac-address=02:00:00:00:00:02", "=disabled=yes"];
const NETWORK: &[&str] = &["=address=192.0.2.0/24"];
const GROUP: &[&str] = &["=name=bh-conf-group", "=policy=read"];

/// All are disabled, or do nothing by themselves.
pub(super) const CHECKS: &[Check] = &[
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
        wording("6a"),
        ("/interface/list/member/add", MEMBER),
        &[BRIDGE, ("/interface/list", LIST), ("/interface/list/member", MEMBER)],
        "failure: already have such entry",
    ),
    text(
        "taken-list",
        "Two interface lists of one name: `item with such name already exists`.",
        wording("6d"),
        ("/interface/list/add", LIST),
        &[("/interface/list", LIST)],
        NAMED,
    ),
    text(
        "taken-table",
        "Two routing tables of one name: `item with such name already exists`.",
        wording("6e"),
        ("/routing/table/add", TABLE),
        &[("/routing/table", TABLE)],
        NAMED,
    ),
    text(
        "taken-pool",
        "Two pools of one name: `item with such name already exists`.",
        wording("6f"),
        ("/ip/pool/add", POOL),
        &[("/ip/pool", POOL)],
        NAMED,
    ),
    text(
        "taken-script",
        "Two scripts of one name: `item with such name already exists`.",
        wording("6g"),
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
    text(
        "taken-client",
        "Two DHCP clients of one interface: `already have such interface`.",
        wording("6o"),
        ("/ip/dhcp-client/add", CLIENT),
        &[BRIDGE, ("/ip/dhcp-client", CLIENT)],
        "failure: already have such interface",
    ),
    text(
        "taken-lease",
        "One address twice among the DHCP server's leases: `already have such entry`.",
        wording("6b"),
        ("/ip/dhcp-server/lease/add", LEASE),
        &[("/ip/dhcp-server/lease", LEASE)],
        "failure: already have such entry",
    ),
    text(
        "taken-network",
        "One network twice of the DHCP server: `already have such entry`.",
        wording("6c"),
        ("/ip/dhcp-server/network/add", NETWORK),
        &[("/ip/dhcp-server/network", NETWORK)],
        "failure: already have such entry",
    ),
    text(
        "taken-group",
        "Two groups of one name: `group with the same name already exists`.",
        wording("6h"),
        ("/user/group/add", GROUP),
        &[("/user/group", GROUP)],
        "failure: group with the same name already exists",
    )
    .policies("write,policy"),
];
