//! Values and expressions (manual, "Scripting": operators), and the conditions of `where`.
//!
//! How tightly signs bind is in no source; the twin takes the usual order (see the README's guesses).

use super::{Parser, Read};
use crate::script::{
    cursor::Piece,
    syntax::{Binary, Expression, Unary},
    value::Value,
};

/// Signs of one rank; longer ones before those that begin like them.
type Rank = &'static [(&'static str, Binary)];

/// The ranks, loosest first.
const RANKS: [Rank; 7] = [
    &[("||", Binary::Or), ("or", Binary::Or)],
    &[("&&", Binary::And), ("and", Binary::And)],
    &[
        ("!=", Binary::Unequal),
        ("<=", Binary::AtMost),
        (">=", Binary::AtLeast),
        ("=", Binary::Equal),
        ("<", Binary::Less),
        (">", Binary::More),
        ("~", Binary::Matches),
        ("in", Binary::In),
    ],
    &[(",", Binary::Comma)],
    &[(".", Binary::Concat)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide), ("%", Binary::Remainder)],
];

/// The rank of comparisons: in a condition, what stands after one of its signs is a value and no property.
const COMPARISON: usize = 2;

impl Parser<'_> {
    /// A value of the language: a word, a text, `$name`, `[…]`, `(…)`, `{…}`.
    pub(super) fn value(&mut self) -> Read<Expression> {
        if let Some('"' | '[' | '(' | '$' | '{') = self.cursor.peek() {
            return self.atom(false);
        }
        let word = self.cursor.word(|c| !c.is_whitespace() && !";]})\"$[{(\\#".contains(c));
        if word.is_empty() { self.wrong() } else { Ok(Expression::Literal(Value::of_word(&word))) }
    }

    /// All conditions up to the command's end: several side by side must all hold.
    pub(super) fn conditions(&mut self) -> Read<Option<Expression>> {
        let mut all: Option<Expression> = None;
        loop {
            self.cursor.blanks();
            if self.cursor.ends_command() {
                return Ok(all);
            }
            let next = self.ranked(0, true)?;
            all = Some(match all {
                Some(all) => Expression::Binary(Binary::And, Box::new(all), Box::new(next)),
                None => next,
            });
        }
    }

    fn ranked(&mut self, rank: usize, condition: bool) -> Read<Expression> {
        let Some(signs) = RANKS.get(rank) else { return self.prefixed(condition) };
        // A condition's own words hold commas, dots and dashes.
        let next = if condition && rank == COMPARISON { RANKS.len() } else { rank + 1 };
        let mut left = self.ranked(next, condition)?;
        loop {
            let mark = self.cursor.mark();
            self.gap(condition);
            let Some(sign) = self.sign(signs) else {
                self.cursor.back(mark);
                return Ok(left);
            };
            self.gap(condition);
            let right = if condition && rank == COMPARISON { self.compared()? } else { self.ranked(next, condition)? };
            left = Expression::Binary(sign, Box::new(left), Box::new(right));
        }
    }

    /// A condition ends with its line; in parentheses an expression goes on over several.
    fn gap(&mut self, condition: bool) {
        if condition { self.cursor.blanks() } else { self.cursor.lines() }
    }

    fn sign(&mut self, signs: Rank) -> Option<Binary> {
        signs
            .iter()
            .find(
                |(text, _)| {
                    if text.starts_with(char::is_alphabetic) { self.keyword(text) } else { self.cursor.accept(text) }
                },
            )
            .map(|(_, sign)| *sign)
    }

    fn prefixed(&mut self, condition: bool) -> Read<Expression> {
        self.gap(condition);
        let unary = match self.cursor.peek() {
            Some('!') => Some(Unary::Not),
            Some('-') if !condition => Some(Unary::Minus),
            _ if self.keyword("not") => {
                return Ok(Expression::Unary(Unary::Not, Box::new(self.ranked(COMPARISON, condition)?)));
            }
            _ => None,
        };
        if let Some(unary) = unary {
            self.cursor.take();
            self.deeper()?;
            let value = self.prefixed(condition)?;
            self.depth -= 1;
            return Ok(Expression::Unary(unary, Box::new(value)));
        }
        let mut atom = self.atom(condition)?;
        while self.cursor.accept("->") {
            let key = self.atom(false)?;
            atom = Expression::Binary(Binary::Item, Box::new(atom), Box::new(key));
        }
        Ok(atom)
    }

    fn atom(&mut self, condition: bool) -> Read<Expression> {
        match self.cursor.peek() {
            Some('"') => self.text(),
            Some('$') => {
                self.cursor.take();
                self.variable().map(Expression::Variable)
            }
            Some('[') => {
                self.cursor.take();
                Ok(Expression::Command(Box::new(self.block(Some(']'))?)))
            }
            Some('(') => {
                self.cursor.take();
                self.inside(condition)
            }
            Some('{') if !condition => self.list(),
            _ if condition => {
                let name = self.cursor.word(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
                if name.is_empty() { self.wrong() } else { Ok(Expression::Property(name)) }
            }
            _ => self.word(),
        }
    }

    /// What stands in parentheses; the opening one is taken.
    fn inside(&mut self, condition: bool) -> Read<Expression> {
        self.deeper()?;
        self.cursor.lines();
        let value = self.ranked(0, condition)?;
        self.cursor.lines();
        self.cursor.must(')')?;
        self.depth -= 1;
        Ok(value)
    }

    /// What a property is compared with: a bare word is a text, up to the next blank.
    fn compared(&mut self) -> Read<Expression> {
        if matches!(self.cursor.peek(), Some('"' | '$' | '[' | '(')) {
            return self.atom(false);
        }
        let mut word = String::new();
        while let Some(c) = self.cursor.peek() {
            if c.is_whitespace() || ";])}\"$[{(\\".contains(c) || self.cursor.sees("&&") || self.cursor.sees("||") {
                break;
            }
            word.push(c);
            self.cursor.take();
        }
        Ok(Expression::Literal(Value::Text(word)))
    }

    /// A word in an expression: an address, a time or a number as far as one goes, else letters, digits and dashes.
    fn word(&mut self) -> Read<Expression> {
        let mark = self.cursor.mark();
        let long = self.cursor.word(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '*'));
        let value = Value::of_word(&long);
        if !long.is_empty() && !matches!(value, Value::Text(_)) {
            return Ok(Expression::Literal(value));
        }
        self.cursor.back(mark);
        let digits = self.cursor.peek().is_some_and(|c| c.is_ascii_digit());
        let short = self.cursor.word(|c| c.is_ascii_alphanumeric() || (!digits && matches!(c, '-' | '_')));
        if short.is_empty() { self.wrong() } else { Ok(Expression::Literal(Value::of_word(&short))) }
    }

    /// A quoted text with what is put into it.
    fn text(&mut self) -> Read<Expression> {
        self.cursor.take();
        let mut parts = Vec::new();
        loop {
            match self.cursor.quoted()? {
                (Piece::Text(text), closed) => {
                    if !text.is_empty() {
                        parts.push(Expression::Literal(Value::Text(text)));
                    }
                    if closed {
                        break;
                    }
                }
                (Piece::Value, _) => parts.push(match self.cursor.peek() {
                    Some('(' | '[') => self.atom(false)?,
                    _ => Expression::Variable(self.variable()?),
                }),
            }
        }
        Ok(match parts.as_slice() {
            [] => Expression::Literal(Value::text("")),
            [Expression::Literal(_)] => parts.swap_remove(0),
            _ => Expression::Text(parts),
        })
    }

    /// `{1; 2; key=3}`
    fn list(&mut self) -> Read<Expression> {
        self.cursor.take();
        let mut items = Vec::new();
        loop {
            self.cursor.between_commands();
            if self.cursor.accept("}") {
                return Ok(Expression::List(items));
            }
            let mark = self.cursor.mark();
            let key = if self.cursor.peek() == Some('"') { self.variable().ok() } else { Some(self.name()) };
            match key.filter(|key| !key.is_empty()) {
                Some(key) if self.cursor.accept("=") => items.push((Some(key), self.value()?)),
                _ => {
                    self.cursor.back(mark);
                    items.push((None, self.value()?));
                }
            }
            self.cursor.blanks();
            if !matches!(self.cursor.peek(), Some(';' | '}' | '\n')) {
                return self.wrong();
            }
        }
    }
}
