//! A script's characters, each with its place; what separates words, commands and lines.

use crate::text;

use super::{
    quote::escape,
    syntax_error::{At, SyntaxError},
};

/// Reads a script from its beginning to its end.
#[derive(Debug)]
pub struct Cursor {
    characters: Vec<char>,
    next: usize,
    line: usize,
    column: usize,
}

/// A piece of a quoted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// `$name`, `$(…)` or `$[…]` follows: the caller reads it.
    Value,
}

impl Cursor {
    /// At the beginning of a text whose first line has this number.
    pub fn new(text: &str, line: usize) -> Self {
        Self { characters: text.chars().collect(), next: 0, line, column: 1 }
    }

    /// Where the next character stands.
    pub fn at(&self) -> At {
        At { line: self.line, column: self.column }
    }

    /// The next character.
    pub fn peek(&self) -> Option<char> {
        self.characters.get(self.next).copied()
    }

    /// The character after `ahead` others.
    pub fn ahead(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.next + ahead).copied()
    }

    /// Whether this text comes next.
    pub fn sees(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, c)| self.ahead(ahead) == Some(c))
    }

    /// Takes the next character.
    pub fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.next += 1;
        if c == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
        Some(c)
    }

    /// Takes this text where it comes next.
    pub fn accept(&mut self, text: &str) -> bool {
        let sees = self.sees(text);
        if sees {
            for _ in text.chars() {
                self.take();
            }
        }
        sees
    }

    /// Takes a character that must come.
    ///
    /// # Errors
    /// A syntax error at whatever comes instead.
    pub fn must(&mut self, c: char) -> Result<(), SyntaxError> {
        if self.peek() == Some(c) {
            self.take();
            return Ok(());
        }
        Err(SyntaxError::plain(self.at()))
    }

    /// Where reading stands, to come back to by [`Cursor::back`].
    pub fn mark(&self) -> (usize, At) {
        (self.next, self.at())
    }

    /// Goes back to a mark.
    pub fn back(&mut self, mark: (usize, At)) {
        self.next = mark.0;
        (self.line, self.column) = (mark.1.line, mark.1.column);
    }

    /// Skips blanks, and a backslash at a line's end with the blanks that begin the next line.
    pub fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => drop(self.take()),
                Some('\\') if self.joins() => self.join(),
                _ => return,
            }
        }
    }

    /// As [`Cursor::blanks`], over ends of lines and comments too.
    pub fn lines(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some('\n') => drop(self.take()),
                Some('#') => self.comment(),
                _ => return,
            }
        }
    }

    /// Skips all that separates commands.
    pub fn between_commands(&mut self) {
        loop {
            self.lines();
            if self.peek() != Some(';') {
                return;
            }
            self.take();
        }
    }

    /// Whether the command ends here.
    pub fn ends_command(&self) -> bool {
        matches!(self.peek(), None | Some('\n' | ';' | ']' | ')' | '}'))
    }

    /// The characters up to the first one that `ends` names.
    pub fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut word = String::new();
        loop {
            match self.peek() {
                Some(c) if belongs(c) => {
                    word.push(c);
                    self.take();
                }
                _ => return word,
            }
        }
    }

    fn comment(&mut self) {
        while !matches!(self.peek(), None | Some('\n')) {
            self.take();
        }
    }

    fn joins(&self) -> bool {
        self.ahead(1) == Some('\n') || (self.ahead(1) == Some('\r') && self.ahead(2) == Some('\n'))
    }

    fn join(&mut self) {
        while self.take().is_some_and(|c| c != '\n') {}
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.take();
        }
    }

    /// Reads on in a quoted text, up to its closing quote (which is taken) or to a `$` (which is too).
    ///
    /// # Errors
    /// An unknown escape, or a text that does not end.
    pub fn quoted(&mut self) -> Result<(Piece, bool), SyntaxError> {
        let mut bytes = Vec::new();
        loop {
            let at = self.at();
            match self.peek().ok_or_else(|| SyntaxError::plain(at))? {
                '"' => {
                    self.take();
                    return Ok((Piece::Text(text::from_wire(&bytes)), true));
                }
                '$' => {
                    if bytes.is_empty() {
                        self.take();
                        return Ok((Piece::Value, false));
                    }
                    return Ok((Piece::Text(text::from_wire(&bytes)), false));
                }
                '\\' if self.joins() => self.join(),
                '\\' => {
                    self.take();
                    bytes.push(self.escaped(at)?);
                }
                c => {
                    self.take();
                    bytes.extend(text::to_wire(c.encode_utf8(&mut [0; 4])));
                }
            }
        }
    }

    fn escaped(&mut self, at: At) -> Result<u8, SyntaxError> {
        let letter = self.take().ok_or_else(|| SyntaxError::plain(at))?;
        // Hexadecimal digits are upper-case, so that `\b` and `\f` are not mistaken for them.
        let digit = |c: char| c.to_digit(16).filter(|_| !c.is_ascii_lowercase()).and_then(|d| u8::try_from(d).ok());
        if let Some(high) = digit(letter) {
            let low = self.take().and_then(digit).ok_or_else(|| SyntaxError::plain(at))?;
            return Ok(high << 4 | low);
        }
        escape(letter).ok_or_else(|| SyntaxError::plain(at))
    }
}
