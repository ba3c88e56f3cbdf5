//! Compares what the agent owns with what the router has: when a change has ended, when the router tells of one, when rows
//! stand in another order, and in full each period. Says what differs, and puts back what is to be put back. The objects
//! of VIFs are verified in the same look, and packets followed through what the router has.
//!
//! It writes through the engine alone, and never while a change is under way. What a person altered where the policy is
//! to report is never overwritten.

mod act;
mod ears;
mod moves;
mod tell;
mod verify;

use crate::{
    engine::Engine,
    flow::{
        drift::{Book, Fights, Finding, Order as MenuOrder, Owned, compare},
        object::Menu,
        vif::{
            Vif,
            verify::{Tripwires, Verdicts},
        },
    },
    io::{
        clock::{Clock, Instant},
        router::{Failed, RouterPort},
        store::{StoreError, journal::Journal},
    },
    voice::Voice,
};
use ears::Ears;
use moves::Orders;
use shared::{
    change_set::{MenuWords, Refusal},
    drift::{Difference, Drift},
    ids::{DriftId, VifId},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    time::timeout,
};
use verify::Record;

/// How long the first comparison waits for the first session.
const FIRST_SESSION: Duration = Duration::from_secs(5);
/// The shortest pause between two looks at a router that fails.
const BREATH: Duration = Duration::from_millis(250);
/// How long putting back waits for the engine.
const WAIT_FOR_ENGINE: Duration = Duration::from_secs(3);
/// The objects of VIFs, among the paths of menus: they are compared all at once.
const ISOLATION: &str = "isolation";
/// The order of rows, among the paths of menus: a menu where it is another one is compared.
const ORDERS: &str = "orders";

/// When is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// Objects of VIFs, routing and firewall menus.
    pub often: Duration,
    /// All else.
    pub seldom: Duration,
    /// The order of rows where it counts.
    pub orders: Duration,
    /// How long after an event of a menu: more of them may follow.
    pub settle: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self {
            often: Duration::from_secs(300),
            seldom: Duration::from_secs(900),
            orders: Duration::from_secs(30),
            settle: Duration::from_secs(1),
        }
    }
}

impl Periods {
    fn of(&self, path: &str) -> Duration {
        match path {
            ORDERS => self.orders,
            path if is_often(path) => self.often,
            _ => self.seldom,
        }
    }
}

/// Where an answer goes.
pub type Answer = oneshot::Sender<Result<(), Refusal>>;

/// What others ask of the warden.
#[derive(Debug)]
pub enum Order {
    /// A change has ended: other rows may be owned now.
    Changed,
    /// Write what is wanted of a drift again.
    Reconcile(DriftId, Answer),
    /// Take what was found of a drift for what is wanted.
    Accept(DriftId, Answer),
    /// Verify the isolation of a VIF now, and of all others with it.
    Verify(VifId, Answer),
}

/// The warden of one router.
pub struct Warden {
    router: RouterPort,
    journal: Journal,
    engine: Arc<Mutex<Engine>>,
    voice: Voice,
    clock: Clock,
    periods: Periods,
    owned: Owned,
    vifs: Vec<Vif>,
    orders: BTreeMap<String, MenuOrder>,
    seen: Orders,
    book: Book,
    fights: Fights,
    /// Ids of the owned rows, of this session.
    ids: BTreeMap<String, String>,
    /// When each menu is compared next.
    next: BTreeMap<String, Instant>,
    ears: Ears,
    tripwires: Tripwires,
    record: Record,
    /// Interfaces that VIFs leave by and that are not on the router.
    absent: BTreeSet<String>,
    verdicts: watch::Sender<Verdicts>,
}

