//! A session that is kept.

use std::time::Duration;

use bulkhead_agent::io::routeros::{CloseReason, ConnectError, Connector, Failure, Security, State, Target};
use tokio::sync::watch;

use crate::{
    peer::{Peer, accept, add, done, server},
    tls::Router,
};

/// Generous: on a busy machine a second is nothing.
const BOUND: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_session_that_ends_is_replaced_and_the_time_between_is_told() {
    let (listener, target) = server().await;
    let connector = Connector::start(target, || 0.0);
    let mut state = connector.state();
    let mut peer = accept(&listener).await;
    peer.sign_in().await;
    let first = connector.client().await;
    drop(peer);
    let failing = until(&mut state, |state| matches!(state, State::Failing { .. })).await;
    let State::Failing { attempts, last, .. } = failing else { unreachable!() };
    assert_eq!((attempts, last), (1, Failure::Ended(CloseReason::ByPeer { mid_sentence: false })));
    assert!(first.run(add()).await.is_err());

    let mut peer = accept(&listener).await;
    peer.sign_in().await;
    let second = connector.client().await;
    let router = async {
        let tag = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&tag)).await;
    };
    let (answer, ()) = tokio::join!(second.run(add()), router);
    assert!(answer.is_ok());
}

#[tokio::test]
async fn what_fails_is_told_while_it_goes_on_trying() {
    let (listener, target) = server().await;
    drop(listener);
    let address = target.address();
    let connector = Connector::start(target, || 0.0);
    let refused = ConnectError::RefusedByPeer { address };
    let failed = |state: &State| matches!(state, State::Failing { attempts: 2, last: Failure::Connect(error), .. } if *error == refused);
    until(&mut connector.state(), failed).await;
}

#[tokio::test]
async fn the_certificate_seen_first_is_pinned_from_then_on() {
    let (listener, target) = server().await;
    let target = Target { security: Security::Pinned { fingerprint: None }, ..target };
    let connector = Connector::start(target, || 0.0);
    let (router, other) = (Router::new(), Router::new());
    let stream = accept(&listener).await.stream;
    let mut peer = Peer::new(router.acceptor(&rustls::version::TLS12).accept(stream).await.expect("TLS"));
    peer.sign_in().await;
    connector.client().await;
    drop(peer);
    let stream = accept(&listener).await.stream;
    assert!(other.acceptor(&rustls::version::TLS12).accept(stream).await.is_err());
    let (pinned, seen) = (router.fingerprint(), other.fingerprint());
    let changed = |state: &State| {
        matches!(state, State::Failing { last: Failure::Connect(ConnectError::CertificateChanged { pinned: p, seen: s, .. }), .. }
            if (*p, *s) == (pinned, seen))
    };
    until(&mut connector.state(), changed).await;
}

#[tokio::test]
async fn dropping_the_connector_and_its_clients_closes_the_session() {
    let (listener, target) = server().await;
    let connector = Connector::start(target, || 0.0);
    let mut peer = accept(&listener).await;
    peer.sign_in().await;
    let client = connector.client().await;
    drop(connector);
    drop(client);
    peer.until_closed().await;
}

async fn until(state: &mut watch::Receiver<State>, wanted: impl Fn(&State) -> bool) -> State {
    let found = tokio::time::timeout(BOUND, state.wait_for(wanted)).await;
    found.expect("in time").expect("the connector lives").clone()
}
