//! A router's configuration as a file of changes that asks for what is there already.
//!
//! Every row becomes an `update` with a key that finds it alone. No secret is in it: the controller does not read any.

use super::change_set::{asked::AskedItem, validate::model};
use serde_json::{Map, Value};
use shared::{
    change_set::MenuWords,
    routeros::{
        model::{Model, Row},
        schema::Schema,
        secret::is_secret,
    },
    wire::{MenuRead, MenuRows},
};
use std::collections::{BTreeMap, BTreeSet};

/// What a file has where nobody names menus: what makes up a router's network, in the order in which one thing names
/// another. Menus of packages that need not be installed are not among them.
const USUAL: [&str; 56] = [
    "/system/identity",
    "/interface/ethernet",
    "/interface/bridge",
    "/interface/veth",
    "/interface/vlan",
    "/interface/bonding",
    "/interface/vrrp",
    "/interface/wireguard",
    "/interface/wireguard/peers",
    "/interface/pppoe-client",
    "/interface/list",
    "/interface/list/member",
    "/interface/bridge/port",
    "/interface/bridge/vlan",
    "/interface/bridge/settings",
    "/ip/settings",
    "/ip/address",
    "/ip/pool",
    "/ip/dhcp-client",
    "/ip/dhcp-server",
    "/ip/dhcp-server/network",
    "/ip/dhcp-server/lease",
    "/ip/dns",
    "/ip/dns/static",
    "/ip/neighbor/discovery-settings",
    "/ip/service",
    "/ip/vrf",
    "/routing/table",
    "/routing/rule",
    "/ip/route",
    "/ip/firewall/address-list",
    "/ip/firewall/raw",
    "/ip/firewall/mangle",
    "/ip/firewall/nat",
    "/ip/firewall/filter",
    "/ip/firewall/service-port",
    "/ip/firewall/connection/tracking",
    "/ipv6/settings",
    "/ipv6/address",
    "/ipv6/pool",
    "/ipv6/dhcp-client",
    "/ipv6/nd",
    "/ipv6/route",
    "/ipv6/firewall/address-list",
    "/ipv6/firewall/raw",
    "/ipv6/firewall/mangle",
    "/ipv6/firewall/nat",
    "/ipv6/firewall/filter",
    "/queue/simple",
    "/queue/tree",
    "/system/ntp/client",
    "/system/logging",
    "/system/scheduler",
    "/tool/netwatch",
    "/tool/mac-server",
    "/tool/mac-server/mac-winbox",
];

/// What tells rows of a menu apart, the plainest first; where nothing does, all values together.
const KEYS: [&[&str]; 11] = [
    &["name"],
    &["list", "address"],
    &["list", "interface"],
    &["bridge", "interface"],
    &["bridge", "vlan-ids"],
    &["address", "interface"],
    &["address"],
    &["interface"],
    &["dst-address", "routing-table", "gateway"],
    &["mac-address"],
    &["comment"],
];

/// What tells rows apart even where it cannot be written, as the name of a service.
const NAME: &str = "name";

/// Values that move by themselves: what was read of them is not what is read next.
const MOVING: [(&str, &str); 2] =
    [("/system/scheduler", "next-run"), ("/interface/wireguard/peers", "client-listen-port")];

/// What a file of a router holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its rows, menu by menu, each as the router has it.
    pub items: Vec<AskedItem>,
    /// What is not in it.
    pub left_out: Vec<LeftOut>,
}

/// Rows of a menu that are not in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The menu.
    pub menu: String,
    /// How many rows.
    pub rows: usize,
    /// Why.
    pub why: Why,
}

/// Why rows are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// They belong to VIFs, which have requests of their own.
    Isolation,
    /// There are several that nothing tells apart.
    Alike,
}

impl Why {
    /// In words, after "n rows of the menu …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Isolation => "keep VIFs apart, which have requests of their own",
            Self::Alike => "are there twice, and no key would find one of them alone",
        }
    }
}

/// The menus of a file: those that were named, or the usual ones as far as this version has them.
///
/// # Errors
/// A menu that this version does not have, or in which nothing can be written.
pub fn menus(named: &[String], schema: &Schema) -> Result<Vec<MenuWords>, String> {
    if named.is_empty() {
        return Ok(USUAL.iter().filter(|menu| can_print(menu, schema)).filter_map(|menu| schema.words(menu)).collect());
    }
    let words = |menu: &String| {
        let path = menu.trim_end_matches('/');
        schema.words(path).filter(|_| can_print(path, schema)).ok_or_else(|| menu.clone())
    };
    named.iter().map(words).collect()
}

