//! Objects on the router that are ours, and rows as the router shows them.
//!
//! An object of ours is known by its **mark**, the first word of its comment, which is unique in its menu:
//! `bulkhead:vif/<id>/<part>`, or `bulkhead:base/<part>` for what all VIFs share. Never by `.id`, which does not
//! survive a reboot. The installer's objects (`bulkhead:installer/…`) are looked at and left alone.

mod menu;

pub use menu::Menu;

use super::meaning::same;
use std::collections::BTreeMap;

/// What every mark of ours starts with.
pub const MARK: &str = "bulkhead:";
/// The installer's objects, made when the router was enrolled.
pub const INSTALLER: &str = "bulkhead:installer";
/// Rows of a running comparison with the twin (`tests/conformance`), which takes them away itself.
pub const CONFORMANCE: &str = "bulkhead:conformance/";
/// The marks of what VIFs bring and take along: each its own objects, and what all of them share.
const VIF_MARKS: [&str; 2] = ["bulkhead:vif/", "bulkhead:base/"];

/// One object as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where.
    pub menu: Menu,
    /// Its mark, complete.
    pub mark: String,
    /// Names and values as they are sent, without the comment. One without a value is one that the row must not have.
    pub attributes: Vec<(&'static str, String)>,
    /// Whose its `disabled` is.
    pub switch: Switch,
}

/// Whose the flag `disabled` of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Nobody's: the row is always in force, and one that is disabled is not as it should be.
    On,
    /// The keeper's: the row is made so that nothing leaks, and its flag is part of no comparison from then on.
    Keeper {
        /// Whether it is made disabled.
        disabled: bool,
    },
}

impl Object {
    /// What is sent to make it.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let off = self.switch == Switch::Keeper { disabled: true };
        self.arguments().chain(off.then_some(("disabled", "yes")))
    }

    /// What it holds: the attributes and the comment.
    pub fn arguments(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let given = self.attributes.iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| (*name, value.as_str())).chain([("comment", self.mark.as_str())])
    }

    /// What a row holds that it must not: what it matches beside what this one does (of a drop it would be a hole, and
    /// none of it is in an accept either), and what is to have no value.
    pub fn surplus<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'static str> {
        let given = |name: &str| self.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        let names = self.menu.properties().split(',');
        let must_not = move |name: &&str| match given(name) {
            Some(value) => value.is_empty(),
            None => self.menu.is_matcher(name),
        };
        names.filter(must_not).filter(|name| !row.get(name).is_empty())
    }
}

/// One row as the router shows it. Bytes that are no UTF-8 are replaced: a row is compared, never written back.
///
/// A router may have ten thousand of them, all in memory at once when everything is compared: so a row is two
/// allocations, not two for each property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Names and values in turn, one after the other.
    text: Box<str>,
    /// Where each of them ends in it.
    ends: Box<[u32]>,
}

impl Row {
    /// A row of these properties, in any order; of one that is given twice the first counts.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        // Rarely more; how many there are is not known before.
        let mut sorted: Vec<(N, V)> = Vec::with_capacity(16);
        sorted.extend(values);
        sorted.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let length = sorted.iter().map(|(name, value)| name.as_ref().len() + value.as_ref().len()).sum();
        let mut text = String::with_capacity(length);
        let mut ends = Vec::with_capacity(sorted.len() * 2);
        for word in sorted.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]) {
            text.push_str(word);
            // A sentence of the router's, which this comes from, is at most a megabyte long.
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { text: text.into(), ends: ends.into() }
    }

    /// The same row with these properties as they are now.
    #[must_use]
    pub fn with<const N: usize>(&self, now: [(&str, &str); N]) -> Self {
        let kept = self.properties().filter(|(name, _)| now.iter().all(|(changed, _)| changed != name));
        Self::new(kept.chain(now))
    }

    /// Names and values, by name.
    fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.chunks_exact(2).filter_map(move |pair| {
            let (middle, end) = (pair[0] as usize, pair[1] as usize);
            let (name, value) = (self.text.get(from..middle)?, self.text.get(middle..end)?);
            from = end;
            Some((name, value))
        })
    }

    /// A property's value; RouterOS leaves out what is empty, so absent and empty are the same here.
    pub fn get(&self, name: &str) -> &str {
        self.properties().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// Its properties with their values, by name.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let start = |at: usize| at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let word = move |at: usize| self.text.get(start(at)..self.ends[at] as usize).unwrap_or_default();
        (0..self.ends.len() / 2).map(move |pair| (word(2 * pair), word(2 * pair + 1)))
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: &str) -> bool {
        self.get(flag) == "true"
    }

    /// Its id, valid until the next reboot.
    pub fn id(&self) -> &str {
        self.get(".id")
    }

    /// Its mark, where the comment starts with one of ours.
    pub fn mark(&self) -> Option<&str> {
        self.get("comment").split_whitespace().next().filter(|word| word.starts_with(MARK))
    }

    /// Whether its mark is one that VIFs bring and take along.
    pub fn is_vif_object(&self) -> bool {
        self.mark().is_some_and(|mark| VIF_MARKS.iter().any(|kind| mark.starts_with(kind)))
    }

    /// Whether it belongs to what keeps VIFs apart, the installer's part too. All else is somebody's configuration,
    /// whether Bulkhead wrote it for them (`bulkhead:row/…`) or not, and stands below that in ordered menus.
    pub fn is_isolation(&self) -> bool {
        self.is_vif_object() || self.mark().is_some_and(|mark| mark.starts_with(INSTALLER))
    }

    /// Whether the row holds what the object says, in meaning. A row that is disabled and is nobody's to switch, that is
    /// invalid, or that refers to something that was re-created (`*1A`) is not.
    pub fn holds(&self, object: &Object) -> bool {
        (!self.is("disabled") || object.switch != Switch::On)
            && !self.is("invalid")
            && object.attributes.iter().all(|(name, value)| value.is_empty() || same(name, value, self.get(name)))
    }
}

