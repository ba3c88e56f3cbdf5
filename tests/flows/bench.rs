//! A router (the twin), and an engine over a journal on disk that can be killed and started again.

pub mod corpus;
pub mod draw;
mod leaks;
pub mod orders;

pub use leaks::{Allowed, BY_THE_TUNNEL};

use anyhow::{Context as _, ensure};
use bulkhead_agent::{
    engine::{Begun, Engine},
    flow::{change_set::Change, vif::address_plan::Pools},
    io::{
        clock::Clock,
        router::RouterPort,
        routeros::{Security, Target},
        store::{Store, StoreError, journal::Journal},
    },
};
use bulkhead_twin::{Options, Twin, device::export::Export};
use shared::{
    change_set::{Confirm, Item, Keep, Report, Resource},
    ids::{ChangeSetId, VifId},
    net::InterfaceName,
    vif::{Egress, KillSwitchMode, Protocol, PublishedPort, VifName, VifSpec},
    wire::ChangeOrder,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

/// A second WireGuard tunnel, for [`Bench::with`].
pub const OTHER_TUNNEL: &str = "/interface/wireguard/add name=wg-two listen-port=13232\n\
    /interface/wireguard/peers/add interface=wg-two public-key=\"bmXOC+F1FxEMF9dyiK2H5/1SUtzH0JuVo51h2wPfgyo=\" \
    endpoint-address=198.51.100.8 endpoint-port=51820 allowed-address=0.0.0.0/0\n";

/// What enrolment's script leaves on a router, as far as VIFs need it.
pub const INSTALLER: &str = r#"
/user/group/add name=bulkhead policy=api,read,write,test comment="bulkhead:installer/group"
/user/add name=bulkhead group=bulkhead password=secret comment="bulkhead:installer/user"
/interface/veth/add name=bh-agent address=172.16.63.2/30 gateway=172.16.63.1 comment="bulkhead:installer/veth"
/interface/bridge/add name=bulkhead vlan-filtering=yes protocol-mode=none frame-types=admit-only-vlan-tagged auto-mac=no admin-mac=02:42:75:6C:6B:01 comment="bulkhead:installer/bridge"
/interface/bridge/port/add bridge=bulkhead interface=bh-agent pvid=99 frame-types=admit-all ingress-filtering=yes horizon=1 comment="bulkhead:installer/port"
/interface/bridge/vlan/add bridge=bulkhead vlan-ids=99 tagged=bulkhead untagged=bh-agent comment="bulkhead:installer/vlan"
/interface/vlan/add name=bh-mgmt interface=bulkhead vlan-id=99 comment="bulkhead:installer/link"
/ip/address/add address=172.16.63.1/30 interface=bh-mgmt comment="bulkhead:installer/address"
/ip/firewall/filter/add chain=input action=accept in-interface=bh-mgmt src-address=172.16.63.2 protocol=tcp dst-port=8728,8729 place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0] comment="bulkhead:installer/api"
"#;

/// A twin with the installer's part, and a folder for the agent's database.
pub struct Bench {
    /// The router.
    pub twin: Twin,
    folder: TempDir,
}

/// An agent's engine for as long as it lives, and what it told.
pub struct Agent {
    /// The engine.
    pub engine: Engine,
    /// Its database.
    pub store: Store,
    /// Its journal.
    pub journal: Journal,
    /// Its router.
    pub router: RouterPort,
    /// What it told.
    pub told: Arc<Mutex<Vec<Report>>>,
}

impl Bench {
    /// A fresh one of the newest version.
    ///
    /// # Errors
    /// The twin does not start.
    pub async fn new() -> anyhow::Result<Self> {
        Self::of(&Options::default().routeros_version).await
    }

    /// A fresh one of the newest version, with more configured.
    ///
    /// # Errors
    /// The twin does not start, or does not take the script.
    pub async fn with(script: &str) -> anyhow::Result<Self> {
        let scripts = vec![INSTALLER.to_owned(), script.to_owned()];
        let twin = Twin::start(Options { scripts, ..Options::default() }).await?;
        Ok(Self { twin, folder: folder()? })
    }

    /// A fresh one of a RouterOS version.
    ///
    /// # Errors
    /// The twin does not start, or does not know the version.
    pub async fn of(version: &str) -> anyhow::Result<Self> {
        let (scripts, routeros_version) = (vec![INSTALLER.to_owned()], version.to_owned());
        let twin = Twin::start(Options { scripts, routeros_version, ..Options::default() }).await?;
        Ok(Self { twin, folder: folder()? })
    }

