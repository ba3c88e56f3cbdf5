//! Addresses, networks and ranges of both families, and how they lie to each other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address with a prefix length; the address keeps its host bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    /// The address.
    pub(super) address: IpAddr,
    /// 0 to 32, or to 128.
    pub(super) length: u8,
}

impl Net {
    /// `10.0.0.1/8`, `10.0.0.1/255.0.0.0`, `2001:db8::1/64`; an address alone has the longest prefix.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => longest,
            Some(length) => length.parse().ok().or_else(|| length_of_mask(length))?,
        };
        (length <= longest).then_some(Self { address, length })
    }

    /// `10.1.2.3/8` as it is.
    pub(super) fn with_host(self) -> String {
        format!("{}/{}", self.address, self.length)
    }

    /// `10.1.2.3/8` as `10.0.0.0/8`.
    pub(super) fn network(self) -> String {
        format!("{}/{}", self.first(), self.length)
    }

    /// Its first address, the network's own.
    pub(super) fn first(self) -> IpAddr {
        self.range().first()
    }

    /// Its last address; of IPv4 the broadcast address.
    pub(super) fn last(self) -> IpAddr {
        self.range().last()
    }

    /// All of its addresses.
    pub(super) fn range(self) -> Range {
        let v4 = self.address.is_ipv4();
        let bits: u8 = if v4 { 32 } else { 128 };
        let host = u32::from(bits.saturating_sub(self.length));
        let mask = u128::MAX.checked_shl(host).unwrap_or(0);
        let from = number(self.address) & mask;
        let all = if v4 { u128::from(u32::MAX) } else { u128::MAX };
        Range { v4, from, to: from | (!mask & all) }
    }

    /// Whether the two share an address.
    pub(super) fn overlaps(self, other: Self) -> bool {
        let (one, two) = (self.range(), other.range());
        one.v4 == two.v4 && one.from <= two.to && two.from <= one.to
    }

    /// Whether an address lies in it.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        self.range().covers(&Range::one(address))
    }
}

/// Addresses of one family, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// Whether they are IPv4.
    pub(super) v4: bool,
    from: u128,
    to: u128,
}

impl Range {
    /// An address alone.
    pub(super) fn one(address: IpAddr) -> Self {
        Self { v4: address.is_ipv4(), from: number(address), to: number(address) }
    }

    /// `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Some((from, to)) = text.split_once('-') else { return Net::parse(text).map(Net::range) };
        let (from, to): (IpAddr, IpAddr) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        let range = Self { v4: from.is_ipv4(), from: number(from), to: number(to) };
        (from.is_ipv4() == to.is_ipv4() && range.from <= range.to).then_some(range)
    }

    /// Its first address.
    pub(super) fn first(self) -> IpAddr {
        self.address(self.from)
    }

    /// Its last address.
    pub(super) fn last(self) -> IpAddr {
        self.address(self.to)
    }

    /// Whether every address of `other` is in it.
    pub(super) fn covers(self, other: &Self) -> bool {
        self.v4 == other.v4 && self.from <= other.from && other.to <= self.to
    }

    fn address(self, number: u128) -> IpAddr {
        if self.v4 {
            Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into()
        } else {
            Ipv6Addr::from_bits(number).into()
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// `255.255.255.0` as 24.
fn length_of_mask(text: &str) -> Option<u8> {
    let bits = text.parse::<Ipv4Addr>().ok()?.to_bits();
    (bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| u8::try_from(bits.leading_ones()).ok()).flatten()
}

/// What a firewall rule matches, as it is compared: `!10.0.0.1/32` as `!10.0.0.1`.
pub(super) fn matcher(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('!') {
        return (!rest.starts_with('!')).then(|| matcher(rest)).flatten().map(|rest| format!("!{rest}"));
    }
    if text.contains('-') {
        return range(text);
    }
    let net = Net::parse(text)?;
    let alone = net.range().first() == net.range().last();
    Some(if alone { net.address.to_string() } else { net.network() })
}

/// An address, a network, or the ends of a range in their order.
pub(super) fn range(text: &str) -> Option<String> {
    let range = Range::parse(text)?;
    Some(if text.contains('/') {
        Net::parse(text)?.network()
    } else if range.from == range.to {
        range.first().to_string()
    } else {
        format!("{}-{}", range.first(), range.last())
    })
}

/// `02:AA:BB:CC:DD:EE` of six pairs of digits with `:`, `-` or `.` between them, negated or not.
pub(super) fn mac(text: &str) -> Option<String> {
    let (sign, bare) = text.strip_prefix('!').map_or(("", text), |bare| ("!", bare));
    let parts: Vec<&str> = bare.split([':', '-', '.']).collect();
    let pair = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    (parts.len() == 6 && parts.iter().all(pair)).then(|| format!("{sign}{}", parts.join(":").to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_knows_its_ends_in_both_families() {
        for (text, first, last) in [
            ("192.168.88.1/24", "192.168.88.0", "192.168.88.255"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
            ("10.1.2.3/255.0.0.0", "10.0.0.0", "10.255.255.255"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("2001:db8::5/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            let net = Net::parse(text).unwrap();
            assert_eq!((net.first().to_string(), net.last().to_string()), (first.into(), last.into()), "{text}");
        }
        for text in ["", "10.0.0.1/33", "10.0.0/8", "10.0.0.1/255.0.255.0", "::/129"] {
            assert_eq!(Net::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_means_the_same_is_written_the_same() {
        for (text, expected) in [
            ("!10.0.0.1/32", Some("!10.0.0.1")),
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("10.0.0.1-10.0.0.9", Some("10.0.0.1-10.0.0.9")),
            ("10.0.0.9-10.0.0.1", None),
            ("10.0.0.1-::1", None),
            ("!!10.0.0.1", None),
        ] {
            assert_eq!(matcher(text).as_deref(), expected, "{text}");
        }
        assert_eq!(mac("02-aa-bb-cc-dd-ee").as_deref(), Some("02:AA:BB:CC:DD:EE"));
        assert_eq!(mac("02:aa:bb:cc:dd"), None);
    }

    #[test]
    fn overlap_and_cover_ask_for_the_family() {
        let net = |text: &str| Net::parse(text).unwrap();
        assert!(net("10.0.0.0/8").overlaps(net("10.1.0.0/16")));
        assert!(!net("10.0.0.0/8").overlaps(net("11.0.0.0/8")));
        assert!(!net("0.0.0.0/0").overlaps(net("::/0")));
        assert!(net("10.0.0.0/8").contains("10.9.9.9".parse().unwrap()));
        assert!(!net("0.0.0.0/0").contains("::1".parse().unwrap()));
    }
}
