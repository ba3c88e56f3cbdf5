//! Addresses as numbers, and what RouterOS writes for many of them: prefixes and ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 or IPv6: each has menus of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// How many bits an address has.
    pub(super) fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// Neighbouring addresses of one family, both ends included. A bare address, `10.0.0.0/8` or `10.0.0.1-10.0.0.9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    family: Family,
    first: u128,
    last: u128,
}

impl Range {
    /// The first and the last address.
    pub(super) fn ends(self) -> (IpAddr, IpAddr) {
        (address(self.family, self.first), address(self.family, self.last))
    }

    /// Reads one; host bits of a prefix count for nothing. Nothing where it is none (a DNS name, a dead id).
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some((first, last)) = text.split_once('-') {
            let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
            let family = Family::of(first);
            return (family == Family::of(last)).then(|| Self { family, first: number(first), last: number(last) });
        }
        Prefix::parse(text).map(Prefix::range)
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.family == Family::of(address) && (self.first..=self.last).contains(&number(address))
    }

    /// Its first address.
    pub(super) fn first(&self) -> IpAddr {
        address(self.family, self.first)
    }
}

/// A network: an address, host bits kept, and how many bits name the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) address: IpAddr,
    pub(super) length: u8,
}

impl Prefix {
    /// `192.168.88.1/24`; without a length it is the address alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = Family::of(address).bits();
        let length = length.unwrap_or(bits);
        (length <= bits).then_some(Self { address, length })
    }

    /// All of its addresses.
    pub(super) fn range(self) -> Range {
        let family = Family::of(self.address);
        let hosts = hosts(family, self.length);
        let first = number(self.address) & !hosts;
        Range { family, first, last: first | hosts }
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        self.range().contains(address)
    }

    /// Its last address, to which IPv4 broadcasts on networks of at most 30 bits.
    pub(super) fn broadcast(self) -> Option<IpAddr> {
        let Range { family, last, .. } = self.range();
        (family == Family::V4 && self.length <= 30).then(|| address(family, last))
    }

    /// The address of this network that has the host bits of another.
    pub(super) fn with_host_of(self, other: IpAddr) -> IpAddr {
        let family = Family::of(self.address);
        let hosts = hosts(family, self.length);
        address(family, number(self.address) & !hosts | number(other) & hosts)
    }
}

fn hosts(family: Family, length: u8) -> u128 {
    let bits = u32::from(family.bits() - length);
    1_u128.checked_shl(bits).map_or(u128::MAX, |above| above - 1)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from(u32::try_from(number & u128::from(u32::MAX)).unwrap_or_default()).into(),
        Family::V6 => Ipv6Addr::from(number).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_ends_and_nothing_of_the_other_family() {
        for (range, inside, outside) in [
            ("10.0.0.5", "10.0.0.5", "10.0.0.6"),
            ("10.0.0.5/24", "10.0.0.255", "10.0.1.0"),
            ("10.0.0.5-10.0.0.9", "10.0.0.9", "10.0.0.10"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "ffff::", "10.0.0.1"),
        ] {
            let range = Range::parse(range).unwrap();
            assert!(range.contains(inside.parse().unwrap()) && !range.contains(outside.parse().unwrap()), "{range:?}");
        }
        for text in ["", "host.example", "10.0.0.0/33", "*1A", "10.0.0.1-::1"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
