//! What a menu is like: its columns' defaults, what must be given, what must be unique, what refers to what.
//!
//! A menu that the table in `menus.rs` does not know is taken from the schema alone, with nothing known of its
//! values.

use std::collections::BTreeMap;

/// How a menu holds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Rows in no meaningful order.
    #[default]
    List,
    /// Rows whose order matters: `place-before`, `move`, `.nextid`.
    Ordered,
    /// One set of values, without an id.
    Single,
}

/// How far a change of a row reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// Nowhere.
    #[default]
    None,
    /// To the flags of the row itself and of those that compete with it.
    Own,
    /// To other menus.
    Topology,
}

/// What a value names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A row, by name, of a store; of one kind unless empty.
    Named(&'static str, &'static str),
    /// An interface or an interface list.
    InterfaceOrList,
    /// A route's gateway: an address, an interface, or both.
    Gateway,
}

/// Interfaces of every kind.
pub const INTERFACE: Target = Target::Named("/interface", "");
/// Interface lists.
pub const LIST: Target = Target::Named("/interface/list", "");
/// Routing tables.
pub const TABLE: Target = Target::Named("/routing/table", "");
/// Bridges.
pub const BRIDGE: Target = Target::Named("/interface", "bridge");

/// One menu.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// `/interface/vlan`
    pub path: String,
    /// Where the rows are: another menu's path for views such as this one's `/interface`.
    pub store: String,
    /// The rows' kind in that store; empty for all.
    pub kind: &'static str,
    /// How the rows stand.
    pub shape: Shape,
    /// Arguments that `add` wants.
    pub needs: Vec<&'static str>,
    /// Arguments that together must be unique, and what is said when they are not.
    pub unique: Option<(Vec<&'static str>, &'static str)>,
    /// Values that a row has when nothing else was said.
    pub defaults: BTreeMap<&'static str, &'static str>,
    /// Boolean columns that are always there.
    pub flags: Vec<&'static str>,
    /// Which values name rows elsewhere.
    pub references: BTreeMap<&'static str, Target>,
    /// Values that are never shown.
    pub hidden: Vec<&'static str>,
    /// Values that only the policy `sensitive` may see.
    pub secret: Vec<&'static str>,
    /// Rows are born by the device alone.
    pub read_only: bool,
    /// What a change of a row may change elsewhere.
    pub weight: Weight,
}

/// Begins the description of a menu. Lists are given as words with blanks between them.
pub fn menu(path: &str) -> Spec {
    Spec { path: path.to_owned(), store: path.to_owned(), flags: vec!["disabled", "dynamic"], ..Spec::default() }
}

impl Spec {
    /// Rows of a kind in another menu's store.
    #[must_use]
    pub fn of(mut self, store: &str, kind: &'static str) -> Self {
        store.clone_into(&mut self.store);
        self.kind = kind;
        self
    }

    /// The rows' order matters.
    #[must_use]
    pub fn ordered(mut self) -> Self {
        self.shape = Shape::Ordered;
        self
    }

    /// One set of values.
    #[must_use]
    pub fn single(mut self) -> Self {
        self.shape = Shape::Single;
        self.flags = Vec::new();
        self
    }

    /// Arguments that `add` wants.
    #[must_use]
    pub fn needs(mut self, names: &'static str) -> Self {
        self.needs = names.split_whitespace().collect();
        self
    }

    /// Arguments that together must be unique.
    #[must_use]
    pub fn unique(mut self, names: &'static str, taken: &'static str) -> Self {
        self.unique = Some((names.split_whitespace().collect(), taken));
        self
    }

    /// Defaults, as `name=value`.
    #[must_use]
    pub fn defaults(mut self, pairs: &'static str) -> Self {
        self.defaults.extend(pairs.split_whitespace().filter_map(|pair| pair.split_once('=')));
        self
    }

    /// The boolean columns that are always there.
    #[must_use]
    pub fn flags(mut self, names: &'static str) -> Self {
        self.flags = names.split_whitespace().collect();
        self
    }

    /// Values that name rows elsewhere.
    #[must_use]
    pub fn refers(mut self, names: &'static str, target: Target) -> Self {
        self.references.extend(names.split_whitespace().map(|name| (name, target)));
        self
    }

    /// Values that are never shown.
    #[must_use]
    pub fn hidden(mut self, names: &'static str) -> Self {
        self.hidden = names.split_whitespace().collect();
        self
    }

    /// Values that only `sensitive` may see.
    #[must_use]
    pub fn secret(mut self, names: &'static str) -> Self {
        self.secret = names.split_whitespace().collect();
        self
    }

    /// Rows are born by the device alone.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self.flags = Vec::new();
        self
    }

    /// The rows decide what other rows are.
    #[must_use]
    pub fn topology(mut self) -> Self {
        self.weight = Weight::Topology;
        self
    }

    /// The rows are judged one by one.
    #[must_use]
    pub fn judged(mut self) -> Self {
        self.weight = Weight::Own;
        self
    }
}
