//! Gateways as routes name them, and whether they can be reached.

use std::net::IpAddr;

use super::{super::interface::Interfaces, Leads, Routing};

/// `10.0.0.1`, `wg-vpn`, `10.0.0.1%ether1`, `10.0.0.1@table`.
#[derive(Debug)]
pub(super) struct Gateway<'m> {
    address: Option<IpAddr>,
    interface: Option<&'m str>,
    table: &'m str,
}

impl<'m> Gateway<'m> {
    pub(super) fn parse(text: &'m str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let (text, table) = text.split_once('@').unwrap_or((text, "main"));
        if let Some((address, interface)) = text.split_once('%') {
            return Some(Self { address: Some(address.parse().ok()?), interface: Some(interface), table });
        }
        Some(match text.parse() {
            Ok(address) => Self { address: Some(address), interface: None, table },
            Err(_) => Self { address: None, interface: Some(text), table },
        })
    }
}

impl<'m> Routing<'m> {
    /// The interface and the next hop of a gateway that can be reached.
    ///
    /// Source: *IP Routing*, next-hop lookup: an address is looked for among routes whose scope is at most the
    /// route's target scope, which are the connected ones unless somebody chose otherwise.
    pub(super) fn reached(
        &self,
        interfaces: &Interfaces,
        gateway: &Gateway<'m>,
        target_scope: u8,
        depth: u8,
    ) -> Option<(&'m str, Option<IpAddr>)> {
        if let Some(interface) = gateway.interface {
            let usable = interfaces.is_up(interface) && !interfaces.is_slave(interface);
            return usable.then_some((interface, gateway.address));
        }
        let address = gateway.address?;
        if depth == 0 || self.is_local(address) {
            return None;
        }
        let mut ways: Vec<_> = self
            .candidates
            .iter()
            .filter(|route| route.table == gateway.table && route.scope <= target_scope && route.to.contains(address))
            .collect();
        ways.sort_by_key(|route| (std::cmp::Reverse(route.to.length), route.distance));
        ways.into_iter().find_map(|route| match &route.leads {
            Leads::Connected(interface) => Some((*interface, Some(address))),
            Leads::Gateways { gateways, target_scope } => {
                gateways.iter().find_map(|gateway| self.reached(interfaces, gateway, *target_scope, depth - 1))
            }
            Leads::Blackhole => None,
        })
    }
}
