//! The envelope against arbitrary bytes.
//!
//! The first byte chooses what happens to the rest: taken as an envelope as it is (nobody may forge one), or as the
//! payload of one that a known sender signed (a sender gone mad must not harm us). Whatever it is: nothing panics,
//! nothing unsigned is taken, and a message that was taken can be said again and is then the same.

#![no_main]

use bulkhead_shared::{
    ids::RouterId,
    wire::{self, Body, Expect, Message, Rejected},
};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let key = SigningKey::from_bytes(&[7; 32]);
    if choice & 1 == 0 {
        assert!(open(bytes, &key).is_err(), "nobody can have signed this");
        return;
    }
    let signature = key.sign(&[b"bulkhead envelope\0".as_slice(), &[1], bytes].concat());
    let envelope = [&[1], signature.to_bytes().as_slice(), bytes].concat();
    match open(&envelope, &key) {
        Ok(message) => {
            let again = wire::seal(&message, &key).expect("what was taken can be said");
            let again = open(&again, &key).expect("and taken again");
            // The body of a kind that is not known here is not kept.
            assert!(again == message || matches!(message.body, Body::Unknown(_)));
        }
        Err(rejected) => assert!(Rejected::REASONS.contains(&rejected.reason())),
    }
});

fn open(envelope: &[u8], key: &SigningKey) -> Result<Message, Rejected> {
    let router = RouterId::new("r1").expect("an id");
    let known = |_: &_| Some(key.verifying_key());
    wire::open(envelope, &Expect { key: &known, router: &router, now: 0, taken: &|_| None })
}
