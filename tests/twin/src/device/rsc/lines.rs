//! A command of an export, in lines of at most eighty characters.

use crate::script::quote;

/// How long a line may be.
const WIDTH: usize = 80;

/// What begins a line that goes on from the one before.
const INDENT: &str = "    ";

/// A command and its arguments.
#[derive(Debug)]
pub(super) struct Line {
    head: String,
    /// Names, each with the pieces of its value; a switch has none.
    arguments: Vec<(String, Vec<String>)>,
}

impl Line {
    pub(super) fn new(head: &str) -> Self {
        Self { head: head.to_owned(), arguments: Vec::new() }
    }

    pub(super) fn switch(&mut self, name: &str) {
        self.arguments.push((name.to_owned(), Vec::new()));
    }

    pub(super) fn argument(&mut self, name: &str, value: &str) {
        let written = quote::value(value);
        let pieces = if written.starts_with('"') {
            // The quotes stay with the first and the last piece.
            let mut pieces = vec!["\"".to_owned()];
            pieces.extend(quote::pieces(value));
            pieces.push("\"".to_owned());
            pieces
        } else {
            vec![written]
        };
        self.arguments.push((format!("{name}="), pieces));
    }

    /// In one line.
    pub(super) fn whole(&self) -> String {
        let mut text = self.head.clone();
        for (name, pieces) in &self.arguments {
            text.push(' ');
            text.push_str(name);
            text.extend(pieces.iter().map(String::as_str));
        }
        text
    }

    /// Broken between arguments, after a `=`, or inside of a quoted text.
    pub(super) fn wrapped(&self) -> String {
        let mut text = self.head.clone();
        let mut column = text.len();
        for (name, pieces) in &self.arguments {
            let value: usize = pieces.iter().map(String::len).sum();
            if column + 1 + name.len() + value < WIDTH {
                text.push(' ');
                column += 1;
            } else if column + 1 + name.len() < WIDTH && !pieces.is_empty() {
                text.push(' ');
                text.push_str(name);
                column = go_on(&mut text);
                column = put(&mut text, column, pieces);
                continue;
            } else {
                text.push(' ');
                column = go_on(&mut text);
            }
            text.push_str(name);
            column = put(&mut text, column + name.len(), pieces);
        }
        text.push('\n');
        text
    }
}

fn go_on(text: &mut String) -> usize {
    text.push_str("\\\n");
    text.push_str(INDENT);
    INDENT.len()
}

/// Writes a value's pieces. A piece that is a blank never begins a line: it would be read as part of the indent.
fn put(text: &mut String, mut column: usize, pieces: &[String]) -> usize {
    for (at, piece) in pieces.iter().enumerate() {
        let inside = at > 0 && at + 1 < pieces.len();
        if inside && !piece.starts_with(' ') && column + piece.len() + 1 >= WIDTH {
            column = go_on(text);
        }
        text.push_str(piece);
        column += piece.len();
    }
    column
}
