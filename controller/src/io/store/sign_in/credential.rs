//! A secret that proves who somebody is, with an id by which it is found.

use super::{SignInError, digest};
use crate::io::random;
use std::fmt;

/// `<prefix><id>_<secret>`: 64 random bits to find it by, 256 to prove it, both in hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    id: String,
    text: String,
}

impl Credential {
    /// A new one.
    pub(super) fn random(prefix: &str) -> Result<Self, SignInError> {
        let bytes: [u8; 40] = random::bytes().map_err(|error| SignInError::Secret(error.to_string()))?;
        let (id, secret) = (hex(&bytes[..8]), hex(&bytes[8..]));
        Ok(Self { text: format!("{prefix}{id}_{secret}"), id })
    }

    /// One that somebody shows; nothing where it has not the form of one.
    pub(super) fn parse(prefix: &str, text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(prefix)?.split_once('_')?;
        let good = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        (good(id, 16) && good(secret, 64)).then(|| Self { id: id.to_owned(), text: text.to_owned() })
    }

    /// By what it is found.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is kept of it.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        digest(&self.text)
    }

    /// The whole of it, for its holder alone.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Credential {
    /// Shows by what it is found, never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}…)", self.id)
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(text: &str) -> String {
    hex(&digest(text))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
