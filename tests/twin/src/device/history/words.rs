//! How the history says an action: `filter rule added`, and the commands that undo it and do it again.
//!
//! Two were seen (manual, "Configuration Management": `filter rule added`; "Console": `route 0.0.0.0/0 added`), with
//! `redo=/ip firewall filter add …` and `undo=/ip firewall filter remove *4`. The other nouns and verbs are guesses.

use super::{super::spec::Spec, Request, Row, Step};

/// Arguments that are the API's, not the command's.
const NOT_SAID: [&str; 2] = [".proplist", ".id"];

/// What a row of a menu is called.
const NOUNS: [(&str, &str); 8] = [
    ("/firewall/filter", "filter rule"),
    ("/firewall/nat", "nat rule"),
    ("/firewall/mangle", "mangle rule"),
    ("/firewall/raw", "raw rule"),
    ("/firewall/address-list", "address list entry"),
    ("/routing/rule", "routing rule"),
    ("/bridge/port", "bridge port"),
    ("/bridge/vlan", "bridge vlan"),
];

/// The text of an action.
pub(super) fn action(menu: &str, verb: &str, row: Option<&Row>) -> String {
    let done = match verb {
        "add" => "added",
        "remove" => "removed",
        "move" => "moved",
        _ => "changed",
    };
    let last = menu.rsplit('/').next().unwrap_or_default().replace('-', " ");
    let noun = NOUNS.iter().find(|(end, _)| menu.ends_with(end)).map_or(last.as_str(), |(_, noun)| noun);
    let name = row.map_or("", |row| match menu {
        "/ip/route" | "/ipv6/route" => row.text("dst-address"),
        _ => row.name(),
    });
    let name = if name.is_empty() { String::new() } else { format!("{name} ") };
    format!("{noun} {name}{done}")
}

/// The command again.
pub(super) fn redo(spec: Option<&Spec>, request: &Request) -> String {
    let mut text = console(&request.menu, &request.verb);
    text.extend(request.rows().map(|rows| format!(" {rows}")));
    let said = |name: &str| !NOT_SAID.contains(&name) && name != "numbers";
    for (name, value) in request.arguments.iter().filter(|(name, _)| said(name)) {
        text.push_str(&pair(spec, name, value));
    }
    text
}

/// The rows as they were before a command.
pub(super) fn former(undo: &[Step]) -> Vec<(String, Option<Row>)> {
    undo.iter()
        .filter_map(|step| match step {
            Step::Row(_, note) => Some((note.id.to_string(), note.before.clone())),
            Step::Single(..) => None,
        })
        .collect()
}

/// The command that takes it back.
pub(super) fn undo(spec: Option<&Spec>, request: &Request, former: &[(String, Option<Row>)]) -> String {
    let own = request.rows().unwrap_or_default();
    let subject = former.iter().find(|(id, _)| own.split(',').any(|part| part == id)).or_else(|| former.first());
    let Some((id, before)) = subject else { return console(&request.menu, "set") };
    let Some(row) = before else { return format!("{} {id}", console(&request.menu, "remove")) };
    let mut text = match request.verb.as_str() {
        "remove" => console(&request.menu, "add"),
        "move" => format!("{} {id}", console(&request.menu, "move")),
        _ => format!("{} {id}", console(&request.menu, "set")),
    };
    let changed = |name: &str| match request.verb.as_str() {
        "remove" => true,
        "set" => request.get(name).is_some(),
        "enable" | "disable" => name == "disabled",
        verb => name == verb,
    };
    for (name, value) in row.attributes.iter().filter(|(name, _)| changed(name)) {
        text.push_str(&pair(spec, name, value));
    }
    text
}

fn pair(spec: Option<&Spec>, name: &str, value: &str) -> String {
    if spec.is_some_and(|spec| spec.secret.contains(&name) || spec.hidden.contains(&name)) {
        return String::new();
    }
    if value.is_empty() || value.contains([' ', '"', ';', '\n']) {
        format!(" {name}={value:?}")
    } else {
        format!(" {name}={value}")
    }
}

/// `/ip/firewall/filter` and `add` as the console writes them: `/ip firewall filter add`.
fn console(menu: &str, verb: &str) -> String {
    format!("/{} {verb}", menu.trim_start_matches('/').replace('/', " "))
}
