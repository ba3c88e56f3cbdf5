//! Stage 1: does this router's version have the menu, the command and the attributes, and are the values of their kind?

use std::collections::BTreeSet;

use shared::change_set::{Item, Resource, RowChange, RowOperation};

use super::{
    Finding,
    context::Context,
    finding::{
        ATTRIBUTE_TWICE, ITEM_TWICE, KEY_MISSING, MARK_IMPOSSIBLE, MISSING_ATTRIBUTE, PORT_WITHOUT_PROTOCOL,
        POSITION_UNORDERED, SINGLE_MENU, UNKNOWN_ATTRIBUTE, UNKNOWN_COMMAND, UNKNOWN_MENU, VALUE_INVALID,
        VALUE_OUT_OF_RANGE, WORD_UNKNOWN,
    },
    menu::{is_firewall, known},
    value::{Wrong, canonical},
};

/// Arguments of commands that are no attributes of rows.
const NO_ATTRIBUTES: [&str; 5] = ["copy-from", "numbers", "place-before", "destination", ".id"];

/// Whether a command's argument says something else than what a row is to be.
pub(super) fn is_no_attribute(name: &str) -> bool {
    NO_ATTRIBUTES.contains(&name)
}

/// What the stage finds.
pub(super) fn stage(items: &[Item], context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ids = BTreeSet::new();
    for item in items {
        if !ids.insert(item.id.as_str()) {
            let finding = Finding::new(
                &ITEM_TWICE,
                format!("Two items have the id `{}`.", item.id),
                "Give each item an id of its own.",
            );
            findings.push(finding.of(&item.id).at("id"));
        }
        if let Resource::Row(row) = &item.resource {
            findings.extend(one(row, context).into_iter().map(|finding| finding.of(&item.id)));
        }
    }
    findings
}

fn one(row: &RowChange, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !has_menu(row, context) {
        // Where another version has it, the platform stage says so.
        if !context.others.iter().any(|schema| schema.commands().any(|(path, _)| is_in(path, &row.menu))) {
            let message = format!("RouterOS has no menu `{}`.", row.menu);
            findings
                .push(Finding::new(&UNKNOWN_MENU, message, "Check the path, such as /ip/firewall/filter.").at("menu"));
        }
        return findings;
    }
    let single = context.is_single(&row.menu);
    if single && row.operation != RowOperation::Update {
        let message = format!("`{}` is one set of values.", row.menu);
        return vec![Finding::new(&SINGLE_MENU, message, "Use the operation `update` without a key.").at("operation")];
    }
    if !single && row.key.is_empty() {
        let hint = "Give a comment, a name, or whatever fits one row only.";
        findings.push(Finding::new(&KEY_MISSING, "Nothing says which row is meant.", hint).at("key"));
    }
    let verb = match row.operation {
        RowOperation::Create => "add",
        RowOperation::Update => "set",
        RowOperation::Delete => "remove",
    };
    let command = format!("{}/{verb}", row.menu);
    if context.schema.command(&command).is_none() {
        if !context.others.iter().any(|schema| schema.command(&command).is_some()) {
            let message = format!("`{}` has no command `{verb}`: RouterOS keeps its rows itself.", row.menu);
            findings.push(Finding::new(&UNKNOWN_COMMAND, message, "Change what the rows come from.").at("operation"));
        }
        return findings;
    }
    if row.position.is_some() && !context.is_ordered(&row.menu) {
        let message = format!("The rows of `{}` have no order.", row.menu);
        findings.push(Finding::new(&POSITION_UNORDERED, message, "Leave the position out.").at("position"));
    }
    findings.extend(names(row, &command, context));
    findings.extend(values(row, context));
    if row.operation == RowOperation::Create {
        findings.extend(wanting(row));
    }
    findings.extend(ports(row));
    findings
}

fn is_in(path: &str, menu: &str) -> bool {
    path.strip_prefix(menu).is_some_and(|rest| rest.starts_with('/') && !rest[1..].contains('/'))
}

fn has_menu(row: &RowChange, context: &Context<'_>) -> bool {
    context.schema.commands().any(|(path, _)| is_in(path, &row.menu))
}

