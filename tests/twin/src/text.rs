//! Bytes of a value as text, without losing any.
//!
//! RouterOS stores whatever bytes it was given. The twin works on text, so a byte that is no UTF-8 becomes one
//! character of a private range, and goes back to the same byte on its way out. Bytes that spell a character of that
//! range themselves are taken apart the same way, so that the way there and back is exact for all input.

/// The private characters: `FIRST + byte`.
const FIRST: u32 = 0x10_FF00;

/// Bytes from the wire as text.
pub fn from_wire(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if byte_of(character).is_some() {
                let mut buffer = [0; 4];
                text.extend(character.encode_utf8(&mut buffer).bytes().filter_map(character_of));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(character_of));
    }
    text
}

/// Text as the bytes that it came from.
pub fn to_wire(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

fn character_of(byte: u8) -> Option<char> {
    char::from_u32(FIRST + u32::from(byte))
}

fn byte_of(character: char) -> Option<u8> {
    u32::from(character).checked_sub(FIRST).and_then(|byte| u8::try_from(byte).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_were(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(to_wire(&from_wire(&bytes)), bytes);
        }

        #[test]
        fn any_text_comes_back_even_from_the_private_range(text in "[\u{10FF00}-\u{10FFFF}a\u{e4}]{0,20}") {
            prop_assert_eq!(to_wire(&from_wire(text.as_bytes())), text.as_bytes());
        }
    }
}
