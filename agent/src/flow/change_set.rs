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
mod vif;

use crate::flow::{
    object::Snapshot,
    vif::{Vif, address_plan::Pools, around::Around, objects::objects},
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
    change_set::{Confirm, Keep, MenuWords, Operation, Plan, Refusal, Ring},
    ids::{ChangeSetId, VifId},
    routeros::secret::is_secret,
    wire::ChangeOrder,
};
use std::collections::BTreeSet;
pub use vif::installed;

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
    /// What else matters to VIFs; read where a change makes or alters one.
    pub around: Around,
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
        let mut parts: Vec<String> =
            self.vifs().map(|(what, vif)| format!("{what} of VIF {}", vif.spec.name)).collect();
        let menus: BTreeSet<&str> = self.rows.iter().map(|row| row.menu.as_str()).collect();
        parts.extend(menus.into_iter().map(|menu| {
            let rows = self.rows.iter().filter(|row| row.menu == menu).count();
            format!("{rows} {} of {menu}", if rows == 1 { "row" } else { "rows" })
        }));
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }

    /// The VIF that it is about, where it is one.
    pub fn only_vif(&self) -> Option<&VifId> {
        let mut all = self.vifs().map(|(_, vif)| &vif.spec.id);
        all.next().filter(|_| all.next().is_none())
    }

    /// The VIFs that it makes, alters and removes, as they are called for people.
    fn vifs(&self) -> impl Iterator<Item = (&'static str, &Vif)> {
        let kept = |vifs: &[Vif], id: &VifId| vifs.iter().any(|vif| vif.spec.id == *id);
        let written = self
            .after
            .iter()
            .filter(|vif| !self.before.contains(vif))
            .map(move |vif| (if kept(&self.before, &vif.spec.id) { "alteration" } else { "creation" }, vif));
        let removed = self.before.iter().filter(move |vif| !kept(&self.after, &vif.spec.id));
        written.chain(removed.map(|vif| ("removal", vif)))
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
    if !Confirm::DEADLINES.contains(&order.confirm.deadline_s) {
        let message = format!("a deadline of {} s is none of 15 to 3600", order.confirm.deadline_s);
        return Err(Refusal::new("malformed", message, "Ask for a deadline between 15 s and an hour."));
    }
    let after = vif::decide(&order.items, before, pools, sight, now)?;
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

/// What a change would write now.
pub fn plan(change: &Change, sight: &Sight, pools: &Pools) -> Plan {
    let writes = left(change, Direction::Forward, sight, &Taken::default()).writes;
    let operations: Vec<Operation> = writes.iter().map(Write::operation).collect();
    let warnings = vif::warnings(change, sight, pools);
    Plan { read_hash: hash(&writes), operations, warnings, rings: vec![Ring::Journal] }
}

/// SHA-256 of the writes. A router that has moved on in a way that matters gives other writes; a lease that was
/// renewed, a gate that opened or a counter that ticked does not make a plan stale.
fn hash(writes: &[Write]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let shuts = |write: &&Write| matches!(write, Write::Object(Step::Shut { .. }));
    for operation in writes.iter().filter(|write| !shuts(write)).map(Write::operation) {
        digest.update(format!("{:?} {}\n", operation.verb, operation.menu));
        for (name, value) in operation.attributes.iter().chain(&operation.before) {
            digest.update(format!("{}:{name}={}:{value}\n", name.len(), value.len()));
        }
    }
    digest.finalize().into()
}
