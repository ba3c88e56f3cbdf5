//! A menu's command, as a running script carries it out on the device.

use std::time::Duration;

use super::{
    code::MenuStep,
    operate,
    syntax::{Binary, Expression, Unary},
    value::Value,
};
use crate::device::{Device, Fields, Reply, caller::Caller, print::Depth, request::Request, spec::Shape, trap::Trap};

/// Why a command failed, in the router's words.
pub type Refusal = String;

/// A command with its values.
pub struct Call<'a> {
    /// What is to be done.
    pub step: &'a MenuStep,
    /// The values of the arguments that have one.
    pub values: Vec<Value>,
    /// The values of the condition's holes.
    pub holes: Vec<Value>,
}

impl Call<'_> {
    /// The request that the command is. Text and switches are as the API would send them.
    pub fn request(&self) -> Request {
        let mut values = self.values.iter();
        let mut request = Request::new(&self.step.menu, &self.step.verb, &[]);
        for (name, valued) in &self.step.arguments {
            let value = if *valued { values.next().map(Value::argument).unwrap_or_default() } else { String::new() };
            request.arguments.push((name.clone(), value));
        }
        request
    }

    /// Carries the command out: what it returns, and what the console shows of it.
    ///
    /// # Errors
    /// What the router answers.
    pub fn run(&self, device: &mut Device, now: Duration, caller: &Caller) -> Result<(Value, Option<String>), Refusal> {
        let request = self.request();
        match self.step.verb.as_str() {
            "find" => {
                caller.check(&request).map_err(|trap| trap.to_string())?;
                let rows = self.rows(device, caller)?;
                Ok((Value::list(rows.iter().filter_map(id)), None))
            }
            "get" => {
                let value = get(device, now, caller, &request).map_err(|trap| trap.to_string())?;
                Ok((value, None))
            }
            "print" => self.print(device, caller, &request),
            "export" if request.get("file").is_none() => {
                let text = device.export_for(caller, &request).map_err(|trap| trap.to_string())?;
                Ok((Value::Nothing, Some(text.trim_end().replace('\n', "\r\n"))))
            }
            _ => {
                // A place that a search did not find is no place.
                if request.get("place-before") == Some("") {
                    return Err(Trap::InvalidValue("place-before".to_owned()).to_string());
                }
                let reply = device.perform(now, caller, &request).map_err(|trap| trap.to_string())?;
                match reply {
                    Reply::Done(value) => {
                        device.carried_out(&request);
                        let value = value.map_or(Value::Nothing, |text| Value::of_property("ret", &text));
                        Ok((value, None))
                    }
                    Reply::Rows(rows) => {
                        device.carried_out(&request);
                        Ok((array(rows), None))
                    }
                    Reply::Reboot => {
                        device.carried_out(&request);
                        device.wants_reboot();
                        Ok((Value::Nothing, None))
                    }
                    Reply::Stream(_) | Reply::Pages(_) => {
                        Err(format!("failure: this twin does not carry out {} in a script", request.path()))
                    }
                }
            }
        }
    }

    /// The rows that the condition keeps, in their order.
    fn rows(&self, device: &Device, caller: &Caller) -> Result<Vec<Fields>, Refusal> {
        let print = Request::new(&self.step.menu, "print", &[]);
        let rows = device.render_menu(caller, &print, Depth::Whole).map_err(|trap| trap.to_string())?;
        let mut kept = Vec::new();
        for (_, fields) in rows {
            let keeps = match &self.step.condition {
                Some(condition) => holds(&self.evaluate(condition, &fields)?),
                None => true,
            };
            if keeps {
                kept.push(fields);
            }
        }
        Ok(kept)
    }

    fn print(&self, device: &Device, caller: &Caller, request: &Request) -> Result<(Value, Option<String>), Refusal> {
        caller.check(request).map_err(|trap| trap.to_string())?;
        let rows = self.rows(device, caller)?;
        if request.switch("count-only") {
            let count = Value::Number(i64::try_from(rows.len()).unwrap_or(i64::MAX));
            return Ok((count.clone(), Some(count.show())));
        }
        if request.switch("as-value") {
            return Ok((array(rows), None));
        }
        let line = |(at, fields): (usize, &Fields)| {
            let shown = fields.iter().filter(|(name, _)| !name.starts_with('.'));
            let shown: Vec<String> =
                shown.map(|(name, value)| format!("{name}={}", super::quote::value(value))).collect();
            format!("{at} {}", shown.join(" "))
        };
        Ok((Value::Nothing, Some(rows.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n"))))
    }

    /// What a condition comes to for one row.
    fn evaluate(&self, condition: &Expression, fields: &Fields) -> Result<Value, Refusal> {
        let property = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match condition {
            Expression::Property(name) => {
                Ok(property(name).map_or(Value::Nothing, |text| Value::of_property(name, text)))
            }
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Hole(at) => Ok(self.holes.get(*at).cloned().unwrap_or(Value::Nothing)),
            Expression::Unary(Unary::Not, value) => Ok(Value::Bool(!holds(&self.evaluate(value, fields)?))),
            Expression::Binary(sign @ (Binary::And | Binary::Or), left, right) => {
                let (left, right) = (holds(&self.evaluate(left, fields)?), holds(&self.evaluate(right, fields)?));
                Ok(Value::Bool(if *sign == Binary::And { left && right } else { left || right }))
            }
            Expression::Binary(sign, left, right) => {
                let wanted = self.evaluate(right, fields)?;
                if let (Expression::Property(name), Binary::Equal | Binary::Unequal) = (left.as_ref(), sign) {
                    let equal = is(property(name).unwrap_or_default(), &wanted);
                    return Ok(Value::Bool(equal == (*sign == Binary::Equal)));
                }
                // A bare word is whatever it looks like: `where timeout>10s`, `where address in 10.0.0.0/8`.
                let left = self.evaluate(left, fields)?;
                if let (Value::Text(word), true) = (&wanted, *sign != Binary::Matches) {
                    return operate::binary(*sign, &left, &Value::of_word(word));
                }
                operate::binary(*sign, &left, &wanted)
            }
            Expression::Unary(Unary::Minus, _)
            | Expression::Text(_)
            | Expression::Variable(_)
            | Expression::List(_)
            | Expression::Command(_)
            | Expression::Function(_) => Ok(Value::Nothing),
        }
    }
}

/// Whether a property's text is a value, in either of the ways in which booleans and times are written.
fn is(text: &str, wanted: &Value) -> bool {
    let written = wanted.argument();
    if text == written {
        return true;
    }
    match (Value::of_word(text), Value::of_word(&written)) {
        (Value::Bool(found), Value::Bool(wanted)) => found == wanted,
        (Value::Time(found), Value::Time(wanted)) => found == wanted,
        _ => false,
    }
}

/// A condition that is only a name holds where the flag is set, or the property is there at all.
fn holds(value: &Value) -> bool {
    value.truth().unwrap_or_else(|| !value.is_empty())
}

fn id(fields: &Fields) -> Option<Value> {
    fields.iter().find(|(name, _)| name == ".id").map(|(_, id)| Value::of_word(id))
}

/// Rows as arrays with keys, in alphabetical order as the console gives them (seen on 7.20.8).
fn array(rows: Vec<Fields>) -> Value {
    Value::list(rows.into_iter().map(|mut fields| {
        fields.retain(|(name, _)| name != ".nextid");
        fields.sort();
        let typed = |(name, text): (String, String)| {
            let value = Value::of_property(&name, &text);
            (Some(name), value)
        };
        Value::List(fields.into_iter().map(typed).collect())
    }))
}

fn get(device: &mut Device, now: Duration, caller: &Caller, request: &Request) -> Result<Value, Trap> {
    let single = device.spec(&request.menu).is_some_and(|spec| spec.shape == Shape::Single);
    if !single && request.rows().is_none_or(str::is_empty) {
        return Err(Trap::NoSuchItem);
    }
    let Some(name) = request.get("value-name") else {
        let mut print = Request::new(&request.menu, "print", &[]);
        print.arguments.extend(request.rows().filter(|_| !single).map(|rows| (".id".to_owned(), rows.to_owned())));
        caller.check(request)?;
        let rows = device.render_menu(caller, &print, Depth::Whole)?;
        let rows: Vec<Fields> = rows.into_iter().map(|(_, fields)| fields).collect();
        return Ok(array(rows).items().into_iter().next().map_or(Value::Nothing, |(_, row)| row));
    };
    let reply = device.perform(now, caller, request)?;
    Ok(match reply {
        Reply::Done(Some(text)) => Value::of_property(name, &text),
        Reply::Done(None) | Reply::Rows(_) | Reply::Pages(_) | Reply::Stream(_) | Reply::Reboot => Value::Nothing,
    })
}
