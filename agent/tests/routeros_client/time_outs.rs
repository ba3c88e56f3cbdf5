//! Time running out, on a virtual clock.

use std::time::Duration;

use bulkhead_agent::io::{
    clock,
    routeros::{Client, CloseReason, CommandError, ConnectError, Sentence, Target, TookEffect},
};
use tokio::io::duplex;

use crate::peer::{Peer, add, done, piped, print, re, target, trap};

const TIME: Duration = Duration::from_secs(30);
const CANCEL_GRACE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_write_that_is_not_answered_closes_the_session_and_its_effect_is_unknown() {
    let (client, mut peer) = piped(&target()).await;
    let (answer, ()) = tokio::join!(client.run(add()), peer.until_closed());
    let error = answer.expect_err("no answer");
    assert_eq!(error, CommandError::TimedOut { after: TIME });
    assert_eq!(error.took_effect(), TookEffect::Unknown);
    let why = CloseReason::TimedOut { command: "/ip/address/add".to_owned(), after: TIME };
    assert_eq!(client.closed().await, why);
    assert_eq!(client.run(print()).await, Err(CommandError::Closed { why, sent: false }));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_not_answered_is_cancelled_and_the_session_goes_on() {
    let (client, mut peer) = piped(&target()).await;
    let router = async {
        let slow = peer.expect("/ip/address/print").await;
        peer.send(re(&slow).attribute(".id", "*1")).await;
        let (cancel, tag) = peer.command().await;
        assert_eq!((cancel.first(), cancel.text("tag").as_deref()), (&b"/cancel"[..], Some(slow.as_str())));
        let interrupted = trap(&slow, "interrupted").attribute("category", "2");
        peer.send_all(&[interrupted, done().tag(&tag), done().tag(&slow)]).await;
        let next = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&next)).await;
    };
    let commands = async {
        assert_eq!(client.run(print()).await, Err(CommandError::TimedOut { after: TIME }));
        assert!(client.run(add()).await.is_ok());
    };
    tokio::join!(router, commands);
    assert_eq!(client.close_reason(), None);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_end_a_cancelled_read_either_is_given_up() {
    let (client, mut peer) = piped(&target()).await;
    let (answer, ()) = tokio::join!(client.run(print()), peer.until_closed());
    assert_eq!(answer, Err(CommandError::TimedOut { after: TIME }));
    assert_eq!(client.closed().await, CloseReason::Silent { after: CANCEL_GRACE });
}

