//! What people and files ask for, as JSON and TOML say it, and the items that it comes to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::{
    change_set::{Attribute, Confirm, Item, Keep, Position, Resource, RowChange, RowOperation},
    drift::Policy,
    routeros::secret::{HIDDEN, is_secret},
};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Items of one change set at most: the order has to fit into one envelope.
const ITEMS: usize = 1_000;

/// Bytes of all names and values together at most, for the same reason; the menus' own words go along with them.
const BYTES: usize = 160 * 1024;

/// One row that is to be made, altered or removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedItem {
    /// Its place in the change set: letters, digits, `-`, `_` and `.`; unique there. Part of the mark of a row that is made.
    pub id: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The RouterOS menu: `/ip/firewall/filter`.
    pub resource: String,
    /// `create`, `update` or `delete`.
    pub operation: String,
    /// Properties that find the row, all of which have to fit; none for `create` and for a menu that is a single row.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub key: Map<String, Value>,
    /// What it is to be; null takes a property's value away.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
    /// Where in an ordered menu: `first`, `last`, `{"before": {…}}` or `{"after": {…}}` with the key of another row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub position: Option<Value>,
    /// What is done when somebody else alters the row afterwards: `report` or `reconcile`. Without it what the change set
    /// says, and else `report`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<String>,
    /// Ids of items that come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// How a change set is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedConfirm {
    /// Seconds after the last write until it is undone unless it is kept, 15 to 3600.
    #[serde(default = "usual_deadline")]
    pub deadline_s: u32,
    /// `auto`: the controller keeps it once router and broker have let the agent in anew; `person`: somebody has to.
    #[serde(default = "auto")]
    pub keep: String,
}

fn usual_deadline() -> u32 {
    Confirm::USUAL.deadline_s
}

fn auto() -> String {
    "auto".to_owned()
}

/// What does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The field: `items[2].key`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Misfit {
    fn new(field: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), hint: hint.into() }
    }
}

/// How a change set is to be kept.
///
/// # Errors
/// [`Misfit`]
pub fn confirm(asked: &AskedConfirm) -> Result<Confirm, Misfit> {
    if !Confirm::DEADLINES.contains(&asked.deadline_s) {
        let message = format!("{} s is no deadline.", asked.deadline_s);
        return Err(Misfit::new("confirm.deadline_s", message, "Give 15 to 3600 seconds."));
    }
    let keep = match asked.keep.as_str() {
        "auto" => Keep::Controller,
        "person" => Keep::Person,
        _ => return Err(Misfit::new("confirm.keep", "It is kept by `auto` or `person`.", "Give one of the two.")),
    };
    Ok(Confirm { deadline_s: asked.deadline_s, keep })
}

/// Whether what is asked for is all that there is to be of its owner's rows.
///
/// # Errors
/// [`Misfit`]
pub fn exactly(ensure: Option<&str>) -> Result<bool, Misfit> {
    match ensure {
        None | Some("present") => Ok(false),
        Some("exactly") => Ok(true),
        Some(_) => {
            Err(Misfit::new("ensure", "Rows are to be `present` or `exactly` as asked.", "Give one of the two."))
        }
    }
}

/// The same items, with what their change set says of drift where they say nothing themselves.
pub fn with_drift(mut items: Vec<AskedItem>, drift: Option<&String>) -> Vec<AskedItem> {
    for item in items.iter_mut().filter(|item| item.drift.is_none()) {
        item.drift = drift.cloned();
    }
    items
}

/// The same items, with the secrets that are known already where what stands for one was left as it is shown.
pub fn with_secrets(mut items: Vec<AskedItem>, known: &[Item]) -> Vec<AskedItem> {
    for item in &mut items {
        let row = known.iter().find(|known| known.id == item.id).and_then(|known| match &known.resource {
            Resource::Row(row) if row.menu == item.resource.trim_end_matches('/') => Some(row),
            Resource::Row(_) | Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
        });
        for (name, value) in item.attributes.iter_mut().filter(|(name, value)| is_secret(name) && *value == HIDDEN) {
            if let Some((_, secret)) = row.and_then(|row| row.attributes.iter().find(|(known, _)| known == name)) {
                *value = json!(secret);
            }
        }
    }
    items
}

fn policy(asked: Option<&str>, field: &str) -> Result<Policy, Misfit> {
    match asked {
        None | Some("report") => Ok(Policy::Report),
        Some("reconcile") => Ok(Policy::Reconcile),
        Some(_) => {
            Err(Misfit::new(field, "What somebody else alters is told or put back.", "Give `report` or `reconcile`."))
        }
    }
}

/// The items of a change set. `owner` is part of the marks of rows that are made: the same for each time that the same
/// thing is asked for, so that it is found again.
///
/// # Errors
/// [`Misfit`]: the first that does not fit.
pub fn items(asked: &[AskedItem], owner: &str) -> Result<Vec<Item>, Misfit> {
    if asked.is_empty() || asked.len() > ITEMS {
        let message = format!("A change set has 1 to {ITEMS} items.");
        return Err(Misfit::new("items", message, "Make several change sets of many items."));
    }
    let bytes: usize = asked.iter().map(weight).sum();
    if bytes > BYTES {
        let message = format!("The items take {bytes} bytes; {BYTES} fit into one change set.");
        return Err(Misfit::new("items", message, "Make several change sets of fewer items."));
    }
    let mut ids = BTreeSet::new();
    asked
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let field = |name: &str| format!("items[{index}].{name}");
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if item.id.is_empty() || item.id.len() > 40 || !item.id.chars().all(word) {
                let hint = "Use 1 to 40 letters, digits, `-`, `_` and `.`.";
                return Err(Misfit::new(field("id"), format!("`{}` is no id of an item.", shown(&item.id)), hint));
            }
            if !ids.insert(item.id.as_str()) {
                let message = format!("Two items have the id `{}`.", item.id);
                return Err(Misfit::new(field("id"), message, "Give each item an id of its own."));
            }
            Ok(Item {
                id: item.id.clone(),
                name: item.name.clone(),
                depends_on: item.depends_on.clone(),
                resource: Resource::Row(row(item, owner, &field)?),
            })
        })
        .collect()
}

