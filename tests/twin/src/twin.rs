//! A whole twin: started, asked, ended by being dropped.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use shared::routeros::trace::{Packet, Trace};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{
    clock::Clock,
    control,
    device::{
        Device, Fields, Reply, caller::Caller, export::Export, factory, kept::Kept, meter::Counted, print::Depth,
        request::Request, trap::Trap, wan::Lease, world::Impossible,
    },
    fault::Fault,
    record::Record,
    relay::{self, Relay},
    router::{Router, Service},
    schema,
    script::import,
    session,
    state::{Keeper, State, StateFile, damaged},
    tls::{Identity, Tls},
};

/// How a twin is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// One of [`schema::versions`], or any with `schema_file`.
    pub routeros_version: String,
    /// A schema in the form of [`schema::from_json`], for a version that is not shipped.
    pub schema_file: Option<PathBuf>,
    /// Where the plain API listens; port 0 takes a free one.
    pub api: SocketAddr,
    /// Where the API over TLS listens.
    pub api_tls: SocketAddr,
    /// Where the control surface listens.
    pub control: SocketAddr,
    /// The password of `admin`.
    pub admin_password: String,
    /// Texts of `.rsc` scripts, carried out after the factory's own.
    pub scripts: Vec<String>,
    /// Where the configuration outlives the twin. When the file is there, it stands in place of the factory default,
    /// `scripts`, `identity` and `admin_password`.
    pub state: Option<PathBuf>,
    /// Where to write what is received.
    pub record: Option<PathBuf>,
    /// The router's name.
    pub identity: String,
    /// The user whose sessions come from the veth `bh-agent`.
    pub agent_user: String,
    /// Whether time moves only by [`Twin::advance`] and `POST /clock`.
    pub clock_stands: bool,
    /// Carries a connection of the agent through the modelled router.
    pub relay: Option<Relay>,
}

impl Default for Options {
    /// The newest shipped version on free loopback ports; `admin` has the password `admin`.
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            routeros_version: schema::versions().last().copied().unwrap_or_default().to_owned(),
            schema_file: None,
            api: free,
            api_tls: free,
            control: free,
            admin_password: "admin".to_owned(),
            scripts: Vec::new(),
            state: None,
            record: None,
            identity: "MikroTik".to_owned(),
            agent_user: "bulkhead".to_owned(),
            clock_stands: false,
            relay: None,
        }
    }
}

/// A running twin. Dropping it ends all of its sessions and closes its ports.
#[derive(Debug)]
pub struct Twin {
    /// Where the plain API is.
    pub api: SocketAddr,
    /// Where the API over TLS is.
    pub api_tls: SocketAddr,
    /// Where the control surface is.
    pub control: SocketAddr,
    /// SHA-256 of the certificate of the API over TLS, in hexadecimal.
    pub fingerprint: String,
    /// Where the agent connects to what [`Options::relay`] leads to.
    pub relay: Option<SocketAddr>,
    router: Arc<Router>,
    keeper: Option<Arc<Keeper>>,
    tasks: JoinSet<()>,
}

