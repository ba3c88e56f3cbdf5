//! Between the router's events and its gates: hears of links, sends probes, and has the gates follow.
//!
//! Runs beside everything else that the agent does and waits for none of it: no lock of the engine, no controller, no
//! disk before a gate is closed. Every decision is in [`crate::flow::vif::watch`]; here is when to look and whom to tell.

mod people;

use super::{Order, board::Board, gates::Enforcer};
use crate::{
    config,
    flow::vif::{
        Vif,
        tunnel::{Link, Tunnel, peers},
        verify::Verdicts,
        watch::{Moved, Watch, link},
    },
    io::{
        clock::{Clock, Instant},
        router::{
            Failed, RouterPort,
            errands::{Done, Errands},
        },
        routeros::Sentence,
        store::journal::Journal,
    },
    voice::News,
};
use shared::net::InterfaceName;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep_until, timeout},
};

/// How long the first look waits for the first session.
const FIRST_SESSION: Duration = Duration::from_secs(5);
/// The shortest pause between two sessions.
const BREATH: Duration = Duration::from_millis(250);
/// Leases live thirty seconds: each is refreshed twice before it runs out, however seldom the router is polled.
const LONGEST_BEAT: Duration = Duration::from_secs(10);
/// How long the first decision waits for the first probes.
const FIRST_PROBES: Duration = Duration::from_secs(2);

/// Why a session with the router is over.
enum End {
    /// Nobody gives orders any more.
    Orders,
    /// The router does not answer.
    Lost(Failed),
}

impl From<Failed> for End {
    fn from(failed: Failed) -> Self {
        Self::Lost(failed)
    }
}

/// What is due when.
struct Beats {
    /// The next look at gates.
    gates: Instant,
    /// The next probe of each tunnel that none is on its way through.
    probes: BTreeMap<InterfaceName, Instant>,
    /// Tunnels that a probe is on its way through.
    flying: BTreeSet<InterfaceName>,
    /// When the first decision is made, whatever is known.
    decide: Instant,
    /// Names of interfaces by their ids: an event of one that is gone has nothing but its id.
    names: BTreeMap<String, String>,
}

/// The sentry of one router.
pub(super) struct Sentry {
    pub(super) router: RouterPort,
    pub(super) journal: Journal,
    pub(super) board: Board,
    pub(super) clock: Clock,
    pub(super) settings: config::KillSwitch,
    /// How often gates are looked at.
    pub(super) beat: Duration,
    /// The beginning of time: beats are at its multiples, so that one write carries all that is due.
    pub(super) epoch: Instant,
    /// Names of interfaces that run, as the poll sees them.
    pub(super) running: watch::Receiver<BTreeSet<String>>,
    /// What is verified of VIFs: a gate that must be shut is.
    pub(super) verdicts: watch::Receiver<Verdicts>,
    pub(super) watch: Watch,
    pub(super) enforcer: Enforcer,
    pub(super) errands: Errands,
}

