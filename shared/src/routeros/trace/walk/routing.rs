//! The routing decision on the way, and what is decided beside it.

use super::{
    super::{
        Step, Verdict,
        address::Family,
        chain::some,
        route::{Asked, Decision, Route},
    },
    Walk,
};
use crate::routeros::model::Row;

/// Where a packet goes on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Course {
    /// To the router itself.
    Local,
    /// Out by `seen.out_interface`.
    Leaves,
    /// Nowhere.
    Ends(Verdict),
}

impl Walk<'_, '_> {
    /// The routing decision about a packet that came in.
    pub(super) fn arrive(&mut self) -> Course {
        if self.seen.packet.dst.is_multicast() {
            // No route is asked for it, and nobody is told that there is none (RFC 1122, 3.2.2).
            self.tell("routing", "local", "local", Some("multicast".to_owned()));
            return Course::Local;
        }
        let course = self.route();
        if !matches!(course, Course::Ends(_)) && !self.would_be_answered() {
            self.tell("routing", "rp-filter", "drop", Some("its sender would be answered elsewhere".to_owned()));
            return Course::Ends(Verdict::Drop);
        }
        if matches!(course, Course::Leaves) && !self.may_forward() {
            self.tell("routing", "settings", "drop", Some("the router does not forward".to_owned()));
            return Course::Ends(Verdict::Drop);
        }
        course
    }

    /// Asks the tables.
    pub(super) fn route(&mut self) -> Course {
        let packet = &self.seen.packet;
        let mark = packet.routing_mark.as_deref();
        let asked = Asked { src: packet.src, dst: packet.dst, in_interface: self.seen.in_interface, mark };
        let world = self.world;
        // What the router sends itself is never fasttracked, whatever its connection is.
        let decision = if packet.fasttrack && self.seen.in_interface.is_some() {
            world.routing.decide_by_main(&world.interfaces, packet.dst)
        } else {
            world.routing.decide(&world.interfaces, &asked)
        };
        match decision {
            Decision::Local => {
                self.routed(None, "local", "local", None);
                Course::Local
            }
            Decision::Dropped(rule) => {
                self.routed(Some(rule), "user", "drop", None);
                Course::Ends(Verdict::Drop)
            }
            Decision::Refused(rule) => {
                self.routed(Some(rule), "user", "unreachable", None);
                Course::Ends(Verdict::Unreachable)
            }
            Decision::Nowhere => {
                self.routed(None, "main", "unreachable", Some("no route".to_owned()));
                Course::Ends(Verdict::Unreachable)
            }
            Decision::Routed { table, by, route } if route.blackhole => {
                self.routed(route.row.or(by), table, "blackhole", None);
                Course::Ends(Verdict::Blackhole)
            }
            Decision::Routed { table, by, route } => {
                self.seen.out_interface = Some(route.interface);
                self.next_hop = route.next_hop;
                self.routed(route.row.or(by), table, "forward", Some(note(&route, by)));
                Course::Leaves
            }
        }
    }

    /// *IP Settings*: `rp-filter` of IPv4 asks where the sender would be answered.
    fn would_be_answered(&self) -> bool {
        let mode = self.world.model.setting("/ip/settings", "rp-filter");
        let wanted = matches!(mode, "strict" | "loose") && self.world.family == Family::V4;
        let (Some(interface), true) = (self.seen.in_interface, wanted) else { return true };
        let packet = &self.seen.packet;
        let back = Asked { src: packet.dst, dst: packet.src, in_interface: None, mark: None };
        match self.world.routing.decide(&self.world.interfaces, &back) {
            Decision::Routed { route, .. } => !route.blackhole && (mode == "loose" || route.interface == interface),
            Decision::Local | Decision::Dropped(_) | Decision::Refused(_) | Decision::Nowhere => false,
        }
    }

    fn may_forward(&self) -> bool {
        let model = self.world.model;
        let word = match self.world.family {
            Family::V4 => model.setting("/ip/settings", "ip-forward"),
            Family::V6 => model.setting("/ipv6/settings", "forward"),
        };
        !matches!(word, "no" | "false")
    }

    fn routed(&mut self, row: Option<&Row>, table: &str, action: &str, note: Option<String>) {
        self.steps.push(Step {
            table: "routing".to_owned(),
            chain: table.to_owned(),
            rule: row.and_then(|row| some(row.id())),
            comment: row.and_then(|row| some(row.get("comment"))),
            action: action.to_owned(),
            matched: true,
            note,
        });
    }
}

/// Who takes the packet next, and why that table was asked.
fn note(route: &Route, by: Option<&Row>) -> String {
    let hop = route.next_hop.map(|hop| format!(", next {hop}")).unwrap_or_default();
    let rule = by.map(|rule| format!(", by routing rule {}", rule.id())).unwrap_or_default();
    let several = if route.several { ", the first of several gateways" } else { "" };
    format!("out by {}{hop}{rule}{several}", route.interface)
}
