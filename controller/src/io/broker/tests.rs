//! The broker with real clients on loopback.

use super::*;
use crate::io::{
    keys::Keys,
    random,
    store::{StoreError, mqtt_users, testing},
};
use rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, PublishOptions, QoS,
    mqttbytes::v5::{PubAckReason, SubscribeReasonCode},
};
use shared::ids::RouterId;

struct Bed {
    broker: Broker,
    folder: tempfile::TempDir,
}

/// Two routers, `r1` and `r2`, whose agents' password is `password`; users `reader` and `writer` of the same.
async fn bed() -> Bed {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(folder.path()).unwrap();
    let store = testing::store_with(&RouterId::new("r1").unwrap()).await;
    let filled: Result<(), StoreError> = store
        .call(|tx| {
            testing::router(tx, "r2");
            for (name, may_write) in [("reader", false), ("writer", true)] {
                let user = mqtt_users::MqttUser {
                    name: name.into(),
                    secret: secret_hash("password"),
                    may_write,
                    created_at: 1,
                };
                mqtt_users::put(tx, &user)?;
            }
            Ok(())
        })
        .await;
    filled.unwrap();
    let broker = Broker::start(BrokerOptions {
        agents: SocketAddr::from(([127, 0, 0, 1], 0)),
        identity: keys.broker(&["localhost".to_owned()]).unwrap(),
        ca_file: keys.ca_file(),
        home_automation: Vec::new(),
        folder: folder.path().join("broker"),
        store,
        controller_password: "password".to_owned(),
    })
    .await
    .unwrap();
    Bed { broker, folder }
}

fn options(bed: &Bed, client_id: &str, user: Option<(&str, &str)>) -> MqttOptions {
    let mut options =
        MqttOptions::new(client_id, rumqttc::Broker::tcp(bed.broker.plain.ip().to_string(), bed.broker.plain.port()));
    options.set_clean_start(true);
    if let Some((name, password)) = user {
        options.set_credentials(name.to_owned(), password.to_owned());
    }
    options
}

/// Connects; nothing where the broker refuses.
async fn connect(options: MqttOptions) -> Option<(AsyncClient, EventLoop)> {
    let (client, mut events) = AsyncClient::builder(options).capacity(10).build();
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => return Some((client, events)),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

async fn signed_in(bed: &Bed, name: &str) -> (AsyncClient, EventLoop) {
    connect(options(bed, name, Some((name, "password")))).await.expect("a connection")
}

async fn may_subscribe(client: &AsyncClient, events: &mut EventLoop, filter: &str) -> bool {
    client.try_subscribe(filter, QoS::AtLeastOnce).unwrap();
    loop {
        if let Event::Incoming(Packet::SubAck(ack)) = events.poll().await.unwrap() {
            return matches!(ack.return_codes[0], SubscribeReasonCode::Success(_));
        }
    }
}

async fn may_publish(client: &AsyncClient, events: &mut EventLoop, topic: &str, retain: bool) -> bool {
    client.try_publish(topic.to_owned(), "x", PublishOptions::new(QoS::AtLeastOnce).retain(retain)).unwrap();
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(ack))) => {
                return matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
            }
            Ok(_) => {}
            // The client takes a refused publish as an error of its connection.
            Err(_) => return false,
        }
    }
}

