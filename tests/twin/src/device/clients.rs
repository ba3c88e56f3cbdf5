//! Who is on the LAN: computers and telephones with their leases, their rows in the ARP table and in the bridge's table
//! of hosts.
//!
//! A client that is there renews its lease when half of it is over (RFC 2131, 4.4.5); one that went has it until it runs
//! out. The lines of the log are the manual's ("Log", of `defconf assigned`).

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use shared::routeros::value::{RowId, format_duration, parse_duration};

use super::{
    Device, Fields, form,
    live::whole_seconds,
    row::{Origin, Row},
    settle::WAN_GATEWAY,
    world::Impossible,
};

/// The menu of leases.
pub(super) const LEASES: &str = "/ip/dhcp-server/lease";
const SERVERS: &str = "/ip/dhcp-server";
/// The provider's side of the cable (RFC 7042: addresses for documentation).
const PROVIDER_MAC: &str = "00:00:5E:00:53:01";

/// A client of the LAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it calls itself.
    pub name: String,
    /// The ethernet port behind which it is.
    pub port: String,
    /// Whether it is switched on.
    pub present: bool,
    /// The address that it was given, and when.
    leased: Option<(Ipv4Addr, Duration)>,
}

impl Device {
    /// Lets a client come, go or move to another port.
    ///
    /// # Errors
    /// No ethernet port of that name, or a MAC address that is none.
    pub fn set_client(
        &mut self,
        now: Duration,
        mac: &str,
        name: &str,
        port: &str,
        present: bool,
    ) -> Result<(), Impossible> {
        if self.interface(port).is_none_or(|row| row.kind != "ether") {
            return Err(Impossible(format!("`{port}` is no ethernet port of the router")));
        }
        let mac = form::mac(mac).ok_or_else(|| Impossible(format!("`{mac}` is no MAC address")))?;
        self.settle(now);
        let leased = self.world.clients.get(&mac).and_then(|client| client.leased);
        let client = Client { name: name.to_owned(), port: port.to_owned(), present, leased };
        self.world.clients.insert(mac, client);
        self.unsettled = true;
        self.settle(now);
        Ok(())
    }

    /// Who is there has a lease and is in the tables; who is gone has the rest of its lease.
    pub(super) fn derive_clients(&mut self) {
        let clients: Vec<(String, Client)> =
            self.world.clients.iter().map(|(mac, client)| (mac.clone(), client.clone())).collect();
        let (mut arps, mut hosts) = (self.provider_in_arp(), Vec::new());
        for (mac, client) in clients {
            let bridge = self.bridge_of(&client.port);
            let interface = bridge.as_deref().unwrap_or(&client.port).to_owned();
            let reached = [client.port.as_str(), interface.as_str()].iter().all(|name| self.is_running(name));
            if !(client.present && reached) {
                self.lease_runs_out(&mac, &client);
                continue;
            }
            if let Some(bridge) = bridge {
                hosts.push(host(&mac, &bridge, &client.port));
            }
            if let Some(address) = self.leased(&mac, &client, &interface) {
                arps.push(arp(&address.to_string(), &mac, &interface, true));
            }
        }
        hosts.extend(self.ports_in_hosts());
        self.keep_dynamic("/ip/arp", "arp ", &arps);
        self.keep_dynamic("/interface/bridge/host", "host ", &hosts);
    }

    /// The bridge of which an interface is a port.
    fn bridge_of(&self, port: &str) -> Option<String> {
        let ports = &self.store("/interface/bridge/port").rows;
        let row = ports.iter().find(|row| row.text("interface") == port && !row.is_disabled())?;
        self.interface(row.text("bridge")).map(|bridge| bridge.name().to_owned())
    }

    fn is_running(&self, interface: &str) -> bool {
        self.interface(interface).is_some_and(|row| row.is("running"))
    }

