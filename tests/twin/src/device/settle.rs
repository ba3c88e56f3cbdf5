//! What follows from the configuration and the world, brought up to a moment: time passes, entries run out, flags and
//! rows of the router's own making are renewed.

mod addresses;
mod bridges;
mod interfaces;
mod routes;
mod rules;
mod traffic;

pub(super) use self::addresses::WAN_GATEWAY;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared::routeros::value::RowId;

use super::{
    Device,
    clients::LEASES,
    references::is_dead,
    row::Origin,
    spec::{Spec, Weight},
};

/// What has to be judged anew after a change that does not reach beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Touched {
    /// A rule, by its menu and id.
    Rule(String, RowId),
    /// A rule that fasttracks came or went.
    Fasttrack,
    /// The routes to one destination in one table.
    Routes(BTreeMap<String, String>),
}

impl Device {
    /// Brings the device to `now`. Entries that run out on the way do so at their moment, not at `now`, and scripts that
    /// wait go on at theirs.
    pub fn settle(&mut self, now: Duration) {
        while let Some(moment) = self.next_event().filter(|moment| *moment <= now) {
            self.derive();
            self.run_meters(moment);
            while self.expiries.first().is_some_and(|(at, ..)| *at <= moment) {
                let Some((at, store, id)) = self.expiries.pop_first() else { break };
                let rows = self.store_mut(&store);
                let Some(row) = rows.row(id).filter(|row| row.expires == Some(at)).cloned() else { continue };
                rows.remove(id);
                if store == LEASES {
                    self.lease_ended(&row);
                }
            }
            self.run_unroll();
            self.run_containers();
            self.run_scripts();
        }
        self.derive();
        self.run_meters(now);
        self.forget_notes();
    }

    fn next_event(&mut self) -> Option<Duration> {
        let expiry = self.expiries.first().map(|(moment, ..)| *moment);
        [expiry, self.next_unroll(), self.next_container(), self.next_script()].into_iter().flatten().min()
    }

    /// A row has come, changed or is about to go: what follows from it is to be judged anew.
    pub(super) fn touch(&mut self, spec: &Spec, id: RowId) {
        match spec.weight {
            Weight::None => {}
            Weight::Topology => self.unsettled = true,
            Weight::Own => {
                let Some(row) = self.store(&spec.store).row(id) else { return };
                let touched = if spec.path == "/ip/route" {
                    Touched::Routes(routes::way_of(row))
                } else {
                    Touched::Rule(spec.store.clone(), id)
                };
                let fasttrack = row.text("action") == rules::FASTTRACK;
                self.touched.push(touched);
                self.touched.extend(fasttrack.then_some(Touched::Fasttrack));
            }
        }
    }

    /// Renews all that follows, when anything it follows from has changed.
    fn derive(&mut self) {
        if std::mem::take(&mut self.unsettled) {
            self.topology += 1;
            self.derive_list_ports();
            self.derive_interfaces();
            self.derive_bridges();
            self.derive_addresses();
            self.derive_clients();
            self.derive_routes();
            self.derive_rules();
        } else {
            while let Some(touched) = self.touched.pop() {
                match touched {
                    Touched::Rule(menu, id) => self.judge_rule(&menu, id),
                    Touched::Fasttrack => self.derive_dummies(),
                    Touched::Routes(way) => self.judge_routes_like(&way),
                }
            }
        }
        self.unsettled = false;
        self.touched.clear();
    }

    /// Makes the rows that the router itself keeps in a menu equal to the wanted ones: `(key, values)`. Those that stay keep their ids.
    pub(super) fn keep_dynamic(&mut self, menu: &str, prefix: &str, wanted: &[(String, Vec<(&str, String)>)]) {
        let keys: BTreeSet<&str> = wanted.iter().map(|(key, _)| key.as_str()).collect();
        let mut there: BTreeMap<String, RowId> = BTreeMap::new();
        for row in &self.store(menu).rows {
            if let Origin::Dynamic(key) = &row.origin
                && key.starts_with(prefix)
            {
                there.insert(key.clone(), row.id);
            }
        }
        for id in there.iter().filter(|(key, _)| !keys.contains(key.as_str())).map(|(_, id)| *id) {
            self.store_mut(menu).remove(id);
        }
        for (key, values) in wanted {
            let id = there.get(key).copied().unwrap_or_else(|| self.put(menu, Origin::Dynamic(key.clone()), &[]));
            let Some(row) = self.store(menu).row(id) else { continue };
            if values.iter().any(|(name, value)| row.get(name) != Some(value)) {
                let mut attributes = row.attributes.clone();
                attributes.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
                self.store_mut(menu).replace(id, attributes);
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
