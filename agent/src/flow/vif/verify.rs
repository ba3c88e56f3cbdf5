//! Whether VIFs are as watertight on a router as they are meant to be.
//!
//! Two looks at what was read of it. The comparison asks for each of our rows whether it is there, as it should be, where it
//! should be, and whether somebody put something into what is ours. The other sends packets of each service through the
//! router's own rules, whoever wrote them, and names the rows that let one pass that must not.
//!
//! Nothing of others is ever altered. What cannot be put right by our own rows has the gate shut, and a person told.

mod aims;
mod follow;
mod intruder;
mod named;
mod packets;
mod place;
mod told;
mod tripwire;
mod verdict;

use follow::follow;
pub use tripwire::{Count, Tripwires};
pub use verdict::{Look, Verdict, Verdicts};

use super::{Vif, isolation::isolation};
use crate::flow::{
    change_set::installed,
    drift::Finding,
    object::{Menu, Row, Snapshot},
};
use shared::{ids::VifId, routeros::model::Model};

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose isolation it breaks; everybody's where it is no one's alone.
    pub vif: Option<VifId>,
    /// What it is, one sentence.
    pub text: String,
    /// What is done about it.
    pub remedy: Remedy,
}

/// What is done about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Our own rows are put right, which ends it.
    PutBack,
    /// It is somebody else's and harms nothing by itself: it is said.
    Say,
    /// Nothing that is ours ends it: the gate is shut until somebody does.
    Shut,
}

impl Fault {
    /// Whether it is one of this VIF.
    pub fn concerns(&self, vif: &VifId) -> bool {
        self.vif.as_ref().is_none_or(|own| own == vif)
    }
}

/// What was read of a router to verify VIFs on it.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The menus that VIFs have objects in.
    pub router: Snapshot,
    /// Others that decide over a packet's way.
    pub more: Vec<(&'static str, Vec<Row>)>,
}

/// Looks at all of it: what of our rows differs, and everything that is wrong. The time it took is whoever reads the
/// clock's to say.
pub fn verify(vifs: &[Vif], reading: Reading) -> (Vec<Finding>, Look) {
    let findings = isolation(vifs, &reading.router);
    let mut faults = compare(vifs, &findings, &reading.router);
    let runs = |vif: &&Vif| {
        let veth = vif.veth();
        reading.router.rows(Menu::Veth).iter().any(|row| row.get("name") == veth && row.is("running"))
    };
    let used = vifs.iter().filter(runs).map(|vif| vif.spec.id.clone()).collect();
    let is_there = |name: &str| reading.router.rows(Menu::Interface).iter().any(|row| row.get("name") == name);
    let egress = vifs.iter().map(|vif| vif.spec.egress.interface().as_str());
    let absent = egress.filter(|name| !is_there(name)).map(str::to_owned).collect();
    let followed = follow(vifs, reading.model());
    faults.extend(followed.faults);
    (findings, Look { faults, traced: followed.traced, used, absent, took_ms: 0 })
}

impl Reading {
    /// The router for packets.
    fn model(self) -> Model {
        Model::new(self.router.into_menus().map(|(menu, rows)| (menu.path(), rows)).chain(self.more))
    }
}

/// What a comparison says: what of our rows differs (`findings`), what stands above them, and what is among them.
fn compare(vifs: &[Vif], findings: &[Finding], router: &Snapshot) -> Vec<Fault> {
    if vifs.is_empty() {
        return Vec::new();
    }
    let differs = findings.iter().map(|finding| Fault {
        vif: finding.vif.clone(),
        text: told::sentence(finding),
        remedy: Remedy::PutBack,
    });
    let bridge = installed(router).err().map(|refusal| Fault {
        vif: None,
        text: format!("{}: {}", refusal.message, refusal.hint),
        remedy: Remedy::Shut,
    });
    // What somebody else did comes first: it is why ours stand wrong.
    let others = place::above(router).into_iter().chain(intruder::among(vifs, router));
    others.chain(bridge).chain(differs).collect()
}