#[tokio::test(start_paused = true)]
async fn rows_that_never_end_do_not_extend_a_commands_time() {
    let (client, mut peer) = piped(&target()).await;
    let router = async {
        let tag = peer.expect("/ip/address/print").await;
        // One row a second for two minutes.
        for _ in 0..120 {
            peer.send(re(&tag).attribute(".id", "*1")).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let (answer, ()) = tokio::join!(client.run(print()), router);
    assert_eq!(answer, Err(CommandError::TimedOut { after: TIME }));
    assert_eq!(client.closed().await, CloseReason::Silent { after: CANCEL_GRACE });
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_listener_ends_even_if_the_router_does_not_end_it() {
    let (client, mut peer) = piped(&target()).await;
    let listener = client.listen(Sentence::new("/interface/listen")).await.expect("sent");
    peer.expect("/interface/listen").await;
    tokio::join!(listener.cancel(), peer.until_closed());
    assert_eq!(client.closed().await, CloseReason::Silent { after: CANCEL_GRACE });
}

#[tokio::test(start_paused = true)]
async fn no_time_is_too_long_to_be_given() {
    let target = Target { idle_probe: Some(Duration::MAX), ..target() };
    let (client, mut peer) = piped(&target).await;
    let router = async {
        let (_, tag) = peer.command().await;
        peer.send(done().tag(&tag)).await;
    };
    let patient = client.with_timeout(Duration::MAX);
    let (answer, ()) = tokio::join!(patient.run(add()), router);
    assert!(answer.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_command_may_be_given_more_time() {
    let (client, mut peer) = piped(&target()).await;
    let patient = client.with_timeout(Duration::from_secs(600));
    let router = async {
        let (_, tag) = peer.command().await;
        tokio::time::sleep(Duration::from_secs(599)).await;
        peer.send(done().tag(&tag)).await;
    };
    let (answer, ()) = tokio::join!(patient.run(Sentence::new("/execute").attribute("script", "…")), router);
    assert!(answer.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_queued_command_begins_when_it_is_written() {
    let (client, mut peer) = piped(&Target { window: 4, ..target() }).await;
    let router = async {
        for _ in 0..40 {
            let (_, tag) = peer.command().await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            peer.send(done().tag(&tag)).await;
        }
    };
    let (answers, ()) = tokio::join!(client.run_all(vec![add(); 40]), router);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_stalls_nothing_but_its_own_session() {
    let (ours, theirs) = duplex(256);
    let mut peer = Peer::new(theirs);
    let target = target();
    let (client, ()) = tokio::join!(Client::over(ours, &target), peer.sign_in());
    let client = client.expect("signed in");
    let answers = client.run_all(vec![add().attribute("comment", vec![b'x'; 10_000]); 200]).await;
    let sent = |answer: &Result<_, CommandError>| match answer {
        Err(CommandError::TimedOut { .. } | CommandError::Closed { sent: true, .. }) => true,
        Err(CommandError::Closed { sent: false, .. }) => false,
        other => panic!("{other:?}"),
    };
    // No more than the window was ever taken out of the callers' hands.
    assert_eq!(answers.iter().filter(|answer| sent(answer)).count(), target.window);
    assert!(matches!(client.closed().await, CloseReason::TimedOut { .. }));
}

#[tokio::test(start_paused = true)]
async fn silence_is_probed_and_an_answer_keeps_the_session() {
    let (client, mut peer) = piped(&Target { idle_probe: Some(TIME), ..target() }).await;
    let mut asked = clock::now();
    for _ in 0..5 {
        let (probe, tag) = peer.command().await;
        assert_eq!(probe.first(), b"/system/identity/print");
        assert_eq!(probe.text(".proplist").as_deref(), Some("name"));
        assert!(clock::now().duration_since(asked) >= TIME);
        asked = clock::now();
        peer.send_all(&[re(&tag).attribute("name", "gw"), done().tag(&tag)]).await;
    }
    assert_eq!((client.close_reason(), client.counted().orphans), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_dies_silently_is_noticed_although_nothing_is_asked_of_it() {
    let (client, mut peer) = piped(&Target { idle_probe: Some(TIME), ..target() }).await;
    let mut listener = client.listen(Sentence::new("/interface/listen")).await.expect("sent");
    let started = clock::now();
    let (event, ()) = tokio::join!(listener.next(), peer.until_closed());
    let why = CloseReason::Silent { after: TIME };
    assert_eq!(event, Some(Err(CommandError::Closed { why, sent: true })));
    let bound = TIME * 2 + Duration::from_secs(1);
    assert!(clock::now().duration_since(started) <= bound, "virtual time, so this is exact");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_talks_is_not_probed() {
    let (client, mut peer) = piped(&Target { idle_probe: Some(TIME), ..target() }).await;
    let mut listener = client.listen(Sentence::new("/interface/listen")).await.expect("sent");
    let tag = peer.expect("/interface/listen").await;
    for _ in 0..20 {
        tokio::time::sleep(TIME.mul_f64(0.9)).await;
        peer.send(re(&tag).attribute(".id", "*1")).await;
        assert!(matches!(listener.next().await, Some(Ok(_))));
    }
    assert_eq!(client.counted().commands, 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_probe_a_quiet_session_stays_quiet() {
    let (client, _peer) = piped(&target()).await;
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!((client.close_reason(), client.counted().commands), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_and_never_answers_the_sign_in_is_given_up() {
    let (ours, _theirs) = duplex(1024);
    let target = target();
    let error = Client::over(ours, &target).await.expect_err("no answer");
    let (address, after) = (target.address(), target.connect_timeout);
    assert_eq!(error, ConnectError::SignInTimedOut { address, after });
}
