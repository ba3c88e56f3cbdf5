//! Reads a TOML file key by key, so that each mistake can be named with its file, section and key, and a key that
//! nobody asked for is noticed.

use super::ConfigError;
use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// One section of the file; keys go out as they are asked for.
pub(super) struct Section {
    path: PathBuf,
    name: &'static str,
    keys: Table,
    asked: Vec<&'static str>,
}

impl Section {
    pub(super) fn root(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let keys = text.parse::<Table>();
        let keys = keys.map_err(|error| ConfigError::Syntax { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { path: path.to_owned(), name: "", keys, asked: Vec::new() })
    }

    /// A `[section]`; without it, an empty one.
    pub(super) fn section(&mut self, name: &'static str) -> Result<Self, ConfigError> {
        let keys = match self.take(name) {
            None => match self.mistyped(name) {
                Some(error) => return Err(error),
                None => Table::new(),
            },
            Some(Value::Table(keys)) => keys,
            Some(_) => return Err(self.invalid(name, &format!("this is a section: write it as [{name}]"))),
        };
        Ok(Self { path: self.path.clone(), name, keys, asked: Vec::new() })
    }

    /// A text; an empty one is as good as none.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, ConfigError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(self.invalid(key, "a text in quotes belongs here")),
        }
    }

    /// A text that `check` takes.
    pub(super) fn checked<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        check(&text).map(Some).map_err(|error| self.invalid(key, &error.to_string()))
    }

    /// A text that `check` takes, or `default`.
    pub(super) fn checked_or<T, E: fmt::Display>(
        &mut self,
        key: &'static str,
        default: &str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        let text = self.text(key)?;
        check(text.as_deref().unwrap_or(default)).map_err(|error| self.invalid(key, &error.to_string()))
    }

    /// A path; a relative one starts at the folder of the file.
    pub(super) fn path(&mut self, key: &'static str) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self.text(key)?.map(|text| self.beside(&text)))
    }

    /// A path, or `default` beside the file.
    pub(super) fn path_or(&mut self, key: &'static str, default: &str) -> Result<PathBuf, ConfigError> {
        Ok(self.path(key)?.unwrap_or_else(|| self.beside(default)))
    }

    /// A whole number within a range.
    pub(super) fn number<N: TryFrom<i64>>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> Result<N, ConfigError> {
        let wrong = || format!("a whole number from {} to {} belongs here", range.start(), range.end());
        let number = match self.take(key) {
            None => default,
            Some(Value::Integer(number)) if range.contains(&number) => number,
            Some(_) => return Err(self.invalid(key, &wrong())),
        };
        N::try_from(number).map_err(|_| self.invalid(key, &wrong()))
    }

    /// Refuses what is left.
    pub(super) fn end(self) -> Result<(), ConfigError> {
        let Some(key) = self.keys.keys().next() else { return Ok(()) };
        let nearest = self.asked.iter().map(|known| (distance(key, known), *known)).min();
        let nearest = nearest.filter(|(distance, _)| *distance <= 3).map(|(_, known)| self.full(known));
        Err(ConfigError::UnknownKey { path: self.path.clone(), key: self.full(key), nearest })
    }

    /// The error of a key that must be there; where something like it is, that is what is wrong.
    pub(super) fn missing(&self, key: &str, needed: &'static str) -> ConfigError {
        let missing = || ConfigError::Missing { path: self.path.clone(), key: self.full(key), needed };
        self.mistyped(key).unwrap_or_else(missing)
    }

    pub(super) fn invalid(&self, key: &str, reason: &str) -> ConfigError {
        ConfigError::Invalid { path: self.path.clone(), key: self.full(key), reason: reason.to_owned() }
    }

    fn mistyped(&self, key: &str) -> Option<ConfigError> {
        let typed = self.keys.keys().find(|typed| distance(typed, key) <= 1)?;
        let nearest = Some(self.full(key));
        Some(ConfigError::UnknownKey { path: self.path.clone(), key: self.full(typed), nearest })
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.keys.remove(key)
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn beside(&self, text: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(text)
    }
}

/// How many characters must be added, left out or replaced to make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_two_words_counts_their_differences() {
        for (a, b, expected) in
            [("", "", 0), ("url", "url", 0), ("ulr", "url", 2), ("window", "windows", 1), ("", "abc", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
