//! Versions of RouterOS, and which commands and arguments each of them has.
//!
//! A schema says what a router of that version would accept by name. What the values mean is not its business; see
//! [`super::value`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

pub mod shipped;

use super::value::ValueError;
use crate::change_set::MenuWords;

/// A RouterOS version: `7.24`, `7.20.8`, `7.24.5 (stable)`, `7.25beta3` (compared as `7.25`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// `7`
    pub major: u16,
    /// `20` of `7.20.8`
    pub minor: u16,
    /// `8` of `7.20.8`, zero of `7.24`
    pub patch: u16,
}

impl Version {
    /// A version by its numbers, for comparisons such as `version >= Version::new(7, 18, 0)`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl FromStr for Version {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError { what: "version", text: text.to_owned() };
        let mut parts = text.split_whitespace().next().ok_or_else(wrong)?.split('.');
        let mut number = |must: bool| -> Result<u16, ValueError> {
            let Some(part) = parts.next() else { return if must { Err(wrong()) } else { Ok(0) } };
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..digits].parse().map_err(|_| wrong())
        };
        Ok(Self { major: number(true)?, minor: number(true)?, patch: number(false)? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

/// Between what and what a value lies, both ends within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Bounds {
    /// No bounds at all.
    pub const NONE: Self = Self { least: 0, most: u64::MAX };

    /// Whether a value lies within.
    pub fn hold(self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

/// What the schema knows of an argument's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Nothing: a number, an address, a word, a list.
    #[default]
    Unknown,
    /// Any text of so many bytes.
    Text(Bounds),
    /// Hexadecimal digits, so many.
    Hexadecimal(Bounds),
    /// A duration of so many milliseconds.
    Time(Bounds),
    /// `yes` or `no`.
    Boolean,
    /// An IPv4 address; some arguments take a prefix, an IPv6 address or several, too.
    Address,
    /// An address with a prefix length, or several.
    Prefix,
    /// An address, a range of addresses or a network, or several.
    AddressRange,
    /// A MAC address.
    Mac,
    /// One or several of a fixed set of words.
    Words,
}

/// The arguments of one command, by name.
pub type Arguments = BTreeMap<String, Kind>;

/// The commands of one version, by whole path: `/interface/vlan/add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The version that these commands are of.
    pub version: Version,
    commands: BTreeMap<String, Arguments>,
}

impl Schema {
    /// A schema of commands gathered elsewhere.
    pub fn new(version: Version, commands: BTreeMap<String, Arguments>) -> Self {
        Self { version, commands }
    }

    /// The arguments of a command, or nothing where the version does not have it.
    pub fn command(&self, path: &str) -> Option<&Arguments> {
        self.commands.get(path)
    }

    /// Whether a command has an argument of this name.
    pub fn has(&self, path: &str, argument: &str) -> bool {
        self.command(path).is_some_and(|arguments| arguments.contains_key(argument))
    }

    /// What a change has to know of a menu; nothing where the version does not have it or nothing can be written there.
    pub fn words(&self, menu: &str) -> Option<MenuWords> {
        /// Arguments that say which row is meant or where it goes, and are no configuration of it. A dynamic address list
        /// entry lives in memory only.
        const NO_PROPERTIES: [&str; 6] = [".id", "numbers", "copy-from", "place-before", "where", "dynamic"];
        let command = |verb: &str| self.command(&format!("{menu}/{verb}"));
        let (add, set) = (command("add"), command("set"));
        let names = add.into_iter().chain(set).flat_map(|arguments| arguments.keys());
        let writable: BTreeSet<String> =
            names.filter(|name| !NO_PROPERTIES.contains(&name.as_str())).cloned().collect();
        (add.is_some() || set.is_some()).then(|| MenuWords {
            path: menu.to_owned(),
            writable: writable.into_iter().collect(),
            ordered: command("move").is_some(),
            single: add.is_none()
                && command("remove").is_none()
                && !set.is_some_and(|set| set.contains_key("numbers") || set.contains_key(".id")),
            unset: command("unset").is_some(),
        })
    }

    /// All commands, in the order of their paths.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &Arguments)> {
        self.commands.iter().map(|(path, arguments)| (path.as_str(), arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_reads_with_its_channel_and_compares_by_number() {
        let cases =
            [("7.24", (7, 24, 0)), ("7.20.8", (7, 20, 8)), ("7.24.5 (stable)", (7, 24, 5)), ("7.25beta3", (7, 25, 0))];
        for (text, (major, minor, patch)) in cases {
            assert_eq!(text.parse(), Ok(Version::new(major, minor, patch)), "{text}");
        }
        assert!(Version::new(7, 9, 9) < Version::new(7, 16, 2));
        assert_eq!(Version::new(7, 20, 8).to_string(), "7.20.8");
        for text in ["", "7", "seven.one", "7."] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
