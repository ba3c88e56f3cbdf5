//! From rows as they are to rows as they should be, in the fewest writes.
//!
//! Rows are gone through in the order of the items, and backwards where a change is undone: whoever made the items has
//! seen to it that each prefix is safe. Only what differs is written. A property that holds neither of its two values
//! was altered by somebody else meanwhile: it is told and left alone.

use super::{
    End, Reading, RowPair,
    order::{Placed, Slot, keep, target},
    secret::Taken,
};
use crate::flow::{change_set::Direction, keyed::Keyed, meaning::same, object::Row};
use shared::{
    change_set::{Attribute, MenuWords, Operation, Verb},
    routeros::secret::{hidden, is_secret, told},
};
use std::collections::{BTreeMap, BTreeSet};

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowStep {
    /// The menu.
    pub menu: String,
    /// The item that it is for.
    pub item: String,
    /// What is done.
    pub deed: Deed,
}

/// What is done to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Make it.
    Add {
        /// What it is to hold.
        attributes: Vec<Attribute>,
        /// In front of which row; at the end where nothing is said.
        before: Option<Anchor>,
    },
    /// Give properties a value.
    Set {
        /// The row's id; none in a menu that is a single row.
        id: Option<String>,
        /// The values.
        attributes: Vec<Attribute>,
        /// What they are now, for people.
        now: Vec<Attribute>,
    },
    /// Take a property's value away.
    Unset {
        /// The row's id.
        id: Option<String>,
        /// The property.
        name: String,
        /// What it is now, for people.
        now: String,
        /// Whether the menu has a command for it.
        command: bool,
    },
    /// Put it elsewhere.
    Move {
        /// The row's id.
        id: String,
        /// In front of which row; to the end where nothing is said.
        before: Option<Anchor>,
        /// What tells people which row it is.
        row: Vec<Attribute>,
    },
    /// Take it away.
    Remove {
        /// The row's id.
        id: String,
        /// What it holds.
        row: Vec<Attribute>,
    },
}

/// The row in front of which another is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// One that was there when the rows were read.
    Row {
        /// Its id then.
        id: String,
        /// What tells people which one it is.
        words: String,
    },
    /// One that an earlier step made for this item.
    Item(String),
}

/// What is left to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// The writes in their order.
    pub steps: Vec<RowStep>,
    /// What somebody else altered meanwhile, one sentence each.
    pub foreign: Vec<String>,
}

impl Left {
    /// What is wrong as long as this is left, one sentence each.
    pub fn findings(&self) -> Vec<String> {
        self.steps.iter().map(RowStep::finding).chain(self.foreign.iter().cloned()).collect()
    }
}

/// A menu's rows, the pairs in it, and where they are to stand.
struct Menu<'a> {
    words: &'a MenuWords,
    rows: Keyed<'a>,
    found: BTreeMap<&'a str, usize>,
    order: Vec<Slot>,
    /// Rows that stand where they belong by the time of the next step.
    settled: BTreeSet<Slot>,
    misplaced: BTreeSet<usize>,
    taken: &'a Taken,
}

/// What is left to do towards an end. `taken` are the secrets that were written in this direction.
pub fn converge(
    pairs: &[RowPair],
    direction: Direction,
    words: &[MenuWords],
    reading: &Reading,
    taken: &Taken,
) -> Left {
    let mut menus: BTreeMap<&str, Menu<'_>> = BTreeMap::new();
    for words in words.iter().filter(|words| pairs.iter().any(|pair| pair.menu == words.path)) {
        menus.insert(&words.path, Menu::new(pairs, direction, words, reading, taken));
    }
    let mut left = Left::default();
    let mut go = |pair: &RowPair| {
        if let Some(menu) = menus.get_mut(pair.menu.as_str()) {
            menu.go(pair, direction, &mut left);
        }
    };
    match direction {
        Direction::Forward => pairs.iter().for_each(&mut go),
        Direction::Back => pairs.iter().rev().for_each(&mut go),
    }
    left
}

