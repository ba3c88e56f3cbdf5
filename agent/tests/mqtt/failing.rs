//! Connections that fail, what is said of them, and how soon the next is tried.

use crate::broker::{connack, start, text};
use rumqttc::{ConnectReturnCode, Disconnect, DisconnectReasonCode, Packet, PubAckReason, QoS, SubscribeReasonCode};
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn the_waits_between_attempts_grow_to_a_minute_and_no_further() {
    let (_agent, mut broker) = start();
    let mut last = broker.called().await.at;
    for attempt in 0..12_u32 {
        let at = broker.called().await.at;
        let waited = at.duration_since(last);
        let longest = Duration::from_secs(2_u64.saturating_pow(attempt).min(60));
        assert!(waited <= longest + Duration::from_millis(50), "attempt {attempt}: {waited:?}");
        assert!(waited >= Duration::from_secs(1).max(longest / 2), "attempt {attempt}: {waited:?}");
        last = at;
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_good_connection_the_first_wait_is_short_again() {
    let (_agent, mut broker) = start();
    for _ in 0..8 {
        drop(broker.called().await);
    }
    let mut session = broker.open().await;
    let lasted = async {
        loop {
            session.next().await;
        }
    };
    assert!(timeout(Duration::from_secs(61), lasted).await.is_err());
    let ended = bulkhead_agent::io::clock::now();
    drop(session);
    let waited = broker.called().await.at.duration_since(ended);
    assert!(waited < Duration::from_secs(2), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_sends_the_agent_away_at_once_does_not_make_it_come_faster() {
    let (_agent, mut broker) = start();
    let mut last = broker.open().await.at;
    for attempt in 0..6 {
        let at = broker.open().await.at;
        assert!(at.duration_since(last) >= Duration::from_secs(1 << attempt) / 2, "attempt {attempt}");
        last = at;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_says_against_us_is_told_in_words() {
    for (code, expected) in [
        (ConnectReturnCode::BadUserNamePassword, "refuses user name, password or certificate"),
        (ConnectReturnCode::NotAuthorized, "enrol the agent anew"),
        (ConnectReturnCode::ServerBusy, "has no time"),
        (ConnectReturnCode::UnsupportedProtocolVersion, "does not speak MQTT 5"),
        (ConnectReturnCode::QuotaExceeded, "refuses the agent (QuotaExceeded)"),
    ] {
        let (agent, mut broker) = start();
        let mut session = broker.called().await;
        session.connect().await;
        session.send(connack(code, false, None)).await;
        let error = agent.failure().await;
        assert!(error.starts_with("the broker broker:1883 ") && error.contains(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_agent_with_the_same_id_is_suspected() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    let taken_over = Disconnect { reason_code: DisconnectReasonCode::SessionTakenOver, properties: None };
    session.send(Packet::Disconnect(taken_over)).await;
    assert!(agent.failure().await.contains("does a second agent run for this router?"));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_not_there_or_says_nothing_is_told_in_words() {
    let (agent, mut broker) = start();
    broker.up(false);
    let error = agent.failure().await;
    assert!(error.contains("nothing listens at broker:1883"), "{error}");
    broker.up(true);
    let silent = broker.called().await;
    let mut link = agent.bus.connected();
    link.wait_for(|link| format!("{link:?}").contains("did not answer within 10 s")).await.expect("said");
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_refused_is_told_with_its_filter() {
    let (agent, mut broker) = start();
    let mut session = broker.called().await;
    session.connect().await;
    session.send(connack(ConnectReturnCode::Success, false, None)).await;
    session.subscribe(SubscribeReasonCode::NotAuthorized).await;
    let error = agent.failure().await;
    assert!(error.contains("does not let the agent subscribe to bulkhead-bus/v1/r1/request/+"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_never_confirms_the_subscription_is_left() {
    let (agent, mut broker) = start();
    let mut session = broker.called().await;
    session.connect().await;
    session.send(connack(ConnectReturnCode::Success, false, None)).await;
    assert!(matches!(session.next().await, Packet::Subscribe(_)));
    let gone = async {
        while let Some(Packet::PingReq) = session.read().await {
            session.send(Packet::PingResp).await;
        }
    };
    timeout(Duration::from_secs(40), gone).await.expect("left");
    assert!(agent.failure().await.contains("acknowledged nothing for 30 s"));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_answers_pings_but_acknowledges_nothing_is_left() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    agent.event("a");
    assert_eq!(text(&session.publish().await.payload), "a");
    let gone = async {
        while let Some(Packet::PingReq) = session.read().await {
            session.send(Packet::PingResp).await;
        }
    };
    timeout(Duration::from_secs(40), gone).await.expect("left");
    assert!(agent.failure().await.contains("acknowledged nothing for 30 s"));
    assert_eq!(text(&broker.open().await.publish().await.payload), "a");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_stops_answering_pings_is_left() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    let silence = async { while session.read().await.is_some() {} };
    timeout(Duration::from_secs(90), silence).await.expect("left");
    assert!(agent.failure().await.contains("stopped answering"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_broker_does_not_allow_is_kept_and_told() {
    let (agent, mut broker) = start();
    agent.event("a");
    let mut session = broker.open().await;
    let event = session.publish().await;
    session.acknowledge(&event, PubAckReason::NotAuthorized).await;
    let error = agent.failure().await;
    assert!(error.contains("refuses the agent's events (NotAuthorized)"), "{error}");
    agent.outbox(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_retained_topic_that_the_broker_does_not_allow_harms_nothing_else() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    agent.bus.retained("bulkhead/r1/state", "1");
    let state = session.publish().await;
    session.acknowledge(&state, PubAckReason::NotAuthorized).await;
    agent.event("a");
    let event = session.publish().await;
    assert_eq!((text(&event.payload).as_str(), event.qos), ("a", QoS::AtLeastOnce));
    assert_eq!(agent.bus.dropped().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn garbage_ends_the_connection_and_nothing_else() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    // A second CONNACK is a violation of the protocol.
    session.send(connack(ConnectReturnCode::Success, false, None)).await;
    assert!(agent.failure().await.contains("failed"));
    agent.event("a");
    assert_eq!(text(&broker.open().await.publish().await.payload), "a");
}
