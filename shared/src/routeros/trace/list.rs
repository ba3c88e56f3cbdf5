//! Interface lists and address lists.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    address::{Family, Range},
    interface::Interfaces,
};
use crate::routeros::model::Model;

/// A list may include lists that include lists; RouterOS refuses circles, this ends them.
const DEEPEST: u8 = 16;

/// The interface lists, read once: rules ask for them again and again.
#[derive(Debug)]
pub(super) struct InterfaceLists<'m> {
    lists: BTreeMap<&'m str, InterfaceList<'m>>,
}

#[derive(Debug, Default)]
struct InterfaceList<'m> {
    include: &'m str,
    exclude: &'m str,
    members: BTreeSet<&'m str>,
}

impl<'m> InterfaceLists<'m> {
    pub(super) fn of(model: &'m Model) -> Self {
        let mut lists: BTreeMap<&str, InterfaceList> = BTreeMap::new();
        for row in model.rows("/interface/list") {
            let list = InterfaceList {
                include: row.get("include"),
                exclude: row.get("exclude"),
                members: BTreeSet::default(),
            };
            lists.entry(row.get("name")).or_insert(list);
        }
        for member in model.rows("/interface/list/member").iter().filter(|member| !member.is("disabled")) {
            // Members that RouterOS shows because of `include` are computed here: the plan may have changed them.
            if let Some(list) = lists.get_mut(member.get("list"))
                && (list.include.is_empty() || !member.is("dynamic"))
            {
                list.members.insert(member.get("interface"));
            }
        }
        Self { lists }
    }

    /// Whether there is such a list.
    pub(super) fn exist(&self, list: &str) -> bool {
        matches!(list, "all" | "none" | "dynamic" | "static") || self.lists.contains_key(list)
    }

    /// Whether an interface is in a list.
    ///
    /// Source: *Interface Lists*: what `include` names, without what `exclude` names, and then the list's own members;
    /// `all`, `none`, `dynamic` and `static` are built in.
    pub(super) fn have(&self, interfaces: &Interfaces, list: &str, interface: &str) -> bool {
        self.within(interfaces, list, interface, DEEPEST)
    }

    fn within(&self, interfaces: &Interfaces, list: &str, interface: &str, depth: u8) -> bool {
        match list {
            "all" => return true,
            "none" => return false,
            "dynamic" => return interfaces.is_dynamic(interface),
            "static" => return !interfaces.is_dynamic(interface),
            _ => {}
        }
        let Some(InterfaceList { include, exclude, members }) = self.lists.get(list) else { return false };
        let any = |lists: &str| {
            let mut others = lists.split(',').filter(|other| !other.is_empty());
            depth > 0 && others.any(|other| self.within(interfaces, other, interface, depth - 1))
        };
        members.contains(interface) || (any(include) && !any(exclude))
    }
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
