//! What has to be read of a router for the stages, and what the rows say of the device.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    change_set::{Item, Resource},
    routeros::{
        model::{Model, Row},
        schema::Schema,
        secret::is_secret,
        trace,
    },
    vif::VifReport,
    wire::{MenuRead, MenuRows},
};

use super::{
    context::{Device, Vif},
    menu::{FIREWALL, INTERFACES, Target, known},
    rows::{is, rows, text},
};

/// Menus that the stages look at whatever changes: who comes in, where packets go, what the device is.
const ALWAYS: [&str; 28] = [
    "/interface",
    "/interface/bridge/port",
    "/interface/bridge/settings",
    "/interface/bridge/vlan",
    "/interface/ethernet/switch",
    "/interface/list",
    "/interface/list/member",
    "/interface/wireguard/peers",
    "/ip/address",
    "/ipv6/address",
    "/ip/dhcp-client",
    "/ip/dns",
    "/ip/firewall/address-list",
    "/ipv6/firewall/address-list",
    "/ip/route",
    "/ipv6/route",
    "/ip/service",
    "/ip/settings",
    "/routing/rule",
    "/routing/settings",
    "/routing/table",
    "/certificate",
    "/user",
    "/user/group",
    "/system/device-mode",
    "/system/package",
    "/system/resource",
    "/ip/dhcp-server",
];

/// What can be read and not written, of the menus where a stage asks for it.
const READ_ONLY: [(&str, &[&str]); 9] = [
    ("/interface", &["type", "running", "slave", "default-name"]),
    ("/interface/bridge/port", &["hw-offload", "inactive"]),
    ("/ip/address", &["network", "actual-interface"]),
    ("/ip/dhcp-client", &["status", "address", "gateway"]),
    ("/ip/route", &["active", "inactive", "connect", "immediate-gw"]),
    ("/ipv6/route", &["active", "inactive", "connect", "immediate-gw"]),
    ("/system/package", &["name", "version", "available"]),
    ("/system/resource", &["architecture-name", "free-memory", "free-hdd-space", "version"]),
    (
        "/system/device-mode",
        &[
            "mode",
            "flagged",
            "container",
            "scheduler",
            "socks",
            "pptp",
            "l2tp",
            "ipsec",
            "proxy",
            "smb",
            "hotspot",
            "romon",
            "zerotier",
        ],
    ),
];

/// The menus that have to be read, each once, with what can be written of them and what the stages ask for: beside those
/// that the stages always look at, those of the items and `more`. Menus that this version does not have are not among them.
pub fn reads(items: &[Item], more: &BTreeSet<&str>, schema: &Schema) -> Vec<MenuRead> {
    let changed: Vec<&str> = items
        .iter()
        .filter_map(|item| match &item.resource {
            Resource::Row(row) => Some(row.menu.as_str()),
            Resource::VifCreate(_) | Resource::VifUpdate(_) | Resource::VifRemove(_) => None,
        })
        .collect();
    let named = changed.iter().flat_map(|menu| known(menu).refers).filter_map(|(_, target)| match target {
        Target::Named(menu) => Some(*menu),
        Target::Interface
        | Target::List
        | Target::InterfaceOrList
        | Target::Table
        | Target::Gateway
        | Target::Chain
        | Target::AddressList => None,
    });
    // Pools and their servers judge each other.
    let pools = changed.contains(&"/ip/pool") || changed.contains(&"/ip/dhcp-server");
    let mut menus: BTreeSet<&str> = ALWAYS.into_iter().chain(FIREWALL).chain(INTERFACES).collect();
    menus.extend(trace::MENUS);
    menus.extend(named);
    menus.extend(changed);
    menus.extend(more);
    menus.extend(pools.then_some("/ip/pool"));
    let there = menus.into_iter().filter(|menu| schema.command(&format!("{menu}/print")).is_some());
    there
        .filter(|menu| !is_optional(menu, items))
        .map(|menu| MenuRead { path: menu.to_owned(), properties: properties(menu, schema), from: 0 })
        .collect()
}

/// Menus of packages that need not be installed are read only where they are to change.
fn is_optional(menu: &str, items: &[Item]) -> bool {
    let changed = items.iter().any(|item| matches!(&item.resource, Resource::Row(row) if row.menu == menu));
    matches!(menu, "/interface/wifi") && !changed
}

