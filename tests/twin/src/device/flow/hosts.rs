//! Who talks to whom over an interface whose counters run.

use std::net::{IpAddr, Ipv4Addr};

use shared::routeros::trace::{ConnectionState, Packet, Verdict};

use crate::device::{Device, form, row::Row};

/// A host on the Internet with which everybody talks (RFC 5737), and the ports of the two ends.
const SERVER: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(198, 51, 100, 80)), 443);
const CLIENT_PORT: u16 = 50_124;

impl Device {
    /// The first packet of the connection that an interface carries, and which of the interface's counters sees its
    /// direction. Nothing where the connection is one that another of the running interfaces carries too.
    pub(super) fn first_packet(&self, interface: &str, running: &[String]) -> Option<(Packet, usize)> {
        if !self.leads_out(interface) {
            return self.host_behind(interface).map(|host| (hello(host, Some(interface)), 0));
        }
        let inside = self.store("/interface").rows.iter().filter(|row| row.is("running") && row.name() != interface);
        let inside = inside.filter(|row| !self.leads_out(row.name()));
        let through =
            inside.filter_map(|row| Some((row.name(), hello(self.host_behind(row.name())?, Some(row.name())))));
        let leaves = |packet: &Packet| {
            let known = self.connection_of(packet).is_some();
            let state = if known { ConnectionState::Established } else { ConnectionState::New };
            let way = self.way(&Packet { connection_state: state, ..packet.clone() });
            way.trace.verdict == Verdict::Forward && way.trace.out_interface.as_deref() == Some(interface)
        };
        match through.into_iter().find(|(_, packet)| leaves(packet)) {
            Some((name, _)) if running.iter().any(|other| other == name) => None,
            Some((_, packet)) => Some((packet, 1)),
            None => self.own_address(interface).map(|own| (hello(own, None), 1)),
        }
    }

    /// Whether a default route of any table leads out by an interface.
    fn leads_out(&self, interface: &str) -> bool {
        let routes = self.store("/ip/route").rows.iter().filter(|row| row.is("active"));
        let mut defaults = routes.filter(|row| row.get("dst-address") == Some("0.0.0.0/0"));
        defaults.any(|row| {
            let via = row.derived.get("immediate-gw").map_or("", String::as_str);
            via.rsplit('%').next() == Some(interface)
        })
    }

    /// A host on the network of an interface: one with a lease, else the first that is not the router.
    fn host_behind(&self, interface: &str) -> Option<IpAddr> {
        let rows = self.store("/ip/address").rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"));
        let network = rows.into_iter().find(|row| row.text("interface") == interface)?.text("address");
        let leases = self.store("/ip/dhcp-server/lease").rows.iter().filter_map(|row| row.get("address")?.parse().ok());
        let known = leases.into_iter().find(|address| form::holds(network, *address));
        known.or_else(|| {
            let (IpAddr::V4(own), length) = form::parse_prefix(network)? else { return None };
            let IpAddr::V4(base) = form::network_of(own.into(), length) else { return None };
            let hosts = (1..=2).map(|host| Ipv4Addr::from_bits(base.to_bits() + host));
            hosts.into_iter().filter(|_| length <= 30).find(|host| *host != own).map(IpAddr::V4)
        })
    }

    fn own_address(&self, interface: &str) -> Option<IpAddr> {
        let valid = |row: &&Row| row.text("interface") == interface && !row.is_disabled() && !row.is("invalid");
        let row = self.store("/ip/address").rows.iter().find(valid)?;
        form::parse_prefix(row.text("address")).map(|(address, _)| address)
    }
}

fn hello(host: IpAddr, in_interface: Option<&str>) -> Packet {
    Packet {
        src: host,
        dst: SERVER.0,
        protocol: "tcp".to_owned(),
        src_port: Some(CLIENT_PORT),
        dst_port: Some(SERVER.1),
        in_interface: in_interface.map(str::to_owned),
        src_mac: None,
        connection_state: ConnectionState::New,
        connection_nat_state: Vec::new(),
        connection_mark: None,
        packet_mark: None,
        routing_mark: None,
        fasttrack: false,
    }
}
