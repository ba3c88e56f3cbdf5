//! The password, asked for at a terminal that does not show it.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use anyhow::Context;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

/// Asks at the terminal.
pub(crate) fn ask(user: &str) -> anyhow::Result<String> {
    anyhow::ensure!(
        stdin().is_terminal(),
        "no password: give --password-file or BULKHEAD_CONFORMANCE_PASSWORD, or run this at a terminal"
    );
    write!(stderr(), "Password of {user}: ")?;
    let shown = tcgetattr(stdin()).context("reading the terminal's settings")?;
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(stdin(), SetArg::TCSADRAIN, &hidden).context("hiding what is typed")?;
    let mut password = String::new();
    let read = stdin().lock().read_line(&mut password);
    tcsetattr(stdin(), SetArg::TCSADRAIN, &shown).context("showing again what is typed")?;
    writeln!(stderr())?;
    read.context("reading the password")?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}
