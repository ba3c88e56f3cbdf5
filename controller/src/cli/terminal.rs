//! Questions to whoever sits at the terminal.

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Asks for a password, which the terminal does not show; nothing where there is no terminal, or none was typed.
///
/// # Errors
/// Where the terminal cannot be read.
pub(super) fn password(question: &str) -> anyhow::Result<Option<String>> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Ok(None);
    }
    let before = tcgetattr(&input)?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    write!(io::stderr(), "{question}")?;
    tcsetattr(&input, SetArg::TCSAFLUSH, &silent)?;
    let mut typed = String::new();
    let read = input.lock().read_line(&mut typed);
    // Whatever came: a terminal that stays silent is a nuisance.
    tcsetattr(&input, SetArg::TCSANOW, &before)?;
    writeln!(io::stderr())?;
    read?;
    let typed = typed.trim_end_matches(['\r', '\n']).to_owned();
    Ok((!typed.is_empty()).then_some(typed))
}

/// Whether the person at the terminal says yes; nothing where nobody is there.
///
/// # Errors
/// Where the terminal cannot be read.
pub(super) fn agreed(question: &str) -> anyhow::Result<Option<bool>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut error = io::stderr();
    write!(error, "{question} [y/N] ")?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(["y", "yes"].contains(&answer.trim().to_lowercase().as_str())))
}