impl Twin {
    /// Starts a twin on the current tokio runtime.
    ///
    /// # Errors
    /// An unknown version, an unusable file or address, a state that is damaged or of another version, or a script that
    /// cannot be carried out; the text says which.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let file = match &options.state {
            Some(path) => Some(StateFile::claim(path, &options.routeros_version).await?),
            None => None,
        };
        let (identity, kept) = match file.as_ref().map(StateFile::read).transpose()?.flatten() {
            Some(State { identity, device, .. }) => (identity, Some(device)),
            None => (Identity::new().context("making the certificate of api-ssl")?, None),
        };
        let tls = Tls::new(&identity)?;
        let router = Arc::new(router(&options, kept)?);
        let plain = listen(options.api).await?;
        let secure = listen(options.api_tls).await?;
        let surface = listen(options.control).await?;
        let through = match options.relay {
            Some(relay) => Some((listen(relay.listen).await?, relay)),
            None => None,
        };
        let relay = through.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?;
        let (api, api_tls, control) = (plain.local_addr()?, secure.local_addr()?, surface.local_addr()?);
        let mut tasks = JoinSet::new();
        let keeper = file.map(|file| Arc::new(Keeper { file, identity, router: Arc::clone(&router) }));
        if let Some(keeper) = &keeper {
            // Before anybody can pin the certificate.
            keeper.save()?;
            tasks.spawn(Arc::clone(keeper).follow());
        }
        tasks.spawn(serve_plain(Arc::clone(&router), plain));
        tasks.spawn(serve_tls(Arc::clone(&router), secure, tls.acceptor));
        tasks.spawn(control::serve(Arc::clone(&router), surface));
        if let Some((listener, relay)) = through {
            tasks.spawn(relay::serve(Arc::clone(&router), listener, relay));
        }
        tasks.spawn(tick(Arc::clone(&router)));
        Ok(Self { api, api_tls, control, fingerprint: tls.fingerprint, relay, router, keeper, tasks })
    }

    /// The control surface's address as a URL.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Writes what has changed to [`Options::state`] now, not within a moment.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self) -> anyhow::Result<()> {
        self.keeper.as_ref().map_or(Ok(()), |keeper| keeper.save())
    }

    /// The configuration in canonical order.
    pub fn export(&self) -> Export {
        self.router.device().export()
    }

    /// What a print of a menu shows, for a caller who may see all; empty for a menu that is not there.
    pub fn rows(&self, menu: &str) -> Vec<Fields> {
        self.router.tick();
        let rows = self.router.device().render_menu(&Caller::router(), &Request::new(menu, "print", &[]), Depth::Whole);
        rows.unwrap_or_default().into_iter().map(|(_, fields)| fields).collect()
    }

    /// Carries out a command as another administrator would, whom no firewall rule concerns; gives what it returned.
    ///
    /// # Errors
    /// The trap that the router answers.
    pub fn run(&self, menu: &str, verb: &str, arguments: &[(&str, &str)]) -> Result<Option<String>, Trap> {
        let reply = self.router.device().run(self.router.clock.now(), &Request::new(menu, verb, arguments));
        self.router.notify();
        reply.map(|reply| if let Reply::Done(value) = reply { value } else { None })
    }

    /// The way of a packet through the modelled firewall and routing, as `POST /trace` tells it.
    ///
    /// # Errors
    /// A packet that cannot be: see [`Device::trace`].
    pub fn trace(&self, packet: &Packet) -> Result<Trace, Impossible> {
        self.router.tick();
        self.router.device().trace(packet)
    }

    /// Arms a fault, or lets it happen at once where it need not wait for a sentence.
    pub fn fault(&self, fault: Fault) {
        self.router.arm(fault);
    }

    /// The faults that have not struck yet.
    pub fn faults(&self) -> Vec<Fault> {
        self.router.faults().waiting().to_vec()
    }

    /// Forgets the faults that have not struck yet.
    pub fn clear_faults(&self) {
        self.router.faults().clear();
    }

    /// Lets the twin's clock jump forward.
    pub fn advance(&self, by: Duration) {
        self.router.clock.advance(by);
        self.router.tick();
    }

    /// Restarts the router: sessions end, memory is lost, ids change.
    pub fn reboot(&self) {
        self.router.reboot();
    }

    /// Presses the button of the device. Whether that has confirmed a change of device-mode; the router restarts then.
    pub fn press(&self) -> bool {
        self.router.press()
    }

    /// Sets what device-mode says, without asking anybody.
    ///
    /// # Errors
    /// A name or value that this version does not have.
    pub fn set_device_mode(&self, values: &[(&str, &str)]) -> Result<(), Impossible> {
        let values = values.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.router.device().set_mode(&values)
    }

    /// How many sentences were received.
    pub fn sentences(&self) -> u64 {
        self.router.record().count()
    }

    /// How many rows were made up for answers: what they cost, without a stopwatch.
    pub fn rendered(&self) -> u64 {
        self.router.device().rendered()
    }

    /// The last received sentences, as lists of words, secrets masked.
    pub fn recorded(&self) -> Vec<Vec<String>> {
        self.router.record().last()
    }

    /// Cuts or restores a link.
    ///
    /// # Errors
    /// No interface of that name.
    pub fn set_link(&self, interface: &str, up: bool) -> Result<(), Impossible> {
        let done = self.router.device().set_link(self.router.clock.now(), interface, up);
        self.router.notify();
        done
    }

    /// Lets the peer of a WireGuard interface fall silent or speak again.
    ///
    /// # Errors
    /// No WireGuard interface of that name.
    pub fn set_peer(&self, interface: &str, alive: bool) -> Result<(), Impossible> {
        let done = self.router.device().set_peer(self.router.clock.now(), interface, alive);
        self.router.notify();
        done
    }

    /// Lets an interface's counters run, in bits a second.
    ///
    /// # Errors
    /// No interface of that name.
    pub fn set_traffic(&self, interface: &str, rx_bps: u64, tx_bps: u64) -> Result<(), Impossible> {
        self.router.device().set_traffic(self.router.clock.now(), interface, rx_bps, tx_bps)
    }

    /// Tells whoever follows the router that something may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.router.changes()
    }

    /// Changes what became of the provider's lease.
    pub fn set_lease(&self, lease: Lease) {
        self.router.device().set_wan(self.router.clock.now(), None, Some(lease), None, None);
        self.router.notify();
    }

    /// Sets what was counted elsewhere, such as by a kernel that carries the rules out: of each row (by its menu and id)
    /// the bytes and packets, of an interface those that came in and went out. Rows that are gone are passed over.
    pub fn set_counted(&self, counted: &[Counted]) {
        self.router.device().set_counted(self.router.clock.now(), counted);
    }

    /// Waits for the end of the twin, which comes only when one of its tasks fails.
    pub async fn ended(&mut self) {
        self.tasks.join_next().await;
    }
}

