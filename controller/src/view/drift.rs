//! What of a router is not as it should be.

use super::{as_object, from_object, iso};
use serde::{Deserialize, Serialize};
use shared::{
    drift::{Difference, Drift, Policy, State},
    ids::RouterId,
};
use utoipa::ToSchema;

/// A row that is not as a kept change left it, or an object of a VIF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DriftView {
    /// The same as long as the same difference lasts.
    pub id: String,
    /// The router.
    pub router: String,
    /// The menu.
    pub menu: String,
    /// What finds the row; empty in a menu that is a single row.
    #[serde(serialize_with = "as_object", deserialize_with = "from_object")]
    #[schema(value_type = Object)]
    pub row: Vec<(String, String)>,
    /// The change set that left it as it should be; null of a VIF's object.
    pub change_set: Option<String>,
    /// The item in it.
    pub item: Option<String>,
    /// The VIF whose object it is.
    pub vif: Option<String>,
    /// `altered`, `missing`, `moved` or `surplus`.
    pub kind: String,
    /// What differs: of a row that is missing all that it held.
    pub properties: Vec<AlteredView>,
    /// `report` or `reconcile`.
    #[schema(value_type = String)]
    pub policy: Policy,
    /// `open`, `reconciling`, `gone`, `fighting` or `accepted`.
    #[schema(value_type = String)]
    pub state: State,
    /// By the agent's clock.
    pub first_seen: String,
    /// The same, as of the last word about it.
    pub last_seen: String,
}

/// A property that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlteredView {
    /// Its name.
    pub name: String,
    /// What it should be; null where it should have no value.
    pub wanted: Option<String>,
    /// What it is; null where it has no value.
    pub found: Option<String>,
}

impl DriftView {
    /// A drift of a router.
    pub fn of(router: &RouterId, drift: &Drift) -> Self {
        let (kind, properties) = match &drift.difference {
            Difference::Altered(all) => {
                let view = |one: &shared::drift::Altered| AlteredView {
                    name: one.property.clone(),
                    wanted: one.wanted.clone(),
                    found: one.found.clone(),
                };
                ("altered", all.iter().map(view).collect())
            }
            Difference::Missing(all) => {
                let view = |(name, value): &(String, String)| AlteredView {
                    name: name.clone(),
                    wanted: Some(value.clone()),
                    found: None,
                };
                ("missing", all.iter().map(view).collect())
            }
            Difference::Moved => ("moved", Vec::new()),
            Difference::Surplus => ("surplus", Vec::new()),
        };
        Self {
            id: drift.id.to_string(),
            router: router.to_string(),
            menu: drift.menu.clone(),
            row: drift.row.clone(),
            change_set: drift.item.as_ref().map(|(change_set, _)| change_set.to_string()),
            item: drift.item.as_ref().map(|(_, item)| item.clone()),
            vif: drift.vif.as_ref().map(ToString::to_string),
            kind: kind.to_owned(),
            properties,
            policy: drift.policy,
            state: drift.state,
            first_seen: iso(drift.first_seen),
            last_seen: iso(drift.last_seen),
        }
    }
}
