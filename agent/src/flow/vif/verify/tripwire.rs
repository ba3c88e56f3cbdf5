//! What the tripwires counted: packets of a service that left by another way than its egress. It must be nothing, for
//! ever, and is kept over boots of the router and of the agent.

use crate::flow::{
    object::{Marked, Row},
    vif::{Vif, objects::mark},
};
use serde::{Deserialize, Serialize};
use shared::ids::VifId;
use std::collections::BTreeMap;

/// The parts of a VIF's mark that name its tripwires.
const PART: &str = "tripwire-";

/// A tripwire as it was last read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The row's id: another row counts anew.
    id: String,
    /// Its counter.
    packets: u64,
    /// All that it has counted, over boots and over rows that were made again.
    total: u64,
}

/// All tripwires, by their marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tripwires {
    counts: BTreeMap<String, Count>,
}

impl Tripwires {
    /// Those that were written down.
    pub fn new(counts: BTreeMap<String, Count>) -> Self {
        Self { counts }
    }

    /// What is to be written down.
    pub fn counts(&self) -> &BTreeMap<String, Count> {
        &self.counts
    }

    /// Takes the counters of rows as they were read, and gives how much each VIF's have grown.
    pub fn read<'a>(&mut self, vifs: &[Vif], rows: impl Iterator<Item = &'a Row>) -> BTreeMap<VifId, u64> {
        self.counts.retain(|name, _| vifs.iter().any(|vif| name.starts_with(&mark(vif, PART))));
        let mut grown = BTreeMap::new();
        for row in rows {
            let Some(name) = row.mark() else { continue };
            let Some(vif) = vifs.iter().find(|vif| name.starts_with(&mark(vif, PART))) else { continue };
            let Ok(packets) = row.get("packets").parse::<u64>() else { continue };
            let before = self.counts.get(name).cloned().unwrap_or_default();
            // A counter that fell began anew: the router booted, or somebody reset it.
            let same = before.id == row.id() && before.packets <= packets;
            let more = if same { packets - before.packets } else { packets };
            *grown.entry(vif.spec.id.clone()).or_default() += more;
            let count = Count { id: row.id().to_owned(), packets, total: before.total + more };
            self.counts.insert(name.to_owned(), count);
        }
        grown.retain(|_, more| *more > 0);
        grown
    }

    /// What a VIF's tripwires have counted since it was made.
    pub fn total(&self, vif: &Vif) -> u64 {
        let own = mark(vif, PART);
        self.counts.iter().filter(|(name, _)| name.starts_with(&own)).map(|(_, count)| count.total).sum()
    }
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
                id: VifId::new("tor-1").expect("an id"),
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
    fn what_was_counted_stays_counted_over_boots_resets_and_rows_that_are_made_again() {
        let mut tripwires = Tripwires::default();
        for (id, packets, more, total) in [
            ("*1", "0", 0, 0),
            ("*1", "3", 3, 3),
            ("*1", "3", 0, 3),
            // The router booted.
            ("*1", "0", 0, 3),
            ("*1", "2", 2, 5),
            // The row was removed and put back.
            ("*9", "2", 2, 7),
            ("*9", "1", 1, 8),
            // A router that says nothing of it has counted nothing that is known.
            ("*9", "", 0, 8),
        ] {
            let comment = "bulkhead:vif/tor-1/tripwire-out";
            let row = Row::new([(".id", id), ("comment", comment), ("packets", packets)]);
            let grown = tripwires.read(&[vif()], [&row].into_iter());
            assert_eq!(grown.get(&vif().spec.id).copied().unwrap_or_default(), more, "{id} {packets}");
            assert_eq!(tripwires.total(&vif()), total, "{id} {packets}");
            tripwires = Tripwires::new(tripwires.counts().clone());
        }
        assert!(tripwires.read(&[], std::iter::empty()).is_empty() && tripwires.counts().is_empty());
    }
}
