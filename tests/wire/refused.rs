//! Everything that must not be taken, and under which name it is counted.

use crate::samples::{self, AT};
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use shared::{
    ids::{RouterId, SenderId},
    wire::{self, Body, CLOCK_TOLERANCE_MS, Expect, MAX_ENVELOPE, Message, Rejected, Request, v1},
};
use std::collections::BTreeSet;

/// What a careful opener of the sample request knows.
struct Opener {
    now: i64,
    taken: Option<u64>,
}

impl Default for Opener {
    fn default() -> Self {
        Self { now: AT, taken: None }
    }
}

impl Opener {
    fn open(&self, envelope: &[u8]) -> Result<Message, Rejected> {
        let key = |sender: &SenderId| (sender.as_str() == "controller").then(|| samples::key().verifying_key());
        let router = RouterId::new("r1").expect("an id");
        wire::open(envelope, &Expect { key: &key, router: &router, now: self.now, taken: &|_| self.taken })
    }

    fn verdict(&self, envelope: &[u8]) -> &'static str {
        self.open(envelope).map_or_else(|rejected| rejected.reason(), |_| "taken")
    }
}

fn request() -> Message {
    let found = samples::all().into_iter().find(|(name, _)| *name == "request-refresh");
    found.expect("a sample").1
}

fn sealed(message: &Message) -> Vec<u8> {
    wire::seal(message, &samples::key()).expect("sealed")
}

/// An envelope whose signature fits whatever is in it.
fn signed(version: u8, payload: &[u8]) -> Vec<u8> {
    let signature = samples::key().sign(&[b"bulkhead envelope\0".as_slice(), &[version], payload].concat());
    [&[version], signature.to_bytes().as_slice(), payload].concat()
}

fn header(sender: &str, router: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let header = v1::Header {
        sender: sender.to_owned(),
        router: router.to_owned(),
        epoch: 0,
        sequence: 1,
        issued_at: AT,
        expires_at: Some(AT + 10_000),
        in_reply_to: None,
        kind: kind.to_owned(),
        body: body.to_vec(),
    };
    postcard::to_stdvec(&header).expect("encoded")
}

/// What it is, who opens it, the envelope, and its reason or `taken`.
type Row = (&'static str, Opener, Vec<u8>, &'static str);

#[test]
fn each_wrong_envelope_is_refused_under_its_name() {
    let table: Vec<Row> = [of_wrong_shape(), of_wrong_people(), at_the_wrong_time()].into_iter().flatten().collect();
    for (what, opener, envelope, expected) in &table {
        assert_eq!(opener.verdict(envelope), *expected, "{what}");
    }
    let mut seen: BTreeSet<&str> = table.iter().map(|row| row.3).collect();
    seen.insert("unknown_version");
    let reasons: BTreeSet<&str> = Rejected::REASONS.into_iter().chain(["taken"]).collect();
    assert_eq!(seen, reasons, "every reason has its row, unknown_version a test of its own");
}

