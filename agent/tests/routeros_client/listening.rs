//! Endless commands.

use bulkhead_agent::io::routeros::{CommandError, Listener, Sentence, Trap};

use crate::peer::{Peer, add, done, re, session, trap};

#[tokio::test]
async fn events_arrive_until_the_listener_is_cancelled() {
    let (client, mut peer) = session().await;
    let mut listener = client.listen(listen()).await.expect("sent");
    let tag = peer.expect("/interface/listen").await;
    for id in ["*1", "*2"] {
        peer.send(re(&tag).attribute(".id", id)).await;
        assert_eq!(next_id(&mut listener).await, id);
    }
    tokio::join!(listener.cancel(), end_cancelled(&mut peer, &tag));
    // What a router sends on after that belongs to nobody.
    peer.send_all(&[re(&tag), done().tag(&tag)]).await;
    answer_an_add(&client, &mut peer).await;
    assert_eq!(client.counted().orphans, 2);
}

#[tokio::test]
async fn a_listener_that_is_dropped_is_cancelled() {
    let (client, mut peer) = session().await;
    let listener = client.listen(listen()).await.expect("sent");
    let tag = peer.expect("/interface/listen").await;
    drop(listener);
    end_cancelled(&mut peer, &tag).await;
    answer_an_add(&client, &mut peer).await;
}

#[tokio::test]
async fn a_listener_that_is_dropped_before_it_was_sent_is_never_sent() {
    let (client, mut peer) = session().await;
    drop(client.listen(listen()).await.expect("taken"));
    answer_an_add(&client, &mut peer).await;
}

#[tokio::test]
async fn a_refused_listen_says_so_at_the_first_read_and_then_has_ended() {
    let (client, mut peer) = session().await;
    let mut listener = client.listen(listen()).await.expect("sent");
    let tag = peer.expect("/interface/listen").await;
    peer.send_all(&[trap(&tag, "unknown parameter follow-only"), done().tag(&tag)]).await;
    let refused = Trap { category: None, message: "unknown parameter follow-only".to_owned() };
    assert_eq!(listener.next().await, Some(Err(CommandError::Trap(vec![refused]))));
    assert_eq!(listener.next().await, None);
    drop(listener);
    answer_an_add(&client, &mut peer).await;
}

#[tokio::test]
async fn a_command_that_ends_by_itself_ends_the_listener() {
    let (client, mut peer) = session().await;
    let mut listener = client.listen(Sentence::new("/tool/ping").attribute("count", "1")).await.expect("sent");
    let tag = peer.expect("/tool/ping").await;
    peer.send_all(&[re(&tag).attribute(".id", "*1"), done().tag(&tag)]).await;
    assert_eq!(next_id(&mut listener).await, "*1");
    assert_eq!(listener.next().await, None);
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn a_slow_reader_loses_its_listener_and_stalls_nobody() {
    check_overflow(10, 5_000).await;
}

#[tokio::test]
async fn few_events_that_are_large_are_too_much_as_well() {
    check_overflow(100_000, 50).await;
}

#[tokio::test]
async fn a_reader_that_keeps_up_loses_nothing_however_many_events_there_are() {
    let (client, mut peer) = session().await;
    let mut listener = client.listen(listen()).await.expect("sent");
    let tag = peer.expect("/interface/listen").await;
    for round in 0..100 {
        let rows: Vec<_> = (0..100).map(|at| re(&tag).attribute(".id", format!("*{round}.{at}"))).collect();
        peer.send_all(&rows).await;
        for at in 0..100 {
            assert_eq!(next_id(&mut listener).await, format!("*{round}.{at}"));
        }
    }
}

/// Events that nobody reads: commands still run, the listener still gives what fitted, then says what happened.
async fn check_overflow(bytes: usize, events: usize) {
    let (client, mut peer) = session().await;
    let mut listener = client.listen(listen()).await.expect("sent");
    let tag = peer.expect("/interface/listen").await;
    let router = async {
        for _ in 0..events {
            peer.send(re(&tag).attribute("comment", vec![b'x'; bytes])).await;
        }
        end_cancelled(&mut peer, &tag).await;
    };
    router.await;
    answer_an_add(&client, &mut peer).await;
    let mut read = 0;
    let end = loop {
        match listener.next().await {
            Some(Ok(_)) => read += 1,
            end => break end,
        }
    };
    assert_eq!(end, Some(Err(CommandError::Overflow { rows: read })));
    assert!(0 < read && read < events, "{read}");
    assert_eq!(listener.next().await, None);
}

fn listen() -> Sentence {
    Sentence::new("/interface/listen")
}

async fn next_id(listener: &mut Listener) -> String {
    let row = listener.next().await.expect("an event").expect("no error");
    row.text(".id").expect("an id").into_owned()
}

/// Answers `/cancel` in the order in which routers were seen to.
async fn end_cancelled(peer: &mut Peer, tag: &str) {
    let (cancel, cancel_tag) = peer.command().await;
    assert_eq!((cancel.first(), cancel.text("tag").as_deref()), (&b"/cancel"[..], Some(tag)));
    let interrupted = trap(tag, "interrupted").attribute("category", "2");
    let empty = Sentence::new("!empty").tag(tag);
    peer.send_all(&[interrupted, done().tag(&cancel_tag), empty, done().tag(tag)]).await;
}

async fn answer_an_add(client: &bulkhead_agent::io::routeros::Client, peer: &mut Peer) {
    let router = async {
        let tag = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&tag)).await;
    };
    let (answer, ()) = tokio::join!(client.run(add()), router);
    assert!(answer.is_ok());
}
