//! All of it together: twin, kernel, network, traffic and agent, and what a step of the run does with them.

mod errors;
mod events;
mod follow;
mod state;

use crate::{
    agent,
    capture::Book,
    clock,
    kernel::{Cables, Kernel, rows::Rows},
    network::{self, INSIDE, Network},
    traffic::Traffic,
};
use anyhow::{Context as _, bail, ensure};
use bulkhead_flows::{Bench, full, order};
use follow::Follower;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use shared::{
    change_set::{Outcome, Resource},
    vif::VifSpec,
};
use std::{
    path::PathBuf,
    process::Child,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};
use tokio::runtime::Runtime;

/// The tunnel of the VIF.
pub(crate) const TUNNEL: &str = "wg-vpn";

/// What the router's owner has beside the factory's configuration: a second provider, a LAN of three networks, IPv6, and the
/// tunnel's keys.
const OWNER: &str = r#"
/interface/bridge/port/remove [find where interface=ether5]
/ip/address/add address=198.18.2.10/24 interface=ether5 comment="second provider"
/ip/route/add dst-address=0.0.0.0/0 gateway=198.18.2.1 distance=5 comment="second provider"
/interface/list/member/add list=WAN interface=ether5
/ip/address/add address=10.9.0.1/24 interface=bridge comment="second network of the LAN"
/ip/address/add address=172.30.0.1/24 interface=bridge comment="third network of the LAN"
/ipv6/address/add address=2001:db8:1::10/64 interface=ether1 advertise=no
/ipv6/address/add address=2001:db8:88::1/64 interface=bridge advertise=no
/ipv6/route/add dst-address=::/0 gateway=2001:db8:1::1%ether1
"#;

/// The lab.
pub(crate) struct Bed {
    pub(crate) bench: Arc<Bench>,
    pub(crate) network: Network,
    pub(crate) traffic: Traffic,
    pub(crate) book: Book,
    pub(crate) follower: Follower,
    /// Whether time is short.
    pub(crate) short: bool,
    /// The tunnel's own private key and its peer's public one.
    keys: [String; 2],
    /// What went wrong beside leaks.
    pub(crate) findings: Vec<String>,
    kernel: Arc<Mutex<Kernel>>,
    runtime: Runtime,
    agent: Option<Child>,
    config: PathBuf,
    changes: u32,
}