fn can_print(menu: &str, schema: &Schema) -> bool {
    schema.command(&format!("{menu}/print")).is_some()
}

/// What has to be read for the file.
pub fn reads(menus: &[MenuWords]) -> Vec<MenuRead> {
    let read = |words: &MenuWords| {
        let own = words.writable.iter().filter(|name| is_told(&words.path, name)).cloned();
        let properties: BTreeSet<String> = own.chain(["dynamic", NAME].map(str::to_owned)).collect();
        MenuRead { path: words.path.clone(), properties: properties.into_iter().collect(), from: 0 }
    };
    menus.iter().map(read).collect()
}

fn is_told(menu: &str, name: &str) -> bool {
    !is_secret(name) && !MOVING.contains(&(menu, name))
}

/// The file of what was read.
pub fn exported(menus: &[MenuWords], read: &[MenuRows]) -> Exported {
    let router = model(read);
    let mut items = Vec::new();
    let mut left_out: BTreeMap<(String, Why), usize> = BTreeMap::new();
    for words in menus {
        let rows = Rows::of(words, &router);
        for (number, row) in rows.ours.iter().enumerate() {
            match rows.key(row) {
                Ok(key) => items.push(item(words, number + 1, &key, row)),
                Err(why) => *left_out.entry((words.path.clone(), why)).or_default() += 1,
            }
        }
    }
    let left_out = left_out.into_iter().map(|((menu, why), rows)| LeftOut { menu, rows, why }).collect();
    Exported { items, left_out }
}

/// A menu's rows that somebody configured, each with what can be written of it and has a value, and its name.
struct Rows<'a> {
    words: &'a MenuWords,
    ours: Vec<Vec<(&'a str, &'a str)>>,
}

impl<'a> Rows<'a> {
    fn of(words: &'a MenuWords, router: &'a Model) -> Self {
        let is = |row: &Row, flag: &str| matches!(row.get(flag), "true" | "yes");
        let configured = router.rows(&words.path).iter().filter(|row| !is(row, "dynamic"));
        let written = |row: &'a Row| {
            let told = words.writable.iter().map(String::as_str).filter(|name| is_told(&words.path, name));
            let name = (!words.writable.iter().any(|name| name == NAME)).then_some(NAME);
            told.chain(name).map(|name| (name, row.get(name))).filter(|(_, value)| !value.is_empty()).collect()
        };
        Self { words, ours: configured.map(written).collect() }
    }

    /// What finds a row alone, or why it is in no file.
    fn key(&self, row: &[(&'a str, &'a str)]) -> Result<Vec<(&'a str, &'a str)>, Why> {
        if self.words.single {
            return Ok(Vec::new());
        }
        let comment = row.iter().find(|(name, _)| *name == "comment").map_or("", |(_, value)| *value);
        if is_isolation(comment) {
            return Err(Why::Isolation);
        }
        let of_names = |names: &&[&str]| {
            let key: Vec<(&str, &str)> = row.iter().filter(|(name, _)| names.contains(name)).copied().collect();
            (key.len() == names.len() && self.fitting(&key).count() == 1).then_some(key)
        };
        KEYS.iter().find_map(of_names).or_else(|| self.whole(row)).ok_or(Why::Alike)
    }

    /// The rows that a key finds; a value of nothing fits a row that has none.
    fn fitting<'k>(&'k self, key: &'k [(&str, &str)]) -> impl Iterator<Item = &'k Vec<(&'a str, &'a str)>> {
        let fits = |row: &[(&str, &str)], (name, value): (&str, &str)| match value {
            "" => row.iter().all(|(known, _)| *known != name),
            _ => row.contains(&(name, value)),
        };
        self.ours.iter().filter(move |row| key.iter().all(|pair| fits(row, *pair)))
    }

    /// All that a row has, and what it has not where another has that too.
    fn whole(&self, row: &[(&'a str, &'a str)]) -> Option<Vec<(&'a str, &'a str)>> {
        let mut key = row.to_vec();
        for other in self.fitting(row) {
            let more = other.iter().find(|(name, _)| row.iter().all(|(known, _)| known != name));
            key.extend(more.map(|(name, _)| (*name, "")));
        }
        key.sort_unstable();
        key.dedup();
        (self.fitting(&key).count() == 1).then_some(key)
    }
}

