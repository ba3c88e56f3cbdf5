//! Requests from the bus: through the gate, to whoever can answer, and the answer back.

use super::reading;
use crate::{
    archive::Archive,
    bus::Gate,
    engine::{Desk, Engine, Word},
    io::{clock::Clock, mqtt::Inbound, router::RouterPort, store::journal::Journal},
    keeper::{self, Order},
    voice::Voice,
    warden::{self, Answer},
};
use shared::{
    change_set::{Outcome, Phase, Refusal},
    ids::ChangeSetId,
    wire::{Body, ChangeOrder, Reply, Request},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, Semaphore, mpsc, oneshot},
    time::timeout,
};

/// Requests that are answered at the same time; more of them wait in the bus' own queue.
const AT_ONCE: usize = 8;
/// How long a request waits for the engine while another plan is being made.
const WAIT_FOR_ENGINE: Duration = Duration::from_secs(3);

/// How long a request about a drift waits for its end; the controller waits a little longer.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is needed to answer.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) gate: Arc<Gate>,
    pub(super) voice: Voice,
    pub(super) journal: Journal,
    pub(super) router: RouterPort,
    pub(super) engine: Arc<Mutex<Engine>>,
    pub(super) desk: Desk,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) warden: mpsc::Sender<warden::Order>,
    pub(super) archive: Archive,
    pub(super) clock: Clock,
}

impl Requests {
    /// Answers until the bus ends. Envelopes are opened one after the other, so that the mark against replays rises
    /// in the order in which they came.
    pub(super) async fn serve(self, mut inbound: mpsc::Receiver<Inbound>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        while let Some(message) = inbound.recv().await {
            let opened = match self.gate.open(&message.payload, self.clock.unix_millis()) {
                Ok(opened) => opened,
                Err(refused) => {
                    tracing::warn!(reason = refused.reason(), %refused, "an envelope was refused");
                    continue;
                }
            };
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let requests = self.clone();
            tokio::spawn(async move {
                let reply = requests.answer(opened.body).await;
                let now = requests.clock.unix_millis();
                requests.voice.reply(opened.sender, opened.sequence, message.correlation, reply, now);
                drop(place);
            });
        }
    }

    async fn answer(&self, body: Body) -> Reply {
        match body {
            Body::Request(Request::Plan(order)) => match self.engine().await {
                Ok(mut engine) => engine.plan(&order).await.map_or_else(Reply::Refused, Reply::Plan),
                Err(busy) => Reply::Refused(busy),
            },
            Body::Request(Request::Apply(order, hash)) => self.apply(order, hash).await,
            Body::Request(Request::Show(id)) => {
                Engine::show(&self.journal, &id).map_or_else(Reply::Refused, Reply::Report)
            }
            Body::Request(Request::Watch(seconds)) => self.order(Order::Watch(Duration::from_secs(seconds.into()))),
            Body::Request(Request::Refresh) => {
                // A full queue means that the warden is about to look anyway.
                let _ = self.warden.try_send(warden::Order::Changed);
                self.order(Order::Refresh)
            }
            Body::Request(Request::Keep(id, person)) => self.word(&id, Word::Keep { person }).await,
            Body::Request(Request::Extend(id, seconds)) => self.word(&id, Word::Extend(seconds)).await,
            Body::Request(Request::Roll(id)) => self.roll(&id).await,
            Body::Request(Request::Read(menus)) => reading::read(&self.router, &menus, self.clock.unix_millis())
                .await
                .map_or_else(Reply::Refused, Reply::Reading),
            Body::Request(Request::Reconcile(id)) => self.drift(|answer| warden::Order::Reconcile(id, answer)).await,
            Body::Request(Request::Accept(id)) => self.drift(|answer| warden::Order::Accept(id, answer)).await,
            Body::Request(Request::Engage(vif)) => self.gate(|answer| Order::Engage(vif, answer)).await,
            Body::Request(Request::Release(vif)) => self.gate(|answer| Order::Release(vif, answer)).await,
            Body::Request(Request::Verify(vif)) => self.drift(|answer| warden::Order::Verify(vif, answer)).await,
            Body::Request(Request::History(vif, span)) => {
                self.archive.history(&vif, span, self.clock.unix_millis()).map_or_else(Reply::Refused, Reply::History)
            }
            Body::Unknown(kind) => Reply::Unsupported(kind),
            Body::Reply(_) | Body::Event(_) | Body::Traffic(_) | Body::State(_) => {
                Reply::Unsupported("a message that is no request".to_owned())
            }
        }
    }

