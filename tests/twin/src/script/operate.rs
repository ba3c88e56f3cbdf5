//! What signs make of values (manual, "Scripting": operators). Where it names no result for a pair of types, the twin
//! compares and joins their texts.

use std::{cmp::Ordering, net::IpAddr};

use regex::RegexBuilder;

use super::{
    syntax::{Binary, Unary},
    value::Value,
};
use crate::device::form::{holds, network_of, parse_prefix};

/// How large a compiled pattern may grow, in bytes.
const PATTERN: usize = 1 << 20;

/// Why there is no result, in the console's words as far as they are known.
type Refusal = String;

/// `-x`, `!x`
///
/// # Errors
/// A value that has no such result.
pub fn unary(sign: Unary, value: &Value) -> Result<Value, Refusal> {
    match sign {
        Unary::Not => {
            value.truth().map(|truth| Value::Bool(!truth)).ok_or_else(|| format!("cannot invert {}", value.type_name()))
        }
        Unary::Minus => {
            if let Value::Time(micros) = value {
                return Ok(Value::Time(-micros));
            }
            let number = value.number().and_then(i64::checked_neg).map(Value::Number);
            number.ok_or_else(|| format!("cannot negate {}", value.type_name()))
        }
    }
}

/// `x + y`
///
/// # Errors
/// Values that have no such result.
pub fn binary(sign: Binary, left: &Value, right: &Value) -> Result<Value, Refusal> {
    Ok(Value::Bool(match sign {
        Binary::Or | Binary::And => {
            let (Some(a), Some(b)) = (left.truth(), right.truth()) else {
                return Err(format!("cannot join {} with {}", left.type_name(), right.type_name()));
            };
            if sign == Binary::Or { a || b } else { a && b }
        }
        Binary::Equal => same(left, right),
        Binary::Unequal => !same(left, right),
        Binary::Less => order(left, right) == Ordering::Less,
        Binary::More => order(left, right) == Ordering::Greater,
        Binary::AtMost => order(left, right) != Ordering::Greater,
        Binary::AtLeast => order(left, right) != Ordering::Less,
        Binary::Matches => return matches(&left.show(), &right.show()).map(Value::Bool),
        Binary::In => is_in(left, right),
        Binary::Comma => {
            let mut items = left.clone().items();
            items.extend(right.clone().items());
            return Ok(Value::List(items));
        }
        Binary::Concat => {
            return Ok(match (left, right) {
                (Value::List(a), Value::List(b)) => Value::List([a.as_slice(), b].concat()),
                _ => Value::Text(left.show() + &right.show()),
            });
        }
        Binary::Item => return Ok(item(left, right)),
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Remainder => {
            return arithmetic(sign, left, right);
        }
    }))
}

/// Whether two values are the same: numbers and times by what they are, the rest by its text.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Time(_), _) | (_, Value::Time(_)) => left.micros().is_some() && left.micros() == right.micros(),
        (Value::Bool(_), _) | (_, Value::Bool(_)) => left.truth().is_some() && left.truth() == right.truth(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && same(&a.1, &b.1))
        }
        _ => left.show() == right.show(),
    }
}

/// Which of two values comes first: by number or time where both are one, by text otherwise.
pub fn order(left: &Value, right: &Value) -> Ordering {
    if matches!((left, right), (Value::Time(_), _) | (_, Value::Time(_)))
        && let (Some(a), Some(b)) = (left.micros(), right.micros())
    {
        return a.cmp(&b);
    }
    if let (Value::Address(a), Value::Address(b)) = (left, right) {
        return a.cmp(b);
    }
    match (left.number(), right.number()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => left.show().cmp(&right.show()),
    }
}

/// Whether a text matches a POSIX extended regular expression. The patterns that scripts use mean the same to the
/// library that is used here; its time is linear in the text, and large patterns are refused.
///
/// # Errors
/// A pattern that is none.
pub fn matches(text: &str, pattern: &str) -> Result<bool, Refusal> {
    RegexBuilder::new(pattern)
        .size_limit(PATTERN)
        .unicode(true)
        .build()
        .map(|pattern| pattern.is_match(text))
        .map_err(|_| "invalid regular expression".to_owned())
}

fn is_in(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (_, Value::List(items)) => items.iter().any(|(_, item)| same(left, item)),
        (Value::Address(address), Value::Prefix(network)) => holds(network, *address),
        (Value::Prefix(inner), Value::Prefix(outer)) => match (parse_prefix(inner), parse_prefix(outer)) {
            (Some((address, inner)), Some((base, outer))) => {
                inner >= outer
                    && address.is_ipv4() == base.is_ipv4()
                    && network_of(address, outer) == network_of(base, outer)
            }
            _ => false,
        },
        _ => same(left, right),
    }
}

/// `array->key`: by key, or by position.
fn item(list: &Value, key: &Value) -> Value {
    let Value::List(items) = list else { return Value::Nothing };
    let found = if let Value::Number(at) = key {
        usize::try_from(*at).ok().and_then(|at| items.get(at))
    } else {
        let key = key.show();
        items.iter().find(|(name, _)| name.as_ref() == Some(&key))
    };
    found.map_or(Value::Nothing, |(_, value)| value.clone())
}

fn arithmetic(sign: Binary, left: &Value, right: &Value) -> Result<Value, Refusal> {
    let refuse = || format!("cannot compute with {} and {}", left.type_name(), right.type_name());
    if let (Value::Address(address), Some(number)) = (left, right.number()) {
        return shifted(*address, if sign == Binary::Subtract { -number } else { number }).ok_or_else(refuse);
    }
    if matches!((left, right), (Value::Time(_), _) | (_, Value::Time(_))) {
        let scaled = matches!(sign, Binary::Multiply | Binary::Divide | Binary::Remainder);
        let (a, b) = if scaled && !matches!(right, Value::Time(_)) {
            (left.micros(), right.number())
        } else {
            (left.micros(), right.micros())
        };
        let result = compute(sign, a.ok_or_else(refuse)?, b.ok_or_else(refuse)?)?;
        return Ok(if scaled && matches!(right, Value::Time(_)) { Value::Number(result) } else { Value::Time(result) });
    }
    compute(sign, left.number().ok_or_else(refuse)?, right.number().ok_or_else(refuse)?).map(Value::Number)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller hands over the five signs of arithmetic")]
fn compute(sign: Binary, a: i64, b: i64) -> Result<i64, Refusal> {
    if b == 0 && matches!(sign, Binary::Divide | Binary::Remainder) {
        return Err("division by zero".to_owned());
    }
    Ok(match sign {
        Binary::Subtract => a.wrapping_sub(b),
        Binary::Multiply => a.wrapping_mul(b),
        Binary::Divide => a.wrapping_div(b),
        Binary::Remainder => a.wrapping_rem(b),
        _ => a.wrapping_add(b),
    })
}

fn shifted(address: IpAddr, by: i64) -> Option<Value> {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::try_from(i64::from(v4.to_bits()).checked_add(by)?).ok()?;
            Some(Value::Address(std::net::Ipv4Addr::from_bits(bits).into()))
        }
        IpAddr::V6(_) => None,
    }
}
