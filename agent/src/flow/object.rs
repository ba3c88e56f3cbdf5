//! Objects on the router that are ours, and rows as the router shows them.
//!
//! An object of ours is known by its **mark**, the first word of its comment, which is unique in its menu:
//! `bulkhead:vif/<id>/<part>`, or `bulkhead:base/<part>` for what all VIFs share. Never by `.id`, which does not
//! survive a reboot. The installer's objects (`bulkhead:installer/…`) are looked at and left alone.

use super::meaning::same;
use std::collections::BTreeMap;

/// What every mark of ours starts with.
pub const MARK: &str = "bulkhead:";
/// The installer's objects, made when the router was enrolled.
pub const INSTALLER: &str = "bulkhead:installer";
/// Rows of a running comparison with the twin (`tests/conformance`), which takes them away itself.
pub const CONFORMANCE: &str = "bulkhead:conformance/";
/// The marks of what VIFs bring and take along: each its own objects, and what all of them share.
const VIF_MARKS: [&str; 2] = ["bulkhead:vif/", "bulkhead:base/"];

/// A RouterOS menu that a VIF has objects in, or that we read to place them well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the names are RouterOS' own; `Menu::path` says each one
pub enum Menu {
    Interface,
    InterfaceList,
    InterfaceListMember,
    Bridge,
    BridgePort,
    BridgeVlan,
    Vlan,
    Veth,
    IpAddress,
    IpRoute,
    RoutingTable,
    RoutingRule,
    AddressList,
    Filter,
    Nat,
    Mangle,
    Raw,
    Ipv6Filter,
    Ipv6Raw,
}

impl Menu {
    /// Every menu, in a fixed order.
    pub const ALL: [Self; 19] = [
        Self::Interface,
        Self::InterfaceList,
        Self::InterfaceListMember,
        Self::Bridge,
        Self::BridgePort,
        Self::BridgeVlan,
        Self::Vlan,
        Self::Veth,
        Self::IpAddress,
        Self::IpRoute,
        Self::RoutingTable,
        Self::RoutingRule,
        Self::AddressList,
        Self::Filter,
        Self::Nat,
        Self::Mangle,
        Self::Raw,
        Self::Ipv6Filter,
        Self::Ipv6Raw,
    ];

    /// Whether VIFs have objects there. `/interface` shows interfaces that other menus own, and the bridge is the
    /// installer's.
    pub fn is_written(self) -> bool {
        !matches!(self, Self::Interface | Self::Bridge)
    }

    /// The menu's path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Interface => "/interface",
            Self::InterfaceList => "/interface/list",
            Self::InterfaceListMember => "/interface/list/member",
            Self::Bridge => "/interface/bridge",
            Self::BridgePort => "/interface/bridge/port",
            Self::BridgeVlan => "/interface/bridge/vlan",
            Self::Vlan => "/interface/vlan",
            Self::Veth => "/interface/veth",
            Self::IpAddress => "/ip/address",
            Self::IpRoute => "/ip/route",
            Self::RoutingTable => "/routing/table",
            Self::RoutingRule => "/routing/rule",
            Self::AddressList => "/ip/firewall/address-list",
            Self::Filter => "/ip/firewall/filter",
            Self::Nat => "/ip/firewall/nat",
            Self::Mangle => "/ip/firewall/mangle",
            Self::Raw => "/ip/firewall/raw",
            Self::Ipv6Filter => "/ipv6/firewall/filter",
            Self::Ipv6Raw => "/ipv6/firewall/raw",
        }
    }

    /// Whether the place of a row decides what it does. Ours stand above every foreign row there.
    pub fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::RoutingRule | Self::Filter | Self::Nat | Self::Mangle | Self::Raw | Self::Ipv6Filter | Self::Ipv6Raw
        )
    }

    /// The properties that are read: what we write there, what tells rows apart, what may be in our way, and what packets
    /// are followed by ([`shared::routeros::trace`]).
    pub fn properties(self) -> &'static str {
        match self {
            Self::Interface => ".id,name,type,running,disabled,dynamic,slave,comment",
            Self::InterfaceList => ".id,name,include,exclude,dynamic,comment",
            Self::InterfaceListMember => ".id,list,interface,dynamic,disabled,comment",
            Self::Bridge => ".id,name,vlan-filtering,pvid,frame-types,disabled,dynamic,comment",
            Self::BridgePort => {
                ".id,bridge,interface,pvid,frame-types,ingress-filtering,horizon,dynamic,disabled,inactive,comment"
            }
            Self::BridgeVlan => ".id,bridge,vlan-ids,tagged,untagged,dynamic,disabled,comment",
            Self::Vlan => ".id,name,interface,vlan-id,disabled,dynamic,comment",
            Self::Veth => ".id,name,address,gateway,disabled,running,dynamic,comment",
            Self::IpAddress => ".id,address,network,interface,dynamic,disabled,invalid,comment",
            Self::IpRoute => {
                ".id,dst-address,gateway,routing-table,distance,scope,target-scope,check-gateway,pref-src,blackhole,connect,dynamic,disabled,inactive,comment"
            }
            Self::RoutingTable => ".id,name,fib,dynamic,disabled,comment",
            Self::RoutingRule => {
                ".id,chain,action,table,src-address,dst-address,interface,routing-mark,min-prefix,realm,vrf,dynamic,disabled,comment"
            }
            Self::AddressList => ".id,list,address,timeout,dynamic,disabled,comment",
            // Everything that narrows a rule: one that somebody narrowed no longer does what it is for.
            Self::Filter | Self::Nat | Self::Mangle | Self::Raw | Self::Ipv6Filter | Self::Ipv6Raw => {
                shared::routeros::trace::properties(self.path())
            }
        }
    }

    /// What a row says of which packets it is for; nothing in menus whose rows are for none.
    pub fn is_matcher(self, property: &str) -> bool {
        match self {
            Self::RoutingRule
            | Self::Filter
            | Self::Nat
            | Self::Mangle
            | Self::Raw
            | Self::Ipv6Filter
            | Self::Ipv6Raw => {
                self.properties().split(',').any(|name| name == property) && !NO_MATCHERS.contains(&property)
            }
            Self::Interface
            | Self::InterfaceList
            | Self::InterfaceListMember
            | Self::Bridge
            | Self::BridgePort
            | Self::BridgeVlan
            | Self::Vlan
            | Self::Veth
            | Self::IpAddress
            | Self::IpRoute
            | Self::RoutingTable
            | Self::AddressList => false,
        }
    }
}

