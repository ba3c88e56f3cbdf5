//! What a new row gets by itself: a name, keys, an address, a life time.

use std::{collections::BTreeMap, time::Duration};

use base64::Engine;
use sha2::{Digest, Sha256};
use shared::routeros::value::{RowId, parse_duration};

use super::{Device, form, row::Origin, spec::Spec};

impl Device {
    /// Fills in what RouterOS makes up where nothing was said.
    pub(super) fn fill_in(&mut self, spec: &Spec, attributes: &mut BTreeMap<String, String>) {
        let base = match spec.path.as_str() {
            "/interface/bridge" => "bridge",
            "/interface/vlan" => "vlan",
            "/interface/veth" => "veth",
            "/interface/wireguard" => "wireguard",
            "/interface/wireguard/peers" if self.schema.has("/interface/wireguard/peers/add", "name") => "peer",
            "/ip/dhcp-server" => "server",
            "/system/script" => "script",
            "/system/scheduler" => "schedule",
            "/container" if self.schema.has("/container/add", "name") => "container",
            _ => "",
        };
        if !base.is_empty() && !attributes.contains_key("name") {
            let free = self.store_mut(&spec.store).free_name(base);
            attributes.insert("name".to_owned(), free);
        }
        if spec.path == "/interface/wireguard" {
            let private = attributes.entry("private-key".to_owned()).or_insert_with(|| key(self.keys)).clone();
            attributes.entry("public-key".to_owned()).or_insert_with(|| derived_key(&private));
            self.keys += 1;
        }
        if spec.kind == "bridge" || spec.kind == "veth" {
            self.keys += 1;
            let [.., a, b] = self.keys.to_be_bytes();
            let given = attributes.get("admin-mac").cloned();
            let made = given.unwrap_or_else(|| format!("02:B0:17:00:{a:02X}:{b:02X}"));
            attributes.entry("mac-address".to_owned()).or_insert(made);
        }
        if spec.path == "/ip/address" && !attributes.contains_key("network") {
            let network = attributes.get("address").and_then(|address| form::parse_prefix(address));
            let network = network.map(|(address, length)| form::network_of(address, length).to_string());
            attributes.insert("network".to_owned(), network.unwrap_or_default());
        }
        if spec.path.ends_with("/firewall/address-list") {
            attributes.insert("creation-time".to_owned(), super::system::date_time(self.epoch + self.now));
        }
    }

    /// Takes a list entry's time-out out of its values: such an entry lives in memory and counts down.
    pub(super) fn lease_of(&self, spec: &Spec, attributes: &mut BTreeMap<String, String>) -> Option<Duration> {
        if !spec.path.ends_with("/firewall/address-list") {
            return None;
        }
        let timeout = parse_duration(&attributes.remove("timeout")?).ok()?;
        (!timeout.is_zero()).then(|| self.now + timeout)
    }

    /// What happens once a row is there.
    pub(super) fn born(&mut self, spec: &Spec, id: RowId) {
        if spec.path == "/container" {
            self.container_born(id);
        }
    }

    /// Puts a row that the device itself made.
    pub(super) fn put(&mut self, menu: &str, origin: Origin, values: &[(&str, &str)]) -> RowId {
        let spec = self.specs.get(menu).cloned().unwrap_or_else(|| super::spec::menu(menu));
        let mut attributes: BTreeMap<String, String> =
            spec.defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        attributes.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let id = self.store_mut(&spec.store).insert(None, spec.kind, origin, attributes);
        self.touch(&spec, id);
        id
    }

    /// Says when a row vanishes by itself.
    pub(super) fn expire_at(&mut self, spec: &Spec, id: RowId, moment: Option<Duration>) {
        if let Some(row) = self.store_mut(&spec.store).live_mut(id) {
            row.expires = moment;
        }
        self.expiries.extend(moment.map(|moment| (moment, spec.store.clone(), id)));
    }
}

/// A key in the form of WireGuard's. The twin encrypts nothing, so any 32 bytes will do.
fn key(seed: u64) -> String {
    base64(&Sha256::digest(seed.to_be_bytes()))
}

/// Stands for the public key of a private one: the same always, another for each.
pub(super) fn derived_key(private: &str) -> String {
    base64(&Sha256::digest(private.as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
