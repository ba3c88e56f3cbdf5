//! A change set as people write it: TOML with the members that REST has.

use super::{
    asked::{AskedItem, Misfit},
    exactly::GONE,
};
use crate::view::{ChangeSetView, ItemView};
use serde_json::{Map, Value, json};
use shared::change_set::{Confirm, Keep};
use std::fmt::Write as _;

/// Items as text, below what stands at the head of it.
pub fn text<'a>(head: impl IntoIterator<Item = (&'a str, Value)>, items: &[AskedItem]) -> String {
    let mut text = String::new();
    for (name, value) in head {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{name} = {}", toml(&value));
    }
    for item in items {
        text.push_str(&table(item));
    }
    text
}

/// The items that a person asked for, without those that follow from `ensure = "exactly"`.
pub fn items(change: &ChangeSetView) -> impl Iterator<Item = &ItemView> {
    change.items.iter().filter(|item| !item.id.starts_with(GONE))
}

/// A change set as text; nothing of one that is about VIFs, which have requests of their own.
pub fn of(change: &ChangeSetView) -> Option<String> {
    let items = items(change).map(asked).collect::<Option<Vec<AskedItem>>>()?;
    let mut head = vec![("name", json!(change.name))];
    if change.ensure != "present" {
        head.push(("ensure", json!(change.ensure)));
    }
    let keep = if change.confirm.keep == Keep::Person { "person" } else { "auto" };
    if (change.confirm.deadline_s, keep) != (Confirm::USUAL.deadline_s, "auto") {
        head.push(("confirm", json!({"deadline_s": change.confirm.deadline_s, "keep": keep})));
    }
    Some(text(head, &items))
}

/// What a text asks for, with the members of a request.
///
/// # Errors
/// [`Misfit`] where it is no TOML.
pub fn read(text: &str) -> Result<Map<String, Value>, Misfit> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        Misfit {
            field: "text".to_owned(),
            message: format!("Line {line} is no TOML: {}.", error.message().trim_end_matches('.')),
            hint: "Texts stand in quotes, each item begins with [[items]].".to_owned(),
        }
    })
}

/// The line, from 1, that a field (`items[2].key`, `name`) is on, or that its item begins on.
pub fn line_of(text: &str, field: &str) -> Option<usize> {
    let Some((index, rest)) = field.strip_prefix("items[").and_then(|rest| rest.split_once(']')) else {
        return line_within(text, 0, field);
    };
    let begins = |(_, line): &(usize, &str)| line.split('#').next().unwrap_or_default().trim() == "[[items]]";
    let begin = text.lines().enumerate().filter(begins).nth(index.parse().ok()?)?.0;
    let name = rest.trim_start_matches('.').split('.').next().unwrap_or_default();
    line_within(text, begin + 1, name).or(Some(begin + 1))
}