impl Bed {
    /// A router with one VIF, no agent running, the tunnel up.
    ///
    /// # Errors
    /// What is missing on this machine, or a row that the kernel cannot carry out.
    pub(crate) fn new(short: bool) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut network = Network::new()?;
        let (ours, theirs) = (keys(&network)?, keys(&network)?);
        let script = format!(
            "{OWNER}/interface/wireguard/set [find where name={TUNNEL}] private-key=\"{}\"\n\
             /interface/wireguard/peers/set [find where interface={TUNNEL}] public-key=\"{}\"\n",
            ours.0, theirs.1
        );
        let bench = Arc::new(runtime.block_on(Bench::with(&script))?);
        let cables: Cables = [
            ("ether1", (network.isp.clone(), "wan1")),
            ("ether5", (network.isp.clone(), "wan2")),
            ("ether2", (network.lan.clone(), "eth0")),
            ("bh-tor", (network.service.clone(), "eth0")),
        ]
        .into();
        let mut kernel = Kernel::new(network.router.clone(), cables)?;
        network.serve_tunnel(&theirs.0, &ours.1)?;
        // Without its peer at first: WireGuard would call it before there is a way, and wait 5 s before it called again.
        let settings = state::tunnel_settings(&bench.twin, TUNNEL)?;
        let alone = settings.split("[Peer]").next().unwrap_or_default().to_owned();
        network.open_tunnel(TUNNEL, alone)?;
        kernel.apply(&Rows::of(&bench.twin))?;
        network.address_ends()?;
        network.router.feed("wg", &["setconf", TUNNEL, "/dev/stdin"], settings)?;
        let book = Book::default();
        network.listen(&book)?;
        network::resolve(&network.router, &book)?;
        let kernel = Arc::new(Mutex::new(kernel));
        let follower = Follower::start(&bench, &kernel, &network.router)?;
        let traffic = Traffic::new(network.service.clone(), network.router.clone(), &network.lan)?;
        let config = agent::configure(bench.database().parent().context("no folder")?, bench.twin.api)?;
        let (agent, findings, changes) = (None, Vec::new(), 0);
        let mut bed = Self {
            bench,
            network,
            traffic,
            book,
            follower,
            short,
            keys: [ours.0, theirs.1],
            findings,
            kernel,
            runtime,
            agent,
            config,
            changes,
        };
        bed.create()?;
        Ok(bed)
    }

    /// The kernel, held still.
    pub(crate) fn kernel(&self) -> MutexGuard<'_, Kernel> {
        self.kernel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the VIF with all that may be asked for, by the agent's engine. In two steps: the rule of those with a kill
    /// switch names the VIF's interface, which the router has to have before it takes the rule.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) fn create(&mut self) -> anyhow::Result<()> {
        self.change(Resource::VifCreate(vif()?))?;
        self.settle()?;
        self.traffic.plug_in(&self.book)
    }

    /// Takes the VIF away.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) fn remove(&mut self) -> anyhow::Result<()> {
        self.change(Resource::VifRemove(vif()?.id))
    }

    /// Asks for the VIF otherwise than before. The agent does not run.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) fn update(&mut self, wanted: VifSpec) -> anyhow::Result<()> {
        self.change(Resource::VifUpdate(wanted))?;
        self.settle()
    }

    fn change(&mut self, resource: Resource) -> anyhow::Result<()> {
        ensure!(self.agent.is_none(), "the agent's database is in use");
        self.changes += 1;
        let order = order(&format!("lab-{}", self.changes), resource)?;
        let report = self.runtime.block_on(async {
            let mut agent = self.bench.agent().await?;
            agent.change(&order).await
        })?;
        ensure!(
            report.outcome == Some(Outcome::Confirmed),
            "the VIF's change ended as {:?}: {:?}",
            report.outcome,
            report.error
        );
        Ok(())
    }

    /// Starts the agent, if it does not run.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start_agent(&mut self) -> anyhow::Result<()> {
        if self.agent.is_none() {
            self.follower.engaged.store(false, Ordering::SeqCst);
            self.agent = Some(agent::start(&self.config)?);
        }
        Ok(())
    }

    /// Sends the agent a signal; waits for its end where the signal ends it.
    ///
    /// # Errors
    /// It does not run.
    pub(crate) fn signal_agent(&mut self, signal: Signal) -> anyhow::Result<()> {
        let agent = self.agent.as_mut().context("the agent does not run")?;
        kill(Pid::from_raw(i32::try_from(agent.id())?), signal)?;
        if matches!(signal, Signal::SIGKILL | Signal::SIGTERM) {
            agent.wait()?;
            self.agent = None;
        }
        Ok(())
    }

    /// Ends the agent, if it runs.
    ///
    /// # Errors
    /// None that is expected.
    pub(crate) fn stop_agent(&mut self) -> anyhow::Result<()> {
        if self.agent.is_some() { self.signal_agent(Signal::SIGKILL) } else { Ok(()) }
    }

    /// Waits until all that the twin has now is carried out.
    ///
    /// # Errors
    /// A row that the kernel cannot carry out.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        self.follower.settle()
    }

    /// Carries out an administrator's command on the router.
    ///
    /// # Errors
    /// The router's trap.
    pub(crate) fn admin(&self, menu: &str, verb: &str, arguments: &[(&str, &str)]) -> anyhow::Result<Option<String>> {
        self.bench.twin.run(menu, verb, arguments).map_err(|trap| anyhow::anyhow!("{menu}/{verb}: {trap:?}"))
    }

    /// The ids of a menu's rows whose comment ends so.
    pub(crate) fn ids(&self, menu: &str, comment: &str) -> Vec<String> {
        let value = |row: &[(String, String)], wanted: &str| {
            row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let rows = self.bench.twin.rows(menu);
        rows.iter().filter(|row| value(row, "comment").ends_with(comment)).map(|row| value(row, ".id")).collect()
    }

    /// Everything as it should be: agent running, tunnel good, gate open, old connections begun.
    ///
    /// # Errors
    /// It does not come to be within half a minute.
    pub(crate) fn good(&mut self) -> anyhow::Result<()> {
        // An agent that begins anew has no hold to wait out.
        if self.short && self.follower.engaged.load(Ordering::SeqCst) && !self.kernel().gate().0 {
            self.stop_agent()?;
        }
        self.start_agent()?;
        self.settle()?;
        self.await_gate()?;
        self.traffic.begin_connections().or_else(|_| {
            // A connection that was begun while rules were missing keeps what it lacks as long as it is tried again.
            self.network.router.command("conntrack", &["-F"])?;
            self.await_gate()?;
            self.traffic.begin_connections()
        })
    }

    fn await_gate(&self) -> anyhow::Result<()> {
        let is_good = || self.kernel().gate().0 && self.follower.alive.load(Ordering::SeqCst);
        if is_good() {
            return Ok(());
        }
        if !clock::until(30_000, is_good) {
            let log = std::fs::read_to_string(self.config.with_extension("log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(12).collect();
            bail!(
                "the gate has not opened within 30 s (open: {}, tunnel: {}); the agent says, newest first: {last:#?}",
                self.kernel().gate().0,
                self.follower.alive.load(Ordering::SeqCst)
            );
        }
        self.settle()
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.follower.end();
        let _ = self.stop_agent();
    }
}

/// The VIF, with its resolver behind the tunnel and a published port of each protocol.
///
/// # Errors
/// There is none.
pub(crate) fn vif() -> anyhow::Result<VifSpec> {
    Ok(VifSpec { resolver: Some(INSIDE), ..full("tor")? })
}

/// A private key of WireGuard's and its public one.
fn keys(network: &Network) -> anyhow::Result<(String, String)> {
    let private = network.isp.command("wg", &["genkey"])?;
    let public = network.isp.feed("wg", &["pubkey"], private.clone())?;
    Ok((private.trim().to_owned(), public.trim().to_owned()))
}
