//! The running controller: database, keys, broker, bus and web server, started in their order and ended in reverse.
//! `serve` and `demo` differ only in what they give it.

use crate::{
    config::{BrokerUrl, Config, Tls},
    controller::{Controller, NAME, Setup},
    io::{
        broker::{Broker, BrokerError, BrokerOptions},
        clock::Clock,
        http::{self, HttpError, HttpOptions},
        keys::{self, KeyError, Keys},
        mqtt::LinkOptions,
        network,
        random::{self, RandomError},
        store::{Store, StoreError},
        tls::{self, TlsError},
    },
};
use nix::fcntl::{Flock, FlockArg};
use shared::topic;
use std::{fs::File, future::Future, net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::net::TcpListener;

/// The controller's client id at a broker of the user's own.
const CLIENT_ID: &str = "bulkhead-controller";

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Keys and the data folder.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database.
    #[error("{}: {source}", path.display())]
    Store {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// Another one runs on the same data.
    #[error("{}: another `bulkhead` runs on this data; end it, or give another folder with --data", path.display())]
    Running {
        /// The data folder.
        path: PathBuf,
    },
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The web server's address.
    #[error("the web server cannot listen on {address}: {source}; choose another address (--listen)")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The web server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The controller's own name.
    #[error(transparent)]
    Name(#[from] shared::ids::IdError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The service, up but for the web server.
pub struct Service {
    /// The controller.
    pub controller: Controller,
    /// The embedded broker, where there is one.
    pub broker: Option<Arc<Broker>>,
    /// The address of the page.
    pub url: String,
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    hosts: Vec<String>,
    _lock: Flock<File>,
}

impl Service {
    /// Starts everything but the web server, whose address is taken already.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub async fn start(config: &Config) -> Result<Self, ServiceError> {
        let data = config.data();
        keys::private_folder(&data)?;
        let lock = lock(&data)?;
        let clock = Clock::system();
        let path = data.join("bulkhead.db");
        let store = Store::open(&path).map_err(|source| ServiceError::Store { path: path.clone(), source })?;
        let keys = Keys::open(&data)?;
        let (broker, link) = bus(config, &keys, &store).await?;
        let setup = Setup {
            authority: Arc::clone(keys.authority()),
            mqtt_url: agents_url(config, broker.as_deref()),
            home_commands: config.home_automation.commands.clone(),
            broker: broker.clone(),
        };
        let controller = Controller::open(store, clock, setup);
        controller.join(link).await.map_err(|source| ServiceError::Store { path, source })?;
        let address = network::listening(config.http.listen);
        let listener = TcpListener::bind(address).await.map_err(|source| ServiceError::Address { address, source })?;
        let bound = listener.local_addr().map_err(|source| ServiceError::Address { address, source })?;
        let tls = match config.http.tls {
            Tls::Off => None,
            Tls::Own => {
                let identity = keys.https(&network::certificate_names(&config.http.hosts), clock.unix_millis())?;
                Some(tls::server(&identity)?)
            }
        };
        let url = page_url(bound, tls.is_some());
        Ok(Self { controller, broker, url, listener, tls, hosts: config.http.hosts.clone(), _lock: lock })
    }

    /// Serves until `shutdown` is ready, then ends everything.
    ///
    /// # Errors
    /// [`ServiceError::Http`]
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServiceError> {
        let page = self.url.clone();
        let options = HttpOptions {
            allowed_hosts: self.hosts,
            https: self.tls.is_some(),
            announce: Box::new(move |token| {
                tracing::warn!("nobody can sign in yet: open {page}/setup and give the setup token {token}");
            }),
        };
        let served = http::serve(self.listener, self.tls, self.controller.clone(), options, shutdown).await;
        self.controller.stop();
        if let Some(broker) = self.broker {
            broker.stop().await;
        }
        Ok(served?)
    }
}

fn lock(data: &std::path::Path) -> Result<Flock<File>, ServiceError> {
    let path = data.join("lock");
    let file = File::create(&path).map_err(|source| ServiceError::File { path, source })?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| ServiceError::Running { path: data.to_owned() })
}

/// The broker, where it is the embedded one, and the way to whichever it is.
async fn bus(config: &Config, keys: &Keys, store: &Store) -> Result<(Option<Arc<Broker>>, LinkOptions), ServiceError> {
    let controller = crate::controller::sender()?;
    let filters = topic::controller_filters(&controller).to_vec();
    let commands = vec![topic::HOME_COMMANDS.to_owned()];
    if let Some(url) = BrokerUrl::parse(&config.mqtt.url) {
        let tls = if url.tls { Some(tls::client(config.mqtt.ca_file.as_ref())?) } else { None };
        let credentials = match config.mqtt.username.as_str() {
            "" => None,
            name => Some((name.to_owned(), secret_file(&config.mqtt.password_file)?)),
        };
        let client_id = CLIENT_ID.to_owned();
        let link = LinkOptions { host: url.host, port: url.port, tls, credentials, client_id, filters, commands };
        return Ok((None, link));
    }
    let password = random::secret()?;
    let listen = network::listening(config.home_automation.listen);
    let broker = Broker::start(BrokerOptions {
        agents: network::listening(config.mqtt.agents_listen),
        identity: keys.broker(&network::certificate_names(&[]))?,
        ca_file: keys.ca_file(),
        home_automation: config.home_automation.enabled.then_some(listen).into_iter().collect(),
        folder: config.data().join("broker"),
        store: store.clone(),
        controller_password: password.clone(),
    })
    .await?;
    let link = LinkOptions {
        host: broker.plain.ip().to_string(),
        port: broker.plain.port(),
        tls: None,
        credentials: Some((NAME.to_owned(), password)),
        client_id: NAME.to_owned(),
        filters,
        commands,
    };
    Ok((Some(Arc::new(broker)), link))
}

fn secret_file(path: &str) -> Result<String, ServiceError> {
    if path.is_empty() {
        return Ok(String::new());
    }
    let text =
        std::fs::read_to_string(path).map_err(|source| ServiceError::File { path: PathBuf::from(path), source })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// How agents reach the broker.
fn agents_url(config: &Config, broker: Option<&Broker>) -> String {
    match broker {
        _ if !config.mqtt.agents_url.is_empty() => config.mqtt.agents_url.clone(),
        None => config.mqtt.url.clone(),
        Some(broker) => {
            let unspecified = broker.agents.ip().is_unspecified();
            let ip = if unspecified { network::own_address() } else { broker.agents.ip() };
            format!("mqtts://{}", SocketAddr::new(ip, broker.agents.port()))
        }
    }
}

fn page_url(bound: SocketAddr, https: bool) -> String {
    let scheme = if https { "https" } else { "http" };
    if bound.ip().is_unspecified() {
        let host = network::own_name().unwrap_or_else(|| network::own_address().to_string());
        return format!("{scheme}://{host}:{}", bound.port());
    }
    format!("{scheme}://{bound}")
}