fn is_isolation(comment: &str) -> bool {
    ["bulkhead:base/", "bulkhead:vif/", "bulkhead:installer/"].iter().any(|mark| comment.starts_with(mark))
}

fn item(words: &MenuWords, number: usize, key: &[(&str, &str)], row: &[(&str, &str)]) -> AskedItem {
    let object = |pairs: &[(&str, &str)]| -> Map<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
    };
    let written = |pair: &&(&str, &str)| !key.contains(pair) && words.writable.iter().any(|name| name == pair.0);
    AskedItem {
        id: format!("{}.{number}", words.path.trim_start_matches('/').replace('/', ".")),
        name: String::new(),
        resource: words.path.clone(),
        operation: "update".to_owned(),
        attributes: object(&row.iter().filter(written).copied().collect::<Vec<_>>()),
        key: object(key),
        position: None,
        drift: None,
        depends_on: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::routeros::schema::{Version, shipped};

    const FILTER: &str = "/ip/firewall/filter";

    fn schema() -> Schema {
        shipped::nearest(Version::new(7, 24, 0)).expect("a schema")
    }

    fn of(menu: &str, rows: &[&[(&str, &str)]]) -> Exported {
        let menus = menus(&[menu.to_owned()], &schema()).expect("a menu");
        let pairs = |row: &&[(&str, &str)]| row.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let rows =
            MenuRows { path: menu.to_owned(), rows: rows.iter().map(pairs).collect(), next: None, hash: [0; 32] };
        exported(&menus, &[rows])
    }

    fn keys(exported: &Exported) -> Vec<String> {
        let key = |item: &AskedItem| {
            let pairs: Vec<String> = item.key.iter().map(|(name, value)| format!("{name}={value}")).collect();
            pairs.join(" ").replace('"', "")
        };
        exported.items.iter().map(key).collect()
    }

    #[test]
    fn a_row_is_found_by_what_tells_it_apart_and_what_nothing_does_is_left_out() {
        let found = of(
            FILTER,
            &[
                &[("chain", "input"), ("action", "accept"), ("comment", "answers")],
                &[("chain", "input"), ("action", "drop")],
                &[("chain", "forward"), ("action", "drop")],
                &[("chain", "forward"), ("action", "accept"), ("dynamic", "true")],
                &[("chain", "output"), ("action", "drop")],
                &[("chain", "output"), ("action", "drop")],
                &[("chain", "forward"), ("comment", "bulkhead:vif/x/drop"), ("action", "drop")],
            ],
        );
        assert_eq!(keys(&found), ["comment=answers", "action=drop chain=input", "action=drop chain=forward comment="]);
        let left_out: Vec<(usize, Why)> = found.left_out.iter().map(|left| (left.rows, left.why)).collect();
        assert_eq!(left_out, [(1, Why::Isolation), (2, Why::Alike)]);
        assert_eq!(found.items[0].id, "ip.firewall.filter.1");
        assert_eq!(
            Value::Object(found.items[0].attributes.clone()),
            serde_json::json!({"chain": "input", "action": "accept"})
        );
    }

    #[test]
    fn a_menu_of_one_row_has_no_key_and_no_secret_is_told() {
        assert_eq!(keys(&of("/ip/dns", &[&[("servers", "9.9.9.9")]])), [""]);
        let menus = menus(&[], &schema()).expect("the usual menus");
        assert!(menus.len() > 50);
        for read in reads(&menus) {
            assert!(!read.properties.iter().any(|name| is_secret(name)), "{}", read.path);
        }
        let peer = of("/interface/wireguard/peers", &[&[("interface", "wg"), ("preshared-key", "x")]]);
        assert_eq!(peer.items[0].attributes.get("preshared-key"), None);
    }

    #[test]
    fn a_name_that_cannot_be_written_still_finds_its_row() {
        let found = of("/ip/service", &[&[("name", "ssh"), ("port", "22")], &[("name", "www"), ("port", "80")]]);
        assert_eq!(keys(&found), ["name=ssh", "name=www"]);
        assert_eq!(Value::Object(found.items[0].attributes.clone()), serde_json::json!({"port": "22"}));
    }

    #[test]
    fn a_menu_that_this_version_lacks_is_named() {
        for menu in ["/ip/nothing", "/system/resource", "ip/dns"] {
            assert_eq!(menus(&[menu.to_owned()], &schema()), Err(menu.to_owned()));
        }
        let slash = menus(&["/ip/dns/".to_owned()], &schema()).expect("a menu");
        assert_eq!(slash[0].path, "/ip/dns");
    }
}
