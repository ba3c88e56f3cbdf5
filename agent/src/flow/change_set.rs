//! Changes: from what is asked for to what is written, and how it ended.
//!
//! A change is two values, the VIFs **before** and the VIFs **after**. Carrying it out is to make the router
//! converge to `after`; undoing it is to make it converge to `before`; both compute what is left to do from a fresh
//! read ([`converge`]), so both can be stopped anywhere and begun again, and neither needs to know where it was
//! stopped.
//!
//! | interrupted while | goes on to | because |
//! | --- | --- | --- |
//! | making a VIF, agent restarted | `before` | nobody can tell whether who asked still waits for it |
//! | removing a VIF, agent restarted | `after` | what is half gone protects nothing; going on is safe and what was asked |
//! | any write refused, cut or timed out | `before` | an operation that fails undoes the change |

pub mod converge;

use crate::flow::{
    object::{INSTALLER, Menu, Row, Snapshot},
    vif::{
        BRIDGE, Vif,
        address_plan::{Pools, allocate},
        objects::objects,
    },
};
use converge::{Step, converge};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::{
    change_set::{Item, Operation, Plan, Refusal, Resource, Ring},
    ids::{ChangeSetId, VifId},
    vif::VifSpec,
};

/// A change that the journal keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub id: ChangeSetId,
    /// The VIFs before it.
    pub before: Vec<Vif>,
    /// The VIFs after it.
    pub after: Vec<Vif>,
}

/// Which of its two values a change makes the router converge to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To what was asked for.
    Forward,
    /// To what was there.
    Back,
}

impl Change {
    /// The VIFs that a direction leads to.
    pub fn target(&self, direction: Direction) -> &[Vif] {
        match direction {
            Direction::Forward => &self.after,
            Direction::Back => &self.before,
        }
    }

    /// What it is about, for people: `creation of VIF tor`.
    pub fn title(&self) -> String {
        let created = self.after.iter().filter(|vif| !self.before.contains(vif)).map(|vif| ("creation", vif));
        let removed = self.before.iter().filter(|vif| !self.after.contains(vif)).map(|vif| ("removal", vif));
        let parts: Vec<String> =
            created.chain(removed).map(|(what, vif)| format!("{what} of VIF {}", vif.spec.name)).collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }

    /// The VIF that it is about, where it is one.
    pub fn only_vif(&self) -> Option<&VifId> {
        let created = self.after.iter().filter(|vif| !self.before.contains(vif));
        let removed = self.before.iter().filter(|vif| !self.after.contains(vif));
        let mut all = created.chain(removed).map(|vif| &vif.spec.id);
        all.next().filter(|_| all.next().is_none())
    }

    /// Which way an agent goes on that finds this change unfinished at its start.
    pub fn resume(&self) -> Direction {
        let makes = self.after.iter().any(|vif| !self.before.contains(vif));
        if makes { Direction::Back } else { Direction::Forward }
    }
}

/// The change that an order asks for, on this router as it is.
///
/// # Errors
/// A [`Refusal`] with the code and the item's matter; nothing is kept of it then.
pub fn decide(
    id: &ChangeSetId,
    items: &[Item],
    before: &[Vif],
    pools: &Pools,
    router: &Snapshot,
    now: i64,
) -> Result<Change, Refusal> {
    let mut after = before.to_vec();
    for item in items {
        match &item.resource {
            Resource::VifCreate(spec) => after.push(create(spec, &after, pools, router, now)?),
            Resource::Row(row) => {
                let message = format!("rows of {} cannot be changed yet", row.menu);
                return Err(Refusal::new("unsupported", message, "Update the agent."));
            }
            Resource::VifRemove(vif) => {
                let at = after.iter().position(|kept| kept.spec.id == *vif).ok_or_else(|| {
                    Refusal::new(
                        "unknown_vif",
                        format!("the agent keeps no VIF `{vif}`"),
                        "Refresh the list: it may be gone already.",
                    )
                })?;
                after.remove(at);
            }
        }
    }
    after.sort_by_key(|vif| vif.vlan_id);
    Ok(Change { id: id.clone(), before: before.to_vec(), after })
}

