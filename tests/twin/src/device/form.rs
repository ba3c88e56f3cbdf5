//! Values as RouterOS rewrites them when it takes them in.
//!
//! | form | taken | kept |
//! | --- | --- | --- |
//! | boolean | `yes` `no` `true` `false` | `true` `false` |
//! | duration | `90`, `1m30s`, `00:01:30`, `1d 02:00:00` | `1m30s` |
//! | number, hexadecimal number | `100`, `0x64` | `100`, `0x64` |
//! | rate, pair | `10M/5M`, `10M` for both | `10000000/5000000` |
//! | network | `10.1.2.3/8` | `10.0.0.0/8` |
//! | matcher | `!10.0.0.1/32`, `10.0.0.1-10.0.0.9` | `!10.0.0.1`, `10.0.0.1-10.0.0.9` |
//! | ports, VLAN ids | `80,443,1000-2000` | the same, in the order given |
//! | words | `established,!new` | the same, in the order given |
//! | MAC address | `02-aa-bb-cc-dd-ee` | `02:AA:BB:CC:DD:EE` |

mod address;
mod number;
mod table;
mod time;
mod word;

use shared::routeros::{
    schema::{Bounds, Kind},
    value::{format_duration, parse_bool, parse_duration},
};

pub use self::{
    address::{holds, mac, network_of, parse_prefix},
    number::overlap,
};
use super::trap::Trap;

/// The form of one argument of one menu. Numbers lie between two bounds, both within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Any bytes, so many.
    Text(Bounds),
    Hexadecimal(Bounds),
    Boolean,
    /// Present with an empty value, or absent.
    Switch,
    Time(Bounds),
    /// Durations of upload and download.
    Times,
    Date,
    /// A time of day, or `startup`.
    Clock,
    Number(u64, u64),
    /// A number that is printed in hexadecimal.
    HexadecimalNumber(u64, u64),
    /// A number, or a word such as `auto` or `none`.
    NumberOrWord(u64, u64),
    NumberPair(u64, u64),
    /// A comma list of numbers and ranges.
    Numbers(u64, u64),
    /// The same as a firewall rule matches it: negated or not.
    Matched(u64, u64),
    Rate,
    Rates,
    /// Words of a fixed set.
    Closed,
    Policies,
    /// An address, or several.
    Addresses,
    /// An address with its prefix, host bits kept.
    HostPrefix,
    /// A network, host bits cleared, its length always written.
    Network,
    /// A comma list of networks.
    Networks,
    /// A comma list of ranges.
    Ranges,
    /// What a firewall rule or an address list matches: an address, network or range, negated or not.
    Matcher,
    Mac,
    NegatableMac,
}

impl Form {
    const ANYTHING: Self = Self::Text(Bounds::NONE);
}

/// The value as the device stores it, or nothing where the value says "not set".
///
/// # Errors
/// The trap that RouterOS answers for a value that the argument does not take.
pub fn normalise(menu: &str, name: &str, kind: Kind, value: &str) -> Result<Option<String>, Trap> {
    let form = table::form_of(menu, name, kind);
    match (form, value) {
        (Form::Switch, "no" | "false") => Ok(None),
        (Form::Switch, _) => Ok(Some(String::new())),
        (_, "") => Ok(None),
        _ => rewrite(form, menu, name, value).map(Some),
    }
}

