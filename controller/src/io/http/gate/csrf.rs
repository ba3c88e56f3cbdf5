//! The token that a session's forms carry: it follows from the session's secret, which another site cannot read.

use crate::{
    io::store::sign_in::sha256,
    problem::{self, Problem},
};
use axum::http::{HeaderMap, HeaderName};
use subtle::ConstantTimeEq as _;

/// The header for scripts.
pub(in crate::io::http) const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// The token of a session.
pub(in crate::io::http) fn token(session: &str) -> String {
    sha256(&format!("bulkhead csrf {session}"))
}

/// Refuses a write of a browser whose form or header does not carry the session's token.
pub(super) fn check(session: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let expected = token(session);
    let given = match headers.get(HEADER) {
        Some(value) => value.to_str().ok().map(str::to_owned),
        None => form_field(body),
    };
    let good = given.is_some_and(|given| given.as_bytes().ct_eq(expected.as_bytes()).into());
    if good {
        return Ok(());
    }
    Err(Problem::new(
        problem::CSRF,
        "The form was made for another session.",
        "Load the page again and send the form once more.",
    ))
}

fn form_field(body: &[u8]) -> Option<String> {
    let pairs = std::str::from_utf8(body).ok()?;
    pairs.split('&').find_map(|pair| pair.strip_prefix("csrf=")).map(str::to_owned)
}
