//! What the schema does not say of menus: what a row needs, what must be unique, and which values name other rows.
//!
//! Sources: the manual's tables of properties of each menu, and what routers answer ("already have such address").
//! A menu that is not here is taken as the schema has it.

/// What a value names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// An interface of any kind.
    Interface,
    /// An interface list.
    List,
    /// An interface or an interface list.
    InterfaceOrList,
    /// A routing table.
    Table,
    /// A route's gateway: an address, an interface, `address%interface` or `address@table`.
    Gateway,
    /// A chain of the same menu.
    Chain,
    /// An address list of the same family.
    AddressList,
    /// A row of this menu, by its name.
    Named(&'static str),
}

/// One menu.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// `/ip/address`
    pub(super) path: &'static str,
    /// What a row cannot be made without.
    pub(super) needs: &'static [&'static str],
    /// What two rows cannot have alike, together.
    pub(super) unique: &'static [&'static str],
    /// What its values name.
    pub(super) refers: &'static [(&'static str, Target)],
    /// Values of a row that was told nothing else.
    pub(super) defaults: &'static [(&'static str, &'static str)],
}

const NOTHING: Known = Known { path: "", needs: &[], unique: &[], refers: &[], defaults: &[] };

/// What is known of a menu; nothing but its path's emptiness where it is not known.
pub(super) fn known(path: &str) -> &'static Known {
    MENUS.iter().find(|menu| menu.path == path).unwrap_or_else(|| if is_firewall(path) { &RULES } else { &NOTHING })
}

/// All menus whose values name other rows.
pub(super) fn referring() -> impl Iterator<Item = (&'static str, &'static Known)> {
    let tables = FIREWALL.iter().map(|path| (*path, &RULES));
    tables.chain(MENUS.iter().filter(|menu| !menu.refers.is_empty()).map(|menu| (menu.path, menu)))
}

/// The tables of rules.
pub(super) const FIREWALL: [&str; 8] = [
    "/ip/firewall/filter",
    "/ip/firewall/nat",
    "/ip/firewall/mangle",
    "/ip/firewall/raw",
    "/ipv6/firewall/filter",
    "/ipv6/firewall/nat",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/raw",
];

/// Whether a menu is a table of firewall rules.
pub(super) fn is_firewall(path: &str) -> bool {
    FIREWALL.contains(&path)
}

/// Menus whose rows are interfaces, beside `/interface` itself.
pub(super) const INTERFACES: [&str; 15] = [
    "/interface/bonding",
    "/interface/bridge",
    "/interface/eoip",
    "/interface/ethernet",
    "/interface/gre",
    "/interface/ipip",
    "/interface/l2tp-client",
    "/interface/lte",
    "/interface/ovpn-client",
    "/interface/pppoe-client",
    "/interface/sstp-client",
    "/interface/veth",
    "/interface/vlan",
    "/interface/wifi",
    "/interface/wireguard",
];

/// Whether a menu's rows are interfaces.
pub(super) fn is_interfaces(path: &str) -> bool {
    path == "/interface" || INTERFACES.contains(&path)
}

/// The menu whose rows a path's rows share names with: all interfaces stand in one.
pub(super) fn names_of(path: &str) -> &str {
    if is_interfaces(path) { "/interface" } else { path }
}

const RULES: Known = Known {
    needs: &["chain"],
    refers: &[
        ("in-interface", Target::Interface),
        ("out-interface", Target::Interface),
        ("in-bridge-port", Target::Interface),
        ("out-bridge-port", Target::Interface),
        ("in-interface-list", Target::List),
        ("out-interface-list", Target::List),
        ("in-bridge-port-list", Target::List),
        ("out-bridge-port-list", Target::List),
        ("new-routing-mark", Target::Table),
        ("jump-target", Target::Chain),
        ("src-address-list", Target::AddressList),
        ("dst-address-list", Target::AddressList),
    ],
    defaults: &[("action", "accept"), ("log", "false")],
    ..NOTHING
};

