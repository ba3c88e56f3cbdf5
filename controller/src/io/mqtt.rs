//! The controller's link to the broker.
//!
//! One task holds the connection. Every connection is a client of its own: what was on its way when the last one
//! broke is not sent again, for a request that nobody waits for any more must not be carried out late. What comes in
//! is acknowledged by who has written it down ([`Received::acknowledge`]); the broker keeps the session and sends
//! again what was not.
//!
//! Of rumqttc's traps these are closed here: packets up to [`MAX_PACKET`], subscriptions made anew with every
//! connection whether or not the broker remembers them, back-off of our own with jitter, a bound on what is in
//! flight, `try_publish` only.

mod session;

use super::random;
use bytes::Bytes;
use rumqttc::{
    AckMode, AsyncClient, ConnectionError, Event, MqttOptions, Packet, Publish, PublishOptions, PublishProperties, QoS,
    SubscribeFilter, Transport, mqttbytes::v5::SubscribeReasonCode,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// The largest packet that is taken, in bytes.
const MAX_PACKET: u32 = 2_000_000;
/// How long the broker keeps what came while the controller was away.
const SESSION_EXPIRY_S: u32 = 30 * 24 * 3600;
/// Messages that wait to be worked off; those that need an acknowledgement are bounded by the receive maximum.
const WAITING: usize = 1024;
const RECEIVE_MAXIMUM: u16 = 256;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Where the broker is and who we are to it.
#[derive(Clone)]
pub struct LinkOptions {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS, where the broker speaks it.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Name and password.
    pub credentials: Option<(String, String)>,
    /// The client id; two controllers with one throw each other out.
    pub client_id: String,
    /// What is subscribed to with every connection.
    pub filters: Vec<String>,
    /// The same for commands, of which it must be seen whether their sender wanted them kept.
    pub commands: Vec<String>,
}

/// What the link hears.
pub enum Heard {
    /// Connected and subscribed.
    Up,
    /// The connection is gone.
    Down,
    /// A message.
    Message(Box<Received>),
}

/// A message and its acknowledgement.
pub struct Received {
    /// Where it came.
    pub topic: String,
    /// What it says.
    pub payload: Bytes,
    /// Whether the broker kept it: it may be old.
    pub retained: bool,
    publish: Publish,
    client: AsyncClient,
}

impl Received {
    /// Says that the message need not come again. On a connection that is gone it says nothing, and the message comes
    /// again.
    pub fn acknowledge(self) {
        if self.client.try_ack(&self.publish).is_err() {
            tracing::debug!(topic = self.topic, "an acknowledgement came too late; the message will come again");
        }
    }
}

/// Why something was not handed to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no connection.
    #[error("the controller has no connection to the broker")]
    Down,
    /// Too much is on its way already.
    #[error("too many messages are on their way to the broker")]
    Full,
}

/// The link. Cheap to clone; it ends when all are dropped.
#[derive(Clone)]
pub struct Link {
    client: watch::Receiver<Option<AsyncClient>>,
    _task: Arc<AbortOnDrop>,
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How a message is sent.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// The broker keeps it.
    pub retain: bool,
    /// Seconds after which nobody wants it any more.
    pub expiry_s: Option<u32>,
    /// Where the answer goes.
    pub response_topic: Option<String>,
    /// What ties the answer to it.
    pub correlation: Option<Vec<u8>>,
}

impl Link {
    /// Starts it. What it hears comes in order; the receiver must be read all the time.
    pub fn start(options: LinkOptions) -> (Self, mpsc::Receiver<Heard>) {
        let (heard, receiver) = mpsc::channel(WAITING);
        let (client, current) = watch::channel(None);
        let task = tokio::spawn(run(options, heard, client));
        (Self { client: current, _task: Arc::new(AbortOnDrop(task)) }, receiver)
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.client.borrow().is_some()
    }

    /// Waits for a connection.
    pub async fn up(&self) {
        let mut client = self.client.clone();
        if client.wait_for(Option::is_some).await.is_err() {
            // The task is gone: there will be none.
            std::future::pending::<()>().await;
        }
    }

    /// Hands a message to the broker, at least once (QoS 1).
    ///
    /// # Errors
    /// [`LinkError`]
    pub fn send(&self, topic: &str, payload: Vec<u8>, sending: Sending) -> Result<(), LinkError> {
        let client = self.client.borrow().clone().ok_or(LinkError::Down)?;
        let properties = PublishProperties {
            message_expiry_interval: sending.expiry_s,
            response_topic: sending.response_topic,
            correlation_data: sending.correlation.map(Bytes::from),
            ..PublishProperties::default()
        };
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(sending.retain).properties(properties);
        client.try_publish(topic.to_owned(), payload, options).map_err(|_| LinkError::Full)
    }
}

