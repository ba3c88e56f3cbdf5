//! What links, addresses and routes amount to.

use std::{fmt, net::IpAddr};

use netlink_packet_route::{
    AddressFamily,
    address::{AddressAttribute, AddressMessage},
    link::{LinkAttribute, LinkFlags, LinkMessage},
    route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType},
};

/// Where the agent sits.
///
/// Everything is of the interface that the default route leaves by (IPv4 if there is one, else IPv6; the lowest metric
/// of several); without a default route, of the first interface that is not the loopback, one with an address before
/// one without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name; nothing where there is none but the loopback.
    pub interface: Option<String>,
    /// Its addresses, those of IPv4 first, without link-local ones.
    pub addresses: Vec<Address>,
    /// The router: the gateway of the default route.
    pub gateway: Option<IpAddr>,
    /// Whether it is switched on and has a carrier.
    pub link_up: bool,
    /// Its Ethernet address.
    pub mac: Option<Mac>,
}

/// An interface's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Bits of its network, 0 to 32 or 128.
    pub prefix: u8,
}

/// An Ethernet address, shown as RouterOS does: `02:0A:…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl Place {
    /// The address that the router sees the agent under: the one in the gateway's network, else the first of its
    /// family.
    pub fn towards_gateway(&self) -> Option<Address> {
        let gateway = self.gateway?;
        let same = || self.addresses.iter().filter(move |address| address.ip.is_ipv4() == gateway.is_ipv4());
        same().find(|address| address.network_has(gateway)).or_else(|| same().next()).copied()
    }
}

impl Address {
    fn network_has(&self, other: IpAddr) -> bool {
        let host_bits = |width: u32| width.saturating_sub(u32::from(self.prefix));
        match (self.ip, other) {
            // A shift by the whole width is the network that has everything.
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(host_bits(32)).is_none_or(|differing| differing == 0)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(host_bits(128)).is_none_or(|differing| differing == 0)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02X}")?;
        rest.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}

/// The place that these make.
pub(super) fn place(links: &[LinkMessage], addresses: &[AddressMessage], routes: &[RouteMessage]) -> Place {
    let default = routes.iter().filter_map(Default::of).min_by_key(|route| (route.gateway.is_ipv6(), route.metric));
    let index = default.as_ref().map(|route| route.interface);
    let Some(link) = index.map_or_else(|| without_route(links, addresses), |index| by_index(links, index)) else {
        return Place { gateway: default.map(|route| route.gateway), ..Place::default() };
    };
    let mut own: Vec<Address> = addresses.iter().filter_map(|address| address_on(address, link.header.index)).collect();
    own.sort_unstable();
    Place {
        interface: link.attributes.iter().find_map(name),
        addresses: own,
        gateway: default.map(|route| route.gateway),
        link_up: link.header.flags.contains(LinkFlags::Up | LinkFlags::Running),
        mac: link.attributes.iter().find_map(mac),
    }
}

fn by_index(links: &[LinkMessage], index: u32) -> Option<&LinkMessage> {
    links.iter().find(|link| link.header.index == index)
}

fn without_route<'a>(links: &'a [LinkMessage], addresses: &[AddressMessage]) -> Option<&'a LinkMessage> {
    let bare = |link: &LinkMessage| !addresses.iter().any(|address| address_on(address, link.header.index).is_some());
    let real = links.iter().filter(|link| !link.header.flags.contains(LinkFlags::Loopback));
    real.min_by_key(|link| (bare(link), link.header.index))
}

/// A default route through a gateway.
struct Default {
    gateway: IpAddr,
    interface: u32,
    metric: u32,
}

