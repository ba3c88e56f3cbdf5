//! The whole configuration in canonical order, for comparison: rows that a person or a client made, without what is
//! default, read-only or born by itself.

use std::collections::BTreeMap;

use super::{
    Device,
    row::{Origin, Row},
    spec::{Shape, Spec},
};

/// Rows by menu; a single menu is one row. Names are those of the API, values as it prints them.
pub type Export = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// Values that the device makes up, so that two equal configurations need not share them.
const MADE_UP: [&str; 4] = ["mac-address", "creation-time", "default-name", "network"];

impl Device {
    /// The configuration: menus by name, rows in their order where the order matters and sorted elsewhere.
    pub fn export(&self) -> Export {
        let mut export = Export::new();
        // `/interface` holds all kinds; each is exported under its own menu. Files are no configuration.
        let is_view = |path: &str| matches!(path, "/interface" | "/file");
        for spec in self.specs.values().filter(|spec| !is_view(&spec.path) && !spec.read_only) {
            let mut rows = match spec.shape {
                Shape::Single => self.export_single(spec),
                Shape::List | Shape::Ordered => self.export_rows(spec),
            };
            if spec.shape == Shape::List {
                rows.sort();
            }
            if !rows.is_empty() {
                export.insert(spec.path.clone(), rows);
            }
        }
        export
    }

    fn export_rows(&self, spec: &Spec) -> Vec<BTreeMap<String, String>> {
        let rows = self.store(&spec.store).rows.iter().filter(|row| row.kind == spec.kind);
        rows.filter_map(|row| self.configured(spec, row, false)).collect()
    }

    /// What was configured of a row, or `every` value of it; nothing of rows that the device itself made, or that are as
    /// they were born.
    pub(super) fn configured(&self, spec: &Spec, row: &Row, every: bool) -> Option<BTreeMap<String, String>> {
        if row.is_dynamic() {
            return None;
        }
        let settable =
            |name: &str| ["add", "set"].iter().any(|verb| self.schema.has(&format!("{}/{verb}", spec.path), name));
        let plain = |name: &str, value: &str| {
            if row.origin == Origin::BuiltIn {
                return name != "name" && row.built.get(name).is_some_and(|built| built == value);
            }
            let default = spec.defaults.get(name).copied().or((name == "disabled").then_some("false"));
            default == Some(value)
        };
        let attributes: BTreeMap<String, String> = row
            .attributes
            .iter()
            .filter(|(name, value)| {
                settable(name) && (every || !plain(name, value)) && !MADE_UP.contains(&name.as_str())
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        // What is there from the factory shows only where somebody changed it.
        let untouched = row.origin == Origin::BuiltIn
            && !every
            && attributes.iter().all(|(name, value)| row.built.get(name) == Some(value));
        (!untouched).then_some(attributes)
    }

    pub(super) fn export_single(&self, spec: &Spec) -> Vec<BTreeMap<String, String>> {
        let set: BTreeMap<String, String> = self
            .single(&spec.path)
            .into_iter()
            .filter(|(name, value)| {
                self.schema.has(&format!("{}/set", spec.path), name)
                    && spec.defaults.get(name.as_str()).is_none_or(|default| *default != value.as_str())
            })
            .collect();
        if set.is_empty() { Vec::new() } else { vec![set] }
    }
}