impl Sentry {
    /// Keeps until the orders' sender is gone.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        self.beat = self.beat.min(LONGEST_BEAT);
        self.take_vifs();
        if timeout(FIRST_SESSION, self.router.reachable()).await.is_err() {
            self.lost("the router has not answered yet");
        }
        loop {
            if self.wait_for_session(&mut orders).await.is_err() {
                return;
            }
            match self.session(&mut orders).await {
                Ok(never) => match never {},
                Err(End::Orders) => return,
                Err(End::Lost(failed)) => self.lost(failed.message()),
            }
            self.clock.sleep(BREATH).await;
        }
    }

    /// Waits for a session; people's words are taken meanwhile.
    async fn wait_for_session(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<(), End> {
        let router = self.router.clone();
        let reachable = router.reachable();
        tokio::pin!(reachable);
        loop {
            tokio::select! {
                biased;
                () = &mut reachable => return Ok(()),
                order = orders.recv() => self.ordered_apart(order.ok_or(End::Orders)?),
            }
        }
    }

    /// One session, until the router is lost.
    async fn session(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<std::convert::Infallible, End> {
        let mut listener = self.router.hear_interfaces().await?;
        let now = self.clock.now();
        self.errands = Errands::default();
        let mut beats = Beats {
            gates: now,
            probes: BTreeMap::new(),
            flying: BTreeSet::new(),
            decide: now + FIRST_PROBES,
            names: BTreeMap::new(),
        };
        self.look_at_links(&mut beats).await?;
        // The gates are read before anything is decided about them: that is due at once.
        loop {
            self.on_time(&mut beats).await?;
            let wake = self.wake(&beats);
            tokio::select! {
                biased;
                event = listener.next_heard() => match event {
                    Some(Ok((heard, row))) => {
                        self.heard(&row, &mut beats.names);
                        self.follow(heard).await?;
                    }
                    Some(Err(error)) => return Err(End::Lost(error.into())),
                    None => return Err(End::Lost(Failed::Lost("the router ended its events".to_owned()))),
                },
                done = self.errands.next() => match done {
                    Done::Probed { interface, came_back, at } => {
                        let now = self.clock.unix_millis();
                        beats.flying.remove(&interface);
                        if let Some(tunnel) = self.watch.tunnel(interface.as_str()) {
                            tunnel.probed(came_back, now);
                        }
                        self.follow(at).await?;
                        self.plan_probe(&interface, at, &mut beats);
                    }
                    Done::Purged { services, result } => {
                        if let Err(error) = result {
                            tracing::warn!(%error, "the connections of services were not forgotten");
                        }
                        self.enforcer.emptied(&services);
                        self.follow(self.clock.now()).await?;
                    }
                },
                order = orders.recv() => self.ordered(order.ok_or(End::Orders)?, &mut beats).await?,
                changed = self.running.changed() => {
                    changed.map_err(|_| End::Orders)?;
                    if self.watch.differs(&self.running.borrow_and_update().clone()) {
                        self.look_at_links(&mut beats).await?;
                        self.follow(self.clock.now()).await?;
                    }
                },
                () = verified(&mut self.verdicts) => {
                    let verdicts = self.verdicts.borrow_and_update().clone();
                    self.board.with(|sight| sight.verified(&verdicts));
                    let mended = self.watch.verified(&verdicts).into_iter().map(Vif::service_ip).collect();
                    self.enforcer.purge(mended, &mut self.errands)?;
                    self.follow(self.clock.now()).await?;
                }
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Does what is due: probes, a look at the gates, and what a hold that is over allows.
    async fn on_time(&mut self, beats: &mut Beats) -> Result<(), End> {
        if self.watch.has_unknown() {
            // A way out that no VIF had before.
            self.look_at_links(beats).await?;
        }
        let now = self.clock.now();
        self.send_probes(now, beats)?;
        let hold_is_over = self.watch.hold_ends().is_some_and(|end| end <= now.duration_since(self.epoch));
        let decides = !self.watch.is_decided() && (beats.decide <= now || self.watch.is_known());
        if decides {
            self.watch.decide();
        }
        if beats.gates > now {
            if hold_is_over || decides {
                self.follow(now).await?;
            }
            return Ok(());
        }
        beats.gates = self.next(self.beat, now);
        self.take_vifs();
        if self.watch.has_unknown() {
            self.look_at_links(beats).await?;
        }
        let sight = self.enforcer.refresh(&self.watch).await?;
        self.shook_hands(&sight);
        self.follow(now).await
    }

    fn send_probes(&mut self, now: Instant, beats: &mut Beats) -> Result<(), End> {
        let Some(target) = self.settings.probe else { return Ok(()) };
        let is_due = |name: &InterfaceName, tunnel: &Tunnel| {
            // A link that came up is not left waiting for the next beat.
            let due = !tunnel.has_been_probed() || beats.probes.get(name).is_none_or(|at| *at <= now);
            due && tunnel.is_up() && !beats.flying.contains(name)
        };
        let due = self.watch.tunnels().filter(|(name, tunnel, _)| is_due(name, tunnel)).map(|(name, ..)| name.clone());
        for name in due.collect::<Vec<_>>() {
            self.router.probe(&mut self.errands, &name, target)?;
            beats.flying.insert(name);
        }
        Ok(())
    }

    /// When the next probe of a tunnel goes. On one that nobody waits for they go with the other beats.
    fn plan_probe(&self, interface: &InterfaceName, now: Instant, beats: &mut Beats) {
        let every = self.settings.probe_every;
        let found = self.watch.tunnels().find(|(name, ..)| *name == interface);
        let Some((_, tunnel, settled)) = found else { return };
        let pause = tunnel.pause(every, settled);
        let next = if pause == every { self.next(every, now) } else { now + pause };
        beats.probes.insert(interface.clone(), next);
    }

    fn wake(&self, beats: &Beats) -> Instant {
        let up = self.watch.tunnels().filter(|(name, tunnel, _)| tunnel.is_up() && !beats.flying.contains(*name));
        let probes =
            up.filter_map(|(name, ..)| beats.probes.get(name).copied()).filter(|_| self.settings.probe.is_some());
        let hold = self.watch.hold_ends().map(|end| self.epoch + end);
        let decide = (!self.watch.is_decided()).then_some(beats.decide);
        probes.chain(hold).chain(decide).fold(beats.gates, Instant::min)
    }

    /// The next multiple of a period since the beginning.
    fn next(&self, period: Duration, now: Instant) -> Instant {
        super::next_multiple(self.epoch, period, now)
    }

    async fn look_at_links(&mut self, beats: &mut Beats) -> Result<(), End> {
        let rows = self.router.links().await?;
        beats.names = rows.iter().map(|row| (row.id().to_owned(), row.get("name").to_owned())).collect();
        self.watch.links(&rows);
        Ok(())
    }

    /// An event of one interface. Under another name it is gone for whoever knows it by the old one.
    fn heard(&mut self, event: &Sentence, known: &mut BTreeMap<String, String>) {
        let row = crate::io::router::row_of(event);
        let dead = row.is(".dead");
        let name = if dead { String::new() } else { row.get("name").to_owned() };
        let before = if dead { known.remove(row.id()) } else { known.insert(row.id().to_owned(), name.clone()) };
        if let Some(tunnel) = before.filter(|before| *before != name).and_then(|before| self.watch.tunnel(&before)) {
            tunnel.link(Link::Missing);
        }
        if let Some(tunnel) = self.watch.tunnel(&name) {
            tunnel.link(link(&row));
        }
    }

    fn shook_hands(&mut self, sight: &crate::io::router::gates::Sight) {
        let probing = self.settings.probe.is_some();
        let names: Vec<InterfaceName> = self.watch.tunnels().map(|(name, ..)| name.clone()).collect();
        for name in names {
            let shook = peers(&sight.peers, name.as_str());
            if let (Some((age, sent)), Some(tunnel)) = (shook, self.watch.tunnel(name.as_str())) {
                tunnel.shook_hands(age, sent, probing);
            }
        }
    }

    /// Has the gates follow what is known since `heard`, and tells of what went elsewhere once they have.
    async fn follow(&mut self, heard: Instant) -> Result<(), End> {
        let (now, at) = (self.clock.now().duration_since(self.epoch), self.clock.unix_millis());
        let moved = self.watch.look(now, at);
        self.enforce(moved, heard).await
    }

    async fn enforce(&mut self, moved: Vec<Moved>, heard: Instant) -> Result<(), End> {
        let enforced = self.enforcer.enforce(&self.watch, &mut self.errands).await;
        if let Ok(closed) = &enforced {
            for moved in moved.iter().filter(|moved| moved.closed) {
                if let Some(at) = closed {
                    self.watch.reacted(&moved.vif, at.duration_since(heard));
                }
            }
        }
        self.tell(moved);
        enforced.map(drop).map_err(End::Lost)
    }

    /// News of what moved, and the summary.
    fn tell(&mut self, moved: Vec<Moved>) {
        let reports = self.watch.reports(self.enforcer.gates());
        for moved in moved {
            let report = reports.iter().find(|(id, ..)| *id == moved.vif).map(|(_, report, _)| report);
            let took = report.filter(|_| moved.closed).and_then(|report| report.reaction_ms);
            let took = took.map(|ms| format!(", its gate closed within {ms} ms")).unwrap_or_default();
            let message = format!("The kill switch of {} {}{took}.", moved.name, moved.told.message);
            let (severity, code) = (moved.told.severity, moved.told.code);
            self.board.news(News { severity, code, message, vif: Some(moved.vif), change_set: None });
        }
        self.board.with(|sight| sight.switched(reports));
        self.board.say();
    }

    /// The router does not answer: nothing is known, and nothing can be closed but by leases that run out.
    fn lost(&mut self, why: &str) {
        tracing::warn!(why, "the router is lost to the kill switches");
        self.watch.lost();
        self.watch.decide();
        self.enforcer.forget();
        let (now, at) = (self.clock.now().duration_since(self.epoch), self.clock.unix_millis());
        let moved = self.watch.look(now, at);
        let moved = moved.into_iter().map(|moved| Moved { closed: false, ..moved }).collect();
        self.tell(moved);
    }

    /// The VIFs that there should be; without a readable journal, those that were last known.
    fn take_vifs(&mut self) {
        match (self.journal.vifs(), self.journal.holds()) {
            (Ok(vifs), Ok(holds)) => {
                let now = self.clock.unix_millis();
                let moved = self.watch.keep(&vifs, &holds, now);
                self.board.with(|sight| sight.keep(vifs, now));
                if !moved.is_empty() {
                    self.tell(moved);
                }
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "the journal could not be read; going on with the VIFs known so far");
            }
        }
    }
}

/// Waits until something more was verified.
async fn verified(verdicts: &mut watch::Receiver<Verdicts>) {
    if verdicts.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
