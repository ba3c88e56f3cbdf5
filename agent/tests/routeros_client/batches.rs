//! Many commands: how many are in flight, and in how many writes they go out.

use bulkhead_agent::io::{
    clock,
    routeros::{Sentence, Target},
};

use crate::peer::{add, done, piped, print, session, target};

const COMMANDS: usize = 1000;

#[tokio::test]
async fn a_thousand_commands_reach_the_router_in_few_segments_and_never_more_than_the_window() {
    let (client, mut peer) = session().await;
    let router = async {
        let before = peer.reads;
        let mut answered = 0;
        while answered < COMMANDS {
            let tags = peer.commands().await;
            assert!(tags.len() <= 32, "the window: {}", tags.len());
            answered += tags.len();
            let answers: Vec<_> = tags.iter().map(|tag| done().tag(tag)).collect();
            peer.send_all(&answers).await;
        }
        peer.reads - before
    };
    let (answers, reads) = tokio::join!(client.run_all(vec![add(); COMMANDS]), router);
    assert!(answers.iter().all(Result::is_ok));
    assert!(reads <= COMMANDS / 8, "{reads} segments");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_answers_one_by_one_still_gets_sixteen_commands_a_write() {
    let (client, mut peer) = piped(&target()).await;
    let router = async {
        for _ in 0..COMMANDS {
            let (_, tag) = peer.command().await;
            peer.send(done().tag(&tag)).await;
            // Lets the client see each answer by itself.
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        }
    };
    let (answers, ()) = tokio::join!(client.run_all(vec![add(); COMMANDS]), router);
    assert!(answers.iter().all(Result::is_ok));
    let counted = client.counted();
    assert_eq!(counted.commands, 1000);
    assert!(counted.writes <= 1000 / 16 + 2, "{counted:?}");
}

#[tokio::test(start_paused = true)]
async fn commands_that_take_long_do_not_keep_the_rest_of_the_window_empty() {
    let (client, mut peer) = piped(&Target { window: 8, ..target() }).await;
    let slow = client.run_all(vec![print(); 7]);
    let quick = client.run_all(vec![add(); 50]);
    let router = async {
        let mut slow = Vec::new();
        for _ in 0..57 {
            let (command, tag) = peer.command().await;
            if command.first() == b"/ip/address/add" {
                peer.send(done().tag(&tag)).await;
            } else {
                slow.push(tag);
            }
        }
        for tag in slow {
            peer.send(done().tag(&tag)).await;
        }
    };
    let (slow, quick, ()) = tokio::join!(slow, quick, router);
    assert!(slow.iter().chain(&quick).all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_finds_room_is_not_kept_back_for_others() {
    let (client, mut peer) = piped(&target()).await;
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.run_all(vec![print(); 31]).await }
    });
    let mut slow_tags = Vec::new();
    for _ in 0..31 {
        slow_tags.push(peer.command().await.1);
    }
    let before = clock::now();
    let router = async {
        let tag = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&tag)).await;
    };
    let (answer, ()) = tokio::join!(client.run(add()), router);
    assert!(answer.is_ok());
    assert_eq!(clock::now(), before, "virtual time, so this is exact");
    for tag in slow_tags {
        peer.send(done().tag(&tag)).await;
    }
    assert!(slow.await.expect("it ran").iter().all(Result::is_ok));
}

#[tokio::test]
async fn one_command_is_one_write() {
    let (client, mut peer) = session().await;
    for _ in 0..10 {
        let router = async {
            let (_, tag) = peer.command().await;
            peer.send(done().tag(&tag)).await;
        };
        let (answer, ()) = tokio::join!(client.run(Sentence::new("/system/identity/print")), router);
        assert!(answer.is_ok());
    }
    assert_eq!(client.counted().writes, 10);
}
