//! Changes: from what is asked for to what is written, and how it ended.
//!
//! A change is two values, the VIFs and rows **before** and those **after**. Carrying it out is to make the router
//! converge to `after`; undoing it is to make it converge to `before`; both compute what is left to do from a fresh
//! read ([`left`]), so both can be stopped anywhere and begun again, and neither needs to know where it was stopped.
//!
//! | interrupted while | goes on to | because |
//! | --- | --- | --- |
//! | making a VIF, agent restarted | `before` | nobody can tell whether who asked still waits for it |
//! | changing rows, agent restarted | `before` | the same; nobody has said yet that the change stays |
//! | removing a VIF, agent restarted | `after` | what is half gone protects nothing; going on is safe and what was asked |
//! | any write refused, cut or timed out | `before` | an operation that fails undoes the change |

pub mod converge;
pub mod row;
pub mod undo_script;

use crate::flow::{
    object::{INSTALLER, Menu, Row, Snapshot},
    vif::{
        BRIDGE, Vif,
        address_plan::{Pools, allocate},
        objects::objects,
    },
};
use converge::{Step, converge};
use row::{
    Reading, RowPair,
    converge::RowStep,
    secret::{Known, Taken},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::{
    change_set::{Confirm, Keep, MenuWords, Operation, Plan, Refusal, Resource, Ring},
    ids::{ChangeSetId, VifId},
    routeros::secret::is_secret,
    vif::VifSpec,
    wire::ChangeOrder,
};
use std::collections::BTreeSet;

/// A change that the journal keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub id: ChangeSetId,
    /// The VIFs before it.
    pub before: Vec<Vif>,
    /// The VIFs after it.
    pub after: Vec<Vif>,
    /// The rows at both ends.
    #[serde(default)]
    pub rows: Vec<RowPair>,
    /// The menus that they are in.
    #[serde(default)]
    pub menus: Vec<MenuWords>,
    /// Until when it has to be kept, and by whom.
    #[serde(default = "agent_alone")]
    pub confirm: Confirm,
    /// Where it comes from.
    #[serde(default)]
    pub origin: Origin,
}

/// Where a change comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The controller ordered it.
    #[default]
    Order,
    /// The agent puts back what somebody else altered; what is owned stays what it was.
    PutBack,
    /// A person took what was found for what is wanted; nothing is written for it.
    Accepted,
}

/// How changes were kept before there was a choice.
fn agent_alone() -> Confirm {
    Confirm { keep: Keep::Agent, ..Confirm::USUAL }
}

/// A router as it was read for a change: what isolates VIFs, and the menus of its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// What VIFs have objects in.
    pub isolation: Snapshot,
    /// What the rows of the change are in.
    pub rows: Reading,
}

/// One write of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// To an object of a VIF.
    Object(Step),
    /// To a row.
    Row(RowStep),
}

/// What is left to do of a change in one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// The writes in their order.
    pub writes: Vec<Write>,
    /// What somebody else altered meanwhile and no write will put right.
    pub foreign: Vec<String>,
}

impl Write {
    /// The write for the preview and for people.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Object(step) => step.operation(),
            Self::Row(step) => step.operation(),
        }
    }

    /// Whether a look at the router could tell that it is still to be done: one of secrets alone it cannot.
    pub fn can_be_seen(&self) -> bool {
        match self {
            Self::Object(_) => true,
            Self::Row(step) => {
                let properties = step.properties();
                properties.is_empty() || properties.iter().any(|name| !is_secret(name))
            }
        }
    }

    fn finding(&self) -> String {
        match self {
            Self::Object(step) => step.finding(),
            Self::Row(step) => step.finding(),
        }
    }
}

impl Left {
    /// What on the router is not as it should be, one sentence each; nothing when all is. A report of it has to fit
    /// into one message, so that of very much only the beginning is told, and how much there is beside.
    pub fn findings(&self) -> Vec<String> {
        const TOLD: usize = 200;
        const LENGTH: usize = 400;
        let all = self.writes.iter().map(Write::finding).chain(self.foreign.iter().cloned());
        let mut told: Vec<String> = all.take(TOLD).map(|finding| finding.chars().take(LENGTH).collect()).collect();
        let more = (self.writes.len() + self.foreign.len()).saturating_sub(TOLD);
        told.extend((more > 0).then(|| format!("and {more} more")));
        told
    }
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
        let mut parts: Vec<String> =
            created.chain(removed).map(|(what, vif)| format!("{what} of VIF {}", vif.spec.name)).collect();
        let menus: BTreeSet<&str> = self.rows.iter().map(|row| row.menu.as_str()).collect();
        parts.extend(menus.into_iter().map(|menu| {
            let rows = self.rows.iter().filter(|row| row.menu == menu).count();
            format!("{rows} {} of {menu}", if rows == 1 { "row" } else { "rows" })
        }));
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
        if makes || !self.rows.is_empty() { Direction::Back } else { Direction::Forward }
    }
}

