//! The embedded broker, for who has none: the `mqtt5` crate's, with our users and topic rights.
//!
//! Two doors: TLS for agents, which must show a certificate of our authority, and plain TCP on loopback for the
//! controller and, where home automation is enabled, on the addresses that the user named. Behind both doors the same
//! rights hold ([`Rights`]): a name, a password of 256 bits, and a list of topics; what is not on it is refused.
//!
//! What that crate does by itself, read in its source: it asks the rights before each publish (retained ones too),
//! before each subscription, and before it publishes a last will; it lets nobody resume a session of another user. It
//! does not keep a user from throwing out another one with a clean start under its client id, so [`Rights`] ties the
//! client ids of controller and agents to their names.

mod rights;

use super::{keys::IdentityFiles, store::Store};
use mqtt5::broker::{
    BrokerConfig, BrokerShutdownHandle, MqttBroker,
    config::{StorageBackend, StorageConfig, TlsConfig},
    router::MessageRouter,
};
pub use rights::{CONTROLLER, Rights, secret_hash};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// The largest packet, in bytes. The crate's default lets some clients allocate so much for it that they crash.
const MAX_PACKET: usize = 2_000_000;
/// The most that waits for one client that is away.
const MAX_QUEUED: usize = 20_000;

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// An address is in use or not ours.
    #[error("the broker cannot listen on {address}: {source}; choose another address in the configuration")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The crate refused.
    #[error("the broker cannot be started: {0}")]
    Start(String),
}

/// What the broker is to do.
pub struct BrokerOptions {
    /// Where agents connect.
    pub agents: SocketAddr,
    /// The broker's certificate.
    pub identity: IdentityFiles,
    /// Who signed the agents' certificates, PEM.
    pub ca_file: PathBuf,
    /// Where home automation connects without TLS; empty where it is not enabled.
    pub home_automation: Vec<SocketAddr>,
    /// Where sessions and retained messages are kept.
    pub folder: PathBuf,
    /// The users.
    pub store: Store,
    /// The controller's own password, made for this run.
    pub controller_password: String,
}

/// The running broker. It ends when this is dropped.
pub struct Broker {
    /// Where agents connect.
    pub agents: SocketAddr,
    /// Where the controller connects, on loopback.
    pub plain: SocketAddr,
    router: Arc<MessageRouter>,
    shutdown: BrokerShutdownHandle,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Broker {
    /// Starts it.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn start(options: BrokerOptions) -> Result<Self, BrokerError> {
        // The crate only warns of an address that it does not get.
        for &address in options.home_automation.iter().chain([&options.agents]) {
            TcpListener::bind(address).map_err(|source| BrokerError::Address { address, source })?;
        }
        let rights = Rights::new(options.store, &options.controller_password);
        let mut plain = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        plain.extend(options.home_automation);
        let storage = StorageConfig::default()
            .with_backend(StorageBackend::File)
            .with_base_dir(options.folder)
            .with_max_queued_messages_per_client(MAX_QUEUED);
        let tls = TlsConfig::new(options.identity.certificate, options.identity.key)
            .with_ca_file(options.ca_file)
            .with_require_client_cert(true)
            .with_bind_address(options.agents);
        let mut config = BrokerConfig::default().with_bind_addresses(plain).with_max_packet_size(MAX_PACKET);
        config.storage_config = storage;
        config.tls_config = Some(tls);
        config.sys_topics_enabled = false;
        let started = |error: mqtt5::MqttError| BrokerError::Start(error.to_string());
        // Until it runs it answers nobody, so the crate's own rights, which let everybody in, are never in force.
        let mut broker = MqttBroker::with_config(config).await.map_err(started)?.with_auth_provider(Arc::new(rights));
        let missing = || BrokerError::Start("it did not get its addresses".to_owned());
        let agents = broker.tls_local_addr().ok_or_else(missing)?;
        let plain = broker.local_addr().ok_or_else(missing)?;
        let (router, shutdown) = (broker.router(), broker.shutdown_handle());
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the broker ended; agents and home automation are cut off until a restart");
            }
        });
        let up = ready.wait_for(|&ready| ready).await.is_ok();
        let running = Self { agents, plain, router, shutdown, task: Mutex::new(Some(task)) };
        if up { Ok(running) } else { Err(BrokerError::Start("it ended at once".to_owned())) }
    }

    /// Throws a client out: one whose password has been taken away.
    pub async fn disconnect(&self, client_id: &str) {
        self.router.disconnect_client(client_id).await;
    }

    /// Ends it in order: sessions are written down.
    pub async fn stop(&self) {
        self.shutdown.shutdown();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && tokio::time::timeout(Duration::from_secs(5), task).await.is_err()
        {
            tracing::warn!("the broker did not end in 5 s; what it had on the disk stays good");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shutdown.shutdown();
    }
}

#[cfg(test)]
mod tests;
