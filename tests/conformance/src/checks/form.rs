//! Checks that are tables: values as they are kept, commands that are refused, scripts and what they put out.

use bulkhead_agent::io::routeros::Trap;

use crate::{
    bench::Bench,
    check::{Outcome, Stop, joined},
};

/// Scratch rows that have to be there first: menu and words.
pub type Stand = &'static [(&'static str, &'static [&'static str])];

/// A scratch bridge without ports.
pub const BRIDGE: (&str, &[&str]) = ("/interface/bridge", &["=name=bh-conf-bridge", "=protocol-mode=none"]);

/// Values of one argument: what goes in, and what a print then shows.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// The menu.
    pub menu: &'static str,
    /// What else a row there needs; rows that could act are disabled by it.
    pub row: &'static [&'static str],
    /// What it stands on.
    pub stand: Stand,
    /// The argument.
    pub name: &'static str,
    /// What goes in, and what comes out; an empty text for absent or empty.
    pub cases: &'static [(&'static str, &'static str)],
}

impl Kept {
    /// Adds a row for each value, reads it, and takes it away before the next.
    ///
    /// # Errors
    /// [`Stop::Lost`], and a refusal of what the rows stand on.
    pub async fn ask(&self, bench: &Bench<'_>) -> Result<Outcome, Stop> {
        for (menu, words) in self.stand {
            bench.add(menu, words).await?;
        }
        let mut shown = Vec::new();
        for (input, _) in self.cases {
            let value = format!("={}={input}", self.name);
            let words: Vec<&str> = self.row.iter().copied().chain([value.as_str()]).collect();
            shown.push(match bench.attempt_add(self.menu, &words).await? {
                Ok(id) => {
                    let value = bench.value(self.menu, &id, self.name).await?.unwrap_or_default();
                    bench.run(&[&format!("{}/remove", self.menu), &format!("=.id={id}")]).await?;
                    value
                }
                Err(traps) if unknown(&traps) => {
                    return Err(Stop::Refused { command: format!("{}/add {value}", self.menu), traps });
                }
                Err(traps) => format!("refused ({})", joined(&traps)),
            });
        }
        let differing = self.cases.iter().zip(&shown).filter(|((_, expected), got)| expected != got);
        let (expected, got): (Vec<_>, Vec<_>) = differing
            .map(|((input, expected), got)| (format!("{input} as `{expected}`"), format!("{input} as `{got}`")))
            .unzip();
        Ok(Outcome::of(expected.join(", "), got.join(", ")))
    }
}

/// The version does not have the argument.
fn unknown(traps: &[Trap]) -> bool {
    traps
        .iter()
        .any(|trap| trap.message.starts_with("unknown parameter") || trap.message.starts_with("no such command"))
}

/// A script, and what it puts out.
#[derive(Debug, Clone, Copy)]
pub struct Says {
    /// Its source.
    pub script: &'static str,
    /// What `/execute` with `as-string` returns.
    pub answer: &'static str,
}

impl Says {
    /// Runs the script and waits for its end.
    ///
    /// # Errors
    /// [`Stop`]
    pub async fn ask(&self, bench: &Bench<'_>) -> Result<Outcome, Stop> {
        let answer = bench.run(&["/execute", &format!("=script={}", self.script), "=as-string="]).await?;
        let said = answer.ret().map_or_else(|| "no ret".into(), String::from_utf8_lossy);
        Ok(Outcome::of(self.answer.escape_default(), said.escape_default()))
    }
}

/// A command that is to be refused.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Its path. Where an `add` is not refused after all, its row carries our comment and is removed.
    pub command: &'static str,
    /// Its arguments.
    pub words: &'static [&'static str],
    /// What it stands on.
    pub stand: Stand,
    /// What is looked at.
    pub part: Part,
}

/// What of a refusal is looked at.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// The text of the first trap.
    Text(&'static str),
    /// Its category, or that it has none.
    Category(Option<u8>),
}

impl Refused {
    /// Sends the command and looks at the first trap.
    ///
    /// # Errors
    /// [`Stop::Lost`], and a refusal of what the command stands on.
    pub async fn ask(&self, bench: &Bench<'_>) -> Result<Outcome, Stop> {
        for (menu, words) in self.stand {
            bench.add(menu, words).await?;
        }
        let refusal = if let Some(menu) = self.command.strip_suffix("/add") {
            bench.attempt_add(menu, self.words).await?.err()
        } else {
            let words: Vec<&str> = [self.command].into_iter().chain(self.words.iter().copied()).collect();
            bench.attempt(&words).await?.err()
        };
        let first = refusal.as_ref().and_then(|traps| traps.first());
        Ok(match (self.part, first) {
            (Part::Text(text), Some(trap)) => Outcome::of(text, &trap.message),
            (Part::Category(category), Some(trap)) => Outcome::of(named(category), named(trap.category)),
            (Part::Text(text), None) => Outcome::Differ { expected: text.to_owned(), got: "no refusal".to_owned() },
            (Part::Category(category), None) => {
                Outcome::Differ { expected: named(category), got: "no refusal".to_owned() }
            }
        })
    }
}

fn named(category: Option<u8>) -> String {
    category.map_or_else(|| "no category".to_owned(), |category| format!("category {category}"))
}