async fn run(options: LinkOptions, heard: mpsc::Sender<Heard>, current: watch::Sender<Option<AsyncClient>>) {
    let mut wait = FIRST_WAIT;
    loop {
        let mut was_up = false;
        let error = connection(&options, &heard, &current, &mut was_up).await;
        current.send_replace(None);
        if was_up {
            wait = FIRST_WAIT;
            tracing::warn!(%error, "the connection to the broker broke; trying again");
            if heard.send(Heard::Down).await.is_err() {
                return;
            }
        } else {
            tracing::warn!(%error, host = options.host, port = options.port, wait_s = wait.as_secs(),
                "the broker cannot be reached; check `mqtt.url`, user and password");
        }
        if heard.is_closed() {
            return;
        }
        tokio::time::sleep(jittered(wait)).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// One connection from its beginning to its end.
async fn connection(
    options: &LinkOptions,
    heard: &mpsc::Sender<Heard>,
    current: &watch::Sender<Option<AsyncClient>>,
    was_up: &mut bool,
) -> ConnectionError {
    let (client, mut events) = AsyncClient::builder(mqtt_options(options)).capacity(WAITING).build();
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => subscribe(&client, options),
            Ok(Event::Incoming(Packet::SubAck(ack))) => {
                if ack.return_codes.iter().any(|code| !matches!(code, SubscribeReasonCode::Success(_))) {
                    tracing::error!("the broker refuses a subscription: give the controller's user all topics");
                }
                *was_up = true;
                current.send_replace(Some(client.clone()));
                if heard.send(Heard::Up).await.is_err() {
                    return ConnectionError::RequestsDone;
                }
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                if !hand_on(publish, &client, heard) {
                    return ConnectionError::RequestsDone;
                }
            }
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

/// Hands a message on; false when nobody listens any more. One that nobody would send again may be dropped in a
/// flood, one that waits for its acknowledgement never is: there is room for all that the broker sends at once.
fn hand_on(publish: Publish, client: &AsyncClient, heard: &mpsc::Sender<Heard>) -> bool {
    let Ok(topic) = std::str::from_utf8(&publish.topic).map(str::to_owned) else { return true };
    if publish.qos == QoS::AtMostOnce && heard.capacity() < WAITING - usize::from(RECEIVE_MAXIMUM) {
        return !heard.is_closed();
    }
    let (payload, retained) = (publish.payload.clone(), publish.retain);
    let received = Received { topic, payload, retained, publish, client: client.clone() };
    !matches!(heard.try_send(Heard::Message(Box::new(received))), Err(mpsc::error::TrySendError::Closed(_)))
}

fn subscribe(client: &AsyncClient, options: &LinkOptions) {
    let filter = |filter: &String, as_published: bool| {
        let mut filter = SubscribeFilter::new(filter.as_str(), QoS::AtLeastOnce);
        filter.preserve_retain = as_published;
        filter
    };
    let filters: Vec<SubscribeFilter> = options
        .filters
        .iter()
        .map(|text| filter(text, false))
        .chain(options.commands.iter().map(|text| filter(text, true)))
        .collect();
    if let Err(error) = client.try_subscribe_many(filters) {
        tracing::error!(%error, "the subscriptions could not be asked for");
    }
}

fn mqtt_options(options: &LinkOptions) -> MqttOptions {
    let broker = rumqttc::Broker::tcp(options.host.as_str(), options.port);
    let mut mqtt = MqttOptions::new(options.client_id.as_str(), broker);
    mqtt.set_keep_alive(30);
    mqtt.set_clean_start(false);
    mqtt.set_ack_mode(AckMode::Manual);
    mqtt.set_session_expiry_interval(Some(SESSION_EXPIRY_S));
    mqtt.set_receive_maximum(Some(RECEIVE_MAXIMUM));
    mqtt.set_max_packet_size(Some(MAX_PACKET));
    mqtt.set_outgoing_inflight_upper_limit(64);
    if let Some((name, password)) = &options.credentials {
        mqtt.set_credentials(name.as_str(), password.clone());
    }
    if let Some(tls) = &options.tls {
        mqtt.set_transport(Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(Arc::clone(tls))));
    }
    let session = session::NothingUnderWay::of(&mqtt);
    mqtt.set_session_store(session);
    mqtt
}

/// Between half of it and all of it, so that many who lost the same broker do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let part = random::bytes::<1>().map_or(255, |[byte]| byte);
    wait.mul_f64(0.5 + f64::from(part) / 510.0)
}
