//! What the stages may find: every code once, with its stage, how bad it is, and whether a person may overrule it.

use shared::routeros::trace::Packet;

use crate::{
    flow::trace,
    view::{FindingView, StageStatus},
};

/// A stage, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StageName {
    /// Menus, commands, attributes and values, as the router's version knows them.
    Syntax,
    /// What is there already, by meaning.
    Conflicts,
    /// What has to be there, and in which order.
    Dependencies,
    /// What this device can do.
    Platform,
    /// Who is let in, and who is locked out.
    Security,
    /// Addresses that cannot be meant.
    Addresses,
    /// What it comes to.
    Summary,
}

impl StageName {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Syntax,
        Self::Conflicts,
        Self::Dependencies,
        Self::Platform,
        Self::Security,
        Self::Addresses,
        Self::Summary,
    ];

    /// Its name in views.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Conflicts => "conflicts",
            Self::Dependencies => "dependencies",
            Self::Platform => "platform",
            Self::Security => "security",
            Self::Addresses => "addresses",
            Self::Summary => "summary",
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A person should know it.
    Warning,
    /// It must be put right, or overruled where that is possible.
    Failed,
}

/// One kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable, `lower_snake`.
    pub code: &'static str,
    /// The stage that finds it.
    pub stage: StageName,
    /// How bad it is.
    pub severity: Severity,
    /// Whether a person may have the change made all the same. Only what fails needs it.
    pub force: bool,
    /// What it means, for the reference.
    pub meaning: &'static str,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: &'static Code,
    /// The item that it is about.
    pub item: Option<String>,
    /// The item's field that it is about: an attribute's name, `menu`, `key`, `position`, `depends_on`.
    pub field: Option<String>,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The packet that shows it on the router as it would be, where there is one.
    pub packet: Option<Box<Packet>>,
}

impl Finding {
    /// A finding about the whole change set.
    pub fn new(code: &'static Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, item: None, field: None, message: message.into(), hint: hint.into(), packet: None }
    }

    /// The same about an item.
    #[must_use]
    pub fn of(mut self, item: &str) -> Self {
        self.item = Some(item.to_owned());
        self
    }

    /// The same at a field.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.code.to_owned(),
            item: finding.item.clone(),
            field: finding.field.clone(),
            message: finding.message.clone(),
            hint: finding.hint.clone(),
            trace: finding.packet.as_deref().and_then(trace::question),
        }
    }
}

/// How a stage went that found this.
pub(super) fn status(findings: &[Finding]) -> StageStatus {
    match findings.iter().map(|finding| finding.code.severity).max() {
        None => StageStatus::Passed,
        Some(Severity::Warning) => StageStatus::Warning,
        Some(Severity::Failed) => StageStatus::Failed,
    }
}

macro_rules! codes {
    ($($stage:ident { $($name:ident = $severity:ident $force:literal $code:literal, $meaning:literal;)* })*) => {
        $($(
            #[doc = $meaning]
            pub(super) static $name: Code = Code {
                code: $code,
                stage: StageName::$stage,
                severity: Severity::$severity,
                force: $force,
                meaning: $meaning,
            };
        )*)*
        /// Every code that the stages may find, by stage.
        pub static CODES: &[&Code] = &[$($(&$name),*),*];
    };
}

