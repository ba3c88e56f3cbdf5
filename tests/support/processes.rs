//! Processes by id, from `/proc`: who descends from whom, and who is still there.

use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{collections::BTreeMap, fs};

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in clock ticks since boot.
    pub started: u64,
    /// What it was started with.
    pub arguments: Vec<String>,
}

impl Process {
    /// The process of a number; nothing where there is none, or only what is left of one that nobody waited for.
    pub fn find(pid: i32) -> Option<Self> {
        let (state, _, started) = stat(pid)?;
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let arguments = arguments.split(|b| *b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        (state != 'Z').then_some(Self { pid, started, arguments })
    }

    /// Whether it still runs.
    pub fn alive(&self) -> bool {
        Self::find(self.pid).is_some_and(|now| now.started == self.started)
    }

    /// The name of its program.
    pub fn name(&self) -> &str {
        self.arguments.first().map_or("", |path| path.rsplit('/').next().unwrap_or(path))
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// Where the system refuses, also when it is gone.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        anyhow::ensure!(self.alive(), "{} ({}) is gone already", self.name(), self.pid);
        kill(Pid::from_raw(self.pid), signal).with_context(|| format!("{signal} to {}", self.pid))
    }
}

/// Every process that a process started, and those that they started.
pub fn descendants(pid: i32) -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    for number in numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        if let Some((_, parent, _)) = stat(number) {
            children.entry(parent).or_default().push(number);
        }
    }
    let (mut open, mut found) = (vec![pid], Vec::new());
    while let Some(parent) = open.pop() {
        let next = children.remove(&parent).unwrap_or_default();
        found.extend(next.iter().filter_map(|&child| Process::find(child)));
        open.extend(next);
    }
    found
}

/// State, parent and start of a process, by proc(5).
fn stat(pid: i32) -> Option<(char, i32, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so the fields are counted from its end.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some((state, parent, started))
}
