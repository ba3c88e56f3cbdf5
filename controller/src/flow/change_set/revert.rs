//! A kept change the other way round: the items of a new change set that bring back what was there before.
//!
//! The agent undoes a kept change by itself as long as nobody has built on it. Afterwards somebody has to look at what
//! has become of the router: what is made here goes through the whole pipeline, and says where the router has moved on.
//! What was there before is known from the plan; it does not tell where in its menu a row stood.

use super::{ChangeSet, asked};
use crate::view::FindingView;
use serde::{Deserialize, Serialize};
use shared::{
    change_set::{Attribute, Item, Operation, Plan, Refusal, Resource, RowChange, RowOperation, State, Verb},
    ids::ChangeSetId,
    routeros::secret::HIDDEN,
    vif::VifSpec,
};

/// What a change set takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverts {
    /// The change set.
    pub of: ChangeSetId,
    /// What it wrote, by the item that takes it back.
    wrote: Vec<(String, Vec<Attribute>)>,
    /// Items that make a row again or leave one where it is, of menus in which its place counted.
    placeless: Vec<String>,
}

/// The items that take a kept change back, and what they expect. `name` is the new change set's: part of the mark of a
/// row that is made again and had none. `now` is the VIF that it was about, as it is.
///
/// # Errors
/// `not_kept` where it is not in force; `not_revertible` where there is nothing that could be taken back, or something
/// of which the plan does not tell what it was.
pub fn inverse(change_set: &ChangeSet, name: &str, now: Option<&VifSpec>) -> Result<(Vec<Item>, Reverts), Refusal> {
    let plan = change_set.plan.as_ref().filter(|_| change_set.state == State::Active);
    let Some(plan) = plan else {
        return Err(Refusal::new("not_kept", "This change is not in force.", "There is nothing to take back."));
    };
    let mut reverts = Reverts { of: change_set.id.clone(), wrote: Vec::new(), placeless: Vec::new() };
    let mut items = Vec::new();
    if change_set.has_rows() {
        for operation in plan.operations.iter().rev() {
            let id = (items.len() + 1).to_string();
            let Some(row) = row_of(change_set, operation) else { return Err(untold(operation)) };
            if operation.before.iter().any(|(_, value)| value == HIDDEN) {
                let message =
                    format!("The change wrote over a secret of {}, which only the router knew.", operation.menu);
                return Err(Refusal::new("not_revertible", message, "Make a new change with the secret itself."));
            }
            let ordered = change_set.menus.iter().any(|words| words.path == operation.menu && words.ordered);
            if operation.verb == Verb::Move {
                continue;
            }
            if operation.verb == Verb::Remove && ordered {
                reverts.placeless.push(id.clone());
            }
            reverts.wrote.push((id.clone(), operation.attributes.clone()));
            let resource = Resource::Row(back(operation, row, name, &id));
            items.push(Item { id, name: String::new(), depends_on: Vec::new(), resource });
        }
    } else {
        for item in &change_set.items {
            items.push(Item { resource: vif_back(&item.resource, change_set.was.as_ref(), now)?, ..item.clone() });
        }
    }
    if items.is_empty() {
        let hint = "Make a new change of what should be different.";
        return Err(Refusal::new("not_revertible", "This change made, altered and removed no row.", hint));
    }
    Ok((items, reverts))
}

/// What is done to a VIF the other way round. One that is made again gets a VLAN and a network that are free then.
fn vif_back(resource: &Resource, was: Option<&VifSpec>, now: Option<&VifSpec>) -> Result<Resource, Refusal> {
    match (resource, was) {
        (Resource::VifCreate(spec), _) => Ok(Resource::VifRemove(spec.id.clone())),
        (Resource::VifUpdate(did), Some(was)) if was.id == did.id => {
            Ok(Resource::VifUpdate(taken_back(did, was, now.unwrap_or(did))))
        }
        (Resource::VifRemove(id), Some(was)) if was.id == *id => Ok(Resource::VifCreate(was.clone())),
        (Resource::VifUpdate(_) | Resource::VifRemove(_) | Resource::Row(_), _) => {
            let hint = "Make the VIF anew (`bulkhead vif create`), or alter it once more (`bulkhead vif update`).";
            Err(Refusal::new("not_revertible", "It is not known what the VIF was like before.", hint))
        }
    }
}

