//! Words and sentences of the RouterOS binary API, without any input or output.
//!
//! A sentence is a list of words that an empty word ends; a word is a length and that many bytes. The length
//! takes one to five bytes, most significant first, and the first byte tells how many (manual, "API", section
//! "API words"):
//!
//! | length              | bytes | first byte       |
//! | ------------------- | ----- | ---------------- |
//! | `0` – `0x7F`        | 1     | `0xxx_xxxx`      |
//! | `0x80` – `0x3FFF`   | 2     | `10xx_xxxx`      |
//! | `0x4000` – `0x1F_FFFF` | 3  | `110x_xxxx`      |
//! | `0x20_0000` – `0xFFF_FFFF` | 4 | `1110_xxxx`   |
//! | `0x1000_0000` and up | 5    | `1111_0000`      |
//!
//! First bytes from `0xF8` on are reserved as control bytes, and a peer that meets one must stop. `0xF1` to
//! `0xF7` are not assigned either; they are refused alike. Words are bytes: RouterOS stores what it was given in
//! whatever code page the writer used, so a value that we did not change must go back as it came.

use std::fmt;

/// One sentence: a command, a reply, or what they carry.
///
/// May be empty (RouterOS ignores such sentences, and so does [`Decoder`]).
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Sentence {
    words: Vec<Vec<u8>>,
}

impl Sentence {
    /// A sentence of one word: a command such as `/ip/address/print`, or a reply such as `!done`.
    pub fn new(first: impl Into<Vec<u8>>) -> Self {
        Self { words: vec![first.into()] }
    }

    /// A sentence of these words, as they are.
    pub fn from_words(words: Vec<Vec<u8>>) -> Self {
        Self { words }
    }

    /// Appends a word as it is. An empty word cannot be sent inside a sentence (it would end it) and is dropped.
    #[must_use]
    pub fn word(mut self, word: impl Into<Vec<u8>>) -> Self {
        let word = word.into();
        if !word.is_empty() {
            self.words.push(word);
        }
        self
    }

    /// Appends `=name=value`.
    #[must_use]
    pub fn attribute(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let mut word = Vec::with_capacity(name.len() + value.as_ref().len() + 2);
        word.push(b'=');
        word.extend_from_slice(name.as_bytes());
        word.push(b'=');
        word.extend_from_slice(value.as_ref());
        self.word(word)
    }

    /// Appends a query word, given without its question mark: `name=ether1`, `-disabled`, `#|`.
    #[must_use]
    pub fn query(self, query: &str) -> Self {
        self.word(format!("?{query}"))
    }

    /// Appends `.tag=tag`, which every reply to this sentence repeats.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        self.word(format!(".tag={tag}"))
    }

    /// All words, the first included.
    pub fn words(&self) -> &[Vec<u8>] {
        &self.words
    }

    /// The command or reply word; empty for an empty sentence.
    pub fn first(&self) -> &[u8] {
        self.words.first().map_or(b"", Vec::as_slice)
    }

    /// The attributes in the order in which they came: `=name=value`, and `=name` as an empty value.
    pub fn attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.words.iter().skip(1).filter_map(|word| {
            let rest = word.strip_prefix(b"=")?;
            Some(
                rest.iter()
                    .position(|&byte| byte == b'=')
                    .map_or((rest, &b""[..]), |at| (&rest[..at], &rest[at + 1..])),
            )
        })
    }

    /// The value of an attribute, the first where it was given twice.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.attributes().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }

    /// The value of an attribute as text; bytes that are no UTF-8 are replaced, so use it to read, never to write back.
    pub fn text(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// The query words, without their question marks.
    pub fn queries(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().skip(1).filter_map(|word| word.strip_prefix(b"?"))
    }

    /// The tag, where the sentence has one.
    pub fn tag_word(&self) -> Option<&[u8]> {
        self.words.iter().skip(1).find_map(|word| word.strip_prefix(b".tag="))
    }

    /// Appends the sentence as it goes over the wire, its closing empty word included.
    ///
    /// # Errors
    /// [`EncodeError`] for a word longer than the protocol can say; nothing is appended then.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(word) = self.words.iter().find(|word| u32::try_from(word.len()).is_err()) {
            return Err(EncodeError { length: word.len() });
        }
        out.reserve(self.words.iter().map(|word| word.len() + 5).sum::<usize>() + 1);
        for word in &self.words {
            encode_length(u32::try_from(word.len()).unwrap_or(u32::MAX), out);
            out.extend_from_slice(word);
        }
        out.push(0);
        Ok(())
    }
}

