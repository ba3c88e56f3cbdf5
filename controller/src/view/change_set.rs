//! A change set as it is shown.

use super::TraceRequest;
use crate::flow::change_set::asked::{AskedConfirm, AskedItem};
use serde::{Deserialize, Serialize};
use shared::change_set::{Event, Evidence, Keep, Outcome, Phase, Ring, State, Verb};
use utoipa::ToSchema;

/// A change set: what is to change, where it stands in the pipeline, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeSetView {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The router.
    pub router: String,
    /// What made it: `vif`.
    pub source: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: String,
    /// One of the twelve states.
    #[schema(value_type = String)]
    pub state: State,
    /// `confirmed`, `reverted`, `partly_reverted`, `unknown`; null before it has ended.
    #[schema(value_type = Option<String>)]
    pub outcome: Option<Outcome>,
    /// How much it could cost.
    pub risk: Risk,
    /// Why it is not low, one sentence each.
    pub reasons: Vec<String>,
    /// Until when and by whom it has to be kept.
    pub confirm: ConfirmView,
    /// When it is undone unless it is kept; null where nothing is waited for.
    pub deadline: Option<String>,
    /// What speaks for it so far: `sign_in`, `link`, `controller`, `person`.
    #[schema(value_type = Vec<String>)]
    pub evidence: Vec<Evidence>,
    /// Who undid it: `journal`, `safe_mode`, `script`; null where nobody did.
    #[schema(value_type = Option<String>)]
    pub undone_by: Option<Ring>,
    /// The change set that it takes back, of one that was made by `revert`.
    pub reverts: Option<String>,
    /// Counts up with each edit; an edit names the one that it saw.
    pub version: u32,
    /// The stages of the validation that ran.
    pub stages: Vec<StageView>,
    /// What would be or was written; null before it was validated.
    pub plan: Option<PlanView>,
    /// `present`, or `exactly`: what is asked for is all that there is to be of the rows that carry its mark.
    pub ensure: String,
    /// What is to change.
    pub items: Vec<ItemView>,
    /// How far the agent is; null before it has begun.
    pub progress: Option<ProgressView>,
    /// What went wrong.
    pub error: Option<ChangeError>,
    /// What on the router differs from before, of the outcome `partly_reverted`.
    pub differs: Vec<String>,
    /// Every state that it entered.
    pub history: Vec<HistoryView>,
    /// What may happen to it now, of what a person may do.
    #[schema(value_type = Vec<String>)]
    pub legal_events: Vec<Event>,
    /// Of those, what leads to a VIF without a kill switch and wants the password again (`X-Step-Up`).
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub step_up_events: Vec<Event>,
}

/// How much a change could cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// It only makes or removes our own objects.
    Low,
    /// It touches what was there.
    Normal,
    /// It could cut somebody off; a person has to acknowledge it.
    High,
}

/// A stage of the validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageView {
    /// `syntax`, `conflicts`, `dependencies`, `platform`, `security`, `addresses` or `summary`.
    pub name: String,
    /// How it went.
    pub status: StageStatus,
    /// What it found.
    pub findings: Vec<FindingView>,
}

/// How a stage went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Nothing found.
    Passed,
    /// Found what a person should know.
    Warning,
    /// Found what must be put right.
    Failed,
}

/// Something that a stage found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// Stable, `lower_snake`.
    pub code: String,
    /// The item that it is about.
    pub item: Option<String>,
    /// The item's field that it is about.
    pub field: Option<String>,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The packet that shows it, as a question to `trace` with this change set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceRequest>,
}

/// What would be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// The writes in their order.
    pub operations: Vec<OperationView>,
    /// What a person should know before saying yes.
    pub warnings: Vec<String>,
    /// What can undo it on this router: `journal`, `safe_mode`, `script`.
    #[schema(value_type = Vec<String>)]
    pub rings: Vec<Ring>,
}

/// Until when a change has to be kept, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfirmView {
    /// Seconds after the last write.
    pub deadline_s: u32,
    /// `agent`, `controller` or `person`.
    #[schema(value_type = String)]
    pub keep: Keep,
}