codes! {
    Syntax {
        ITEM_TWICE = Failed false "item_twice", "Two items have the same id.";
        UNKNOWN_MENU = Failed false "unknown_menu", "No version of RouterOS that is known here has this menu.";
        UNKNOWN_COMMAND = Failed false "unknown_command", "The menu cannot be written in this way.";
        SINGLE_MENU = Failed false "single_menu", "The menu is one set of values: nothing can be made or removed in it.";
        KEY_MISSING = Failed false "key_missing", "Nothing says which row is meant.";
        UNKNOWN_ATTRIBUTE = Failed false "unknown_attribute", "The menu has no such attribute.";
        ATTRIBUTE_TWICE = Failed false "attribute_twice", "An attribute is given twice, or set and unset at once.";
        MISSING_ATTRIBUTE = Failed false "missing_attribute", "A row cannot be made without this attribute.";
        VALUE_INVALID = Failed false "value_invalid", "The value is not of the attribute's kind.";
        VALUE_OUT_OF_RANGE = Failed false "value_out_of_range", "The value lies outside of the attribute's bounds.";
        WORD_UNKNOWN = Failed false "word_unknown", "The value is none of the attribute's words.";
        PORT_WITHOUT_PROTOCOL = Failed false "port_without_protocol", "A rule matches a port but no protocol that has ports.";
        MARK_IMPOSSIBLE = Failed false "mark_impossible", "The menu has no comment, so that a row of ours could not be told from others.";
        POSITION_UNORDERED = Failed false "position_unordered", "The menu's rows have no order.";
    }
    Conflicts {
        ALREADY_THERE = Warning false "already_there", "The router is already as the item wants it.";
        DUPLICATE_ROW = Warning false "duplicate_row", "A row that means the same is there already.";
        ITEMS_CONTRADICT = Failed false "items_contradict", "Two items are about the same row.";
        NAME_TAKEN = Failed false "name_taken", "The name is in use.";
        ENTRY_TAKEN = Failed false "entry_taken", "RouterOS takes no second row with these values.";
        SHADOWED_RULE = Warning false "shadowed_rule", "A rule above takes every packet that this rule would match.";
        SHADOWING_RULE = Warning false "shadowing_rule", "The rule takes every packet that a rule below would match.";
        SUBNET_OVERLAP = Failed true "subnet_overlap", "The subnet overlaps one on another interface.";
        VLAN_TAKEN = Failed false "vlan_taken", "The VLAN id is in use on this interface.";
        PORT_TAKEN = Failed false "port_taken", "Something else listens on the port.";
        ROUTE_COMPETES = Warning false "route_competes", "A route to the same destination has the same distance.";
    }
    Dependencies {
        UNKNOWN_ITEM = Failed false "unknown_item", "The item wants to come after one that there is not.";
        CYCLE = Failed false "cycle", "The items wait for each other.";
        ROW_NOT_FOUND = Failed false "row_not_found", "No row fits the key.";
        ROW_AMBIGUOUS = Failed false "row_ambiguous", "Several rows fit the key.";
        ROW_DYNAMIC = Failed false "row_dynamic", "The row was made by RouterOS itself and cannot be altered.";
        ALREADY_GONE = Warning false "already_gone", "The row that is to go is not there.";
        POSITION_UNKNOWN = Failed false "position_unknown", "The row beside which this one is to stand is not there.";
        UNKNOWN_INTERFACE = Failed false "unknown_interface", "There is no such interface.";
        UNKNOWN_INTERFACE_LIST = Failed false "unknown_interface_list", "There is no such interface list.";
        UNKNOWN_ROUTING_TABLE = Failed false "unknown_routing_table", "There is no such routing table.";
        UNKNOWN_REFERENCE = Failed false "unknown_reference", "What the value names is not there.";
        UNKNOWN_CHAIN = Warning false "unknown_chain", "The chain that is jumped to has no rules.";
        UNKNOWN_ADDRESS_LIST = Warning false "unknown_address_list", "The address list has no entries.";
        UNKNOWN_VIF = Failed false "unknown_vif", "There is no such VIF.";
        STILL_REFERENCED = Failed true "still_referenced", "Something that stays refers to what is to go.";
    }
    Platform {
        VERSION_LACKS = Failed false "version_lacks", "Other versions of RouterOS have it, this router's does not.";
        SCHEMA_GUESSED = Warning false "schema_guessed", "This version is not known here; a neighbouring one was taken.";
        PACKAGE_MISSING = Failed false "package_missing", "The menu belongs to a package that is not installed.";
        DEVICE_MODE_FORBIDS = Failed true "device_mode_forbids", "The device-mode does not allow the feature.";
        DEVICE_FLAGGED = Warning false "device_flagged", "RouterOS has flagged the configuration and blocks this feature.";
        ARCHITECTURE_LACKS = Failed false "architecture_lacks", "RouterOS has the feature not for this processor.";
        MEMORY_LOW = Warning false "memory_low", "The router has little free memory for this.";
        STORAGE_LOW = Warning false "storage_low", "The router has little free storage for this.";
        OFFLOAD_BYPASS = Warning false "offload_bypass", "Packets that the switch chip routes do not meet this rule.";
        OFFLOAD_LOST = Warning false "offload_lost", "The bridge will forward by the processor instead of the switch chip.";
    }
    Security {
        LOCKOUT = Failed true "lockout", "The agent could no longer sign in to the router.";
        LOCKOUT_LINK = Failed true "lockout_link", "The agent could no longer reach the controller.";
        LOCKOUT_ADMIN = Failed true "lockout_admin", "You could no longer reach the router from where you are.";
        LOCKOUT_BETWEEN = Failed true "lockout_between", "In the end all is reachable, but not at a moment between.";
        PATH_NOT_UNDERSTOOD = Warning false "path_not_understood", "A way that works today does not in the model, so that a lock-out cannot be ruled out.";
        VIF_LEAK = Failed false "vif_leak", "A VIF's packets would leave by another way than its egress.";
        SERVICE_EXPOSED = Failed true "service_exposed", "A service of the router becomes reachable from outside.";
        LAN_EXPOSED = Failed true "lan_exposed", "Hosts behind the router become reachable from outside.";
        BULKHEAD_ROW = Failed true "bulkhead_row", "The row is one of Bulkhead's own protection.";
        INPUT_OPEN = Failed true "input_open", "The rule lets anybody from outside in to the router.";
        FORWARD_OPEN = Failed true "forward_open", "The rule lets anybody from outside in to the networks behind the router.";
        PLAINTEXT_SERVICE = Warning false "plaintext_service", "The service sends passwords in the clear.";
        USER_UNRESTRICTED = Warning false "user_unrestricted", "A user with all rights may sign in from anywhere.";
        PASSWORD_EMPTY = Failed true "password_empty", "A user without a password.";
    }
    Addresses {
        WRONG_FAMILY = Failed false "wrong_family", "An IPv6 address where IPv4 is wanted, or the other way round.";
        HOST_BITS = Warning false "host_bits", "The network has host bits; RouterOS clears them.";
        PREFIX_MISSING = Warning false "prefix_missing", "An interface address without a prefix length is alone in its network.";
        NETWORK_ADDRESS = Failed true "network_address", "The address is that of the network itself.";
        BROADCAST_ADDRESS = Failed true "broadcast_address", "The address is the broadcast address of its network.";
        ADDRESS_UNUSABLE = Failed false "address_unusable", "No host can have this address.";
        BOGON = Warning false "bogon", "The address is kept for documentation or link-local use.";
        ADDRESS_DUPLICATE = Failed true "address_duplicate", "The router has the address already.";
        GATEWAY_OUTSIDE = Failed true "gateway_outside", "The gateway lies in none of the router's networks.";
        GATEWAY_OWN = Failed false "gateway_own", "The gateway is the router itself.";
        POOL_OUTSIDE = Warning false "pool_outside", "The pool has addresses outside of the networks of its DHCP server's interface.";
        DHCP_GATEWAY_OUTSIDE = Warning false "dhcp_gateway_outside", "The gateway that is handed out lies outside of the network.";
        MAC_MULTICAST = Failed false "mac_multicast", "A multicast MAC address cannot be an interface's.";
    }
    Summary {
        NOTHING_CHANGES = Warning false "nothing_changes", "Nothing would be written.";
        FOREIGN_ROW = Warning false "foreign_row", "A row that Bulkhead did not make is altered or removed.";
        MANY_OPERATIONS = Warning false "many_operations", "There are more writes than fit into one hold of Safe Mode.";
    }
}
