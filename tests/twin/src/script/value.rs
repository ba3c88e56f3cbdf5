//! Values of a running script, their types and how they turn into text (manual, "Scripting": data types).

use std::{net::IpAddr, sync::Arc};

use shared::routeros::value::{RowId, parse_duration};

use super::code::Code;
use crate::device::form::parse_prefix;

/// A list's items, each with a key or without one.
pub type Items = Vec<(Option<String>, Value)>;

/// A value of a script.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// What a variable holds that was never set, and what a command returns that returns nothing.
    Nothing,
    /// What a search finds that finds nothing.
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// A signed number.
    Number(i64),
    /// A text.
    Text(String),
    /// A span of time, in microseconds.
    Time(i64),
    /// A row's id.
    Id(RowId),
    /// An IP address of either family.
    Address(IpAddr),
    /// A network, as it was written.
    Prefix(String),
    /// An array.
    List(Items),
    /// A function.
    Code(Arc<Code>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What a bare word is: a number, a boolean, a span of time, an id, an address, a network, else a text.
    pub fn of_word(word: &str) -> Self {
        if let Some(number) = number(word) {
            return Self::Number(number);
        }
        match word {
            "true" | "yes" => return Self::Bool(true),
            "false" | "no" => return Self::Bool(false),
            _ => {}
        }
        if let Ok(id) = word.parse() {
            return Self::Id(id);
        }
        if let Ok(address) = word.parse() {
            return Self::Address(address);
        }
        if word.contains('/') && parse_prefix(word).is_some() {
            return Self::Prefix(word.to_owned());
        }
        if word.starts_with(|c: char| c.is_ascii_digit())
            && let Ok(time) = parse_duration(word)
        {
            return Self::Time(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        }
        Self::text(word)
    }

    /// A property of a row: a text where its name says so, else what its text is.
    pub fn of_property(name: &str, text: &str) -> Self {
        const TEXTS: [&str; 9] =
            ["name", "comment", "source", "contents", "list", "message", "on-event", "up-script", "down-script"];
        if TEXTS.contains(&name) || matches!(text, "yes" | "no") || text.starts_with("0x") {
            return Self::text(text);
        }
        Self::of_word(text)
    }

    /// As `:typeof` names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Number(_) => "num",
            Self::Text(_) => "str",
            Self::Time(_) => "time",
            Self::Id(_) => "id",
            Self::Address(IpAddr::V4(_)) => "ip",
            Self::Address(IpAddr::V6(_)) => "ip6",
            Self::Prefix(text) if text.contains(':') => "ip6-prefix",
            Self::Prefix(_) => "ip-prefix",
            Self::List(_) => "array",
            Self::Code(_) => "code",
        }
    }

    /// As `:put` shows it: an array's items between semicolons.
    pub fn show(&self) -> String {
        self.written(";")
    }

    /// As an argument of a command takes it: an array's items between commas.
    pub fn argument(&self) -> String {
        self.written(",")
    }

    fn written(&self, between: &str) -> String {
        match self {
            Self::Nothing | Self::Nil => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(text) | Self::Prefix(text) => text.clone(),
            Self::Time(micros) => clock(*micros),
            Self::Id(id) => id.to_string(),
            Self::Address(address) => address.to_string(),
            Self::Code(_) => "(code)".to_owned(),
            Self::List(items) => {
                let item = |(key, value): &(Option<String>, Self)| {
                    let value = value.written(between);
                    key.as_ref().map_or(value.clone(), |key| format!("{key}={value}"))
                };
                items.iter().map(item).collect::<Vec<_>>().join(between)
            }
        }
    }

    /// Whether a condition holds: only a boolean is one.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text == "true" || text == "yes" => Some(true),
            Self::Text(text) if text == "false" || text == "no" => Some(false),
            Self::Nothing
            | Self::Nil
            | Self::Number(_)
            | Self::Text(_)
            | Self::Time(_)
            | Self::Id(_)
            | Self::Address(_)
            | Self::Prefix(_)
            | Self::List(_)
            | Self::Code(_) => None,
        }
    }

    /// `:len`: items of an array, characters of anything else.
    pub fn len(&self) -> usize {
        if let Self::List(items) = self { items.len() } else { self.show().chars().count() }
    }

    /// Whether [`Value::len`] is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `:tonum`
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Time(micros) => Some(micros / 1_000_000),
            Self::Text(text) => number(text),
            Self::Nothing
            | Self::Nil
            | Self::Id(_)
            | Self::Address(_)
            | Self::Prefix(_)
            | Self::List(_)
            | Self::Code(_) => None,
        }
    }

    /// A span of time in microseconds; a number counts seconds.
    pub fn micros(&self) -> Option<i64> {
        match self {
            Self::Time(micros) => Some(*micros),
            Self::Number(seconds) => seconds.checked_mul(1_000_000),
            Self::Text(text) => parse_duration(text).ok().and_then(|time| i64::try_from(time.as_micros()).ok()),
            Self::Nothing
            | Self::Nil
            | Self::Bool(_)
            | Self::Id(_)
            | Self::Address(_)
            | Self::Prefix(_)
            | Self::List(_)
            | Self::Code(_) => None,
        }
    }

    /// The items that a loop goes over: those of an array, the value itself otherwise, none of nothing.
    pub fn items(self) -> Items {
        if let Self::List(items) = self {
            return items;
        }
        if self.is_empty() { Items::new() } else { vec![(None, self)] }
    }

    /// An array of values without keys.
    pub fn list(values: impl IntoIterator<Item = Self>) -> Self {
        Self::List(values.into_iter().map(|value| (None, value)).collect())
    }
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok().filter(|_| !text.starts_with('+')),
    }
}

/// `1d02:03:04`, as the console shows a span of time.
fn clock(micros: i64) -> String {
    const WEEK: u64 = 604_800;
    const DAY: u64 = 86_400;
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let part = |count: u64, unit: &str| if count > 0 { format!("{count}{unit}") } else { String::new() };
    let (weeks, days) = (part(seconds / WEEK, "w"), part(seconds % WEEK / DAY, "d"));
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:06}").trim_end_matches('0').to_owned() };
    let time = seconds % DAY;
    format!("{sign}{weeks}{days}{:02}:{:02}:{:02}{fraction}", time / 3600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_types_that_the_manual_names() {
        let cases = [
            ("12", "num", "12"),
            ("0x1F", "num", "31"),
            ("yes", "bool", "true"),
            ("*1A", "id", "*1A"),
            ("10.0.0.1", "ip", "10.0.0.1"),
            ("10.0.0.0/8", "ip-prefix", "10.0.0.0/8"),
            ("2001:db8::1", "ip6", "2001:db8::1"),
            ("2001:db8::/32", "ip6-prefix", "2001:db8::/32"),
            ("1d2h", "time", "1d02:00:00"),
            ("90s", "time", "00:01:30"),
            ("250ms", "time", "00:00:00.25"),
            ("ether1", "str", "ether1"),
        ];
        for (word, kind, shown) in cases {
            let value = Value::of_word(word);
            assert_eq!((value.type_name(), value.show().as_str()), (kind, shown), "{word}");
        }
    }
}
