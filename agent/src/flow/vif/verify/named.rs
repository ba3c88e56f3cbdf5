//! A row of somebody else's, in words that find it: its number, as `print` counts, and its comment.

/// Characters of a comment that are shown.
const SHOWN: usize = 60;

/// The row at a place of a menu.
pub(super) fn row(menu: &str, at: usize, comment: &str) -> String {
    if comment.is_empty() {
        return format!("{menu} row {at}");
    }
    format!("{menu} row {at} `{}`", comment.chars().take(SHOWN).collect::<String>())
}
