//! The packets of a VIF that are followed: of both families, of each protocol and state, to everybody who matters.

use super::aims::Aims;
use crate::flow::vif::Vif;
use shared::routeros::{
    model::Model,
    trace::{ConnectionState, NatState, Packet},
};
use std::net::{IpAddr, Ipv4Addr};

/// Somebody on the Internet: of the networks for documentation (RFC 5737, RFC 3849), which no router has a route of its
/// own to.
const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);
const INTERNET_V6: &str = "2001:db8:ffff::77";
/// What a service would give itself.
const SERVICE_V6: &str = "2001:db8:64::2";
/// How many other VIFs are tried.
const OTHERS: usize = 2;

/// Whose packet it is, and so where it may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the service: by its egress, or nowhere.
    Out,
    /// An answer from behind its egress: to the service, or nowhere.
    Back,
    /// From somebody who has no business there: anywhere but to the service.
    In,
}

/// What there is around the VIF: the router's networks.
#[derive(Debug)]
pub(super) struct Around {
    /// The router's own addresses beside those of VIFs, with the interface that each is on.
    own: Vec<(Ipv4Addr, String)>,
    /// Services of other VIFs.
    services: Vec<Ipv4Addr>,
    /// Interfaces that default routes lead by.
    wans: Vec<String>,
    /// What rules of others that mark, translate or route ask of packets: those are tried too.
    aims: Aims,
}

impl Around {
    pub(super) fn of(vifs: &[Vif], model: &Model) -> Self {
        let ours = |address: Ipv4Addr| vifs.iter().any(|vif| vif.gateway_ip() == address);
        let own = model.rows("/ip/address").iter().filter(|row| !row.is("disabled")).filter_map(|row| {
            let address: Ipv4Addr = row.get("address").split('/').next()?.parse().ok()?;
            (!ours(address)).then(|| (address, row.get("interface").to_owned()))
        });
        let defaults = model
            .rows("/ip/route")
            .iter()
            .filter(|row| row.get("dst-address") == "0.0.0.0/0" && matches!(row.get("routing-table"), "" | "main"));
        let own: Vec<(Ipv4Addr, String)> = own.collect();
        let by = |gateway: &str| {
            let named = gateway.rsplit('%').next().unwrap_or(gateway);
            match named.parse::<Ipv4Addr>() {
                Ok(hop) => own.iter().find(|(address, _)| near(*address, hop)).map(|(_, interface)| interface.clone()),
                Err(_) => Some(named.to_owned()).filter(|name| !name.is_empty()),
            }
        };
        let mut wans: Vec<String> = defaults.filter_map(|row| by(row.get("gateway"))).collect();
        wans.sort_unstable();
        wans.dedup();
        Self { own, services: vifs.iter().map(Vif::service_ip).collect(), wans, aims: Aims::of(model) }
    }

    /// A network that is none of the WANs': an address of the router's in it, and the interface.
    fn lan(&self) -> Option<&(Ipv4Addr, String)> {
        let inside = |(address, interface): &&(Ipv4Addr, String)| {
            address.is_private() && !self.wans.contains(interface) && !interface.starts_with("bh-")
        };
        self.own.iter().find(inside)
    }
}

/// Whether two addresses are likely on one network; enough to find a WAN by its gateway.
fn near(a: Ipv4Addr, b: Ipv4Addr) -> bool {
    a.octets()[..3] == b.octets()[..3]
}

/// The packets that open the connections that are followed.
pub(super) fn openings(vif: &Vif, around: &Around) -> Vec<Packet> {
    let usual = [WEB, DNS, DNS_TCP, PING];
    let kinds =
        usual.iter().copied().chain(around.aims.kinds.iter().map(|(protocol, port)| (protocol.as_str(), *port)));
    let usual = kinds.map(|kind| (INTERNET, kind));
    let aimed = around.aims.addresses.iter().flat_map(|address| {
        let kinds = around.aims.kinds.iter().map(|(protocol, port)| (protocol.as_str(), *port));
        kinds.chain([WEB, PING]).map(|kind| (*address, kind))
    });
    let packet = |(address, kind)| packet(vif.service_ip(), address, kind, &vif.interface(), ConnectionState::New);
    usual.chain(aimed).map(packet).collect()
}

/// What follows such a packet, in both directions. `mark` is what others' rules put on the connection.
pub(super) fn following(vif: &Vif, opening: &Packet, mark: Option<&String>) -> Vec<(Way, Packet)> {
    use ConnectionState::{Established, Invalid, Related, Untracked};
    let is_usual = opening.dst == IpAddr::V4(INTERNET);
    let states: &[ConnectionState] =
        if is_usual { &[Established, Related, Invalid, Untracked] } else { &[Established] };
    let out = |&state: &ConnectionState| {
        (Way::Out, Packet { connection_state: state, connection_mark: mark.cloned(), ..opening.clone() })
    };
    let back = |&state: &ConnectionState| {
        let answer = Packet {
            src: opening.dst,
            dst: opening.src,
            src_port: opening.dst_port,
            dst_port: opening.src_port,
            in_interface: Some(vif.spec.egress.interface().to_string()),
            connection_state: state,
            connection_nat_state: vec![NatState::Srcnat],
            connection_mark: mark.cloned(),
            ..opening.clone()
        };
        (Way::Back, answer)
    };
    states.iter().map(out).chain(states.iter().map(back)).collect()
}

