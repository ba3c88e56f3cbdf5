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
    read: OnceCell<BTreeMap<&'m str, Vec<Range>>>,
}

impl<'m> AddressLists<'m> {
    /// Whether an enabled entry of a list has the address. Names are no entries themselves: RouterOS adds a dynamic
    /// entry for each address that one stands for (*Address-lists*).
    pub(super) fn has(&self, model: &'m Model, family: Family, list: &str, address: IpAddr) -> bool {
        let lists = self.read.get_or_init(|| {
            let menu = match family {
                Family::V4 => "/ip/firewall/address-list",
                Family::V6 => "/ipv6/firewall/address-list",
            };
            let mut lists: BTreeMap<&str, Vec<Range>> = BTreeMap::new();
            for row in model.rows(menu).iter().filter(|row| !row.is("disabled")) {
                lists.entry(row.get("list")).or_default().extend(Range::parse(row.get("address")));
            }
            lists
        });
        lists.get(list).is_some_and(|ranges| ranges.iter().any(|range| range.contains(address)))
    }
}
