//! Addresses: which are invalid, and the one that the provider's DHCP server gave.

use std::collections::{BTreeMap, BTreeSet};

use crate::device::{Device, form, references::is_dead};

/// What the modelled provider hands out.
pub(super) const WAN_ADDRESS: &str = "203.0.113.10/24";
pub(super) const WAN_GATEWAY: &str = "203.0.113.1";

impl Device {
    pub(super) fn derive_addresses(&mut self) {
        self.derive_dhcp_clients();
        let slaves: BTreeSet<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("slave"))
            .map(|row| row.name().to_owned())
            .collect();
        self.flag_rows("/ip/dhcp-server", "invalid", |row| {
            is_dead(row.text("interface")) || slaves.contains(row.text("interface"))
        });
        let ports: BTreeMap<String, String> = self
            .store("/interface/bridge/port")
            .rows
            .iter()
            .map(|row| (row.text("interface").to_owned(), row.text("bridge").to_owned()))
            .collect();
        for menu in ["/ip/address", "/ipv6/address"] {
            let Some(store) = self.stores.get_mut(menu) else { continue };
            for row in &mut store.rows {
                let interface = row.text("interface").to_owned();
                let slave = slaves.contains(&interface);
                row.flag("invalid", is_dead(&interface) || slave);
                row.flag("slave", slave);
                let bridge = ports.get(&interface).filter(|_| slave).cloned();
                row.derived.insert("actual-interface", bridge.unwrap_or(interface));
            }
        }
    }

    /// A DHCP client on a running interface is bound; its address is a row of the router's own.
    fn derive_dhcp_clients(&mut self) {
        let running: BTreeSet<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("running"))
            .map(|row| row.name().to_owned())
            .collect();
        let mut wanted = Vec::new();
        if let Some(store) = self.stores.get_mut("/ip/dhcp-client") {
            for row in &mut store.rows {
                let bound = !row.is_disabled() && running.contains(row.text("interface"));
                row.derived.retain(|name, _| !DHCP.contains(name));
                row.flag("invalid", is_dead(row.text("interface")));
                row.derived.insert("status", if bound { "bound" } else { "stopped" }.to_owned());
                if !bound {
                    continue;
                }
                let values = [WAN_ADDRESS, WAN_GATEWAY, WAN_GATEWAY, WAN_GATEWAY, "23h59m"];
                row.derived.extend(DHCP.into_iter().skip(1).zip(values.map(str::to_owned)));
                let network = form::parse_prefix(WAN_ADDRESS)
                    .map(|(address, length)| form::network_of(address, length).to_string());
                let interface = row.text("interface").to_owned();
                wanted.push((
                    format!("dhcp {interface}"),
                    vec![
                        ("address", WAN_ADDRESS.to_owned()),
                        ("network", network.unwrap_or_default()),
                        ("interface", interface),
                    ],
                ));
            }
        }
        self.keep_dynamic("/ip/address", "dhcp ", &wanted);
    }
}

const DHCP: [&str; 6] = ["status", "address", "gateway", "dhcp-server", "primary-dns", "expires-after"];
