//! A small, honest importer of `.rsc` scripts: what it does not know it refuses, with the line.
//!
//! ```text
//! # comment                         a line goes on after a backslash
//! /menu/command name=value name="quoted \"text\"" switch
//! /menu/set [/menu/find name=x] name=value          rows by what find says; also numbers=[…]
//! … place-before=[:pick [/menu/find where dynamic=no] 0]
//! :if ([:len [/menu/find name=value …]] = 0) do={ command; command }
//! ```

use std::time::Duration;

use crate::device::{Device, Reply, request::Request, trap::Trap};

/// A line that was not carried out. The lines before it were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}: {text}")]
pub struct ImportError {
    /// Counted from one; the first line of a command that goes over several.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
    /// The command.
    pub text: String,
}

/// Carries out a script. Each command that was carried out is shown to `record`.
///
/// # Errors
/// [`ImportError`] at the first line that cannot be carried out.
pub fn import(
    device: &mut Device,
    now: Duration,
    script: &str,
    record: &mut dyn FnMut(&Request),
) -> Result<(), ImportError> {
    for (line, text) in commands(script) {
        run(device, now, &text, record).map_err(|reason| ImportError { line, reason, text })?;
    }
    Ok(())
}

/// Whole commands with the line on which each begins.
fn commands(script: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in script.lines().enumerate() {
        let trimmed = line.trim();
        if open.is_none() && (trimmed.is_empty() || trimmed.starts_with('#')) {
            continue;
        }
        let (start, mut text) = open.take().unwrap_or((at + 1, String::new()));
        let goes_on = trimmed.ends_with('\\');
        text.push_str(trimmed.strip_suffix('\\').unwrap_or(trimmed));
        if goes_on || depth(&text) > 0 {
            text.push(if goes_on { ' ' } else { '\n' });
            open = Some((start, text));
        } else {
            found.push((start, text));
        }
    }
    found.extend(open);
    found
}

/// How many braces are open.
fn depth(text: &str) -> i32 {
    outside_quotes(text).map(|(_, c)| i32::from(c == '{') - i32::from(c == '}')).sum()
}

/// The characters that are not inside of a quoted text, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter(move |(_, c)| {
        let skip = escaped;
        escaped = quoted && *c == '\\' && !escaped;
        if *c == '"' && !skip {
            quoted = !quoted;
        }
        !quoted && *c != '"'
    })
}

fn run(device: &mut Device, now: Duration, text: &str, record: &mut dyn FnMut(&Request)) -> Result<(), String> {
    if let Some(rest) = text.strip_prefix(":if") {
        return run_if(device, now, rest, record);
    }
    if !text.starts_with('/') {
        return Err("this importer carries out only /menu/command lines and :if ([:len [/menu/find …]] = 0) do={ … }"
            .to_owned());
    }
    let mut words = words(text)?.into_iter();
    let path = words.next().unwrap_or_default();
    let (menu, verb) = path.rsplit_once('/').ok_or("a command is written /menu/command")?;
    let mut request = Request::new(menu, verb, &[]);
    for word in words {
        let argument = match word.split_once('=') {
            Some((name, value)) if !name.contains(['[', '"']) => (name.to_owned(), value_of(device, value)?),
            _ if word.starts_with('[') => ("numbers".to_owned(), value_of(device, &word)?),
            _ => (word, String::new()),
        };
        request.arguments.push(argument);
    }
    let reply = device.run(now, &request).map_err(|trap: Trap| trap.to_string())?;
    if matches!(reply, Reply::Stream(_) | Reply::Reboot) {
        return Err("this importer does not carry out commands that go on".to_owned());
    }
    record(&request);
    Ok(())
}

