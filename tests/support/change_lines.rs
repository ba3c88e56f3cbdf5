//! Items of change sets, and rows of routers, as lines of text.
//!
//! Needs `shared` alone, so that the controller's own tests take this file in too.

#![allow(clippy::expect_used, clippy::panic, reason = "a line that is none is a mistake in a test")]

use shared::{
    change_set::{Attribute, Item, Position, Resource, RowChange, RowOperation},
    ids::VifId,
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, VifName, VifSpec},
};

/// Items of lines such as `update /ip/address interface=bridge : address=10.0.0.1/24 @ first & 1,2`. What follows `@`
/// is the position, what follows `&` are the items that come first. They are numbered from 1, unless a line begins with
/// `#id`.
///
/// # Panics
/// At a line that is none, naming it.
pub fn items(lines: &str) -> Vec<Item> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.enumerate().map(|(at, line)| item(at + 1, line)).collect()
}

fn item(number: usize, line: &str) -> Item {
    let mut words = words(line);
    let id = match words.first() {
        Some(word) if word.starts_with('#') => words.remove(0)[1..].to_owned(),
        _ => number.to_string(),
    };
    let (words, after) = split(words, "&");
    let (words, place) = split(words, "@");
    let depends_on = after.iter().flat_map(|word| word.split(',')).map(str::to_owned).collect();
    assert!(words.len() >= 2, "no item: {line}");
    let resource = match words[0].as_str() {
        "vif-remove" => Resource::VifRemove(VifId::new(words[1].as_str()).expect("an id")),
        "vif-create" => Resource::VifCreate(vif(&words[1], &words[2])),
        _ => Resource::Row(row(line, words, &place)),
    };
    Item { id, name: String::new(), depends_on, resource }
}

fn row(line: &str, mut words: Vec<String>, place: &[String]) -> RowChange {
    let operation = match words.remove(0).as_str() {
        "create" => RowOperation::Create,
        "update" => RowOperation::Update,
        "delete" => RowOperation::Delete,
        _ => panic!("no operation: {line}"),
    };
    let menu = words.remove(0);
    let (key, values) = split(words, ":");
    let (gone, values): (Vec<String>, Vec<String>) = values.into_iter().partition(|word| word.starts_with('-'));
    let position = place.first().map(|word| match word.as_str() {
        "first" => Position::First,
        "last" => Position::Last,
        "before" => Position::Before(pairs(&place[1..])),
        "after" => Position::After(pairs(&place[1..])),
        _ => panic!("no position: {line}"),
    });
    RowChange {
        menu,
        operation,
        key: pairs(&key),
        attributes: pairs(&values),
        unset: gone.iter().map(|word| word[1..].to_owned()).collect(),
        position,
        drift: shared::drift::Policy::Report,
    }
}

fn vif(name: &str, egress: &str) -> VifSpec {
    VifSpec {
        id: VifId::new(name).expect("an id"),
        name: VifName::new(name).expect("a name"),
        egress: Egress::Interface(InterfaceName::new(egress).expect("an interface")),
        kill_switch: KillSwitchMode::Block,
        resolver: None,
        ports: Vec::new(),
    }
}

fn split(mut words: Vec<String>, at: &str) -> (Vec<String>, Vec<String>) {
    let Some(place) = words.iter().position(|word| word == at) else { return (words, Vec::new()) };
    let rest = words.split_off(place + 1);
    words.pop();
    (words, rest)
}

/// `name=value` words.
///
/// # Panics
/// At a word that is none.
pub fn pairs(words: &[String]) -> Vec<Attribute> {
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("`{word}` is no name=value"));
        (name.to_owned(), value.to_owned())
    };
    words.iter().map(pair).collect()
}

/// The words of a line; blanks between double quotes do not part them.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
