//! The validation of a change set in seven stages, from what is asked and what the router was read to be.
//!
//! | stage | asks |
//! | --- | --- |
//! | `syntax` | does this version have the menu, the command, the attributes, and are the values of their kind? |
//! | `conflicts` | what is there already, by meaning? |
//! | `dependencies` | is there what the items name, and in which order do they go? |
//! | `platform` | can this device do it? |
//! | `security` | who is let in, who is locked out, at the end and after every single write? |
//! | `addresses` | are there addresses that cannot be meant? |
//! | `summary` | what does it come to? |
//!
//! All stages run whatever an earlier one found, so that a person sees everything at once; an item that makes no sense
//! to stage one is left out of what the later ones carry out on the model. Every code is in [`CODES`].

mod addresses;
mod conflicts;
mod context;
mod dependencies;
mod edit;
mod finding;
mod menu;
mod net;
mod order;
mod platform;
mod reading;
mod rehearsal;
mod rows;
mod security;
mod shadow;

mod summary;
mod syntax;
mod value;

pub use context::{Administrator, Context, Device, Link, Session, Vif};
pub use finding::{CODES, Code, Finding, Severity, StageName};
pub use reading::{Pages, Restless, model, reads};

use crate::view::{Risk, StageStatus, StageView};

use shared::{
    change_set::{Attribute, Item, Verb},
    routeros::model::Model,
};

/// What the stages found, and what the change set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// All seven, in order.
    pub stages: Vec<Stage>,
    /// The predicted difference, by menu.
    pub diff: Vec<MenuDiff>,
    /// How many writes the rows among the items come to. A VIF's are known to the agent alone.
    pub operations: u32,
    /// How much it could cost.
    pub risk: Risk,
    /// Why, one sentence each; empty for a low risk.
    pub reasons: Vec<String>,
    /// [`Item::id`]s in the order in which they are carried out.
    pub order: Vec<String>,
    /// From the first write to the last look, in milliseconds, without a person's time to keep it.
    pub estimated_ms: u32,
}

/// A stage and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Which.
    pub name: StageName,
    /// How it went.
    pub status: StageStatus,
    /// What it found, in the order of the items.
    pub findings: Vec<Finding>,
}

/// What changes in a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuDiff {
    /// The menu.
    pub menu: String,
    /// Its rows that change, in the order of their first write.
    pub rows: Vec<RowDiff>,
}

/// What changes in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDiff {
    /// The item that changes it first.
    pub item: String,
    /// The row in words.
    pub row: String,
    /// What is done: made, altered, removed or moved.
    pub verb: Verb,
    /// Whether it also changes its place.
    pub moved: bool,
    /// Of a row that goes all its values, of one that is altered those that change.
    pub before: Vec<Attribute>,
    /// Of a row that is made all its values, of one that is altered those that change.
    pub after: Vec<Attribute>,
}

impl Validation {
    /// What stops the change, unless somebody overrules what may be.
    pub fn stopping(&self) -> impl Iterator<Item = &Finding> {
        let all = self.stages.iter().flat_map(|stage| &stage.findings);
        all.filter(|finding| finding.code.severity == Severity::Failed)
    }
}

impl From<&Stage> for StageView {
    fn from(stage: &Stage) -> Self {
        Self {
            name: stage.name.as_str().to_owned(),
            status: stage.status,
            findings: stage.findings.iter().map(Into::into).collect(),
        }
    }
}

/// The router as it would be once the items are carried out, as far as they make sense.
pub fn carried_out(items: &[Item], router: &Model, context: &Context<'_>) -> Model {
    let (order, _) = order::order(items);
    rehearsed(items, &order, &syntax::stage(items, context), router, context).after
}

/// The items carried out in this order, but for those that make no sense to stage one.
fn rehearsed(
    items: &[Item],
    order: &[usize],
    syntax: &[Finding],
    router: &Model,
    context: &Context<'_>,
) -> rehearsal::Rehearsal {
    let senseless = syntax.iter().filter(|finding| LEFT_OUT.contains(&finding.code.code));
    let left_out: Vec<&str> = senseless.filter_map(|finding| finding.item.as_deref()).collect();
    rehearsal::rehearse(items, order, &left_out, router, context)
}

/// Looks at the items as a change of this router.
pub fn validate(items: &[Item], router: &Model, context: &Context<'_>) -> Validation {
    let mut found = syntax::stage(items, context);
    let (order, unordered) = order::order(items);
    let rehearsal = rehearsed(items, &order, &found, router, context);

    found.extend(unordered);
    found.extend(rehearsal.findings.iter().cloned());
    found.extend(conflicts::stage(&rehearsal, context));
    found.extend(dependencies::stage(items, &rehearsal, context));
    found.extend(platform::stage(items, router, &rehearsal.after, context));
    found.extend(security::stage(&rehearsal, router, context));
    found.extend(addresses::stage(items, &rehearsal));
    found.extend(summary::stage(items, &rehearsal, context));

    let place = |finding: &Finding| items.iter().position(|item| finding.item.as_deref() == Some(&item.id));
    found.sort_by_key(|finding| (finding.code.stage, place(finding)));
    found.dedup();
    let (risk, reasons) = summary::risk(&rehearsal, &found.iter().collect::<Vec<_>>(), context);
    Validation {
        diff: summary::diff(&rehearsal),
        operations: summary::operations(&rehearsal),
        risk,
        reasons,
        order: order.iter().filter_map(|at| items.get(*at)).map(|item| item.id.clone()).collect(),
        estimated_ms: summary::estimate(&rehearsal),
        stages: StageName::ALL.into_iter().map(|name| stage(name, &found)).collect(),
    }
}

/// Findings of stage one after which an item cannot be carried out even on a model.
const LEFT_OUT: [&str; 5] = ["item_twice", "unknown_menu", "unknown_command", "single_menu", "key_missing"];

fn stage(name: StageName, found: &[Finding]) -> Stage {
    let findings: Vec<Finding> = found.iter().filter(|finding| finding.code.stage == name).cloned().collect();
    Stage { name, status: finding::status(&findings), findings }
}

#[cfg(test)]
pub(crate) mod tests;
