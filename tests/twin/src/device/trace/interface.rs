//! Interfaces in rules: by name, by kind, by list.

use crate::device::Device;

/// Lists that include each other deeper than this include themselves.
const DEPTH: u8 = 8;

/// Whether an interface is the named one, or of the named kind.
pub(super) fn is_one(device: &Device, wanted: &str, interface: Option<&str>) -> bool {
    let Some(name) = interface else { return false };
    let kind = device.interface(name).map_or("", |row| row.kind);
    match wanted {
        "all" => true,
        "all-ethernet" => kind == "ether",
        "all-vlan" => kind == "vlan",
        "all-ppp" => kind.starts_with("ppp"),
        "all-wireless" => matches!(kind, "wlan" | "wifi"),
        wanted => wanted == name,
    }
}

/// Whether an interface is in a list.
pub(in crate::device) fn is_member(device: &Device, list: &str, interface: Option<&str>) -> bool {
    interface.is_some_and(|name| is_in(device, list, name, DEPTH))
}

/// *Interface Lists*: the members of included lists come first, those of excluded lists are taken away, then the
/// list's own members are added.
fn is_in(device: &Device, list: &str, name: &str, depth: u8) -> bool {
    match list {
        "all" => return true,
        "none" => return false,
        "dynamic" => return device.interface(name).is_some_and(crate::device::row::Row::is_dynamic),
        "static" => return device.interface(name).is_some_and(|row| !row.is_dynamic()),
        _ if depth == 0 => return false,
        _ => {}
    }
    let members = &device.store("/interface/list/member").rows;
    let own = |row: &&crate::device::row::Row| row.text("list") == list && !row.is_disabled();
    if members.iter().filter(own).any(|row| is_one(device, row.text("interface"), Some(name))) {
        return true;
    }
    let Some(row) = device.store("/interface/list").named(list) else { return false };
    let any = |lists: &str| lists.split(',').any(|other| !other.is_empty() && is_in(device, other, name, depth - 1));
    any(row.text("include")) && !any(row.text("exclude"))
}