#[tokio::test]
async fn nobody_comes_in_without_name_and_password() {
    let bed = bed().await;
    for (client_id, user) in [
        ("x", None),
        ("x", Some(("nobody", "password"))),
        ("reader", Some(("reader", "wrong"))),
        ("reader", Some(("reader", ""))),
        ("agent-r1", Some(("agent-r1", "wrong"))),
        ("agent-r3", Some(("agent-r3", "password"))),
        ("agent-../r1", Some(("agent-../r1", "password"))),
        ("controller", Some(("controller", "wrong"))),
    ] {
        assert!(connect(options(&bed, client_id, user)).await.is_none(), "{client_id} {user:?}");
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn nobody_takes_the_client_id_of_controller_or_agent() {
    let bed = bed().await;
    for (client_id, name) in [
        ("agent-r2", "agent-r1"),
        ("controller", "agent-r1"),
        ("agent-r1", "reader"),
        ("controller", "writer"),
        ("agent-r1", "controller"),
        ("other", "agent-r1"),
    ] {
        let refused = connect(options(&bed, client_id, Some((name, "password")))).await.is_none();
        assert!(refused, "{name} as {client_id}");
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn an_agent_has_its_own_topics_and_no_other() {
    let bed = bed().await;
    let (client, mut events) = signed_in(&bed, "agent-r1").await;
    assert!(may_subscribe(&client, &mut events, "bulkhead-bus/v1/r1/request/+").await);
    for filter in [
        "#",
        "+/+/+/+",
        "bulkhead-bus/#",
        "bulkhead-bus/v1/+/request/+",
        "bulkhead-bus/v1/r2/request/+",
        "bulkhead/#",
        "bulkhead/r1/vif/set",
        "$share/g/bulkhead-bus/v1/r1/request/+",
        "$share/g/#",
        "$SYS/#",
    ] {
        assert!(!may_subscribe(&client, &mut events, filter).await, "{filter}");
    }
    for topic in ["bulkhead-bus/v1/r1/event/router", "bulkhead-bus/v1/r1/reply/controller", "bulkhead/r1/state"] {
        assert!(may_publish(&client, &mut events, topic, false).await, "{topic}");
    }
    for topic in [
        "bulkhead-bus/v1/r2/event/router",
        "bulkhead-bus/v1/r2/state",
        "bulkhead-bus/v1/r1/request/vif",
        "bulkhead-bus/v1/r2/request/change_set",
        "bulkhead/r2/availability",
        "bulkhead/r1/vif/set",
        "homeassistant/status",
        "$SYS/x",
    ] {
        for retain in [false, true] {
            let (client, mut events) = signed_in(&bed, "agent-r1").await;
            assert!(!may_publish(&client, &mut events, topic, retain).await, "{topic} {retain}");
        }
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn a_last_will_cannot_say_what_its_client_may_not() {
    let bed = bed().await;
    for (name, topic, allowed) in [
        ("agent-r1", "bulkhead/r1/availability", true),
        ("agent-r1", "bulkhead/r2/availability", false),
        ("agent-r1", "bulkhead-bus/v1/r2/request/change_set", false),
        ("reader", "homeassistant/status", true),
        ("reader", "bulkhead/r1/availability", false),
    ] {
        let mut options = options(&bed, name, Some((name, "password")));
        options.set_last_will(LastWill::new(topic, "offline", QoS::AtLeastOnce, true, None));
        assert_eq!(connect(options).await.is_some(), allowed, "{name} {topic}");
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn home_automation_reads_its_trees_and_commands_only_where_granted() {
    let bed = bed().await;
    let (reader, mut reading) = signed_in(&bed, "reader").await;
    for filter in ["bulkhead/#", "bulkhead/+/+/result", "homeassistant/#"] {
        assert!(may_subscribe(&reader, &mut reading, filter).await, "{filter}");
    }
    for filter in ["#", "+/#", "bulkhead-bus/#", "bulkhead-bus/v1/r1/state", "$share/g/bulkhead/#", "bulkhead"] {
        assert!(!may_subscribe(&reader, &mut reading, filter).await, "{filter}");
    }
    assert!(may_publish(&reader, &mut reading, "homeassistant/status", false).await);
    assert!(!may_publish(&reader, &mut reading, "bulkhead/r1/vif/set", false).await);
    let (writer, mut writing) = signed_in(&bed, "writer").await;
    assert!(may_publish(&writer, &mut writing, "bulkhead/r1/vif/set", false).await);
    for topic in ["bulkhead/r1/state", "bulkhead/r1/vif/result", "bulkhead-bus/v1/r1/request/vif"] {
        let (writer, mut writing) = signed_in(&bed, "writer").await;
        assert!(!may_publish(&writer, &mut writing, topic, false).await, "{topic}");
    }
    bed.broker.stop().await;
}

#[tokio::test]
async fn the_agents_door_wants_a_certificate_of_ours() {
    let bed = bed().await;
    let foreign = tempfile::tempdir().unwrap();
    let keys = Keys::open(&bed.folder.path().join(".")).unwrap();
    let stranger = Keys::open(foreign.path()).unwrap();
    let own = keys.authority().client("agent-r1").unwrap();
    let theirs = stranger.authority().client("agent-r1").unwrap();
    for (identity, allowed) in [(Some(own), true), (Some(theirs), false), (None, false)] {
        let address = bed.broker.agents;
        let mut options = MqttOptions::new("agent-r1", rumqttc::Broker::tcp("localhost", address.port()));
        options.set_clean_start(true);
        options.set_credentials("agent-r1", "password");
        let client_auth = identity.map(|identity| (identity.certificate.into_bytes(), identity.key.into_bytes()));
        options.set_transport(rumqttc::Transport::tls(
            keys.authority().certificate().as_bytes().to_vec(),
            client_auth,
            None,
        ));
        assert_eq!(connect(options).await.is_some(), allowed);
    }
    bed.broker.stop().await;
}

#[test]
fn a_secret_has_256_bits() {
    assert_eq!(random::secret().unwrap().len(), 43);
}
