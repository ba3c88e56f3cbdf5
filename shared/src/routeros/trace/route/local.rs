//! The router's own addresses.

use std::net::IpAddr;

use super::super::{
    address::{Family, Prefix},
    interface::Interfaces,
};
use crate::routeros::model::Model;

/// One of the router's own addresses, and the network that it is connected to by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local<'m> {
    pub(super) address: IpAddr,
    pub(super) network: Prefix,
    pub(super) interface: &'m str,
}

/// The addresses that are in force: not disabled, on an interface that is not, and that is no port of a bridge.
pub(super) fn addresses<'m>(model: &'m Model, interfaces: &Interfaces<'m>, family: Family) -> Vec<Local<'m>> {
    let menu = match family {
        Family::V4 => "/ip/address",
        Family::V6 => "/ipv6/address",
    };
    let rows = model.rows(menu).iter().filter(|row| !row.is("disabled"));
    rows.filter_map(|row| {
        let interface = row.get("interface");
        let own = Prefix::parse(row.get("address"))?;
        // A point-to-point address names the other end in `network` (*IP Addressing*).
        let other = row.get("network").parse().ok().filter(|_| own.length == family.bits());
        let network = Prefix { address: other.unwrap_or(own.address), ..own };
        let in_force = !interfaces.is_disabled(interface) && !interfaces.is_slave(interface);
        in_force.then_some(Local { address: own.address, network, interface })
    })
    .collect()
}
