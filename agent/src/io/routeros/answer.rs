//! The answer to one command, collected within bounds.

use shared::routeros::{
    model::{Row, Rows},
    sentence::Sentence,
};

use super::error::{CommandError, Trap};

/// What the router replied to a command that it carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What the `!re` sentences said, in the order in which they came. Bytes that are no UTF-8 are replaced: a row is
    /// compared, never written back.
    pub rows: Vec<Row>,
    /// The `!done` sentence.
    pub done: Sentence,
}

impl Answer {
    /// What `!done` returned: the id of an added row, a count, a script's value.
    pub fn ret(&self) -> Option<&[u8]> {
        self.done.get("ret")
    }
}

/// Refusals kept per command; the router says two or three.
const TRAPS: usize = 16;

/// Replies to one command so far.
#[derive(Debug)]
pub(super) struct Collected {
    rows: Rows,
    traps: Vec<Trap>,
    limit: usize,
}

impl Collected {
    /// Nothing so far, and at most `limit` bytes to come.
    pub(super) fn new(limit: usize) -> Self {
        Self { rows: Rows::default(), traps: Vec::new(), limit }
    }

    /// A row. An error once the rows outgrow the limit; those collected are gone then.
    pub(super) fn row(&mut self, row: &Sentence) -> Result<(), CommandError> {
        self.rows.push(row.texts());
        if self.rows.size() > self.limit {
            self.rows = Rows::default();
            return Err(CommandError::TooLarge { limit: self.limit });
        }
        Ok(())
    }

    /// A refusal; the command still has its `!done` to come.
    pub(super) fn trap(&mut self, trap: &Sentence) {
        if self.traps.len() < TRAPS {
            self.traps.push(Trap::of(trap));
        }
    }

    /// The end.
    pub(super) fn done(self, done: Sentence) -> Result<Answer, CommandError> {
        if self.traps.is_empty() {
            Ok(Answer { rows: self.rows.finish(), done })
        } else {
            Err(CommandError::Trap(self.traps))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_in_order_and_ret_is_read_from_done() {
        let mut collected = Collected::new(1_000);
        for name in ["a", "b"] {
            assert_eq!(collected.row(&Sentence::new("!re").attribute("name", name)), Ok(()));
        }
        let answer = collected.done(Sentence::new("!done").attribute("ret", "*1A"));
        let names: Vec<_> = answer.iter().flat_map(|answer| &answer.rows).map(|row| row.get("name")).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(answer.as_ref().map(Answer::ret), Ok(Some(&b"*1A"[..])));
    }

    #[test]
    fn rows_beyond_the_limit_are_an_error_and_are_let_go() {
        let row = Sentence::new("!re").attribute("name", "x");
        let mut two = Rows::default();
        two.push(row.texts());
        two.push(row.texts());
        let limit = two.size();
        let mut collected = Collected::new(limit);
        assert_eq!(collected.row(&row), Ok(()));
        assert_eq!(collected.row(&row), Ok(()));
        assert_eq!(collected.row(&row), Err(CommandError::TooLarge { limit }));
        assert!(collected.rows.is_empty());
    }

    #[test]
    fn an_endless_row_of_traps_is_cut() {
        let mut collected = Collected::new(1_000);
        for _ in 0..1_000 {
            collected.trap(&Sentence::new("!trap").attribute("message", "no"));
        }
        assert!(
            matches!(collected.done(Sentence::new("!done")), Err(CommandError::Trap(traps)) if traps.len() == TRAPS)
        );
    }
}
