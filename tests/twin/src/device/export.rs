//! The whole configuration in canonical order, for comparison: rows that a person or a client made, without what is
//! default, read-only or born by itself.

use std::collections::BTreeMap;

use super::{
    Device,
    row::Origin,
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
        // `/interface` holds all kinds; each is exported under its own menu.
        for spec in self.specs.values().filter(|spec| spec.path != "/interface" && !spec.read_only) {
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
        rows.filter(|row| !row.is_dynamic())
            .filter_map(|row| {
                let settable = |name: &str| {
                    ["add", "set"].iter().any(|verb| self.schema.has(&format!("{}/{verb}", spec.path), name))
                };
                let attributes: BTreeMap<String, String> = row
                    .attributes
                    .iter()
                    .filter(|(name, value)| {
                        let plain = if row.origin == Origin::BuiltIn {
                            *name != "name" && row.built.get(*name) == Some(*value)
                        } else {
                            let default =
                                spec.defaults.get(name.as_str()).copied().or((*name == "disabled").then_some("false"));
                            default == Some(value.as_str())
                        };
                        settable(name) && !plain && !MADE_UP.contains(&name.as_str())
                    })
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                // What is there from the factory shows only where somebody changed it.
                let untouched = row.origin == Origin::BuiltIn
                    && attributes.iter().all(|(name, value)| row.built.get(name) == Some(value));
                (!untouched).then_some(attributes)
            })
            .collect()
    }

    fn export_single(&self, spec: &Spec) -> Vec<BTreeMap<String, String>> {
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