const MENUS: &[Known] = &[
    Known { path: "/interface/bridge", unique: &["name"], ..NOTHING },
    Known { path: "/interface/veth", unique: &["name"], ..NOTHING },
    Known { path: "/interface/wireguard", unique: &["name"], defaults: &[("listen-port", "13231")], ..NOTHING },
    Known {
        path: "/interface/vlan",
        needs: &["vlan-id", "interface"],
        unique: &["name"],
        refers: &[("interface", Target::Interface)],
        ..NOTHING
    },
    Known {
        path: "/interface/wireguard/peers",
        needs: &["interface", "public-key"],
        refers: &[("interface", Target::Named("/interface/wireguard"))],
        ..NOTHING
    },
    Known {
        path: "/interface/pppoe-client",
        needs: &["interface"],
        unique: &["name"],
        refers: &[("interface", Target::Interface)],
        ..NOTHING
    },
    Known {
        path: "/interface/list",
        needs: &["name"],
        unique: &["name"],
        refers: &[("include", Target::List), ("exclude", Target::List)],
        ..NOTHING
    },
    Known {
        path: "/interface/list/member",
        needs: &["list", "interface"],
        unique: &["list", "interface"],
        refers: &[("list", Target::List), ("interface", Target::Interface)],
        ..NOTHING
    },
    Known {
        path: "/interface/bridge/port",
        needs: &["bridge", "interface"],
        unique: &["interface"],
        refers: &[("bridge", Target::Named("/interface/bridge")), ("interface", Target::InterfaceOrList)],
        defaults: &[
            ("pvid", "1"),
            ("frame-types", "admit-all"),
            ("ingress-filtering", "true"),
            ("horizon", "none"),
            ("hw", "true"),
        ],
    },
    Known {
        path: "/interface/bridge/vlan",
        needs: &["bridge", "vlan-ids"],
        refers: &[
            ("bridge", Target::Named("/interface/bridge")),
            ("tagged", Target::Interface),
            ("untagged", Target::Interface),
        ],
        ..NOTHING
    },
    Known {
        path: "/ip/address",
        needs: &["address", "interface"],
        unique: &["address", "interface"],
        refers: &[("interface", Target::Interface)],
        ..NOTHING
    },
    Known {
        path: "/ipv6/address",
        needs: &["interface"],
        unique: &["address", "interface"],
        refers: &[("interface", Target::Interface)],
        ..NOTHING
    },
    Known { path: "/ip/route", refers: ROUTE, defaults: ROUTE_V4, ..NOTHING },
    Known { path: "/ipv6/route", refers: ROUTE, defaults: ROUTE_V6, ..NOTHING },
    Known { path: "/routing/table", needs: &["name"], unique: &["name"], ..NOTHING },
    Known {
        path: "/routing/rule",
        refers: &[("table", Target::Table), ("routing-mark", Target::Table), ("interface", Target::Interface)],
        defaults: &[("action", "lookup")],
        ..NOTHING
    },
    Known { path: "/ip/firewall/address-list", needs: &["list", "address"], unique: &["list", "address"], ..NOTHING },
    Known { path: "/ipv6/firewall/address-list", needs: &["list", "address"], unique: &["list", "address"], ..NOTHING },
    Known { path: "/queue/simple", unique: &["name"], ..NOTHING },
    Known {
        path: "/ip/dhcp-client",
        needs: &["interface"],
        unique: &["interface"],
        refers: &[("interface", Target::Interface)],
        ..NOTHING
    },
    Known {
        path: "/ip/dhcp-server",
        needs: &["interface"],
        unique: &["name"],
        refers: &[("interface", Target::Interface), ("address-pool", Target::Named("/ip/pool"))],
        ..NOTHING
    },
    Known {
        path: "/ip/dhcp-server/lease",
        unique: &["address"],
        refers: &[("server", Target::Named("/ip/dhcp-server"))],
        ..NOTHING
    },
    Known { path: "/ip/dhcp-server/network", needs: &["address"], unique: &["address"], ..NOTHING },
    Known {
        path: "/ip/pool",
        needs: &["name", "ranges"],
        unique: &["name"],
        refers: &[("next-pool", Target::Named("/ip/pool"))],
        ..NOTHING
    },
    Known { path: "/ip/service", refers: &[("certificate", Target::Named("/certificate"))], ..NOTHING },
    Known {
        path: "/user",
        needs: &["name", "group"],
        unique: &["name"],
        refers: &[("group", Target::Named("/user/group"))],
        ..NOTHING
    },
    Known { path: "/user/group", needs: &["name"], unique: &["name"], ..NOTHING },
    Known { path: "/certificate", unique: &["name"], ..NOTHING },
    Known { path: "/system/script", unique: &["name"], ..NOTHING },
    Known { path: "/system/scheduler", unique: &["name"], ..NOTHING },
    Known { path: "/tool/netwatch", needs: &["host"], ..NOTHING },
    Known {
        path: "/container",
        needs: &["interface"],
        refers: &[("interface", Target::Named("/interface/veth"))],
        ..NOTHING
    },
];

const ROUTE: &[(&str, Target)] = &[("routing-table", Target::Table), ("gateway", Target::Gateway)];
const ROUTE_V4: &[(&str, &str)] = &[("dst-address", "0.0.0.0/0"), ("distance", "1"), ("routing-table", "main")];
const ROUTE_V6: &[(&str, &str)] = &[("dst-address", "::/0"), ("distance", "1"), ("routing-table", "main")];

/// Words in the place of a name that are always understood.
pub(super) fn is_word(menu: &str, attribute: &str, value: &str) -> bool {
    match attribute {
        "in-interface-list"
        | "out-interface-list"
        | "in-bridge-port-list"
        | "out-bridge-port-list"
        | "include"
        | "exclude"
        | "list"
            if menu != "/ip/firewall/address-list" =>
        {
            matches!(value, "all" | "none" | "dynamic" | "static")
        }
        "in-interface" | "out-interface" => matches!(value, "all-ethernet" | "all-ppp" | "all-vlan" | "all-wireless"),
        "table" | "routing-table" | "routing-mark" | "new-routing-mark" => value == "main",
        "address-pool" => value == "static-only",
        "next-pool" | "certificate" => value == "none",
        "server" => value == "all",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_stands_once_in_the_table_and_all_tables_of_rules_are_alike() {
        let mut paths: Vec<&str> = MENUS.iter().map(|menu| menu.path).collect();
        paths.sort_unstable();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(FIREWALL.iter().all(|path| known(path).needs == ["chain"]));
        assert!(known("/nowhere").needs.is_empty());
    }
}
