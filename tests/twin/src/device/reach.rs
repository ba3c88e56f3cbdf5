//! Whether packets of a modelled client reach the router's own services.
//!
//! First match over `/ip/firewall/filter chain=input`, with jumps. A rule with a matcher that is not known here does not
//! match: the whole packet evaluation will know them all. What nobody drops is let in.

use std::net::IpAddr;

use super::{Device, form, row::Row};

/// A packet for the router itself.
#[derive(Debug, Clone, Copy)]
pub struct Knock<'a> {
    /// Where it comes from.
    pub source: IpAddr,
    /// `api` or `api-ssl`.
    pub service: &'a str,
    /// `new` for a sign-in, `established` later.
    pub state: &'a str,
}

/// Values of a rule that match nothing.
const PLAIN: [&str; 8] = ["action", "chain", "comment", "disabled", "jump-target", "log", "log-prefix", "reject-with"];

/// Jumps deeper than this are a loop.
const DEPTH: u8 = 16;

impl Device {
    /// Whether the modelled firewall lets a packet in. Where no address of the router is in the client's network, none
    /// of its packets arrives.
    pub fn lets_in(&self, knock: Knock<'_>) -> bool {
        let near = self.store("/ip/address").rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"));
        let Some(address) = near.into_iter().find(|row| form::holds(row.text("address"), knock.source)) else {
            return false;
        };
        let (interface, own) = (address.text("interface"), address.text("address"));
        let own = own.split('/').next().and_then(|own| own.parse().ok());
        let runs = self.interface(interface).is_some_and(|row| row.is("running"));
        runs && self.verdict("input", knock, interface, own, DEPTH).unwrap_or(true)
    }

    /// The verdict of a chain: nothing where the packet comes back out of it.
    fn verdict(&self, chain: &str, knock: Knock<'_>, interface: &str, own: Option<IpAddr>, depth: u8) -> Option<bool> {
        let rules = &self.store("/ip/firewall/filter").rows;
        for rule in rules.iter().filter(|row| row.text("chain") == chain && !row.is_disabled() && !row.is("invalid")) {
            if !self.matches(rule, knock, interface, own) {
                continue;
            }
            match rule.text("action") {
                "accept" => return Some(true),
                "drop" | "reject" | "tarpit" => return Some(false),
                "return" => return None,
                "jump" if depth > 0 => {
                    let verdict = self.verdict(rule.text("jump-target"), knock, interface, own, depth - 1);
                    if verdict.is_some() {
                        return verdict;
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn matches(&self, rule: &Row, knock: Knock<'_>, interface: &str, own: Option<IpAddr>) -> bool {
        let port = self.store("/ip/service").named(knock.service).map_or("", |row| row.text("port"));
        rule.attributes.iter().filter(|(name, _)| !PLAIN.contains(&name.as_str())).all(|(name, value)| {
            let (negated, value) = value.strip_prefix('!').map_or((false, value.as_str()), |value| (true, value));
            let found = match name.as_str() {
                "src-address" => within(value, knock.source),
                "dst-address" => own.is_some_and(|own| within(value, own)),
                "src-address-list" => self.is_listed(value, knock.source),
                "dst-address-list" => own.is_some_and(|own| self.is_listed(value, own)),
                "in-interface" => value == interface,
                "in-interface-list" => self.is_member(value, interface),
                "protocol" => matches!(value, "tcp" | "6"),
                "dst-port" => value.split(',').any(|part| in_range(part, port)),
                "connection-state" => value.split(',').any(|state| state == knock.state),
                _ => return false,
            };
            found != negated
        })
    }

    fn is_listed(&self, list: &str, address: IpAddr) -> bool {
        let entries = &self.store("/ip/firewall/address-list").rows;
        entries.iter().any(|row| row.text("list") == list && !row.is_disabled() && within(row.text("address"), address))
    }

    fn is_member(&self, list: &str, interface: &str) -> bool {
        let members = &self.store("/interface/list/member").rows;
        let named = |row: &&Row| row.text("list") == list && !row.is_disabled();
        list == "all" || members.iter().filter(named).any(|row| row.text("interface") == interface)
    }
}

/// An address, a network or a range holds an address.
fn within(text: &str, address: IpAddr) -> bool {
    match text.split_once('-') {
        Some((from, to)) => {
            let bounds = (from.parse::<IpAddr>(), to.parse::<IpAddr>());
            matches!(bounds, (Ok(from), Ok(to)) if from <= address && address <= to)
        }
        None => form::holds(text, address),
    }
}

fn in_range(part: &str, wanted: &str) -> bool {
    let (from, to) = part.split_once('-').unwrap_or((part, part));
    let numbers = (from.parse::<u16>(), to.parse::<u16>(), wanted.parse::<u16>());
    matches!(numbers, (Ok(from), Ok(to), Ok(wanted)) if (from..=to).contains(&wanted))
}