fn create(spec: &VifSpec, vifs: &[Vif], pools: &Pools, router: &Snapshot, now: i64) -> Result<Vif, Refusal> {
    installed(router)?;
    if vifs.iter().any(|vif| vif.spec.name == spec.name || vif.spec.id == spec.id) {
        let message = format!("there is a VIF `{}` already", spec.name);
        return Err(Refusal::new("name_taken", message, "Choose another name, or remove the other VIF first."));
    }
    let egress = spec.egress.interface();
    let row = router.rows(Menu::Interface).iter().find(|row| row.get("name") == egress.as_str());
    match row {
        None => {
            let message = format!("the router has no interface `{egress}`");
            return Err(Refusal::new("unknown_interface", message, "Choose an egress from the router's interfaces."));
        }
        Some(row) if row.mark().is_some() => {
            let message = format!("`{egress}` is one of Bulkhead's own interfaces");
            return Err(Refusal::new("unknown_interface", message, "Choose a tunnel or a WAN as the egress."));
        }
        Some(_) => {}
    }
    let (vlan_id, subnet) = allocate(pools, vifs, router)?;
    let vif = Vif { spec: spec.clone(), vlan_id, subnet, created_at: now };
    foreign_names(&vif, router)?;
    Ok(vif)
}

/// The installer's part must be there: the bridge, marked as ours, with VLAN filtering on.
///
/// # Errors
/// `installer_missing` or `foreign_object`, with what to do.
pub fn installed(router: &Snapshot) -> Result<(), Refusal> {
    let hint = "Run the router's .rsc file from `bulkhead router add` once more; it can be repeated.";
    let bridge = router
        .rows(Menu::Bridge)
        .iter()
        .find(|row| row.get("name") == BRIDGE)
        .ok_or_else(|| Refusal::new("installer_missing", format!("the router has no bridge `{BRIDGE}`"), hint))?;
    if !bridge.mark().is_some_and(|mark| mark.starts_with(INSTALLER)) {
        let message = format!("the bridge `{BRIDGE}` does not carry Bulkhead's mark");
        return Err(Refusal::new("foreign_object", message, "Rename that bridge; Bulkhead touches only what it made."));
    }
    if !bridge.is("vlan-filtering") || bridge.is("disabled") {
        let message =
            format!("the bridge `{BRIDGE}` is disabled or does not filter VLANs, so VIFs on it could reach each other");
        return Err(Refusal::new("installer_missing", message, hint));
    }
    Ok(())
}

/// Nobody else's object may have a name that this VIF's objects will have.
fn foreign_names(vif: &Vif, router: &Snapshot) -> Result<(), Refusal> {
    let interfaces = [vif.interface(), vif.veth()];
    let lists = [vif.egress_list(), crate::flow::vif::objects::VIF_LIST.to_owned()];
    let named = [
        (Menu::Interface, &interfaces[..]),
        (Menu::InterfaceList, &lists[..]),
        (Menu::RoutingTable, &[vif.table()][..]),
    ]
    .into_iter()
    .find_map(|(menu, names)| {
        let foreign = |row: &&Row| row.mark().is_none() && names.iter().any(|name| name == row.get("name"));
        router.rows(menu).iter().find(foreign).map(|row| (menu, row))
    });
    match named {
        None => Ok(()),
        Some((menu, row)) => Err(Refusal::new(
            "foreign_object",
            format!("{} already has `{}`, which Bulkhead did not make", menu.path(), row.get("name")),
            "Rename that object; Bulkhead touches only what it made.",
        )),
    }
}

/// What a change would write now.
pub fn plan(change: &Change, router: &Snapshot) -> Plan {
    let operations: Vec<Operation> = converge(&objects(&change.after), router).iter().map(Step::operation).collect();
    Plan { read_hash: hash(&operations), operations, warnings: warnings(change, router), rings: vec![Ring::Journal] }
}

/// SHA-256 of the writes. A router that has moved on in a way that matters gives other writes; a lease that was
/// renewed or a counter that ticked does not make a plan stale.
fn hash(operations: &[Operation]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for operation in operations {
        digest.update(format!("{:?} {}\n", operation.verb, operation.menu));
        for (name, value) in &operation.attributes {
            digest.update(format!("{}:{name}={}:{value}\n", name.len(), value.len()));
        }
    }
    digest.finalize().into()
}

fn warnings(change: &Change, router: &Snapshot) -> Vec<Refusal> {
    let created = change.after.iter().filter(|vif| !change.before.contains(vif));
    created
        .filter_map(|vif| {
            let egress = vif.spec.egress.interface();
            let row = router.rows(Menu::Interface).iter().find(|row| row.get("name") == egress.as_str())?;
            (!row.is("running")).then(|| {
                Refusal::new(
                    "egress_down",
                    format!(
                        "{egress} does not run at the moment: the kill switch of {} stays engaged until it does.",
                        vif.spec.name
                    ),
                    "Nothing leaks; bring the egress up whenever you like.",
                )
            })
        })
        .collect()
}

/// What on the router differs from what a set of VIFs needs, one sentence each; nothing when all is as it should be.
pub fn differences(vifs: &[Vif], router: &Snapshot) -> Vec<String> {
    converge(&objects(vifs), router).iter().map(Step::finding).collect()
}
