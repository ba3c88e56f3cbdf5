//! The codec of the RouterOS API against arbitrary bytes, however they are split.
//!
//! The first byte of the input chooses the size of the pieces, the rest is what the peer sends. Whatever it is:
//! nothing panics, pieces of any size give the same sentences and the same error as the whole, and every sentence that
//! was read is written and read back as itself.

#![no_main]

use bulkhead_shared::routeros::sentence::{DecodeError, Decoder, Limits, Sentence};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, bytes)) = input.split_first() else { return };
    for limits in [Limits::BEFORE_SIGN_IN, Limits::DEFAULT] {
        let whole = decode(bytes, bytes.len().max(1), limits);
        let pieces = decode(bytes, usize::from(size).max(1), limits);
        assert_eq!(whole, pieces);
        for sentence in &whole.0 {
            let mut encoded = Vec::new();
            sentence.encode(&mut encoded).expect("a word that was read can be written");
            assert_eq!(decode(&encoded, encoded.len(), limits), (vec![sentence.clone()], None, false));
            assert!(!format!("{sentence:?}").is_empty());
            assert!(sentence.attributes().count() + sentence.queries().count() <= sentence.words().count());
        }
    }
});

/// The sentences in these bytes, the error that ended them, and whether one was cut.
fn decode(bytes: &[u8], size: usize, limits: Limits) -> (Vec<Sentence>, Option<DecodeError>, bool) {
    let mut decoder = Decoder::new(limits);
    let mut sentences = Vec::new();
    for piece in bytes.chunks(size) {
        decoder.push(piece);
        loop {
            match decoder.next_sentence() {
                Ok(Some(sentence)) => sentences.push(sentence),
                Ok(None) => break,
                Err(error) => return (sentences, Some(error), false),
            }
        }
    }
    (sentences, None, decoder.is_mid_sentence())
}