    /// Takes a change, answers, and carries it out afterwards. One that is known already is not taken twice.
    async fn apply(&self, order: ChangeOrder, hash: Option<[u8; 32]>) -> Reply {
        if let Ok(report) = Engine::show(&self.journal, &order.id) {
            return Reply::Report(report);
        }
        let mut engine = match self.engine().await {
            Ok(engine) => engine,
            Err(busy) => return Reply::Refused(busy),
        };
        match engine.begin(&order, hash).await {
            Ok(begun) => {
                let report = begun.report.clone();
                tokio::spawn(async move { engine.carry_out(begun).await });
                Reply::Report(report)
            }
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// Hands a word about the change under way to the engine. One about a change that has ended changes nothing, and one
    /// about a change that is being undone comes too late: both are told how it stands.
    async fn word(&self, id: &ChangeSetId, word: Word) -> Reply {
        match Engine::show(&self.journal, id) {
            Ok(report) if matches!(report.phase, Phase::Ended | Phase::RollingBack) => Reply::Report(report),
            Ok(_) => self.desk.say(id, word).await.map_or_else(Reply::Refused, Reply::Report),
            Err(unknown) => Reply::Refused(unknown),
        }
    }

    /// Undoes a change, whether it is under way, was kept, or was undone in part.
    async fn roll(&self, id: &ChangeSetId) -> Reply {
        match Engine::show(&self.journal, id) {
            Ok(report) if [Some(Outcome::Confirmed), Some(Outcome::PartlyReverted)].contains(&report.outcome) => {}
            _ => return self.word(id, Word::Roll).await,
        }
        let mut engine = match self.engine().await {
            Ok(engine) => engine,
            Err(busy) => return Reply::Refused(busy),
        };
        match engine.reopen(id).await {
            Ok(begun) => {
                let report = begun.report.clone();
                tokio::spawn(async move { engine.carry_out(begun).await });
                Reply::Report(report)
            }
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// Has the warden do something about a drift, and waits until it is done.
    async fn drift(&self, order: impl FnOnce(Answer) -> warden::Order) -> Reply {
        let (answer, answered) = oneshot::channel();
        if self.warden.try_send(order(answer)).is_err() {
            return Reply::Refused(slow());
        }
        match timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(()))) => Reply::Done,
            Ok(Ok(Err(refusal))) => Reply::Refused(refusal),
            Ok(Err(_)) | Err(_) => Reply::Refused(slow()),
        }
    }

    /// Has the keeper do something about a gate, and waits until it is done.
    async fn gate(&self, order: impl FnOnce(keeper::Answer) -> Order) -> Reply {
        let (answer, answered) = oneshot::channel();
        if self.orders.try_send(order(answer)).is_err() {
            return Reply::Refused(slow());
        }
        match timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(()))) => Reply::Done,
            Ok(Ok(Err(refusal))) => Reply::Refused(refusal),
            Ok(Err(_)) | Err(_) => Reply::Refused(slow()),
        }
    }

    async fn engine(&self) -> Result<OwnedMutexGuard<Engine>, Refusal> {
        timeout(WAIT_FOR_ENGINE, self.engine.clone().lock_owned()).await.map_err(|_| {
            let running =
                self.journal.latest().ok().flatten().map(|report| format!(" ({})", report.id)).unwrap_or_default();
            let message = format!("another change is under way on this router{running}");
            Refusal::new("busy", message, "Wait for its end, then try again.")
        })
    }

    fn order(&self, order: Order) -> Reply {
        match self.orders.try_send(order) {
            Ok(()) => Reply::Done,
            Err(_) => Reply::Refused(Refusal::new(
                "busy",
                "the agent is still busy with earlier requests",
                "Try again in a few seconds.",
            )),
        }
    }
}

fn slow() -> Refusal {
    Refusal::new("busy", "the agent is still at it", "Look again in a few seconds: what becomes of it is told.")
}