/// `([:len [/menu/find …]] = 0) do={ … }`
fn run_if(device: &mut Device, now: Duration, rest: &str, record: &mut dyn FnMut(&Request)) -> Result<(), String> {
    const FORM: &str = "the only condition is :if ([:len [/menu/find name=value …]] = 0) do={ … }";
    let (condition, body) = rest.split_once("do=").ok_or(FORM)?;
    let condition = condition.trim().strip_prefix("([:len").and_then(|text| text.strip_suffix(')')).ok_or(FORM)?;
    let find = condition
        .trim()
        .strip_suffix('0')
        .and_then(|text| text.trim_end().strip_suffix('='))
        .and_then(|text| text.trim_end().strip_suffix(']'));
    let found = find_ids(device, find.ok_or(FORM)?.trim())?;
    let body = body.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or(FORM)?;
    if !found.is_empty() {
        return Ok(());
    }
    let mut from = 0;
    let ends: Vec<usize> =
        outside_quotes(body).filter(|(_, c)| matches!(c, ';' | '\n')).map(|(at, _)| at).chain([body.len()]).collect();
    for end in ends {
        let command = body[from..end].trim_matches([' ', '\t', ';', '\n']);
        if !command.is_empty() {
            run(device, now, command, record)?;
        }
        from = end;
    }
    Ok(())
}

/// Splits at blanks outside of quotes and brackets.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut escaped, mut brackets) = (false, false, 0);
    for c in text.chars() {
        let literal = escaped;
        escaped = quoted && c == '\\' && !literal;
        match c {
            '"' if !literal => quoted = !quoted,
            '[' if !quoted => brackets += 1,
            ']' if !quoted => brackets -= 1,
            '$' | '(' if !quoted => {
                return Err(format!("`{c}` needs a script interpreter, which this importer is not"));
            }
            _ => {}
        }
        if c.is_whitespace() && !quoted && brackets == 0 {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    if quoted || brackets != 0 {
        return Err("a quote or bracket is not closed".to_owned());
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

/// A value: plain, quoted, or rows looked up.
fn value_of(device: &Device, text: &str) -> Result<String, String> {
    if let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return unquoted(inner);
    }
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return Ok(text.to_owned());
    };
    if let Some(pick) = inner.trim().strip_prefix(":pick") {
        let (find, index) = pick.trim().rsplit_once(' ').ok_or("write [:pick [/menu/find …] 0]")?;
        let index: usize = index.trim().parse().map_err(|_| "the index of :pick is a number")?;
        let ids = find_ids(device, find.trim())?;
        return ids.get(index).cloned().ok_or_else(|| "no such item".to_owned());
    }
    // No row at all is no error: the command then concerns none.
    find_ids(device, &format!("[{inner}]")).map(|ids| ids.join(","))
}

/// `[/menu/find name=value …]`, with or without `where`.
fn find_ids(device: &Device, text: &str) -> Result<Vec<String>, String> {
    const FORM: &str = "rows are looked up by [/menu/find name=value …]";
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or(FORM)?;
    let mut words = words(inner)?.into_iter();
    let path = words.next().ok_or(FORM)?;
    let menu = path
        .strip_suffix("/find")
        .filter(|menu| device.spec(menu).is_some())
        .ok_or_else(|| format!("no such menu: {path}"))?;
    let mut conditions = Vec::new();
    for word in words.filter(|word| word != "where") {
        let (name, value) =
            word.split_once('=').filter(|(name, _)| !name.ends_with(['!', '<', '>', '~'])).ok_or(FORM)?;
        conditions.push((name.to_owned(), value_of(device, value)?));
    }
    Ok(device.rows_where(menu, &conditions).iter().map(ToString::to_string).collect())
}

fn unquoted(text: &str) -> Result<String, String> {
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(c @ ('"' | '\\' | '$' | '?')) => value.push(c),
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                other => return Err(format!("unknown escape \\{}", other.unwrap_or(' '))),
            },
            '$' => {
                return Err(
                    "`$` needs a script interpreter, which this importer is not; write \\$ for the sign".to_owned()
                );
            }
            c => value.push(c),
        }
    }
    Ok(value)
}
