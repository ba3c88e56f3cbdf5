//! A change set as it is shown.

use super::{ChangeSet, asked, stage::stages};
use crate::view::{
    ChangeError, ChangeSetView, ConfirmView, HistoryView, ItemView, OperationView, PlanView, ProgressView, iso,
};
use serde_json::json;
use shared::{
    change_set::{Attribute, Item, Plan, Refusal, Report, Resource, RowChange, RowOperation, State},
    drift::Policy,
    routeros::secret::told,
    vif::VifSpec,
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
        risk: change_set.risk,
        reasons: change_set.reasons.clone(),
        confirm: ConfirmView { deadline_s: change_set.confirm.deadline_s, keep: change_set.confirm.keep },
        deadline: deadline(change_set),
        evidence: change_set.report.iter().flat_map(|report| report.evidence.clone()).collect(),
        undone_by: change_set.report.as_ref().and_then(|report| report.undone_by),
        reverts: change_set.reverts.as_ref().map(|reverts| reverts.of.to_string()),
        version: change_set.version,
        stages: stages(change_set),
        plan: change_set.plan.as_ref().map(plan),
        ensure: if change_set.exactly.is_some() { "exactly" } else { "present" }.to_owned(),
        items: change_set.items.iter().map(item).collect(),
        progress: change_set.report.as_ref().map(progress),
        error: change_set.error.as_ref().map(error),
        differs: change_set.report.iter().flat_map(|report| report.differs.clone()).collect(),
        history: change_set
            .history
            .iter()
            .map(|step| HistoryView { at: iso(step.at), state: step.state, event: step.event, by: step.by.clone() })
            .collect(),
        step_up_events: change_set.legal().into_iter().filter(|&event| change_set.switches_off(event)).collect(),
        legal_events: change_set.legal(),
    }
}

/// The agent says when; nobody waits for it in any other state.
fn deadline(change_set: &ChangeSet) -> Option<String> {
    let verifying = change_set.state == State::Verifying;
    change_set.report.as_ref().filter(|_| verifying).and_then(|report| report.deadline).map(iso)
}

fn plan(plan: &Plan) -> PlanView {
    let operation = |operation: &shared::change_set::Operation| OperationView {
        verb: operation.verb,
        menu: operation.menu.clone(),
        attributes: operation.attributes.clone(),
        before: operation.before.clone(),
        item: operation.item.clone(),
    };
    PlanView {
        operations: plan.operations.iter().map(operation).collect(),
        warnings: plan.warnings.iter().map(|warning| warning.message.clone()).collect(),
        rings: plan.rings.clone(),
    }
}

fn item(item: &Item) -> ItemView {
    let (name, operation, key, attributes) = match &item.resource {
        Resource::VifCreate(spec) => (spec.name.to_string(), "create", None, wished(spec)),
        Resource::VifUpdate(spec) => (spec.name.to_string(), "update", Some(json!(spec.id)), wished(spec)),
        Resource::Row(row) => return row_view(item, row),
        Resource::VifRemove(vif) => (vif.to_string(), "delete", Some(json!(vif.to_string())), json!({})),
    };
    ItemView {
        id: item.id.clone(),
        name,
        resource: "vif".to_owned(),
        operation: operation.to_owned(),
        key,
        attributes,
        position: None,
        drift: None,
        depends_on: item.depends_on.clone(),
    }
}

/// A VIF as it was asked for.
fn wished(spec: &VifSpec) -> serde_json::Value {
    json!({
        "id": spec.id,
        "name": spec.name,
        "egress": {"interface": spec.egress.interface()},
        "kill_switch": {"mode": spec.kill_switch.as_str(), "fallback": spec.kill_switch.fallback()},
        "resolver": spec.resolver,
        "ports": spec.ports,
    })
}

fn row_view(item: &Item, row: &RowChange) -> ItemView {
    let operation = match row.operation {
        RowOperation::Create => "create",
        RowOperation::Update => "update",
        RowOperation::Delete => "delete",
    };
    let object = |pairs: &[Attribute]| {
        pairs.iter().map(|(name, value)| (name.clone(), json!(told(name, value)))).collect::<serde_json::Map<_, _>>()
    };
    let mut attributes = object(&row.attributes);
    attributes.extend(row.unset.iter().map(|name| (name.clone(), serde_json::Value::Null)));
    ItemView {
        id: item.id.clone(),
        name: item.name.clone(),
        resource: row.menu.clone(),
        operation: operation.to_owned(),
        key: Some(object(&row.key).into()),
        attributes: attributes.into(),
        position: row.position.as_ref().map(asked::position_view),
        drift: Some(match row.drift {
            Policy::Report => "report".to_owned(),
            Policy::Reconcile => "reconcile".to_owned(),
        }),
        depends_on: item.depends_on.clone(),
    }
}

fn progress(report: &Report) -> ProgressView {
    ProgressView { phase: report.phase, done: report.done, total: report.total, current: report.current.clone() }
}

fn error(refusal: &Refusal) -> ChangeError {
    ChangeError { code: refusal.code.clone(), message: refusal.message.clone(), hint: refusal.hint.clone() }
}
