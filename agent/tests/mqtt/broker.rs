//! A broker without a will of its own: a test reads what the agent sends and says what it is answered.

use bulkhead_agent::{
    config::Broker as Address,
    io::{
        clock::{self, Clock, Instant},
        mqtt::{self, Bus, Duplex, Inbound, Link, Options},
        store::Store,
    },
};
use bytes::{Bytes, BytesMut};
use rumqttc::{
    ConnAck, ConnAckProperties, Connect, ConnectAuth, ConnectReturnCode, LastWill, Packet, PubAck, PubAckReason,
    Publish, QoS, SubAck, SubscribeReasonCode,
};
use shared::{
    ids::RouterId,
    topic::{Noun, Topic},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::mpsc,
    time::timeout,
};

/// Virtual time after which a test gives up waiting.
const BOUND: Duration = Duration::from_secs(600);

pub(crate) const NOW: i64 = 1_790_000_000_000;

pub(crate) fn router() -> RouterId {
    RouterId::new("r1").expect("an id")
}

/// Where an agent's connections arrive.
pub(crate) struct Broker {
    calls: mpsc::UnboundedReceiver<(Instant, DuplexStream)>,
    up: Arc<AtomicBool>,
}

/// One connection of the agent.
pub(crate) struct Session {
    stream: DuplexStream,
    buffer: BytesMut,
    /// When the agent called.
    pub(crate) at: Instant,
}

/// An agent's bus with its end in the test.
pub(crate) struct Agent {
    pub(crate) bus: Bus,
    pub(crate) inbound: mpsc::Receiver<Inbound>,
    pub(crate) store: Store,
}

pub(crate) fn start() -> (Agent, Broker) {
    start_with(Store::in_memory().expect("a store"))
}

pub(crate) fn start_with(store: Store) -> (Agent, Broker) {
    let (caller, calls) = mpsc::unbounded_channel();
    let up = Arc::new(AtomicBool::new(true));
    let answering = up.clone();
    let address = Address { tls: false, host: "broker".to_owned(), port: 1883 };
    let options = Options::new(router(), address).expect("options").with_dial(Arc::new(move || {
        let (ours, theirs) = tokio::io::duplex(1024 * 1024);
        let taken = answering.load(Ordering::Relaxed) && caller.send((clock::now(), theirs)).is_ok();
        let stream: Box<dyn Duplex> = Box::new(ours);
        Box::pin(async move { if taken { Ok(stream) } else { Err(io::ErrorKind::ConnectionRefused.into()) } })
    }));
    let (bus, inbound) = mqtt::start_with(options, store.clone(), Clock::at(NOW));
    (Agent { bus, inbound, store }, Broker { calls, up })
}

impl Agent {
    /// Puts an event into the outbox.
    pub(crate) fn event(&self, text: &str) {
        let topic = Topic::Event(router(), Noun::Router);
        self.store.outbox_push(&topic, 1, text.as_bytes(), NOW).expect("pushed");
        self.bus.outbox_grew();
    }

    /// Puts several events into the outbox.
    pub(crate) fn events(&self, texts: &[String]) {
        for text in texts {
            self.event(text);
        }
    }

    /// Waits until the link is as wanted.
    pub(crate) async fn link(&self, wanted: impl Fn(&Link) -> bool) -> Link {
        let mut link = self.bus.connected();
        let found = timeout(BOUND, link.wait_for(|link| wanted(link))).await.expect("in time").expect("a bus");
        found.clone()
    }

    /// Waits until the link fails, and what it then says.
    pub(crate) async fn failure(&self) -> String {
        let wanted = |link: &Link| matches!(link, Link::Failing { error, .. } if !error.ends_with("yet"));
        match self.link(wanted).await {
            Link::Failing { error, .. } => error,
            Link::Connected => String::new(),
        }
    }

    /// Waits until so many envelopes are in the outbox.
    pub(crate) async fn outbox(&self, wanted: u64) {
        let reached = async {
            while self.store.outbox_len().expect("a length") != wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(BOUND, reached).await.expect("in time");
    }
}

impl Broker {
    /// Whether it takes connections at all.
    pub(crate) fn up(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }

