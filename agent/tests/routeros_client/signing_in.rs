//! Sign-ins that fail, each in its own words.

use std::time::Duration;

use bulkhead_agent::io::routeros::{Client, ConnectError, Sentence, Target};
use tokio::net::TcpListener;

use crate::peer::{accept, done, server, target};

#[tokio::test]
async fn a_closed_port_is_a_refusal_that_names_the_service_menu() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let error = Client::connect(&Target { port, ..target() }).await.expect_err("refused");
    assert_eq!(error, ConnectError::RefusedByPeer { address: format!("127.0.0.1:{port}") });
    assert!(error.to_string().contains("/ip/service"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_says_what_to_check_and_not_the_password() {
    let trap = Sentence::new("!trap").attribute("message", "invalid user name or password (6)");
    let error = answered_by(&[trap, done()]).await;
    assert_eq!(error, ConnectError::WrongPassword { username: "bulkhead".to_owned() });
    assert!(error.needs_a_person());
    assert!(!format!("{error} {error:?} {:?}", target()).contains("secret"));
}

#[tokio::test]
async fn another_refusal_is_passed_on() {
    let trap = Sentence::new("!trap").attribute("message", "std failure: not allowed (9)");
    let error = answered_by(&[trap, done()]).await;
    assert!(error.to_string().contains("std failure: not allowed (9)"), "{error}");
}

#[tokio::test]
async fn the_challenge_of_an_old_router_is_refused_by_its_version() {
    let error = answered_by(&[done().attribute("ret", "00112233445566778899aabbccddeeff")]).await;
    assert_eq!(error, ConnectError::TooOld);
}

#[tokio::test]
async fn a_connection_that_closes_during_the_sign_in_says_where_to_look() {
    let error = answered_by(&[]).await;
    assert!(matches!(error, ConnectError::ClosedDuringSignIn { .. }), "{error:?}");
    assert!(error.to_string().contains("/ip/service"), "{error}");
}

#[tokio::test]
async fn a_peer_that_closes_without_reading_is_the_same() {
    let (listener, target) = server().await;
    let router = async { drop(accept(&listener).await) };
    let (client, ()) = tokio::join!(Client::connect(&target), router);
    assert!(matches!(client, Err(ConnectError::ClosedDuringSignIn { .. })), "{client:?}");
}

#[tokio::test]
async fn a_half_open_socket_is_given_up_in_bounded_time() {
    let (listener, target) = server().await;
    let after = Duration::from_millis(100);
    // Accepted by the kernel, never by us.
    let error = Client::connect(&Target { connect_timeout: after, ..target.clone() }).await.expect_err("silence");
    assert_eq!(error, ConnectError::SignInTimedOut { address: target.address(), after });
    drop(listener);
}

#[tokio::test]
async fn a_name_without_an_address_is_said_to_be_one() {
    let error = Client::connect(&Target { host: String::new(), ..target() }).await.expect_err("no name");
    assert!(matches!(error, ConnectError::Unresolved { .. }), "{error:?}");
}

async fn answered_by(replies: &[Sentence]) -> ConnectError {
    let (listener, target) = server().await;
    let router = async {
        let mut peer = accept(&listener).await;
        peer.receive().await.expect("a sign-in");
        peer.send_all(replies).await;
    };
    let (client, ()) = tokio::join!(Client::connect(&target), router);
    client.map(|_| ()).expect_err("no sign-in")
}
