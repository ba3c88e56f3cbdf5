//! Randomness of the system: the only place that takes it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The system gave no randomness; nothing that needs a secret can be done.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no randomness: {0}")]
pub struct RandomError(#[from] getrandom::Error);

/// So many random bytes.
///
/// # Errors
/// [`RandomError`]
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A password or token of 256 bits: 43 characters of A-Z, a-z, 0-9, `-` and `_`, which need no quoting anywhere.
///
/// # Errors
/// [`RandomError`]
pub fn secret() -> Result<String, RandomError> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// A suffix that tells ids apart: 8 characters of a-z and 2-7 (40 bits).
///
/// # Errors
/// [`RandomError`]
pub fn suffix() -> Result<String, RandomError> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    Ok(bytes::<8>()?.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
