//! Commands that compute with values alone (manual, "Scripting": global commands).

use super::{syntax::Built, value::Value};

/// What a command makes of its values. `:put`, `:delay` and `:error` are the job's own.
///
/// # Errors
/// Values that it cannot use.
pub fn compute(built: Built, values: &[Value]) -> Result<Value, String> {
    let value = values.first().unwrap_or(&Value::Nothing);
    Ok(match built {
        Built::Put | Built::Delay | Built::Error | Built::Nothing => Value::Nothing,
        Built::Len => Value::Number(i64::try_from(value.len()).unwrap_or(i64::MAX)),
        Built::TypeOf => Value::text(value.type_name()),
        Built::ToStr => Value::Text(value.show()),
        Built::ToNum => value.number().map_or(Value::Nothing, Value::Number),
        Built::ToBool => {
            value.truth().or_else(|| value.number().map(|number| number != 0)).map_or(Value::Nothing, Value::Bool)
        }
        Built::ToTime => value.micros().map_or(Value::Nothing, Value::Time),
        Built::ToIp => value.show().parse().map_or(Value::Nothing, Value::Address),
        Built::ToId => value.show().parse().map_or(Value::Nothing, Value::Id),
        Built::ToArray if matches!(value, Value::List(_)) => value.clone(),
        Built::ToArray if value.is_empty() => Value::List(Vec::new()),
        Built::ToArray => Value::list(value.show().split(',').map(|item| Value::of_word(item.trim()))),
        Built::Pick => pick(value, values.get(1), values.get(2))?,
        Built::Find => find(value, values.get(1), values.get(2)),
    })
}

/// `:pick value from to`: an item or a character, or those from one place up to before another.
fn pick(value: &Value, from: Option<&Value>, to: Option<&Value>) -> Result<Value, String> {
    let place = |value: Option<&Value>| -> Result<Option<usize>, String> {
        let Some(value) = value else { return Ok(None) };
        let number = value.number().ok_or_else(|| format!("invalid place {}", value.show()))?;
        Ok(Some(usize::try_from(number).unwrap_or(0)))
    };
    let from = place(from)?.unwrap_or(0);
    let to = place(to)?;
    let taken = to.map_or(1, |to| to.saturating_sub(from));
    let Value::List(items) = value else {
        return Ok(Value::Text(value.show().chars().skip(from).take(taken).collect()));
    };
    Ok(match to {
        // An item that is not there is nothing, which no command takes for a row.
        None => items.get(from).map_or(Value::Nil, |(_, item)| item.clone()),
        Some(_) => Value::List(items.iter().skip(from).take(taken).cloned().collect()),
    })
}

/// `:find value what after`: where an item or a text stands; nil where it does not.
fn find(value: &Value, what: Option<&Value>, after: Option<&Value>) -> Value {
    let what = what.unwrap_or(&Value::Nothing);
    let start = after.and_then(Value::number).and_then(|after| usize::try_from(after + 1).ok()).unwrap_or(0);
    let place = if let Value::List(items) = value {
        let mut items = items.iter().enumerate().skip(start);
        items.find(|(_, (_, item))| super::operate::same(item, what)).map(|(at, _)| at)
    } else {
        let (text, sought): (Vec<char>, Vec<char>) = (value.show().chars().collect(), what.show().chars().collect());
        (start..text.len()).find(|at| text[*at..].starts_with(&sought))
    };
    place.map_or(Value::Nil, |at| Value::Number(i64::try_from(at).unwrap_or(i64::MAX)))
}
