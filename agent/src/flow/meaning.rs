//! Whether two values mean the same to RouterOS, which writes many of them in another form than it was given.

use shared::routeros::value::parse_duration;

/// Properties whose words are a set: RouterOS shows them in an order of its own.
const SETS: [&str; 7] = ["tagged", "untagged", "connection-state", "policy", "topics", "include", "exclude"];

/// Whether a value that was sent and the one that RouterOS shows mean the same.
///
/// Lists are sets where their order says nothing, a /32 is its bare address, `yes` is `true`, `7d` is `1w`. `fib` and
/// `blackhole` are presence flags: which word they are shown with differs between sources, so only an explicit no is
/// a difference; a route or table that is there under our mark was made with them. A row that nobody disabled is shown
/// with `disabled=false` or without it.
pub fn same(name: &str, sent: &str, shown: &str) -> bool {
    match name {
        "fib" | "blackhole" if sent != "no" && sent != "false" => shown != "false" && shown != "no",
        "disabled" => word(sent) == "true" && word(shown) == "true" || word(sent) != "true" && word(shown) != "true",
        name if SETS.contains(&name) => {
            let words = |text: &str| {
                let mut words: Vec<String> = text.split(',').map(str::to_owned).collect();
                words.sort_unstable();
                words
            };
            words(sent) == words(shown)
        }
        _ => word(sent) == word(shown) || same_duration(sent, shown) || same_rate(sent, shown) || same_mac(sent, shown),
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
fn same_duration(a: &str, b: &str) -> bool {
    let duration = |text: &str| {
        let unit = text.ends_with(['w', 'd', 'h', 'm', 's']) || text.contains(':');
        parse_duration(text).ok().filter(|_| unit && text.starts_with(|c: char| c.is_ascii_digit()))
    };
    duration(a).is_some_and(|a| duration(b) == Some(a))
}

/// `10M` and `10000000`, also in pairs (`10M/2M`).
fn same_rate(a: &str, b: &str) -> bool {
    fn rate(text: &str) -> Option<u64> {
        let (digits, factor) = match text.as_bytes().last()? {
            b'k' => (text.get(..text.len() - 1)?, 1_000),
            b'M' => (text.get(..text.len() - 1)?, 1_000_000),
            b'G' => (text.get(..text.len() - 1)?, 1_000_000_000),
            _ => (text, 1),
        };
        digits.parse::<u64>().ok()?.checked_mul(factor)
    }
    let rates = |text: &str| text.split('/').map(rate).collect::<Option<Vec<u64>>>();
    rates(a).is_some_and(|a| rates(b) == Some(a))
}

fn same_mac(a: &str, b: &str) -> bool {
    let is_mac = |text: &str| text.len() == 17 && text.split(':').filter(|octet| octet.len() == 2).count() == 6;
    is_mac(a) && a.eq_ignore_ascii_case(b)
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
            ("mac-address", "02:aa:00:00:00:01", "02:AA:00:00:00:01", true),
            ("comment", "a", "b", false),
        ] {
            assert_eq!(same(name, sent, shown), expected, "{name}: {sent} and {shown}");
        }
    }
}