/// What belongs to no connection that may be.
pub(super) fn alone(vif: &Vif, around: &Around) -> Vec<(Way, Packet)> {
    let out = out(vif, around).into_iter().chain(v6(vif)).map(|packet| (Way::Out, packet));
    out.chain(inward(vif, around).into_iter().map(|packet| (Way::In, packet))).collect()
}

fn out(vif: &Vif, around: &Around) -> Vec<Packet> {
    use ConnectionState::{Established, Invalid, New, Untracked};
    let (service, by) = (vif.service_ip(), vif.interface());
    let mut all = Vec::new();
    let mut add = |dst: Ipv4Addr, kinds: &[Kind], states: &[ConnectionState]| {
        for &kind in kinds {
            all.extend(states.iter().map(|&state| packet(service, dst, kind, &by, state)));
        }
    };
    // The router itself answers pings of the service's own gateway and nothing else.
    add(vif.gateway_ip(), &[WEB, DNS, DNS_TCP, ("tcp", Some(8729)), ("tcp", Some(8291))], &[New]);
    add(vif.gateway_ip(), &[WEB], &[Invalid, Untracked]);
    if let Some((router, _)) = around.lan() {
        add(*router, &[WEB, DNS], &[New]);
        add(host_beside(*router), &[WEB, DNS, PING], &[New]);
        add(host_beside(*router), &[WEB], &[Established, Untracked]);
    }
    for other in around.services.iter().filter(|other| **other != service).take(OTHERS) {
        add(*other, &[WEB, PING], &[New]);
        add(*other, &[WEB], &[Established, Untracked]);
    }
    // Under somebody else's name.
    let liar = around.lan().map_or(INTERNET, |(router, _)| host_beside(*router));
    all.extend([New, Established].map(|state| packet(liar, INTERNET, WEB, &by, state)));
    all
}

fn v6(vif: &Vif) -> Vec<Packet> {
    use ConnectionState::{Established, New, Untracked};
    let (Ok(src), Ok(dst)) = (SERVICE_V6.parse::<IpAddr>(), INTERNET_V6.parse::<IpAddr>()) else { return Vec::new() };
    let kinds =
        [("tcp", Some(443), New), ("udp", Some(53), New), ("icmpv6", None, New), ("tcp", Some(443), Established)];
    let more = [("tcp", Some(443), Untracked)];
    kinds
        .into_iter()
        .chain(more)
        .map(|(protocol, port, state)| plain(src, dst, (protocol, port), &vif.interface(), state))
        .collect()
}

fn inward(vif: &Vif, around: &Around) -> Vec<Packet> {
    use ConnectionState::{Established, New, Untracked};
    // Discard (RFC 863): nobody publishes it.
    const DISCARD: Kind = ("tcp", Some(9));
    let from = |(address, interface): &(Ipv4Addr, String)| {
        [New, Established, Untracked]
            .map(|state| packet(host_beside(*address), vif.service_ip(), DISCARD, interface, state))
    };
    let lan = around.lan().into_iter().flat_map(from);
    let wans = around.wans.iter().filter(|wan| *wan != vif.spec.egress.interface().as_str());
    lan.chain(wans.map(|wan| packet(INTERNET, vif.service_ip(), DISCARD, wan, New))).collect()
}

/// Another address on the same network.
fn host_beside(router: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, d] = router.octets();
    Ipv4Addr::new(a, b, c, if d == 20 { 21 } else { 20 })
}

/// A protocol and the port that it goes to.
type Kind = (&'static str, Option<u16>);
const WEB: Kind = ("tcp", Some(443));
const DNS: Kind = ("udp", Some(53));
const DNS_TCP: Kind = ("tcp", Some(53));
const PING: Kind = ("icmp", None);

fn packet(src: Ipv4Addr, dst: Ipv4Addr, kind: (&str, Option<u16>), by: &str, state: ConnectionState) -> Packet {
    plain(src.into(), dst.into(), kind, by, state)
}

fn plain(src: IpAddr, dst: IpAddr, (protocol, port): (&str, Option<u16>), by: &str, state: ConnectionState) -> Packet {
    Packet {
        src_port: port.map(|_| 40_000),
        dst_port: port,
        in_interface: Some(by.to_owned()),
        connection_state: state,
        ..Packet::new(src, dst, protocol)
    }
}