/// What an update altered is as it was; what later ones altered stays as it is now.
fn taken_back(did: &VifSpec, was: &VifSpec, now: &VifSpec) -> VifSpec {
    fn of<T: Clone + PartialEq>(did: &T, was: &T, now: &T) -> T {
        if did == was { now.clone() } else { was.clone() }
    }
    VifSpec {
        id: now.id.clone(),
        name: of(&did.name, &was.name, &now.name),
        egress: of(&did.egress, &was.egress, &now.egress),
        kill_switch: of(&did.kill_switch, &was.kill_switch, &now.kill_switch),
        resolver: of(&did.resolver, &was.resolver, &now.resolver),
        ports: of(&did.ports, &was.ports, &now.ports),
    }
}

fn row_of<'a>(change_set: &'a ChangeSet, operation: &Operation) -> Option<&'a RowChange> {
    let item = change_set.items.iter().find(|item| item.id == operation.item)?;
    match &item.resource {
        Resource::Row(row) => Some(row),
        Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
    }
}

fn untold(operation: &Operation) -> Refusal {
    let message = format!("The plan does not say for which row of {} it wrote.", operation.menu);
    Refusal::new("not_revertible", message, "Make a new change of what should be different.")
}

/// One write the other way round.
fn back(operation: &Operation, row: &RowChange, name: &str, id: &str) -> RowChange {
    let of = |operation, key, attributes, unset| RowChange {
        menu: row.menu.clone(),
        operation,
        key,
        attributes,
        unset,
        position: None,
        drift: row.drift,
    };
    match operation.verb {
        Verb::Add => of(RowOperation::Delete, row.key.clone(), Vec::new(), Vec::new()),
        Verb::Set | Verb::Move => {
            let was = |name: &String| operation.before.iter().any(|(known, _)| known == name);
            let names = operation.attributes.iter().map(|(name, _)| name);
            let unset = names.filter(|name| !was(name)).cloned().collect();
            of(RowOperation::Update, key_of_today(row, operation), operation.before.clone(), unset)
        }
        Verb::Remove => {
            let mut attributes = operation.before.clone();
            let mark = made_again(&mut attributes, &asked::mark(&asked::owner(name), id));
            of(RowOperation::Create, vec![("comment".to_owned(), mark)], attributes, Vec::new())
        }
    }
}

/// What finds the row now: where the change altered a property of the key, its new value does.
fn key_of_today(row: &RowChange, operation: &Operation) -> Vec<Attribute> {
    let written =
        |name: &str| operation.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    row.key.iter().map(|(name, value)| (name.clone(), written(name).unwrap_or_else(|| value.clone()))).collect()
}

/// The mark of a row that is made again: the one that it had, or `mark`, put before the comment of a row that had none.
fn made_again(attributes: &mut Vec<Attribute>, mark: &str) -> String {
    let comment = attributes.iter_mut().find(|(name, _)| name == "comment").map(|(_, comment)| comment);
    match comment {
        Some(comment) => {
            let first = comment.split_whitespace().next().unwrap_or_default().to_owned();
            if first.starts_with("bulkhead:row/") {
                return first;
            }
            *comment = format!("{mark} {comment}");
        }
        None => attributes.push(("comment".to_owned(), mark.to_owned())),
    }
    mark.to_owned()
}

impl Reverts {
    /// Where the router has moved on since: values that are neither what the change wrote nor what they go back to, and
    /// places that nobody knows any more.
    pub fn moved_on(&self, plan: &Plan) -> Vec<FindingView> {
        let mut found = Vec::new();
        for (item, wrote) in &self.wrote {
            for operation in writes(plan, item) {
                let now = operation.before.iter();
                for (name, value) in now.filter(|(name, value)| wrote.iter().any(|(n, v)| n == name && v != value)) {
                    let message = format!("Somebody has set `{name}` to `{value}` since; going on undoes that, too.");
                    found.push(finding("moved_on", item, name, message, "Leave the item out where it is to stay."));
                }
            }
        }
        for item in self.placeless.iter().filter(|item| writes(plan, item).any(|operation| operation.verb == Verb::Add))
        {
            let message = "The row comes to the end of its menu: where it stood is not known any more.".to_owned();
            found.push(finding("place_unknown", item, "position", message, "Move it afterwards, or edit the item."));
        }
        found
    }
}

/// The writes of a plan for an item.
fn writes<'a>(plan: &'a Plan, item: &'a str) -> impl Iterator<Item = &'a Operation> {
    plan.operations.iter().filter(move |operation| operation.item == item)
}

fn finding(code: &str, item: &str, field: &str, message: String, hint: &str) -> FindingView {
    FindingView {
        code: code.to_owned(),
        item: Some(item.to_owned()),
        field: Some(field.to_owned()),
        message,
        hint: hint.to_owned(),
        trace: None,
    }
}

#[cfg(test)]
mod tests;
