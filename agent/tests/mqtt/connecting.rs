//! Signing in, saying so, and leaving.

use crate::broker::{NOW, connack, start, start_with, text};
use bulkhead_agent::io::{clock, mqtt::Link, store::Store};
use rumqttc::{ConnectReturnCode, Packet, PubAckReason, QoS, SubscribeReasonCode};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn the_agent_asks_for_its_session_its_limits_and_its_will() {
    let (_agent, mut broker) = start();
    let mut session = broker.called().await;
    let (connect, will, _) = session.connect().await;
    assert_eq!((connect.client_id.as_str(), connect.clean_start, connect.keep_alive), ("agent-r1", false, 30));
    let asked = connect.properties.expect("properties");
    assert_eq!(asked.session_expiry_interval, Some(604_800));
    assert_eq!(asked.receive_maximum, Some(16));
    assert_eq!(asked.max_packet_size, Some(256 * 1024 + 4096));
    let will = will.expect("a will");
    assert_eq!((text(&will.topic), text(&will.message)), ("bulkhead/r1/availability".into(), "offline".into()));
    assert_eq!((will.retain, will.qos), (true, QoS::AtLeastOnce));
}

#[tokio::test(start_paused = true)]
async fn the_agent_subscribes_each_time_and_says_online_only_then() {
    let (agent, mut broker) = start();
    for session_present in [false, true, false] {
        let mut session = broker.called().await;
        session.connect().await;
        session.send(connack(ConnectReturnCode::Success, session_present, None)).await;
        assert!(*agent.bus.connected().borrow() != Link::Connected);
        let filters = session.subscribe(SubscribeReasonCode::Success(QoS::AtLeastOnce)).await;
        assert_eq!(filters, ["bulkhead-bus/v1/r1/request/+"]);
        let online = session.publish().await;
        assert_eq!(text(&online.payload), "online");
        assert!(online.retain);
        agent.link(|link| *link == Link::Connected).await;
        drop(session);
        agent.link(|link| *link != Link::Connected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_agent_publishes_although_the_broker_remembers_a_session() {
    let store = Store::in_memory().expect("a store");
    let (agent, mut broker) = start_with(store);
    agent.event("kept from before");
    let mut session = broker.open_with(true, None).await;
    let event = session.publish().await;
    assert_eq!(text(&event.payload), "kept from before");
    session.acknowledge(&event, PubAckReason::Success).await;
    agent.outbox(0).await;
}

#[tokio::test(start_paused = true)]
async fn closing_says_offline_and_signs_out() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    let closing = tokio::spawn({
        let bus = agent.bus.clone();
        async move { bus.close().await }
    });
    let offline = session.publish().await;
    assert_eq!((text(&offline.topic), text(&offline.payload)), ("bulkhead/r1/availability".into(), "offline".into()));
    assert!(offline.retain);
    session.acknowledge(&offline, PubAckReason::Success).await;
    assert!(matches!(session.next().await, Packet::Disconnect(_)));
    drop(session);
    closing.await.expect("closed");
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_a_broker_that_says_nothing() {
    for open in [true, false] {
        let (agent, mut broker) = start();
        let session = if open { broker.open().await } else { broker.called().await };
        let asked = clock::now();
        agent.bus.close().await;
        assert!(clock::now().duration_since(asked) < Duration::from_secs(2));
        let mut link = agent.bus.connected();
        let ended = async { while link.changed().await.is_ok() {} };
        tokio::time::timeout(Duration::ZERO, ended).await.expect("nothing runs any more");
        drop(session);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes_too() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    drop(agent);
    assert_eq!(text(&session.publish().await.payload), "offline");
}

#[tokio::test(start_paused = true)]
async fn a_failing_link_says_since_when() {
    let (agent, mut broker) = start();
    let session = broker.open().await;
    agent.link(|link| *link == Link::Connected).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    broker.up(false);
    drop(session);
    agent.failure().await;
    let first =
        agent.link(|link| matches!(link, Link::Failing { error, .. } if error.contains("nothing listens"))).await;
    let Link::Failing { since, .. } = first else { panic!("{first:?}") };
    assert!((NOW + 20_000..NOW + 30_000).contains(&since), "{since}");
}
