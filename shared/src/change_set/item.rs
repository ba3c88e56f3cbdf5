//! What is to change: items, and what the agent has to know of the menus that they are in.

use crate::{drift::Policy, ids::VifId, vif::VifSpec};
use serde::{Deserialize, Serialize};

/// A property's name and its value as RouterOS takes it.
pub type Attribute = (String, String);

/// One thing that is to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its place in the change set, for findings and progress; unique there.
    pub id: String,
    /// Its name for people; may be empty.
    pub name: String,
    /// [`Item::id`]s of what has to come first.
    pub depends_on: Vec<String>,
    /// What is done to what.
    pub resource: Resource,
}

/// One thing and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Make a compartment.
    VifCreate(VifSpec),
    /// Remove a compartment without a trace.
    VifRemove(VifId),
    /// Make, alter or remove a row of a RouterOS menu.
    Row(RowChange),
    /// Alter a compartment: the one of this id is to be as described. Its name stays.
    VifUpdate(VifSpec),
}

/// A change of one row of a RouterOS menu, or of a menu that is a single row (`/ip/dns`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// The menu: `/ip/firewall/filter`.
    pub menu: String,
    /// What is done.
    pub operation: RowOperation,
    /// What finds the row: properties that all have to fit, and must fit one static row only. Of a row that is to be made
    /// it is its mark as `comment`, which is also written; a row that is there already is put right instead of made
    /// twice. Empty for a menu that is a single row.
    pub key: Vec<Attribute>,
    /// What it is to be; every property that is not named stays as it is.
    pub attributes: Vec<Attribute>,
    /// Properties that are to have no value.
    pub unset: Vec<String>,
    /// Where in an ordered menu; without one a row that is made goes to the end and one that is there stays.
    pub position: Option<Position>,
    /// What is done when somebody else alters the row afterwards.
    #[serde(default)]
    pub drift: Policy,
}

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOperation {
    /// It is to be there.
    Create,
    /// It is there and is to be altered.
    Update,
    /// It is to be gone; one that is gone already is no error.
    Delete,
}

/// A row's place in an ordered menu, among the static rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Above all other static rows but those that isolate VIFs, which stay on top.
    First,
    /// Below all.
    Last,
    /// Directly above the row that this key finds.
    Before(Vec<Attribute>),
    /// Directly below the row that this key finds.
    After(Vec<Attribute>),
}

/// What the controller's schema knows of a menu that a change touches, in the router's version. The agent carries no
/// schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuWords {
    /// The menu: `/ip/firewall/filter`.
    pub path: String,
    /// The properties that can be written, sorted: what is read, and what a removed row is made of again.
    pub writable: Vec<String>,
    /// Whether the order of its rows counts: it has `move`.
    pub ordered: bool,
    /// Whether it is a single row: it has `set` and no `add`.
    pub single: bool,
    /// Whether it has `unset`; else a property is emptied by setting it to nothing.
    pub unset: bool,
}

/// Until when a change has to be kept, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// Seconds after the last write until it is undone, 15 to 3600.
    pub deadline_s: u32,
    /// Whose word keeps it.
    pub keep: Keep,
}

impl Confirm {
    /// The deadlines that can be asked for, in seconds.
    pub const DEADLINES: std::ops::RangeInclusive<u32> = 15..=3600;

    /// What is taken where nothing is said: two minutes, and the controller's word.
    pub const USUAL: Self = Self { deadline_s: 120, keep: Keep::Controller };
}

/// Whose word keeps a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The agent's alone: a new sign-in that shows what was written. For changes of our own objects, which cannot cut
    /// anybody off.
    Agent,
    /// The controller's too, by its signed word over a new connection to the broker.
    Controller,
    /// A person's too.
    Person,
}
