//! What the console says of a script that it cannot read.

/// A place in a script, both counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    /// The physical line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

/// A script that is refused before any of it runs, in the console's words: `bad command name x (line 1 column 7)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {} column {})", at.line, at.column)]
pub struct SyntaxError {
    /// `syntax error`, `bad command name …`, `expected end of command`.
    pub message: String,
    /// Where.
    pub at: At,
}

impl SyntaxError {
    /// What is no part of the language, or not of the part that the twin knows.
    pub fn plain(at: At) -> Self {
        Self { message: "syntax error".to_owned(), at }
    }

    /// A word that is neither a menu nor a command where it stands.
    pub fn command(at: At, word: &str) -> Self {
        Self { message: format!("bad command name {word}"), at }
    }

    /// An argument that the command does not have.
    pub fn end(at: At) -> Self {
        Self { message: "expected end of command".to_owned(), at }
    }
}
