//! From bytes, as they come, to sentences.

use super::{Sentence, decode_length};

/// Bounds on what a peer may make us hold in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest word, in bytes.
    pub word: usize,
    /// The longest sentence, in bytes of all its words.
    pub sentence: usize,
    /// The most words in a sentence.
    pub words: usize,
}

impl Limits {
    /// Wide enough for every menu that we read: the largest value RouterOS returns there is a script or a file's
    /// contents, at most 64 KiB, and a row has fewer than 200 properties.
    pub const DEFAULT: Self = Self { word: 256 * 1024, sentence: 1024 * 1024, words: 4096 };
    /// For a peer that has not signed in yet.
    pub const BEFORE_SIGN_IN: Self = Self { word: 4096, sentence: 16 * 1024, words: 64 };
}

/// Why bytes are no sentence. The stream cannot be followed any further after any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A length that starts with a byte that the protocol keeps for itself.
    #[error(
        "the peer sent the reserved control byte {0:#04x}: it does not speak the RouterOS API, or a newer form of it"
    )]
    ControlByte(u8),
    /// A word longer than [`Limits::word`].
    #[error("the peer announced a word of {length} bytes; at most {limit} are taken")]
    WordTooLong {
        /// The length that was announced.
        length: usize,
        /// The limit that it broke.
        limit: usize,
    },
    /// A sentence longer than [`Limits::sentence`], or with more words than [`Limits::words`].
    #[error("the peer sent a sentence of more than {words} words or {bytes} bytes")]
    SentenceTooLong {
        /// [`Limits::words`]
        words: usize,
        /// [`Limits::sentence`]
        bytes: usize,
    },
}

/// Cuts a stream of bytes into sentences, however the bytes were split on their way.
///
/// Holds at most one unfinished sentence within its [`Limits`] and the bytes not yet looked at.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where in `buffer` the unfinished sentence starts.
    start: usize,
    /// What of `buffer` has been cut into words.
    read: usize,
    /// Words of the unfinished sentence so far, and their bytes.
    words: usize,
    size: usize,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffer: Vec::new(), start: 0, read: 0, words: 0, size: 0, failed: None }
    }

    /// Other limits from the next word on: a peer that has signed in may say more.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes bytes as they came from the peer.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() || self.start > 16 * 1024 {
            self.buffer.drain(..self.start);
            self.read -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that it holds, of the unfinished sentence and of what was not looked at yet.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the peer is in the middle of a sentence: a stream that ends now was cut.
    pub fn is_mid_sentence(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// The next whole sentence, or nothing until more bytes come. Empty sentences are passed over.
    ///
    /// # Errors
    /// [`DecodeError`], and the same one again at each later call: the place in the stream is lost.
    pub fn next_sentence(&mut self) -> Result<Option<Sentence>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.cut().inspect_err(|&error| *self = Self { failed: Some(error), ..Self::new(self.limits) })
    }

    fn cut(&mut self) -> Result<Option<Sentence>, DecodeError> {
        while let Some((head, length)) = decode_length(&self.buffer[self.read..])? {
            if length > self.limits.word {
                return Err(DecodeError::WordTooLong { length, limit: self.limits.word });
            }
            let word = self.read + head;
            if self.buffer.len() - word < length {
                return Ok(None);
            }
            if length == 0 {
                let words = self.start..self.read;
                (self.start, self.read, self.words, self.size) = (word, word, 0, 0);
                if words.is_empty() {
                    continue;
                }
                // In just the room that it takes: ten thousand rows may be kept.
                return Ok(Some(Sentence { bytes: self.buffer[words].to_vec(), too_long: false }));
            }
            self.size += length;
            self.words += 1;
            if self.size > self.limits.sentence || self.words > self.limits.words {
                return Err(DecodeError::SentenceTooLong { words: self.limits.words, bytes: self.limits.sentence });
            }
            self.read = word + length;
        }
        Ok(None)
    }
}