fn properties(menu: &str, schema: &Schema) -> Vec<String> {
    let arguments = ["add", "set"].iter().filter_map(|verb| schema.command(&format!("{menu}/{verb}")));
    let mut names: BTreeSet<&str> = arguments
        .flat_map(|arguments| arguments.keys())
        .map(String::as_str)
        .filter(|name| !is_secret(name) && !super::syntax::is_no_attribute(name))
        // A lease counts down: what was read of it is never what is read next.
        .filter(|name| !(menu.ends_with("/firewall/address-list") && *name == "timeout"))
        .collect();
    names.extend(["disabled", "dynamic", "invalid"]);
    if !matches!(menu, "/system/resource" | "/system/device-mode") {
        names.insert("name");
    }
    names.extend(trace::properties(menu).split(',').filter(|name| !matches!(*name, "" | ".id")));
    names.extend(READ_ONLY.iter().filter(|(path, _)| *path == menu).flat_map(|(_, more)| more.iter().copied()));
    names.into_iter().map(str::to_owned).collect()
}

/// A reading under way: menus that do not fit into one answer come in pieces, which have to be of one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    open: Vec<MenuRead>,
    read: Vec<MenuRows>,
    /// How often a menu may change between two of its pieces.
    patience: u32,
}

impl Pages {
    /// A reading of these menus that has not begun.
    pub fn new(menus: Vec<MenuRead>) -> Self {
        Self { open: menus, read: Vec::new(), patience: 20 }
    }

    /// What has to be asked for next; nothing when all is read.
    pub fn wanted(&self) -> Option<&[MenuRead]> {
        (!self.open.is_empty()).then_some(&self.open)
    }

    /// Takes an answer. A menu that has changed since its last piece is begun anew.
    ///
    /// # Errors
    /// Nothing more comes of it: the answer has none of the menus, or a menu does not come to rest.
    pub fn take(&mut self, menus: Vec<MenuRows>) -> Result<(), Restless> {
        if menus.is_empty() {
            return Err(Restless);
        }
        for rows in menus {
            let at = self.open.iter().position(|menu| menu.path == rows.path).ok_or(Restless)?;
            let last = self.read.iter().rev().find(|piece| piece.path == rows.path);
            if last.is_some_and(|piece| piece.hash != rows.hash) {
                self.patience = self.patience.checked_sub(1).ok_or(Restless)?;
                self.read.retain(|piece| piece.path != rows.path);
                self.open[at].from = 0;
                continue;
            }
            match rows.next {
                Some(next) if next > self.open[at].from => self.open[at].from = next,
                Some(_) => return Err(Restless),
                None => {
                    self.open.remove(at);
                }
            }
            self.read.push(rows);
        }
        Ok(())
    }

    /// What was read.
    pub fn done(self) -> Vec<MenuRows> {
        self.read
    }
}

/// The router's rows change faster than they can be read, or the agent answers something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the router's rows do not come to rest")]
pub struct Restless;

/// The router as it was read; pieces of one menu in their order.
pub fn model(read: &[MenuRows]) -> Model {
    let mut menus: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for piece in read {
        let rows = piece.rows.iter().map(|row| Row::new(row.iter().map(|(name, value)| (name, value))));
        menus.entry(&piece.path).or_default().extend(rows);
    }
    Model::new(menus)
}