/// What is left to do of a change in a direction, in which the router has `taken` these secrets already. VIFs come
/// before rows, and go after them: rows may use what VIFs have.
pub fn left(change: &Change, direction: Direction, sight: &Sight, taken: &Taken) -> Left {
    let objects = converge(&objects(change.target(direction)), &sight.isolation).into_iter().map(Write::Object);
    let rows = row::converge::converge(&change.rows, direction, &change.menus, &sight.rows, taken);
    let steps = rows.steps.into_iter().map(Write::Row);
    let writes = match direction {
        Direction::Forward => objects.chain(steps).collect(),
        Direction::Back => steps.chain(objects).collect(),
    };
    Left { writes, foreign: rows.foreign }
}

/// The change that an order asks for, on this router as it is. `known` are the secrets of its rows.
///
/// # Errors
/// A [`Refusal`] with the code and the item's matter; nothing is kept of it then.
pub fn decide(
    order: &ChangeOrder,
    before: &[Vif],
    pools: &Pools,
    sight: &Sight,
    known: &Known,
    now: i64,
) -> Result<Change, Refusal> {
    let router = &sight.isolation;
    if !Confirm::DEADLINES.contains(&order.confirm.deadline_s) {
        let message = format!("a deadline of {} s is none of 15 to 3600", order.confirm.deadline_s);
        return Err(Refusal::new("malformed", message, "Ask for a deadline between 15 s and an hour."));
    }
    let mut after = before.to_vec();
    for item in &order.items {
        match &item.resource {
            Resource::VifCreate(spec) => after.push(create(spec, &after, pools, router, now)?),
            Resource::Row(_) => {}
            Resource::VifUpdate(spec) => update(spec, &mut after, router)?,
            Resource::VifRemove(vif) => {
                let at = after.iter().position(|kept| kept.spec.id == *vif).ok_or_else(|| unknown_vif(vif))?;
                after.remove(at);
            }
        }
    }
    after.sort_by_key(|vif| vif.vlan_id);
    let rows = row::decide(&order.items, &order.menus, &sight.rows, known)?;
    Ok(Change {
        id: order.id.clone(),
        before: before.to_vec(),
        after,
        rows,
        menus: order.menus.clone(),
        confirm: order.confirm,
        origin: Origin::Order,
    })
}

fn create(spec: &VifSpec, vifs: &[Vif], pools: &Pools, router: &Snapshot, now: i64) -> Result<Vif, Refusal> {
    installed(router)?;
    if vifs.iter().any(|vif| vif.spec.name == spec.name || vif.spec.id == spec.id) {
        let message = format!("there is a VIF `{}` already", spec.name);
        return Err(Refusal::new("name_taken", message, "Choose another name, or remove the other VIF first."));
    }
    reachable(spec, router)?;
    let (vlan_id, subnet) = allocate(pools, vifs, router)?;
    let vif = Vif { spec: spec.clone(), vlan_id, subnet, created_at: now };
    foreign_names(&vif, router)?;
    Ok(vif)
}

/// The way out of a VIF must be an interface of the router's own.
fn reachable(spec: &VifSpec, router: &Snapshot) -> Result<(), Refusal> {
    let egress = spec.egress.interface();
    let row = router.rows(Menu::Interface).iter().find(|row| row.get("name") == egress.as_str());
    match row {
        None => {
            let message = format!("the router has no interface `{egress}`");
            Err(Refusal::new("unknown_interface", message, "Choose an egress from the router's interfaces."))
        }
        Some(row) if row.is_isolation() => {
            let message = format!("`{egress}` is one of Bulkhead's own interfaces");
            Err(Refusal::new("unknown_interface", message, "Choose a tunnel or a WAN as the egress."))
        }
        Some(_) => Ok(()),
    }
}

/// Puts the new wish in the place of the old one; VLAN and subnet stay.
fn update(spec: &VifSpec, vifs: &mut [Vif], router: &Snapshot) -> Result<(), Refusal> {
    installed(router)?;
    reachable(spec, router)?;
    let vif = vifs.iter_mut().find(|vif| vif.spec.id == spec.id).ok_or_else(|| unknown_vif(&spec.id))?;
    if vif.spec.name != spec.name {
        let message = format!("the VIF `{}` cannot be renamed to `{}`", vif.spec.name, spec.name);
        return Err(Refusal::new("malformed", message, "Its name is in its service's container: make another VIF."));
    }
    vif.spec = spec.clone();
    Ok(())
}

fn unknown_vif(id: &VifId) -> Refusal {
    let message = format!("the agent keeps no VIF `{id}`");
    Refusal::new("unknown_vif", message, "Refresh the list: it may be gone already.")
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
        let foreign = |row: &&Row| !row.is_isolation() && names.iter().any(|name| name == row.get("name"));
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
pub fn plan(change: &Change, sight: &Sight) -> Plan {
    let operations: Vec<Operation> =
        left(change, Direction::Forward, sight, &Taken::default()).writes.iter().map(Write::operation).collect();
    let warnings = warnings(change, &sight.isolation);
    Plan { read_hash: hash(&operations), operations, warnings, rings: vec![Ring::Journal] }
}

/// SHA-256 of the writes. A router that has moved on in a way that matters gives other writes; a lease that was
/// renewed or a counter that ticked does not make a plan stale.
fn hash(operations: &[Operation]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for operation in operations {
        digest.update(format!("{:?} {}\n", operation.verb, operation.menu));
        for (name, value) in operation.attributes.iter().chain(&operation.before) {
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