/// What a rule holds beside what it matches: where it stands, what it does, what became of it.
const NO_MATCHERS: [&str; 19] = [
    ".id",
    "action",
    "address-list",
    "address-list-timeout",
    "chain",
    "comment",
    "disabled",
    "dynamic",
    "invalid",
    "jump-target",
    "new-connection-mark",
    "new-mss",
    "new-packet-mark",
    "new-routing-mark",
    "passthrough",
    "reject-with",
    "table",
    "to-addresses",
    "to-ports",
];

/// One object as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where.
    pub menu: Menu,
    /// Its mark, complete.
    pub mark: String,
    /// Names and values as they are sent, without the comment.
    pub attributes: Vec<(&'static str, String)>,
    /// Whose its `disabled` is.
    pub switch: Switch,
}

/// Whose the flag `disabled` of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Nobody's: the row is always in force, and one that is disabled is not as it should be.
    On,
    /// The keeper's: the row is made so that nothing leaks, and its flag is part of no comparison from then on.
    Keeper {
        /// Whether it is made disabled.
        disabled: bool,
    },
}

impl Object {
    /// What is sent to make it. What is to have no value has none yet.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let off = self.switch == Switch::Keeper { disabled: true };
        self.arguments().filter(|(_, value)| !value.is_empty()).chain(off.then_some(("disabled", "yes")))
    }

    /// What it holds: the attributes and the comment.
    pub fn arguments(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.attributes.iter().map(|(name, value)| (*name, value.as_str())).chain([("comment", self.mark.as_str())])
    }
}

/// One row as the router shows it. Bytes that are no UTF-8 are replaced: a row is compared, never written back.
///
/// A router may have ten thousand of them, all in memory at once when everything is compared: so a row is two
/// allocations, not two for each property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Names and values in turn, one after the other.
    text: Box<str>,
    /// Where each of them ends in it.
    ends: Box<[u32]>,
}