    /// The address of a client that is there: the one that it has, or a new one.
    fn leased(&mut self, mac: &str, client: &Client, interface: &str) -> Option<Ipv4Addr> {
        let row = self.lease_of_mac(mac).map(|row| (row.id, row.text("address").parse().ok(), row.expires));
        if let Some((address, _)) = client.leased {
            if let Some((id, _, Some(_))) = row {
                // It is back before its lease was over.
                self.hold_lease(id, None);
                self.remember(mac, Some((address, self.now)));
            }
            return Some(address);
        }
        let server = self.server_on(interface)?;
        let (name, pool) = (server.name().to_owned(), server.text("address-pool").to_owned());
        let kept = row.and_then(|(_, address, _)| address);
        let Some(address) = kept.or_else(|| self.free_address(&pool)) else {
            self.log("dhcp,error", &format!("{name}: failed to give out IP address: pool <{pool}> is empty"));
            return None;
        };
        if kept.is_none() {
            let text = address.to_string();
            let values = [("address", &*text), ("mac-address", mac), ("server", &name)];
            self.put(LEASES, Origin::Dynamic("lease".to_owned()), &values);
        }
        self.remember(mac, Some((address, self.now)));
        self.log("dhcp,info", &format!("{name} assigned {address} for {mac} {}", client.name));
        Some(address)
    }

    fn remember(&mut self, mac: &str, leased: Option<(Ipv4Addr, Duration)>) {
        if let Some(client) = self.world.clients.get_mut(mac) {
            client.leased = leased;
        }
    }

    fn lease_of_mac(&self, mac: &str) -> Option<&Row> {
        self.store(LEASES).rows.iter().find(|row| row.text("mac-address") == mac && !row.is_disabled())
    }

    /// The server that gives leases on an interface.
    fn server_on(&self, interface: &str) -> Option<&Row> {
        let serves = |row: &&Row| row.text("interface") == interface && !row.is_disabled() && !row.is("invalid");
        self.store(SERVERS).rows.iter().find(serves)
    }

