//! Counting what a process does from outside of it: its instructions, its calls to the kernel.
//!
//! Starting and signing in count too. So the work is done once for `few` and once for three times as many: the
//! difference over twice `few` is what one takes.

use std::{env, net::SocketAddr, process::Command};

use anyhow::{Context, ensure};

/// Seconds that a process has; under valgrind the slowest takes some five. A peer that hangs must not hold up the table.
const PATIENCE: &str = "120";
/// What `timeout` ends with when it had to step in.
const OUT_OF_TIME: i32 = 124;

/// Whether a program that counts is installed.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The agent's client doing `work` (see `ours`).
///
/// # Errors
/// This program cannot be found.
pub(crate) fn ours(work: &str, router: SocketAddr, count: usize) -> anyhow::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["client", work, &router.to_string(), &count.to_string()]);
    Ok(command)
}

/// What one of something takes; `total` measures so many.
///
/// # Errors
/// A measurement fails.
pub(crate) fn each(few: u32, total: impl Fn(usize) -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let few_usize = usize::try_from(few)?;
    Ok((total(3 * few_usize)? - total(few_usize)?) / f64::from(2 * few))
}

/// Instructions of a whole process, by callgrind.
///
/// # Errors
/// The process or callgrind fails.
pub(crate) fn instructions(process: &Command) -> anyhow::Result<f64> {
    let said = under("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null"], process)?;
    // ==4711== Collected : 123456
    let collected = said.lines().find_map(|line| line.split_once("Collected :")).context("valgrind counted nothing")?.1;
    Ok(collected.trim().parse()?)
}

/// Calls of a whole process that send, by strace.
///
/// # Errors
/// The process or strace fails.
pub(crate) fn sends(process: &Command) -> anyhow::Result<f64> {
    let said = under("strace", &["-f", "-c", "-e", "trace=sendto,sendmsg,write,writev"], process)?;
    // % time, seconds, µs a call, calls, and where some failed, errors
    let total = said.lines().find(|line| line.ends_with("total")).context("strace counted nothing")?;
    Ok(total.split_whitespace().nth(3).context("strace's table has other columns")?.parse()?)
}

/// What strace says of a process's sockets: the options that the kernel took.
///
/// # Errors
/// The process or strace fails.
pub(crate) fn options(process: &Command) -> anyhow::Result<String> {
    under("strace", &["-f", "-e", "trace=setsockopt"], process)
}

fn under(program: &str, options: &[&str], process: &Command) -> anyhow::Result<String> {
    let output = Command::new("timeout")
        .args(["--kill-after=5", PATIENCE, program])
        .args(options)
        .arg(process.get_program())
        .args(process.get_args())
        // Python's dictionaries are otherwise laid out anew in each run.
        .env("PYTHONHASHSEED", "0")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() != Some(OUT_OF_TIME), "{program}: not done within {PATIENCE} s");
    ensure!(output.status.success(), "{program}: {said}");
    Ok(said)
}
