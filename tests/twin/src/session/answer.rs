//! Answers as bytes.

use shared::routeros::sentence::Sentence;

use crate::{
    device::{Fields, trap::Trap},
    text,
};

/// The size from which a piece of an answer is handed on.
pub(super) const PIECE: usize = 16 * 1024;

/// Makes the answers to one sentence: all carry its tag.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    tag: Option<Vec<u8>>,
}

impl Answer {
    pub(super) fn to(sentence: &Sentence) -> Self {
        Self { tag: sentence.tag_word().map(<[u8]>::to_vec) }
    }

    pub(super) fn tagged(tag: &[u8]) -> Self {
        Self { tag: (!tag.is_empty()).then(|| tag.to_vec()) }
    }

    pub(super) fn rows(&self, rows: &[Fields], says_empty: bool) -> Vec<Vec<u8>> {
        let mut pieces = vec![Vec::new()];
        for row in rows {
            push(&mut pieces, &self.row(row));
        }
        if rows.is_empty() && says_empty {
            push(&mut pieces, &self.begin("!empty"));
        }
        push(&mut pieces, &self.begin("!done"));
        pieces
    }

    /// Some rows of an answer that goes on.
    pub(super) fn page(&self, rows: &[Fields]) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        for row in rows {
            push(&mut pieces, &self.row(row));
        }
        pieces
    }

    /// One `!re`, as a piece of its own.
    pub(super) fn one(&self, row: &Fields) -> Vec<u8> {
        encoded(&self.row(row))
    }

    pub(super) fn done(&self, value: Option<&str>) -> Vec<Vec<u8>> {
        let done = self.begin("!done");
        vec![encoded(&match value {
            Some(value) => done.attribute("ret", text::to_wire(value)),
            None => done,
        })]
    }

    /// The trap, and the end that follows it.
    pub(super) fn trap(&self, trap: &Trap) -> Vec<Vec<u8>> {
        let mut pieces = self.trap_only(trap);
        pieces.extend(self.done(None));
        pieces
    }

    pub(super) fn trap_only(&self, trap: &Trap) -> Vec<Vec<u8>> {
        let sentence = self.begin("!trap");
        let sentence = match trap.category() {
            Some(category) => sentence.attribute("category", category.to_string()),
            None => sentence,
        };
        vec![encoded(&sentence.attribute("message", text::to_wire(&trap.to_string())))]
    }

    /// The reason is a bare word.
    pub(super) fn fatal(&self, reason: &str) -> Vec<Vec<u8>> {
        vec![encoded(&self.begin("!fatal").word(reason))]
    }

    fn row(&self, row: &Fields) -> Sentence {
        row.iter().fold(self.begin("!re"), |sentence, (name, value)| sentence.attribute(name, text::to_wire(value)))
    }

    fn begin(&self, word: &str) -> Sentence {
        let sentence = Sentence::new(word);
        match &self.tag {
            Some(tag) => sentence.word([b".tag=", tag.as_slice()].concat()),
            None => sentence,
        }
    }
}

fn encoded(sentence: &Sentence) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = sentence.encode(&mut bytes) {
        tracing::error!(%error, "an answer was left out");
    }
    bytes
}

fn push(pieces: &mut Vec<Vec<u8>>, sentence: &Sentence) {
    if pieces.last().is_none_or(|piece| piece.len() >= PIECE) {
        pieces.push(Vec::new());
    }
    if let Some(piece) = pieces.last_mut() {
        piece.extend(encoded(sentence));
    }
}
