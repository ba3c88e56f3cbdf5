//! What has to be read of a router for the stages, and what the rows say of the device.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    change_set::{Item, Resource},
    routeros::{
        model::{Model, Row},
        schema::Schema,
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

/// What is never read: it is no business of the controller's.
const SECRETS: [&str; 8] =
    ["password", "private-key", "preshared-key", "passphrase", "secret", "auth-key", "client-endpoint", "eab-hmac-key"];

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

/// The menus that have to be read, each once, with what can be written of them and what the stages ask for. Menus that
/// this version does not have are not among them.
pub fn reads(items: &[Item], schema: &Schema) -> Vec<MenuRead> {
    let changed: Vec<&str> = items
        .iter()
        .filter_map(|item| match &item.resource {
            Resource::Row(row) => Some(row.menu.as_str()),
            Resource::VifCreate(_) | Resource::VifRemove(_) => None,
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
    menus.extend(named);
    menus.extend(changed);
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
        .filter(|name| !SECRETS.contains(name) && !super::syntax::is_no_attribute(name))
        .collect();
    names.extend(["disabled", "dynamic", "invalid"]);
    if !matches!(menu, "/system/resource" | "/system/device-mode") {
        names.insert("name");
    }
    names.extend(READ_ONLY.iter().filter(|(path, _)| *path == menu).flat_map(|(_, more)| more.iter().copied()));
    names.into_iter().map(str::to_owned).collect()
}

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

    fn read(path: &str, rows: &[&[(&str, &str)]]) -> MenuRows {
        let pairs = |row: &&[(&str, &str)]| row.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        MenuRows { path: path.to_owned(), rows: rows.iter().map(pairs).collect(), next: None, hash: [0; 32] }
    }

    #[test]
    fn what_is_read_has_no_secret_and_is_in_this_version() {
        let items =
            lines("create /ip/dhcp-server name=x : interface=bridge address-pool=p\nupdate /user name=ann : comment=x");
        let reads = reads(&items, newest());
        let menus: Vec<&str> = reads.iter().map(|read| read.path.as_str()).collect();
        for wanted in ["/ip/pool", "/user", "/ip/firewall/raw", "/interface/veth", "/system/device-mode"] {
            assert!(menus.contains(&wanted), "{wanted}");
        }
        assert!(!menus.contains(&"/interface/wifi"));
        for read in &reads {
            assert!(SECRETS.iter().all(|secret| !read.properties.iter().any(|name| name == secret)), "{}", read.path);
            assert!(!read.properties.iter().any(|name| matches!(name.as_str(), "numbers" | "place-before")));
        }
        let again: BTreeSet<&str> = menus.iter().copied().collect();
        assert_eq!(again.len(), menus.len());
    }

    #[test]
    fn pieces_of_a_menu_stand_one_after_the_other() {
        let piece = |ids: [&str; 2]| read("/ip/pool", &[&[(".id", ids[0])], &[(".id", ids[1])]]);
        let model = model(&[piece(["*1", "*2"]), read("/ip/dns", &[&[("servers", "9.9.9.9")]]), piece(["*4", "*3"])]);
        let ids: Vec<&str> = model.rows("/ip/pool").iter().map(Row::id).collect();
        assert_eq!(ids, ["*1", "*2", "*4", "*3"]);
        assert_eq!(model.setting("/ip/dns", "servers"), "9.9.9.9");
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
