//! The schemas of versions that come with Bulkhead. The agent calls nothing of this and does not carry it.

use super::{Arguments, Bounds, Kind, Schema, Version};
use std::{collections::BTreeMap, sync::LazyLock};

/// Condensed by `schema/condense.py`, which also says what the lines mean.
const COMMANDS: &str = include_str!("../../../schema/commands.txt");
const VALUES: &str = include_str!("../../../schema/values.txt");

/// The versions whose schema is known, oldest first.
pub fn versions() -> Vec<&'static str> {
    COMMANDS.lines().next().unwrap_or_default().split(' ').collect()
}

/// The schema of a shipped version.
///
/// Nothing when the version is not among [`versions`].
pub fn shipped(version: &str) -> Option<Schema> {
    let index = versions().iter().position(|known| *known == version)?;
    let here = 1_u32 << index;
    let every = (1_u32 << versions().len()) - 1;
    let mut commands = BTreeMap::new();
    for line in COMMANDS.lines().skip(1) {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let Some((path, present)) = words.next().map(|word| masked(word, every)) else { continue };
        if present & here == 0 {
            continue;
        }
        let arguments: Arguments = words
            .map(|word| masked(word, present))
            .filter(|(_, mask)| mask & here != 0)
            .map(|(name, _)| {
                let (name, kind) = name.split_once('~').unwrap_or((name, ""));
                (name.to_owned(), kind_of(kind))
            })
            .collect();
        commands.insert(path.to_owned(), arguments);
    }
    Some(Schema::new(version.parse().ok()?, commands))
}

/// The schema that serves a version: its own, else that of the nearest older one, else of the oldest. Its
/// [`Schema::version`] says which it is.
pub fn nearest(version: Version) -> Option<Schema> {
    let known = versions();
    let of = |name: &str| name.parse::<Version>().ok();
    let older = known.iter().rev().find(|name| of(name).is_some_and(|known| known <= version));
    shipped(older.or(known.first())?)
}

/// The words that the console offers for an argument of a menu's `add` or `set`, where they are known.
pub fn offered(menu: &str, argument: &str) -> &'static [&'static str] {
    static OFFERED: LazyLock<BTreeMap<&str, BTreeMap<&str, Vec<&str>>>> = LazyLock::new(|| {
        let mut offered: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for line in VALUES.lines() {
            let mut words = line.split(' ');
            if let (Some(menu), Some(argument)) = (words.next(), words.next()) {
                offered.entry(menu).or_default().insert(argument, words.collect());
            }
        }
        offered
    });
    OFFERED.get(menu).and_then(|arguments| arguments.get(argument)).map_or(&[], Vec::as_slice)
}

/// `name:3c` as the name and its mask.
fn masked(word: &str, otherwise: u32) -> (&str, u32) {
    let Some((name, mask)) = word.split_once(':') else { return (word, otherwise) };
    u32::from_str_radix(mask, 16).map_or((word, otherwise), |mask| (name, mask))
}

/// A letter and, for texts and times, the bounds: `s0-31`, `t200-`.
fn kind_of(word: &str) -> Kind {
    let mut letters = word.chars();
    let letter = letters.next().unwrap_or_default();
    let bounds = letters.as_str().split_once('-').map_or(Bounds::NONE, |(least, most)| Bounds {
        least: least.parse().unwrap_or(0),
        most: most.parse().unwrap_or(u64::MAX),
    });
    match letter {
        's' => Kind::Text(bounds),
        'x' => Kind::Hexadecimal(bounds),
        't' => Kind::Time(bounds),
        'b' => Kind::Boolean,
        'a' => Kind::Address,
        'p' => Kind::Prefix,
        'r' => Kind::AddressRange,
        'm' => Kind::Mac,
        'w' => Kind::Words,
        _ => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_not_known_has_the_nearest_older_ones_words() {
        let nearest = |version: &str| nearest(version.parse().ok()?).map(|schema| schema.version.to_string());
        for (version, expected) in
            [("7.24", "7.24"), ("7.24.5", "7.24"), ("7.19.4", "7.18.2"), ("7.1", "7.16.2"), ("8.0", "7.24")]
        {
            assert_eq!(nearest(version).as_deref(), Some(expected), "{version}");
        }
    }

    #[test]
    fn each_version_has_what_it_has_and_not_what_came_later() {
        let has = |version: &str, path: &str, argument: &str| {
            shipped(version).is_some_and(|schema| schema.has(path, argument))
        };
        assert!(has("7.16.2", "/container/envs/add", "name") && !has("7.16.2", "/container/envs/add", "list"));
        assert!(has("7.24", "/container/envs/add", "list") && !has("7.24", "/container/envs/add", "name"));
        assert!(has("7.16.2", "/ping", "address") && !has("7.24", "/ping", "address"));
        assert!(has("7.18.2", "/safe-mode/take", "on-error") && !has("7.16.2", "/safe-mode/take", "on-error"));
        assert_eq!(shipped("7.1"), None);
    }

    #[test]
    fn what_the_dumps_say_of_values_is_kept() {
        let schema = shipped("7.24").expect("a shipped version");
        let kind = |path: &str, name: &str| schema.command(path).and_then(|arguments| arguments.get(name)).copied();
        let cases = [
            ("/interface/bridge/add", "ageing-time", Kind::Time(Bounds { least: 10_000, most: 1_000_000_000 })),
            ("/ip/firewall/filter/add", "log-prefix", Kind::Text(Bounds { least: 0, most: 31 })),
            ("/interface/print", "interval", Kind::Time(Bounds { least: 200, most: u64::MAX })),
            ("/interface/bridge/add", "admin-mac", Kind::Mac),
            ("/ip/pool/add", "ranges", Kind::AddressRange),
            ("/user/add", "address", Kind::Prefix),
            ("/interface/vlan/add", "mvrp", Kind::Boolean),
        ];
        for (path, name, expected) in cases {
            assert_eq!(kind(path, name), Some(expected), "{path} {name}");
        }
    }
}