    /// The agent's database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("agent.db")
    }

    /// Starts an agent's engine on the database, with time-outs short enough for a stall to be found soon.
    ///
    /// # Errors
    /// The database cannot be opened, or no session comes within a minute.
    pub async fn agent(&self) -> anyhow::Result<Agent> {
        let store = self.store().await?;
        let journal = Journal::new(store.clone());
        let mut target = Target::new("127.0.0.1", Security::Plain, "bulkhead", "secret");
        target.port = self.twin.api.port();
        target.command_timeout = Duration::from_secs(3);
        let router = RouterPort::start(target, store.clone());
        tokio::time::timeout(Duration::from_secs(60), router.reachable()).await.context("no session with the twin")?;
        let told = Arc::new(Mutex::new(Vec::new()));
        let teller = told.clone();
        let pools = Pools { vlans: 100..=4094, subnets: "172.16.64.0/18".parse()? };
        let engine =
            Engine::new(router.clone(), journal.clone(), pools, Clock::system(), move |_: &Change, report: &Report| {
                if let Ok(mut told) = teller.lock() {
                    told.push(report.clone());
                }
            });
        Ok(Agent { engine, store, journal, router, told })
    }

    /// The database, once the tasks of an agent that was dropped have let it go.
    async fn store(&self) -> anyhow::Result<Store> {
        let opened = async {
            loop {
                match Store::open(&self.database()) {
                    Err(StoreError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(1)).await,
                    other => return other,
                }
            }
        };
        Ok(tokio::time::timeout(Duration::from_secs(60), opened).await.context("the database is not let go")??)
    }

    /// The router's configuration.
    pub fn export(&self) -> Export {
        self.twin.export()
    }

    /// Opens all gates, and leaves them so.
    ///
    /// # Errors
    /// The twin refuses.
    pub fn open(&self) -> anyhow::Result<()> {
        leaks::open(&self.twin).map(|_| ())
    }

    /// Traces packets of the first VIF's service as if its gate were open; gives how many, and those that would leave
    /// by anything but what is allowed.
    ///
    /// # Errors
    /// A packet that the twin cannot judge.
    pub fn leaks(&self, allowed: Allowed) -> anyhow::Result<(usize, Vec<String>)> {
        leaks::traced(&self.twin, allowed)
    }
}

impl Agent {
    /// Plans, begins with the plan's hash, and carries out.
    ///
    /// # Errors
    /// A refusal.
    pub async fn change(&mut self, order: &ChangeOrder) -> anyhow::Result<Report> {
        let begun = self.begin(order).await?;
        Ok(self.engine.carry_out(begun).await)
    }

    /// Plans and begins.
    ///
    /// # Errors
    /// A refusal.
    pub async fn begin(&mut self, order: &ChangeOrder) -> anyhow::Result<Begun> {
        let plan = self.engine.plan(order).await?;
        ensure!(!plan.operations.is_empty(), "the plan writes nothing");
        Ok(self.engine.begin(order, Some(plan.read_hash)).await?)
    }
}

/// A folder in memory where there is one: hundreds of databases that wait for a disk would block each other's engines.
fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }
}

/// An order that makes a VIF over the twin's WireGuard tunnel.
///
/// # Errors
/// A name that is none.
pub fn create(change: &str, name: &str) -> anyhow::Result<ChangeOrder> {
    order(change, Resource::VifCreate(spec(name)?))
}

/// An order that puts this in the place of what was asked for before.
///
/// # Errors
/// A name that is none.
pub fn update(change: &str, spec: VifSpec) -> anyhow::Result<ChangeOrder> {
    order(change, Resource::VifUpdate(spec))
}

/// What [`create`] asks for.
///
/// # Errors
/// A name that is none.
pub fn spec(name: &str) -> anyhow::Result<VifSpec> {
    Ok(VifSpec {
        id: VifId::new(format!("{name}-1"))?,
        name: VifName::new(name)?,
        egress: Egress::Interface(InterfaceName::new("wg-vpn")?),
        kill_switch: KillSwitchMode::Block,
        resolver: None,
        ports: Vec::new(),
    })
}

/// The same with a resolver in a private network behind the tunnel, and a published port of each protocol.
///
/// # Errors
/// A name that is none.
pub fn full(name: &str) -> anyhow::Result<VifSpec> {
    let lan = InterfaceName::new("LAN")?;
    let port = |protocol| PublishedPort { protocol, port: 8443, to_port: 443, from: lan.clone() };
    let ports = vec![port(Protocol::Tcp), port(Protocol::Udp)];
    Ok(VifSpec { resolver: Some(leaks::RESOLVER.parse()?), ports, ..spec(name)? })
}

/// An order that removes it.
///
/// # Errors
/// A name that is none.
pub fn remove(change: &str, name: &str) -> anyhow::Result<ChangeOrder> {
    order(change, Resource::VifRemove(VifId::new(format!("{name}-1"))?))
}

/// An order of one item.
///
/// # Errors
/// A name that is none.
pub fn order(change: &str, resource: Resource) -> anyhow::Result<ChangeOrder> {
    let item = Item { id: "1".to_owned(), name: String::new(), depends_on: Vec::new(), resource };
    let confirm = Confirm { deadline_s: 120, keep: Keep::Agent };
    Ok(ChangeOrder { id: ChangeSetId::new(change)?, items: vec![item], menus: Vec::new(), confirm })
}
