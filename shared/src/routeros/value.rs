//! Values as RouterOS writes them: booleans, durations, row ids.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    time::Duration,
};

/// `true`/`false` as RouterOS prints them, and `yes`/`no` as people write them.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

/// A boolean as an argument: RouterOS takes `yes` and `no` in every version.
pub fn bool_word(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// A row's id inside one menu: `*` and upper-case hexadecimal digits without padding.
///
/// Given anew when a row is added again and, for most menus, at every boot: never keep one across a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub u32);

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*{:X}", self.0)
    }
}

impl FromStr for RowId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        text.strip_prefix('*')
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or_else(|| ValueError { what: "row id", text: text.to_owned() })
    }
}

/// A text that is no value of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a RouterOS {what}")]
pub struct ValueError {
    /// What it should have been.
    pub what: &'static str,
    /// What it was.
    pub text: String,
}

/// Milliseconds of each unit that RouterOS writes, largest first; `us` and `ns` are below a millisecond.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A duration in any form that RouterOS reads or writes: `1w2d3h4m5s`, `12ms430us`, `00:01:00`, `1d 02:00:00`, a
/// plain number of seconds (`0.5` too). Fractions of a second keep their microseconds.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    let wrong = || ValueError { what: "duration", text: text.to_owned() };
    let mut micros: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let tail = &rest[digits..];
        if tail.starts_with(':') {
            return Ok(Duration::from_micros(
                micros.checked_add(clock_micros(rest).ok_or_else(wrong)?).ok_or_else(wrong)?,
            ));
        }
        let (fraction, tail) = fraction_micros(tail);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let per_unit = match &tail[..letters] {
            unit if fraction.is_some() && !matches!(unit, "" | "s") => return Err(wrong()),
            "" => 1_000_000,
            "us" => 1,
            "ns" => 0,
            unit => UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1 * 1_000,
        };
        let part = number.checked_mul(per_unit).and_then(|part| part.checked_add(fraction.unwrap_or(0)));
        micros = part.and_then(|part| micros.checked_add(part)).ok_or_else(wrong)?;
        rest = tail[letters..].trim_start();
    }
    Ok(Duration::from_micros(micros))
}

/// `[h:]m:s[.fraction]`
fn clock_micros(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<u64> = whole.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [hours, minutes, seconds] => {
            hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?
        }
        [minutes, seconds] => minutes.checked_mul(60)?.checked_add(seconds)?,
        _ => return None,
    };
    if !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    seconds.checked_mul(1_000_000)?.checked_add(micros_of(fraction))
}

/// The microseconds of `.5…` where the text begins so, and what follows it.
fn fraction_micros(text: &str) -> (Option<u64>, &str) {
    let Some(rest) = text.strip_prefix('.') else { return (None, text) };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if digits == 0 { (None, text) } else { (Some(micros_of(&rest[..digits])), &rest[digits..]) }
}

/// Digits after the point of a number of seconds.
fn micros_of(digits: &str) -> u64 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |micros, digit| micros * 10 + u64::from(digit - b'0'))
}

/// A duration as RouterOS prints it: `1w2d3h4m5s`, zero as `0s`, below a second `12ms430us`.
pub fn format_duration(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, size) in UNITS {
        if millis >= size {
            let _ = write!(text, "{}{unit}", millis / size);
            millis %= size;
        }
    }
    if duration < Duration::from_secs(1) && !duration.subsec_micros().is_multiple_of(1000) {
        let _ = write!(text, "{}us", duration.subsec_micros() % 1000);
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_read_in_every_form_that_routeros_writes() {
        let cases = [
            ("0s", 0),
            ("7d", 604_800_000_000),
            ("1w", 604_800_000_000),
            ("1w2d3h4m5s", 788_645_000_000),
            ("453us", 453),
            ("12ms430us", 12_430),
            ("00:01:00", 60_000_000),
            ("00:00:00.200", 200_000),
            ("1d 02:00:00", 93_600_000_000),
            ("30", 30_000_000),
            ("0.5", 500_000),
            ("1m2.25s", 62_250_000),
        ];
        for (text, micros) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for text in [
            "",
            "x",
            "1y",
            "1:2:3:4",
            "-1s",
            "1.",
            ".5",
            "1.5m",
            "1:2.x",
            "99999999999999999999s",
            "18446744073709551615w",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_row_id_is_a_star_and_hexadecimal() {
        assert_eq!("*1A".parse(), Ok(RowId(26)));
        assert_eq!(RowId(0xFFFF_FFFF).to_string(), "*FFFFFFFF");
        for text in ["", "*", "1A", "*G", "*100000000"] {
            assert!(text.parse::<RowId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_duration_reads_back(millis in 0_u64..10_000_000_000) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }
}
