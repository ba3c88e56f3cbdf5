//! Looks after the router between changes: polls it, keeps the gates of good ways open and all others closed, counts
//! traffic, and says what it sees. What the warden verified of VIFs comes from there, and shuts gates where it says so.
//!
//! Needs neither controller nor broker. It has two halves on one task that never wait for each other: the poll, here,
//! and the [`sentry`], which alone has gates. Its writes are gates and leases, which the engine never waits for, nor
//! they for it.

mod board;
mod counting;
mod gates;
mod sentry;
mod sight;

use crate::{
    archive::Archive,
    config,
    flow::{
        device::{device, egress_candidates},
        interfaces::{self, Interfaces},
        object::Row,
        vif::{Vif, verify::Verdicts, watch::Watch},
    },
    io::{
        clock::{Clock, Instant, after},
        router::{Failed, RouterPort, errands::Errands, print},
        routeros::Sentence,
        store::journal::Journal,
    },
    voice::Voice,
};
use board::Board;
use counting::Counting;
use gates::Enforcer;
use sentry::Sentry;
use shared::{change_set::Refusal, ids::VifId};
use std::{collections::BTreeSet, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{sleep_until, timeout},
};

/// How often all is read of the interfaces, and not just what moves, where nothing happens to them.
const READ_EVERY: Duration = Duration::from_secs(60);
/// How long the first look waits for the first session.
const FIRST_SESSION: Duration = Duration::from_secs(5);
/// The shortest pause between two looks at a router that fails.
const BREATH: Duration = Duration::from_millis(250);
/// The longest time that one [`Order::Watch`] asks for.
const LONGEST_WATCH: Duration = Duration::from_secs(300);

const RESOURCE: &str = "uptime,version,free-memory,total-memory,cpu-load,architecture-name,board-name";

/// Orders that wait for one half of the keeper.
const WAITING: usize = 16;

/// Whoever asked for something hears what became of it.
pub type Answer = oneshot::Sender<Result<(), Refusal>>;

/// What others ask of the keeper.
#[derive(Debug)]
pub enum Order {
    /// Somebody looks: sample traffic faster for so long.
    Watch(Duration),
    /// Read everything now and say it.
    Refresh,
    /// A change has ended: there may be other VIFs now, and the gates may be as they were before it.
    Changed,
    /// The router may have taken writes back, ours among them: look at the gates at once.
    Reassert,
    /// A person engages a kill switch; answered when the gate is closed.
    Engage(VifId, Answer),
    /// A person lets it go; answered when it is left to the egress again.
    Release(VifId, Answer),
    /// A change is about to be made to a VIF; answered when its gate is closed. It stays so until the change has ended.
    Shut(VifId, Answer),
}

/// What the keeper is told by the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[poll]`
    pub poll: config::Poll,
    /// `[kill_switch]`
    pub kill_switch: config::KillSwitch,
}

/// The keeper of one router.
pub struct Keeper {
    poll: Polling,
    sentry: Sentry,
}

impl Keeper {
    /// A keeper that has seen nothing yet. `gates` is its own way to the router for what must not wait; what VIFs carry
    /// goes to the archive.
    pub fn new(
        router: RouterPort,
        gates: RouterPort,
        (journal, archive): (Journal, Archive),
        voice: Voice,
        clock: Clock,
        settings: Settings,
    ) -> Self {
        let Settings { poll, kill_switch } = settings;
        let (board, epoch) = (Board::new(voice, clock, poll.period), clock.now());
        let (runs, running) = watch::channel(BTreeSet::new());
        let sentry = Sentry {
            router: gates.clone(),
            journal: journal.clone(),
            board: board.clone(),
            clock,
            beat: poll.period,
            epoch,
            running,
            verdicts: watch::Sender::default().subscribe(),
            watch: Watch::new(kill_switch.probe.is_some()),
            settings: kill_switch,
            enforcer: Enforcer::new(gates, clock),
            errands: Errands::default(),
        };
        let poll = Polling {
            router,
            journal,
            board,
            clock,
            poll,
            epoch,
            runs,
            counting: Counting::new(archive, clock),
            interfaces: Interfaces::default(),
            read: None,
            verdicts: watch::Sender::default().subscribe(),
        };
        Self { poll, sentry }
    }

    /// The same keeper, who hears what is verified of VIFs.
    #[must_use]
    pub fn verified_by(mut self, verdicts: watch::Receiver<Verdicts>) -> Self {
        self.sentry.verdicts = verdicts.clone();
        self.poll.verdicts = verdicts;
        self
    }