impl fmt::Debug for Sentence {
    /// The words as text, those that may carry a secret masked, so that a sentence can be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.words.iter().map(|word| Masked(word))).finish()
    }
}

/// Names whose values never go to a log: what RouterOS itself hides without the policy `sensitive`.
const SECRET: [&str; 7] =
    ["password", "response", "private-key", "preshared-key", "secret", "passphrase", "wpa2-pre-shared-key"];

struct Masked<'a>(&'a [u8]);

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.0);
        let secret = text
            .strip_prefix('=')
            .and_then(|rest| rest.split_once('='))
            .filter(|(name, value)| SECRET.contains(name) && !value.is_empty());
        match secret {
            Some((name, _)) => write!(f, "\"={name}=***\""),
            None => write!(f, "{text:?}"),
        }
    }
}

fn encode_length(length: u32, out: &mut Vec<u8>) {
    let [a, b, c, d] = length.to_be_bytes();
    match length {
        0..=0x7F => out.push(d),
        0x80..=0x3FFF => out.extend([c | 0x80, d]),
        0x4000..=0x1F_FFFF => out.extend([b | 0xC0, c, d]),
        0x20_0000..=0xFFF_FFFF => out.extend([a | 0xE0, b, c, d]),
        0x1000_0000.. => out.extend([0xF0, a, b, c, d]),
    }
}

/// A word that the protocol cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a word of {length} bytes does not fit the RouterOS API, which carries at most 4,294,967,295")]
pub struct EncodeError {
    /// The word's length in bytes.
    pub length: usize,
}

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
    /// What of `buffer` has been cut into words.
    read: usize,
    words: Vec<Vec<u8>>,
    size: usize,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffer: Vec::new(), read: 0, words: Vec::new(), size: 0, failed: None }
    }

    /// Other limits from the next word on: a peer that has signed in may say more.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes bytes as they came from the peer.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 && self.read == self.buffer.len() {
            self.buffer.clear();
            self.read = 0;
        } else if self.read > 16 * 1024 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the peer is in the middle of a sentence: a stream that ends now was cut.
    pub fn is_mid_sentence(&self) -> bool {
        !self.words.is_empty() || self.read < self.buffer.len()
    }

    /// The next whole sentence, or nothing until more bytes come. Empty sentences are passed over.
    ///
    /// # Errors
    /// [`DecodeError`], and the same one again at each later call: the place in the stream is lost.
    pub fn next_sentence(&mut self) -> Result<Option<Sentence>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.cut().inspect_err(|&error| {
            self.failed = Some(error);
            self.buffer = Vec::new();
            self.words = Vec::new();
        })
    }

    fn cut(&mut self) -> Result<Option<Sentence>, DecodeError> {
        while let Some((head, length)) = decode_length(&self.buffer[self.read..])? {
            if length > self.limits.word {
                return Err(DecodeError::WordTooLong { length, limit: self.limits.word });
            }
            let start = self.read + head;
            let Some(word) = self.buffer.get(start..start + length) else { return Ok(None) };
            if length == 0 {
                self.read = start;
                if self.words.is_empty() {
                    continue;
                }
                self.size = 0;
                // A list of just their number, not with the room that it grew by: ten thousand rows may be kept.
                return Ok(Some(Sentence::from_words(self.words.drain(..).collect())));
            }
            self.size += length;
            if self.size > self.limits.sentence || self.words.len() >= self.limits.words {
                return Err(DecodeError::SentenceTooLong { words: self.limits.words, bytes: self.limits.sentence });
            }
            self.words.push(word.to_vec());
            self.read = start + length;
        }
        Ok(None)
    }
}

/// Bytes of the length itself and the length that they say; nothing while bytes are missing.
fn decode_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (head, high) = match first {
        0x00..=0x7F => (1, first),
        0x80..=0xBF => (2, first & 0x3F),
        0xC0..=0xDF => (3, first & 0x1F),
        0xE0..=0xEF => (4, first & 0x0F),
        0xF0 => (5, 0),
        0xF1.. => return Err(DecodeError::ControlByte(first)),
    };
    let Some(rest) = bytes.get(1..head) else { return Ok(None) };
    let length = rest.iter().fold(usize::from(high), |length, &byte| (length << 8) | usize::from(byte));
    Ok(Some((head, length)))
}

#[cfg(test)]
mod tests;
