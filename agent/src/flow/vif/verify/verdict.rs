//! What a verification says of each VIF.

use super::{Fault, Remedy, Tripwires};
use crate::flow::vif::{Vif, status};
use shared::{
    ids::VifId,
    vif::{Isolation, VifStatus},
};
use std::collections::{BTreeMap, BTreeSet};

/// Of each VIF.
pub type Verdicts = BTreeMap<VifId, Verdict>;

/// Of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// For those who are told of it.
    pub isolation: Isolation,
    /// Whether it is whole and used.
    pub status: VifStatus,
    /// Why its gate must be shut, if it must.
    pub shut: Option<String>,
}

/// One look at all VIFs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// What is not as it should be.
    pub faults: Vec<Fault>,
    /// How many packets were followed.
    pub traced: BTreeMap<VifId, u32>,
    /// The VIFs that a service uses at the moment.
    pub used: BTreeSet<VifId>,
    /// Ways out that are not on the router: what names one cannot be written.
    pub absent: BTreeSet<String>,
    /// How long it took, the reading too, in milliseconds.
    pub took_ms: u32,
}

impl Look {
    /// What is wrong with one VIF.
    pub fn of<'a>(&'a self, vif: &'a Vif) -> impl Iterator<Item = &'a Fault> {
        self.faults.iter().filter(|fault| fault.concerns(&vif.spec.id))
    }

    /// What it comes to, at a time in Unix milliseconds.
    pub fn verdicts(&self, vifs: &[Vif], tripwires: &Tripwires, at: i64) -> Verdicts {
        let verdict = |vif: &Vif| {
            let findings: Vec<String> = self.of(vif).map(|fault| fault.text.clone()).collect();
            // What is only said breaks nothing by itself.
            let whole = !self.of(vif).any(|fault| fault.remedy != Remedy::Say);
            let isolation = Isolation {
                verified_at: at,
                ok: findings.is_empty(),
                findings,
                took_ms: self.took_ms,
                traced: self.traced.get(&vif.spec.id).copied().unwrap_or_default(),
                tripped: tripwires.total(vif),
            };
            let shut = self.of(vif).find(|fault| fault.remedy == Remedy::Shut).map(|fault| fault.text.clone());
            Verdict { isolation, status: status(whole, self.used.contains(&vif.spec.id)), shut }
        };
        vifs.iter().map(|vif| (vif.spec.id.clone(), verdict(vif))).collect()
    }
}