impl Default {
    fn of(route: &RouteMessage) -> Option<Self> {
        let header = &route.header;
        if header.destination_prefix_length != 0
            || header.kind != RouteType::Unicast
            || header.table != RouteHeader::RT_TABLE_MAIN
        {
            return None;
        }
        let mut found = Hop::of(&route.attributes);
        let mut metric = 0;
        for attribute in &route.attributes {
            if let RouteAttribute::Priority(priority) = attribute {
                metric = *priority;
            } else if let RouteAttribute::MultiPath(hops) = attribute {
                // Several ways at once: the agent has one router, so the first will do.
                let hop = hops.first()?;
                found = Hop { gateway: Hop::of(&hop.attributes).gateway, interface: Some(hop.interface_index) };
            }
        }
        Some(Self { gateway: found.gateway?, interface: found.interface?, metric })
    }
}

struct Hop {
    gateway: Option<IpAddr>,
    interface: Option<u32>,
}

impl Hop {
    fn of(attributes: &[RouteAttribute]) -> Self {
        let mut hop = Self { gateway: None, interface: None };
        for attribute in attributes {
            if let RouteAttribute::Oif(index) = attribute {
                hop.interface = Some(*index);
            } else if let RouteAttribute::Gateway(address) = attribute {
                hop.gateway = ip(address);
            }
        }
        hop
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    if let RouteAddress::Inet(ip) = address {
        Some(IpAddr::V4(*ip))
    } else if let RouteAddress::Inet6(ip) = address {
        Some(IpAddr::V6(*ip))
    } else {
        None
    }
}

fn name(attribute: &LinkAttribute) -> Option<String> {
    if let LinkAttribute::IfName(name) = attribute { Some(name.clone()) } else { None }
}

fn mac(attribute: &LinkAttribute) -> Option<Mac> {
    if let LinkAttribute::Address(bytes) = attribute { bytes.as_slice().try_into().ok().map(Mac) } else { None }
}

/// The address, if it is on this interface and good for talking to the router. `Local` is the own one; `Address` is
/// the peer's on a point-to-point link, and alone on IPv6.
fn address_on(message: &AddressMessage, index: u32) -> Option<Address> {
    if message.header.index != index {
        return None;
    }
    let mut local = None;
    let mut address = None;
    for attribute in &message.attributes {
        if let AddressAttribute::Local(ip) = attribute {
            local = Some(*ip);
        } else if let AddressAttribute::Address(ip) = attribute {
            address = Some(*ip);
        }
    }
    let ip = local.or(address)?;
    let link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let known = matches!(message.header.family, AddressFamily::Inet | AddressFamily::Inet6);
    (known && !link_local).then_some(Address { ip, prefix: message.header.prefix_len })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn the_default_routes_gateway_is_the_router_and_its_interface_the_agents() {
        let links = [link(1, "lo", LinkFlags::Loopback | LinkFlags::Up), link(2, "veth", UP), link(3, "other", UP)];
        let addresses = [v4(1, [127, 0, 0, 1], 8), v4(3, [10, 0, 0, 2], 24), v4(2, [172, 17, 0, 2], 24)];
        let found = place(&links, &addresses, &[default_v4([172, 17, 0, 1], 2, 0)]);
        let own = Address { ip: Ipv4Addr::new(172, 17, 0, 2).into(), prefix: 24 };
        let expected = Place {
            interface: Some("veth".to_owned()),
            addresses: vec![own],
            gateway: Some(Ipv4Addr::new(172, 17, 0, 1).into()),
            link_up: true,
            mac: Some(Mac([2, 0, 0, 0, 0, 0x2A])),
        };
        assert_eq!(found, expected);
        assert_eq!(found.towards_gateway(), Some(own));
        assert_eq!(expected.mac.map(|mac| mac.to_string()).as_deref(), Some("02:00:00:00:00:2A"));
    }

    #[test]
    fn without_a_default_route_there_is_no_gateway_and_the_interface_with_an_address_is_taken() {
        let links = [link(1, "lo", LinkFlags::Loopback | LinkFlags::Up), link(2, "bare", UP), link(3, "veth", UP)];
        let found = place(&links, &[v4(1, [127, 0, 0, 1], 8), v4(3, [10, 0, 0, 2], 24)], &[]);
        assert_eq!((found.interface.as_deref(), found.gateway), (Some("veth"), None));
        assert_eq!(found.towards_gateway(), None);
    }

    #[test]
    fn with_nothing_but_a_loopback_there_is_no_interface() {
        let links = [link(1, "lo", LinkFlags::Loopback | LinkFlags::Up)];
        assert_eq!(place(&links, &[v4(1, [127, 0, 0, 1], 8)], &[]), Place::default());
    }

    #[test]
    fn of_several_default_routes_the_lowest_metric_of_main_wins_and_ipv4_before_ipv6() {
        let links = [link(2, "a", UP), link(3, "b", UP)];
        let mut elsewhere = default_v4([10, 0, 0, 9], 2, 0);
        elsewhere.header.table = 100;
        let mut blackhole = default_v4([10, 0, 0, 8], 2, 0);
        blackhole.header.kind = RouteType::BlackHole;
        let v6 = default(RouteAddress::Inet6(Ipv6Addr::LOCALHOST), 2, 0);
        let routes =
            [v6.clone(), elsewhere, blackhole, default_v4([10, 0, 0, 7], 2, 200), default_v4([10, 0, 1, 1], 3, 1)];
        let found = place(&links, &[], &routes);
        assert_eq!((found.interface.as_deref(), found.gateway), (Some("b"), Some(Ipv4Addr::new(10, 0, 1, 1).into())));
        assert_eq!(place(&links, &[], &[v6]).gateway, Some(Ipv6Addr::LOCALHOST.into()));
    }

    #[test]
    fn a_link_without_carrier_is_down() {
        let found = place(&[link(2, "veth", LinkFlags::Up)], &[], &[default_v4([10, 0, 0, 1], 2, 0)]);
        assert!(!found.link_up);
    }

    #[test]
    fn the_address_towards_the_gateway_is_the_one_in_its_network() {
        let links = [link(2, "veth", UP)];
        let addresses = [v4(2, [10, 0, 0, 2], 24), v4(2, [192, 168, 88, 5], 24), v4(2, [192, 168, 89, 5], 24)];
        let found = place(&links, &addresses, &[default_v4([192, 168, 88, 1], 2, 0)]);
        assert_eq!(found.towards_gateway().map(|address| address.to_string()).as_deref(), Some("192.168.88.5/24"));
        let outside = place(&links, &addresses, &[default_v4([1, 1, 1, 1], 2, 0)]);
        assert_eq!(outside.towards_gateway().map(|address| address.to_string()).as_deref(), Some("10.0.0.2/24"));
    }

    const UP: LinkFlags = LinkFlags::Up.union(LinkFlags::Running);

    fn link(index: u32, name: &str, flags: LinkFlags) -> LinkMessage {
        let mut link = LinkMessage::default();
        link.header.index = index;
        link.header.flags = flags;
        link.attributes =
            vec![LinkAttribute::IfName(name.to_owned()), LinkAttribute::Address(vec![2, 0, 0, 0, 0, 0x2A])];
        link
    }

    fn v4(index: u32, ip: [u8; 4], prefix: u8) -> AddressMessage {
        let mut address = AddressMessage::default();
        address.header.family = AddressFamily::Inet;
        address.header.index = index;
        address.header.prefix_len = prefix;
        address.attributes = vec![AddressAttribute::Local(Ipv4Addr::from(ip).into())];
        address
    }

    fn default_v4(gateway: [u8; 4], interface: u32, metric: u32) -> RouteMessage {
        default(RouteAddress::Inet(Ipv4Addr::from(gateway)), interface, metric)
    }

    fn default(gateway: RouteAddress, interface: u32, metric: u32) -> RouteMessage {
        let mut route = RouteMessage::default();
        route.header.table = RouteHeader::RT_TABLE_MAIN;
        route.header.kind = RouteType::Unicast;
        route.attributes =
            vec![RouteAttribute::Gateway(gateway), RouteAttribute::Oif(interface), RouteAttribute::Priority(metric)];
        route
    }
}