    /// The highest address of a pool that nobody has.
    fn free_address(&self, pool: &str) -> Option<Ipv4Addr> {
        let taken: BTreeSet<Ipv4Addr> =
            self.store(LEASES).rows.iter().filter_map(|row| row.text("address").parse().ok()).collect();
        let ranges = self.store("/ip/pool").named(pool)?.text("ranges");
        let bounds = ranges.split(',').filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some((first.parse::<Ipv4Addr>().ok()?, last.parse::<Ipv4Addr>().ok()?))
        });
        let own = |address: &Ipv4Addr| {
            let text = address.to_string();
            self.store("/ip/address").rows.iter().any(|row| row.text("address").split('/').next() == Some(&text))
        };
        let mut addresses =
            bounds.flat_map(|(first, last)| (first.to_bits()..=last.to_bits()).rev()).map(Ipv4Addr::from_bits);
        addresses.find(|address| !taken.contains(address) && !own(address))
    }

    /// How long a server's leases are.
    fn lease_time(&self, server: &str) -> Duration {
        let text = self.store(SERVERS).named(server).map_or("30m", |row| row.text("lease-time"));
        parse_duration(text).unwrap_or(Duration::from_secs(1800)).max(Duration::from_secs(2))
    }

    /// When a lease was renewed last: half of its time after the one before.
    fn renewed(&self, server: &str, since: Duration) -> Duration {
        let half = self.lease_time(server).as_millis() / 2;
        let into = self.now.saturating_sub(since).as_millis() % half.max(1);
        self.now.saturating_sub(Duration::from_millis(u64::try_from(into).unwrap_or(0)))
    }

    /// A client has gone: what is left of its lease begins to run out.
    fn lease_runs_out(&mut self, mac: &str, client: &Client) {
        let Some((_, since)) = client.leased else { return };
        let Some(row) = self.lease_of_mac(mac).filter(|row| row.expires.is_none()) else { return };
        let (id, server, dynamic) = (row.id, row.text("server").to_owned(), row.is_dynamic());
        let ends = self.renewed(&server, since) + self.lease_time(&server);
        if dynamic {
            self.hold_lease(id, Some(ends));
        } else {
            self.remember(mac, None);
        }
    }

    fn hold_lease(&mut self, id: RowId, ends: Option<Duration>) {
        let Some(spec) = self.spec(LEASES).cloned() else { return };
        self.expire_at(&spec, id, ends);
    }

    /// A lease has run out.
    pub(super) fn lease_ended(&mut self, row: &Row) {
        let (mac, server) = (row.text("mac-address"), row.text("server"));
        let name = self.world.clients.get(mac).map_or("", |client| client.name.as_str()).to_owned();
        self.remember(mac, None);
        self.log("dhcp,info", &format!("{server} deassigned {} for {mac} {name}", row.text("address")));
        self.unsettled = true;
    }

    /// What a lease tells of itself at this moment.
    pub(super) fn lease_fields(&self, row: &Row) -> Fields {
        let mac = row.text("mac-address");
        let client = self.world.clients.get(mac);
        let Some((address, since)) = client.and_then(|client| client.leased) else {
            return fields(&[("status", "waiting"), ("last-seen", "never")]);
        };
        let server = row.text("server");
        let span = |time: Duration| format_duration(whole_seconds(time));
        let time = self.lease_time(server);
        let left = match row.expires {
            Some(ends) => ends.saturating_sub(self.now),
            None => (self.renewed(server, since) + time).saturating_sub(self.now),
        };
        let seen = time.saturating_sub(left);
        let (address, name) = (address.to_string(), client.map_or("", |client| client.name.as_str()));
        fields(&[
            ("status", "bound"),
            ("expires-after", &span(left)),
            ("last-seen", &span(seen)),
            ("active-address", &address),
            ("active-mac-address", mac),
            ("active-server", server),
            ("host-name", name),
        ])
    }

    /// The provider's gateway, where a lease says that it is near.
    fn provider_in_arp(&self) -> Vec<(String, Vec<(&'static str, String)>)> {
        let clients = self.store("/ip/dhcp-client").rows.iter();
        let bound = clients.filter(|row| row.derived.contains_key("gateway") && self.is_running(row.text("interface")));
        bound.map(|row| arp(WAN_GATEWAY, PROVIDER_MAC, row.text("interface"), false)).collect()
    }

    /// A bridge knows the addresses of its own ports.
    fn ports_in_hosts(&self) -> Vec<(String, Vec<(&'static str, String)>)> {
        let ports = self.store("/interface/bridge/port").rows.iter().filter(|row| !row.is_disabled());
        let own = ports.filter_map(|port| {
            let (bridge, row) = (self.interface(port.text("bridge"))?, self.interface(port.text("interface"))?);
            let mac = row.get("mac-address").filter(|_| row.is("running"))?;
            let mut own = host(mac, bridge.name(), row.name());
            own.1.push(("local", "true".to_owned()));
            Some(own)
        });
        own.collect()
    }

    /// Clients that were there before anybody looked: each has the lease of its address since `since` ago.
    pub(super) fn move_in(&mut self, clients: &[(&str, &str, &str)], ago: Duration) {
        for (name, address, mac) in clients {
            let Ok(IpAddr::V4(address)) = address.parse() else { continue };
            let text = address.to_string();
            // A lease that was made static is kept with the configuration.
            if self.store(LEASES).rows.iter().all(|row| row.get("address") != Some(&text)) {
                let values = [("address", text.as_str()), ("mac-address", mac), ("server", "defconf")];
                self.put(LEASES, Origin::Dynamic("lease".to_owned()), &values);
            }
            let client = Client {
                name: (*name).to_owned(),
                port: "ether2".to_owned(),
                present: true,
                leased: Some((address, self.now.saturating_sub(ago))),
            };
            self.world.clients.insert((*mac).to_owned(), client);
        }
        self.unsettled = true;
    }
}

fn fields(values: &[(&str, &str)]) -> Fields {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A row of `/ip/arp` (CLI reference of 7.x: its flags and `status`).
fn arp(address: &str, mac: &str, interface: &str, dhcp: bool) -> (String, Vec<(&'static str, String)>) {
    let values = vec![
        ("address", address.to_owned()),
        ("mac-address", mac.to_owned()),
        ("interface", interface.to_owned()),
        ("DHCP", dhcp.to_string()),
        ("complete", "true".to_owned()),
        ("status", "reachable".to_owned()),
    ];
    (format!("arp {interface} {address}"), values)
}

/// A row of `/interface/bridge/host` (its properties as a provider's sample of 7.23.2 shows them).
fn host(mac: &str, bridge: &str, port: &str) -> (String, Vec<(&'static str, String)>) {
    let values = vec![
        ("mac-address", mac.to_owned()),
        ("bridge", bridge.to_owned()),
        ("interface", port.to_owned()),
        ("on-interface", port.to_owned()),
    ];
    (format!("host {bridge} {mac} {port}"), values)
}