impl<'a> Menu<'a> {
    fn new(
        pairs: &'a [RowPair],
        direction: Direction,
        words: &'a MenuWords,
        reading: &'a Reading,
        taken: &'a Taken,
    ) -> Self {
        let own: Vec<&RowPair> = pairs.iter().filter(|pair| pair.menu == words.path).collect();
        let rows = Keyed::new(reading.rows(&words.path), own.iter().map(|pair| &pair.key));
        let find = |pair: &&'a RowPair| Some((pair.item.as_str(), pair.find(&rows, words)?));
        let found: BTreeMap<&str, usize> = own.iter().filter_map(find).collect();
        let at = |pair: &RowPair| found.get(pair.item.as_str()).copied();
        let placed: Vec<Placed<'_>> = own
            .iter()
            .filter_map(|pair| Some(Placed { item: &pair.item, at: at(pair), place: pair.target(direction).place()? }))
            .collect();
        let leaving: BTreeSet<usize> =
            own.iter().filter(|pair| *pair.target(direction) == End::Absent).filter_map(|pair| at(pair)).collect();
        let moving: BTreeSet<usize> = placed.iter().filter_map(|placed| placed.at).collect();
        let (order, kept) = if placed.is_empty() {
            (Vec::new(), BTreeSet::new())
        } else {
            let order = target(rows.rows(), &placed, &found, &leaving, words);
            let kept = keep(&order, &moving);
            (order, kept)
        };
        let misplaced: BTreeSet<usize> = moving.difference(&kept).copied().collect();
        let settled = order.iter().filter(|slot| matches!(slot, Slot::There(at) if !misplaced.contains(at)));
        let settled = settled.cloned().collect();
        Self { words, rows, found, order, settled, misplaced, taken }
    }

    fn go(&mut self, pair: &RowPair, direction: Direction, left: &mut Left) {
        let other = match direction {
            Direction::Forward => &pair.before,
            Direction::Back => &pair.after,
        };
        let row = self.found.get(pair.item.as_str()).and_then(|&at| Some((at, self.rows.at(at)?)));
        let step = |deed| RowStep { menu: pair.menu.clone(), item: pair.item.clone(), deed };
        match (pair.target(direction), row) {
            (End::Absent, None) => {}
            (End::Absent, Some((_, row))) => {
                left.steps.push(step(Deed::Remove { id: row.id().to_owned(), row: self.shown(row) }));
            }
            (End::Present { attributes, .. }, None) if *other == End::Absent => {
                let attributes =
                    attributes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
                let slot = Slot::New(pair.item.clone());
                let before = self.anchor(&slot);
                self.settled.insert(slot);
                left.steps.push(step(Deed::Add { attributes, before }));
            }
            (End::Present { .. }, None) => {
                let key = pair.key.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
                left.foreign.push(format!("{}: the row with {key} is gone; somebody else removed it", pair.menu));
            }
            (End::Present { attributes, .. }, Some((at, row))) => {
                let deeds = self.put_right(pair, other, attributes, row, &mut left.foreign);
                left.steps.extend(deeds.into_iter().map(step));
                if self.misplaced.contains(&at) {
                    let slot = Slot::There(at);
                    let before = self.anchor(&slot);
                    self.settled.insert(slot);
                    left.steps.push(step(Deed::Move { id: row.id().to_owned(), before, row: self.shown(row) }));
                }
            }
        }
    }

    /// The writes that give a row the values that it lacks.
    fn put_right(
        &self,
        pair: &RowPair,
        other: &End,
        wanted: &[(String, Option<String>)],
        row: &Row,
        foreign: &mut Vec<String>,
    ) -> Vec<Deed> {
        let id = (!self.words.single).then(|| row.id().to_owned());
        let (mut set, mut now, mut unset) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in wanted {
            if is_secret(name) {
                let was = other.value(name).flatten();
                if was == value.as_deref() || self.taken.has(&pair.item, name) {
                    continue;
                }
                match value {
                    Some(value) => set.push((name.clone(), value.clone())),
                    None => unset.push((name.clone(), was.unwrap_or_default().to_owned())),
                }
                now.extend(value.as_ref().and(was).map(|was| (name.clone(), was.to_owned())));
                continue;
            }
            let shown = row.get(name);
            let is = |value: Option<&str>| same(name, value.unwrap_or_default(), shown);
            if is(value.as_deref()) {
                continue;
            }
            if other.value(name).is_some_and(|ours| !is(ours)) {
                foreign.push(format!("{}: {name} is `{}` now; somebody else altered it", pair.menu, told(name, shown)));
                continue;
            }
            match value {
                Some(value) => {
                    set.push((name.clone(), value.clone()));
                    now.extend((!shown.is_empty()).then(|| (name.clone(), shown.to_owned())));
                }
                None => unset.push((name.clone(), shown.to_owned())),
            }
        }
        let set = (!set.is_empty()).then(|| Deed::Set { id: id.clone(), attributes: set, now });
        let unset =
            unset.into_iter().map(|(name, now)| Deed::Unset { id: id.clone(), name, now, command: self.words.unset });
        set.into_iter().chain(unset).collect()
    }

