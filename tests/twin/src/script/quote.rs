//! Texts as the console writes and reads them between quotes (manual, "Scripting": constant escape sequences).

use std::fmt::Write as _;

use crate::text;

/// Characters that a value may hold without being quoted.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.:,/!*+@%~^&|".contains(c)
}

/// A value as `/export` writes it: bare where that reads back as the same, else quoted.
///
/// Quoted are blanks, `=`, `"`, `$`, `?`, brackets and whatever is not ASCII (public exports of 7.20 to 7.24).
pub fn value(value: &str) -> String {
    let bare = !value.is_empty() && value.chars().all(is_plain) && !value.starts_with(['!', '&', '|', '~', '^']);
    // A leading `!` negates a matcher and is written bare.
    let negated = value.strip_prefix('!').is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_plain));
    if bare || negated { value.to_owned() } else { quoted(value) }
}

/// A text in quotes. Bytes beyond ASCII are written in hexadecimal.
pub fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for piece in pieces(value) {
        out.push_str(&piece);
    }
    out.push('"');
    out
}

/// What stands between the quotes, cut where a line may be broken.
pub fn pieces(value: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for byte in text::to_wire(value) {
        pieces.push(match byte {
            b'"' => "\\\"".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'$' => "\\$".to_owned(),
            b'?' => "\\?".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => {
                let mut hex = String::new();
                // Writing to a String cannot fail.
                let _ = write!(hex, "\\{byte:02X}");
                hex
            }
        });
    }
    pieces
}

/// The byte of an escape of one letter: what follows a backslash in a quoted text.
pub fn escape(letter: char) -> Option<u8> {
    Some(match letter {
        '"' | '\\' | '$' | '?' => u8::try_from(letter).ok()?,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        '_' => b' ',
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0C,
        'v' => 0x0B,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_an_export_quotes_them() {
        let cases = [
            ("WAN-Telekom", "WAN-Telekom"),
            ("192.168.88.0/24,10.0.0.1", "192.168.88.0/24,10.0.0.1"),
            ("!LAN", "!LAN"),
            ("*1A", "*1A"),
            ("", "\"\""),
            ("wan A", "\"wan A\""),
            ("abc=", "\"abc=\""),
            ("say \"$hi\\\"?", "\"say \\\"\\$hi\\\\\\\"\\?\""),
            ("a\r\nb\tc\0", "\"a\\r\\nb\\tc\\00\""),
            ("Küche", "\"K\\C3\\BCche\""),
        ];
        for (text, written) in cases {
            assert_eq!(value(text), written);
        }
    }
}