impl Warden {
    /// A warden that goes on with what was known when the agent last ran.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn new(
        router: RouterPort,
        journal: Journal,
        engine: Arc<Mutex<Engine>>,
        voice: Voice,
        clock: Clock,
        periods: Periods,
    ) -> Result<Self, StoreError> {
        let (book, fights) = journal.drifts()?;
        let orders = journal.orders()?;
        let tripwires = journal.tripwires()?;
        Ok(Self {
            router,
            journal,
            engine,
            voice,
            clock,
            periods,
            owned: Owned::default(),
            vifs: Vec::new(),
            orders,
            seen: Orders::default(),
            book,
            fights,
            ids: BTreeMap::new(),
            next: BTreeMap::new(),
            ears: Ears::default(),
            tripwires,
            record: Record::default(),
            absent: BTreeSet::new(),
            verdicts: watch::Sender::default(),
        })
    }

    /// What the last verification said of each VIF, for whoever keeps the gates and tells of VIFs.
    pub fn verdicts(&self) -> watch::Receiver<Verdicts> {
        self.verdicts.subscribe()
    }

    /// Compares until the orders' sender is gone.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let _ = timeout(FIRST_SESSION, self.router.reachable()).await;
        self.learn();
        loop {
            let looked = self.turn().await;
            let pause = self.pause(&looked);
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = found(&self.router, self.clock, &looked) => {}
                menu = self.ears.heard() => self.heard(menu),
                order = orders.recv() => match order {
                    None => return,
                    Some(Order::Changed) => self.learn(),
                    Some(Order::Reconcile(id, answer)) => {
                        let done = self.reconcile(&id).await;
                        // Who asked may have given up waiting.
                        let _ = answer.send(done);
                    }
                    Some(Order::Accept(id, answer)) => {
                        let done = self.accept(&id).await;
                        let _ = answer.send(done);
                    }
                    Some(Order::Verify(vif, answer)) => {
                        let done = self.verify_now(&vif).await;
                        let _ = answer.send(done);
                    }
                },
            }
        }
    }

    /// Learns what is owned now, and has all of it compared at once.
    fn learn(&mut self) {
        match (self.journal.owned(), self.journal.vifs()) {
            (Ok(owned), Ok(vifs)) => (self.owned, self.vifs) = (owned, vifs),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "the journal could not be read; going on with what was owned so far");
            }
        }
        let now = self.clock.now();
        self.next = self.owned.menus.iter().map(|words| (words.path.clone(), now)).collect();
        // Without VIFs too: what is left of one that is gone is closed, and what is said of it has an end.
        self.next.insert(ISOLATION.to_owned(), now);
        if !self.ordered().is_empty() {
            self.next.insert(ORDERS.to_owned(), now);
        }
    }

    fn heard(&mut self, menu: Option<String>) {
        let Some(menu) = menu else { return };
        let soon = self.clock.now() + self.periods.settle;
        for path in concerned(&menu) {
            if let Some(next) = self.next.get_mut(path) {
                *next = soon.min(*next);
            }
        }
    }

    fn pause(&self, looked: &Result<bool, Failed>) -> Duration {
        let next = self.next.values().min().map(|next| next.duration_since(self.clock.now()));
        match looked {
            Ok(true) => next.unwrap_or(self.periods.often),
            // A change is under way, whose end is told; or the router cannot be read.
            Ok(false) | Err(_) => self.periods.settle.max(Duration::from_secs(1)),
        }
    }

    /// Compares what is due and puts back what is to be put back. False where a change is under way.
    async fn turn(&mut self) -> Result<bool, Failed> {
        let now = self.clock.now();
        let mut due: BTreeSet<String> =
            self.next.iter().filter(|(_, at)| **at <= now).map(|(path, _)| path.clone()).collect();
        if due.is_empty() {
            return Ok(true);
        }
        match self.look(&mut due).await {
            Ok(true) => {
                let now = self.clock.now();
                for path in due {
                    let period = self.periods.of(&path);
                    self.next.insert(path, now + period);
                }
                self.put_back_by_policy().await;
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(failed) => {
                if matches!(failed, Failed::Lost(_)) {
                    // Ids may be others after a boot.
                    self.ids.clear();
                    self.ears.close();
                }
                tracing::info!(why = failed.message(), "what is owned could not be compared");
                Err(failed)
            }
        }
    }

    /// Compares menus, those too whose rows were moved, and says what is news.
    async fn look(&mut self, due: &mut BTreeSet<String>) -> Result<bool, Failed> {
        if self.changing() {
            return Ok(false);
        }
        self.listen().await;
        if due.contains(ORDERS) {
            let moved = self.seen.changed(&self.router, self.ordered()).await?;
            let concerned = moved.iter().flat_map(|menu| concerned(menu)).map(str::to_owned);
            due.extend(concerned.filter(|path| self.next.contains_key(path)));
        }
        let isolated = due.contains(ISOLATION);
        let (mut findings, verified) = if isolated {
            let (findings, seen) = self.verify().await?;
            (findings, Some(seen))
        } else {
            (Vec::new(), None)
        };
        let menus: Vec<&MenuWords> = self.owned.menus.iter().filter(|words| due.contains(&words.path)).collect();
        let reading = self.router.read_rows(&menus).await?;
        if self.changing() {
            return Ok(false);
        }
        let compared = compare(&self.owned, &menus, &reading, &self.ids, &self.orders);
        findings.extend(compared.findings);
        self.ids.extend(compared.ids);
        let looked = |drift: &Drift| if drift.item.is_none() { isolated } else { due.contains(&drift.menu) };
        let unowned =
            |drift: &Drift| drift.item.is_some() && !self.owned.menus.iter().any(|words| words.path == drift.menu);
        let now = self.clock.unix_millis();
        let news = self.book.compared(&findings, |drift| looked(drift) || unowned(drift), &self.fights, now);
        for (path, order) in compared.orders {
            let out_of_place = |finding: &Finding| {
                finding.menu == path && matches!(finding.difference, Difference::Moved | Difference::Missing(_))
            };
            if !findings.iter().any(out_of_place) {
                self.remember(path, order);
            }
        }
        self.tell(&news);
        if let Some(seen) = verified {
            self.judge(seen);
        }
        Ok(true)
    }

    /// The menus whose order says something about what is owned.
    fn ordered(&self) -> BTreeSet<String> {
        let own = self.owned.menus.iter().filter(|words| words.ordered).map(|words| words.path.clone());
        let isolation = Menu::ALL.into_iter().filter(|menu| menu.is_ordered() && !self.vifs.is_empty());
        own.chain(isolation.map(|menu| menu.path().to_owned())).collect()
    }

    fn changing(&self) -> bool {
        !matches!(self.journal.open_change(), Ok(None))
    }

    /// Follows the menus that something is owned in.
    async fn listen(&mut self) {
        let mut menus: BTreeSet<String> = self.owned.menus.iter().map(|words| words.path.clone()).collect();
        if !self.vifs.is_empty() {
            menus.extend(Menu::ALL.into_iter().filter(|menu| menu.is_written()).map(|menu| menu.path().to_owned()));
        }
        self.ears.follow(&self.router, &menus).await;
    }

    /// Has the order of a menu taken for the right one as it is at the next comparison.
    fn forget_order(&mut self, path: &str) {
        self.orders.remove(path);
    }

    /// Takes the order of a menu for the right one.
    fn remember(&mut self, path: String, order: MenuOrder) {
        if self.orders.get(&path) == Some(&order) {
            return;
        }
        if let Err(error) = self.journal.set_order(&path, &order) {
            tracing::error!(%error, "the order of a menu could not be written down");
        }
        self.orders.insert(path, order);
    }
}

/// Comes back when a router that was lost can be read again.
async fn found(router: &RouterPort, clock: Clock, looked: &Result<bool, Failed>) {
    match looked {
        Err(Failed::Lost(_)) => {
            clock.sleep(BREATH).await;
            router.reachable().await;
        }
        Ok(_) | Err(Failed::Refused(_)) => std::future::pending().await,
    }
}

fn is_isolation(path: &str) -> bool {
    path == ISOLATION
}

/// What is to be compared when something happened in a menu.
fn concerned(menu: &str) -> impl Iterator<Item = &str> {
    let isolation = Menu::ALL.iter().any(|known| known.path() == menu).then_some(ISOLATION);
    [Some(menu), isolation].into_iter().flatten()
}

fn is_often(path: &str) -> bool {
    path == ISOLATION || path.starts_with("/ip/route") || path.starts_with("/routing/") || path.contains("/firewall/")
}
