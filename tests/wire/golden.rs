//! The bytes of version 1, frozen.
//!
//! A controller and an agent of different releases speak to each other, and an outbox keeps envelopes over an update.
//! So the bytes of a released version never change. When a test below fails because bytes differ:
//!
//! - **A kind, field or variant was changed or moved in `shared/src/wire/v1.rs`**: put it back. What has to be new goes
//!   into `wire/v2.rs` with its own version byte, opened beside version 1; copy `golden` to `golden/v2` for it.
//! - **A new kind was added**: that is allowed, because unknown kinds are answered with `unsupported`. Add its sample,
//!   then run this test once with `BLESS=1`, which writes files that are missing and changes none.

use crate::samples;
use shared::wire::{self, Expect, Message};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/golden")
}

#[test]
fn the_bytes_of_every_kind_are_those_of_its_golden_file() {
    let bless = std::env::var_os("BLESS").is_some();
    for (name, message) in samples::all() {
        let file = folder().join(name).with_extension("hex");
        let bytes = wire::seal(&message, &samples::key()).expect("sealed");
        if bless && !file.exists() {
            fs::write(&file, to_hex(&bytes)).expect("written");
        }
        let golden = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}: for a new kind, run with BLESS=1", file.display()));
        assert_eq!(to_hex(&bytes), golden, "{name}: version 1 is frozen; read the head of tests/wire/golden.rs");
    }
}

#[test]
fn every_golden_file_still_opens_to_its_message() {
    for (name, message) in samples::all() {
        let golden = fs::read_to_string(folder().join(name).with_extension("hex")).expect("a golden file");
        assert_eq!(open(&from_hex(&golden), &message), message, "{name}");
    }
}

#[test]
fn there_is_no_golden_file_without_its_sample() {
    let known: BTreeSet<String> = samples::all().into_iter().map(|(name, _)| format!("{name}.hex")).collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, known);
}

fn open(envelope: &[u8], expected: &Message) -> Message {
    let key = |_: &_| Some(samples::key().verifying_key());
    let expect = Expect { key: &key, router: &expected.router, now: samples::AT, taken: &|_| None };
    wire::open(envelope, &expect).expect("opened")
}

/// 32 bytes a line.
fn to_hex(bytes: &[u8]) -> String {
    let line = |line: &[u8]| line.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")) + "\n";
    bytes.chunks(32).map(line).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits");
    digits.chunks(2).map(byte).collect()
}