    /// The next connection, nothing said yet.
    pub(crate) async fn called(&mut self) -> Session {
        let (at, stream) = timeout(BOUND, self.calls.recv()).await.expect("a call in time").expect("an agent");
        Session { stream, buffer: BytesMut::new(), at }
    }

    /// The next connection, signed in and subscribed, its `online` taken.
    pub(crate) async fn open(&mut self) -> Session {
        self.open_with(false, None).await
    }

    pub(crate) async fn open_with(&mut self, session_present: bool, properties: Option<ConnAckProperties>) -> Session {
        let mut session = self.called().await;
        session.connect().await;
        session.send(connack(ConnectReturnCode::Success, session_present, properties)).await;
        session.subscribe(SubscribeReasonCode::Success(QoS::AtLeastOnce)).await;
        let online = session.publish().await;
        assert_eq!((text(&online.topic), text(&online.payload)), ("bulkhead/r1/availability".into(), "online".into()));
        session.acknowledge(&online, PubAckReason::Success).await;
        session
    }
}

impl Session {
    /// The next packet but pings, which are answered.
    pub(crate) async fn next(&mut self) -> Packet {
        loop {
            match timeout(BOUND, self.read()).await.expect("a packet in time") {
                Some(Packet::PingReq) => self.send(Packet::PingResp).await,
                Some(packet) => return packet,
                None => panic!("the agent hung up"),
            }
        }
    }

    /// The next packet; nothing when the agent hung up.
    pub(crate) async fn read(&mut self) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.buffer, None) {
                Ok(packet) => return Some(packet),
                Err(rumqttc::Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("the agent sent what is no MQTT: {error}"),
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// An agent that has hung up is noticed by the next read.
    pub(crate) async fn send(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, None).expect("a packet");
        let _ = self.stream.write_all(&bytes).await;
    }

    pub(crate) async fn connect(&mut self) -> (Connect, Option<LastWill>, ConnectAuth) {
        let packet = self.next().await;
        let Packet::Connect(connect, will, auth) = packet else { panic!("no CONNECT but {packet:?}") };
        (connect, will, auth)
    }

    pub(crate) async fn subscribe(&mut self, answer: SubscribeReasonCode) -> Vec<String> {
        let packet = self.next().await;
        let Packet::Subscribe(subscribe) = packet else { panic!("no SUBSCRIBE but {packet:?}") };
        let return_codes = vec![answer];
        self.send(Packet::SubAck(SubAck { pkid: subscribe.pkid, return_codes, properties: None })).await;
        subscribe.filters.into_iter().map(|filter| filter.path).collect()
    }

    pub(crate) async fn publish(&mut self) -> Publish {
        let packet = self.next().await;
        let Packet::Publish(publish) = packet else { panic!("no PUBLISH but {packet:?}") };
        publish
    }

    /// The publishes that come without anything being answered.
    pub(crate) async fn burst(&mut self) -> Vec<Publish> {
        let mut burst = Vec::new();
        while let Ok(Some(packet)) = timeout(Duration::from_secs(1), self.read()).await {
            if packet == Packet::PingReq {
                self.send(Packet::PingResp).await;
            } else if let Packet::Publish(publish) = packet {
                burst.push(publish);
            } else {
                panic!("no PUBLISH but {packet:?}");
            }
        }
        burst
    }

    pub(crate) async fn acknowledge(&mut self, publish: &Publish, reason: PubAckReason) {
        self.send(Packet::PubAck(PubAck { pkid: publish.pkid, reason, properties: None })).await;
    }

    /// Sends the agent a message.
    pub(crate) async fn deliver(&mut self, publish: Publish) {
        self.send(Packet::Publish(publish)).await;
    }
}

pub(crate) fn connack(code: ConnectReturnCode, session_present: bool, properties: Option<ConnAckProperties>) -> Packet {
    Packet::ConnAck(ConnAck { session_present, code, properties })
}

pub(crate) fn no_properties() -> ConnAckProperties {
    ConnAckProperties {
        session_expiry_interval: None,
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    }
}

pub(crate) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn texts(burst: &[Publish]) -> Vec<String> {
    burst.iter().map(|publish| text(&publish.payload)).collect()
}
