//! Joins the agent's parts and runs them. The only place beside `io/` that starts tasks.
//!
//! ```text
//! bus ─▶ gate ─▶ requests ─▶ engine ─▶ router        a change at a time, journaled
//!                    ├─────▶ keeper ─▶ router        polls, leases, counts
//!                    │         ▲ verdicts
//!                    └─────▶ warden ─▶ router        compares what is owned, puts back through the engine
//! bus ◀──────── voice ◀──── engine, keeper, warden
//! ```

mod reading;
mod requests;

use crate::{
    archive::Archive,
    bus::{Gate, Speaker, SpeakerError},
    config::{Config, secret::SecretError},
    engine::{Engine, Shut},
    flow::{
        change_set::{Change, Origin},
        vif::address_plan::Pools,
    },
    io::{
        clock::{Clock, Instant},
        mqtt,
        netlink::{self, NetlinkError},
        router::RouterPort,
        routeros::Target,
        store::{self, Store, StoreError, journal::Journal},
    },
    keeper::{Keeper, Order, Settings},
    voice::{News, Voice},
    warden::{self, Periods, Warden},
};
use requests::Requests;
use shared::{
    change_set::{Outcome, Phase, Refusal, Report},
    ids::VifId,
    notice::Severity,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

/// How the agent is told to stop. What is not done by then is in the journal, and the next start goes on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A change under way may come to its end first, if it does within 7 s: RouterOS kills a container 10 s after
    /// SIGTERM.
    Gently,
    /// At once.
    Now,
}

impl Stop {
    fn grace(self) -> Duration {
        match self {
            Self::Gently => Duration::from_secs(7),
            Self::Now => Duration::ZERO,
        }
    }
}

/// How long what an earlier run left open waits for the first session before it is said that the router is away.
const FIRST_SESSION: Duration = Duration::from_secs(5);

/// How long a change waits for a gate to be closed.
const SHUTTING: Duration = Duration::from_secs(10);

/// How often the steps of one phase are told: each that is told is a write to the flash.
const STEPS_EVERY: Duration = Duration::from_millis(300);

