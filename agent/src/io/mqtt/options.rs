//! Where the broker is, who we are to it, and every limit that the library would otherwise choose.

use super::session;
use crate::config::{
    Broker, ClientFiles, Config,
    secret::{Secret, SecretError},
};
use futures_util::future::BoxFuture;
use rumqttc::{
    IncomingPacketSizeLimit, LastWill, MqttOptions, QoS, TlsConfiguration, Transport, mqttbytes::v5::LastWillProperties,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use shared::{
    ids::{IdError, RouterId, SenderId},
    topic::{self, Home},
    wire::MAX_ENVELOPE,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// Most publishes that the library lets be unacknowledged. Its default reserves 13.8 MB.
pub(super) const IN_FLIGHT: u16 = 32;
/// Most packets that one write carries: dozens of VIFs are told at the same moment, and a write for each would cost the
/// router more than what is in it.
const TOGETHER: usize = IN_FLIGHT as usize;
/// Most messages that the broker may send before it hears from us.
const RECEIVE: u16 = 16;
/// The largest packet that we take: an envelope, and room for its topic and properties.
#[allow(clippy::cast_possible_truncation)] // 260 KiB.
const PACKET: u32 = MAX_ENVELOPE as u32 + 4096;
/// Longest wait for TCP, TLS and CONNACK together.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// Requests of the client wait here for its event loop.
pub(super) const CHANNEL: usize = 64;

/// The payload of [`Home::Availability`] while the agent is there.
pub(super) const ONLINE: &str = "online";
/// The payload of [`Home::Availability`] otherwise; the last will.
pub(super) const OFFLINE: &str = "offline";

/// Seconds that the broker keeps the will back (MQTT 5, 3.1.3.2.2). Whoever is back by then was never away; and a broker
/// that sees a new connection before the end of the old one, as packets on two ways may come, publishes none.
const WILL_DELAY_S: u32 = 2;

/// A stream to the broker, before TLS.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for S {}

/// Opens a stream to the broker.
pub type Dial = Arc<dyn Fn() -> BoxFuture<'static, io::Result<Box<dyn Duplex>>> + Send + Sync>;

/// How to reach the broker and what to ask it for.
#[derive(Clone)]
pub struct Options {
    router: RouterId,
    broker: Broker,
    mqtt: MqttOptions,
}

/// Why the bus cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A secret file.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A certificate or key file.
    #[error("{}: {reason}: it must hold {wanted} in PEM; enrol the agent anew (`bulkhead router rekey`)", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What belongs in it.
        wanted: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The two do not go together, or TLS does not take them.
    #[error("the agent's certificate and key cannot be used ({0}): enrol the agent anew (`bulkhead router rekey`)")]
    Tls(#[from] rustls::Error),
    /// The router's id leaves no room for `agent-` before it.
    #[error("{0}: give the router a shorter id")]
    Id(#[from] IdError),
}

impl Options {
    /// The options of a configuration; reads the files that it names.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn load(config: &Config) -> Result<Self, StartError> {
        let given = &config.mqtt;
        let mut options = Self::new(config.router_id.clone(), given.broker.clone())?;
        options.mqtt.set_keep_alive(u16::try_from(given.keep_alive.as_secs()).unwrap_or(u16::MAX));
        let expiry = u32::try_from(given.session_expiry.as_secs()).unwrap_or(u32::MAX - 1);
        options.mqtt.set_session_expiry_interval(Some(expiry));
        match (&given.username, &given.password_file) {
            (Some(username), Some(file)) => {
                let password = Secret::read(file)?.reveal().to_owned();
                options.mqtt.set_credentials(username.clone(), password);
            }
            (Some(username), None) => {
                options.mqtt.set_username(username.clone());
            }
            (None, _) => {}
        }
        if let (true, Some(ca_file)) = (given.broker.tls, &given.ca_file) {
            let tls = tls(ca_file, given.client.as_ref())?;
            options.mqtt.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls))));
        }
        options.remember_nothing();
        Ok(options)
    }

    /// The agent of `router` at a broker without TLS or sign-in, all else at its default.
    ///
    /// # Errors
    /// [`IdError`] for a router id without room for `agent-` before it.
    pub fn new(router: RouterId, broker: Broker) -> Result<Self, IdError> {
        let mut mqtt = MqttOptions::new(SenderId::agent(&router)?.to_string(), (broker.host.clone(), broker.port));
        mqtt.set_keep_alive(30)
            .set_clean_start(false)
            .set_session_expiry_interval(Some(7 * 86_400))
            .set_receive_maximum(Some(RECEIVE))
            .set_incoming_packet_size_limit(IncomingPacketSizeLimit::Bytes(PACKET))
            .set_outgoing_inflight_upper_limit(IN_FLIGHT)
            .set_max_request_batch(TOGETHER)
            .set_connect_timeout(CONNECT);
        let mut options = Self { router, broker, mqtt };
        let (host, port) = (options.broker.host.clone(), options.broker.port);
        options = options.with_dial(Arc::new(move || Box::pin(dial(host.clone(), port))));
        options.remember_nothing();
        Ok(options)
    }

    /// Reaches the broker over another stream than TCP.
    #[must_use]
    pub fn with_dial(mut self, dial: Dial) -> Self {
        self.mqtt.set_socket_connector(move |_, _| dial());
        self
    }

    fn remember_nothing(&mut self) {
        let session = session::Empty::of(&self.mqtt);
        self.mqtt.set_session_store(session);
    }

    /// Host and port as people write them.
    pub fn address(&self) -> String {
        let Broker { host, port, .. } = &self.broker;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// The same without a will: nobody must hear of it when we go.
    pub(super) fn passing(&self) -> MqttOptions {
        self.mqtt.clone()
    }

    pub(super) fn mqtt(&self) -> MqttOptions {
        let mut options = self.mqtt.clone();
        let properties = LastWillProperties {
            delay_interval: Some(WILL_DELAY_S),
            payload_format_indicator: None,
            message_expiry_interval: None,
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: Vec::new(),
        };
        options.set_last_will(LastWill::new(self.availability(), OFFLINE, QoS::AtLeastOnce, true, Some(properties)));
        options
    }

    pub(super) fn tls(&self) -> bool {
        self.broker.tls
    }

    pub(super) fn host(&self) -> &str {
        &self.broker.host
    }

    /// What the agent subscribes to.
    pub(super) fn filter(&self) -> String {
        topic::agent_filter(&self.router)
    }

    pub(super) fn availability(&self) -> String {
        Home::Availability(self.router.clone()).to_string()
    }
}

/// TCP to the first address of the name that answers.
async fn dial(host: String, port: u16) -> io::Result<Box<dyn Duplex>> {
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    // The kind tells a name without an address from everything else that can fail.
    let addresses = found.map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
    let stream = TcpStream::connect(addresses.collect::<Vec<_>>().as_slice()).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// TLS that trusts `ca_file` and nobody else: not the machine's authorities.
fn tls(ca_file: &Path, client: Option<&ClientFiles>) -> Result<ClientConfig, StartError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_file)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let Some(ClientFiles { cert_file, key_file }) = client else { return Ok(builder.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_slice(Secret::read(key_file)?.reveal().as_bytes())
        .map_err(|error| pem(key_file, "a private key", &error))?;
    Ok(builder.with_client_auth_cert(certificates(cert_file)?, key)?)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    const WANTED: &str = "a certificate";
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| pem(file, WANTED, &error))?;
    if certificates.is_empty() {
        return Err(pem(file, WANTED, &rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn pem(path: &Path, wanted: &'static str, error: &rustls::pki_types::pem::Error) -> StartError {
    StartError::Pem { path: path.to_owned(), wanted, reason: error.to_string() }
}
