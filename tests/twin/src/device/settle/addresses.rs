//! Addresses: which are invalid, and the one that the provider's DHCP server gave.

use std::collections::{BTreeMap, BTreeSet};

use crate::device::{Device, form, references::is_dead};

/// What the modelled provider hands out.
pub(super) const WAN_ADDRESS: &str = "203.0.113.10/24";
pub(in crate::device) const WAN_GATEWAY: &str = "203.0.113.1";

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

    /// A DHCP client on a running interface has the lease that the provider gives; its address is a row of the router's own.
    fn derive_dhcp_clients(&mut self) {
        let running: BTreeSet<String> = self
            .store("/interface")
            .rows
            .iter()
            .filter(|row| row.is("running"))
            .map(|row| row.name().to_owned())
            .collect();
        let lease = self.world.wan.dhcp;
        let (mut wanted, mut told) = (Vec::new(), Vec::new());
        if let Some(store) = self.stores.get_mut("/ip/dhcp-client") {
            for row in &mut store.rows {
                let served = !row.is_disabled() && running.contains(row.text("interface"));
                let bound = served && lease.holds();
                if bound != row.derived.contains_key("address") {
                    told.push((row.text("interface").to_owned(), bound));
                }
                row.derived.retain(|name, _| !DHCP.contains(name));
                row.flag("invalid", is_dead(row.text("interface")));
                row.derived.insert("status", if served { lease.status() } else { "stopped" }.to_owned());
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
        let address = WAN_ADDRESS.split('/').next().unwrap_or_default();
        for (interface, bound) in told {
            let what = if bound { "got" } else { "lost" };
            self.log("dhcp,info", &format!("dhcp-client on {interface} {what} IP address {address}"));
        }
        self.keep_dynamic("/ip/address", "dhcp ", &wanted);
    }
}

const DHCP: [&str; 6] = ["status", "address", "gateway", "dhcp-server", "primary-dns", "expires-after"];
