//! What a rule that matches does to the packet.

use shared::routeros::trace::{ConnectionState, Verdict};

use super::{Table, Walk};
use crate::device::row::Row;

/// How the packet goes on.
pub(super) enum Then<'a> {
    /// With the next rule.
    Next,
    /// Past this table.
    Accept,
    Stop(Verdict),
    Return,
    Jump(&'a str),
}

impl Walk<'_> {
    /// Carries a rule's action out, and says what there is to note. Sources: *Common Firewall Matchers and Actions*,
    /// *Filter*, *Mangle*, *NAT*, *RAW*.
    pub(super) fn act<'r>(&mut self, table: Table, hook: &str, rule: &'r Row) -> (Then<'r>, Option<String>) {
        match rule.text("action") {
            "accept" => (Then::Accept, None),
            "drop" => (Then::Stop(Verdict::Drop), None),
            "tarpit" => (Then::Stop(Verdict::Drop), Some("the connection is held open and gets no answer".to_owned())),
            "reject" => (Then::Stop(Verdict::Reject), rule.get("reject-with").map(str::to_owned)),
            "return" => (Then::Return, None),
            "jump" => (Then::Jump(rule.text("jump-target")), None),
            "notrack" => {
                self.packet.connection_state = ConnectionState::Untracked;
                (Then::Next, None)
            }
            "fasttrack-connection" => (Then::Next, self.fasttrack()),
            action @ ("add-src-to-address-list" | "add-dst-to-address-list") => {
                let list = rule.text("address-list");
                let address = if action.starts_with("add-src") { self.packet.src } else { self.packet.dst };
                self.listed.push((list.to_owned(), address));
                (Then::Next, Some(format!("adds to the list `{list}`")))
            }
            "log" | "passthrough" => (Then::Next, None),
            _ if table == Table::Nat => (Then::Accept, self.translate(hook, rule)),
            action => {
                let note = self.mark(action, hook, rule);
                let goes_on = table != Table::Mangle || rule.get("passthrough") != Some("false");
                (if goes_on { Then::Next } else { Then::Accept }, note)
            }
        }
    }

    /// Only TCP and UDP connections that have seen an answer are fasttracked.
    fn fasttrack(&mut self) -> Option<String> {
        let protocol = super::protocol_number(&self.packet.protocol);
        if matches!(protocol, Some(6 | 17)) && self.is(ConnectionState::Established) {
            self.fasttracks = true;
            return Some("the connection's next packets meet no rule".to_owned());
        }
        None
    }

    fn mark(&mut self, action: &str, hook: &str, rule: &Row) -> Option<String> {
        let mark = |name: &str| rule.get(name).filter(|mark| *mark != "no-mark").map(str::to_owned);
        match action {
            "mark-connection" => self.packet.connection_mark = mark("new-connection-mark"),
            "mark-packet" => self.packet.packet_mark = mark("new-packet-mark"),
            "mark-routing" => {
                self.packet.routing_mark = mark("new-routing-mark");
                if !matches!(hook, "prerouting" | "output") {
                    return Some("too late for the routing decision".to_owned());
                }
            }
            "route" => return Some("not followed: the packet goes where the tables say".to_owned()),
            _ => {}
        }
        None
    }
}
