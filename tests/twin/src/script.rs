//! RouterOS' scripting language: read as the console reads it, carried out step by step on the device.
//!
//! [`parse`] reads a script into [`syntax`] with the names of the version's [`tree`], [`compile`] makes steps of it
//! ([`code`]), and a [`job`] carries those out. A job is a value: where a script waits, it says until when, and whoever
//! holds the device carries it on then. It knows no threads and no clock.
//!
//! What the twin does not know of the language is refused when the script is read, in the console's words.

pub mod built;
pub mod code;
pub mod compile;
pub mod cursor;
pub mod job;
pub mod menu;
pub mod operate;
pub mod parse;
pub mod quote;
pub mod syntax;
pub mod syntax_error;
pub mod tree;
pub mod value;

use std::{sync::Arc, time::Duration};

use self::{
    code::Code,
    job::{Failure, Job, Progress},
    syntax_error::SyntaxError,
    tree::Tree,
};
use crate::device::{Device, caller::Caller};

/// A script's steps.
///
/// # Errors
/// The first thing in it that is wrong; nothing of it can run then.
pub fn read(tree: &Tree, text: &str) -> Result<Arc<Code>, SyntaxError> {
    read_from(tree, text, 1)
}

/// As [`read`], where the text's first line has this number.
///
/// # Errors
/// As [`read`].
pub fn read_from(tree: &Tree, text: &str, line: usize) -> Result<Arc<Code>, SyntaxError> {
    parse::parse(tree, text, line).map(|block| Arc::new(compile::compile(&block)))
}

/// The steps before the first thing that is wrong, and then its error, as a verbose import carries them out.
///
/// # Errors
/// Where the script cannot be read from its first command on.
pub fn read_as_far_as_it_goes(tree: &Tree, text: &str, line: usize) -> Result<Arc<Code>, SyntaxError> {
    let (mut block, error) = parse::parse_as_far_as_it_goes(tree, text, line);
    if let Some(error) = error {
        if block.is_empty() {
            return Err(error);
        }
        let message = syntax::Expression::Literal(value::Value::Text(error.to_string()));
        let kind = syntax::Kind::Built(syntax::Built::Error, vec![message]);
        block.push(syntax::Statement { at: error.at, kind });
    }
    Ok(Arc::new(compile::compile(&block)))
}

/// A script that was not carried out to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Nothing of it was carried out.
    #[error("line {line}: {error}", line = .0.at.line, error = .0)]
    Unreadable(#[from] SyntaxError),
    /// What came before was.
    #[error("line {line}: {error}", line = .0.line, error = .0)]
    Failed(#[from] Failure),
}

/// Carries a script out before anybody is served: its waits take no time.
///
/// # Errors
/// [`ImportError`] at what cannot be read or carried out.
pub fn import(device: &mut Device, now: Duration, script: &str) -> Result<(), ImportError> {
    let code = read(device.tree(), script)?;
    let mut job = Job::new(code, Caller::router());
    loop {
        match job.carry_on(device, now) {
            Progress::Waits(_) => {}
            Progress::Done => return Ok(()),
            Progress::Failed(failure) => return Err(failure.into()),
        }
    }
}
