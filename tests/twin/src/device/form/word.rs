//! Words of a fixed set: one, or a comma list, each negated or not.

use shared::routeros::value::parse_bool;

use crate::schema::offered;

/// Arguments for which the words that the console offers are all there are. Where others are offered words, these stand
/// beside names, numbers or further words of newer versions.
const CLOSED: [&str; 62] = [
    "accept-redirects",
    "accept-router-advertisements",
    "action",
    "add-default-route",
    "arp",
    "auth-method",
    "authoritative",
    "bootp-support",
    "cable-settings",
    "check-gateway",
    "combo-mode",
    "connection-nat-state",
    "connection-state",
    "connection-type",
    "digest-algorithm",
    "dst-address-type",
    "dynamic-lease-identifiers",
    "edge",
    "enabled",
    "fec-mode",
    "frame-types",
    "hotspot",
    "igmp-version",
    "inactivity-policy",
    "ipv4-options",
    "key-size",
    "key-usage",
    "lacp-mode",
    "lacp-rate",
    "learn",
    "link-monitoring",
    "loop-protect",
    "mld-version",
    "multicast-router",
    "mvrp-applicant-state",
    "mvrp-registrar-state",
    "packet-type",
    "password-authentication",
    "pcq-classifier",
    "pfs",
    "point-to-point",
    "policy",
    "port-cost-mode",
    "protocol-mode",
    "ra-preference",
    "record-type",
    "reject-with",
    "rp-filter",
    "rx-flow-control",
    "sfp-rate-select",
    "src-address-type",
    "tcp-flags",
    "tcp-timestamps",
    "tls-version",
    "transmit-hash-policy",
    "tx-flow-control",
    "use-broadcast",
    "use-ipsec",
    "use-peer-dns",
    "use-radius",
    "vteps-ip-version",
    "v3-protocol",
];

/// `type` means another thing in each menu; in these the offered words are all.
const TYPED: [&str; 2] = ["/ip/dns/static", "/tool/netwatch"];

/// Words of versions after the one whose words are known.
const NEWER: [(&str, &str, &str); 1] = [("/routing/rule", "action", "mangle")];

/// Whether an argument takes the words that are offered and nothing else.
pub(super) fn is_closed(menu: &str, name: &str) -> bool {
    // There the offered words are the names of the rows that every device has.
    let names = menu == "/system/logging" && name == "action";
    (CLOSED.contains(&name) || (name == "type" && TYPED.contains(&menu))) && !names && !offered(menu, name).is_empty()
}

/// The value when all of its words are known.
pub(super) fn known(menu: &str, name: &str, value: &str) -> Option<String> {
    let mut words = offered(menu, name).to_vec();
    words.extend(NEWER.iter().filter(|(at, argument, _)| *at == menu && *argument == name).map(|(.., word)| *word));
    let negatable = words.contains(&"!");
    let switch = words.contains(&"yes") && words.contains(&"no");
    let one = |part: &str| {
        let (sign, bare) = match part.strip_prefix('!') {
            Some(bare) if negatable => ("!", bare),
            _ => ("", part),
        };
        // Where a boolean has grown a third word, `true` and `false` are still understood.
        let bare = match parse_bool(bare) {
            Some(value) if switch => shared::routeros::value::bool_word(value),
            _ => bare,
        };
        words.contains(&bare).then(|| format!("{sign}{bare}"))
    };
    value.split(',').map(one).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

/// All policies of a group in the order in which RouterOS lists them.
const POLICIES: [&str; 17] = [
    "local",
    "telnet",
    "ssh",
    "ftp",
    "reboot",
    "read",
    "write",
    "policy",
    "test",
    "winbox",
    "password",
    "web",
    "sniff",
    "sensitive",
    "api",
    "romon",
    "rest-api",
];

/// A group's policies: those that it has, then those that it lacks, negated.
pub(super) fn policies(value: &str) -> Option<String> {
    let given: Vec<&str> = value.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let bare = |word: &&str| POLICIES.contains(&word.strip_prefix('!').unwrap_or(word));
    if !given.iter().all(bare) {
        return None;
    }
    let (held, lacked): (Vec<&str>, Vec<&str>) = POLICIES.iter().partition(|policy| given.contains(policy));
    let lacked = lacked.into_iter().map(|policy| format!("!{policy}"));
    Some(held.into_iter().map(str::to_owned).chain(lacked).collect::<Vec<_>>().join(","))
}