impl Row {
    /// A row of these properties, in any order; of one that is given twice the first counts.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        // Rarely more; how many there are is not known before.
        let mut sorted: Vec<(N, V)> = Vec::with_capacity(16);
        sorted.extend(values);
        sorted.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let length = sorted.iter().map(|(name, value)| name.as_ref().len() + value.as_ref().len()).sum();
        let mut text = String::with_capacity(length);
        let mut ends = Vec::with_capacity(sorted.len() * 2);
        for word in sorted.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]) {
            text.push_str(word);
            // A sentence of the router's, which this comes from, is at most a megabyte long.
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { text: text.into(), ends: ends.into() }
    }

    /// The same row with these properties as they are now.
    #[must_use]
    pub fn with<const N: usize>(&self, now: [(&str, &str); N]) -> Self {
        let kept = self.properties().filter(|(name, _)| now.iter().all(|(changed, _)| changed != name));
        Self::new(kept.chain(now))
    }

    /// Names and values, by name.
    fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.chunks_exact(2).filter_map(move |pair| {
            let (middle, end) = (pair[0] as usize, pair[1] as usize);
            let (name, value) = (self.text.get(from..middle)?, self.text.get(middle..end)?);
            from = end;
            Some((name, value))
        })
    }

    /// A property's value; RouterOS leaves out what is empty, so absent and empty are the same here.
    pub fn get(&self, name: &str) -> &str {
        self.properties().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// Its properties with their values, by name.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let start = |at: usize| at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let word = move |at: usize| self.text.get(start(at)..self.ends[at] as usize).unwrap_or_default();
        (0..self.ends.len() / 2).map(move |pair| (word(2 * pair), word(2 * pair + 1)))
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: &str) -> bool {
        self.get(flag) == "true"
    }

    /// Its id, valid until the next reboot.
    pub fn id(&self) -> &str {
        self.get(".id")
    }

    /// Its mark, where the comment starts with one of ours.
    pub fn mark(&self) -> Option<&str> {
        self.get("comment").split_whitespace().next().filter(|word| word.starts_with(MARK))
    }

    /// Whether its mark is one that VIFs bring and take along.
    pub fn is_vif_object(&self) -> bool {
        self.mark().is_some_and(|mark| VIF_MARKS.iter().any(|kind| mark.starts_with(kind)))
    }

    /// Whether it belongs to what keeps VIFs apart, the installer's part too. All else is somebody's configuration,
    /// whether Bulkhead wrote it for them (`bulkhead:row/…`) or not, and stands below that in ordered menus.
    pub fn is_isolation(&self) -> bool {
        self.is_vif_object() || self.mark().is_some_and(|mark| mark.starts_with(INSTALLER))
    }

    /// What the row asks of packets that the object does not want asked: it no longer does what it is for.
    pub fn narrowed<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = (&'a str, &'a str)> {
        let wanted = |name: &str| object.attributes.iter().any(|(own, _)| *own == name);
        self.properties()
            .filter(move |(name, value)| !value.is_empty() && object.menu.is_matcher(name) && !wanted(name))
    }

    /// Whether the row is as the object says, in meaning. A row that is disabled and is nobody's to switch, that is
    /// invalid, or that refers to something that was re-created (`*1A`) is not.
    pub fn matches(&self, object: &Object) -> bool {
        let off = self.is("disabled") && object.switch == Switch::On;
        !(off || self.is("invalid")) && object.attributes.iter().all(|(name, value)| same(name, value, self.get(name)))
    }
}

/// What was read of the router in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    menus: BTreeMap<Menu, Vec<Row>>,
}

impl Snapshot {
    /// A snapshot of these menus; one that is not named is empty.
    pub fn new(menus: impl IntoIterator<Item = (Menu, Vec<Row>)>) -> Self {
        Self { menus: menus.into_iter().collect() }
    }

    /// A menu's rows in the router's order, dynamic ones too.
    pub fn rows(&self, menu: Menu) -> &[Row] {
        self.menus.get(&menu).map_or(&[], Vec::as_slice)
    }

    /// All menus, for whoever has no use for the snapshot any more.
    pub fn into_menus(self) -> impl Iterator<Item = (Menu, Vec<Row>)> {
        self.menus.into_iter()
    }

    /// A menu's rows that somebody configured.
    pub fn static_rows(&self, menu: Menu) -> impl Iterator<Item = &Row> {
        self.rows(menu).iter().filter(|row| !row.is("dynamic"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_properties_in_whatever_order_they_came() {
        let row = Row::new([("name", "ether1"), (".id", "*1"), ("comment", "")]);
        assert_eq!(row, Row::new([(".id", "*1"), ("comment", ""), ("name", "ether1")]));
        assert_eq!(["name", ".id", "comment", "nam", "*1"].map(|name| row.get(name)), ["ether1", "*1", "", "", ""]);
        // The same letters, cut elsewhere, are another row.
        assert_ne!(Row::new([("ab", "c")]), Row::new([("a", "bc")]));
        assert_eq!(Row::default().get("name"), "");
    }

    #[test]
    fn a_mark_is_the_first_word_of_the_comment_and_only_ours() {
        let row = |comment: &str| Row::new([("comment", comment)]);
        assert_eq!(row("bulkhead:vif/tor-1/veth my note").mark(), Some("bulkhead:vif/tor-1/veth"));
        assert_eq!(row("my bulkhead:vif/x").mark(), None);
        assert_eq!(row("").mark(), None);
        assert!(!row("bulkhead:installer/bridge").is_vif_object());
        assert!(!row("bulkhead:conformance/order-move").is_vif_object());
        assert!(!row("bulkhead:row/house/no-guests").is_vif_object());
        assert!(row("bulkhead:base/jump").is_vif_object());
        assert!(row("bulkhead:installer/bridge").is_isolation());
        assert!(!row("bulkhead:row/house/no-guests").is_isolation());
    }

    #[test]
    fn every_property_that_is_compared_or_followed_is_also_read() {
        for menu in Menu::ALL {
            let properties: Vec<&str> = menu.properties().split(',').collect();
            let traced = shared::routeros::trace::properties(menu.path());
            for needed in [".id", "comment"].into_iter().chain(traced.split(',').filter(|name| !name.is_empty())) {
                assert!(properties.contains(&needed), "{}: {needed}", menu.path());
            }
        }
    }
}