/// Whether each attribute is one, and given once.
fn names(row: &RowChange, command: &str, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let creates = row.operation == RowOperation::Create;
    let written = row.attributes.iter().map(|(name, _)| name).chain(&row.unset);
    // A key of a new row is written too; of another row it may be anything that can be read.
    let keys = row.key.iter().map(|(name, _)| name).filter(|_| creates);
    for name in written.chain(keys) {
        let twice = !seen.insert(name.as_str());
        let agrees = |(other, value): &&(String, String)| {
            // The user's comment stands behind the mark that is the key.
            let same =
                |written: &str| written == value || name == "comment" && written.starts_with(&format!("{value} "));
            other == name && row.attributes.iter().any(|a| a.0 == *name && same(&a.1))
        };
        if twice && !row.key.iter().any(|pair| creates && agrees(&pair)) {
            let message = format!("`{name}` is given twice, or both set and unset.");
            findings.push(Finding::new(&ATTRIBUTE_TWICE, message, "Keep one of the two.").at(name));
        }
        if context.schema.has(command, name) && !NO_ATTRIBUTES.contains(&name.as_str()) {
            continue;
        }
        if creates && name == "comment" {
            let message = format!("Rows of `{}` carry no comment that would mark them as Bulkhead's.", row.menu);
            let hint = "Use another key, such as the name, in this menu.";
            findings.push(Finding::new(&MARK_IMPOSSIBLE, message, hint).at("key"));
        } else if !context.others.iter().any(|schema| schema.has(command, name))
            || NO_ATTRIBUTES.contains(&name.as_str())
        {
            let message = format!("`{}` has no attribute `{name}`.", row.menu);
            findings.push(Finding::new(&UNKNOWN_ATTRIBUTE, message, near(name, command, context)).at(name));
        }
    }
    findings
}

/// The attribute that was likely meant.
fn near(name: &str, command: &str, context: &Context<'_>) -> String {
    let like = |other: &&String| {
        let same = name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let back = name.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
        same + back + 1 >= name.len().max(other.len()) || (other.contains(name) && name.len() > 3)
    };
    let arguments = context.schema.command(command);
    match arguments.and_then(|arguments| arguments.keys().find(like)) {
        Some(other) => format!("Did you mean `{other}`?"),
        None => "Leave it out; the reference of RouterOS lists what the menu has.".to_owned(),
    }
}

fn values(row: &RowChange, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in &row.attributes {
        let Err(wrong) = canonical(context.attribute(&row.menu, name), value) else { continue };
        findings.push(
            match wrong {
                Wrong::Kind(wanted) => Finding::new(
                    &VALUE_INVALID,
                    format!("`{value}` is no value of `{name}`."),
                    format!("It takes {wanted}."),
                ),
                Wrong::Range(bounds) => Finding::new(
                    &VALUE_OUT_OF_RANGE,
                    format!("`{value}` is outside of what `{name}` takes."),
                    format!("It takes {bounds}."),
                ),
                Wrong::Word(words) => Finding::new(
                    &WORD_UNKNOWN,
                    format!("`{value}` is no word of `{name}`."),
                    format!("It takes {}.", words.join(", ")),
                ),
            }
            .at(name),
        );
    }
    findings
}

fn wanting(row: &RowChange) -> Vec<Finding> {
    let given =
        |wanted: &str| row.attributes.iter().chain(&row.key).any(|(name, value)| name == wanted && !value.is_empty());
    let missing = known(&row.menu).needs.iter().filter(|name| !given(name));
    missing
        .map(|name| {
            let message = format!("A row of `{}` cannot be made without `{name}`.", row.menu);
            Finding::new(&MISSING_ATTRIBUTE, message, "Give it a value.").at(name)
        })
        .collect()
}

/// `dst-port` is only taken beside a protocol that has ports. Of a row that is altered the protocol may be there.
fn ports(row: &RowChange) -> Option<Finding> {
    const WITH_PORTS: [&str; 8] = ["tcp", "udp", "sctp", "dccp", "udp-lite", "6", "17", "132"];
    if !is_firewall(&row.menu) || row.operation == RowOperation::Delete {
        return None;
    }
    let value = |wanted: &str| row.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let port = ["dst-port", "src-port", "port"].into_iter().find(|name| value(name).is_some_and(|v| !v.is_empty()))?;
    let protocol = value("protocol");
    let open = protocol.is_none() && row.operation == RowOperation::Update;
    if open || protocol.is_some_and(|protocol| WITH_PORTS.contains(&protocol)) {
        return None;
    }
    let message = format!("`{port}` matches nothing without a protocol that has ports.");
    Some(Finding::new(&PORT_WITHOUT_PROTOCOL, message, "Add protocol=tcp or protocol=udp.").at(port))
}
