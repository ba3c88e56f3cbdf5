//! One firewall rule of RouterOS as one of nftables.
//!
//! A property that is not known here is an error: a rule that matched more or less than on the router would prove nothing.

use super::rows::{Row, Rows};
use anyhow::{bail, ensure};

/// The bit of a connection's mark that stands for "fasttracked".
pub(crate) const FASTTRACKED: &str = "0x40000000";

/// The bits of a connection's mark that stand for RouterOS' own.
const CONNECTION: u32 = 0x3FFF_FFFF;

/// What says nothing of a packet.
const SILENT: [&str; 22] = [
    ".nextid",
    ".id",
    "action",
    "address-list",
    "bytes",
    "chain",
    "comment",
    "creation-time",
    "disabled",
    "dynamic",
    "invalid",
    "jump-target",
    "log",
    "log-prefix",
    "new-connection-mark",
    "new-mss",
    "new-routing-mark",
    "packets",
    "passthrough",
    "reject-with",
    "to-addresses",
    "to-ports",
];

/// Where a rule stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// `ip` or `ip6`.
    pub(crate) family: &'static str,
    /// `filter`, `nat`, `mangle` or `raw`.
    pub(crate) table: &'static str,
    /// The counter's name.
    pub(crate) counter: &'a str,
}

/// The rule's text behind `add rule <family> <table> <chain>`; nothing for a rule that can match no packet here.
///
/// # Errors
/// A property or value that is not carried out, by its name.
pub(crate) fn text(
    place: Place<'_>,
    row: &Row,
    rows: &Rows,
    mark: &mut impl FnMut(&str) -> u32,
) -> anyhow::Result<Option<String>> {
    let mut words = Vec::new();
    for (name, value) in row.0.iter().filter(|(name, value)| !SILENT.contains(&name.as_str()) && !value.is_empty()) {
        match matcher(place.family, name, value, rows) {
            Matcher::Text(text) => words.push(text),
            Matcher::Never => return Ok(None),
            Matcher::Unknown => bail!("{name}={value}: the kernel backend does not carry out this matcher"),
        }
    }
    words.push(format!("counter name {}", place.counter));
    words.push(action(place, row, mark)?);
    Ok(Some(words.join(" ")))
}

/// A property that looks at packets.
enum Matcher {
    Text(String),
    /// No packet meets it here.
    Never,
    /// It is not carried out.
    Unknown,
}

fn matcher(family: &str, name: &str, value: &str, rows: &Rows) -> Matcher {
    let (not, plain) = value.strip_prefix('!').map_or(("", value), |plain| ("!= ", plain));
    let text = match name {
        "in-interface" => format!("iifname {not}\"{plain}\""),
        "out-interface" => format!("oifname {not}\"{plain}\""),
        "in-interface-list" | "out-interface-list" => {
            let members: Vec<String> = rows.members(plain).iter().map(|name| format!("\"{name}\"")).collect();
            let side = if name.starts_with("in") { "iifname" } else { "oifname" };
            match (members.is_empty(), not.is_empty()) {
                (true, true) => return Matcher::Never,
                // Nothing is in the list, so everything is outside of it.
                (true, false) => String::new(),
                (false, _) => format!("{side} {not}{{ {} }}", members.join(", ")),
            }
        }
        "src-address" => format!("{family} saddr {not}{plain}"),
        "dst-address" => format!("{family} daddr {not}{plain}"),
        "src-address-list" => format!("{family} saddr {not}@{}", set(plain)),
        "dst-address-list" => format!("{family} daddr {not}@{}", set(plain)),
        "dst-address-type" if matches!(plain, "local" | "broadcast" | "multicast" | "unicast") => {
            format!("fib daddr type {not}{plain}")
        }
        "protocol" => format!("meta l4proto {not}{}", if plain == "icmpv6" { "ipv6-icmp" } else { plain }),
        "dst-port" => format!("th dport {not}{{ {plain} }}"),
        "src-port" => format!("th sport {not}{{ {plain} }}"),
        "connection-state" => format!("ct state {not}{{ {plain} }}"),
        "connection-mark" => {
            let same = if not.is_empty() { "==" } else { "!=" };
            format!("ct mark & {CONNECTION:#x} {same} {}", connection(plain))
        }
        "connection-nat-state" => match (plain, not.is_empty()) {
            ("dstnat", true) => "ct status & dnat == dnat".to_owned(),
            ("dstnat", false) => "ct status & dnat == 0".to_owned(),
            ("srcnat", true) => "ct status & snat == snat".to_owned(),
            ("srcnat", false) => "ct status & snat == 0".to_owned(),
            _ => return Matcher::Unknown,
        },
        "tcp-flags" if plain == "syn" && not.is_empty() => "tcp flags & syn == syn".to_owned(),
        "icmp-options" if plain == "8:0" || plain == "8:0-255" => "icmp type echo-request".to_owned(),
        "limit" => return limit(plain).map_or(Matcher::Unknown, Matcher::Text),
        // No policy of IPsec is ever there: none matches "ipsec", all match "none".
        "ipsec-policy" if plain.ends_with(",ipsec") => return Matcher::Never,
        "ipsec-policy" if plain.ends_with(",none") => String::new(),
        _ => return Matcher::Unknown,
    };
    Matcher::Text(text)
}