/// The line of a name between a line and the next item: one that begins with it, or has it among the properties.
fn line_within(text: &str, from: usize, name: &str) -> Option<usize> {
    let own = || text.lines().enumerate().skip(from).take_while(|(_, line)| !line.trim_start().starts_with("[["));
    let begins = |line: &str| line.split(['=', '.']).next().is_some_and(|known| known.trim() == name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let has = |line: &str| {
        let names = line.split('=').map(|part| part.trim_end().rsplit(|c| !is_name(c)).next().unwrap_or_default());
        names.into_iter().any(|known| known == name)
    };
    let found = own().find(|(_, line)| begins(line)).or_else(|| own().find(|(_, line)| has(line)));
    found.filter(|_| !name.is_empty()).map(|(at, _)| at + 1)
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// An item as it was asked for: without the mark that Bulkhead put to it.
fn asked(item: &ItemView) -> Option<AskedItem> {
    let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut attributes = map(&item.attributes);
    let made = item.operation == "create";
    if let Some(Value::String(comment)) = attributes.get_mut("comment").filter(|_| made) {
        *comment = comment.split_once(' ').map(|(_, own)| own.to_owned()).unwrap_or_default();
    }
    (item.resource != "vif").then(|| AskedItem {
        id: item.id.clone(),
        name: item.name.clone(),
        resource: item.resource.clone(),
        operation: item.operation.clone(),
        key: item.key.as_ref().filter(|_| !made).map(map).unwrap_or_default(),
        attributes,
        position: item.position.clone(),
        drift: item.drift.clone().filter(|policy| policy != "report"),
        depends_on: item.depends_on.clone(),
    })
}

fn table(item: &AskedItem) -> String {
    let mut text = format!("\n[[items]]\nid = {}\n", quoted(&item.id));
    let mut line = |name: &str, value: &Value| {
        let _ = writeln!(text, "{name} = {}", toml(value));
    };
    if !item.name.is_empty() {
        line("name", &json!(item.name));
    }
    line("resource", &json!(item.resource));
    line("operation", &json!(item.operation));
    for (name, map) in [("key", &item.key), ("attributes", &item.attributes)] {
        if !map.is_empty() {
            line(name, &json!(map));
        }
    }
    if let Some(position) = &item.position {
        line("position", position);
    }
    if let Some(drift) = &item.drift {
        line("drift", &json!(drift));
    }
    if !item.depends_on.is_empty() {
        line("depends_on", &json!(item.depends_on));
    }
    text
}

/// A value as TOML has it. It knows no null: a property that is to have no value is written as an empty text, as
/// the agent does in menus without `unset`.
fn toml(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::String(text) => quoted(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(all) => format!("[{}]", all.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::NewChangeSet;

    const TEXT: &str = "# house rules\nname = \"house\"\n\n[[items]] # the first\nid = \"a\"\nresource = \"/ip/dns\"\noperation = \"update\"\nattributes.servers = \"9.9.9.9\"\n\n[[items]]\nid = \"b\"\nresource = \"/ip/pool\"\noperation = \"delete\"\nkey = { name = \"p\" }\n";

    #[test]
    fn a_field_is_found_on_its_line() {
        for (field, line) in [
            ("name", Some(2)),
            ("items[0].id", Some(5)),
            ("items[0].attributes.servers", Some(8)),
            ("items[0].servers", Some(8)),
            ("items[1].p", Some(10)),
            ("items[1].key", Some(14)),
            ("items[1].position", Some(10)),
            ("items[1]", Some(10)),
            ("items[2].key", None),
            ("ensure", None),
        ] {
            assert_eq!(line_of(TEXT, field), line, "{field}");
        }
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let misfit = read("name = \"x\"\nitems = [\n").expect_err("no TOML");
        assert!(misfit.message.starts_with("Line "), "{}", misfit.message);
        assert_eq!(read("name = \"x\"\n\nname = 1\n").expect_err("twice").message.split(' ').nth(1), Some("3"));
    }

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let items = json!([
            {"id": "a", "name": "n", "resource": "/ip/firewall/filter", "operation": "create",
             "attributes": {"chain": "input", "comment": "a \"b\" \\ ü\nnext 'c'", "log": true, "dst-port": 22},
             "position": {"before": {"comment": "x"}}, "drift": "reconcile", "depends_on": ["b"]},
            {"id": "b", "resource": "/ip/pool", "operation": "delete", "key": {"name": "p"}}
        ]);
        let items: Vec<AskedItem> = serde_json::from_value(items).expect("items");
        let text = text([("name", json!("n")), ("confirm", json!({"deadline_s": 60, "keep": "person"}))], &items);
        let read: NewChangeSet = serde_json::from_value(read(&text).expect("TOML").into()).expect("a change set");
        assert_eq!(read.items, items);
        assert_eq!(read.confirm.map(|confirm| (confirm.deadline_s, confirm.keep)), Some((60, "person".to_owned())));
    }
}
