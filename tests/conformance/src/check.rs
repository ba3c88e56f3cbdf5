//! What a check is: a promise of the twin, where it comes from, and how to ask a router about it.

use std::fmt;

use bulkhead_agent::io::routeros::{CommandError, ConnectError, Trap};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use shared::routeros::schema::Version;

use crate::{
    bench::Bench,
    checks::form::{Kept, Refused, Says},
};

/// What a promise is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Area {
    Protocol,
    SignIn,
    Traps,
    Values,
    Order,
    Print,
    Follow,
    Scripts,
    Jobs,
    References,
    Rows,
    Lists,
    Packets,
    Vif,
    Containers,
    History,
    SafeMode,
    System,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Protocol => "protocol",
            Self::SignIn => "sign-in",
            Self::Traps => "traps",
            Self::Values => "values",
            Self::Order => "order",
            Self::Print => "print",
            Self::Follow => "follow",
            Self::Scripts => "scripts",
            Self::Jobs => "jobs",
            Self::References => "references",
            Self::Rows => "rows",
            Self::Lists => "lists",
            Self::Packets => "packets",
            Self::Vif => "vif",
            Self::Containers => "containers",
            Self::History => "history",
            Self::SafeMode => "safe-mode",
            Self::System => "system",
        })
    }
}

/// Where a promise comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// MikroTik says so: manual, CLI reference, changelog, schema.
    Sourced(&'static str),
    /// Others saw it on the wire and wrote it down.
    Seen(&'static str),
    /// Nobody says so. The number, with its letter, is that of the guess in the twin's README.
    Guess(&'static str, &'static str),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sourced(note) => write!(f, "sourced: {note}"),
            Self::Seen(note) => write!(f, "seen: {note}"),
            Self::Guess(number, note) => write!(f, "guess {number}: {note}"),
        }
    }
}

/// What a router said to a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It does as promised.
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
}

impl Outcome {
    /// Agreement when both texts are the same.
    pub fn of(expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        if expected == got { Self::Agree } else { Self::Differ { expected, got } }
    }

    /// Agreement when the condition holds; else what was promised and what came.
    pub fn when(holds: bool, expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        if holds { Self::Agree } else { Self::Differ { expected: expected.to_string(), got: got.to_string() } }
    }

    /// Agreement when all agree; else the first that does not.
    pub fn all(outcomes: impl IntoIterator<Item = Self>) -> Self {
        outcomes.into_iter().find(|outcome| *outcome != Self::Agree).unwrap_or(Self::Agree)
    }
}

/// Why a check ended before it knew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The router refused a command that the check needs.
    #[error("{command}: {}", joined(.traps))]
    Refused {
        /// The command, with its arguments.
        command: String,
        /// What it said.
        traps: Vec<Trap>,
    },
    /// This router cannot be asked.
    #[error("{0}")]
    Unsupported(String),
    /// The connection is gone or says nothing.
    #[error("{0}")]
    Lost(String),
}

impl Stop {
    /// What a command that failed means for its check.
    pub fn of(command: String, error: CommandError) -> Self {
        match error {
            CommandError::Trap(traps) => Self::Refused { command, traps },
            other @ (CommandError::TimedOut { .. }
            | CommandError::Closed { .. }
            | CommandError::TooLarge { .. }
            | CommandError::Overflow { .. }
            | CommandError::Unsendable(_)) => Self::Lost(format!("{command}: {other}")),
        }
    }
}

impl From<ConnectError> for Stop {
    fn from(error: ConnectError) -> Self {
        Self::Lost(error.to_string())
    }
}

/// The texts of several traps as one.
pub fn joined(traps: &[Trap]) -> String {
    traps.iter().map(|trap| trap.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// Steps of a check.
pub type Steps = for<'a> fn(&'a Bench<'a>) -> LocalBoxFuture<'a, Result<Outcome, Stop>>;

/// How a router is asked.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// By steps.
    Steps(Steps),
    /// By values that go in and come back.
    Kept(Kept),
    /// By a command that is to be refused.
    Refused(Refused),
    /// By a script and what it puts out.
    Says(Says),
}

/// One promise.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its name for ever, in kebab-case.
    pub id: &'static str,
    /// What it is about.
    pub area: Area,
    /// The promise, in one sentence.
    pub promise: &'static str,
    /// Where it comes from.
    pub evidence: Evidence,
    /// The first version that it is about.
    pub from: Option<Version>,
    /// The first version that it is no longer about.
    pub before: Option<Version>,
    /// The policies that the user needs beside `api` and `read`.
    pub policies: &'static str,
    /// The package that the router needs.
    pub package: Option<&'static str>,
    /// Whether it writes scratch rows.
    pub writes: bool,
    /// How to ask.
    pub body: Body,
}

impl Check {
    const fn new(id: &'static str, area: Area, promise: &'static str, evidence: Evidence, body: Body) -> Self {
        Self { id, area, promise, evidence, from: None, before: None, policies: "", package: None, writes: false, body }
    }

    /// A check that writes nothing.
    pub const fn reads(id: &'static str, area: Area, promise: &'static str, evidence: Evidence, steps: Steps) -> Self {
        Self::new(id, area, promise, evidence, Body::Steps(steps))
    }

    /// A check that writes scratch rows.
    pub const fn writes(id: &'static str, area: Area, promise: &'static str, evidence: Evidence, steps: Steps) -> Self {
        Self::new(id, area, promise, evidence, Body::Steps(steps)).writing()
    }

    /// A check that values are kept as a table says.
    pub const fn kept(id: &'static str, promise: &'static str, evidence: Evidence, kept: Kept) -> Self {
        Self::new(id, Area::Values, promise, evidence, Body::Kept(kept)).writing()
    }

    /// A check that a command is refused.
    pub const fn refused(id: &'static str, promise: &'static str, evidence: Evidence, refused: Refused) -> Self {
        Self::new(id, Area::Traps, promise, evidence, Body::Refused(refused)).writing()
    }

    /// A check that a script puts out a text.
    pub const fn says(id: &'static str, area: Area, promise: &'static str, evidence: Evidence, says: Says) -> Self {
        Self::new(id, area, promise, evidence, Body::Says(says)).writing()
    }

    const fn writing(mut self) -> Self {
        self.writes = true;
        self.policies = "write";
        self
    }

    /// The first version that it is about.
    #[must_use]
    pub const fn from(mut self, version: Version) -> Self {
        self.from = Some(version);
        self
    }

    /// The first version that it is no longer about.
    #[must_use]
    pub const fn before(mut self, version: Version) -> Self {
        self.before = Some(version);
        self
    }

    /// Policies that the user needs, comma-separated.
    #[must_use]
    pub const fn policies(mut self, policies: &'static str) -> Self {
        self.policies = policies;
        self
    }

    /// The package that the router needs.
    #[must_use]
    pub const fn package(mut self, package: &'static str) -> Self {
        self.package = Some(package);
        self
    }

    /// The same about another area.
    #[must_use]
    pub const fn about(mut self, area: Area) -> Self {
        self.area = area;
        self
    }

    /// The versions, in words; empty for all.
    pub fn versions(&self) -> String {
        match (self.from, self.before) {
            (None, None) => String::new(),
            (Some(from), None) => format!("{from} and later"),
            (None, Some(before)) => format!("before {before}"),
            (Some(from), Some(before)) => format!("{from} and later, before {before}"),
        }
    }

    /// Whether it is about this version.
    pub fn concerns(&self, version: Version) -> bool {
        self.from.is_none_or(|from| version >= from) && self.before.is_none_or(|before| version < before)
    }
}