    /// Says which VIFs there are now, at once: whoever hears that a change has ended then knows them already.
    pub fn announcer(&self) -> impl Fn() + Send + 'static {
        let (journal, board, clock) = (self.poll.journal.clone(), self.poll.board.clone(), self.poll.clock);
        move || match journal.vifs() {
            Ok(vifs) => {
                board.with(|sight| sight.keep(vifs, clock.unix_millis()));
                board.say();
            }
            Err(error) => {
                tracing::error!(%error, "the journal could not be read; the VIFs are told with the next look");
            }
        }
    }

    /// Keeps until the orders' sender is gone.
    pub async fn run(self, mut orders: mpsc::Receiver<Order>) {
        let (to_poll, for_poll) = mpsc::channel(WAITING);
        let (to_sentry, for_sentry) = mpsc::channel(WAITING);
        let deal = async move {
            while let Some(order) = orders.recv().await {
                // A half whose queue is full is about to look anyway; a person hears that nothing came of it.
                let _full = match order {
                    Order::Watch(time) => to_poll.try_send(Order::Watch(time)).is_err(),
                    Order::Refresh => {
                        to_poll.try_send(Order::Refresh).is_err() | to_sentry.try_send(Order::Refresh).is_err()
                    }
                    Order::Changed => {
                        to_poll.try_send(Order::Changed).is_err() | to_sentry.try_send(Order::Changed).is_err()
                    }
                    order @ (Order::Reassert | Order::Engage(..) | Order::Release(..) | Order::Shut(..)) => {
                        to_sentry.try_send(order).is_err()
                    }
                };
            }
        };
        tokio::join!(deal, self.poll.run(for_poll), self.sentry.run(for_sentry));
    }
}

/// The poll: what is read of the router at its own pace.
struct Polling {
    router: RouterPort,
    journal: Journal,
    board: Board,
    clock: Clock,
    poll: config::Poll,
    /// The beginning of time: polls are at its multiples.
    epoch: Instant,
    /// Tells the sentry which interfaces run.
    runs: watch::Sender<BTreeSet<String>>,
    counting: Counting,
    interfaces: Interfaces,
    /// When all was read of the interfaces; nothing where that is due.
    read: Option<Instant>,
    verdicts: watch::Receiver<Verdicts>,
}

impl Polling {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let _ = timeout(FIRST_SESSION, self.router.reachable()).await;
        loop {
            let looked = self.look().await;
            if let Err(failed) = &looked {
                self.lost(failed.message());
            }
            let totals = self.counting.end(self.clock.unix_millis());
            self.board.with(|sight| sight.carried(&totals));
            self.board.say();
            let next = next_multiple(self.epoch, self.pause(), self.clock.now());
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.found(&looked) => {}
                order = orders.recv() => match order {
                    None => return,
                    Some(Order::Watch(time)) => self.board.watch(self.clock.now() + time.min(LONGEST_WATCH)),
                    Some(_) => {
                        self.board.say_again();
                        self.read = None;
                    }
                },
            }
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
        if self.board.is_watched() { self.poll.watch_period } else { self.poll.period }
    }

    /// One poll: everything in one batch.
    async fn look(&mut self) -> Result<(), Failed> {
        let vifs = self.vifs();
        let whole = self.read.is_none_or(|at| self.clock.now().duration_since(at) >= READ_EVERY);
        let mut batch = vec![
            if whole { all_interfaces() } else { print("/interface", interfaces::MOVING).query(interfaces::RUNNING) },
            print("/system/resource", RESOURCE),
            print("/system/identity", "name"),
        ];
        batch.extend(counting::commands(whole, &vifs));
        let mut answers = self.router.batch(batch).await?;
        let counted = answers.split_off(answers.len().min(3));
        let Ok([interfaces, resource, identity]) = <[_; 3]>::try_from(answers) else {
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
        self.board.with(|sight| sight.seen(device(&first(&resource), &first(&identity)), candidates));
        self.tell_what_runs();
        self.count(&vifs, whole, &counted, resource.first());
        self.board.with(|sight| sight.verified(&self.verdicts.borrow()));
        Ok(())
    }

    /// Should an event have been missed, the sentry looks for itself.
    fn tell_what_runs(&self) {
        let running = self.interfaces.rows().iter().filter(|row| row.is("running") && !row.is("disabled"));
        let running: BTreeSet<String> = running.map(|row| row.get("name").to_owned()).collect();
        self.runs.send_if_modified(|known| {
            let other = *known != running;
            *known = running;
            other
        });
    }

    fn read_interfaces(&mut self, rows: Vec<Row>) {
        self.interfaces.read(rows);
        self.read = Some(self.clock.now());
    }

    /// The VIFs that there should be; without a readable journal, those that were last known.
    fn vifs(&mut self) -> Vec<Vif> {
        match self.journal.vifs() {
            Ok(vifs) => self.board.with(|sight| sight.keep(vifs, self.clock.unix_millis())),
            Err(error) => tracing::error!(%error, "the journal could not be read; going on with the VIFs known so far"),
        }
        self.board.with(|sight| sight.vifs())
    }

    fn lost(&mut self, why: &str) {
        self.counting.forget();
        self.read = None;
        self.board.with(|sight| sight.lost(why));
    }
}

fn all_interfaces() -> Sentence {
    print("/interface", interfaces::ALL)
}

/// The next multiple of a period after `now`, counted from the beginning: what is due at the same moment goes to the
/// router in the same write.
fn next_multiple(epoch: Instant, period: Duration, now: Instant) -> Instant {
    let past = now.duration_since(epoch).as_nanos() / period.as_nanos().max(1);
    let nanos = (past + 1).saturating_mul(period.as_nanos());
    after(epoch, Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}
