//! Connections that end before their commands do.

use bulkhead_agent::io::routeros::{Client, CloseReason, CommandError, Sentence, Target, TookEffect};

use crate::peer::{Peer, add, bytes_of, print, re, server, session, session_with};

#[tokio::test]
async fn every_command_in_flight_learns_that_it_may_have_been_carried_out_and_the_queued_ones_that_they_were_not() {
    let (listener, target) = server().await;
    let (client, mut peer) = session_with(&listener, &Target { window: 3, ..target }).await;
    let router = async {
        for _ in 0..3 {
            peer.command().await;
        }
        drop(peer);
    };
    let (answers, ()) = tokio::join!(client.run_all(vec![add(); 10]), router);
    let effects: Vec<_> = answers.iter().map(|answer| answer.as_ref().expect_err("cut").took_effect()).collect();
    let (unknown, none) = effects.split_at(3);
    assert!(unknown.iter().all(|effect| *effect == TookEffect::Unknown), "{effects:?}");
    assert!(none.iter().all(|effect| *effect == TookEffect::No), "{effects:?}");
}

#[tokio::test]
async fn a_sentence_that_is_cut_short_is_said_to_be() {
    let (why, _) = ended_by(|tag| {
        let mut bytes = bytes_of(&[re(tag).attribute("comment", "a long value")]);
        bytes.truncate(bytes.len() / 2);
        bytes
    })
    .await;
    assert_eq!(why, CloseReason::ByPeer { mid_sentence: true });
}

#[tokio::test]
async fn a_fatal_with_a_bare_word_ends_the_session_with_its_text() {
    let (why, _) = ended_by(|_| bytes_of(&[Sentence::new("!fatal").word("session terminated on request")])).await;
    assert_eq!(why, CloseReason::Fatal("session terminated on request".to_owned()));
}

#[tokio::test]
async fn a_fatal_with_a_message_ends_the_session_with_its_text() {
    let fatal = |tag: &str| Sentence::new("!fatal").tag(tag).attribute("message", "not logged in");
    let (why, client) = ended_by(|tag| bytes_of(&[fatal(tag)])).await;
    assert_eq!(why, CloseReason::Fatal("not logged in".to_owned()));
    let after = client.run(print()).await.expect_err("closed");
    assert_eq!(after, CommandError::Closed { why, sent: false });
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let (client, mut peer) = session().await;
    let other = client.clone();
    drop(client);
    let listener = other.listen(Sentence::new("/interface/listen")).await.expect("sent");
    drop(other);
    peer.expect("/interface/listen").await;
    drop(listener);
    peer.until_closed().await;
}

/// Signs in, sends a command, answers it with these bytes, closes; how the command and the session ended.
async fn ended_by(bytes: impl Fn(&str) -> Vec<u8>) -> (CloseReason, Client) {
    let (client, mut peer) = session().await;
    let router = async {
        let tag = peer.expect("/ip/address/print").await;
        peer.send_raw(&bytes(&tag)).await;
        close(peer);
    };
    let (answer, ()) = tokio::join!(client.run(print()), router);
    let why = client.closed().await;
    assert_eq!(answer, Err(CommandError::Closed { why: why.clone(), sent: true }));
    (why, client)
}

fn close(peer: Peer) {
    drop(peer);
}