/// What was read of the router in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    menus: BTreeMap<Menu, Vec<Row>>,
}

impl Snapshot {
    /// A snapshot of these menus; one that is not named is empty.
    pub fn new(menus: impl IntoIterator<Item = (Menu, Vec<Row>)>) -> Self {
        Self { menus: menus.into_iter().collect() }
    }

    /// A menu's rows in the router's order, dynamic ones too.
    pub fn rows(&self, menu: Menu) -> &[Row] {
        self.menus.get(&menu).map_or(&[], Vec::as_slice)
    }

    /// All menus, for whoever has no use for the snapshot any more.
    pub fn into_menus(self) -> impl Iterator<Item = (Menu, Vec<Row>)> {
        self.menus.into_iter()
    }

    /// A menu's rows that somebody configured.
    pub fn static_rows(&self, menu: Menu) -> impl Iterator<Item = &Row> {
        self.rows(menu).iter().filter(|row| !row.is("dynamic"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_properties_in_whatever_order_they_came() {
        let row = Row::new([("name", "ether1"), (".id", "*1"), ("comment", "")]);
        assert_eq!(row, Row::new([(".id", "*1"), ("comment", ""), ("name", "ether1")]));
        assert_eq!(["name", ".id", "comment", "nam", "*1"].map(|name| row.get(name)), ["ether1", "*1", "", "", ""]);
        // The same letters, cut elsewhere, are another row.
        assert_ne!(Row::new([("ab", "c")]), Row::new([("a", "bc")]));
        assert_eq!(Row::default().get("name"), "");
    }

    #[test]
    fn a_mark_is_the_first_word_of_the_comment_and_only_ours() {
        let row = |comment: &str| Row::new([("comment", comment)]);
        assert_eq!(row("bulkhead:vif/tor-1/veth my note").mark(), Some("bulkhead:vif/tor-1/veth"));
        assert_eq!(row("my bulkhead:vif/x").mark(), None);
        assert_eq!(row("").mark(), None);
        assert!(!row("bulkhead:installer/bridge").is_vif_object());
        assert!(!row("bulkhead:conformance/order-move").is_vif_object());
        assert!(!row("bulkhead:row/house/no-guests").is_vif_object());
        assert!(row("bulkhead:base/jump").is_vif_object());
        assert!(row("bulkhead:installer/bridge").is_isolation());
        assert!(!row("bulkhead:row/house/no-guests").is_isolation());
    }

    #[test]
    fn every_property_that_is_compared_or_followed_is_also_read() {
        for menu in Menu::ALL {
            let properties: Vec<&str> = menu.properties().split(',').collect();
            let traced = shared::routeros::trace::properties(menu.path());
            for needed in [".id", "comment"].into_iter().chain(traced.split(',').filter(|name| !name.is_empty())) {
                assert!(properties.contains(&needed), "{}: {needed}", menu.path());
            }
        }
    }
}
