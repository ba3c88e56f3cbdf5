//! The provider's side of the line: its DHCP server, its gateway, what is behind it, its resolver.

use std::{net::IpAddr, time::Duration};

use serde::Deserialize;

use super::{Device, Reply, form, request::Request, row::Row, settle::WAN_GATEWAY, trap::Trap};

/// How the provider serves.
#[derive(Debug, Clone)]
pub struct Wan {
    /// What became of the DHCP client's lease.
    pub dhcp: Lease,
    /// Whether anything answers behind the provider's gateway.
    pub internet: bool,
    /// How the provider's resolver answers.
    pub dns: Dns,
}

impl Default for Wan {
    fn default() -> Self {
        Self { dhcp: Lease::Bound, internet: true, dns: Dns::Ok }
    }
}

/// A DHCP client's `status` (manual, *DHCP*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are RouterOS's own")]
pub enum Lease {
    Bound,
    Stopped,
    Searching,
    Requesting,
    Renewing,
    Rebinding,
    Error,
}

impl Lease {
    /// As the client tells it.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::Stopped => "stopped",
            Self::Searching => "searching...",
            Self::Requesting => "requesting...",
            Self::Renewing => "renewing...",
            Self::Rebinding => "rebinding...",
            Self::Error => "error",
        }
    }

    /// Whether the client has its address meanwhile (RFC 2131: it keeps it while it renews and rebinds).
    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Bound | Self::Renewing | Self::Rebinding)
    }
}

/// How a resolver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dns {
    /// With an address.
    Ok,
    /// Not at all.
    Timeout,
    /// With SERVFAIL.
    Servfail,
}

/// What every name of the Internet leads to.
const ANYWHERE: &str = "198.51.100.80";

impl Device {
    /// Changes the provider; what is not given stays. `up` is the cable of every interface with a DHCP client.
    pub fn set_wan(
        &mut self,
        now: Duration,
        up: Option<bool>,
        dhcp: Option<Lease>,
        internet: Option<bool>,
        dns: Option<Dns>,
    ) {
        self.settle(now);
        let clients = &self.store("/ip/dhcp-client").rows;
        let interfaces: Vec<String> = clients.iter().map(|row| row.text("interface").to_owned()).collect();
        for interface in interfaces {
            match up {
                Some(true) => drop(self.world.down.remove(&interface)),
                Some(false) => drop(self.world.down.insert(interface)),
                None => {}
            }
        }
        let wan = &mut self.world.wan;
        wan.dhcp = dhcp.unwrap_or(wan.dhcp);
        wan.internet = internet.unwrap_or(wan.internet);
        wan.dns = dns.unwrap_or(wan.dns);
        self.unsettled = true;
        self.settle(now);
    }

    /// The resolver that came with a lease; empty without one.
    pub(super) fn peer_dns(&self) -> &'static str {
        let has =
            |row: &Row| row.derived.contains_key("address") && !matches!(row.get("use-peer-dns"), Some("no" | "false"));
        if self.store("/ip/dhcp-client").rows.iter().any(has) { WAN_GATEWAY } else { "" }
    }

    /// The interface to which the main table leads; for a name, that to where all names lead.
    pub(super) fn way_to(&self, host: &str) -> Option<String> {
        self.out_by_main(host.parse().or_else(|_| ANYWHERE.parse()).ok()?)
    }

    /// Whether a host is on a network of the router's own.
    pub(super) fn is_near(&self, host: &str) -> bool {
        let Ok(host) = host.parse::<IpAddr>() else { return false };
        let menu = if host.is_ipv4() { "/ip/address" } else { "/ipv6/address" };
        let rows = self.store(menu).rows.iter().filter(|row| !row.is_disabled() && !row.is("invalid"));
        rows.into_iter().any(|row| form::holds(row.text("address"), host))
    }

    /// `/resolve`: the address of a name, from the static ones, else from a server.
    pub(super) fn resolve_name(&self, request: &Request) -> Result<Reply, Trap> {
        let name = request.get("domain-name").filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Trap::Missing("domain-name".to_owned()))?;
        let row = self.store("/ip/dns/static").named(name).filter(|row| !row.is_disabled());
        if let Some(address) = row.and_then(|row| row.get("address")).filter(|_| request.get("server").is_none()) {
            return Ok(Reply::Done(Some(address.to_owned())));
        }
        let servers = match request.get("server") {
            Some(server) => server.to_owned(),
            None => format!("{},{}", self.setting("/ip/dns", "servers"), self.peer_dns()),
        };
        let mut failure = "dns server failure";
        for server in servers.split(',').filter(|server| !server.is_empty()) {
            match self.asked(server) {
                Dns::Ok if name.trim_end_matches('.').ends_with(".invalid") => {
                    return Err(Trap::failure("dns name does not exist"));
                }
                Dns::Ok => return Ok(Reply::Done(Some(ANYWHERE.to_owned()))),
                Dns::Servfail => {}
                Dns::Timeout => failure = "dns server timeout",
            }
        }
        Err(Trap::failure(failure))
    }

    /// How a server answers: the provider's as it was told to, others as far as there is a way to them.
    fn asked(&self, server: &str) -> Dns {
        if !self.answers_ping(None, server) {
            Dns::Timeout
        } else if server == WAN_GATEWAY {
            self.world.wan.dns
        } else {
            Dns::Ok
        }
    }
}
