//! Whether two values mean the same to RouterOS, which writes many of them in another form than it was given.

use shared::routeros::value::parse_duration;
use std::borrow::Cow;

/// Properties whose words are a set: RouterOS shows them in an order of its own.
const SETS: [&str; 7] = ["tagged", "untagged", "connection-state", "policy", "topics", "include", "exclude"];

/// Whether a value that was sent and the one that RouterOS shows mean the same.
///
/// `fib` and `blackhole` are presence flags: which word they are shown with differs between sources, so only an explicit
/// no is a difference; a route or table that is there under our mark was made with them.
pub fn same(name: &str, sent: &str, shown: &str) -> bool {
    match name {
        "fib" | "blackhole" if sent != "no" && sent != "false" => shown != "false" && shown != "no",
        _ => sent == shown || meaning(name, sent) == meaning(name, shown),
    }
}

/// One form for all values of a property that mean the same.
///
/// Lists are sets where their order says nothing, a /32 is its bare address, `yes` is `true`, `7d` is `1w`. A row that
/// nobody disabled is shown with `disabled=false` or without it. Names and comments are what they are.
pub fn meaning<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    match name {
        "name" | "comment" => value.into(),
        "disabled" if word(value) != "true" => "false".into(),
        name if SETS.contains(&name) => {
            let mut words: Vec<&str> = value.split(',').collect();
            words.sort_unstable();
            words.join(",").into()
        }
        _ => {
            let value = word(value);
            let figure = match value.as_bytes().first() {
                Some(b'0'..=b'9') => duration(value).or_else(|| rates(value)).or_else(|| mac(value)),
                Some(b'a'..=b'f' | b'A'..=b'F') => mac(value),
                _ => None,
            };
            figure.map_or(value.into(), Into::into)
        }
    }
}

fn word(value: &str) -> &str {
    match value {
        "yes" => "true",
        "no" => "false",
        other => other.strip_suffix("/32").or_else(|| other.strip_suffix("/128")).unwrap_or(other),
    }
}

/// A bare number is no duration here: `30` and `00:00:30` may be a distance and a text.
fn duration(text: &str) -> Option<String> {
    let has_unit = text.ends_with(['w', 'd', 'h', 'm', 's']) || text.contains(':');
    let duration = has_unit.then(|| parse_duration(text).ok()).flatten()?;
    Some(format!("{}us", duration.as_micros()))
}

/// `10M` and `10000000`, also in pairs (`10M/2M`).
fn rates(text: &str) -> Option<String> {
    fn rate(text: &str) -> Option<String> {
        let (digits, factor) = match text.as_bytes().last()? {
            b'k' => (text.get(..text.len() - 1)?, 1_000),
            b'M' => (text.get(..text.len() - 1)?, 1_000_000),
            b'G' => (text.get(..text.len() - 1)?, 1_000_000_000),
            _ => (text, 1),
        };
        Some(digits.parse::<u64>().ok()?.checked_mul(factor)?.to_string())
    }
    Some(text.split('/').map(rate).collect::<Option<Vec<String>>>()?.join("/"))
}

fn mac(text: &str) -> Option<String> {
    let is_mac = text.len() == 17 && text.split(':').filter(|octet| octet.len() == 2).count() == 6;
    is_mac.then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_by_meaning() {
        for (name, sent, shown, expected) in [
            ("vlan-filtering", "yes", "true", true),
            ("vlan-filtering", "yes", "false", false),
            ("src-address", "172.16.64.2", "172.16.64.2/32", true),
            ("src-address", "172.16.64.2", "172.16.64.6", false),
            ("tagged", "bulkhead,bh-agent", "bh-agent,bulkhead", true),
            ("servers", "1.1.1.1,9.9.9.9", "9.9.9.9,1.1.1.1", false),
            ("connection-state", "established,related", "related,established", true),
            ("connection-state", "established,related", "established", false),
            ("in-interface", "bh-v100", "*1A", false),
            ("gateway", "wg-vpn", "", false),
            ("fib", "yes", "", true),
            ("blackhole", "yes", "true", true),
            ("blackhole", "yes", "false", false),
            ("disabled", "no", "", true),
            ("disabled", "yes", "true", true),
            ("disabled", "yes", "", false),
            ("timeout", "7d", "1w", true),
            ("timeout", "00:10:00", "10m", true),
            ("distance", "30", "30s", false),
            ("max-limit", "10000000/2M", "10M/2000000", true),
            ("max-limit", "10M/2M", "10M", false),
            ("max-limit", "10M", "2M", false),
            ("mac-address", "fe:aa:00:00:00:01", "FE:AA:00:00:00:01", true),
            ("mac-address", "02:aa:00:00:00:01", "02:AA:00:00:00:01", true),
            ("comment", "a", "b", false),
            ("comment", "1k", "1000", false),
            ("name", "007", "7", false),
        ] {
            assert_eq!(same(name, sent, shown), expected, "{name}: {sent} and {shown}");
        }
    }
}
