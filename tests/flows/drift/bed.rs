//! A warden on an agent's router, and what it tells, with no broker and no controller anywhere.

use anyhow::{Context as _, bail};
use bulkhead_agent::{
    archive::Archive,
    bus::{Gate, Speaker},
    config::{Broker, KillSwitch, Poll},
    engine::Engine,
    flow::vif::verify::{Verdict, Verdicts},
    io::{clock::Clock, mqtt, store::Store},
    keeper::{self, Keeper},
    voice::Voice,
    warden::{Order, Periods, Warden},
};
use bulkhead_flows::{Agent, Bench};
use ed25519_dalek::SigningKey;
use shared::{
    change_set::{Outcome, Refusal},
    drift::{Drift, DriftReport, Policy},
    ids::{DriftId, RouterId, SenderId, VifId},
    notice::Notice,
    wire::{self, Body, ChangeOrder, Event, Expect},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

/// Never within a test: what is found then was told by an event.
pub(crate) const BY_EVENT: Periods = Periods {
    often: Duration::from_secs(3600),
    seldom: Duration::from_secs(3600),
    orders: Duration::from_secs(3600),
    settle: Duration::from_millis(20),
};

/// What is found then was told by an event, or stood in another order.
pub(crate) const BY_ORDER: Periods = Periods { orders: Duration::from_millis(50), ..BY_EVENT };

/// So often that it does not matter what is told by an event.
pub(crate) const BY_PERIOD: Periods =
    Periods { often: Duration::from_millis(50), seldom: Duration::from_millis(50), ..BY_EVENT };

/// An agent with its warden. Both die when it is dropped.
pub(crate) struct Warded {
    pub(crate) engine: Arc<Mutex<Engine>>,
    store: Store,
    orders: mpsc::Sender<Order>,
    verdicts: watch::Receiver<Verdicts>,
    task: JoinHandle<()>,
    keeper: Option<(JoinHandle<()>, mpsc::Sender<keeper::Order>)>,
}

impl Drop for Warded {
    fn drop(&mut self) {
        self.task.abort();
        if let Some((keeper, _)) = &self.keeper {
            keeper.abort();
        }
    }
}

impl Warded {
    /// Starts one; a change that an earlier one left open is brought to its end first, as the agent does.
    pub(crate) async fn start(bench: &Bench, periods: Periods) -> anyhow::Result<Self> {
        Self::begin(bench, periods, false).await
    }

    /// The same with a keeper, who switches gates.
    pub(crate) async fn kept(bench: &Bench, periods: Periods) -> anyhow::Result<Self> {
        Self::begin(bench, periods, true).await
    }

    async fn begin(bench: &Bench, periods: Periods, is_kept: bool) -> anyhow::Result<Self> {
        let Agent { mut engine, store, journal, router, .. } = bench.agent().await?;
        if let Some(begun) = engine.unfinished()? {
            engine.carry_out(begun).await;
        }
        let id = RouterId::new("r1")?;
        let speaker = Speaker::new(id.clone(), key(), store.clone())?;
        let controller = SigningKey::from_bytes(&[2; 32]).verifying_key();
        let gate = Arc::new(Gate::new(id.clone(), SenderId::new("controller")?, controller, store.clone()));
        // Nobody listens on port 9: the bus never connects, and all that is told stays in the outbox.
        let nobody = Broker { tls: false, host: "127.0.0.1".to_owned(), port: 9 };
        let (bus, _) = mqtt::start_with(mqtt::Options::new(id.clone(), nobody)?, store.clone(), Clock::system());
        let voice = Voice::new(id, speaker, gate, bus, store.clone());
        let engine = Arc::new(Mutex::new(engine));
        let poll = Poll { period: Duration::from_millis(200), watch_period: Duration::from_millis(200) };
        let kill_switch = KillSwitch { probe: None, probe_every: poll.period };
        let settings = keeper::Settings { poll, kill_switch };
        let (gates, kept) = (router.beside(), (journal.clone(), Archive::open(store.clone())?));
        let keeper = Keeper::new(router.clone(), gates, kept, voice.clone(), Clock::system(), settings);
        let warden = Warden::new(router, journal, engine.clone(), voice, Clock::system(), periods)?;
        let verdicts = warden.verdicts();
        let (keeping, for_keeper) = mpsc::channel(4);
        let keeper = is_kept.then(|| (tokio::spawn(keeper.verified_by(verdicts.clone()).run(for_keeper)), keeping));
        let (orders, received) = mpsc::channel(4);
        let task = tokio::spawn(warden.run(received));
        Ok(Self { engine, store, orders, verdicts, task, keeper })
    }

    /// Carries a change out, and tells the warden of its end.
    pub(crate) async fn change(&self, order: &ChangeOrder) -> anyhow::Result<()> {
        let mut engine = self.engine.lock().await;
        let begun = engine.begin(order, None).await?;
        let report = engine.carry_out(begun).await;
        drop(engine);
        anyhow::ensure!(report.outcome == Some(Outcome::Confirmed), "{report:?}");
        self.changed().await
    }

    /// Tells the warden that a change has ended.
    pub(crate) async fn changed(&self) -> anyhow::Result<()> {
        self.orders.send(Order::Changed).await.context("the warden is gone")
    }

    pub(crate) async fn reconcile(&self, id: &DriftId) -> anyhow::Result<Result<(), Refusal>> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Reconcile(id.clone(), answer)).await.context("the warden is gone")?;
        Ok(answered.await?)
    }

    pub(crate) async fn accept(&self, id: &DriftId) -> anyhow::Result<Result<(), Refusal>> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Accept(id.clone(), answer)).await.context("the warden is gone")?;
        Ok(answered.await?)
    }

    /// Has a VIF verified now.
    pub(crate) async fn verify(&self, vif: &str) -> anyhow::Result<Result<(), Refusal>> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Verify(VifId::new(vif)?, answer)).await.context("the warden is gone")?;
        Ok(answered.await?)
    }

    /// What was last verified of a VIF.
    pub(crate) fn verdict(&self, vif: &str) -> anyhow::Result<Option<Verdict>> {
        Ok(self.verdicts.borrow().get(&VifId::new(vif)?).cloned())
    }

    /// The lines of the event list.
    pub(crate) fn notices(&self) -> anyhow::Result<Vec<Notice>> {
        let events = self.events()?.into_iter();
        Ok(events.filter_map(|event| if let Event::Notice(notice) = event { Some(notice) } else { None }).collect())
    }

    /// Everything that was told of drifts.
    pub(crate) fn told(&self) -> anyhow::Result<Vec<DriftReport>> {
        let events = self.events()?.into_iter();
        Ok(events.filter_map(|event| if let Event::Drift(report) = event { Some(report) } else { None }).collect())
    }

    fn events(&self) -> anyhow::Result<Vec<Event>> {
        let router = RouterId::new("r1")?;
        let verifying = key().verifying_key();
        let expect = Expect { key: &|_| Some(verifying), router: &router, now: 0, taken: &|_| None };
        let mut told = Vec::new();
        for row in self.store.outbox_front(10_000)? {
            if let Body::Event(event) = wire::open(&row.envelope, &expect)?.body {
                told.push(event);
            }
        }
        Ok(told)
    }

    /// The drifts of the last word that last.
    pub(crate) fn open(&self) -> anyhow::Result<Vec<Drift>> {
        let last = self.told()?.pop().map(|report| report.drifts).unwrap_or_default();
        Ok(last.into_iter().filter(|drift| !drift.state.is_final()).collect())
    }

    /// Waits until the drifts that last are so.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&[Drift]) -> bool) -> anyhow::Result<Vec<Drift>> {
        for _ in 0..3000 {
            let open = self.open()?;
            if holds(&open) {
                return Ok(open);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("waited in vain for: {what}; told was {:#?}", self.told()?.last())
    }

    /// Waits for the only drift.
    pub(crate) async fn one(&self, what: &str) -> anyhow::Result<Drift> {
        let open = self.until(what, |open| open.len() == 1).await?;
        open.into_iter().next().context("one")
    }

    /// Waits until none lasts that was told.
    pub(crate) async fn none(&self, what: &str) -> anyhow::Result<()> {
        self.until(what, <[Drift]>::is_empty).await.map(drop)
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

/// The same order with rows that are put back.
pub(crate) fn reconciled(mut order: ChangeOrder) -> ChangeOrder {
    for item in &mut order.items {
        if let shared::change_set::Resource::Row(change) = &mut item.resource {
            change.drift = Policy::Reconcile;
        }
    }
    order
}

/// A property of the row with a comment that begins so; nothing where there is no such row.
pub(crate) fn value(bench: &Bench, menu: &str, comment: &str, name: &str) -> Option<String> {
    let get = |row: &[(String, String)], name: &str| {
        row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let rows = bench.twin.rows(menu);
    let row = rows.iter().find(|row| get(row, "comment").is_some_and(|known| known.starts_with(comment)))?;
    Some(get(row, name).unwrap_or_default())
}

/// Somebody else alters that row.
pub(crate) fn alter(bench: &Bench, menu: &str, comment: &str, name: &str, to: &str) {
    let id = value(bench, menu, comment, ".id").expect("a row");
    bench.twin.run(menu, "set", &[(".id", &*id), (name, to)]).expect("set");
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) -> anyhow::Result<()> {
    for _ in 0..3000 {
        if holds() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("waited in vain for: {what}")
}
