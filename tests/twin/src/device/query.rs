//! The query words of `print`: a stack of booleans (manual, "API", section "Queries").

use std::net::IpAddr;

use shared::routeros::value::parse_duration;

use super::trap::Trap;

/// The words of one query, without their question marks, in their order.
#[derive(Debug, Clone, Default)]
pub struct Query {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Has(String),
    Lacks(String),
    Compare(char, String, String),
    Operations(String),
}

impl Query {
    /// Reads the words.
    ///
    /// # Errors
    /// [`Trap::InvalidValue`] for a word that is no query.
    pub fn parse(words: &[String]) -> Result<Self, Trap> {
        words.iter().map(|word| step(word)).collect::<Result<_, _>>().map(|steps| Self { steps })
    }

    /// Whether a row passes: nothing false is left on the stack.
    pub fn keeps<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        let mut stack = Vec::new();
        for step in &self.steps {
            match step {
                Step::Has(name) => stack.push(value(name).is_some()),
                Step::Lacks(name) => stack.push(value(name).is_none()),
                Step::Compare(sign, name, wanted) => {
                    stack.push(value(name).is_some_and(|value| compare(*sign, value, wanted)));
                }
                Step::Operations(signs) => operate(&mut stack, signs),
            }
        }
        stack.into_iter().all(|kept| kept)
    }
}

fn step(word: &str) -> Result<Step, Trap> {
    let wrong = || Trap::Failure(format!("invalid query word ?{word}"));
    if let Some(signs) = word.strip_prefix('#') {
        return if signs.chars().all(|c| "!&|.0123456789".contains(c)) {
            Ok(Step::Operations(signs.to_owned()))
        } else {
            Err(wrong())
        };
    }
    if let Some(name) = word.strip_prefix('-') {
        return Ok(Step::Lacks(name.to_owned()));
    }
    let (sign, rest) = match word.chars().next() {
        Some(sign @ ('<' | '>' | '=')) => (sign, &word[1..]),
        Some(_) => ('=', word),
        None => return Err(wrong()),
    };
    match rest.split_once('=') {
        Some((name, value)) => Ok(Step::Compare(sign, name.to_owned(), value.to_owned())),
        None if sign == '=' => Ok(Step::Has(rest.to_owned())),
        None => Err(wrong()),
    }
}

fn compare(sign: char, value: &str, wanted: &str) -> bool {
    if sign == '=' {
        // The console takes yes and no where it prints true and false.
        let plain = match wanted {
            "yes" => "true",
            "no" => "false",
            other => other,
        };
        return value == wanted || (value == plain && matches!(value, "true" | "false"));
    }
    // Numbers, durations and addresses by what they say, all else by its bytes.
    let order = match (value.parse::<i128>(), wanted.parse::<i128>()) {
        (Ok(value), Ok(wanted)) => value.cmp(&wanted),
        _ => match (parse_duration(value), parse_duration(wanted)) {
            (Ok(value), Ok(wanted)) => value.cmp(&wanted),
            _ => match (value.parse::<IpAddr>(), wanted.parse::<IpAddr>()) {
                (Ok(value), Ok(wanted)) => value.cmp(&wanted),
                _ => value.cmp(wanted),
            },
        },
    };
    if sign == '<' { order.is_lt() } else { order.is_gt() }
}

/// `!` `&` `|`, an index that copies or, at the end, becomes the only value; `.` duplicates or ends an index.
fn operate(stack: &mut Vec<bool>, signs: &str) {
    let mut pending: Option<usize> = None;
    for sign in signs.chars() {
        if let Some(digit) = sign.to_digit(10) {
            let index = pending.unwrap_or(0).saturating_mul(10).saturating_add(usize::try_from(digit).unwrap_or(0));
            pending = Some(index);
            continue;
        }
        if let Some(index) = pending.take() {
            let copy = peek(stack, index);
            stack.push(copy);
            if sign == '.' {
                continue;
            }
        }
        match sign {
            '!' => {
                let top = stack.pop().unwrap_or(true);
                stack.push(!top);
            }
            '&' | '|' => {
                let (right, left) = (stack.pop().unwrap_or(true), stack.pop().unwrap_or(true));
                stack.push(if sign == '&' { left && right } else { left || right });
            }
            _ => {
                let top = peek(stack, 0);
                stack.push(top);
            }
        }
    }
    if let Some(index) = pending {
        *stack = vec![peek(stack, index)];
    }
}

fn peek(stack: &[bool], index: usize) -> bool {
    stack.len().checked_sub(index + 1).and_then(|at| stack.get(at).copied()).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_the_rows_that_the_manual_says() {
        let row = [("type", "ether"), ("name", "ether1"), ("mtu", "1500"), ("disabled", "false")];
        let cases: [(&[&str], bool); 14] = [
            (&[], true),
            (&["type"], true),
            (&["-comment"], true),
            (&["comment"], false),
            (&["type=ether"], true),
            (&["=type=vlan"], false),
            (&[">mtu=1400"], true),
            (&["<mtu=1400"], false),
            (&["disabled=no"], true),
            (&["type=ether", "name=ether2"], false),
            (&["type=ether", "type=vlan", "#|"], true),
            (&["type=vlan", "#!"], true),
            (&["type=vlan", "type=ether", "#0"], true),
            (&["type=ether", "type=vlan", "#1"], true),
        ];
        for (words, kept) in cases {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            let query = Query::parse(&words).unwrap();
            let keeps = query.keeps(|name| row.iter().find(|(key, _)| *key == name).map(|(_, value)| *value));
            assert_eq!(keeps, kept, "{words:?}");
        }
    }
}
