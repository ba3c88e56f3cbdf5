//! Ring 3: the undo of a change as a script that the router keeps and runs by itself.
//!
//! It is for the one case that the agent cannot mend: a change that cuts it off while it lives. It is stored before the
//! first write, so it does not know how far the change came: each line undoes one write and does nothing where that was
//! not made. A line that fails lets the next one run. What a script may not say at all would make it useless as a whole,
//! so it holds nothing but menus, commands and properties that the change itself uses. Nor does it hold secrets, which
//! whoever may read could read in it: those the agent writes when it is back.

use super::{
    Change,
    row::{Content, End, Neighbour, RowPair},
};
use crate::flow::{object::Object, vif::objects::objects};
use shared::{change_set::Attribute, ids::ChangeSetId, routeros::secret::is_secret};
use std::fmt::Write as _;

/// What the names of our scripts start with.
pub const PREFIX: &str = "bulkhead-undo-";

/// The name of a change's script; `round` tells a script from the one that a longer deadline puts in its place.
pub fn name(id: &ChangeSetId, round: u32) -> String {
    format!("{PREFIX}{id}-{round}")
}

/// The script that undoes a change, and takes itself away at the end.
pub fn source(change: &Change, name: &str) -> String {
    let mut lines = vec![format!(":log warning {}", quoted(&format!("{name}: undoing a change that nobody kept")))];
    for pair in change.rows.iter().rev() {
        lines.extend(undo(pair, change));
    }
    let made = objects(&change.after);
    let before = objects(&change.before);
    for object in made.iter().rev().filter(|object| !before.contains(object)) {
        let was = before.iter().find(|was| was.menu == object.menu && was.mark == object.mark);
        lines.extend(undo_object(object, was));
    }
    let mut source = String::new();
    for line in lines {
        // Writing to a string cannot fail.
        let _ = write!(source, ":do {{ {line} }} on-error={{}}\r\n");
    }
    let name = quoted(name);
    source
        + &format!(":do {{ /system/scheduler/remove [find where name={name}] }} on-error={{}}\r\n")
        + &format!("/system/script/remove [find where name={name}]\r\n")
}

/// What waits for so many seconds: runs the script where it is still there. Its absence is how a change is closed.
pub fn watch(name: &str, seconds: u32) -> String {
    let name = quoted(name);
    format!(
        ":delay {seconds}s; :if ([:len [/system/script/find where name={name}]] > 0) do={{ /system/script/run {name} }}"
    )
}

/// An object that was made goes, one that was altered gets its values back. One that went does not come back from here:
/// what is missing of a VIF opens nothing, and the agent makes it again.
fn undo_object(object: &Object, was: Option<&Object>) -> Vec<String> {
    let (path, found) = (object.menu.path(), format!("[find where comment={}]", quoted(&object.mark)));
    let Some(was) = was else { return vec![format!("{path}/remove {found}")] };
    let has = |object: &Object, name: &str| object.arguments().any(|(own, _)| own == name);
    let values = was.arguments().filter(|(name, _)| *name != "comment");
    let values: Vec<Attribute> = values.map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
    let surplus = object.arguments().filter(|(name, _)| !has(was, name));
    std::iter::once(format!("{path}/set {found}{}", assignments(&values)))
        .chain(surplus.map(|(name, _)| format!("{path}/unset {found} value-name={name}")))
        .collect()
}

