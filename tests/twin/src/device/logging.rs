//! `/log`, and which messages come into it: `/system/logging` with its rules and, of the actions, those that write to
//! memory (manual, "Log").

use std::collections::VecDeque;

use regex::Regex;

use super::{
    Device,
    row::{Origin, Row},
    system::date_time,
};

const RULES: &str = "/system/logging";
const ACTIONS: &str = "/system/logging/action";

/// The actions of every device: name and target.
const BORN_ACTIONS: [(&str, &str); 4] =
    [("memory", "memory"), ("disk", "disk"), ("echo", "echo"), ("remote", "remote")];

/// The rules of every device: topics and action (manual, "Log").
const BORN_RULES: [(&str, &str); 4] =
    [("info", "memory"), ("error", "memory"), ("warning", "memory"), ("critical", "echo")];

/// Lines that an action of memory keeps when it does not say so.
const LINES: usize = 1000;

impl Device {
    /// What a device is born with, unless its rules are there already.
    pub(super) fn build_logging(&mut self) {
        if !self.store(ACTIONS).rows.is_empty() {
            return;
        }
        for (name, target) in BORN_ACTIONS {
            self.put(ACTIONS, Origin::BuiltIn, &[("name", name), ("target", target)]);
        }
        for (topics, action) in BORN_RULES {
            self.put(RULES, Origin::BuiltIn, &[("topics", topics), ("action", action)]);
        }
    }

    /// A message for the log: each rule whose topics it has, and whose pattern it meets, carries it to its action.
    pub fn log(&mut self, topics: &str, message: &str) {
        let mut lines: VecDeque<(String, String, usize)> = VecDeque::new();
        for rule in self.store(RULES).rows.iter().filter(|rule| wants(rule, topics, message)) {
            let Some(action) = self.store(ACTIONS).named(rule.text("action")) else { continue };
            if action.text("target") != "memory" {
                continue;
            }
            let message = match rule.text("prefix") {
                "" => message.to_owned(),
                prefix => format!("{prefix}: {message}"),
            };
            let kept = action.text("memory-lines").parse().unwrap_or(LINES);
            lines.push_back((action.name().to_owned(), message, kept));
        }
        // A bare device of a test has no rules: it keeps everything.
        if self.store(ACTIONS).rows.is_empty() {
            lines.push_back(("memory".to_owned(), message.to_owned(), LINES));
        }
        for (buffer, message, kept) in lines {
            self.log_line(&buffer, topics, &message, kept);
        }
    }

    fn log_line(&mut self, buffer: &str, topics: &str, message: &str, kept: usize) {
        let time = date_time(self.epoch + self.now);
        let unsettled = self.unsettled;
        self.put(
            "/log",
            Origin::Dynamic("log".to_owned()),
            &[("time", &time), ("topics", topics), ("message", message), ("buffer", buffer)],
        );
        self.unsettled = unsettled;
        let rows = &mut self.store_mut("/log").rows;
        let mut over = rows.iter().filter(|row| row.text("buffer") == buffer).count().saturating_sub(kept);
        rows.retain(|row| {
            let goes = over > 0 && row.text("buffer") == buffer;
            over -= usize::from(goes);
            !goes
        });
    }
}

/// Whether a rule takes a message: it has all of the rule's topics, and none of those with `!`. The pattern is of 7.18.
fn wants(rule: &Row, topics: &str, message: &str) -> bool {
    let has = |topic: &str| topics.split(',').any(|own| own == topic);
    let wanted = |topic: &str| topic.strip_prefix('!').map_or_else(|| has(topic), |topic| !has(topic));
    let meets = match rule.text("regex") {
        "" => true,
        pattern => Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(message)),
    };
    !rule.is_disabled() && rule.text("topics").split(',').all(wanted) && meets
}
