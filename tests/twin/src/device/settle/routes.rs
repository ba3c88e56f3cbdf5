//! Routes: connected ones, the provider's default, and which of all are active.

use std::{collections::BTreeMap, net::IpAddr};

use shared::routeros::value::RowId;

use super::addresses::WAN_GATEWAY;
use crate::device::{
    Device, form,
    references::is_dead,
    row::{Origin, Row},
};

impl Device {
    pub(super) fn derive_routes(&mut self) {
        self.derive_tables();
        let connected = self.connected();
        self.keep_dynamic("/ip/route", "connect ", &connected);
        let defaults: Vec<_> = self
            .store("/ip/dhcp-client")
            .rows
            .iter()
            .filter(|row| row.derived.contains_key("gateway") && row.get("add-default-route") != Some("no"))
            .map(|row| {
                (
                    format!("dhcp {}", row.text("interface")),
                    vec![
                        ("dst-address", "0.0.0.0/0".to_owned()),
                        ("gateway", WAN_GATEWAY.to_owned()),
                        ("distance", row.text("default-route-distance").to_owned()),
                    ],
                )
            })
            .collect();
        self.keep_dynamic("/ip/route", "dhcp ", &defaults);
        let ids: Vec<RowId> = self.store("/ip/route").rows.iter().map(|row| row.id).collect();
        self.judge_routes(&ids);
    }

    /// The routes of one way, as [`way_of`] names it.
    pub(super) fn judge_routes_like(&mut self, way: &BTreeMap<String, String>) {
        let ids = self.store_mut("/ip/route").alike(&WAY, way);
        self.judge_routes(&ids);
    }

    /// Of the routes to one destination in one table those are active that can be used and are nearest. All routes of
    /// a way are judged together.
    fn judge_routes(&mut self, ids: &[RowId]) {
        let mut usable: BTreeMap<RowId, String> = BTreeMap::new();
        let mut nearest: BTreeMap<BTreeMap<String, String>, u32> = BTreeMap::new();
        for row in ids.iter().filter_map(|id| self.store("/ip/route").row(*id)) {
            if let Some(via) = self.reach(row) {
                usable.insert(row.id, via);
                let best = nearest.entry(way_of(row)).or_insert(u32::MAX);
                *best = distance(row).min(*best);
            }
        }
        for id in ids {
            let Some(row) = self.store_mut("/ip/route").live_mut(*id) else { continue };
            let via = usable.get(id).filter(|_| nearest.get(&way_of(row)) == Some(&distance(row)));
            row.derived.clear();
            row.flag("inactive", via.is_none());
            if via.is_some() {
                row.flag("active", true);
            }
            let kind = match &row.origin {
                Origin::Dynamic(key) if key.starts_with("connect ") => "connect",
                Origin::Dynamic(_) => "dhcp",
                Origin::Static | Origin::BuiltIn => "static",
            };
            row.flag(kind, true);
            if let Some(via) = usable.get(id).filter(|via| !via.is_empty()) {
                row.derived.insert("immediate-gw", via.clone());
            }
        }
    }

    fn derive_tables(&mut self) {
        if self.store("/routing/table").named("main").is_none() {
            self.put("/routing/table", Origin::Dynamic("main".to_owned()), &[("name", "main"), ("fib", "")]);
        }
        self.flag_rows("/routing/table", "invalid", |_| false);
    }

    fn connected(&self) -> Vec<(String, Vec<(&'static str, String)>)> {
        let valid = self.store("/ip/address").rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"));
        valid
            .filter_map(|row| {
                let (address, length) = form::parse_prefix(row.text("address"))?;
                let (interface, network) = (row.text("interface"), form::network_of(address, length));
                let values = vec![
                    ("dst-address", format!("{network}/{length}")),
                    ("gateway", interface.to_owned()),
                    ("distance", "0".to_owned()),
                    ("scope", "10".to_owned()),
                    ("target-scope", "5".to_owned()),
                    ("local-address", format!("{address}%{interface}")),
                ];
                Some((format!("connect {} {interface}", row.text("address")), values))
            })
            .collect()
    }

    /// How a route reaches its next hop: empty for a blackhole, nothing where it cannot.
    fn reach(&self, route: &Row) -> Option<String> {
        if route.is_disabled() || is_dead(route.text("routing-table")) {
            return None;
        }
        if route.get("blackhole").is_some() {
            return Some(String::new());
        }
        let runs = |name: &str| self.interface(name).is_some_and(|row| row.is("running"));
        let gateway = route.text("gateway").split('@').next().unwrap_or_default();
        if let Some((address, interface)) = gateway.split_once('%') {
            return runs(interface).then(|| format!("{address}%{interface}"));
        }
        let Ok(address) = gateway.parse::<IpAddr>() else { return runs(gateway).then(|| gateway.to_owned()) };
        let addresses = self.store("/ip/address").rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"));
        let near = addresses
            .filter(|row| form::holds(row.text("address"), address))
            .find(|row| runs(row.text("interface")))?;
        Some(format!("{address}%{}", near.text("interface")))
    }
}

/// What routes that compete have in common.
const WAY: [&str; 2] = ["dst-address", "routing-table"];

pub(super) fn way_of(row: &Row) -> BTreeMap<String, String> {
    WAY.iter().filter_map(|name| Some(((*name).to_owned(), row.get(name)?.to_owned()))).collect()
}

fn distance(row: &Row) -> u32 {
    row.text("distance").parse().unwrap_or(1)
}
