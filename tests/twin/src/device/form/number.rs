//! Numbers: plain, hexadecimal, in pairs, in lists, and rates.

/// A number as people write it: decimal, or hexadecimal after `0x`.
pub(super) fn parse(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.chars().all(|c| c.is_ascii_hexdigit()) => u64::from_str_radix(digits, 16).ok(),
        None if text.chars().all(|c| c.is_ascii_digit()) => text.parse().ok(),
        Some(_) | None => None,
    }
}

/// A rate in bits a second: a number with `k`, `M` or `G`, which stand for powers of a thousand.
pub(super) fn rate(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        'k' | 'K' => 1_000,
        'M' | 'm' => 1_000_000,
        'G' | 'g' => 1_000_000_000,
        _ => return parse(text),
    };
    let (whole, fraction) = text[..text.len() - 1].split_once('.').unwrap_or((&text[..text.len() - 1], ""));
    let mut value = parse(whole)?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        value = value.checked_add(u64::from(digit.to_digit(10)?) * place)?;
    }
    Some(value)
}

/// Upload and download, `10M/5M`; one alone stands for both.
pub(super) fn pair(text: &str, one: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (up, down) = text.split_once('/').unwrap_or((text, text));
    Some(format!("{}/{}", one(up)?, one(down)?))
}

/// A comma list of numbers and ranges within bounds, in the order given: ports, VLAN ids.
pub(super) fn list(text: &str, least: u64, most: u64) -> Option<String> {
    let one = |text: &str| parse(text).filter(|number| (least..=most).contains(number));
    let part = |part: &str| match part.split_once('-') {
        Some((from, to)) => {
            let (from, to) = (one(from)?, one(to)?);
            (from <= to).then(|| format!("{from}-{to}"))
        }
        None => one(part).map(|number| number.to_string()),
    };
    text.split(',').map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

/// Whether two comma lists of numbers and ranges have a number in common.
pub fn overlap(one: &str, other: &str) -> bool {
    let ranges = |text: &str| -> Vec<(u64, u64)> {
        let ends = |part: &str| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some((parse(from)?, parse(to)?))
        };
        text.split(',').filter_map(ends).collect()
    };
    let others = ranges(other);
    ranges(one).iter().any(|(from, to)| others.iter().any(|(least, most)| from <= most && least <= to))
}
