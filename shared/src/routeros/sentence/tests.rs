//! The codec at its edges, and on anything at all.

use super::*;
use proptest::prelude::*;

const WIDE: Limits = Limits { word: 0x2000_0000, sentence: 0x3000_0000, words: 100_000 };

#[test]
fn each_length_takes_the_shortest_form_and_reads_back() {
    let edges: [(u32, usize); 9] = [
        (0x7F, 1),
        (0x80, 2),
        (0x100, 2),
        (0x3FFF, 2),
        (0x4000, 3),
        (0x1F_FFFF, 3),
        (0x20_0000, 4),
        (0xFFF_FFFF, 4),
        (0x1000_0000, 5),
    ];
    for (length, bytes) in edges {
        let mut out = Vec::new();
        encode_length(length, &mut out);
        assert_eq!(out.len(), bytes, "{length:#x}");
        assert_eq!(decode_length(&out), Ok(Some((bytes, length as usize))), "{length:#x}");
        assert_eq!(decode_length(&out[..bytes - 1]), Ok(None), "{length:#x} cut short");
    }
}

#[test]
fn a_length_with_a_zero_low_byte_does_not_end_the_sentence() {
    let sentence = Sentence::new(vec![b'x'; 256]).word("y");
    assert_eq!(read_back(&sentence, 1), Ok(sentence));
}

#[test]
fn reserved_first_bytes_are_refused_and_stay_refused() {
    for first in 0xF1..=0xFF {
        let mut decoder = Decoder::new(WIDE);
        decoder.push(&[first]);
        assert_eq!(decoder.next_sentence(), Err(DecodeError::ControlByte(first)));
        decoder.push(b"\x05/quit\x00");
        assert_eq!(decoder.next_sentence(), Err(DecodeError::ControlByte(first)));
    }
}

#[test]
fn an_endless_word_is_refused_at_its_length_without_waiting_for_it() {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    decoder.push(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]);
    let limit = Limits::DEFAULT.word;
    assert_eq!(decoder.next_sentence(), Err(DecodeError::WordTooLong { length: 0xFFFF_FFFF, limit }));
}

#[test]
fn a_sentence_without_end_is_refused_within_its_limits() {
    let mut decoder = Decoder::new(Limits::BEFORE_SIGN_IN);
    for _ in 0..Limits::BEFORE_SIGN_IN.words {
        decoder.push(b"\x01x");
        assert_eq!(decoder.next_sentence(), Ok(None));
    }
    decoder.push(b"\x01x");
    assert!(matches!(decoder.next_sentence(), Err(DecodeError::SentenceTooLong { .. })));
}

#[test]
fn attributes_split_at_the_second_equals_sign() {
    let sentence = Sentence::new("!re").attribute("comment", "a=b").word("=once").word("=empty=").word(".tag=7");
    let attributes: Vec<_> = sentence.attributes().collect();
    assert_eq!(attributes, [(&b"comment"[..], &b"a=b"[..]), (b"once", b""), (b"empty", b"")]);
    assert_eq!(sentence.tag_word(), Some(&b"7"[..]));
}

#[test]
fn a_length_said_in_more_bytes_than_it_needs_makes_no_other_sentence() {
    let mut decoder = Decoder::new(WIDE);
    decoder.push(b"\x80\x05!done\xC0\x00\x07=ret=*1\x80\x00\x05!done\x00");
    let done = Sentence::new("!done");
    assert_eq!(decoder.next_sentence(), Ok(Some(done.clone().attribute("ret", "*1"))));
    assert_eq!(decoder.next_sentence(), Ok(Some(done)));
}

#[test]
fn a_command_may_be_given_its_tag_as_it_is_sent() {
    let command = Sentence::new("/ip/address/print").query("disabled").word("");
    let (mut given, mut sent) = (b"before".to_vec(), b"before".to_vec());
    assert_eq!(command.clone().tag("1f").encode(&mut given), Ok(()));
    assert_eq!(command.encode_tagged(b"1f", &mut sent), Ok(()));
    assert_eq!(sent, given);
}

#[test]
fn secrets_do_not_reach_the_debug_text() {
    let sentence = Sentence::new("/login").attribute("name", "admin").attribute("password", "hunter2");
    assert_eq!(format!("{sentence:?}"), r#"["/login", "=name=admin", "=password=***"]"#);
}

#[test]
fn a_cut_stream_is_told_from_a_finished_one() {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    assert!(!decoder.is_mid_sentence());
    decoder.push(b"\x05!done");
    assert_eq!(decoder.next_sentence(), Ok(None));
    assert!(decoder.is_mid_sentence());
    decoder.push(b"\x00");
    assert_eq!(decoder.next_sentence(), Ok(Some(Sentence::new("!done"))));
    assert!(!decoder.is_mid_sentence());
}

proptest! {
    #[test]
    fn any_sentence_reads_back_however_its_bytes_are_split(
        words in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..20),
        step in 1_usize..70,
    ) {
        let sentence = Sentence::from_words(words);
        prop_assert_eq!(read_back(&sentence, step), Ok(sentence));
    }

    #[test]
    fn any_bytes_give_sentences_or_an_error_and_never_hold_more_than_was_sent(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        step in 1_usize..70,
    ) {
        let mut decoder = Decoder::new(Limits::BEFORE_SIGN_IN);
        for chunk in bytes.chunks(step) {
            decoder.push(chunk);
            while let Ok(Some(sentence)) = decoder.next_sentence() {
                prop_assert!(sentence.words().next().is_some());
            }
            prop_assert!(decoder.held() <= bytes.len());
        }
    }
}

fn read_back(sentence: &Sentence, step: usize) -> Result<Sentence, String> {
    let mut bytes = Vec::new();
    sentence.encode(&mut bytes).map_err(|error| error.to_string())?;
    let mut decoder = Decoder::new(WIDE);
    let mut found = Vec::new();
    for chunk in bytes.chunks(step) {
        decoder.push(chunk);
        while let Some(sentence) = decoder.next_sentence().map_err(|error| error.to_string())? {
            found.push(sentence);
        }
    }
    if decoder.is_mid_sentence() {
        return Err("bytes were left over".to_owned());
    }
    <[Sentence; 1]>::try_from(found).map(|[sentence]| sentence).map_err(|found| format!("{found:?}"))
}
