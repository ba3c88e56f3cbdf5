//! The menus of RouterOS that isolation is made of: their paths, and what is read of them.

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
    Ipv6Mangle,
    Ipv6Raw,
}

impl Menu {
    /// Every menu, in a fixed order.
    pub const ALL: [Self; 20] = [
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
        Self::Ipv6Mangle,
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
            Self::Ipv6Mangle => "/ipv6/firewall/mangle",
            Self::Ipv6Raw => "/ipv6/firewall/raw",
        }
    }

    /// Whether the place of a row decides what it does. Ours stand above every foreign row there.
    pub fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::RoutingRule
                | Self::Filter
                | Self::Nat
                | Self::Mangle
                | Self::Raw
                | Self::Ipv6Filter
                | Self::Ipv6Mangle
                | Self::Ipv6Raw
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
            Self::Filter
            | Self::Nat
            | Self::Mangle
            | Self::Raw
            | Self::Ipv6Filter
            | Self::Ipv6Mangle
            | Self::Ipv6Raw => shared::routeros::trace::properties(self.path()),
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
            | Self::Ipv6Mangle
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