/// The device with its kept configuration, or with the factory's and the given scripts carried out.
fn router(options: &Options, kept: Option<Kept>) -> anyhow::Result<Router> {
    let schema = match &options.schema_file {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("reading the schema {}", path.display()))?;
            schema::from_json(&options.routeros_version, &text)?
        }
        None => schema::shipped(&options.routeros_version)?,
    };
    let clock = if options.clock_stands { Clock::standing() } else { Clock::default() };
    let mut device = Device::new(schema, clock.wall(Duration::ZERO));
    let mut record = match &options.record {
        Some(path) => Record::to_file(path).with_context(|| format!("creating the record {}", path.display()))?,
        None => Record::default(),
    };
    if let Some(kept) = kept {
        device.restore(kept).with_context(|| options.state.as_deref().map(damaged).unwrap_or_default())?;
        device.populate();
    } else {
        device.build(&options.identity, &options.admin_password);
        for script in factory::SCRIPTS {
            import(&mut device, Duration::ZERO, script).context("the factory configuration")?;
        }
        device.take_carried_out();
        device.populate();
        for script in &options.scripts {
            import(&mut device, Duration::ZERO, script).context("the import")?;
        }
    }
    for request in device.take_carried_out() {
        record.script(&request);
    }
    device.begin_history();
    Ok(Router::new(device, clock, record, options.agent_user.clone()))
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}: is another program there?"))
}

/// Entries run out even while nobody asks.
async fn tick(router: Arc<Router>) {
    loop {
        let clock = &router.clock;
        clock.sleep_until(clock.now() + Duration::from_millis(200)).await;
        router.tick();
    }
}

async fn serve_plain(router: Arc<Router>, listener: TcpListener) {
    let mut sessions = JoinSet::new();
    loop {
        while sessions.try_join_next().is_some() {}
        if let Some(stream) = accept(&listener).await {
            sessions.spawn(session::serve(Arc::clone(&router), Service::Api, stream));
        }
    }
}

async fn serve_tls(router: Arc<Router>, listener: TcpListener, acceptor: tokio_rustls::TlsAcceptor) {
    const HANDSHAKE: Duration = Duration::from_secs(10);
    const HANDSHAKES: usize = 256;
    let mut sessions = JoinSet::new();
    loop {
        while sessions.try_join_next().is_some() {}
        let Some(stream) = accept(&listener).await.filter(|_| sessions.len() < HANDSHAKES) else { continue };
        let (router, acceptor) = (Arc::clone(&router), acceptor.clone());
        sessions.spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => session::serve(router, Service::ApiSsl, stream).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        });
    }
}

/// The next connection, without delay of small segments; nothing where it could not be had.
pub(crate) async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept().await {
        Ok((stream, _)) => stream.set_nodelay(true).is_ok().then_some(stream),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of descriptors, most likely: give the sessions a moment to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
