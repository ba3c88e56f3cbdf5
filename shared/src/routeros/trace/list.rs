//! Interface lists and address lists.

use std::{cell::OnceCell, collections::BTreeMap, net::IpAddr};

use super::{
    address::{Family, Range},
    interface::Interfaces,
};
use crate::routeros::model::Model;

/// A list may include lists that include lists; RouterOS refuses circles, this ends them.
const DEEPEST: u8 = 16;

/// Whether an interface is in a list.
///
/// Source: *Interface Lists*: what `include` names, without what `exclude` names, and then the list's own members;
/// `all`, `none`, `dynamic` and `static` are built in.
pub(super) fn has_interface(model: &Model, interfaces: &Interfaces, list: &str, interface: &str) -> bool {
    within(model, interfaces, list, interface, DEEPEST)
}

fn within(model: &Model, interfaces: &Interfaces, list: &str, interface: &str, depth: u8) -> bool {
    match list {
        "all" => return true,
        "none" => return false,
        "dynamic" => return interfaces.is_dynamic(interface),
        "static" => return !interfaces.is_dynamic(interface),
        _ => {}
    }
    let Some(row) = model.rows("/interface/list").iter().find(|row| row.get("name") == list) else { return false };
    let includes = row.get("include");
    // Members that RouterOS shows because of `include` are computed here: the plan may have changed them.
    let own = model.rows("/interface/list/member").iter().any(|member| {
        member.get("list") == list
            && member.get("interface") == interface
            && !member.is("disabled")
            && (includes.is_empty() || !member.is("dynamic"))
    });
    let any = |lists: &str| {
        depth > 0
            && lists.split(',').any(|other| !other.is_empty() && within(model, interfaces, other, interface, depth - 1))
    };
    own || (any(includes) && !any(row.get("exclude")))
}

/// Whether there is such a list.
pub(super) fn exists(model: &Model, list: &str) -> bool {
    matches!(list, "all" | "none" | "dynamic" | "static")
        || model.rows("/interface/list").iter().any(|row| row.get("name") == list)
}

/// The address lists of one family, read when the first rule asks for one.
#[derive(Debug, Default)]
pub(super) struct AddressLists<'m> {
    read: OnceCell<BTreeMap<&'m str, Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    ranges: Vec<Range>,
    has_name: bool,
    has_dynamic: bool,
}

impl<'m> AddressLists<'m> {
    /// Whether an enabled entry of a list has the address; nothing where an entry is a name and nobody knows which
    /// addresses it stands for. RouterOS shows a dynamic entry for each of those (*Address-lists*); a planned entry
    /// has none yet.
    pub(super) fn has(&self, model: &'m Model, family: Family, list: &str, address: IpAddr) -> Option<bool> {
        let lists = self.read.get_or_init(|| {
            let menu = match family {
                Family::V4 => "/ip/firewall/address-list",
                Family::V6 => "/ipv6/firewall/address-list",
            };
            let mut lists: BTreeMap<&str, Entries> = BTreeMap::new();
            for row in model.rows(menu).iter().filter(|row| !row.is("disabled")) {
                let entries = lists.entry(row.get("list")).or_default();
                let range = Range::parse(row.get("address"));
                entries.has_name |= range.is_none();
                entries.has_dynamic |= row.is("dynamic");
                entries.ranges.extend(range);
            }
            lists
        });
        let Some(entries) = lists.get(list) else { return Some(false) };
        if entries.ranges.iter().any(|range| range.contains(address)) {
            return Some(true);
        }
        (!entries.has_name || entries.has_dynamic).then_some(false)
    }
}
