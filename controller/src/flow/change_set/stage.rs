//! The stages of the validation, as far as they run: the agent's plan answers for conflicts, dependencies and
//! platform. A stage that did not run is not listed.

use super::ChangeSet;
use crate::view::{FindingView, StageStatus, StageView};
use shared::change_set::Refusal;

/// What the agent may refuse a plan for, and in which stage and field it is found.
const FINDINGS: [(&str, &str, Option<&str>); 15] = [
    ("name_taken", "conflicts", Some("name")),
    ("foreign_object", "conflicts", None),
    ("pool_exhausted", "conflicts", None),
    ("unknown_interface", "dependencies", Some("egress.interface")),
    ("unknown_vif", "dependencies", Some("key")),
    ("vif_in_use", "dependencies", Some("key")),
    ("installer_missing", "platform", None),
    ("malformed", "syntax", None),
    ("unknown_menu", "syntax", Some("resource")),
    ("no_key", "syntax", Some("key")),
    ("no_such_row", "dependencies", Some("key")),
    ("ambiguous_key", "conflicts", Some("key")),
    ("same_row_twice", "conflicts", Some("key")),
    ("isolation_row", "security", Some("key")),
    ("answer_too_large", "summary", None),
];

/// Whether a refusal is something that the person who asked can put right in the request or on the router, unlike one
/// that says nothing about the change.
pub fn is_finding(code: &str) -> bool {
    FINDINGS.iter().any(|(known, _, _)| *known == code)
}

/// The stages that ran.
pub(super) fn stages(change_set: &ChangeSet) -> Vec<StageView> {
    let mut stages = seen(change_set);
    if let (Some(reverts), Some(plan)) = (&change_set.reverts, &change_set.plan)
        && let Some(conflicts) = stages.iter_mut().find(|stage| stage.name == "conflicts")
    {
        conflicts.findings.extend(reverts.moved_on(plan));
        if !conflicts.findings.is_empty() {
            conflicts.status = worse(conflicts.status, StageStatus::Warning);
        }
    }
    stages
}

fn seen(change_set: &ChangeSet) -> Vec<StageView> {
    let told = told_by_the_agent(change_set);
    if change_set.stages.is_empty() {
        return told;
    }
    // What the agent found beside joins the controller's stage of that name.
    let mut stages = change_set.stages.clone();
    for other in told {
        if let Some(stage) = stages.iter_mut().find(|stage| stage.name == other.name) {
            stage.status = worse(stage.status, other.status);
            stage.findings.extend(other.findings);
        }
    }
    stages
}

fn worse(one: StageStatus, other: StageStatus) -> StageStatus {
    match (one, other) {
        (StageStatus::Failed, _) | (_, StageStatus::Failed) => StageStatus::Failed,
        (StageStatus::Warning, _) | (_, StageStatus::Warning) => StageStatus::Warning,
        (StageStatus::Passed, StageStatus::Passed) => StageStatus::Passed,
    }
}

fn told_by_the_agent(change_set: &ChangeSet) -> Vec<StageView> {
    match (&change_set.finding, &change_set.plan) {
        (Some(refusal), _) => failed(change_set, refusal),
        (None, Some(plan)) => {
            let warnings = plan.warnings.iter().map(warning).collect();
            let mut stages = vec![passed("conflicts"), passed("dependencies"), passed("platform")];
            stages.push(StageView {
                name: "summary".to_owned(),
                status: if plan.warnings.is_empty() { StageStatus::Passed } else { StageStatus::Warning },
                findings: warnings,
            });
            stages
        }
        (None, None) => Vec::new(),
    }
}

fn failed(change_set: &ChangeSet, refusal: &Refusal) -> Vec<StageView> {
    let (_, stage, field) =
        FINDINGS.into_iter().find(|(code, _, _)| *code == refusal.code).unwrap_or(("", "conflicts", None));
    let finding = FindingView {
        code: refusal.code.clone(),
        item: change_set.items.first().map(|item| item.id.clone()),
        field: field.map(str::to_owned),
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
        trace: None,
    };
    vec![StageView { name: stage.to_owned(), status: StageStatus::Failed, findings: vec![finding] }]
}

fn passed(name: &str) -> StageView {
    StageView { name: name.to_owned(), status: StageStatus::Passed, findings: Vec::new() }
}

fn warning(warning: &Refusal) -> FindingView {
    FindingView {
        code: warning.code.clone(),
        item: None,
        field: None,
        message: warning.message.clone(),
        hint: warning.hint.clone(),
        trace: None,
    }
}
