//! What a router carries for the agent, as data: its user, its way in, and the bridge. The container, which differs
//! from version to version, is in [`super::container`].
//!
//! [`super::rsc`] writes it as scripts for people who install by hand. Whatever carries it out, a step that finds its
//! object does not make another: everything may be done again.

use super::{LINK_VLAN, Secrets, link_address};

/// Names and values.
pub(super) type Attributes = Vec<(&'static str, Value)>;

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// As it is.
    Text(String),
    /// The file of the agent's image, wherever on the router somebody put it.
    Image,
    /// A file or folder on the disk, and in the folder, of that image.
    BesideImage(&'static str),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Steps that belong together, and why they are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// One sentence for the person who reads the script.
    pub(super) why: &'static str,
    /// In this order.
    pub(super) steps: Vec<Step>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An object that is to be there.
    Object(Object),
    /// Something to say or do each time.
    Command(Command),
}

/// An object that is made where it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    /// `/interface/bridge`
    pub(super) menu: &'static str,
    /// By what it is recognised; made with these values too.
    pub(super) key: Attributes,
    /// What else it is made with.
    pub(super) values: Attributes,
    /// How it comes to its place, and what becomes of one that is there.
    pub(super) way: Way,
    /// What is done with one that has just been made.
    pub(super) then: Vec<Command>,
}

/// What is particular about an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// One that is there stays as it is.
    Once,
    /// One that is there gets the values anew.
    Anew,
    /// It stands above every other static row of its menu.
    First,
}

/// A command and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// `/certificate/sign`
    pub(super) path: &'static str,
    /// The rows concerned, by a name or a value, where it is about rows.
    pub(super) rows: Option<Rows>,
    /// Names and values.
    pub(super) arguments: Attributes,
}

/// The rows that a command concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// The row of this name, under the argument that the command has for it.
    Named(&'static str, &'static str),
    /// All that have these values; none is no error.
    Where(&'static str, Attributes),
}

/// What the agent needs and no more: it signs in by the API, reads, writes, and probes tunnels with ping. Nothing
/// that it reads is sensitive.
const POLICY: &str = "api,read,write,test";

/// The agent's user, TLS for the API, the bridge and the way in.
pub(super) fn parts(secrets: &Secrets) -> Vec<Part> {
    vec![user(&secrets.routeros_password), api_ssl(), link(secrets.mac), way_in()]
}

fn user(password: &str) -> Part {
    let group = vec![("policy", POLICY.into()), mark("group")];
    let address = format!("{}/32", link_address(2));
    let rest =
        vec![("group", "bulkhead".into()), ("address", address.into()), ("password", password.into()), mark("user")];
    Part {
        why: "The agent's user: signs in from the agent's address only.",
        steps: vec![
            object("/user/group", vec![("name", "bulkhead".into())], group, Way::Anew),
            object("/user", vec![("name", "bulkhead".into())], rest, Way::Anew),
        ],
    }
}

/// A certificate that somebody chose stays.
fn api_ssl() -> Part {
    const NAME: &str = "bulkhead-api";
    let certificate = Object {
        menu: "/certificate",
        key: vec![("name", NAME.into())],
        values: vec![
            ("common-name", NAME.into()),
            ("key-size", "2048".into()),
            ("days-valid", "3650".into()),
            ("key-usage", "digital-signature,key-encipherment,tls-server".into()),
        ],
        way: Way::Once,
        then: vec![
            Command { path: "/certificate/sign", rows: Some(Rows::Named("number", NAME)), arguments: Vec::new() },
            Command {
                path: "/ip/service/set",
                rows: Some(Rows::Where(
                    "/ip/service",
                    vec![("name", "api-ssl".into()), ("certificate", "none".into())],
                )),
                arguments: vec![("certificate", NAME.into())],
            },
        ],
    };
    let enable = Command {
        path: "/ip/service/set",
        rows: Some(Rows::Named("numbers", "api-ssl")),
        arguments: vec![("disabled", "no".into())],
    };
    Part {
        why: "TLS for the API, where no certificate has been chosen: without one it cannot be spoken to.",
        steps: vec![Step::Object(certificate), Step::Command(enable)],
    }
}

/// The agent's port is a trunk too: VIFs are tagged on it.
fn link(mac: [u8; 5]) -> Part {
    let mac = mac.map(|byte| format!("{byte:02X}")).join(":");
    let (gateway, agent) = (link_address(1), link_address(2));
    let vlan = LINK_VLAN.to_string();
    let once = |menu, key, values| object(menu, key, values, Way::Once);
    Part {
        why: "The bridge of all compartments, and on it the link between router and agent.",
        steps: vec![
            once(
                "/interface/bridge",
                vec![("name", "bulkhead".into())],
                vec![
                    ("vlan-filtering", "yes".into()),
                    ("protocol-mode", "none".into()),
                    ("frame-types", "admit-only-vlan-tagged".into()),
                    ("auto-mac", "no".into()),
                    ("admin-mac", format!("02:{mac}").into()),
                    mark("bridge"),
                ],
            ),
            once(
                "/interface/veth",
                vec![("name", "bh-agent".into())],
                vec![("address", format!("{agent}/30").into()), ("gateway", gateway.clone().into()), mark("veth")],
            ),
            once(
                "/interface/bridge/port",
                vec![("interface", "bh-agent".into())],
                vec![
                    ("bridge", "bulkhead".into()),
                    ("pvid", vlan.clone().into()),
                    ("frame-types", "admit-all".into()),
                    ("ingress-filtering", "yes".into()),
                    ("horizon", "1".into()),
                    mark("port"),
                ],
            ),
            once(
                "/interface/bridge/vlan",
                vec![mark("vlan")],
                vec![
                    ("bridge", "bulkhead".into()),
                    ("vlan-ids", vlan.clone().into()),
                    ("tagged", "bulkhead".into()),
                    ("untagged", "bh-agent".into()),
                ],
            ),
            once(
                "/interface/vlan",
                vec![("name", "bh-mgmt".into())],
                vec![("interface", "bulkhead".into()), ("vlan-id", vlan.into()), mark("link")],
            ),
            once(
                "/ip/address",
                vec![("interface", "bh-mgmt".into())],
                vec![("address", format!("{gateway}/30").into()), mark("address")],
            ),
        ],
    }
}

fn way_in() -> Part {
    let rule = vec![
        ("chain", "input".into()),
        ("action", "accept".into()),
        ("in-interface", "bh-mgmt".into()),
        ("src-address", link_address(2).into()),
        ("protocol", "tcp".into()),
        ("dst-port", "8729".into()),
    ];
    Part {
        why: "The agent's way in to the API, and to nothing else, above every other rule.",
        steps: vec![object("/ip/firewall/filter", vec![mark("api")], rule, Way::First)],
    }
}

/// The comment that says that an object is ours.
pub(super) fn mark(part: &str) -> (&'static str, Value) {
    ("comment", format!("bulkhead:installer/{part}").into())
}

/// An object that is made and left alone.
pub(super) fn object(menu: &'static str, key: Attributes, values: Attributes, way: Way) -> Step {
    Step::Object(Object { menu, key, values, way, then: Vec::new() })
}
