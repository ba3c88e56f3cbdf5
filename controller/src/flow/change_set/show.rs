//! A change set as it is shown.

use super::{ChangeSet, stage::stages};
use crate::view::{
    ChangeError, ChangeSetView, HistoryView, ItemView, OperationView, PlanView, ProgressView, Risk, iso,
};
use serde_json::json;
use shared::{
    change_set::{Item, Plan, Refusal, Report, Resource, RowOperation},
    vif::KillSwitchMode,
};

/// The view of a change set.
pub fn view(change_set: &ChangeSet) -> ChangeSetView {
    ChangeSetView {
        id: change_set.id.to_string(),
        name: change_set.name.clone(),
        router: change_set.router.to_string(),
        source: change_set.source.clone(),
        created_by: change_set.created_by.clone(),
        created_at: iso(change_set.created_at),
        state: change_set.state,
        outcome: change_set.outcome,
        // Only objects of our own are made and removed so far.
        risk: Risk::Low,
        deadline: None,
        stages: stages(change_set),
        plan: change_set.plan.as_ref().map(plan),
        items: change_set.items.iter().map(item).collect(),
        progress: change_set.report.as_ref().map(progress),
        error: change_set.error.as_ref().map(error),
        differs: change_set.report.iter().flat_map(|report| report.differs.clone()).collect(),
        history: change_set
            .history
            .iter()
            .map(|step| HistoryView { at: iso(step.at), state: step.state, event: step.event, by: step.by.clone() })
            .collect(),
        legal_events: change_set.legal(),
    }
}

fn plan(plan: &Plan) -> PlanView {
    let operation = |operation: &shared::change_set::Operation| OperationView {
        verb: operation.verb,
        menu: operation.menu.clone(),
        attributes: operation.attributes.clone(),
    };
    PlanView {
        operations: plan.operations.iter().map(operation).collect(),
        warnings: plan.warnings.iter().map(|warning| warning.message.clone()).collect(),
    }
}

fn item(item: &Item) -> ItemView {
    let (name, operation, key, attributes) = match &item.resource {
        Resource::VifCreate(spec) => {
            let mode = match spec.kill_switch {
                KillSwitchMode::Block => "block",
            };
            let attributes = json!({
                "id": spec.id,
                "name": spec.name,
                "egress": {"interface": spec.egress.interface()},
                "kill_switch": {"mode": mode},
            });
            (spec.name.to_string(), "create", None, attributes)
        }
        Resource::Row(row) => {
            let operation = match row.operation {
                RowOperation::Create => "create",
                RowOperation::Update => "update",
                RowOperation::Delete => "delete",
            };
            (item.name.clone(), operation, None, json!({}))
        }
        Resource::VifRemove(vif) => (vif.to_string(), "delete", Some(vif.to_string()), json!({})),
    };
    ItemView {
        id: item.id.clone(),
        name,
        resource: "vif".to_owned(),
        operation: operation.to_owned(),
        key,
        attributes,
        depends_on: Vec::new(),
    }
}

fn progress(report: &Report) -> ProgressView {
    ProgressView { phase: report.phase, done: report.done, total: report.total, current: report.current.clone() }
}

fn error(refusal: &Refusal) -> ChangeError {
    ChangeError { code: refusal.code.clone(), message: refusal.message.clone(), hint: refusal.hint.clone() }
}
