//! What the agent publishes: the outbox, retained topics, and what is worth something only now.

use crate::broker::{Session, no_properties, start, text, texts};
use bulkhead_agent::io::mqtt::Link;
use bytes::Bytes;
use rumqttc::{ConnAckProperties, PubAckReason, QoS};
use std::time::Duration;

async fn acknowledge_all(session: &mut Session) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let burst = session.burst().await;
        if burst.is_empty() {
            return seen;
        }
        for publish in &burst {
            session.acknowledge(publish, PubAckReason::Success).await;
        }
        seen.extend(texts(&burst));
    }
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_outbox_goes_out_in_order_sixteen_at_a_time() {
    let (agent, mut broker) = start();
    agent.events(&numbers(0..100));
    let mut session = broker.open().await;
    let burst = session.burst().await;
    assert_eq!(texts(&burst), numbers(0..16));
    assert!(burst.iter().all(|publish| publish.qos == QoS::AtLeastOnce && !publish.retain));
    for publish in &burst {
        session.acknowledge(publish, PubAckReason::Success).await;
    }
    assert_eq!(acknowledge_all(&mut session).await, numbers(16..100));
    agent.outbox(0).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_is_deleted_on_its_own_acknowledgement_and_sent_again_otherwise() {
    let (agent, mut broker) = start();
    agent.events(&numbers(0..5));
    let mut session = broker.open().await;
    let burst = session.burst().await;
    assert_eq!(burst.len(), 5);
    for acknowledged in [1, 3] {
        session.acknowledge(&burst[acknowledged], PubAckReason::Success).await;
    }
    agent.outbox(3).await;
    drop(session);
    let mut session = broker.open_with(true, None).await;
    let again = session.burst().await;
    assert_eq!(texts(&again), ["0", "2", "4"]);
    assert!(again.iter().all(|publish| text(&publish.topic) == "bulkhead-bus/v1/r1/event/router"));
    for publish in &again {
        session.acknowledge(publish, PubAckReason::Success).await;
    }
    agent.outbox(0).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_nobody_is_there_to_hear_waits_and_goes_out_again() {
    let (agent, mut broker) = start();
    agent.events(&numbers(0..3));
    let mut session = broker.open().await;
    for publish in &session.burst().await {
        session.acknowledge(publish, PubAckReason::NoMatchingSubscribers).await;
    }
    agent.outbox(3).await;
    let again = session.publish().await;
    assert_eq!(text(&again.payload), "0");
    session.acknowledge(&again, PubAckReason::Success).await;
    assert_eq!(acknowledge_all(&mut session).await, numbers(1..3));
    agent.outbox(0).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_day_without_a_broker_everything_goes_out_once_and_in_order() {
    let (agent, mut broker) = start();
    broker.up(false);
    for hour in 0..24 {
        agent.event(&hour.to_string());
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    agent.outbox(24).await;
    broker.up(true);
    let mut session = broker.open().await;
    assert_eq!(acknowledge_all(&mut session).await, numbers(0..24));
    agent.outbox(0).await;
    agent.event("new");
    assert_eq!(acknowledge_all(&mut session).await, ["new"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_told_while_connected_goes_out_at_once() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    agent.event("now");
    assert_eq!(text(&session.publish().await.payload), "now");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_takes_one_at_a_time_gets_everything_in_order() {
    let (agent, mut broker) = start();
    agent.events(&numbers(0..40));
    let properties = ConnAckProperties { receive_max: Some(1), ..no_properties() };
    let mut session = broker.open_with(false, Some(properties)).await;
    assert_eq!(session.burst().await.len(), 1);
    drop(session);
    let properties = ConnAckProperties { receive_max: Some(1), ..no_properties() };
    let mut session = broker.open_with(true, Some(properties)).await;
    assert_eq!(acknowledge_all(&mut session).await, numbers(0..40));
    agent.outbox(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_never_acknowledges_one_message_blocks_nothing_for_ever() {
    let (agent, mut broker) = start();
    agent.events(&numbers(0..100));
    let mut session = broker.open().await;
    // Packet ids run out behind the one that is never acknowledged, and the library then waits for it.
    let first = session.publish().await;
    assert_eq!(text(&first.payload), "0");
    acknowledge_all(&mut session).await;
    drop(session);
    let mut session = broker.open_with(true, None).await;
    let rest = acknowledge_all(&mut session).await;
    assert_eq!(rest.first().map(String::as_str), Some("0"));
    agent.outbox(0).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_broker_finds_too_large_does_not_block_those_behind_it() {
    let (agent, mut broker) = start();
    agent.event(&"x".repeat(5000));
    agent.event("small");
    let properties = ConnAckProperties { max_packet_size: Some(4096), ..no_properties() };
    let mut session = broker.open_with(false, Some(properties)).await;
    assert_eq!(acknowledge_all(&mut session).await, ["small"]);
    agent.outbox(0).await;
    agent.bus.retained("bulkhead/r1/state", "x".repeat(5000));
    agent.bus.volatile("bulkhead-bus/v1/r1/event/router", "x".repeat(5000));
    agent.bus.retained("bulkhead/r1/change/state", "small");
    assert_eq!(acknowledge_all(&mut session).await, ["small"]);
    assert_eq!(agent.bus.dropped().refused, 3);
}

#[tokio::test(start_paused = true)]
async fn the_newest_of_each_retained_topic_is_published_after_each_connect() {
    let (agent, mut broker) = start();
    for (topic, payload) in [("bulkhead/r1/state", "1"), ("bulkhead/r1/state", "2"), ("bulkhead/r1/change/state", "c")]
    {
        agent.bus.retained(topic, payload);
    }
    let mut session = broker.open().await;
    let burst = session.burst().await;
    assert_eq!(texts(&burst), ["c", "2"]);
    assert!(burst.iter().all(|publish| publish.retain && publish.qos == QoS::AtLeastOnce));
    drop(session);
    let mut session = broker.open_with(true, None).await;
    assert_eq!(acknowledge_all(&mut session).await, ["c", "2"], "although the broker should remember them");
}

#[tokio::test(start_paused = true)]
async fn figures_ask_for_no_answer_but_after_a_connect() {
    const TOPIC: &str = "bulkhead/r1/vif/tor/state";
    let (agent, mut broker) = start();
    agent.bus.retained_figures(TOPIC, "1");
    let mut session = broker.open().await;
    let first = session.publish().await;
    assert_eq!((text(&first.payload).as_str(), first.qos), ("1", QoS::AtLeastOnce), "nobody knows what the broker has");
    session.acknowledge(&first, PubAckReason::Success).await;
    // More than wait for an answer at most: none of them is waited for.
    for number in 2..200 {
        agent.bus.retained_figures(TOPIC, number.to_string());
        let figures = session.publish().await;
        assert_eq!(text(&figures.payload), number.to_string());
        assert!(figures.retain && figures.qos == QoS::AtMostOnce);
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_was_taken_back_is_emptied_once() {
    let (agent, mut broker) = start();
    let mut session = broker.open().await;
    agent.bus.retained("bulkhead/r1/vif/tor/state", "there");
    assert_eq!(acknowledge_all(&mut session).await, ["there"]);
    agent.bus.retained("bulkhead/r1/vif/tor/state", Bytes::new());
    let gone = session.publish().await;
    assert_eq!((text(&gone.payload).as_str(), gone.retain), ("", true));
    session.acknowledge(&gone, PubAckReason::Success).await;
    assert_eq!(session.burst().await, []);
    drop(session);
    let mut session = broker.open().await;
    assert_eq!(session.burst().await, []);
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_retained_topics_all_arrive() {
    let (agent, mut broker) = start();
    for number in 0..300 {
        agent.bus.retained(format!("bulkhead/r1/vif/v{number}/state"), number.to_string());
    }
    let mut session = broker.open().await;
    let mut seen = acknowledge_all(&mut session).await;
    seen.sort_by_key(|payload| payload.parse::<u32>().unwrap_or(u32::MAX));
    assert_eq!(seen, numbers(0..300));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_retains_nothing_gets_everything_unretained() {
    let (agent, mut broker) = start();
    agent.bus.retained("bulkhead/r1/state", "1");
    let properties = ConnAckProperties { retain_available: Some(0), ..no_properties() };
    let mut session = broker.open_with(false, Some(properties)).await;
    let state = session.publish().await;
    assert_eq!((text(&state.payload).as_str(), state.retain), ("1", false));
}

#[tokio::test(start_paused = true)]
async fn what_is_worth_something_only_now_is_dropped_without_a_connection() {
    let (agent, mut broker) = start();
    agent.bus.volatile("bulkhead-bus/v1/r1/event/router", "too early");
    agent.bus.reply("bulkhead-bus/v1/r1/reply/controller", "too early", None);
    let mut session = broker.open().await;
    agent.link(|link| *link == Link::Connected).await;
    assert_eq!(session.burst().await, []);
    assert_eq!(agent.bus.dropped().outbound, 2);

    agent.bus.volatile("bulkhead-bus/v1/r1/event/router", "now");
    let volatile = session.publish().await;
    assert_eq!((text(&volatile.payload).as_str(), volatile.qos), ("now", QoS::AtMostOnce));
    assert_eq!(volatile.properties.expect("properties").message_expiry_interval, Some(10));

    agent.bus.reply("bulkhead-bus/v1/r1/reply/controller", "answer", Some(b"7".to_vec()));
    let reply = session.publish().await;
    assert_eq!((text(&reply.payload).as_str(), reply.qos, reply.retain), ("answer", QoS::AtLeastOnce, false));
    assert_eq!(reply.properties.expect("properties").correlation_data, Some(Bytes::from_static(b"7")));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_slow_bounds_what_waits() {
    let (agent, mut broker) = start();
    let session = broker.open().await;
    agent.link(|link| *link == Link::Connected).await;
    for _ in 0..1000 {
        agent.bus.volatile("bulkhead-bus/v1/r1/event/router", "x");
    }
    assert!(agent.bus.dropped().outbound >= 1000 - 64, "nothing of it was taken meanwhile");
    drop(session);
}
