//! The router of the cases, and the schemas of all versions that there are.

use std::{collections::BTreeMap, sync::LazyLock};

use shared::routeros::schema::{Arguments, Bounds, Kind, Schema, Version};

use super::{
    super::model::{Model, Row},
    change_lines,
};

const COMMANDS: &str = include_str!("../../../../../../shared/schema/commands.txt");
const VALUES: &str = include_str!("../../../../../../shared/schema/values.txt");

/// The rows of `router.txt`, and some more.
pub(super) fn model(more: &str) -> Model {
    let mut menus: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let lines = include_str!("router.txt").lines().chain(more.lines());
    for (at, line) in lines.filter(|line| line.starts_with('/')).enumerate() {
        let words = change_lines::words(line);
        let attributes = change_lines::pairs(&words[1..]).into_iter().collect();
        menus.entry(words[0].clone()).or_default().push(Row { id: format!("*{:X}", at + 1), attributes });
    }
    Model { menus }
}

/// The schemas of all versions, oldest first.
pub(super) fn schemas() -> &'static [Schema] {
    static ALL: LazyLock<Vec<Schema>> = LazyLock::new(|| {
        let versions = COMMANDS.lines().next().unwrap().split(' ');
        versions.enumerate().map(|(bit, version)| condensed(1 << bit, version.parse().unwrap())).collect()
    });
    &ALL
}

/// The schema of a version, or of the nearest older one.
pub(super) fn schema(version: &str) -> &'static Schema {
    let wanted = version.parse().unwrap();
    schemas().iter().rev().find(|schema| schema.version <= wanted).unwrap()
}

/// The words that the console offers.
pub(super) fn offered(menu: &str, argument: &str) -> &'static [&'static str] {
    static OFFERED: LazyLock<BTreeMap<(&str, &str), Vec<&str>>> = LazyLock::new(|| {
        let line = |line: &'static str| {
            let mut words = line.split(' ');
            Some(((words.next()?, words.next()?), words.collect()))
        };
        VALUES.lines().filter_map(line).collect()
    });
    let found = OFFERED.iter().find(|((at, name), _)| *at == menu && *name == argument);
    found.map_or(&[], |(_, words)| words)
}

/// The lines of `commands.txt` as `condense.py` wrote them.
fn condensed(here: u32, version: Version) -> Schema {
    let mut commands = BTreeMap::new();
    for line in COMMANDS.lines().skip(1) {
        let mut words = line.split(' ');
        let (path, present) = masked(words.next().unwrap(), u32::MAX);
        let arguments: Arguments = words
            .map(|word| masked(word, present))
            .filter(|(_, mask)| mask & here != 0)
            .map(|(name, _)| name.split_once('~').unwrap_or((name, "")))
            .map(|(name, kind)| (name.to_owned(), kind_of(kind)))
            .collect();
        if present & here != 0 {
            commands.insert(path.to_owned(), arguments);
        }
    }
    Schema::new(version, commands)
}

fn masked(word: &'static str, otherwise: u32) -> (&'static str, u32) {
    let Some((name, mask)) = word.split_once(':') else { return (word, otherwise) };
    (name, u32::from_str_radix(mask, 16).unwrap())
}

fn kind_of(word: &str) -> Kind {
    let (letter, bounds) = word.split_at(word.len().min(1));
    let bounds = bounds.split_once('-').map_or(Bounds::NONE, |(least, most)| Bounds {
        least: least.parse().unwrap_or(0),
        most: most.parse().unwrap_or(u64::MAX),
    });
    match letter {
        "s" => Kind::Text(bounds),
        "x" => Kind::Hexadecimal(bounds),
        "t" => Kind::Time(bounds),
        "b" => Kind::Boolean,
        "a" => Kind::Address,
        "p" => Kind::Prefix,
        "r" => Kind::AddressRange,
        "m" => Kind::Mac,
        "w" => Kind::Words,
        _ => Kind::Unknown,
    }
}
