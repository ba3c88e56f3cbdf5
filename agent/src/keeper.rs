//! Looks after the router between changes: polls it, keeps the leases of good gates, counts traffic, and says what it
//! sees. What the warden verified of VIFs comes from there, and shuts gates where it says so.
//!
//! Needs neither controller nor broker. Its writes are leases alone, which the engine never waits for, nor they for it.

mod sight;

use crate::{
    config::Poll,
    flow::{
        device::{device, egress_candidates},
        interfaces::{self, Interfaces},
        object::Row,
        traffic::{Counters, Meter},
        vif::{
            Vif,
            kill_switch::{self, Effect},
            objects::{GATE_IN, GATE_OUT, OPEN_LIST, mark},
            verify::Verdicts,
        },
    },
    io::{
        clock::{Clock, Instant},
        router::{Failed, RouterPort, close_gate, open_gate, print, renew_gates, switch_gates},
        routeros::{Listener, Sentence},
        store::journal::Journal,
    },
    voice::Voice,
};
use shared::router::{Interface, RouterState, TrafficSample};
use sight::{Sight, essence};
use std::time::Duration;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

/// How often all is read of the interfaces, and not just what moves, where nothing happens to them.
const READ_EVERY: Duration = Duration::from_secs(60);
/// How long the first look waits for the first session.
const FIRST_SESSION: Duration = Duration::from_secs(5);
/// The shortest pause between two looks at a router that fails.
const BREATH: Duration = Duration::from_millis(250);
/// The part of a VIF's mark that names its lease, which is dynamic and never in an export.
const LEASE: &str = "lease";
/// The longest time that one [`Order::Watch`] asks for.
const LONGEST_WATCH: Duration = Duration::from_secs(300);

const RESOURCE: &str = "uptime,version,free-memory,total-memory,cpu-load,architecture-name,board-name";

/// What others ask of the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Somebody looks: sample traffic faster for so long.
    Watch(Duration),
    /// Read everything now and say it.
    Refresh,
    /// A change has ended: there may be other VIFs now.
    Changed,
}

/// The keeper of one router.
pub struct Keeper {
    router: RouterPort,
    journal: Journal,
    voice: Voice,
    clock: Clock,
    poll: Poll,
    meter: Meter,
    interfaces: Interfaces,
    /// When all was read of the interfaces; nothing where that is due.
    read: Option<Instant>,
    sight: Sight,
    watched_until: Option<Instant>,
    verdicts: watch::Receiver<Verdicts>,
    said: Option<(RouterState, Instant)>,
}

impl Keeper {
    /// A keeper that has seen nothing yet.
    pub fn new(router: RouterPort, journal: Journal, voice: Voice, clock: Clock, poll: Poll) -> Self {
        Self {
            router,
            journal,
            voice,
            clock,
            poll,
            meter: Meter::default(),
            interfaces: Interfaces::default(),
            read: None,
            sight: Sight::default(),
            watched_until: None,
            verdicts: watch::Sender::default().subscribe(),
            said: None,
        }
    }

    /// The same keeper, who hears what is verified of VIFs.
    #[must_use]
    pub fn verified_by(self, verdicts: watch::Receiver<Verdicts>) -> Self {
        Self { verdicts, ..self }
    }

