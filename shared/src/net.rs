//! Network words with their ranges.

use serde::{Deserialize, Serialize};
use std::{fmt, net::Ipv4Addr, str::FromStr};

/// What is wrong with a network word, in words for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Not between 1 and 4094 (IEEE 802.1Q keeps 0 and 4095).
    #[error("{0} is no VLAN id: use 1 to 4094")]
    VlanId(u16),
    /// Not `address/prefix`.
    #[error("`{0}` is no IPv4 subnet: write it as 172.16.64.0/30")]
    Subnet(String),
    /// Empty, too long, or with a character that no interface name of ours may have.
    #[error("`{0}` is no interface name: 1 to 64 printable characters without quotes, commas and leading `*`")]
    InterfaceName(String),
}

/// A VLAN id, 1 to 4094 (IEEE 802.1Q).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct VlanId(u16);

impl VlanId {
    /// Checks the range.
    ///
    /// # Errors
    /// [`NetError::VlanId`]
    pub fn new(id: u16) -> Result<Self, NetError> {
        if (1..=4094).contains(&id) { Ok(Self(id)) } else { Err(NetError::VlanId(id)) }
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for VlanId {
    type Error = NetError;
    fn try_from(id: u16) -> Result<Self, NetError> {
        Self::new(id)
    }
}

impl From<VlanId> for u16 {
    fn from(id: VlanId) -> Self {
        id.0
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An IPv4 network in CIDR form, host bits zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    network: u32,
    prefix: u8,
}

impl Subnet {
    /// The subnet that an address with a prefix length (0 to 32) lies in; larger prefixes count as 32.
    pub fn containing(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { network: u32::from(address) & mask(prefix), prefix }
    }

    /// The network address.
    pub fn network(self) -> Ipv4Addr {
        self.network.into()
    }

    /// The prefix length, 0 to 32.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The n-th address, counted from the network address; wraps at the end of the address space.
    pub fn nth(self, n: u32) -> Ipv4Addr {
        self.network.wrapping_add(n).into()
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Self) -> bool {
        let common = mask(self.prefix.min(other.prefix));
        self.network & common == other.network & common
    }

    /// Whether an address lies in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.network
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network(), self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = NetError;

    /// Takes `address/prefix` and a bare address as a /32, as RouterOS prints them; host bits are cleared.
    fn from_str(text: &str) -> Result<Self, NetError> {
        let wrong = || NetError::Subnet(text.to_owned());
        let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
        let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
        if prefix > 32 {
            return Err(wrong());
        }
        Ok(Self::containing(address.parse().map_err(|_| wrong())?, prefix))
    }
}

impl TryFrom<String> for Subnet {
    type Error = NetError;
    fn try_from(text: String) -> Result<Self, NetError> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.to_string()
    }
}

/// The name of a RouterOS interface or interface list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InterfaceName(String);

impl InterfaceName {
    /// Checks and takes a name. A leading `*` would be read as a row id, a comma as a list.
    ///
    /// # Errors
    /// [`NetError::InterfaceName`]
    pub fn new(name: impl Into<String>) -> Result<Self, NetError> {
        let name = name.into();
        let printable = name.chars().all(|c| !c.is_control() && !matches!(c, '"' | ',' | '\\'));
        if (1..=64).contains(&name.len()) && printable && !name.starts_with('*') && name.trim() == name {
            Ok(Self(name))
        } else {
            Err(NetError::InterfaceName(name.chars().take(80).collect()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for InterfaceName {
    type Error = NetError;
    fn try_from(name: String) -> Result<Self, NetError> {
        Self::new(name)
    }
}

impl From<InterfaceName> for String {
    fn from(name: InterfaceName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_knows_what_it_overlaps() -> Result<(), NetError> {
        let subnet: Subnet = "172.16.64.0/30".parse()?;
        for (other, expected) in [
            ("172.16.64.0/30", true),
            ("172.16.64.4/30", false),
            ("172.16.0.0/12", true),
            ("172.16.64.3", true),
            ("0.0.0.0/0", true),
            ("192.168.88.0/24", false),
        ] {
            let other: Subnet = other.parse()?;
            assert_eq!(subnet.overlaps(other), expected, "{other}");
            assert_eq!(other.overlaps(subnet), expected, "{other}");
        }
        Ok(())
    }

    #[test]
    fn host_bits_are_cleared_and_nonsense_is_refused() {
        assert_eq!("10.0.0.5/24".parse::<Subnet>().map(|s| s.to_string()), Ok("10.0.0.0/24".to_owned()));
        for text in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "ab/8"] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_vlan_id_keeps_to_its_range() {
        assert!(VlanId::new(0).is_err());
        assert!(VlanId::new(1).is_ok());
        assert!(VlanId::new(4094).is_ok());
        assert!(VlanId::new(4095).is_err());
    }

    #[test]
    fn an_interface_name_cannot_be_read_as_something_else() {
        for good in ["ether1", "wg-vpn", "PPPoE out", "<l2tp-anna>"] {
            assert!(InterfaceName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "*1", "a,b", "a\"b", " a", "a\n", &"x".repeat(65)] {
            assert!(InterfaceName::new(bad).is_err(), "{bad}");
        }
    }
}