/// A change set that is asked for.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChangeSet {
    /// Its name for people. Rows that are made carry it in their marks: the same name finds them again.
    pub name: String,
    /// What makes it: `person`, `file`, …
    #[serde(default = "person")]
    pub source: String,
    /// What is to change.
    pub items: Vec<AskedItem>,
    /// `present` (without it): the items are to be as they say, and nothing else changes. `exactly`: beside, rows that an
    /// earlier change set of this name made and no item asks for are removed, and rows that are made in an ordered menu
    /// stand in the order of their items.
    #[serde(default)]
    pub ensure: Option<String>,
    /// What is done when somebody else alters its rows afterwards, where an item says nothing else: `report` (without it)
    /// or `reconcile`.
    #[serde(default)]
    pub drift: Option<String>,
    /// How it is to be kept; without it within two minutes by the controller.
    #[serde(default)]
    pub confirm: Option<AskedConfirm>,
}

fn person() -> String {
    "person".to_owned()
}

/// An edit of a draft; what it does not name stays.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedChangeSet {
    /// The version that the editor saw.
    pub version: u32,
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// Other items, all of them.
    #[serde(default)]
    pub items: Option<Vec<AskedItem>>,
    /// `present` or `exactly`.
    #[serde(default)]
    pub ensure: Option<String>,
    /// `report` or `reconcile`, for the other items.
    #[serde(default)]
    pub drift: Option<String>,
    /// Another way to keep it.
    #[serde(default)]
    pub confirm: Option<AskedConfirm>,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationView {
    /// `add`, `set`, `remove` or `move`.
    #[schema(value_type = String)]
    pub verb: Verb,
    /// The RouterOS menu.
    pub menu: String,
    /// Names and values.
    #[serde(serialize_with = "super::as_object", deserialize_with = "super::from_object")]
    #[schema(value_type = Object)]
    pub attributes: Vec<(String, String)>,
    /// What they are now; of a row that goes all that it holds.
    #[serde(serialize_with = "super::as_object", deserialize_with = "super::from_object")]
    #[schema(value_type = Object)]
    pub before: Vec<(String, String)>,
    /// The item that it is for; empty where it is for none.
    pub item: String,
}

impl OperationView {
    /// The attributes that say what the row is to hold.
    pub fn own(&self) -> impl Iterator<Item = &(String, String)> {
        self.attributes.iter().filter(|(name, _)| !is_place(name))
    }

    /// Where the row goes, for people: `above row “drop all”`.
    pub fn place(&self) -> Option<String> {
        match self.attributes.iter().find(|(name, _)| is_place(name)) {
            Some((_, row)) => Some(format!("above {}", row.trim_matches(['(', ')']))),
            None => (self.verb == Verb::Move).then(|| "to the end".to_owned()),
        }
    }
}

fn is_place(name: &str) -> bool {
    matches!(name, "place-before" | "destination")
}

/// One thing that is to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ItemView {
    /// Its place in the change set.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is: `vif`, or a RouterOS menu.
    pub resource: String,
    /// `create`, `update` or `delete`.
    pub operation: String,
    /// The id of the VIF that is there already, or the properties that find the row.
    #[schema(value_type = Object)]
    pub key: Option<serde_json::Value>,
    /// What was asked for.
    #[schema(value_type = Object)]
    pub attributes: serde_json::Value,
    /// Where in an ordered menu.
    #[schema(value_type = Object)]
    pub position: Option<serde_json::Value>,
    /// `report` or `reconcile` when somebody else alters the row afterwards; null of a VIF, which is always put back.
    pub drift: Option<String>,
    /// Items that come first.
    pub depends_on: Vec<String>,
}

/// How far the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgressView {
    /// `applying`, `verifying`, `rolling_back` or `ended`.
    #[schema(value_type = String)]
    pub phase: Phase,
    /// Writes done in this phase.
    pub done: u32,
    /// Writes of this phase.
    pub total: u32,
    /// The write under way or last done.
    pub current: String,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeError {
    /// Stable, `lower_snake`.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// A state that a change set entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// When.
    pub at: String,
    /// The state.
    #[schema(value_type = String)]
    pub state: State,
    /// By what event; null for the first.
    #[schema(value_type = Option<String>)]
    pub event: Option<Event>,
    /// Who: a user, `agent` or `controller`.
    pub by: String,
}