fn undo(pair: &RowPair, change: &Change) -> Vec<String> {
    let menu = &pair.menu;
    let words = change.menus.iter().find(|words| words.path == *menu);
    let single = words.is_some_and(|words| words.single);
    match (&pair.was, &pair.before) {
        (None, _) => {
            let comment = pair.after.value("comment").flatten();
            let mark = comment
                .map(str::to_owned)
                .or_else(|| pair.key.iter().find(|(name, _)| name == "comment").map(|(_, mark)| mark.clone()));
            mark.map(|mark| format!("{menu}/remove [find where comment={}]", quoted(&mark))).into_iter().collect()
        }
        (Some(was), End::Present { attributes, place }) if pair.after != End::Absent => {
            let row = if single { String::new() } else { format!(" {}", was.id) };
            let shown = || attributes.iter().filter(|(name, _)| !is_secret(name));
            let given = shown().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
            let set = assignments(&given.collect::<Vec<_>>());
            let mut lines: Vec<String> =
                (!set.is_empty()).then(|| format!("{menu}/set{row}{set}")).into_iter().collect();
            for (name, _) in shown().filter(|(_, value)| value.is_none()) {
                let has_unset = words.is_some_and(|words| words.unset);
                lines.push(if has_unset {
                    format!("{menu}/unset{row} value-name={name}")
                } else {
                    format!("{menu}/set{row} {name}=\"\"")
                });
            }
            if let Some(anchor) = place.as_ref().map(|place| anchor(place, change)) {
                let destination = anchor.map(|anchor| format!(" destination={anchor}")).unwrap_or_default();
                lines.push(format!("{menu}/move {}{destination}", was.id));
            }
            lines
        }
        (Some(was), End::Present { place, .. }) => {
            let before = place.as_ref().and_then(|place| anchor(place, change));
            let before = before.map(|anchor| format!(" place-before={anchor}")).unwrap_or_default();
            let all = assignments(&was.attributes);
            vec![format!(":if ([:len [{menu}/find where .id={}]] = 0) do={{ {menu}/add{all}{before} }}", was.id)]
        }
        (Some(_), End::Absent) => Vec::new(),
    }
}

/// The row below, by its id, or by what it holds where the change made it anew.
fn anchor(place: &[Neighbour], change: &Change) -> Option<String> {
    let pair = |item: &str| change.rows.iter().find(|pair| pair.item == item);
    match place.first()? {
        Neighbour::Row(Content { id, .. }) => Some(id.clone()),
        Neighbour::Item(item) => {
            let pair = pair(item)?;
            let was = pair.was.as_ref()?;
            if pair.after == End::Absent {
                let key: Vec<String> =
                    pair.key.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
                Some(format!("[find where {}]", key.join(" && ")))
            } else {
                Some(was.id.clone())
            }
        }
    }
}

fn assignments(attributes: &[Attribute]) -> String {
    attributes.iter().fold(String::new(), |text, (name, value)| text + &format!(" {name}={}", quoted(value)))
}

/// A value as a string of the script language: whatever is not plain is written as a byte (manual, "Scripting",
/// constant escape sequences).
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' | b'$' | b'?' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            other => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\{other:02X}");
            }
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::object::{Menu, Switch};
    use std::sync::Arc;

    #[test]
    fn what_the_script_language_would_read_is_escaped() {
        for (value, expected) in [
            ("plain", "\"plain\""),
            ("a \"b\" \\ $c?", r#""a \"b\" \\ \$c\?""#),
            ("größer\n", r#""gr\C3\B6\C3\9Fer\0A""#),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }

    #[test]
    fn an_object_that_was_altered_gets_its_values_back_and_one_that_was_made_goes() {
        let object = |template| Object {
            menu: Menu::Filter,
            mark: "bulkhead:vif/v/accept-out".to_owned(),
            template,
            names: Arc::default(),
            switch: Switch::On,
        };
        let block = object("action=accept src-address-list=bh-open");
        let off = object("action=accept src-address-list=");
        let found = "/ip/firewall/filter/VERB [find where comment=\"bulkhead:vif/v/accept-out\"]";
        let line = |verb: &str, rest: &str| found.replace("VERB", verb) + rest;
        assert_eq!(undo_object(&block, None), [line("remove", "")]);
        let set = line("set", " action=\"accept\" src-address-list=\"bh-open\"");
        assert_eq!(undo_object(&off, Some(&block)), [set]);
        let unset = line("unset", " value-name=src-address-list");
        assert_eq!(undo_object(&block, Some(&off)), [line("set", " action=\"accept\""), unset]);
    }

    #[test]
    fn the_watch_does_nothing_once_the_script_is_gone() {
        let text = watch("bulkhead-undo-c1-0", 150);
        assert!(
            text.starts_with(":delay 150s; :if ([:len [/system/script/find where name=\"bulkhead-undo-c1-0\"]] > 0)")
        );
    }
}
