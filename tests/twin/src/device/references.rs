//! Values that name other rows: checked when they are set, rewritten when the named row is renamed, left on a dead id
//! when it is removed (a row of the same name, added later, is another row).

use std::{collections::BTreeSet, net::IpAddr};

use shared::routeros::value::RowId;

use super::{
    Device,
    row::Note,
    spec::{Spec, Target},
    trap::Trap,
};
use crate::schema::offered;

/// Words in the place of a name that the console does not offer.
const WORDS: [(&str, &str); 4] =
    [("address-pool", "static-only"), ("next-pool", "none"), ("server", "all"), ("certificate", "none")];

/// The id of no row.
const EMPTY: &str = "*FFFFFFFF";

impl Device {
    /// Whether a value names something that is there.
    ///
    /// # Errors
    /// [`Trap::NoMatch`], or [`Trap::InvalidValue`] for a gateway.
    pub fn check_reference(&self, spec: &Spec, name: &str, value: &str) -> Result<(), Trap> {
        let Some(&target) = spec.references.get(name) else { return Ok(()) };
        let parts = value.split(',').map(|part| part.strip_prefix('!').unwrap_or(part)).filter(|part| !part.is_empty());
        for part in parts {
            let there = match target {
                Target::Named(store, kind) => {
                    part == EMPTY
                        || self.is_named(store, kind, part)
                        || offered(&spec.path, name).contains(&part)
                        || WORDS.contains(&(name, part))
                }
                Target::InterfaceOrList => {
                    self.is_named("/interface", "", part) || self.is_named("/interface/list", "", part)
                }
                Target::Gateway => {
                    self.is_gateway(part).then_some(()).ok_or_else(|| Trap::InvalidValue(name.to_owned()))?;
                    true
                }
            };
            if !there {
                return Err(Trap::NoMatch(name.to_owned()));
            }
        }
        Ok(())
    }

    fn is_named(&self, store: &str, kind: &str, name: &str) -> bool {
        let store = self.store(store);
        let row = name.parse().ok().and_then(|id| store.row(id)).or_else(|| store.named(name));
        row.is_some_and(|row| kind.is_empty() || row.kind == kind)
    }

    /// `address`, `interface`, `address%interface`, `address@table`
    fn is_gateway(&self, text: &str) -> bool {
        let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
        match text.split_once(['%', '@']) {
            Some((address, place)) => {
                is_address(address)
                    && (self.is_named("/interface", "", place) || self.is_named("/routing/table", "", place))
            }
            None => is_address(text) || self.is_named("/interface", "", text),
        }
    }

    /// A row of `store` got another name: whoever named it names it still.
    pub(super) fn renamed(&mut self, store: &str, old: &str, new: &str) {
        let touched: BTreeSet<(String, &str)> = self
            .specs
            .values()
            .flat_map(|spec| spec.references.iter().map(|(name, target)| (spec.store.clone(), *name, *target)))
            .filter(|(.., target)| points_at(*target, store))
            .map(|(place, name, _)| (place, name))
            .collect();
        if touched.is_empty() {
            return;
        }
        for (place, name) in touched {
            let Some(rows) = self.stores.get_mut(&place) else { continue };
            for row in &mut rows.rows {
                let Some(value) = row.attributes.get(name) else { continue };
                let rewritten = replace(value, old, new);
                if rewritten != *value {
                    if !row.is_dynamic() {
                        rows.notes.push(Note { id: row.id, before: Some(row.clone()), next: None, moved: false });
                    }
                    row.attributes.insert(name.to_owned(), rewritten);
                    rows.changes += 1;
                }
            }
        }
        self.unsettled = true;
    }

    /// A row of `store` is gone: whoever named it is left with its id.
    pub(super) fn removed(&mut self, store: &str, name: &str, id: RowId) {
        if !name.is_empty() {
            self.renamed(store, name, &id.to_string());
        }
    }
}

fn points_at(target: Target, store: &str) -> bool {
    match target {
        Target::Named(named, _) => named == store,
        Target::InterfaceOrList => matches!(store, "/interface" | "/interface/list"),
        Target::Gateway => matches!(store, "/interface" | "/routing/table"),
    }
}

/// Replaces a name in a comma list whose parts may be negated or, in gateways, follow a `%` or `@`.
fn replace(value: &str, old: &str, new: &str) -> String {
    let part = |part: &str| {
        let at = part.find(['%', '@']).map_or_else(|| usize::from(part.starts_with('!')), |at| at + 1);
        if &part[at..] == old { format!("{}{new}", &part[..at]) } else { part.to_owned() }
    };
    value.split(',').map(part).collect::<Vec<_>>().join(",")
}

/// Whether a value names a row that is gone.
pub fn is_dead(value: &str) -> bool {
    let dead = |part: &str| {
        let part = part.rsplit(['%', '@']).next().unwrap_or(part);
        let part = part.strip_prefix('!').unwrap_or(part);
        part != EMPTY && part.parse::<RowId>().is_ok()
    };
    value.split(',').any(dead)
}
