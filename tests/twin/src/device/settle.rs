//! What follows from the configuration and the world, brought up to a moment: time passes, entries run out, flags and
//! rows of the router's own making are renewed.

mod addresses;
mod bridges;
mod interfaces;
mod routes;
mod rules;
mod traffic;

use std::time::Duration;

use super::{Device, references::is_dead, row::Origin};

impl Device {
    /// Brings the device to `now`. Entries that run out on the way do so at their moment, not at `now`.
    pub fn settle(&mut self, now: Duration) {
        while let Some(moment) = self.next_expiry().filter(|moment| *moment <= now) {
            self.derive();
            self.run_meters(moment);
            for store in self.stores.values_mut() {
                let before = store.rows.len();
                store.rows.retain(|row| row.expires.is_none_or(|at| at > moment));
                store.changes += u64::from(store.rows.len() != before);
            }
        }
        self.derive();
        self.run_meters(now);
    }

    fn next_expiry(&self) -> Option<Duration> {
        let lists = ["/ip/firewall/address-list", "/ipv6/firewall/address-list"];
        lists
            .iter()
            .filter_map(|menu| self.stores.get(*menu))
            .flat_map(|store| &store.rows)
            .filter_map(|row| row.expires)
            .min()
    }

    /// Renews all that follows, when anything it follows from has changed.
    fn derive(&mut self) {
        if !std::mem::take(&mut self.unsettled) {
            return;
        }
        self.topology += 1;
        self.derive_interfaces();
        self.derive_bridges();
        self.derive_addresses();
        self.derive_routes();
        self.derive_rules();
        self.unsettled = false;
    }

    /// Makes the rows that the router itself keeps in a menu equal to the wanted ones: `(key, values)`. Those that stay keep their ids.
    fn keep_dynamic(&mut self, menu: &str, prefix: &str, wanted: &[(String, Vec<(&str, String)>)]) {
        let ours = |origin: &Origin| matches!(origin, Origin::Dynamic(key) if key.starts_with(prefix));
        let stays =
            |origin: &Origin| matches!(origin, Origin::Dynamic(key) if wanted.iter().any(|(wanted, _)| wanted == key));
        self.store_mut(menu).rows.retain(|row| !ours(&row.origin) || stays(&row.origin));
        for (key, values) in wanted {
            let origin = Origin::Dynamic(key.clone());
            let id = self.store(menu).rows.iter().find(|row| row.origin == origin).map(|row| row.id);
            let id = id.unwrap_or_else(|| self.put(menu, origin, &[]));
            if let Some(row) = self.store_mut(menu).row_mut(id) {
                row.attributes.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            }
        }
    }

    /// Sets a flag on each row of a menu.
    fn flag_rows(&mut self, menu: &str, name: &'static str, flag: impl Fn(&super::row::Row) -> bool) {
        let Some(store) = self.stores.get_mut(menu) else { return };
        for row in &mut store.rows {
            let value = flag(row);
            row.flag(name, value);
        }
    }
}

/// Whether any of these values of a row names something that is gone.
fn names_dead(row: &super::row::Row, names: &[&str]) -> bool {
    names.iter().filter_map(|name| row.get(name)).any(is_dead)
}
