//! What comes to the agent.

use crate::broker::start;
use bytes::Bytes;
use rumqttc::{Packet, Publish, PublishProperties, QoS};
use std::time::Duration;
use tokio::time::timeout;

const TOPIC: &str = "bulkhead-bus/v1/r1/request/change_set";

fn request(pkid: u16, payload: impl Into<Bytes>) -> Publish {
    let mut publish = Publish::new(TOPIC, QoS::AtLeastOnce, payload, None);
    publish.pkid = pkid;
    publish
}

#[tokio::test(start_paused = true)]
async fn a_request_comes_with_what_its_answer_needs_and_is_acknowledged() {
    let (mut agent, mut broker) = start();
    let mut session = broker.open().await;
    let properties = PublishProperties {
        response_topic: Some("bulkhead-bus/v1/r1/reply/controller".to_owned()),
        correlation_data: Some(Bytes::from_static(&[0, 7])),
        ..Default::default()
    };
    session.deliver(Publish { properties: Some(properties), ..request(1, "plan") }).await;
    let inbound = agent.inbound.recv().await.expect("a request");
    assert_eq!((inbound.topic.as_str(), inbound.payload.as_ref()), (TOPIC, b"plan".as_slice()));
    assert_eq!(inbound.response_topic.as_deref(), Some("bulkhead-bus/v1/r1/reply/controller"));
    assert_eq!(inbound.correlation.as_deref(), Some([0, 7].as_slice()));
    assert!(matches!(session.next().await, Packet::PubAck(ack) if ack.pkid == 1));
}

#[tokio::test(start_paused = true)]
async fn the_largest_envelope_comes_through() {
    let (mut agent, mut broker) = start();
    let mut session = broker.open().await;
    session.deliver(request(1, vec![7; 256 * 1024])).await;
    assert_eq!(agent.inbound.recv().await.expect("a request").payload.len(), 256 * 1024);
}

#[tokio::test(start_paused = true)]
async fn a_retained_request_is_ignored_and_counted() {
    let (mut agent, mut broker) = start();
    let mut session = broker.open().await;
    session.deliver(Publish { retain: true, ..request(1, "old") }).await;
    session.deliver(request(2, "new")).await;
    assert_eq!(agent.inbound.recv().await.expect("a request").payload.as_ref(), b"new");
    assert_eq!(agent.bus.dropped().retained_inbound, 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_dropped_and_counted_and_the_connection_lives() {
    let (mut agent, mut broker) = start();
    let mut session = broker.open().await;
    for pkid in 1..=200 {
        session.deliver(request(pkid, "x")).await;
        assert!(matches!(session.next().await, Packet::PubAck(_)));
    }
    assert_eq!(agent.bus.dropped().inbound, 200 - 64);
    let mut taken = 0;
    while timeout(Duration::from_secs(1), agent.inbound.recv()).await.is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 64);
    agent.event("still here");
    assert_eq!(session.publish().await.payload.as_ref(), b"still here");
}