    /// The nearest row below a slot that is where it belongs.
    fn anchor(&self, slot: &Slot) -> Option<Anchor> {
        let at = self.order.iter().position(|known| known == slot)?;
        self.order.iter().skip(at + 1).find(|below| self.settled.contains(below)).map(|below| match below {
            Slot::There(index) => {
                let row = self.rows.at(*index);
                let id = row.map(|row| row.id().to_owned()).unwrap_or_default();
                Anchor::Row { id, words: row.map(|row| self.words(row)).unwrap_or_default() }
            }
            Slot::New(item) => Anchor::Item(item.clone()),
        })
    }

    /// A row for people: by its comment, and else by what it holds.
    fn words(&self, row: &Row) -> String {
        match row.get("comment") {
            "" => self.shown(row).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "),
            comment => format!("“{comment}”"),
        }
    }

    fn shown(&self, row: &Row) -> Vec<Attribute> {
        super::Content::of(row, self.words).attributes
    }
}

impl RowStep {
    /// The write for the preview. A property that loses its value is shown with nothing.
    pub fn operation(&self) -> Operation {
        let place = |name: &str, before: &Option<Anchor>| {
            before.as_ref().map(|anchor| {
                let row = match anchor {
                    Anchor::Row { words, .. } => format!("(row {words})"),
                    Anchor::Item(item) => format!("(row of item {item})"),
                };
                (name.to_owned(), row)
            })
        };
        let (verb, attributes, before) = match &self.deed {
            Deed::Add { attributes, before } => {
                (Verb::Add, attributes.iter().cloned().chain(place("place-before", before)).collect(), Vec::new())
            }
            Deed::Set { attributes, now, .. } => (Verb::Set, attributes.clone(), now.clone()),
            Deed::Unset { name, now, .. } => {
                (Verb::Set, vec![(name.clone(), String::new())], vec![(name.clone(), now.clone())])
            }
            Deed::Move { before, row, .. } => {
                (Verb::Move, place("destination", before).into_iter().collect(), row.clone())
            }
            Deed::Remove { row, .. } => (Verb::Remove, Vec::new(), row.clone()),
        };
        // It leaves the router: what is written and what was there are told, but for secrets.
        let [attributes, before] = [attributes, before].map(|pairs: Vec<Attribute>| hidden(&pairs));
        Operation { verb, menu: self.menu.clone(), attributes, before, item: self.item.clone() }
    }

    /// The properties that it writes.
    pub fn properties(&self) -> Vec<&str> {
        match &self.deed {
            Deed::Add { attributes, .. } | Deed::Set { attributes, .. } => {
                attributes.iter().map(|(name, _)| name.as_str()).collect()
            }
            Deed::Unset { name, .. } => vec![name],
            Deed::Move { .. } | Deed::Remove { .. } => Vec::new(),
        }
    }

    /// What is wrong as long as this step has not been done, for people.
    pub fn finding(&self) -> String {
        let (menu, item) = (&self.menu, &self.item);
        match &self.deed {
            Deed::Add { .. } => format!("{menu} lacks the row of item `{item}`"),
            Deed::Set { attributes, .. } => {
                let names: Vec<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
                format!("{menu}: the row of item `{item}` has other values of {}", names.join(", "))
            }
            Deed::Unset { name, .. } => format!("{menu}: the row of item `{item}` has a value of {name}"),
            Deed::Move { .. } => format!("{menu}: the row of item `{item}` stands in the wrong place"),
            Deed::Remove { .. } => format!("{menu} still has the row of item `{item}`"),
        }
    }
}