/// `rate,burst:packet` with the rate a second by default.
fn limit(value: &str) -> Option<String> {
    let (rate, burst) = value.strip_suffix(":packet")?.split_once(',')?;
    let (count, time) = rate.split_once('/').unwrap_or((rate, "1s"));
    let per = match time {
        "1s" | "s" | "1" => "second",
        "1m" => "minute",
        _ => return None,
    };
    Some(format!("limit rate {count}/{per} burst {burst} packets"))
}

fn action(place: Place<'_>, row: &Row, mark: &mut impl FnMut(&str) -> u32) -> anyhow::Result<String> {
    let passes = !matches!(row.text("passthrough"), "no" | "false");
    let then = |text: String| if passes { text } else { format!("{text} accept") };
    let target = |word: &str| match (row.text("to-addresses"), row.text("to-ports")) {
        (address, "") => format!("{word} to {address}"),
        (address, ports) => format!("{word} to {address}:{ports}"),
    };
    Ok(match row.text("action") {
        "accept" | "" => "accept".to_owned(),
        "drop" => "drop".to_owned(),
        "reject" => "reject".to_owned(),
        "jump" => format!("jump {}", chain(row.text("jump-target"))),
        "return" => "return".to_owned(),
        "passthrough" | "log" => "continue".to_owned(),
        "notrack" => "notrack".to_owned(),
        "masquerade" => "masquerade".to_owned(),
        "redirect" => format!("redirect to :{}", row.text("to-ports")),
        "dst-nat" => target("dnat"),
        "src-nat" => target("snat"),
        "fasttrack-connection" => {
            format!("meta l4proto {{ tcp, udp }} ct mark set ct mark | {FASTTRACKED}")
        }
        "mark-connection" => {
            then(format!("ct mark set ct mark & {FASTTRACKED} | {}", connection(row.text("new-connection-mark"))))
        }
        "mark-routing" => then(format!("meta mark set {}", mark(row.text("new-routing-mark")))),
        "change-mss" => {
            ensure!(
                row.text("new-mss") == "clamp-to-pmtu",
                "new-mss={}: only clamp-to-pmtu is carried out",
                row.text("new-mss")
            );
            then("tcp option maxseg size set rt mtu".to_owned())
        }
        other => bail!("action={other}: the kernel backend does not carry it out in {}", place.table),
    })
}

/// The number of a connection's mark, made of its name: connections keep theirs whatever other marks come and go.
fn connection(mark: &str) -> u32 {
    if mark == "no-mark" {
        return 0;
    }
    let sum = mark.bytes().fold(0x811C_9DC5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    sum & CONNECTION | 1
}

/// A chain's name in nftables, whose own words may not name one.
pub(crate) fn chain(name: &str) -> String {
    format!("c-{name}")
}

/// A set's name for an address list.
pub(crate) fn set(list: &str) -> String {
    format!("l-{list}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruled(properties: &[(&str, &str)]) -> String {
        let row = Row(properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        let place = Place { family: "ip", table: "mangle", counter: "n" };
        text(place, &row, &Rows::default(), &mut |_| 254).ok().flatten().unwrap_or_default()
    }

    #[test]
    fn marks_of_connections_leave_the_bit_of_fasttrack_alone() {
        let mark = connection("bulkhead-vif");
        assert_eq!(mark & !CONNECTION, 0);
        assert_ne!(mark, 0, "that is no mark");
        assert_ne!(mark, connection("somebody's"));
        let set = [("action", "mark-connection"), ("new-connection-mark", "bulkhead-vif"), ("passthrough", "true")];
        assert_eq!(ruled(&set), format!("counter name n ct mark set ct mark & {FASTTRACKED} | {mark}"));
        let others = [("connection-mark", "!bulkhead-vif"), ("action", "drop")];
        assert_eq!(ruled(&others), format!("ct mark & 0x3fffffff != {mark} counter name n drop"));
        assert_eq!(ruled(&[("connection-mark", "no-mark")]), "ct mark & 0x3fffffff == 0 counter name n accept");
    }
}