impl Device {
    /// What was read of `/system/resource`, `/system/package` and `/system/device-mode`.
    pub fn read(read: &[MenuRows]) -> Self {
        let model = model(read);
        let resource = rows(&model, "/system/resource").first();
        let number = |name: &str| resource.and_then(|row| text(row, name).parse().ok());
        let packages = rows(&model, "/system/package");
        let installed = packages.iter().filter(|row| !is(row, "disabled") && !is(row, "available"));
        Self {
            architecture: resource.map(|row| text(row, "architecture-name").to_owned()).unwrap_or_default(),
            free_memory: number("free-memory"),
            free_storage: number("free-hdd-space"),
            packages: (!packages.is_empty()).then(|| installed.map(|row| text(row, "name").to_owned()).collect()),
            device_mode: rows(&model, "/system/device-mode")
                .first()
                .map(|row| row.properties().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
                .unwrap_or_default(),
        }
    }
}

impl From<&VifReport> for Vif {
    fn from(report: &VifReport) -> Self {
        Self {
            id: report.spec.id.to_string(),
            name: report.spec.name.to_string(),
            interface: report.interface.to_string(),
            source: report.service_ip.into(),
            egress: report.spec.egress.interface().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::change_set::validate::tests::{lines, newest};
    use shared::routeros::schema::shipped;

    fn read(path: &str, rows: &[&[(&str, &str)]]) -> MenuRows {
        let pairs = |row: &&[(&str, &str)]| row.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        MenuRows { path: path.to_owned(), rows: rows.iter().map(pairs).collect(), next: None, hash: [0; 32] }
    }

    #[test]
    fn what_is_read_has_no_secret_and_is_in_this_version() {
        let items =
            lines("create /ip/dhcp-server name=x : interface=bridge address-pool=p\nupdate /user name=ann : comment=x");
        let reads = reads(&items, &BTreeSet::new(), newest());
        let menus: Vec<&str> = reads.iter().map(|read| read.path.as_str()).collect();
        for wanted in ["/ip/pool", "/user", "/ip/firewall/raw", "/interface/veth", "/system/device-mode"] {
            assert!(menus.contains(&wanted), "{wanted}");
        }
        assert!(!menus.contains(&"/interface/wifi"));
        for read in &reads {
            assert!(!read.properties.iter().any(|name| is_secret(name)), "{}", read.path);
            assert!(
                !read.properties.iter().any(|name| matches!(name.as_str(), "numbers" | "place-before" | "timeout"))
            );
        }
        let again: BTreeSet<&str> = menus.iter().copied().collect();
        assert_eq!(again.len(), menus.len());
    }

    #[test]
    fn whatever_decides_over_a_packet_is_read() {
        for version in shipped::versions() {
            let schema = shipped::shipped(version).expect("it is shipped");
            let read = reads(&[], &BTreeSet::new(), &schema);
            for needed in crate::flow::trace::reads(&schema) {
                let there = read.iter().find(|read| read.path == needed.path);
                for name in needed.properties.iter().filter(|name| *name != ".id") {
                    let named = there.is_some_and(|there| there.properties.contains(name));
                    assert!(named, "{version}: {} {name}", needed.path);
                }
            }
        }
    }

    #[test]
    fn pieces_of_a_menu_stand_one_after_the_other() {
        let piece = |ids: [&str; 2]| read("/ip/pool", &[&[(".id", ids[0])], &[(".id", ids[1])]]);
        let model = model(&[piece(["*1", "*2"]), read("/ip/dns", &[&[("servers", "9.9.9.9")]]), piece(["*4", "*3"])]);
        let ids: Vec<&str> = model.rows("/ip/pool").iter().map(Row::id).collect();
        assert_eq!(ids, ["*1", "*2", "*4", "*3"]);
        assert_eq!(model.setting("/ip/dns", "servers"), "9.9.9.9");
    }

    fn pieces(pages: &mut Pages, from: u32, next: Option<u32>, hash: u8) -> Result<(), Restless> {
        let wanted = pages.wanted().unwrap_or_default();
        assert_eq!(wanted.first().map(|menu| menu.from), Some(from));
        let id = format!("*{from}");
        let rows = read("/ip/pool", &[&[(".id", &id)]]);
        pages.take(vec![MenuRows { next, hash: [hash; 32], ..rows }])
    }

    #[test]
    fn a_menu_that_changes_between_its_pieces_is_read_anew_but_not_for_ever() {
        let menu = MenuRead { path: "/ip/pool".to_owned(), properties: Vec::new(), from: 0 };
        let mut pages = Pages::new(vec![menu.clone()]);
        assert_eq!(pieces(&mut pages, 0, Some(5), 1), Ok(()));
        assert_eq!(pieces(&mut pages, 5, None, 2), Ok(()));
        assert_eq!(pieces(&mut pages, 0, Some(5), 3), Ok(()));
        assert_eq!(pieces(&mut pages, 5, None, 3), Ok(()));
        assert_eq!(pages.wanted(), None);
        let read = pages.done();
        assert_eq!(read.iter().map(|piece| piece.rows[0][0].1.as_str()).collect::<Vec<_>>(), ["*0", "*5"]);

        let mut pages = Pages::new(vec![menu]);
        let restless = (0..100).any(|n| {
            let from = pages.wanted().map_or(0, |menus| menus[0].from);
            pieces(&mut pages, from, Some(from + 5), n).is_err()
        });
        assert!(restless);
        assert_eq!(pages.take(Vec::new()), Err(Restless));
    }

    #[test]
    fn the_device_is_what_its_rows_say() {
        let device = Device::read(&[
            read("/system/resource", &[&[("architecture-name", "arm64"), ("free-memory", "1024")]]),
            read(
                "/system/package",
                &[
                    &[("name", "routeros")],
                    &[("name", "container"), ("disabled", "true")],
                    &[("name", "iot"), ("available", "true")],
                ],
            ),
            read("/system/device-mode", &[&[("mode", "home"), ("container", "false")]]),
        ]);
        assert_eq!(
            (device.architecture.as_str(), device.free_memory, device.free_storage),
            ("arm64", Some(1024), None)
        );
        assert_eq!(device.packages, Some(vec!["routeros".to_owned()]));
        assert_eq!(device.device_mode["container"], "false");
        assert_eq!(Device::read(&[]), Device::default());
    }
}
