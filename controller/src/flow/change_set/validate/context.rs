//! What the stages know beside the change and the router's rows.

use std::{collections::BTreeMap, net::IpAddr};

use shared::routeros::schema::{Kind, Schema, Version, shipped::offered};

use super::value::{self, Attribute};

/// All of it.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// What the router runs.
    pub version: Version,
    /// The commands of that version, or of the nearest that is known.
    pub schema: &'a Schema,
    /// The commands of the other versions that are known, to say which of them has what this one lacks.
    pub others: &'a [Schema],
    /// The device.
    pub device: Device,
    /// The agent's session at the API; nothing where it does not come in by the router's own link.
    pub agent: Option<Session>,
    /// The agent's way to its broker; nothing where it is not known.
    pub link: Option<Link>,
    /// From where the administrator who asks is working; nothing where it is not known.
    pub administrator: Option<Administrator>,
    /// The VIFs on the router.
    pub vifs: Vec<Vif>,
}

/// What a device is like. What could not be read is not known, and nothing is found about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// `arm64`, as `/system/resource` says it; empty where it is not known.
    pub architecture: String,
    /// Bytes.
    pub free_memory: Option<u64>,
    /// Bytes.
    pub free_storage: Option<u64>,
    /// The packages that are installed and enabled; nothing where they could not be read.
    pub packages: Option<Vec<String>>,
    /// `/system/device-mode` as it was read: `container=no`, `flagged=yes`; empty below 7.17 and where not known.
    pub device_mode: BTreeMap<String, String>,
}

/// The agent's session at the router's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The agent's address.
    pub address: IpAddr,
    /// The router's address that it speaks to.
    pub router: IpAddr,
    /// The port there.
    pub port: u16,
    /// The service of `/ip/service`: `api-ssl`.
    pub service: String,
    /// The user that it signs in as.
    pub user: String,
    /// Where its packets come in: its veth, a port of the bridge, or another interface.
    pub interface: String,
}

/// The agent's way to its broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The broker's address.
    pub address: IpAddr,
    /// The port there.
    pub port: u16,
}

/// From where an administrator works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The address, as the router sees it.
    pub address: IpAddr,
}

/// A VIF that is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vif {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its VLAN interface.
    pub interface: String,
    /// Its service's address.
    pub source: IpAddr,
    /// The only interface by which its packets may leave.
    pub egress: String,
}

impl Context<'_> {
    /// What the schema knows of an attribute of a menu, in `add` or `set`.
    pub(super) fn kind(&self, menu: &str, name: &str) -> Option<Kind> {
        ["add", "set"].iter().find_map(|verb| self.schema.command(&format!("{menu}/{verb}"))?.get(name)).copied()
    }

    /// An attribute as its value is read.
    pub(super) fn attribute<'n>(&self, menu: &'n str, name: &'n str) -> Attribute<'n> {
        Attribute { menu, name, kind: self.kind(menu, name).unwrap_or_default(), offered: offered(menu, name) }
    }

    /// A value in the form in which it is compared; as it stands where it is none.
    pub(super) fn canonical(&self, menu: &str, name: &str, text: &str) -> String {
        value::canonical(self.attribute(menu, name), text).unwrap_or_else(|_| text.to_owned())
    }

    /// Whether a menu's rows stand in an order that counts.
    pub(super) fn is_ordered(&self, menu: &str) -> bool {
        self.schema.command(&format!("{menu}/move")).is_some()
    }

    /// Whether a menu is one set of values.
    pub(super) fn is_single(&self, menu: &str) -> bool {
        let has = |verb: &str| self.schema.command(&format!("{menu}/{verb}")).is_some();
        has("set") && !has("add") && !has("remove") && !self.schema.has(&format!("{menu}/set"), "numbers")
    }
}
