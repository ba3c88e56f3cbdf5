//! Which of the router's rules count for which VIF, and what they counted.
//!
//! A rule is known by its mark. Reading the marks with each poll would double what the router has to send: a row's id is
//! the same as long as the router is up, so the marks are read once a session and with each look at everything, and in
//! between ids and counters alone. An id that is not known waits for the next look at everything; nothing is lost, for
//! what it counted is in its counter.

use crate::flow::{
    object::{Marked, Row},
    vif::Vif,
};
use std::collections::BTreeMap;

/// The chain of all that passes between services and the world.
pub const CHAIN: &str = "chain=bulkhead";
/// The query, beside that of the chain, for the rows that let pass.
pub const ACCEPTS: &str = "action=accept";
/// What moves, and of whom.
pub const MOVING: &str = ".id,bytes,packets";
/// Everything that is needed of a rule.
pub const ALL: &str = ".id,action,out-interface,comment,bytes,packets";
/// The queries for the rows of `/ip/firewall/raw` that may be ours.
pub const RAW: [&str; 2] = ["chain=prerouting", "action=drop"];

/// What a rule says of a VIF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The VIF's number in the database.
    pub vif: u32,
    /// Its part: the last word of its mark.
    pub part: String,
    /// Whether it lets pass; else it drops.
    pub passes: bool,
    /// Whether its packets go to the service.
    pub towards: bool,
}

/// A rule's counters at a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What it says.
    pub role: Role,
    /// Its id.
    pub id: String,
    /// Bytes so far.
    pub bytes: u64,
    /// Packets so far.
    pub packets: u64,
}

/// The rules that are known, by id. Rows of different menus have ids of their own, so there is one for each menu.
#[derive(Debug, Default)]
pub struct Rules(BTreeMap<String, Role>);

impl Rules {
    /// Learns which rules there are from rows with all of [`ALL`]; each VIF comes with its number.
    pub fn learn(&mut self, rows: &[Row], vifs: &[(u32, &Vif)]) {
        let role = |row: &Row| Some((row.id().to_owned(), role(row, vifs)?));
        self.0 = rows.iter().filter_map(role).collect();
    }

    /// What the known ones of these rows counted.
    pub fn counted(&self, rows: &[Row]) -> Vec<Counted> {
        let counted = |row: &Row| {
            let role = self.0.get(row.id())?.clone();
            // A row without its counters says nothing; zeros would be taken for a reset.
            let (bytes, packets) = (row.get("bytes").parse().ok()?, row.get("packets").parse().ok()?);
            Some(Counted { role, id: row.id().to_owned(), bytes, packets })
        };
        rows.iter().filter_map(counted).collect()
    }

    /// Forgets all ids: in another session they may be those of other rows.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

fn role(row: &Row, vifs: &[(u32, &Vif)]) -> Option<Role> {
    let (id, part) = row.mark()?.strip_prefix("bulkhead:vif/")?.split_once('/')?;
    let (vif, known) = vifs.iter().find(|(_, known)| known.spec.id.as_str() == id)?;
    let passes = match row.get("action") {
        // By the egress, to the resolver, by a published port: a packet meets one of them.
        "accept" => true,
        "drop" | "reject" => false,
        _ => return None,
    };
    Some(Role { vif: *vif, part: part.to_owned(), passes, towards: row.get("out-interface") == known.interface() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::{
        net::{InterfaceName, VlanId},
        vif::{Egress, KillSwitchMode, VifName, VifSpec},
    };

    fn vif() -> Vif {
        Vif {
            spec: VifSpec {
                id: shared::ids::VifId::new("tor-1").expect("an id"),
                name: VifName::new("tor").expect("a name"),
                egress: Egress::Interface(InterfaceName::new("wg-vpn").expect("a name")),
                kill_switch: KillSwitchMode::Block,
                resolver: None,
                ports: Vec::new(),
            },
            vlan_id: VlanId::new(100).expect("a VLAN id"),
            subnet: "172.16.64.0/30".parse().expect("a subnet"),
            created_at: 0,
        }
    }

    #[test]
    fn a_rule_counts_for_the_vif_of_its_mark_in_the_direction_of_its_interfaces() {
        let cases = [
            ("vif/tor-1/accept-out", "accept", "", Some((true, false))),
            ("vif/tor-1/accept-in", "accept", "bh-v100", Some((true, true))),
            ("vif/tor-1/publish-in.tcp-80 my note", "accept", "bh-v100", Some((true, true))),
            ("vif/tor-1/resolver-udp", "accept", "", Some((true, false))),
            ("vif/tor-1/private", "drop", "", Some((false, false))),
            ("vif/tor-1/gate-in", "drop", "bh-v100", Some((false, true))),
            ("vif/tor-1/gate-out", "reject", "", Some((false, false))),
            ("vif/tor-1/tripwire-out", "passthrough", "", None),
            ("vif/dns-1/accept-out", "accept", "", None),
            ("base/closed", "drop", "", None),
        ];
        let vif = vif();
        for (mark, action, out, expected) in cases {
            let comment = format!("bulkhead:{mark}");
            let row = Row::new([
                (".id", "*1"),
                ("comment", &comment),
                ("action", action),
                ("out-interface", out),
                ("bytes", "10"),
                ("packets", "2"),
            ]);
            let mut rules = Rules::default();
            rules.learn(std::slice::from_ref(&row), &[(7, &vif)]);
            let counted = rules.counted(&[row]);
            let seen = counted.first().map(|counted| (counted.role.passes, counted.role.towards));
            assert_eq!(seen, expected, "{mark}");
            assert!(counted.iter().all(|counted| (counted.role.vif, counted.bytes, counted.packets) == (7, 10, 2)));
        }
    }

    #[test]
    fn a_row_of_an_unknown_id_or_without_counters_says_nothing() {
        let vif = vif();
        let learnt = Row::new([(".id", "*1"), ("comment", "bulkhead:vif/tor-1/accept-out"), ("action", "accept")]);
        let mut rules = Rules::default();
        rules.learn(std::slice::from_ref(&learnt), &[(7, &vif)]);
        let row = |id: &str| Row::new([(".id", id), ("bytes", "10"), ("packets", "2")]);
        assert_eq!(rules.counted(&[row("*2"), learnt]).len(), 0);
        assert_eq!(rules.counted(&[row("*1")]).len(), 1);
        rules.forget();
        assert_eq!(rules.counted(&[row("*1")]).len(), 0);
    }
}
