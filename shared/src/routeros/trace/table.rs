//! The four tables of rules, and what their actions do. Sources: *Filter*, *NAT*, *Mangle*, *RAW*.

use super::{
    ConnectionState, Verdict,
    address::Family,
    chain::{Next, action, some},
    nat,
    walk::Walk,
};
use crate::routeros::model::Row;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Raw,
    Mangle,
    Nat,
    Filter,
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Mangle => "mangle",
            Self::Nat => "nat",
            Self::Filter => "filter",
        }
    }

    pub(super) fn menu(self, family: Family) -> &'static str {
        match (family, self) {
            (Family::V4, Self::Raw) => "/ip/firewall/raw",
            (Family::V4, Self::Mangle) => "/ip/firewall/mangle",
            (Family::V4, Self::Nat) => "/ip/firewall/nat",
            (Family::V4, Self::Filter) => "/ip/firewall/filter",
            (Family::V6, Self::Raw) => "/ipv6/firewall/raw",
            (Family::V6, Self::Mangle) => "/ipv6/firewall/mangle",
            (Family::V6, Self::Nat) => "/ipv6/firewall/nat",
            (Family::V6, Self::Filter) => "/ipv6/firewall/filter",
        }
    }

    /// Does what a rule that matched says; also what there is to tell of it.
    pub(super) fn act<'m>(self, walk: &mut Walk<'m, '_>, row: &'m Row, chain: &str) -> (Next<'m>, Option<String>) {
        let (src, dst) = (walk.seen.packet.src, walk.seen.packet.dst);
        match action(row) {
            "accept" => (Next::Through, None),
            "drop" | "tarpit" => (Next::Ends(Verdict::Drop), None),
            "reject" => (Next::Ends(Verdict::Reject), some(row.get("reject-with"))),
            "jump" => (Next::Into(row.get("jump-target")), Some(format!("to {}", row.get("jump-target")))),
            "return" => (Next::Back, None),
            "notrack" => {
                walk.seen.packet.connection_state = ConnectionState::Untracked;
                (Next::On, None)
            }
            "add-src-to-address-list" => {
                walk.seen.listed.push((row.get("address-list"), src));
                (Next::On, None)
            }
            "add-dst-to-address-list" => {
                walk.seen.listed.push((row.get("address-list"), dst));
                (Next::On, None)
            }
            "route" if self == Self::Mangle => (Next::On, Some("where it routes to is not followed".to_owned())),
            _ if self == Self::Nat => nat::translate(walk, row, chain),
            _ if self == Self::Mangle => mark(walk, row),
            // `log`, `passthrough`, `fasttrack-connection`: later packets of the connection may take the short way,
            // this one goes on (*FastTrack*), which is why an accept stands behind such a rule.
            _ => (Next::On, None),
        }
    }
}

/// Marks, and what changes nothing that rules look at; `passthrough=no` ends the table.
fn mark<'m>(walk: &mut Walk<'m, '_>, row: &'m Row) -> (Next<'m>, Option<String>) {
    let packet = &mut walk.seen.packet;
    let set = |mark: &mut Option<String>, name: &str| {
        let value = row.get(name);
        *mark = some(value).filter(|value| value != "no-mark");
        Some(value.to_owned())
    };
    let note = match action(row) {
        "mark-connection" => set(&mut packet.connection_mark, "new-connection-mark"),
        "mark-packet" => set(&mut packet.packet_mark, "new-packet-mark"),
        "mark-routing" => set(&mut packet.routing_mark, "new-routing-mark"),
        "log" | "passthrough" | "fasttrack-connection" => return (Next::On, None),
        _ => None,
    };
    let ends = matches!(row.get("passthrough"), "no" | "false");
    (if ends { Next::Through } else { Next::On }, note)
}
