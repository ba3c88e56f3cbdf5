//! What the command line prints: tables and JSON on standard output, progress on standard error.

use std::io::{self, IsTerminal as _, Write as _};

/// Prints a text. A reader that has gone, as `head` does, is no error.
///
/// # Errors
/// Where standard output cannot be written.
pub(super) fn text(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line.
///
/// # Errors
/// Where standard output cannot be written.
pub(super) fn line(line: &str) -> io::Result<()> {
    text(&format!("{line}\n"))
}

/// Prints JSON.
///
/// # Errors
/// Where standard output cannot be written.
pub(super) fn json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    Ok(line(&serde_json::to_string_pretty(value)?)?)
}

/// What is wrong and what to do about it, as sentences. Messages of the agent end without a full stop.
pub(super) fn advice(message: &str, hint: &str) -> String {
    let message = harmless(message);
    let stop = if message.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{message}{stop} {}", harmless(hint)).trim_end().to_owned()
}

/// Prints a table.
///
/// # Errors
/// Where standard output cannot be written.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    text(&lay_out(head, rows, colours()))
}

fn lay_out<const N: usize>(head: [&str; N], rows: &[[String; N]], colours: bool) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.clone().map(|cell| harmless(&cell))).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(head[column].len())
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let laid = |cells: [&str; N]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let heading = laid(head);
    let mut out = if colours { format!("\x1b[1m{heading}\x1b[0m\n") } else { format!("{heading}\n") };
    for row in &rows {
        let cells = std::array::from_fn(|column| row[column].as_str());
        out.push_str(&laid(cells));
        out.push('\n');
    }
    out
}

/// Without control characters: a name from a router must not steer a terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A line on standard error that is written over as work goes on; on something that is no terminal, nothing until the
/// end.
pub(super) struct Progress {
    live: bool,
    shown: bool,
}

impl Progress {
    /// Begins.
    pub(super) fn new() -> Self {
        Self { live: io::stderr().is_terminal(), shown: false }
    }

    /// Shows how far it is.
    pub(super) fn show(&mut self, what: &str, done: u32, total: u32) {
        if self.live {
            self.shown = true;
            // A terminal that is gone is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K{}", bar(what, done, total));
        }
    }

    /// Removes the line.
    pub(super) fn end(&mut self) {
        if self.shown {
            self.shown = false;
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(what: &str, done: u32, total: u32) -> String {
    const WIDTH: u32 = 24;
    let full = (done.min(total) * WIDTH).checked_div(total).unwrap_or(0);
    let bar: String = (0..WIDTH).map(|at| if at < full { '━' } else { '─' }).collect();
    let what: String = harmless(what).chars().take(60).collect();
    if total == 0 { format!("{bar} {what}") } else { format!("{bar} {done}/{total} {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_table_is_as_wide_as_its_widest_cells() {
        let rows = [["r1".to_owned(), "Attic".to_owned()], ["büro-2".to_owned(), "x\x1b[31m".to_owned()]];
        expect![[r"
            ID      NAME
            r1      Attic
            büro-2  x [31m
        "]]
        .assert_eq(&lay_out(["ID", "NAME"], &rows, false));
    }

    #[test]
    fn a_bar_fills_with_the_work() {
        assert_eq!(bar("add", 0, 4).chars().filter(|&c| c == '━').count(), 0);
        assert_eq!(bar("add", 2, 4).chars().filter(|&c| c == '━').count(), 12);
        assert_eq!(bar("add", 9, 4).chars().filter(|&c| c == '━').count(), 24);
        assert!(bar("waiting", 0, 0).ends_with(" waiting"));
    }
}
