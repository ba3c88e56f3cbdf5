//! What came of a run: for people as a table, for programs as JSON. The list itself as markdown.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    check::{Check, Evidence, Outcome},
    facts::Facts,
};

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The router does as promised.
    Agree,
    /// It does otherwise.
    Differ {
        /// What was promised.
        expected: String,
        /// What came.
        got: String,
    },
    /// It cannot be asked.
    Unsupported {
        /// Why not.
        why: String,
    },
    /// The check did not come to its end.
    Broken {
        /// Why not.
        why: String,
    },
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Differ { .. } => "DIFFER",
            Self::Unsupported { .. } => "unsupported",
            Self::Broken { .. } => "BROKEN",
        }
    }

    fn colour(&self) -> &'static str {
        match self {
            Self::Agree => "32",
            Self::Differ { .. } | Self::Broken { .. } => "31",
            Self::Unsupported { .. } => "33",
        }
    }
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Agree => Self::Agree,
            Outcome::Differ { expected, got } => Self::Differ { expected, got },
            Outcome::Unsupported { why } => Self::Unsupported { why },
        }
    }
}

/// A check and what came of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What came of it.
    pub verdict: Verdict,
}

impl Finding {
    /// What came of a check.
    pub fn of(check: &Check, verdict: Verdict) -> Self {
        Self { check: *check, verdict }
    }
}

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// Which router it was.
    pub facts: Facts,
    /// What came of each check, in their order.
    pub findings: Vec<Finding>,
    /// Rows of ours that would not go, with the router's reason.
    pub left: Vec<String>,
}

impl Report {
    fn count(&self, which: fn(&Verdict) -> bool) -> usize {
        self.findings.iter().filter(|finding| which(&finding.verdict)).count()
    }

    /// How many checks differ.
    pub fn differ(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Differ { .. }))
    }

    /// How many checks did not come to their end.
    pub fn broken(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Broken { .. }))
    }

    /// The last line: counts.
    pub fn counts(&self) -> String {
        let agree = self.count(|verdict| *verdict == Verdict::Agree);
        let unsupported = self.count(|verdict| matches!(verdict, Verdict::Unsupported { .. }));
        format!(
            "{} checks: {agree} agree, {} differ, {unsupported} unsupported, {} broken",
            self.findings.len(),
            self.differ(),
            self.broken()
        )
    }

    /// As a table, with colours where the reader can show them.
    pub fn table(&self, colours: bool) -> String {
        let mut out = self.head();
        for Finding { check, verdict } in &self.findings {
            let word = format!("{:<11}", verdict.word());
            let word = if colours { format!("\x1b[{}m{word}\x1b[0m", verdict.colour()) } else { word };
            say(&mut out, &format!("{word}  {:<10}  {:<34}  {}", check.area, check.id, check.promise));
            match verdict {
                Verdict::Agree => {}
                Verdict::Differ { expected, got } => {
                    say(&mut out, &format!("{:13}expected  {expected}", ""));
                    say(&mut out, &format!("{:13}got       {got}", ""));
                    say(&mut out, &format!("{:13}evidence  {}", "", check.evidence));
                }
                Verdict::Unsupported { why } | Verdict::Broken { why } => say(&mut out, &format!("{:13}{why}", "")),
            }
        }
        for row in &self.left {
            say(&mut out, &format!("left on the router: {row}"));
        }
        say(&mut out, &self.counts());
        out
    }

    fn head(&self) -> String {
        let Facts { version, architecture, board, packages, twin, .. } = &self.facts;
        let twin = if *twin { " (a twin)" } else { "" };
        format!("RouterOS {version}, {architecture}, {board}{twin}, packages: {}\n", packages.join(" "))
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(Finding::json).collect();
        json!({ "router": self.facts, "checks": findings, "left": self.left, "counts": self.counts() })
    }
}

impl Finding {
    fn json(&self) -> Value {
        let Check { id, area, promise, evidence, .. } = self.check;
        let (evidence, note, guess) = match evidence {
            Evidence::Sourced(note) => ("sourced", note, None),
            Evidence::Seen(note) => ("seen", note, None),
            Evidence::Guess(number, note) => ("guess", note, Some(number)),
        };
        let mut value = json!({
            "id": id, "area": area, "promise": promise, "evidence": evidence, "note": note, "guess": guess,
        });
        if let (Some(into), Ok(Value::Object(verdict))) = (value.as_object_mut(), serde_json::to_value(&self.verdict)) {
            into.extend(verdict);
        }
        value
    }
}

/// The list of checks, as markdown.
pub fn list(checks: &[Check]) -> String {
    let mut out = String::from("| check | area | promise | evidence | versions | writes | needs |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for check in checks {
        let needs: Vec<&str> =
            [check.policies].into_iter().chain(check.package).filter(|need| !need.is_empty()).collect();
        let cells = [
            format!("`{}`", check.id),
            check.area.to_string(),
            check.promise.to_owned(),
            check.evidence.to_string(),
            if check.versions().is_empty() { "all".to_owned() } else { check.versions() },
            if check.writes { "scratch rows" } else { "nothing" }.to_owned(),
            needs.join(", "),
        ];
        say(&mut out, &format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    say(&mut out, &format!("\n{} checks.", checks.len()));
    out
}

fn say(out: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{line}");
}
