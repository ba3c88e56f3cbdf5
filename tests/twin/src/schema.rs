//! The schemas that the twin ships, and reading one from a file.

use std::{collections::BTreeMap, sync::LazyLock};

use shared::routeros::schema::{Arguments, Bounds, Kind, Schema, Version};

/// Condensed by `schema/condense.py`, which also says what the lines mean.
const COMMANDS: &str = include_str!("../schema/commands.txt");
const VALUES: &str = include_str!("../schema/values.txt");

/// The versions that the twin ships a schema of, oldest first.
pub fn versions() -> Vec<&'static str> {
    COMMANDS.lines().next().unwrap_or_default().split(' ').collect()
}

/// The schema of a shipped version.
///
/// # Errors
/// When the version is not among [`versions`]; the text names them.
pub fn shipped(version: &str) -> Result<Schema, SchemaError> {
    let unknown = || SchemaError::Unknown { version: version.to_owned(), known: versions().join(" ") };
    let index = versions().iter().position(|known| *known == version).ok_or_else(unknown)?;
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
    Ok(Schema::new(version.parse().map_err(|_| unknown())?, commands))
}

/// A schema from the form of `/console/inspect` dumps: `{"/interface/vlan/add": {"name": "string value", …}, …}`.
///
/// # Errors
/// When the text is not of that form, or the version is none.
pub fn from_json(version: &str, text: &str) -> Result<Schema, SchemaError> {
    let version: Version = version.parse().map_err(|_| SchemaError::NoVersion(version.to_owned()))?;
    let dump: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(text).map_err(SchemaError::Json)?;
    let commands = dump.into_iter().map(|(path, arguments)| {
        let arguments = arguments.into_iter().map(|(name, text)| {
            let kind = match text.as_str() {
                text if text.contains("time interval") => Kind::Time(Bounds::NONE),
                text if text.starts_with("string value") => Kind::Text(Bounds::NONE),
                text if text.contains("MAC address") => Kind::Mac,
                _ => Kind::Unknown,
            };
            (name, kind)
        });
        (path, arguments.collect())
    });
    Ok(Schema::new(version, commands.collect()))
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

/// Why there is no schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A version that is not shipped.
    #[error("no schema of RouterOS {version} is shipped; give one with --routeros-schema, or choose one of: {known}")]
    Unknown {
        /// The version asked for.
        version: String,
        /// The shipped ones.
        known: String,
    },
    /// A version that is no version.
    #[error("`{0}` is not a RouterOS version; write it as 7.24 or 7.20.8")]
    NoVersion(String),
    /// A file of another form.
    #[error("the schema file is not of the form {{\"/interface/vlan/add\": {{\"name\": \"string value\"}}}}: {0}")]
    Json(serde_json::Error),
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
    fn each_version_has_what_it_has_and_not_what_came_later() {
        let has =
            |version: &str, path: &str, argument: &str| shipped(version).is_ok_and(|schema| schema.has(path, argument));
        assert!(has("7.16.2", "/container/envs/add", "name") && !has("7.16.2", "/container/envs/add", "list"));
        assert!(has("7.24", "/container/envs/add", "list") && !has("7.24", "/container/envs/add", "name"));
        assert!(has("7.16.2", "/ping", "address") && !has("7.24", "/ping", "address"));
        assert!(has("7.18.2", "/safe-mode/take", "on-error") && !has("7.16.2", "/safe-mode/take", "on-error"));
        assert!(shipped("7.1").is_err_and(|error| error.to_string().contains("7.16.2")));
    }

    #[test]
    fn what_the_dumps_say_of_values_is_kept() {
        let schema = shipped("7.24").unwrap();
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

    #[test]
    fn a_file_in_the_dumps_form_is_a_schema_too() {
        let schema = from_json("7.99", r#"{"/x/add": {"name": "string value", "ttl": "time interval"}}"#).unwrap();
        let ttl = schema.command("/x/add").and_then(|arguments| arguments.get("ttl"));
        assert_eq!(ttl, Some(&Kind::Time(Bounds::NONE)));
    }
}
