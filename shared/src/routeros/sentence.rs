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

use std::{borrow::Cow, fmt};

mod decoder;

pub use decoder::{DecodeError, Decoder, Limits};

/// One sentence: a command, a reply, or what they carry.
///
/// Kept as it goes over the wire but for its closing empty word: one allocation, whatever the number of words. May be
/// empty (RouterOS ignores such sentences, and so does [`Decoder`]).
#[derive(Clone, Default)]
pub struct Sentence {
    /// Each word with its length before it.
    bytes: Vec<u8>,
    /// A word was given that the protocol cannot carry.
    too_long: bool,
}

/// Room that a command mostly fits.
const ROOM: usize = 128;

impl Sentence {
    /// A sentence of one word: a command such as `/ip/address/print`, or a reply such as `!done`.
    pub fn new(first: impl AsRef<[u8]>) -> Self {
        Self { bytes: Vec::with_capacity(ROOM), too_long: false }.word(first)
    }

    /// A sentence of these words, as they are.
    pub fn from_words(words: impl IntoIterator<Item: AsRef<[u8]>>) -> Self {
        words.into_iter().fold(Self::default(), Self::word)
    }

    /// Appends a word as it is. An empty word cannot be sent inside a sentence (it would end it) and is dropped.
    #[must_use]
    pub fn word(mut self, word: impl AsRef<[u8]>) -> Self {
        self.append([word.as_ref()]);
        self
    }

    /// Appends `=name=value`.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.append([b"=", name.as_bytes(), b"=", value.as_ref()]);
        self
    }

    /// Appends a query word, given without its question mark: `name=ether1`, `-disabled`, `#|`.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        self.append([b"?", query.as_bytes()]);
        self
    }

    /// Appends `.tag=tag`, which every reply to this sentence repeats.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.append([TAG, tag.as_bytes()]);
        self
    }

    /// Appends a word that is made of these parts.
    fn append<const PARTS: usize>(&mut self, parts: [&[u8]; PARTS]) {
        self.too_long |= !append(&mut self.bytes, parts);
    }

    /// All words, the first included.
    pub fn words(&self) -> Words<'_> {
        Words { rest: &self.bytes }
    }

    /// Bytes that the words take with their lengths.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The command or reply word; empty for an empty sentence.
    pub fn first(&self) -> &[u8] {
        self.words().next().unwrap_or_default()
    }

    /// The attributes in the order in which they came: `=name=value`, and `=name` as an empty value.
    pub fn attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.words().skip(1).filter_map(|word| {
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
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(text)
    }

    /// The attributes as text, in the same way.
    pub fn texts(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.attributes().map(|(name, value)| (text(name), text(value)))
    }

    /// The query words, without their question marks.
    pub fn queries(&self) -> impl Iterator<Item = &[u8]> {
        self.words().skip(1).filter_map(|word| word.strip_prefix(b"?"))
    }

    /// The tag, where the sentence has one.
    pub fn tag_word(&self) -> Option<&[u8]> {
        self.words().skip(1).find_map(|word| word.strip_prefix(TAG))
    }

    /// Whether the protocol can carry all words that were given.
    pub fn is_sendable(&self) -> bool {
        !self.too_long
    }

    /// Appends the sentence as it goes over the wire, its closing empty word included.
    ///
    /// # Errors
    /// [`EncodeError`] for a word longer than the protocol can say; nothing is appended then.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.too_long {
            return Err(EncodeError);
        }
        out.reserve(self.bytes.len() + 1);
        out.extend_from_slice(&self.bytes);
        out.push(0);
        Ok(())
    }

    /// The same with a tag as its last word, which a command is given when it is sent.
    ///
    /// # Errors
    /// As [`Sentence::encode`].
    pub fn encode_tagged(&self, tag: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        if self.too_long || !append(out, [TAG, tag]) {
            out.truncate(start);
            return Err(EncodeError);
        }
        out.push(0);
        Ok(())
    }
}

/// The same as [`String::from_utf8_lossy`], which looks for what to replace even where there is nothing.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// What a tag's word starts with.
const TAG: &[u8] = b".tag=";

/// Appends a word, made of these parts, with its length; false where it is longer than the protocol can say. An empty
/// one would end the sentence and is left out.
#[inline]
fn append<const PARTS: usize>(bytes: &mut Vec<u8>, parts: [&[u8]; PARTS]) -> bool {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let Ok(said) = u32::try_from(length) else { return false };
    if length > 0 {
        bytes.reserve(length + 5);
        encode_length(said, bytes);
        for part in parts {
            // Most are an equals sign.
            if let [byte] = part {
                bytes.push(*byte);
            } else {
                bytes.extend_from_slice(part);
            }
        }
    }
    true
}

/// Sentences are equal when their words are: a peer may say a length in more bytes than it needs.
impl PartialEq for Sentence {
    fn eq(&self, other: &Self) -> bool {
        self.words().eq(other.words())
    }
}

impl Eq for Sentence {}

/// The words of a [`Sentence`].
#[derive(Debug, Clone)]
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (head, length) = decode_length(self.rest).ok()??;
        let (word, rest) = self.rest.get(head..)?.split_at_checked(length)?;
        self.rest = rest;
        Some(word)
    }
}

impl fmt::Debug for Sentence {
    /// The words as text, those that may carry a secret masked, so that a sentence can be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.words().map(Masked)).finish()
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

#[inline]
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

/// Bytes of the length itself and the length that they say; nothing while bytes are missing.
#[inline]
fn decode_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (head, high) = match first {
        // Nearly every word.
        0x00..=0x7F => return Ok(Some((1, usize::from(first)))),
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

/// A word that the protocol cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a word does not fit the RouterOS API, which carries at most 4,294,967,295 bytes")]
pub struct EncodeError;

#[cfg(test)]
mod tests;
