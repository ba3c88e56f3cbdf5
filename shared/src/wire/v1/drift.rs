//! Drifts on the wire.

use super::Wire;
use crate::{drift, ids};
use serde::{Deserialize, Serialize};

choice!(/** `drift::Policy` */ Policy = drift::Policy { Report, Reconcile });
choice!(/** `drift::State` */ State = drift::State { Open, Reconciling, Gone, Fighting, Accepted });
choice!(/** `drift::Difference` */ Difference = drift::Difference {
    Altered(Vec<drift::Altered>), Missing(Vec<(String, String)>), Moved, Surplus,
});
record!(/** `drift::Altered` */ Altered = drift::Altered {
    property: String, wanted: Option<String>, found: Option<String>,
});
record!(/** `drift::Drift` */ Drift = drift::Drift {
    id: ids::DriftId, menu: String, row: Vec<(String, String)>, item: Option<(ids::ChangeSetId, String)>,
    vif: Option<ids::VifId>, difference: drift::Difference, policy: drift::Policy, state: drift::State,
    first_seen: i64, last_seen: i64,
});
record!(/** `drift::DriftReport` */ DriftReport = drift::DriftReport { drifts: Vec<drift::Drift>, more: u32, at: i64 });
