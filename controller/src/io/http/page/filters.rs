//! What templates do to values.

use std::fmt::Display;

/// An RFC 3339 time for people without JavaScript: to the second, in UTC.
#[allow(unreachable_pub)] // What the attribute makes is public in a private module.
#[askama::filter_fn]
pub(super) fn moment(time: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    let time = time.to_string();
    let seconds = time.get(..19).unwrap_or(&time).replace('T', " ");
    Ok(format!("{seconds} UTC"))
}

/// The last part of a path.
#[allow(unreachable_pub)] // What the attribute makes is public in a private module.
#[askama::filter_fn]
pub(super) fn file_name(path: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(path.to_string().rsplit('/').next().unwrap_or_default().to_owned())
}