fn rewrite(form: Form, menu: &str, name: &str, value: &str) -> Result<String, Trap> {
    let invalid = || Trap::InvalidValue(name.to_owned());
    let unknown = || Trap::NoMatch(name.to_owned());
    match form {
        Form::Text(bounds) | Form::Hexadecimal(bounds) => {
            let digits = !matches!(form, Form::Hexadecimal(_)) || value.chars().all(|c| c.is_ascii_hexdigit());
            let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
            if bounds.hold(length) && digits { Ok(value.to_owned()) } else { Err(invalid()) }
        }
        Form::Switch => Ok(value.to_owned()),
        Form::Boolean => parse_bool(value).map(|value| value.to_string()).ok_or_else(unknown),
        Form::Closed => word::known(menu, name, value).ok_or_else(unknown),
        Form::Policies => word::policies(value).ok_or_else(unknown),
        Form::Time(_) | Form::NumberOrWord(..) if is_word(value) => Ok(value.to_owned()),
        Form::Time(bounds) => duration(name, value, bounds),
        Form::Times => number::pair(value, |text| parse_duration(text).ok().map(format_duration)).ok_or_else(invalid),
        Form::Date => time::date(value).ok_or_else(invalid),
        Form::Clock if value == "startup" => Ok(value.to_owned()),
        Form::Clock => time::clock(value).ok_or_else(invalid),
        Form::Number(least, most) | Form::NumberOrWord(least, most) => {
            bounded(name, value, least, most).map(|number| number.to_string())
        }
        Form::HexadecimalNumber(least, most) => bounded(name, value, least, most).map(|number| format!("0x{number:X}")),
        Form::NumberPair(least, most) => {
            let one = |text: &str| number::parse(text).filter(|number| (least..=most).contains(number));
            number::pair(value, |text| one(text).map(|number| number.to_string())).ok_or_else(invalid)
        }
        Form::Numbers(least, most) => number::list(value, least, most).ok_or_else(invalid),
        Form::Matched(least, most) => negatable(value, |value| number::list(value, least, most)).ok_or_else(invalid),
        Form::Rate => number::rate(value).map(|rate| rate.to_string()).ok_or_else(invalid),
        Form::Rates => number::pair(value, |text| number::rate(text).map(|rate| rate.to_string())).ok_or_else(invalid),
        Form::Addresses => each(value, address::loose).ok_or_else(invalid),
        Form::HostPrefix => address::host_prefix(value).ok_or_else(invalid),
        Form::Network => address::network(value).ok_or_else(invalid),
        Form::Networks => each(value, address::network).ok_or_else(invalid),
        Form::Ranges => each(value, address::range).ok_or_else(invalid),
        Form::Matcher => address::matcher(menu, value).ok_or_else(invalid),
        Form::Mac => address::mac(value).ok_or_else(|| no_mac(name)),
        Form::NegatableMac => negatable(value, address::mac).ok_or_else(|| no_mac(name)),
    }
}

fn no_mac(name: &str) -> Trap {
    Trap::Failure(format!("invalid value of {name}, mac address required"))
}

/// Words that stand where a duration or a number is wanted: `auto`, `none-dynamic`.
fn is_word(value: &str) -> bool {
    matches!(value, "none" | "never" | "auto" | "forever" | "lease-time" | "unlimited")
        || matches!(value, "none-dynamic" | "none-static")
}

fn each(value: &str, one: impl Fn(&str) -> Option<String>) -> Option<String> {
    value.split(',').map(|part| one(part.trim())).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

fn negatable(value: &str, one: impl Fn(&str) -> Option<String>) -> Option<String> {
    match value.strip_prefix('!') {
        Some(rest) => one(rest).map(|rest| format!("!{rest}")),
        None => one(value),
    }
}

/// A duration within its bounds. Without an upper bound nothing is known of how the lower one is worded.
fn duration(name: &str, value: &str, bounds: Bounds) -> Result<String, Trap> {
    let invalid = || Trap::InvalidValue(name.to_owned());
    let duration = parse_duration(value).map_err(|_| invalid())?;
    if bounds.hold(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)) {
        return Ok(format_duration(duration));
    }
    if bounds.most == u64::MAX {
        return Err(invalid());
    }
    Err(Trap::OutOfRange { name: name.to_owned(), least: time::bound(bounds.least), most: time::bound(bounds.most) })
}

fn bounded(name: &str, value: &str, least: u64, most: u64) -> Result<u64, Trap> {
    let number = number::parse(value).ok_or_else(|| Trap::InvalidValue(name.to_owned()))?;
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(Trap::OutOfRange { name: name.to_owned(), least: least.to_string(), most: most.to_string() })
}