    /// Keeps until the orders' sender is gone.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let (mut listener, mut verdicts) = (None, self.verdicts.clone());
        let _ = timeout(FIRST_SESSION, self.router.reachable()).await;
        loop {
            let looked = self.look().await;
            match &looked {
                Err(failed) => {
                    self.lost(failed.message());
                    listener = None;
                }
                Ok(()) if listener.is_none() => listener = self.listen().await,
                Ok(()) => {}
            }
            let now = self.clock.unix_millis();
            for news in self.sight.news() {
                self.voice.news(news, now);
            }
            self.say(now);
            let pause = self.pause();
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = self.found(&looked) => {}
                () = verified(&mut verdicts) => {}
                changed = heard(&mut listener) => {
                    self.read = None;
                    if !changed { listener = None }
                }
                order = orders.recv() => match order {
                    None => return,
                    Some(Order::Watch(time)) => self.watched_until = Some(self.clock.now() + time.min(LONGEST_WATCH)),
                    Some(Order::Refresh | Order::Changed) => {
                        (self.said, self.read) = (None, None);
                    }
                },
            }
        }
    }

    /// Says the summary when something happened, and otherwise once a period: while somebody looks, traffic samples tell
    /// what moves.
    fn say(&mut self, now: i64) {
        let state = self.sight.state(self.voice.refused(), now);
        let essence = essence(&state);
        let fresh = self
            .said
            .as_ref()
            .is_some_and(|(said, at)| *said == essence && self.clock.now().duration_since(*at) < self.poll.period);
        if !fresh {
            self.voice.state(&state, now);
            self.said = Some((essence, self.clock.now()));
        }
    }

    /// Comes back when a router that was lost can be looked at again.
    async fn found(&self, looked: &Result<(), Failed>) {
        match looked {
            Err(Failed::Lost(_)) => {
                self.clock.sleep(BREATH).await;
                self.router.reachable().await;
            }
            Ok(()) | Err(Failed::Refused(_)) => std::future::pending().await,
        }
    }

    fn pause(&self) -> Duration {
        let watched = self.watched_until.is_some_and(|until| until > self.clock.now());
        if watched { self.poll.watch_period } else { self.poll.period }
    }

    /// One poll: everything in one batch, then the leases, then the comparison when it is due.
    async fn look(&mut self) -> Result<(), Failed> {
        let vifs = self.vifs();
        let open_gates =
            Sentence::new("/ip/firewall/address-list/print").attribute(".proplist", ".id,list,address,comment");
        let whole = self.read.is_none_or(|at| self.clock.now().duration_since(at) >= READ_EVERY);
        let batch = vec![
            if whole { all_interfaces() } else { print("/interface", interfaces::MOVING).query(interfaces::RUNNING) },
            print("/system/resource", RESOURCE),
            print("/system/identity", "name"),
            open_gates.query(&format!("list={OPEN_LIST}")),
            print("/ip/firewall/filter", ".id,disabled,comment").query("chain=bulkhead").query("action=drop"),
        ];
        let Ok([interfaces, resource, identity, entries, drops]) = <[_; 5]>::try_from(self.router.batch(batch).await?)
        else {
            return Err(Failed::Lost("the router answered another number of commands than it was asked".to_owned()));
        };
        if whole {
            self.read_interfaces(interfaces);
        } else if !self.interfaces.moved(&interfaces) {
            let all = self.router.batch(vec![all_interfaces()]).await?;
            self.read_interfaces(all.into_iter().flatten().collect());
        }
        let first = |rows: &[Row]| rows.first().cloned().unwrap_or_default();
        let candidates = egress_candidates(self.interfaces.rows().iter());
        self.sight.seen(device(&first(&resource), &first(&identity)), candidates);
        self.count(&vifs);
        self.sight.verified(&self.verdicts.borrow());
        self.keep_gates(&vifs, &entries, &drops).await
    }

    fn read_interfaces(&mut self, rows: Vec<Row>) {
        self.interfaces.read(rows);
        self.read = Some(self.clock.now());
    }

    /// The VIFs that there should be; without a readable journal, those that were last known.
    fn vifs(&mut self) -> Vec<Vif> {
        match self.journal.vifs() {
            Ok(vifs) => self.sight.keep(vifs, self.clock.unix_millis()),
            Err(error) => tracing::error!(%error, "the journal could not be read; going on with the VIFs known so far"),
        }
        self.sight.vifs()
    }

    fn count(&mut self, vifs: &[Vif]) {
        let counters = self.interfaces.rows().iter().map(|row| (row.get("name").to_owned(), Counters::read(row)));
        let since_start = self.clock.now().duration_since(self.sight.started(self.clock.now()));
        let Some(reading) = self.meter.look(counters, millis(since_start)) else { return };
        let mut sample = TrafficSample {
            at: self.clock.unix_millis(),
            over_ms: u32::try_from(reading.over_ms).unwrap_or(u32::MAX),
            interfaces: Vec::new(),
            vifs: Vec::new(),
        };
        for interface in self.sight.interfaces().iter().filter(|interface| is_of_interest(interface, vifs)) {
            if let Some(grown) = reading.grown.get(interface.name.as_str()) {
                sample.interfaces.push((interface.name.clone(), grown.rate(reading.over_ms)));
            }
        }
        for vif in vifs {
            if let Some(grown) = reading.grown.get(&vif.interface()) {
                let rate = self.sight.counted(&vif.spec.id, *grown).rate(reading.over_ms);
                sample.vifs.push((vif.spec.id.clone(), rate));
            }
        }
        self.voice.traffic(sample, self.clock.unix_millis());
    }

    /// Refreshes the lease of every VIF whose egress is good and switches the drops of its gate off; the others' drops
    /// are switched on, before their leases are taken away. A lease of nobody's goes too.
    ///
    /// All leases are refreshed by one command: with thirty VIFs, answers to one each would be most of what an idle
    /// agent wakes for.
    async fn keep_gates(&mut self, vifs: &[Vif], entries: &[Row], drops: &[Row]) -> Result<(), Failed> {
        let (mut renewed, mut writes) = (Vec::new(), Vec::new());
        let (mut shut, mut opened) = (Vec::new(), Vec::new());
        for vif in vifs {
            let egress = kill_switch::look(vif.spec.egress.interface(), self.interfaces.rows());
            let effect = self.sight.egress(&vif.spec.id, egress, self.clock.unix_millis());
            let (mark, address) = (mark(vif, LEASE), vif.service_ip().to_string());
            let lease = entries.iter().find(|row| row.mark() == Some(mark.as_str()));
            let gate = gate(vif, drops);
            match effect {
                Effect::Open => opened.extend(gate.filter(|row| !row.is("disabled")).map(Row::id)),
                Effect::Close => shut.extend(gate.filter(|row| row.is("disabled")).map(Row::id)),
            }
            match (effect, lease) {
                (Effect::Open, Some(row)) => renewed.push(row.id()),
                (Effect::Open, None) => writes.push(open_gate(&address, &mark)),
                (Effect::Close, Some(row)) => writes.push(close_gate(row)),
                (Effect::Close, None) => {}
            }
        }
        let known: Vec<String> = vifs.iter().map(|vif| mark(vif, LEASE)).collect();
        let orphans = entries.iter().filter(|row| row.mark().is_some_and(|mark| !known.iter().any(|own| own == mark)));
        writes.extend(orphans.map(close_gate));
        writes.splice(0..0, (!shut.is_empty()).then(|| switch_gates(&shut, false)));
        writes.extend((!opened.is_empty()).then(|| switch_gates(&opened, true)));
        if !renewed.is_empty() {
            writes.push(renew_gates(&renewed));
        }
        // A lease that ran out between the read and the write gives a trap; the next poll makes it anew. The others must
        // not miss their refreshment with it.
        if self.written(writes).await? || renewed.len() < 2 {
            return Ok(());
        }
        self.written(renewed.iter().map(|&id| renew_gates(&[id])).collect()).await.map(|_| ())
    }

    /// Whether the router took all of these writes. Each is carried out whatever becomes of the others.
    async fn written(&self, writes: Vec<Sentence>) -> Result<bool, Failed> {
        match self.router.batch(writes).await {
            Ok(_) => Ok(true),
            Err(Failed::Refused(why)) => {
                tracing::info!(why, "a lease was not as it was read a moment ago");
                Ok(false)
            }
            Err(lost) => Err(lost),
        }
    }

    /// Events of `/interface`: a link that falls closes its gates at once and not at the next poll.
    async fn listen(&self) -> Option<Listener> {
        let command = Sentence::new("/interface/listen").attribute(".proplist", "name,running,disabled");
        let listener = self.router.listen(command).await;
        listener.inspect_err(|error| tracing::warn!(%error, "no events from the router; polling alone")).ok()
    }

    fn lost(&mut self, why: &str) {
        self.meter.forget();
        self.read = None;
        self.sight.lost(why, self.clock.unix_millis());
    }
}

fn all_interfaces() -> Sentence {
    print("/interface", interfaces::ALL)
}

/// The rows that are the gate of a VIF.
fn gate<'a>(vif: &Vif, drops: &'a [Row]) -> impl Iterator<Item = &'a Row> {
    let marks = [mark(vif, GATE_OUT), mark(vif, GATE_IN)];
    drops.iter().filter(move |row| row.mark().is_some_and(|own| marks.iter().any(|mark| mark == own)))
}

/// Whether an interface's traffic is worth a line in the plot: a VIF leaves by it, or it carries traffic and is no
/// bridge, which would show what its ports show once more.
fn is_of_interest(interface: &Interface, vifs: &[Vif]) -> bool {
    let used = vifs.iter().any(|vif| *vif.spec.egress.interface() == interface.name);
    used || (interface.running && interface.kind != "bridge")
}

/// Waits until something more was verified.
async fn verified(verdicts: &mut watch::Receiver<Verdicts>) {
    if verdicts.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits for an event; false when there will be no more. Without a listener it waits for ever.
async fn heard(listener: &mut Option<Listener>) -> bool {
    match listener {
        Some(listener) => matches!(listener.next().await, Some(Ok(_))),
        None => std::future::pending().await,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
