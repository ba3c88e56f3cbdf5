//! Objects on the router that are ours, and rows as the router shows them.
//!
//! An object of ours is known by its **mark**, the first word of its comment, which is unique in its menu:
//! `bulkhead:vif/<id>/<part>`, or `bulkhead:base/<part>` for what all VIFs share. Never by `.id`, which does not
//! survive a reboot. The installer's objects (`bulkhead:installer/…`) are looked at and left alone.

mod menu;

pub use menu::Menu;
pub use shared::routeros::model::Row;

use super::meaning::same;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// What every mark of ours starts with.
pub const MARK: &str = "bulkhead:";
/// The installer's objects, made when the router was enrolled.
pub const INSTALLER: &str = "bulkhead:installer";
/// Rows of a running comparison with the twin (`tests/conformance`), which takes them away itself.
pub const CONFORMANCE: &str = "bulkhead:conformance/";
/// The marks of what VIFs bring and take along: each its own objects, and what all of them share.
const VIF_MARKS: [&str; 2] = ["bulkhead:vif/", "bulkhead:base/"];

/// One object as it should be. There are dozens for each VIF, all in memory at once when everything is compared: so what
/// is the same of all VIFs is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where.
    pub menu: Menu,
    /// Its mark, complete.
    pub mark: String,
    /// `name=value` and more of them, with blanks between, without the comment. One without a value is one that the row
    /// must not have; a word in braces is filled in.
    pub template: &'static str,
    /// What stands for words in braces.
    pub names: Arc<Names>,
    /// Whose its `disabled` is.
    pub switch: Switch,
}

/// Words in braces, each with what stands for it.
pub type Names = Vec<(&'static str, String)>;

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
    /// Names and values as they are sent, without the comment. Filling follows splitting, so that a name with a blank
    /// stays one value, and each name is filled in once, so that an interface may be called `{vlan}`.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let words = self.template.split_whitespace().filter_map(|word| word.split_once('='));
        words.map(|(name, value)| (name, self.filled(value)))
    }

    fn filled(&self, value: &'static str) -> Cow<'_, str> {
        let Some(word) = value.find('{').zip(value.find('}')).map(|(from, to)| &value[from..=to]) else {
            return Cow::Borrowed(value);
        };
        match self.names.iter().find(|(name, _)| *name == word) {
            Some((_, text)) if word.len() == value.len() => Cow::Borrowed(text),
            Some((_, text)) => Cow::Owned(value.replacen(word, text, 1)),
            None => Cow::Borrowed(value),
        }
    }

    /// What is sent to make it.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let off = self.switch == Switch::Keeper { disabled: true };
        self.arguments().chain(off.then_some(("disabled", Cow::Borrowed("yes"))))
    }

    /// What it holds: the attributes and the comment.
    pub fn arguments(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let given = self.attributes().filter(|(_, value)| !value.is_empty());
        given.chain([("comment", Cow::Borrowed(self.mark.as_str()))])
    }

    /// Whether a row holds what the object says, in meaning. A row that is disabled and is nobody's to switch, that is
    /// invalid, or that refers to something that was re-created (`*1A`) does not.
    pub fn is_held_by(&self, row: &Row) -> bool {
        (!row.is("disabled") || self.switch != Switch::On)
            && !row.is("invalid")
            && self.attributes().all(|(name, value)| value.is_empty() || same(name, &value, row.get(name)))
    }

    /// What a row holds that it must not: what it matches beside what this one does (of a drop it would be a hole, and
    /// none of it is in an accept either), and what is to have no value.
    pub fn surplus<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'static str> {
        let given: Vec<(&str, bool)> = self.attributes().map(|(name, value)| (name, value.is_empty())).collect();
        let names = self.menu.properties().split(',').filter(|name| !row.get(name).is_empty());
        names.filter(move |name| match given.iter().find(|(own, _)| own == name) {
            Some((_, must_be_empty)) => *must_be_empty,
            None => self.menu.is_matcher(name),
        })
    }
}

/// What of a row says whose it is.
pub trait Marked {
    /// Its mark, where the comment starts with one of ours.
    fn mark(&self) -> Option<&str>;

    /// Whether its mark is one that VIFs bring and take along.
    fn is_vif_object(&self) -> bool {
        self.mark().is_some_and(|mark| VIF_MARKS.iter().any(|kind| mark.starts_with(kind)))
    }

    /// Whether it belongs to what keeps VIFs apart, the installer's part too. All else is somebody's configuration,
    /// whether Bulkhead wrote it for them (`bulkhead:row/…`) or not, and stands below that in ordered menus.
    fn is_isolation(&self) -> bool {
        self.is_vif_object() || self.mark().is_some_and(|mark| mark.starts_with(INSTALLER))
    }
}

impl Marked for Row {
    fn mark(&self) -> Option<&str> {
        let comment = self.get("comment").trim_start();
        comment.starts_with(MARK).then(|| comment.split(char::is_whitespace).next()).flatten()
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