/// Neither complete nor what it says it is.
fn of_wrong_shape() -> Vec<Row> {
    let (good, fresh) = (sealed(&request()), Opener::default);
    vec![
        ("good", fresh(), good.clone(), "taken"),
        ("empty", fresh(), Vec::new(), "malformed"),
        ("too large by one", fresh(), vec![1; MAX_ENVELOPE + 1], "oversized"),
        ("too large, of another version", fresh(), vec![9; MAX_ENVELOPE + 1], "oversized"),
        ("as large as allowed, and nonsense", fresh(), vec![1; MAX_ENVELOPE], "malformed"),
        ("a byte too long", fresh(), [good.as_slice(), &[0]].concat(), "malformed"),
        ("twice", fresh(), [good.as_slice(), &good].concat(), "malformed"),
        (
            "a body of another kind",
            fresh(),
            signed(1, &header("controller", "r1", "request/change_set/show", &[7])),
            "malformed",
        ),
        (
            "a body too long",
            fresh(),
            signed(1, &header("controller", "r1", "request/router/watch", &[1, 0])),
            "malformed",
        ),
        (
            "an unknown kind",
            fresh(),
            signed(1, &header("controller", "r1", "request/service/install", &[1, 2])),
            "taken",
        ),
        (
            "a length beyond everything",
            fresh(),
            signed(1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            "malformed",
        ),
    ]
}

/// Not from or for whom it should be.
fn of_wrong_people() -> Vec<Row> {
    let (good, fresh) = (sealed(&request()), Opener::default);
    let forged = wire::seal(&request(), &SigningKey::from_bytes(&[8; 32])).expect("sealed");
    vec![
        ("signed by another", fresh(), forged, "forged"),
        ("no signature", fresh(), [&[1], [0; 64].as_slice(), &good[65..]].concat(), "forged"),
        ("somebody else's signature", fresh(), spliced(&good), "forged"),
        ("the signature of the text alone", fresh(), without_domain(&good[65..]), "forged"),
        (
            "an unknown sender",
            fresh(),
            signed(1, &header("mallory", "r1", "request/router/refresh", &[])),
            "unknown_sender",
        ),
        ("no sender at all", fresh(), signed(1, &header("", "r1", "request/router/refresh", &[])), "unknown_sender"),
        ("a sender that is no id", fresh(), signed(1, &header("../x", "r1", "state", &[])), "unknown_sender"),
        ("for another router", fresh(), sealed(&Message { router: other_router(), ..request() }), "foreign"),
        ("for no router", fresh(), signed(1, &header("controller", "", "request/router/refresh", &[])), "malformed"),
    ]
}

/// Late, early or again.
fn at_the_wrong_time() -> Vec<Row> {
    let good = sealed(&request());
    let sequence = request().sequence;
    let at = |now| Opener { now, taken: None };
    let taken = |taken| Opener { now: AT, taken: Some(taken) };
    vec![
        ("in its last millisecond", at(AT + 10_000), good.clone(), "taken"),
        ("a millisecond late", at(AT + 10_001), good.clone(), "stale"),
        ("years late", at(i64::MAX), good.clone(), "stale"),
        ("as early as clocks may differ", at(AT - CLOCK_TOLERANCE_MS), good.clone(), "taken"),
        ("earlier", at(AT - CLOCK_TOLERANCE_MS - 1), good.clone(), "from_the_future"),
        ("before 1970", at(i64::MIN), good.clone(), "from_the_future"),
        ("without expiry, late", at(i64::MAX), sealed(&Message { expires_at: None, ..request() }), "taken"),
        ("again", taken(sequence), good.clone(), "replayed"),
        ("after a later one", taken(u64::MAX), good.clone(), "replayed"),
        ("after the one before", taken(sequence - 1), good, "taken"),
    ]
}

/// The signature of another message of the same sender on this one's text.
fn spliced(good: &[u8]) -> Vec<u8> {
    let other = sealed(&Message { sequence: 1, ..request() });
    [&other[..65], &good[65..]].concat()
}

/// Signed as if it were a text of another protocol with the same key.
fn without_domain(payload: &[u8]) -> Vec<u8> {
    [&[1], samples::key().sign(payload).to_bytes().as_slice(), payload].concat()
}

fn other_router() -> RouterId {
    RouterId::new("r2").expect("an id")
}

#[test]
fn every_other_version_is_unknown_even_when_well_signed() {
    for version in (0..=u8::MAX).filter(|&version| version != v1::VERSION) {
        let envelope = signed(version, &header("controller", "r1", "request/router/refresh", &[]));
        assert_eq!(Opener::default().open(&envelope), Err(Rejected::UnknownVersion(version)));
    }
}

#[test]
fn an_unknown_kind_can_be_named_in_the_answer() {
    let envelope = signed(1, &header("controller", "r1", "request/service/install", &[1, 2, 3]));
    let body = Opener::default().open(&envelope).map(|message| message.body);
    assert_eq!(body, Ok(Body::Unknown("request/service/install".to_owned())));
}

#[test]
fn an_envelope_cut_anywhere_is_malformed() {
    for (name, message) in samples::all() {
        let envelope = sealed(&message);
        for length in 0..envelope.len() {
            assert_eq!(Opener::default().verdict(&envelope[..length]), "malformed", "{name} cut to {length}");
        }
    }
}

#[test]
fn no_bit_of_an_envelope_can_be_turned() {
    let good = sealed(&request());
    for bit in 0..good.len() * 8 {
        let mut envelope = good.clone();
        envelope[bit / 8] ^= 1 << (bit % 8);
        let verdict = Opener::default().verdict(&envelope);
        let expected: &[&str] = match bit / 8 {
            0 => &["unknown_version"],
            1..65 => &["forged"],
            _ => &["forged", "malformed", "unknown_sender"],
        };
        assert!(expected.contains(&verdict), "bit {bit}: {verdict}");
    }
}

#[test]
fn what_is_too_large_is_not_sealed() {
    let longest = Body::Reply(wire::Reply::Unsupported("x".repeat(MAX_ENVELOPE)));
    let message = Message { body: longest, ..request() };
    assert!(matches!(wire::seal(&message, &samples::key()), Err(wire::SealError::TooLarge(_))));
}

#[test]
fn two_hundred_vifs_fit_into_one_state() {
    let found = samples::all().into_iter().find(|(name, _)| *name == "state").expect("a sample").1;
    let Body::State(mut state) = found.body.clone() else { panic!("no state") };
    state.vifs = state.vifs.into_iter().cycle().take(200).collect();
    let envelope = sealed(&Message { body: Body::State(state), ..found });
    assert!(envelope.len() < MAX_ENVELOPE / 2, "{} bytes", envelope.len());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_never_taken(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Opener::default().open(&bytes).is_err());
    }

    #[test]
    fn arbitrary_well_signed_bytes_are_refused_or_a_message(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Opener::default().open(&signed(1, &bytes));
    }

    #[test]
    fn an_arbitrary_body_of_any_kind_is_refused_or_a_message_that_seals_to_the_same(
        kind in proptest::sample::select(vec![
            "request/change_set/plan", "request/change_set/apply", "request/change_set/show", "request/router/watch",
            "request/router/refresh", "reply", "event/change_set", "event/router/notice", "event/router/traffic", "state",
        ]),
        body in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        if let Ok(message) = Opener::default().open(&signed(1, &header("controller", "r1", kind, &body))) {
            let again = Opener::default().open(&sealed(&message));
            // A refresh has no body: what a later version may put there is not looked at.
            let same = again == Ok(message.clone());
            prop_assert!(same || matches!(message.body, Body::Request(Request::Refresh)));
        }
    }
}