/// What an item takes in an order, nearly.
fn weight(item: &AskedItem) -> usize {
    let map = |map: &Map<String, Value>| -> usize {
        map.iter().map(|(name, value)| name.len() + value.as_str().map_or(8, str::len) + 2).sum()
    };
    let own =
        item.id.len() + item.name.len() + item.resource.len() + item.depends_on.iter().map(String::len).sum::<usize>();
    own + map(&item.key)
        + map(&item.attributes)
        + item.position.as_ref().map_or(0, |position| position.to_string().len())
}

fn row(item: &AskedItem, owner: &str, field: &dyn Fn(&str) -> String) -> Result<RowChange, Misfit> {
    if !item.resource.starts_with('/') {
        let message = format!("`{}` is no menu.", shown(&item.resource));
        return Err(Misfit::new(
            field("resource"),
            message,
            "Write the menu as /ip/firewall/filter; VIFs have requests of their own.",
        ));
    }
    let operation = match item.operation.as_str() {
        "create" => RowOperation::Create,
        "update" => RowOperation::Update,
        "delete" => RowOperation::Delete,
        _ => {
            let message = format!("`{}` is no operation.", shown(&item.operation));
            return Err(Misfit::new(field("operation"), message, "Give `create`, `update` or `delete`."));
        }
    };
    let mut key = attributes(&item.key, &field("key"))?;
    if operation == RowOperation::Create {
        if !key.is_empty() {
            let hint = "Leave the key out: a row that Bulkhead makes is found by its mark.";
            return Err(Misfit::new(field("key"), "A row that is made has no key.", hint));
        }
        key = vec![("comment".to_owned(), mark(owner, &item.id))];
    }
    let empty = |value: &Value| value.is_null();
    let unset = item.attributes.iter().filter(|(_, value)| empty(value)).map(|(name, _)| name.clone()).collect();
    let set: Map<String, Value> = item
        .attributes
        .iter()
        .filter(|(_, value)| !empty(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut written = attributes(&set, &field("attributes"))?;
    // The user's own comment stays, behind the mark.
    let comment = written.iter_mut().find(|(name, _)| operation == RowOperation::Create && name == "comment");
    if let Some((_, comment)) = comment {
        *comment = format!("{} {comment}", mark(owner, &item.id));
    }
    Ok(RowChange {
        menu: item.resource.trim_end_matches('/').to_owned(),
        operation,
        key,
        attributes: written,
        unset,
        position: item.position.as_ref().map(|asked| position(asked, &field("position"))).transpose()?,
        drift: policy(item.drift.as_deref(), &field("drift"))?,
    })
}

/// The mark of a row that Bulkhead makes for an owner.
pub fn mark(owner: &str, item: &str) -> String {
    format!("bulkhead:row/{owner}/{item}")
}

/// A name as part of a mark: lower case, with `-` for all that is no letter or digit.
pub fn owner(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = name.chars().map(plain).take(40).collect();
    let parts: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("-") }
}

fn position(asked: &Value, field: &str) -> Result<Position, Misfit> {
    let hint = "Give `first`, `last`, {\"before\": {…}} or {\"after\": {…}} with the key of another row.";
    let wrong = || Misfit::new(field, "That is no position.", hint);
    match asked {
        Value::String(word) if word == "first" => Ok(Position::First),
        Value::String(word) if word == "last" => Ok(Position::Last),
        Value::Object(map) if map.len() == 1 => {
            let key =
                |name: &str| map.get(name).and_then(Value::as_object).map(|key| attributes(key, field)).transpose();
            match (key("before")?, key("after")?) {
                (Some(key), _) if !key.is_empty() => Ok(Position::Before(key)),
                (_, Some(key)) if !key.is_empty() => Ok(Position::After(key)),
                _ => Err(wrong()),
            }
        }
        Value::String(_) | Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(wrong())
        }
    }
}

/// Properties as RouterOS takes them: numbers and booleans are words there.
fn attributes(asked: &Map<String, Value>, field: &str) -> Result<Vec<Attribute>, Misfit> {
    asked
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    let message = format!("`{}` is no text, number or boolean.", shown(name));
                    return Err(Misfit::new(format!("{field}.{name}"), message, "Write the value as RouterOS does."));
                }
            };
            if is_secret(name) && text == HIDDEN {
                let message = format!("`{HIDDEN}` is what is shown where a secret is; the secret is not known here.");
                return Err(Misfit::new(format!("{field}.{name}"), message, "Write the secret itself."));
            }
            Ok((name.clone(), text))
        })
        .collect()
}

/// A row's change in the form in which it is asked for.
pub fn position_view(position: &Position) -> Value {
    let object =
        |key: &[Attribute]| Value::Object(key.iter().map(|(name, value)| (name.clone(), json!(value))).collect());
    match position {
        Position::First => json!("first"),
        Position::Last => json!("last"),
        Position::Before(key) => json!({"before": object(key)}),
        Position::After(key) => json!({"after": object(key)}),
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests;
