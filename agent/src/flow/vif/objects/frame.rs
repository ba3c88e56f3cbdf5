//! What all VIFs share: the frame around their own rows.

use crate::flow::object::Menu;

/// Menu, last part of the mark, rank, and what is sent, with names in braces for what differs from VIF to VIF.
pub(super) type Line = (Menu, &'static str, u8, &'static str);

/// What all VIFs share, above their own rows: lists, the closed IPv6 side, the jumps into our chains.
pub(super) const ABOVE: &[Line] = &[
    (Menu::InterfaceList, "list", 0, "name=bulkhead-vif include= exclude="),
    // Networks that no service may reach: not the LAN, not the carrier's, not another VIF.
    (Menu::AddressList, "private-10", 0, "list=bulkhead-private address=10.0.0.0/8"),
    (Menu::AddressList, "private-100", 0, "list=bulkhead-private address=100.64.0.0/10"),
    (Menu::AddressList, "private-169", 0, "list=bulkhead-private address=169.254.0.0/16"),
    (Menu::AddressList, "private-172", 0, "list=bulkhead-private address=172.16.0.0/12"),
    (Menu::AddressList, "private-192", 0, "list=bulkhead-private address=192.168.0.0/16"),
    (Menu::Ipv6Raw, "raw-in", 2, "chain=prerouting in-interface-list=bulkhead-vif action=drop"),
    (Menu::Ipv6Filter, "forward-in", 2, "chain=forward in-interface-list=bulkhead-vif action=drop"),
    (Menu::Ipv6Filter, "forward-out", 2, "chain=forward out-interface-list=bulkhead-vif action=drop"),
    (Menu::Ipv6Filter, "output-out", 2, "chain=output out-interface-list=bulkhead-vif action=drop"),
    (
        Menu::Filter,
        "jump-input",
        2,
        "chain=input in-interface-list=bulkhead-vif action=jump jump-target=bulkhead-input",
    ),
    (
        Menu::Filter,
        "jump-forward-in",
        2,
        "chain=forward in-interface-list=bulkhead-vif action=jump jump-target=bulkhead",
    ),
    (
        Menu::Filter,
        "jump-forward-out",
        2,
        "chain=forward out-interface-list=bulkhead-vif action=jump jump-target=bulkhead",
    ),
    // What the router itself says of a service's connections, such as that a packet from the Internet came too late, goes
    // to whoever sent the packet: by the router's own routes, with its own address, quoting it.
    (
        Menu::Filter,
        "output-errors",
        2,
        "chain=output connection-mark=bulkhead-vif out-interface-list=!bulkhead-vif action=drop",
    ),
    (Menu::Filter, "input-established", 11, "chain=bulkhead-input connection-state=established,related action=accept"),
    (
        Menu::Filter,
        "input-ping",
        11,
        "chain=bulkhead-input protocol=icmp icmp-options=8:0 limit=5,5:packet action=accept",
    ),
];

/// What all VIFs share, below their own rows: their connections are marked, their packets meet no foreign mangle rule (a
/// fasttrack or a routing mark there would carry them past the filter), and both chains end in a drop.
pub(super) const BELOW: &[Line] = &[
    (Menu::Mangle, "mangle-prerouting", 2, "chain=prerouting in-interface-list=bulkhead-vif action=accept"),
    // Answers too: whoever marks their connections anew would have the router's own errors about them let out, and whoever
    // marks them for a table has them led elsewhere.
    (Menu::Mangle, "mangle-answers", 2, "chain=prerouting connection-mark=bulkhead-vif action=accept"),
    // By this mark `output-errors` and `mangle-answers` know them. Whoever marked a connection before is outdone.
    (
        Menu::Mangle,
        "mangle-mark",
        2,
        "chain=forward in-interface-list=bulkhead-vif connection-mark=!bulkhead-vif action=mark-connection \
         new-connection-mark=bulkhead-vif passthrough=yes",
    ),
    (Menu::Mangle, "mangle-forward-in", 2, "chain=forward in-interface-list=bulkhead-vif action=accept"),
    (Menu::Mangle, "mangle-forward-out", 2, "chain=forward out-interface-list=bulkhead-vif action=accept"),
    (Menu::Filter, "closed", 1, "chain=bulkhead action=drop"),
    (Menu::Filter, "input-closed", 1, "chain=bulkhead-input action=drop"),
];