/// Why the agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file with a secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Its own identity.
    #[error(transparent)]
    Speaker(#[from] SpeakerError),
    /// The bus' settings.
    #[error(transparent)]
    Bus(#[from] mqtt::StartError),
}

/// Where the router is. Without an address nothing is tried before netlink has found the gateway.
fn target(config: &Config, pin: Option<[u8; 32]>) -> Result<Target, SecretError> {
    let host = config.routeros.address.clone().unwrap_or_default();
    Ok(Target::of(&config.routeros, host, config.routeros.password()?, pin))
}

/// Runs the agent until `stop`.
///
/// # Errors
/// [`StartError`]: what is wrong with the set-up. Once it runs, nothing ends it but `stop`.
pub async fn run(config: Config, clock: Clock, stop: impl Future<Output = Stop>) -> Result<(), StartError> {
    let store = Store::open(&config.data.join(store::FILE))?;
    let speaker = Speaker::new(config.router_id.clone(), config.keys.signing_key()?, store.clone())?;
    let controller = config.keys.controller_id.clone();
    let gate = Arc::new(Gate::new(config.router_id.clone(), controller, config.keys.controller, store.clone()));
    let (bus, inbound) = mqtt::start(&config, store.clone())?;
    let voice = Voice::new(config.router_id.clone(), speaker, gate.clone(), bus.clone(), store.clone());
    let router = RouterPort::start(target(&config, store.pin()?)?, store.clone());
    // A gate never waits for what a change or a reading of everything has put on the wire before it.
    let gates = router.beside();
    if config.routeros.address.is_none() {
        tokio::spawn(follow_gateway([router.clone(), gates.clone()], clock));
    }
    let archive = Archive::open(store.clone())?;
    let journal = Journal::new(store);
    let (orders, received) = mpsc::channel(16);
    let settings = Settings { poll: config.poll.clone(), kill_switch: config.kill_switch.clone() };
    let kept = (journal.clone(), archive.clone());
    let keeper = Keeper::new(router.clone(), gates, kept, voice.clone(), clock, settings);
    let (warden, for_warden) = mpsc::channel(16);
    let heard = (orders.clone(), warden.clone(), keeper.announcer());
    let engine = engine(&config, router.clone(), journal.clone(), clock, &voice, heard);
    let link = bus.clone();
    let engine = engine.with_link(move || Box::pin(link.renew())).with_gates(shutter(orders.clone()));
    let desk = engine.desk();
    let engine = Arc::new(Mutex::new(engine));
    // The lock is taken here, so that no request comes before it.
    tokio::spawn(finish_interrupted(engine.clone().lock_owned().await, router.clone()));
    let guard = Warden::new(router.clone(), journal.clone(), engine.clone(), voice.clone(), clock, Periods::default())?;
    tokio::spawn(keeper.verified_by(guard.verdicts()).run(received));
    tokio::spawn(guard.run(for_warden));
    let answered = archive.clone();
    let requests = Requests {
        gate,
        voice,
        journal,
        router,
        engine: engine.clone(),
        desk,
        orders,
        warden,
        archive: answered,
        clock,
    };
    tokio::spawn(requests.serve(inbound));
    tracing::info!(router = %config.router_id, version = env!("CARGO_PKG_VERSION"), "the agent runs");
    let stop = stop.await;
    tracing::info!(?stop, "stopping");
    if tokio::time::timeout(stop.grace(), engine.lock()).await.is_err() {
        tracing::warn!("a change is under way; the next start goes on with it");
    }
    archive.write(clock.unix_millis());
    bus.close().await;
    Ok(())
}

/// The router is the gateway of the agent's container: finds it, and follows when it moves.
async fn follow_gateway(sessions: [RouterPort; 2], clock: Clock) {
    loop {
        if let Err(error) = follow(&sessions).await {
            tracing::error!(%error, "the container's network cannot be read");
        }
        clock.sleep(Duration::from_secs(10)).await;
    }
}

async fn follow(sessions: &[RouterPort]) -> Result<(), NetlinkError> {
    let (mut place, mut changes) = netlink::watch().await?;
    loop {
        if let Some(gateway) = place.gateway {
            for session in sessions {
                session.move_to(&gateway.to_string());
            }
        } else {
            tracing::warn!("the container has no default gateway: set `gateway` on its veth");
        }
        place = changes.next().await?;
    }
}

fn engine(
    config: &Config,
    router: RouterPort,
    journal: Journal,
    clock: Clock,
    voice: &Voice,
    (keeper, warden, announce): (mpsc::Sender<Order>, mpsc::Sender<warden::Order>, impl Fn() + Send + 'static),
) -> Engine {
    let pools =
        Pools { vlans: config.pools.vlan_first.get()..=config.pools.vlan_last.get(), subnets: config.pools.subnet };
    let voice = voice.clone();
    let mut told: Option<(Report, Instant)> = None;
    Engine::new(router, journal, pools, clock, move |change, report| {
        let now = clock.now();
        let step =
            told.as_ref().is_some_and(|(last, at)| last.says_as(report) && now.duration_since(*at) < STEPS_EVERY);
        if step {
            return;
        }
        told = Some((report.clone(), now));
        if report.phase == Phase::RollingBack {
            // Safe Mode that is undone takes a gate that was closed meanwhile back with the rest.
            let _ = keeper.try_send(Order::Reassert);
        }
        if report.phase == Phase::Ended {
            announce();
        }
        // What is put back is told with the drift that it ends.
        let ordered = change.origin == Origin::Order;
        if ordered {
            voice.change_set(report, clock.unix_millis());
        }
        if report.phase == Phase::Ended {
            if ordered {
                voice.news(ended(change, report), clock.unix_millis());
            }
            // A full queue means that keeper and warden are about to look anyway.
            let _ = keeper.try_send(Order::Changed);
            let _ = warden.try_send(warden::Order::Changed);
        }
    })
}

/// Has the keeper close a gate for a change, and waits until it is.
fn shutter(keeper: mpsc::Sender<Order>) -> impl FnMut(VifId) -> Shut + Send + 'static {
    move |vif| {
        let keeper = keeper.clone();
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let busy = || Refusal::new("busy", "the keeper is still at it", "Try again in a few seconds.");
            keeper.send(Order::Shut(vif, answer)).await.map_err(|_| busy())?;
            tokio::time::timeout(SHUTTING, answered).await.map_err(|_| busy())?.map_err(|_| busy())?
        })
    }
}

/// The end of a change as a line of the event list.
fn ended(change: &Change, report: &Report) -> News {
    let title = change.title();
    let why = report.error.as_ref().map(|error| format!(" ({})", error.message)).unwrap_or_default();
    let (severity, code, message) = match report.outcome {
        Some(Outcome::Confirmed) => {
            (Severity::Info, "change_confirmed", format!("In force, read back from the router: {title}."))
        }
        Some(Outcome::Reverted) => {
            let message = format!("Undone, and the router read back as before{why}: {title}.");
            (Severity::Warning, "change_reverted", message)
        }
        Some(Outcome::PartlyReverted) => {
            let message = format!("Could not be undone wholly, {} objects differ{why}: {title}.", report.differs.len());
            (Severity::Critical, "change_partly_reverted", message)
        }
        Some(Outcome::Unknown) | None => {
            (Severity::Critical, "change_unknown", format!("What became of it is not known{why}: {title}."))
        }
    };
    News { severity, code, message, vif: change.only_vif().cloned(), change_set: Some(report.id.clone()) }
}

/// Goes on with what an earlier run left open, before anything new is taken.
async fn finish_interrupted(mut engine: OwnedMutexGuard<Engine>, router: RouterPort) {
    let _ = tokio::time::timeout(FIRST_SESSION, router.reachable()).await;
    match engine.unfinished() {
        Ok(None) => {}
        Ok(Some(begun)) => {
            tracing::warn!(change_set = %begun.report.id, "an earlier run left this change open; going on with it");
            engine.carry_out(begun).await;
        }
        Err(error) => tracing::error!(%error, "the journal could not be read"),
    }
}
