//! Peers that break the protocol, by accident or on purpose.

use std::time::Duration;

use bulkhead_agent::io::routeros::{CloseReason, CommandError, ConnectError, Sentence, Target};
use proptest::prelude::*;
use shared::routeros::sentence::{DecodeError, Limits};
use tokio::time::timeout;

use crate::peer::{accept, add, bytes_of, done, piped, print, re, server, session, session_with, target};

#[tokio::test]
async fn an_endless_word_is_refused_at_its_announcement() {
    let why = garbled(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF, b'x']).await;
    assert_eq!(why, DecodeError::WordTooLong { length: 0xFFFF_FFFF, limit: Limits::DEFAULT.word });
}

#[tokio::test]
async fn a_reserved_control_byte_ends_the_session() {
    assert_eq!(garbled(&[0xF8]).await, DecodeError::ControlByte(0xF8));
}

#[tokio::test]
async fn a_sentence_without_end_ends_the_session() {
    let words = [1, b'x'].repeat(Limits::DEFAULT.words + 1);
    assert!(matches!(garbled(&words).await, DecodeError::SentenceTooLong { .. }));
}

#[tokio::test]
async fn an_answer_of_one_byte_at_a_time_is_an_answer() {
    let (client, mut peer) = session().await;
    let router = async {
        let tag = peer.expect("/ip/address/print").await;
        for byte in bytes_of(&[re(&tag).attribute("comment", vec![b'x'; 200]), done().tag(&tag)]) {
            peer.send_raw(&[byte]).await;
            tokio::task::yield_now().await;
        }
    };
    let (answer, ()) = tokio::join!(client.run(print()), router);
    assert_eq!(answer.expect("an answer").rows[0].get("comment").len(), 200);
}

#[tokio::test]
async fn replies_that_belong_to_nobody_are_dropped_and_counted() {
    let (client, mut peer) = session().await;
    let router = async {
        let tag = peer.expect("/ip/address/print").await;
        let strange = [
            done().tag("ffff"),
            done().tag("not a number"),
            done().tag("fffffffffffffffffffffffff"),
            done(),
            re("0").attribute(".id", "*1"),
            Sentence::new("!news").tag(&tag),
            Sentence::new("hello").tag(&tag),
        ];
        peer.send_all(&strange).await;
        peer.send(done().tag(&tag)).await;
        peer.send(done().tag(&tag)).await;
        let tag = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&tag)).await;
    };
    let commands = async { (client.run(print()).await, client.run(add()).await) };
    let ((printed, added), ()) = tokio::join!(commands, router);
    assert_eq!(printed.expect("an answer").rows.len(), 0);
    assert!(added.is_ok());
    assert_eq!(client.counted().orphans, 8);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_cancelled_and_the_session_goes_on() {
    let (listener, target) = server().await;
    let limit = 1024 * 1024;
    let (client, mut peer) = session_with(&listener, &Target { answer_limit: limit, ..target }).await;
    let router = async {
        let tag = peer.expect("/ip/address/print").await;
        let thousand = bytes_of(&vec![re(&tag).attribute("comment", "many of me"); 1000]);
        for _ in 0..100 {
            peer.send_raw(&thousand).await;
        }
        let cancel = peer.expect("/cancel").await;
        peer.send_all(&[done().tag(&cancel), done().tag(&tag)]).await;
        let tag = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&tag)).await;
    };
    let commands = async { (client.run(print()).await, client.run(add()).await) };
    let ((printed, added), ()) = tokio::join!(commands, router);
    assert_eq!(printed, Err(CommandError::TooLarge { limit }));
    assert!(added.is_ok());
}

#[tokio::test]
async fn other_protocols_are_named_and_said_how_to_set_right() {
    let cases: [(&[u8], &str); 6] = [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "web server"),
        (b"<html><head>", "web server"),
        (b"SSH-2.0-ROSSSH\r\n", "SSH server"),
        (&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28], "speaks TLS"),
        (&[0xFB, 0x01, 0x02], "control byte"),
        (b"\x05hello\x00", "answer to the sign-in"),
    ];
    for (bytes, expected) in cases {
        let error = sign_in_answered_by(bytes).await;
        assert!(matches!(error, ConnectError::NotRouterOs { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.needs_a_person());
    }
}

#[tokio::test]
async fn an_endless_word_before_the_sign_in_is_refused_with_a_tighter_limit() {
    let error = sign_in_answered_by(&[0xC0, 0x40, 0x00]).await;
    assert!(error.to_string().contains("16384 bytes; at most 4096"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_sentences_a_peer_makes_of_its_replies_every_call_ends(
        replies in prop::collection::vec((0..REPLIES.len(), 1..8_u64), 0..60),
    ) {
        let bytes: Vec<_> = replies.iter().map(|&(at, tag)| Sentence::new(REPLIES[at]).tag(&tag.to_string())).collect();
        every_call_ends(&bytes_of(&bytes));
    }

    #[test]
    fn whatever_bytes_a_peer_sends_every_call_ends(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        every_call_ends(&bytes);
    }
}

/// Of virtual time.
const HOUR: Duration = Duration::from_secs(3600);
const REPLIES: [&str; 6] = ["!re", "!done", "!trap", "!empty", "!fatal", "!else"];

/// Commands and a listener against a peer that sends these bytes and then nothing, on a virtual clock.
fn every_call_ends(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let (client, mut peer) = piped(&target()).await;
        let calls = async {
            let listener = client.listen(Sentence::new("/interface/listen")).await;
            let answers = timeout(HOUR, client.run_all(vec![print(), add(), print(), add()])).await;
            assert_eq!(answers.expect("every command ends").len(), 4);
            // On a session that stays, a listener may wait for ever.
            if let (Ok(mut listener), Some(_)) = (listener, client.close_reason()) {
                let ended = async { while let Some(Ok(_)) = listener.next().await {} };
                timeout(HOUR, ended).await.expect("a listener ends with its session");
            }
        };
        let router = async {
            peer.send_raw(bytes).await;
            peer.until_closed().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = calls => {}
            () = router => {}
        }
    });
}

async fn garbled(bytes: &[u8]) -> DecodeError {
    let (client, mut peer) = session().await;
    let router = async {
        peer.expect("/ip/address/print").await;
        peer.send_raw(bytes).await;
        peer.until_closed().await;
    };
    let (answer, ()) = tokio::join!(client.run(print()), router);
    match answer {
        Err(CommandError::Closed { why: CloseReason::Garbled(error), sent: true }) => error,
        other => panic!("{other:?}"),
    }
}

async fn sign_in_answered_by(bytes: &[u8]) -> ConnectError {
    let (listener, target) = server().await;
    let router = async {
        let mut peer = accept(&listener).await;
        peer.send_raw(bytes).await;
        peer.until_closed().await;
    };
    let (client, ()) = tokio::join!(bulkhead_agent::io::routeros::Client::connect(&target), router);
    client.map(|_| ()).expect_err("not RouterOS")
}
